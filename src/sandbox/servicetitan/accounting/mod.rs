//! Module `accounting`: invoices with their items, and tax zones. A job has its invoice from the
//! moment it is booked; people fill and post it.

pub(crate) mod desk;
pub(crate) mod invoices;
pub(crate) mod items;
pub(crate) mod list;
pub(crate) mod skus;
