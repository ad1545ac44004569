//! The link row: claim, intent, link and fingerprint in one (S3).

use std::time::Duration;

use super::intake::ContentHash;
use super::tenant::{Fence, Phase};
use super::text::{text_enum, text_id};
use super::work::RecordId;
use crate::engine::clock::Timestamp;
use crate::engine::record::{
    EngineEpoch, EntityName, Identity, PipelineName, RecordKey, Seq, TenantEpoch, TenantName,
};

text_id! {
    /// The id of a thing on the other side, in canonical text (S36).
    TargetId
}

text_id! {
    /// Names one intent; made by who plans it, so that planning and settling can be repeated.
    OpId
}

text_enum! {
    /// What an intent would do.
    OpKind {
        /// Make something new.
        Create = "create",
        /// Change what is linked.
        Update = "update",
        /// Anything else that is sent once.
        Other = "other",
    }
}

text_enum! {
    /// How far an intent is.
    OpState {
        /// May have been sent.
        Planned = "planned",
        /// Was sent, with no answer that says what became of it (S2).
        Unknown = "unknown",
        /// Unknown, and only a person may say (`on_unknown: hold`).
        Held = "held",
    }
}

text_enum! {
    /// Where a link is from.
    Origin {
        /// We made the target.
        Created = "created",
        /// It was there and we found it.
        Adopted = "adopted",
        /// A person said so.
        Given = "given",
    }
}

/// Names a link: unique in a store, so that it is the claim (S3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId {
    /// Whose.
    pub tenant: TenantName,
    /// The account in which the target lives.
    pub identity: Identity,
    /// The kind of link.
    pub entity: EntityName,
    /// The key of the thing at the source.
    pub key: RecordKey,
}

/// A link as stored; there is none where neither a target nor an intent stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRow {
    /// Its name.
    pub id: LinkId,
    /// What it leads to.
    pub target: Option<Target>,
    /// What the link keeps for the other side, as JSON text.
    pub remember: Option<String>,
    /// What was last written; none when nothing was, or when nobody can say what stands.
    pub written: Option<Fingerprint>,
    /// When something was last written, whatever became of it.
    pub written_at: Option<Timestamp>,
    /// The open intent.
    pub intent: Option<Intent>,
}

/// The linked end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// Where the link is from.
    pub origin: Origin,
    /// When it was first stored: within `lag` of it a 404 is transient (S6).
    pub born_at: Timestamp,
}

/// What was last written to a target (S17, S37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The hash of the update body.
    pub hash: ContentHash,
    /// The target's version after the write.
    pub target_version: Option<String>,
    /// When.
    pub written_at: Timestamp,
}

/// An intent that is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Its id.
    pub op: OpId,
    /// What it would do.
    pub kind: OpKind,
    /// How far it is.
    pub state: OpState,
    /// When it was planned, or became unknown at an engine's start.
    pub at: Timestamp,
    /// The engine that planned it.
    pub engine: EngineEpoch,
    /// The record it is for, and the intake; none for steps without a record.
    pub record: Option<(Identity, PipelineName, RecordKey)>,
    /// The intake it was planned on.
    pub seq: Seq,
    /// The rendered `find` without secrets, as JSON text (S28).
    pub find: Option<String>,
    /// The hash of what it sends.
    pub hash: ContentHash,
    /// Before this a find that returns nothing proves nothing (S1).
    pub bound: Option<Timestamp>,
    /// The next find.
    pub due: Option<Timestamp>,
    /// Finds after the bound that returned nothing.
    pub finds: u32,
}

/// T2: the intent becomes durable before its request leaves (P2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanIntent {
    /// In which epoch.
    pub fence: Fence,
    /// The claim: account, entity and key in the fence's tenant.
    pub identity: Identity,
    /// The kind of link.
    pub entity: EntityName,
    /// The key of the thing.
    pub key: RecordKey,
    /// The target the planner saw; the intent is refused when the link has another.
    pub target: Option<TargetId>,
    /// Names the intent.
    pub op: OpId,
    /// What it would do.
    pub kind: OpKind,
    /// The rendered `find` without secrets, as JSON text.
    pub find: Option<String>,
    /// The hash of what it sends.
    pub hash: ContentHash,
    /// `in_flight + lag` (S1): how long after an engine's death a find proves nothing. None: `on_unknown: hold`.
    pub settle_after: Option<Duration>,
    /// For which record; none for steps of `on_activate`, which run in phase `activating`.
    pub work: Option<PlanFor>,
    /// When.
    pub at: Timestamp,
}

impl PlanIntent {
    /// The link it claims.
    pub fn link(&self) -> LinkId {
        LinkId {
            tenant: self.fence.tenant.clone(),
            identity: self.identity.clone(),
            entity: self.entity.clone(),
            key: self.key.clone(),
        }
    }
}

/// The work an intent belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFor {
    /// Which record.
    pub record: RecordId,
    /// The seq it was taken with.
    pub taken: Seq,
    /// The number of this attempt, from 1; stored, so that a killed attempt counts.
    pub attempt: u32,
    /// Whether the attempt has had an intent before.
    pub progress: Progress,
}

/// How far an attempt is when it plans an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing was sent: a newer intake refuses the intent (S8).
    First,
    /// It runs to its end, also under a newer intake.
    Later,
}

/// What came of planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Durable: the request may leave.
    Planned,
    /// The tenant does not run, or runs in another epoch (S22).
    Off {
        /// Its phase.
        phase: Phase,
        /// Its epoch.
        epoch: TenantEpoch,
    },
    /// The claim is held by another intent: park and wait for it (S3).
    Busy(Box<LinkRow>),
    /// The link leads elsewhere than the planner saw, or to something where it saw nothing.
    Linked(Option<Box<LinkRow>>),
    /// A newer version came, or the record was worked or forgotten meanwhile: take it again.
    Superseded,
}

/// T3: what became of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Which link.
    pub link: LinkId,
    /// Which intent.
    pub op: OpId,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: Settlement,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It was done.
    Applied(Applied),
    /// It was proved not done (S2).
    NotApplied,
    /// It never left.
    NotSent,
    /// Nobody can say yet (S1).
    Unknown {
        /// Before this a find that returns nothing proves nothing.
        bound: Timestamp,
        /// The first find.
        due: Timestamp,
    },
    /// Nobody can say, and only a person may (`on_unknown: hold`).
    Held,
}

/// An intent that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What it made or changed.
    pub target: TargetId,
    /// Kept when the link had this target already.
    pub origin: Origin,
    /// What the link is to keep; none leaves what it keeps.
    pub remember: Option<String>,
    /// What was written; none leaves the fingerprint.
    pub written: Option<Fingerprint>,
    /// Pipelines that read the target's entity: the target is made dirty there (S12).
    pub readers: Vec<Reader>,
}

/// A pipeline in which one end of a link is a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reader {
    /// Of which account's data.
    pub identity: Identity,
    /// Which pipeline.
    pub pipeline: PipelineName,
    /// Which end.
    pub end: ReadAs,
}

/// The end of a link that is a record of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadAs {
    /// The made thing: it may be read before its link is there, and is read again in any case.
    Made,
    /// The thing it was made of: only a record that is done is read again, because one that comes later, or is on
    /// its way, sees the link.
    Source,
}

/// A link that needs no intent: what is there was found, a person said so, or a merge moved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopt {
    /// Which link.
    pub link: LinkId,
    /// The target the caller saw it with.
    pub before: Option<TargetId>,
    /// Its target from now on; equal to `before` to change only what is remembered or was written.
    pub target: TargetId,
    /// Where it is from; kept when the target stays.
    pub origin: Origin,
    /// What the link is to keep; none leaves what it keeps.
    pub remember: Option<String>,
    /// What stands at the target; none leaves the fingerprint when the target stays, else clears it.
    pub written: Option<Fingerprint>,
    /// Pipelines in which a new target is made dirty (S12).
    pub readers: Vec<Reader>,
    /// When.
    pub at: Timestamp,
}

/// A change of a link that commits with its record's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkChange {
    /// Of an intent.
    Settle(Settle),
    /// Without one.
    Adopt(Adopt),
}

/// What came of a link change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Stored, now or by the same command before.
    Stored,
    /// Not stored.
    Refused(Box<Refusal>),
}

/// Why a link change was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The intent is not the link's open one, and was not its last.
    NotTheIntent(Option<LinkRow>),
    /// Another intent holds the claim.
    Busy(LinkRow),
    /// The link leads elsewhere than the caller saw.
    Linked(LinkRow),
}

/// T5: a find of an unknown intent returned nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Which link.
    pub link: LinkId,
    /// Which intent.
    pub op: OpId,
    /// The misses the caller knew of: repeating the command counts once.
    pub finds: u32,
    /// When the find started: one that started before the bound counts nothing (S1).
    pub started: Timestamp,
    /// When to look again.
    pub next: Timestamp,
}

/// What came of a miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// Look again at `next`.
    Again {
        /// Misses that count so far.
        finds: u32,
    },
    /// Two agree: nothing was done. The claim is free and its record ready for a fresh attempt.
    Released,
    /// The intent is settled, or another one stands.
    Moved(Option<Box<LinkRow>>),
}

/// A link whose record is gone lets go of it; claim and key stay (S6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drop {
    /// Which link.
    pub link: LinkId,
    /// The target the caller saw it with.
    pub before: TargetId,
}

impl LinkRow {
    /// Whether only a person can say what became of its open intent.
    pub fn is_held(&self) -> bool {
        self.intent
            .as_ref()
            .is_some_and(|intent| intent.state == OpState::Held)
    }
}
