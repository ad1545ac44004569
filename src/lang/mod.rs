//! YAML text to a [`plan`]: pure functions, no async, no clock, no network, no environment.

pub mod config;
pub mod diag;
pub mod edit;
pub mod expr;
pub mod load;
pub mod plan;
pub mod source;
