//! What people and metrics ask of the store.

use super::tenant::{OrderRow, Phase};
use super::work::{Outcome, RecordId, RecordState};
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

/// Narrows a list of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Whose.
    pub tenant: TenantName,
    /// Whose key begins with this.
    pub key: Option<String>,
    /// In this pipeline only.
    pub pipeline: Option<PipelineName>,
    /// In this state only.
    pub state: Option<RecordState>,
    /// With this reason, or cause of death, only.
    pub reason: Option<String>,
    /// After this one, in the order of keys.
    pub after: Option<RecordId>,
    /// At most so many.
    pub limit: u32,
}

/// How many records of a pipeline were given up for one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadCount {
    /// Whose.
    pub tenant: TenantName,
    /// In which pipeline.
    pub pipeline: PipelineName,
    /// Why.
    pub cause: String,
    /// How many.
    pub records: u64,
    /// Since when the oldest is not in step.
    pub oldest: Timestamp,
}

/// Narrows the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// What was asked for this tenant only, or for all of them at once.
    pub tenant: Option<TenantName>,
    /// Entered before this one.
    pub before: Option<i64>,
    /// At most so many, the latest first.
    pub limit: u32,
}

/// An order with its place in the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number: orders are numbered as they are entered.
    pub number: i64,
    /// Whose state it changed; none where it was for all.
    pub tenant: Option<TenantName>,
    /// The order.
    pub order: OrderRow,
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
