//! A record in the inbox, and how an attempt at it ends.

use super::intake::{CursorId, Death, Mark};
use super::link::{LinkChange, LinkId};
use super::text::text_enum;
use crate::engine::clock::Timestamp;
use crate::engine::record::{Identity, PipelineName, RecordKey, RootKey, Seq, TenantName};

text_enum! {
    /// Where a record stands.
    RecordState {
        /// To be worked.
        Ready = "ready",
        /// To be worked when due, or when what it waits on is settled.
        Waiting = "waiting",
        /// Not to be worked until something changes (S33).
        Held = "held",
        /// Given up, with its payload, until a person or a new version says otherwise.
        Dead = "dead",
        /// Its latest version led to all it leads to.
        Done = "done",
    }
}

text_enum! {
    /// What the last attempt at a record came to.
    Outcome {
        /// Something was sent and confirmed.
        Written = "written",
        /// What would be sent stands already.
        Unchanged = "unchanged",
        /// It equals what we wrote (S16).
        Echo = "echo",
        /// A `skip` said so.
        Skipped = "skipped",
        /// A `hold` or a parked claim.
        Held = "held",
        /// A failure that will be tried again.
        Retry = "retry",
        /// Given up.
        Dead = "dead",
    }
}

text_enum! {
    /// What is remembered about the first version ever seen (S23).
    Verdict {
        /// It is worked, now and later.
        Eligible = "eligible",
        /// It is never worked.
        Never = "never",
    }
}

text_enum! {
    /// Why a record waits: decides what a new version does to its due time and attempts (S31).
    WaitKind {
        /// A transient failure, an outage, an unsettled claim: a new version waits on.
        Transient = "transient",
        /// The content was refused: a new version is tried at once.
        Rejected = "rejected",
    }
}

/// Names a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    /// Whose.
    pub tenant: TenantName,
    /// Of which account's data.
    pub identity: Identity,
    /// In which pipeline.
    pub pipeline: PipelineName,
    /// Its key.
    pub key: RecordKey,
}

impl RecordId {
    /// The cursor of its pipeline.
    pub fn cursor(&self) -> CursorId {
        CursorId {
            tenant: self.tenant.clone(),
            identity: self.identity.clone(),
            pipeline: self.pipeline.clone(),
        }
    }
}

/// A record as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow {
    /// Its name.
    pub id: RecordId,
    /// The version it holds.
    pub version: Option<Mark>,
    /// The seq of its last intake (S8).
    pub seq: Seq,
    /// The seq of the intake that was last worked.
    pub done_seq: Seq,
    /// Whether it must be read again before it is worked (S10).
    pub dirty: bool,
    /// The version the hint spoke of.
    pub want: Option<Mark>,
    /// Where it stands.
    pub state: RecordState,
    /// What the last attempt came to.
    pub outcome: Option<Outcome>,
    /// The skip's or hold's reason, or the cause of death.
    pub reason: Option<String>,
    /// The message behind the reason.
    pub detail: Option<String>,
    /// What is remembered from its first version.
    pub verdict: Option<Verdict>,
    /// When it is to be looked at again.
    pub due: Option<Timestamp>,
    /// Attempts spent on its present failure.
    pub attempts: u32,
    /// The link it waits on, as `entity:key`.
    pub waits_on: Option<String>,
    /// What its work is serial by; none until it was read once.
    pub root: Option<RootKey>,
    /// The record as JSON text; none when done, or not yet read.
    pub payload: Option<String>,
    /// Since when its content is not in step.
    pub since: Timestamp,
}

/// Asks for records to work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyQuery {
    /// Whose.
    pub tenant: TenantName,
    /// Of these pipelines.
    pub pipelines: Vec<PipelineName>,
    /// Taken in after this; records that became due again stand at their old place.
    pub after: Seq,
    /// Decides what is due.
    pub now: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// T4, with T3 of its last write when there was one: an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Which record.
    pub record: RecordId,
    /// The seq it was taken with; after a newer intake only `done_seq` is stored (S8).
    pub taken: Seq,
    /// When.
    pub at: Timestamp,
    /// What happens to a link in the same transaction; if it is refused, so is the end.
    pub link: Option<LinkChange>,
    /// Set with the first attempt that decides it (S23).
    pub verdict: Option<Verdict>,
    /// How it ends.
    pub end: End,
    /// Attempts to remember: what the ended attempt started with when it spent none (S21).
    pub attempts: u32,
    /// The root the trace row is filed under.
    pub root: RootKey,
    /// `attempt`, or what else the row is about.
    pub kind: String,
    /// The trace row as JSON text.
    pub trace: String,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The latest version led to all it leads to. One of written, unchanged, echo, skipped.
    Done {
        /// Which.
        outcome: Outcome,
        /// A skip's reason.
        reason: Option<String>,
    },
    /// To be tried again.
    Waiting {
        /// When; none when only `on` wakes it.
        due: Option<Timestamp>,
        /// What a new version does to it.
        kind: WaitKind,
        /// The claim it waits for (S3).
        on: Option<WaitsOn>,
        /// For people.
        reason: String,
        /// The message behind the reason.
        detail: Option<String>,
    },
    /// Held (S33).
    Held {
        /// When it is looked at again, if ever.
        due: Option<Timestamp>,
        /// The link it waits for.
        on: Option<WaitsOn>,
        /// For people.
        reason: String,
    },
    /// Given up.
    Dead(Death),
}

/// The link a record waits on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitsOn {
    /// Which link.
    pub link: LinkId,
    /// For what. If it has come true already, the record is ready at once.
    pub until: Until,
}

/// What is waited for at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Its open intent is settled, either way.
    Settled,
    /// It has a target.
    Linked,
}

/// What came of a finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// Stored as asked.
    Ended,
    /// A newer version came meanwhile: the record is ready again (or waits on, S31).
    Superseded,
    /// The link change was refused, so nothing was stored.
    Refused(Box<super::link::Refusal>),
    /// There is no such record.
    Gone,
}

/// What is remembered of a record's first version, where its work has to wait (S23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judge {
    /// Which record.
    pub record: RecordId,
    /// What its first version came to. An earlier verdict stands.
    pub verdict: Verdict,
}
