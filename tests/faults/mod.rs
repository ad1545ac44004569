//! The real binary under faults: killed at every named point and at random instants, with lost replies and secrets
//! to keep, turned off in the middle of its work.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on fails where it stands"
)]

mod campaign;
mod canary;
mod crash_points;
mod random_kills;
mod started_before;
