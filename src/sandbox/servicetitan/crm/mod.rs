//! Module `crm`: customers, locations, bookings, booking provider tags.

pub(crate) mod bookings;
pub(crate) mod customers;
pub(crate) mod locations;
pub(crate) mod new_customer;
pub(crate) mod provider_tags;
