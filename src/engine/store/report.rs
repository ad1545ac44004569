//! What people and metrics ask of the store.

use super::tenant::Phase;
use super::work::{Outcome, RecordState};
use crate::engine::clock::Timestamp;
use crate::engine::record::{Identity, PipelineName, RecordKey, RootKey, TenantName};

/// How many records of a pipeline stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Which pipeline.
    pub pipeline: PipelineName,
    /// Where they stand.
    pub state: RecordState,
    /// What the last attempt came to.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<String>,
    /// How many.
    pub records: u64,
    /// Since when the oldest is not in step.
    pub oldest: Timestamp,
}

/// Narrows a list of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadQuery {
    /// Whose.
    pub tenant: TenantName,
    /// Of this pipeline only.
    pub pipeline: Option<PipelineName>,
    /// Of this cause only.
    pub cause: Option<String>,
    /// At most so many, oldest first.
    pub limit: u32,
}

/// One row of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// What its work was serial by.
    pub root: RootKey,
    /// When.
    pub at: Timestamp,
    /// Of which account's data.
    pub identity: Identity,
    /// In which pipeline.
    pub pipeline: PipelineName,
    /// Which record.
    pub key: RecordKey,
    /// What the row is about.
    pub kind: String,
    /// The row as JSON text.
    pub blob: String,
}

/// How everything in the store stands, counted for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The phase of every tenant the store has seen.
    pub phases: Vec<(TenantName, Phase)>,
    /// Records that are not done.
    pub records: Vec<Standing>,
    /// Records that were given up, by cause.
    pub dead: Vec<(TenantName, String, u64)>,
    /// Writes whose outcome is unknown or waits for a person.
    pub unknown: Vec<(TenantName, u64)>,
    /// Requirements that do not hold.
    pub closed: Vec<(TenantName, String)>,
}

/// Records of one pipeline in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose.
    pub tenant: TenantName,
    /// In which pipeline.
    pub pipeline: PipelineName,
    /// Where they stand.
    pub state: RecordState,
    /// How many.
    pub records: u64,
    /// Since when the oldest is not in step.
    pub oldest: Timestamp,
}
