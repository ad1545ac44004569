//! What must survive a crash: cursors, records, links with their intents, tenants, orders.
//!
//! [`Store`] is the seam (S26): every write is one atomic command on one tenant that can be repeated, with time and
//! ids given by the caller; there is no transaction handle. [`SqliteStore`] keeps it in one file. What an outcome
//! *means* is decided by callers; here stands only what is kept, and under which condition it may change.

mod error;
mod gate;
mod intake;
mod link;
mod report;
mod schedule;
mod sqlite;
mod tenant;
mod text;
mod work;

use std::future::Future;

pub use error::Error;
pub use gate::{ClosedGate, Gate};
pub use intake::{
    Begins, BelowWant, ContentHash, CursorId, CursorRow, Death, Hint, Hinted, Item, Mark, Position,
    Reread, RereadResult, Scan, ScanId, ScanThen, TakePage, Taken,
};
pub use link::{
    Adopt, Applied, Changed, Drop, Fingerprint, Intent, LinkChange, LinkId, LinkRow, Miss, Missed,
    OpId, OpKind, OpState, Origin, PlanFor, PlanIntent, Planned, Progress, ReadAs, Reader, Refusal,
    Settle, Settlement, Target, TargetId,
};
pub use report::{
    AuditQuery, AuditRow, Count, DeadCount, DeadQuery, Overview, RecordQuery, Standing, TraceRow,
};
pub use schedule::Met;
pub use sqlite::{OpenOptions, SqliteStore};
pub use tenant::{
    AccountId, AccountPause, AccountRow, Agreement, EVERY_TENANT, Fence, Instruction, Note, Order,
    OrderId, OrderRow, Ordered, PauseRow, Phase, Rotate, Rotated, Sealed, Selection, TenantRow,
};
pub use work::{
    End, Finish, Finished, Judge, Outcome, ReadyQuery, RecordId, RecordRow, RecordState, Until,
    Verdict, WaitKind, WaitsOn,
};

use crate::engine::clock::Timestamp;
use crate::engine::record::{EngineEpoch, EntityName, Identity, RecordKey, TenantName};

/// The answer of a store.
pub type Result<T> = std::result::Result<T, Error>;

/// What must survive a crash. Lists may lag behind writes that are not answered yet.
pub trait Store: Send + Sync + 'static {
    /// The epoch this engine got when it opened the store (T0).
    fn engine_epoch(&self) -> EngineEpoch;

    // Tenants, accounts, orders.

    /// A tenant; off at epoch 0 when it was never seen.
    fn tenant(&self, tenant: &TenantName) -> impl Future<Output = Result<TenantRow>> + Send;

    /// Every tenant the store has seen, by name.
    fn tenants(&self) -> impl Future<Output = Result<Vec<TenantRow>>> + Send;

    /// T6: carries out what a person asked for, with its audit row. Crash before: nothing was ordered, the person sees
    /// no answer and asks again. After: done; the same order again changes nothing.
    fn order(&self, order: Order) -> impl Future<Output = Result<Ordered>> + Send;

    /// The orders of a tenant, newest first.
    fn orders(
        &self,
        tenant: &TenantName,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<OrderRow>>> + Send;

    /// What people paused: pipelines, or everything.
    fn pauses(&self) -> impl Future<Output = Result<Vec<PauseRow>>> + Send;

    /// Says whose data an account holds; refused when state is kept under another identity (S30). Crash before: said
    /// again at the next start. After: bound.
    fn bind_identity(
        &self,
        account: AccountId,
        identity: Identity,
    ) -> impl Future<Output = Result<()>> + Send;

    /// An account, if it was ever bound, paused or given a token.
    fn account(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<AccountRow>>> + Send;

    /// Pauses an account, or ends its pause (S21). Crash before: the outage is noticed again. After: it is waited out.
    fn pause_account(
        &self,
        account: AccountId,
        pause: Option<AccountPause>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// T7: stores a rotated refresh token before its access token is used (P6). Crash before: the predecessor is tried
    /// next (S25). After: the new one is.
    fn rotate(&self, rotate: Rotate) -> impl Future<Output = Result<Rotated>> + Send;

    // Intake.

    /// How far a pipeline has read.
    fn cursor(&self, cursor: &CursorId) -> impl Future<Output = Result<Option<CursorRow>>> + Send;

    /// T1: rows enter the inbox and the position moves, by rules S9, S8, S31, S23. Crash before: the page is read
    /// again. After: records and position are safe.
    fn take_page(&self, page: TakePage) -> impl Future<Output = Result<Taken>> + Send;

    /// T1h: marks keys dirty. Crash before: the sender repeats. After: they will be read again.
    fn hint(&self, hint: Hint) -> impl Future<Output = Result<Hinted>> + Send;

    /// T1 for the one key a hint named. Crash before: it is still dirty. After: its content is safe.
    fn reread(&self, reread: Reread) -> impl Future<Output = Result<RereadResult>> + Send;

    // Work.

    /// Records to work, in order of intake, with those whose time has come.
    fn ready(&self, query: ReadyQuery) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// When the next waiting or held record, or unknown intent, of a tenant is due.
    fn next_due(
        &self,
        tenant: &TenantName,
    ) -> impl Future<Output = Result<Option<Timestamp>>> + Send;

    /// T2: makes an intent durable, if the tenant is on in this epoch, the claim is free and the link is as the planner
    /// saw it. Crash before: nothing left. After: it may have been sent, and T0 makes it unknown.
    fn plan(&self, intent: PlanIntent) -> impl Future<Output = Result<Planned>> + Send;

    /// T3: stores what became of an intent, wakes who waits for it, and makes a new target dirty where it is read.
    /// Crash before: planned, so unknown at T0, so found. After: final.
    fn settle(&self, settle: Settle) -> impl Future<Output = Result<Changed>> + Send;

    /// Stores a link that needs no intent. Crash before: it is found again. After: linked.
    fn adopt(&self, adopt: Adopt) -> impl Future<Output = Result<Changed>> + Send;

    /// T4, with T3 where it was the record's last write: ends an attempt, with its trace row. Crash before: the steps
    /// run again, links and fingerprints make them `unchanged`. After: final.
    fn finish(&self, finish: Finish) -> impl Future<Output = Result<Finished>> + Send;

    /// Unknown intents whose find is due, oldest first.
    fn unsettled(
        &self,
        tenant: &TenantName,
        now: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<LinkRow>>> + Send;

    /// T5: a find returned nothing. Crash before: it is looked for again. After: counted, or the claim is free.
    fn miss(&self, miss: Miss) -> impl Future<Output = Result<Missed>> + Send;

    /// Takes down what is remembered of a record's first version while its work waits (S23). Crash before: it is
    /// judged again, by the same version or a later one. After: it stands.
    fn judge(&self, judge: Judge) -> impl Future<Output = Result<()>> + Send;

    /// Makes held records of a tenant ready: a person asks, or settings may have changed (S33). Says how many. Crash
    /// before or after: asked again.
    fn look_again(&self, tenant: &TenantName) -> impl Future<Output = Result<u64>> + Send;

    /// Opens or closes a gate. Crash before or after: it is looked at again at the next start.
    fn set_gate(&self, gate: Gate) -> impl Future<Output = Result<()>> + Send;

    /// The gates of a tenant that are closed.
    fn gates(&self, tenant: &TenantName) -> impl Future<Output = Result<Vec<ClosedGate>>> + Send;

    /// Remembers up to when the times of a `cron` line were met. Crash before: they were missed, and their pass starts
    /// once more. After: they are not met again.
    fn meet(&self, met: Met) -> impl Future<Output = Result<()>> + Send;

    /// Up to when the times of a tenant's `cron` lines were met, by pipeline.
    fn met(&self, tenant: &TenantName) -> impl Future<Output = Result<Vec<Met>>> + Send;

    // Links.

    /// Drops the target of a link whose record is gone, so that it may be made again (S6). Crash before: it is found
    /// missing again. After: the next attempt searches and makes it.
    fn drop_target(&self, drop: Drop) -> impl Future<Output = Result<Changed>> + Send;

    /// Several links of a tenant at once, in the order asked for.
    fn links_at(
        &self,
        links: &[LinkId],
    ) -> impl Future<Output = Result<Vec<Option<LinkRow>>>> + Send;

    /// A link, if a target or an intent stands.
    fn link(&self, link: &LinkId) -> impl Future<Output = Result<Option<LinkRow>>> + Send;

    /// The links that lead to a target.
    fn links_to(
        &self,
        tenant: &TenantName,
        identity: &Identity,
        entity: &EntityName,
        target: &TargetId,
    ) -> impl Future<Output = Result<Vec<LinkRow>>> + Send;

    /// Links of an entity by key, after `after`.
    fn links(
        &self,
        tenant: &TenantName,
        entity: &EntityName,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<LinkRow>>> + Send;

    /// Every open intent of a tenant: planned, unknown or held.
    fn open_intents(
        &self,
        tenant: &TenantName,
    ) -> impl Future<Output = Result<Vec<LinkRow>>> + Send;

    // Reports.

    /// A record.
    fn record(&self, record: &RecordId) -> impl Future<Output = Result<Option<RecordRow>>> + Send;

    /// The records with a key, over all pipelines.
    fn records(
        &self,
        tenant: &TenantName,
        key: &RecordKey,
    ) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// Records counted by pipeline, state, outcome and reason.
    fn counts(&self, tenant: &TenantName) -> impl Future<Output = Result<Vec<Count>>> + Send;

    /// Records by key, after a place, narrowed by the query.
    fn find_records(
        &self,
        query: RecordQuery,
    ) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// How many records were given up for which cause: of a tenant, or of all.
    fn dead_causes(
        &self,
        tenant: Option<&TenantName>,
    ) -> impl Future<Output = Result<Vec<DeadCount>>> + Send;

    /// The links with this key, and those that lead to a target with this id.
    fn links_about(
        &self,
        tenant: &TenantName,
        id: &str,
    ) -> impl Future<Output = Result<Vec<LinkRow>>> + Send;

    /// The orders of all tenants, or of one with those that were for all, the latest first.
    fn audit(&self, query: AuditQuery) -> impl Future<Output = Result<Vec<AuditRow>>> + Send;

    /// How everything stands, over all tenants. Reads what is not done, so callers keep the answer for a while.
    fn overview(&self) -> impl Future<Output = Result<Overview>> + Send;

    /// Dead records, oldest first.
    fn dead(&self, query: DeadQuery) -> impl Future<Output = Result<Vec<RecordRow>>> + Send;

    /// The timeline of a key, or of what is linked to a target with that id, oldest first.
    fn trace(
        &self,
        tenant: &TenantName,
        key: &RecordKey,
    ) -> impl Future<Output = Result<Vec<TraceRow>>> + Send;

    /// Writes something that changes nothing, to see whether the store can be written. Crash before or after: nothing.
    fn probe(&self) -> impl Future<Output = Result<()>> + Send;

    /// The tenants that know a record, a link or a linked id by this text, by name.
    fn knowing(&self, key: &RecordKey) -> impl Future<Output = Result<Vec<TenantName>>> + Send;

    /// Deletes up to `limit` trace rows from before `before`; says how many. Crash before or after: pruned later.
    fn prune(&self, before: Timestamp, limit: u32) -> impl Future<Output = Result<u64>> + Send;
}
