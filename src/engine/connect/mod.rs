//! HTTP out: one file per policy.

pub mod paging;
