//! The store in one SQLite file: one writer that groups commits, a few readers.

#[cfg(test)]
mod access;
mod browse;
mod bulk;
mod fault;
mod finish;
mod gate;
mod hint;
mod links;
mod miss;
mod open;
mod order;
mod overview;
mod plan;
mod probe;
mod prune;
mod read;
mod rows;
mod schedule;
mod take;
mod tenant;
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{
    AccountId, AccountPause, AccountRow, Adopt, AuditQuery, AuditRow, Changed, ClosedGate, Count,
    CursorId, CursorRow, DeadCount, DeadQuery, Drop, Error, Finish, Finished, Gate, Hint, Hinted,
    Judge, LinkChange, LinkId, LinkRow, Met, Miss, Missed, Order, OrderRow, Ordered, Overview,
    PauseRow, PlanIntent, Planned, ReadyQuery, RecordId, RecordQuery, RecordRow, Reread,
    RereadResult, Result, Rotate, Rotated, Settle, Store, TakePage, Taken, TargetId, TenantRow,
    TraceRow,
};
use crate::engine::clock::Timestamp;
use crate::engine::record::{EngineEpoch, EntityName, Identity, RecordKey, TenantName};
use crate::engine::telemetry::StoreMeter;
use fault::Fault;
use writer::{Command, Queue, Writer};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The file; made when absent, readable by its owner only.
    pub path: PathBuf,
    /// Who opens it, for the message that another one gets: `pid 4711 on host-a`.
    pub holder: String,
    /// How long another engine's lock is waited for (S41).
    pub lock_wait: Duration,
}

/// The store in one SQLite file, readable with `sqlite3` while it is in use. Clones share it.
#[derive(Clone, Debug)]
pub struct SqliteStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: Arc<Path>,
    engine: EngineEpoch,
    readers: SqlitePool,
    /// None where the store was opened for reading only.
    writing: Option<Writing>,
}

#[derive(Debug)]
struct Writing {
    queue: Queue,
    pool: SqlitePool,
    stop: CancellationToken,
    tasks: TaskTracker,
    meter: StoreMeter,
}

impl SqliteStore {
    /// T0: opens a store for this engine alone, makes or migrates it, and raises the engine's epoch. Crash before: it
    /// was never opened. After: intents of before are unknown, as they would be at the next opening.
    pub async fn open(options: OpenOptions, now: Timestamp) -> Result<Self> {
        let path: Arc<Path> = options.path.as_path().into();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| open::unopened(&path, error))?;
        }
        let lock = open::lock(&path, &options.holder, options.lock_wait).await?;
        open::prepare_file(&path)?;
        let pool = open::write_pool(&path)
            .await
            .map_err(|fault| fault.at(&path))?;
        let engine = Self::begin(&pool, &path, &options.holder, now).await?;
        let readers = open::read_pool(&path)
            .await
            .map_err(|fault| fault.at(&path))?;
        Ok(Self::start(path, engine, pool, readers, Some(lock)))
    }

    /// A store that is gone when it is dropped: for tests, and for runs that are to leave nothing behind.
    pub async fn in_memory(now: Timestamp) -> Result<Self> {
        let path: Arc<Path> = Path::new(":memory:").into();
        let pool = open::memory_pool().await.map_err(|fault| fault.at(&path))?;
        let engine = Self::begin(&pool, &path, "memory", now).await?;
        Ok(Self::start(path, engine, pool.clone(), pool, None))
    }

    /// Opens a store beside the engine that has it, for reports. Every write is refused.
    pub async fn open_to_read(path: &Path) -> Result<Self> {
        let path: Arc<Path> = path.into();
        if !path.exists() {
            return Err(Error::Missing {
                path: path.to_path_buf(),
            });
        }
        let at = |fault: Fault| fault.at(&path);
        let readers = open::read_pool(&path).await.map_err(at)?;
        let mut conn = readers.acquire().await.map_err(|error| at(error.into()))?;
        if open::schema(&mut conn, &path).await.map_err(at)? == 0 {
            return Err(Error::NotAStore {
                path: path.to_path_buf(),
            });
        }
        let engine: i64 = sqlx::query_scalar("SELECT engine_epoch FROM meta")
            .fetch_one(&mut *conn)
            .await
            .map_err(|error| at(error.into()))?;
        drop(conn);
        let engine = EngineEpoch(engine);
        Ok(Self(Arc::new(Inner {
            path,
            engine,
            readers,
            writing: None,
        })))
    }

    async fn begin(
        pool: &SqlitePool,
        path: &Path,
        holder: &str,
        now: Timestamp,
    ) -> Result<EngineEpoch> {
        let begin = async {
            let mut conn = pool.acquire().await?;
            open::migrate(&mut conn, path).await?;
            open::begin(&mut conn, holder, now).await
        };
        begin.await.map_err(|fault: Fault| fault.at(path))
    }

    fn start(
        path: Arc<Path>,
        engine: EngineEpoch,
        pool: SqlitePool,
        readers: SqlitePool,
        lock: Option<File>,
    ) -> Self {
        let (queue, receiver) = Queue::new();
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let meter = StoreMeter::default();
        let writer = Writer::new(pool.clone(), Arc::clone(&path), engine, lock, meter.clone());
        tasks.spawn(writer.run(receiver, stop.clone()));
        tasks.close();
        let writing = Some(Writing {
            queue,
            pool,
            stop,
            tasks,
            meter,
        });
        Self(Arc::new(Inner {
            path,
            engine,
            readers,
            writing,
        }))
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Commits what is queued, then lets go of the file. Later commands get [`Error::Closed`].
    pub async fn close(&self) {
        self.0.readers.close().await;
        if let Some(writing) = &self.0.writing {
            writing.stop.cancel();
            writing.tasks.wait().await;
            writing.pool.close().await;
        }
    }

    /// Counts its commits.
    pub fn meter(&self) -> StoreMeter {
        let writing = self.0.writing.as_ref();
        writing.map_or_else(StoreMeter::default, |writing| writing.meter.clone())
    }

    /// Commands that wait for the writer.
    pub fn queued(&self) -> usize {
        let writing = self.0.writing.as_ref();
        writing.map_or(0, |writing| writing.queue.waiting())
    }

    async fn write<C: Command>(&self, command: C) -> Result<C::Answer> {
        match &self.0.writing {
            Some(writing) => writing.queue.write(command).await,
            None => Err(Error::ReadOnly {
                path: self.0.path.to_path_buf(),
            }),
        }
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>> {
        match self.0.readers.acquire().await {
            Ok(conn) => Ok(conn),
            Err(sqlx::Error::PoolClosed) => Err(Error::Closed),
            Err(error) => Err(self.at(error.into())),
        }
    }

    fn at(&self, fault: Fault) -> Error {
        fault.at(&self.0.path)
    }
}

impl Store for SqliteStore {
    fn engine_epoch(&self) -> EngineEpoch {
        self.0.engine
    }

    async fn tenant(&self, tenant: &TenantName) -> Result<TenantRow> {
        let mut conn = self.reader().await?;
        tenant::read(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let mut conn = self.reader().await?;
        read::tenants(&mut conn)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn order(&self, order: Order) -> Result<Ordered> {
        self.write(order).await
    }

    async fn orders(&self, tenant: &TenantName, limit: u32) -> Result<Vec<OrderRow>> {
        let mut conn = self.reader().await?;
        read::orders(&mut conn, tenant, limit)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn pauses(&self) -> Result<Vec<PauseRow>> {
        let mut conn = self.reader().await?;
        read::pauses(&mut conn)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn bind_identity(&self, account: AccountId, identity: Identity) -> Result<()> {
        self.write(tenant::Bind { account, identity }).await
    }

    async fn account(&self, account: &AccountId) -> Result<Option<AccountRow>> {
        let mut conn = self.reader().await?;
        tenant::read_account(&mut conn, account)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn pause_account(&self, account: AccountId, pause: Option<AccountPause>) -> Result<()> {
        self.write(tenant::Pause { account, pause }).await
    }

    async fn rotate(&self, rotate: Rotate) -> Result<Rotated> {
        self.write(rotate).await
    }

    async fn cursor(&self, cursor: &CursorId) -> Result<Option<CursorRow>> {
        let mut conn = self.reader().await?;
        take::read_cursor(&mut conn, cursor)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn take_page(&self, page: TakePage) -> Result<Taken> {
        self.write(page).await
    }

    async fn hint(&self, hint: Hint) -> Result<Hinted> {
        self.write(hint).await
    }

    async fn reread(&self, reread: Reread) -> Result<RereadResult> {
        self.write(reread).await
    }

    async fn ready(&self, query: ReadyQuery) -> Result<Vec<RecordRow>> {
        let mut conn = self.reader().await?;
        read::ready(&mut conn, &query)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn next_due(&self, tenant: &TenantName) -> Result<Option<Timestamp>> {
        let mut conn = self.reader().await?;
        read::next_due(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn plan(&self, intent: PlanIntent) -> Result<Planned> {
        self.write(intent).await
    }

    async fn settle(&self, settle: Settle) -> Result<Changed> {
        self.write(LinkChange::Settle(settle)).await
    }

    async fn adopt(&self, adopt: Adopt) -> Result<Changed> {
        self.write(LinkChange::Adopt(adopt)).await
    }

    async fn finish(&self, finish: Finish) -> Result<Finished> {
        self.write(finish).await
    }

    async fn unsettled(
        &self,
        tenant: &TenantName,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let mut conn = self.reader().await?;
        read::unsettled(&mut conn, tenant, now, limit)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn miss(&self, miss: Miss) -> Result<Missed> {
        self.write(miss).await
    }

    async fn link(&self, link: &LinkId) -> Result<Option<LinkRow>> {
        let mut conn = self.reader().await?;
        read::link(&mut conn, link)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn links_to(
        &self,
        tenant: &TenantName,
        identity: &Identity,
        entity: &EntityName,
        target: &TargetId,
    ) -> Result<Vec<LinkRow>> {
        let mut conn = self.reader().await?;
        let found = read::links_to(&mut conn, tenant, identity, entity, target).await;
        found.map_err(|fault| self.at(fault))
    }

    async fn links(
        &self,
        tenant: &TenantName,
        entity: &EntityName,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<LinkRow>> {
        let mut conn = self.reader().await?;
        let found = read::links_of(&mut conn, tenant, entity, after, limit).await;
        found.map_err(|fault| self.at(fault))
    }

    async fn open_intents(&self, tenant: &TenantName) -> Result<Vec<LinkRow>> {
        let mut conn = self.reader().await?;
        read::open_intents(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn record(&self, record: &RecordId) -> Result<Option<RecordRow>> {
        let mut conn = self.reader().await?;
        read::record(&mut conn, record)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn records(&self, tenant: &TenantName, key: &RecordKey) -> Result<Vec<RecordRow>> {
        let mut conn = self.reader().await?;
        read::records(&mut conn, tenant, key)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn counts(&self, tenant: &TenantName) -> Result<Vec<Count>> {
        let mut conn = self.reader().await?;
        read::counts(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn overview(&self) -> Result<Overview> {
        let mut conn = self.reader().await?;
        overview::read(&mut conn)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn knowing(&self, key: &RecordKey) -> Result<Vec<TenantName>> {
        let mut conn = self.reader().await?;
        read::knowing(&mut conn, key)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn probe(&self) -> Result<()> {
        self.write(probe::Probe).await
    }

    async fn find_records(&self, query: RecordQuery) -> Result<Vec<RecordRow>> {
        let mut conn = self.reader().await?;
        browse::records(&mut conn, &query)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn dead_causes(&self, tenant: Option<&TenantName>) -> Result<Vec<DeadCount>> {
        let mut conn = self.reader().await?;
        browse::dead_causes(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn links_about(&self, tenant: &TenantName, id: &str) -> Result<Vec<LinkRow>> {
        let mut conn = self.reader().await?;
        browse::links_about(&mut conn, tenant, id)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn audit(&self, query: AuditQuery) -> Result<Vec<AuditRow>> {
        let mut conn = self.reader().await?;
        browse::audit(&mut conn, &query)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn dead(&self, query: DeadQuery) -> Result<Vec<RecordRow>> {
        let mut conn = self.reader().await?;
        read::dead(&mut conn, &query)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn trace(&self, tenant: &TenantName, key: &RecordKey) -> Result<Vec<TraceRow>> {
        let mut conn = self.reader().await?;
        read::trace(&mut conn, tenant, key)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn prune(&self, before: Timestamp, limit: u32) -> Result<u64> {
        self.write(prune::Prune { before, limit }).await
    }

    async fn judge(&self, judge: Judge) -> Result<()> {
        self.write(judge).await
    }

    async fn look_again(&self, tenant: &TenantName) -> Result<u64> {
        self.write(gate::LookAgain(tenant.clone())).await
    }

    async fn set_gate(&self, gate: Gate) -> Result<()> {
        self.write(gate).await
    }

    async fn gates(&self, tenant: &TenantName) -> Result<Vec<ClosedGate>> {
        let mut conn = self.reader().await?;
        gate::closed(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn meet(&self, met: Met) -> Result<()> {
        self.write(met).await
    }

    async fn met(&self, tenant: &TenantName) -> Result<Vec<Met>> {
        let mut conn = self.reader().await?;
        schedule::met(&mut conn, tenant)
            .await
            .map_err(|fault| self.at(fault))
    }

    async fn drop_target(&self, drop: Drop) -> Result<Changed> {
        self.write(drop).await
    }

    async fn links_at(&self, links: &[LinkId]) -> Result<Vec<Option<LinkRow>>> {
        let mut conn = self.reader().await?;
        gate::links_at(&mut conn, links)
            .await
            .map_err(|fault| self.at(fault))
    }
}
