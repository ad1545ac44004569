//! A tenant and its accounts: phase, epoch, agreement, sealed tokens; and the orders people give.

use super::link::{LinkId, Reader, TargetId};
use super::text::{text_enum, text_id};
use super::work::RecordId;
use crate::engine::clock::Timestamp;
use crate::engine::record::{ConnectorName, Identity, PipelineName, TenantEpoch, TenantName};

text_enum! {
    /// Whether a tenant's integration runs (S22).
    Phase {
        /// Nothing is read or written.
        Off = "off",
        /// `on_activate` runs; no record is worked.
        Activating = "activating",
        /// Records are read and written.
        On = "on",
        /// As on, but no new intent is made.
        Paused = "paused",
    }
}

text_id! {
    /// The id of an operator's order, made by who gives it; the same id twice is one order.
    OrderId
}

/// The tenant a command is for, and the epoch its sender works in (S22, S26).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// Whose state the command changes.
    pub tenant: TenantName,
    /// The epoch in which the sender saw the tenant; an older one is refused.
    pub epoch: TenantEpoch,
}

/// A tenant as the store knows it. A tenant never seen is off, at epoch 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Its name.
    pub tenant: TenantName,
    /// Whether it runs.
    pub phase: Phase,
    /// How often it was turned on or off.
    pub epoch: TenantEpoch,
    /// When it was first turned on: `activation.at`. Never moves (S23).
    pub activated_at: Option<Timestamp>,
    /// When it was last turned on: `activation.since`.
    pub since: Option<Timestamp>,
    /// The agreement that was accepted last.
    pub agreed: Option<Agreement>,
}

/// An accepted agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Which text.
    pub version: String,
    /// Who accepted it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Something a person asked for (T6). Kept for ever: the orders are the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Whose state it changes.
    pub tenant: TenantName,
    /// Names the order; giving it twice has one effect.
    pub id: OrderId,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// For what.
    pub what: Instruction,
}

/// Stands for all tenants, in orders that are for the whole process. No tenant can have this name.
pub const EVERY_TENANT: &str = "*";

/// What an order asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Accept this version of the agreement.
    Accept {
        /// The version of the text.
        version: String,
    },
    /// off → activating; raises the epoch.
    Activate {
        /// The source's time: `activation.at`, if it was never set (S23).
        activated_at: Timestamp,
    },
    /// activating → on; sets `since`.
    FinishActivation {
        /// The epoch that [`Instruction::Activate`] began.
        epoch: TenantEpoch,
    },
    /// Any phase → off; raises the epoch, so that no intent of before can become durable (S22).
    Off,
    /// on → paused.
    Pause,
    /// paused → on.
    Resume,
    /// A pipeline reads and works nothing until it is resumed.
    PausePipeline(PipelineName),
    /// It goes on.
    ResumePipeline(PipelineName),
    /// No tenant reads or works anything until everything is resumed. Given for the tenant [`EVERY_TENANT`].
    PauseEverything,
    /// Everything goes on that is not paused by itself.
    ResumeEverything,
    /// Dead, held and waiting records become ready with no attempts spent (S32).
    Retry(Selection),
    /// The operator says which target a link has; its record becomes ready.
    Resolve {
        /// The record that waits for it.
        record: RecordId,
        /// The link.
        link: LinkId,
        /// The id of what the other side has.
        target: TargetId,
        /// Pipelines in which the target is made dirty (S12).
        readers: Vec<Reader>,
    },
    /// The record's verdict and known version are forgotten, so that it is read and judged again (S23).
    Forget(RecordId),
    /// Was done outside of the store: entered alone.
    Note(Note, serde_json::Value),
}

text_enum! {
    /// What people do that changes nothing in the store.
    Note {
        /// Settings of a tenant were changed in its file.
        Settings = "settings",
        /// The files were read anew.
        Reload = "reload",
        /// A source was read by hand.
        Read = "read",
    }
}

/// Which records an order is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One record, whatever it waits for.
    Record(RecordId),
    /// All dead records, narrowed to a pipeline, a cause, or both.
    Dead {
        /// Of this pipeline only.
        pipeline: Option<PipelineName>,
        /// Of this cause only.
        cause: Option<String>,
    },
    /// All held records, or those of a pipeline: what held them may be different, as after a change of settings (S33).
    Held {
        /// Of this pipeline only.
        pipeline: Option<PipelineName>,
    },
}

/// What people paused beside whole tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseRow {
    /// Of which tenant; none when everything is paused.
    pub of: Option<(TenantName, PipelineName)>,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The tenant after it.
    pub tenant: TenantRow,
    /// How many records it changed; 0 when the same order had been done before.
    pub records: u64,
}

/// An order as the audit log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Its id.
    pub id: OrderId,
    /// `accept`, `activate`, `off`, `retry`, …
    pub what: String,
    /// What it was for, as JSON text.
    pub args: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Which account of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AccountId {
    /// Whose account.
    pub tenant: TenantName,
    /// With which connector.
    pub connector: ConnectorName,
}

/// An account of a tenant with a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Whose data it reads and writes (S30); none until it is bound.
    pub identity: Option<Identity>,
    /// The refresh token in use, sealed.
    pub sealed_refresh: Option<Sealed>,
    /// The one before it, sealed: tried when a rotation's reply was lost (S25).
    pub sealed_prev: Option<Sealed>,
    /// Counts rotations.
    pub token_gen: i64,
    /// Set while an outage of the account is waited out (S21).
    pub paused: Option<AccountPause>,
}

/// Why an account rests, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountPause {
    /// The next probe.
    pub until: Timestamp,
    /// For people.
    pub reason: String,
}

/// Encrypted bytes. Does not print them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(***)")
    }
}

/// T7: a new refresh token takes the place of the old one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotate {
    /// Which account.
    pub account: AccountId,
    /// The generation the new token was obtained with.
    pub token_gen: i64,
    /// The new token, sealed.
    pub sealed: Sealed,
}

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// The new token is durable and may be used.
    Stored {
        /// Its generation.
        token_gen: i64,
    },
    /// Someone else rotated meanwhile: use what is stored.
    Moved(AccountRow),
}
