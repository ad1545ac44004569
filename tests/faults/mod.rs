//! The real binary under faults: killed at every named point and at random instants, with lost replies and secrets
//! to keep, turned off in the middle of its work.

mod campaign;
mod canary;
mod crash_points;
mod random_kills;
mod started_before;

pub(crate) use random_kills::seed;
