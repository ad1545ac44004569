//! A plan to effects: the store, HTTP out, the life of each record. Knows no YAML.

pub mod clock;
pub mod connect;
pub mod crash;
pub mod record;
pub mod run;
pub mod schedule;
pub mod store;
pub mod telemetry;
