//! Gates: requirements that do not hold, for `status`.

use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, TenantName};

/// How a requirement of a pipeline stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Whose.
    pub tenant: TenantName,
    /// Which pipeline waits.
    pub pipeline: PipelineName,
    /// For which requirement.
    pub requirement: String,
    /// Why it does not hold; none opens the gate.
    pub reason: Option<String>,
    /// When it was looked at.
    pub at: Timestamp,
}

/// A gate that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedGate {
    /// Which pipeline waits.
    pub pipeline: PipelineName,
    /// For which requirement.
    pub requirement: String,
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}
