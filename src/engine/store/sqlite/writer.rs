//! The one writer: commands queue while a commit runs, and those that queued share the next one.
//!
//! Commands of one group are all unanswered, so any order among them is a right one; those of a kind that can share
//! statements are run together. Each batch stands in a savepoint; when one fails, its members are run again each by
//! itself, so that one command never fails another, except when the file itself is at fault.

use std::any::Any;
use std::collections::HashMap;
use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::super::{Error, Phase, Result};
use super::fault::Fault;
use crate::engine::clock::Clock;
use crate::engine::crash::{self, CrashPoint};
use crate::engine::record::{EngineEpoch, TenantEpoch, TenantName};
use crate::engine::telemetry::StoreMeter;

/// Commands that wait at most; a full queue makes callers wait.
pub(super) const QUEUE: usize = 1024;
/// Commands of one commit at most: whoever waits for a durable answer waits for one commit, and the rest of another.
const GROUP: usize = 64;

/// What a command sees of the transaction it runs in.
pub(super) struct Tx<'c> {
    pub(super) conn: &'c mut SqliteConnection,
    pub(super) engine: EngineEpoch,
    last_seq: &'c mut i64,
    /// The tenants' phases and epochs as they stand in this transaction: nobody else changes them while this engine
    /// has the store, and asking for them costs a round trip in most commands. Emptied by whatever may change them.
    pub(super) fences: &'c mut HashMap<TenantName, (Phase, TenantEpoch)>,
}

impl Tx<'_> {
    /// The next number of the store-wide order of intake (S8). Numbers of commands that fail are not used again.
    pub(super) fn next_seq(&mut self) -> i64 {
        *self.last_seq += 1;
        *self.last_seq
    }

    /// The last number given out.
    pub(super) fn last_seq(&self) -> i64 {
        *self.last_seq
    }

    async fn run(&mut self, sql: &'static str) -> std::result::Result<(), Fault> {
        sqlx::query(sql).execute(&mut *self.conn).await?;
        Ok(())
    }

    /// Undoes what was done since `sql`'s counterpart.
    async fn undo(&mut self, sql: &'static str) -> std::result::Result<(), Fault> {
        self.fences.clear();
        self.run(sql).await
    }
}

/// One kind of write.
pub(super) trait Command: Send + Sync + Sized + 'static {
    /// What its caller gets.
    type Answer: Send + 'static;

    /// The points at which a test may make the process die: before and after its commit.
    fn points(&self) -> &'static [(CrashPoint, CrashPoint)];

    /// Whether several share statements.
    const SHARES: bool = false;

    /// Whether it goes before others: somebody outside waits for it, and comes again if it takes long.
    const URGENT: bool = false;

    /// Does it inside a transaction; a fault undoes what it did. Answers stand in the order of the commands.
    fn run(
        tx: &mut Tx<'_>,
        commands: &[&Self],
    ) -> impl Future<Output = std::result::Result<Vec<Self::Answer>, Fault>> + Send;
}

/// Puts a command into the queue, and hands its answer back.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    urgent: mpsc::Sender<Box<dyn Member>>,
    others: mpsc::Sender<Box<dyn Member>>,
}

impl Queue {
    /// The queue, and the end the writer reads.
    pub(super) fn new() -> (Self, Waiting) {
        let (urgent, first) = mpsc::channel(QUEUE);
        let (others, then) = mpsc::channel(QUEUE);
        (Self { urgent, others }, Waiting { first, then })
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        let lanes = [&self.urgent, &self.others];
        lanes
            .map(|lane| lane.max_capacity() - lane.capacity())
            .iter()
            .sum()
    }

    /// Waits for the commit that holds `command`.
    pub(super) async fn write<C: Command>(&self, command: C) -> Result<C::Answer> {
        let (reply, answer) = oneshot::channel();
        let batch = Batch {
            jobs: vec![Job { command, reply }],
            answers: Vec::new(),
        };
        let lane = if C::URGENT {
            &self.urgent
        } else {
            &self.others
        };
        let sent = lane.send(Box::new(batch)).await;
        sent.map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

/// The commands that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    first: mpsc::Receiver<Box<dyn Member>>,
    then: mpsc::Receiver<Box<dyn Member>>,
}

impl Waiting {
    /// Those of the next commit, at least one; none when every sender is gone.
    async fn group(&mut self, group: &mut Vec<Box<dyn Member>>) {
        tokio::select! {
            biased;
            Some(member) = self.first.recv() => group.push(member),
            Some(member) = self.then.recv() => group.push(member),
            else => return,
        }
        for lane in [&mut self.first, &mut self.then] {
            while group.len() < GROUP
                && let Ok(member) = lane.try_recv()
            {
                group.push(member);
            }
        }
    }

    fn is_closed(&self) -> bool {
        self.first.is_closed() && self.then.is_closed()
    }

    fn close(&mut self) {
        self.first.close();
        self.then.close();
    }
}

struct Job<C: Command> {
    command: C,
    reply: oneshot::Sender<Result<C::Answer>>,
}

/// Commands of one kind in one group.
struct Batch<C: Command> {
    jobs: Vec<Job<C>>,
    answers: Vec<std::result::Result<C::Answer, Fault>>,
}

/// Who else is in a transaction: alone, a batch needs no savepoint, which would be two round trips more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    None,
    Others,
}

/// A batch whose kind the writer need not know.
pub(super) trait Member: Any + Send {
    /// Takes in `other` if it is of the same kind and they share statements; else gives it back.
    fn join(&mut self, other: Box<dyn Member>) -> Option<Box<dyn Member>>;
    /// Runs it. A fault means that the transaction is lost.
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
        company: Company,
    ) -> BoxFuture<'a, std::result::Result<(), Fault>>;
    fn points(&self) -> Vec<(CrashPoint, CrashPoint)>;
    /// How many commands it holds.
    fn commands(&self) -> usize;
    /// Answers everyone, with `lost` if the commit failed.
    fn answer(self: Box<Self>, path: &Path, lost: Option<&Error>);
}

impl std::fmt::Debug for dyn Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Member")
    }
}

impl<C: Command> Batch<C> {
    async fn attempt(
        tx: &mut Tx<'_>,
        commands: &[&C],
        company: Company,
    ) -> std::result::Result<std::result::Result<Vec<C::Answer>, Fault>, Fault> {
        if company == Company::Others {
            tx.run("SAVEPOINT member").await?;
        }
        match C::run(tx, commands).await {
            Ok(answers) => {
                debug_assert_eq!(answers.len(), commands.len(), "one answer for each command");
                if company == Company::Others {
                    tx.run("RELEASE member").await?;
                }
                Ok(Ok(answers))
            }
            Err(fault) if fault.spoils_the_group() => Err(fault),
            Err(fault) => {
                match company {
                    Company::Others => {
                        tx.undo("ROLLBACK TO member").await?;
                        tx.run("RELEASE member").await?;
                    }
                    // The transaction that is committed in the end is an empty one.
                    Company::None => {
                        tx.undo("ROLLBACK").await?;
                        tx.run("BEGIN IMMEDIATE").await?;
                    }
                }
                Ok(Err(fault))
            }
        }
    }
}

impl<C: Command> Member for Batch<C> {
    fn join(&mut self, other: Box<dyn Member>) -> Option<Box<dyn Member>> {
        if !C::SHARES || !(&*other as &dyn Any).is::<Self>() {
            return Some(other);
        }
        if let Ok(other) = (other as Box<dyn Any>).downcast::<Self>() {
            self.jobs.extend(other.jobs);
        }
        None
    }

    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
        company: Company,
    ) -> BoxFuture<'a, std::result::Result<(), Fault>> {
        Box::pin(async move {
            let commands: Vec<&C> = self.jobs.iter().map(|job| &job.command).collect();
            self.answers = match Self::attempt(tx, &commands, company).await? {
                Ok(answers) => answers.into_iter().map(Ok).collect(),
                Err(fault) if commands.len() == 1 => vec![Err(fault)],
                Err(_) => {
                    let mut answers = Vec::with_capacity(commands.len());
                    for command in commands {
                        let one = Self::attempt(tx, &[command], Company::Others).await?;
                        answers.push(
                            one.and_then(|mut one| one.pop().ok_or(Fault::Refused(Error::Closed))),
                        );
                    }
                    answers
                }
            };
            Ok(())
        })
    }

    fn points(&self) -> Vec<(CrashPoint, CrashPoint)> {
        self.jobs
            .iter()
            .flat_map(|job| job.command.points())
            .copied()
            .collect()
    }

    fn commands(&self) -> usize {
        self.jobs.len()
    }

    fn answer(self: Box<Self>, path: &Path, lost: Option<&Error>) {
        let mut answers = self.answers.into_iter();
        for job in self.jobs {
            let answer = match (lost, answers.next()) {
                (Some(error), _) => Err(error.clone()),
                (None, Some(answer)) => answer.map_err(|fault| fault.at(path)),
                (None, None) => Err(Error::Closed),
            };
            // A caller that does not wait any more has no use for the answer; the command is done all the same.
            drop(job.reply.send(answer));
        }
    }
}

/// Runs groups until it is told to stop, or every sender is gone.
pub(super) struct Writer {
    pool: SqlitePool,
    path: Arc<Path>,
    engine: EngineEpoch,
    last_seq: i64,
    fences: HashMap<TenantName, (Phase, TenantEpoch)>,
    meter: StoreMeter,
    /// Held as long as anything may be written.
    _lock: Option<File>,
}

/// How many intakes one engine epoch has room for; the epoch stands above them, so that no number is given out twice
/// though none is stored but in records (S8).
const SEQS_PER_EPOCH: i64 = 1 << 40;

impl Writer {
    pub(super) fn new(
        pool: SqlitePool,
        path: Arc<Path>,
        engine: EngineEpoch,
        lock: Option<File>,
        meter: StoreMeter,
    ) -> Self {
        Self {
            pool,
            path,
            engine,
            last_seq: engine.0 * SEQS_PER_EPOCH,
            fences: HashMap::new(),
            meter,
            _lock: lock,
        }
    }

    pub(super) async fn run(mut self, mut queue: Waiting, stop: CancellationToken) {
        // How long the machine takes, whatever time it is for the engine.
        let clock = Clock::real();
        let mut waiting = Vec::with_capacity(GROUP);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled(), if !queue.is_closed() => {
                    queue.close();
                    continue;
                }
                () = queue.group(&mut waiting) => {
                    if waiting.is_empty() {
                        break;
                    }
                }
            }
            let mut group: Vec<Box<dyn Member>> = Vec::new();
            for member in waiting.drain(..) {
                let left =
                    group
                        .iter_mut()
                        .try_fold(member, |member, batch| match batch.join(member) {
                            Some(member) => Ok(member),
                            None => Err(()),
                        });
                if let Ok(member) = left {
                    group.push(member);
                }
            }
            let began = clock.monotonic();
            let lost = self
                .commit(&mut group)
                .await
                .err()
                .map(|fault| fault.at(&self.path));
            if let Some(error) = &lost {
                self.meter.failed();
                tracing::error!(%error, "A commit failed.");
            } else {
                let commands = group.iter().map(|batch| batch.commands()).sum();
                self.meter.committed(commands, clock.monotonic() - began);
            }
            for batch in group {
                batch.answer(&self.path, lost.as_ref());
            }
        }
    }

    async fn commit(&mut self, group: &mut [Box<dyn Member>]) -> std::result::Result<(), Fault> {
        let mut conn = self.pool.acquire().await?;
        let mut tx = Tx {
            conn: &mut conn,
            engine: self.engine,
            last_seq: &mut self.last_seq,
            fences: &mut self.fences,
        };
        let done = Self::transact(&mut tx, group).await;
        if done.is_err() {
            // The transaction may be gone already, as after a full disk; then there is nothing to roll back.
            drop(tx.undo("ROLLBACK").await);
        }
        done
    }

    async fn transact(
        tx: &mut Tx<'_>,
        group: &mut [Box<dyn Member>],
    ) -> std::result::Result<(), Fault> {
        tx.run("BEGIN IMMEDIATE").await?;
        let company = if group.len() == 1 {
            Company::None
        } else {
            Company::Others
        };
        for batch in &mut *group {
            batch.run(tx, company).await?;
        }
        let points: Vec<_> = group.iter().flat_map(|batch| batch.points()).collect();
        for (before, _) in &points {
            crash::pass(*before);
        }
        tx.run("COMMIT").await?;
        for (_, after) in &points {
            crash::pass(*after);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{OpenOptions, SqliteStore};
    use super::*;
    use crate::engine::clock::Timestamp;

    /// Adds a tenant; one without a phase breaks a rule of the table.
    struct Add(&'static str, Option<&'static str>);

    impl Command for Add {
        type Answer = String;

        const SHARES: bool = true;

        fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
            &[]
        }

        async fn run(
            tx: &mut Tx<'_>,
            commands: &[&Self],
        ) -> std::result::Result<Vec<String>, Fault> {
            for Add(name, phase) in commands {
                sqlx::query("INSERT INTO tenant (tenant, phase, epoch) VALUES (?1, ?2, 0)")
                    .bind(*name)
                    .bind(*phase)
                    .execute(&mut *tx.conn)
                    .await?;
            }
            Ok(commands
                .iter()
                .map(|Add(name, _)| (*name).to_owned())
                .collect())
        }
    }

    async fn names(pool: &SqlitePool) -> Vec<String> {
        let mut conn = pool.acquire().await.unwrap();
        sqlx::query_scalar("SELECT tenant FROM tenant ORDER BY tenant")
            .fetch_all(&mut *conn)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_member_that_fails_fails_alone() {
        let store = SqliteStore::in_memory(Timestamp::EPOCH).await.unwrap();
        let writing = store.0.writing.as_ref().unwrap();
        // All are queued before the writer, on the same thread, runs: they share a group and a batch.
        let (a, bad, b) = tokio::join!(
            writing.queue.write(Add("a", Some("on"))),
            writing.queue.write(Add("bad", None)),
            writing.queue.write(Add("b", Some("off"))),
        );
        assert_eq!((a.unwrap(), b.unwrap()), ("a".to_owned(), "b".to_owned()));
        assert_eq!(
            bad.unwrap_err().to_string(),
            "the store :memory: failed: error returned from database: (code: 1299) NOT NULL \
             constraint failed: tenant.phase"
        );
        assert_eq!(names(&writing.pool).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_group_and_nothing_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let options = OpenOptions {
            path: dir.path().join("store.db"),
            holder: "test".to_owned(),
            lock_wait: std::time::Duration::ZERO,
        };
        let store = SqliteStore::open(options, Timestamp::EPOCH).await.unwrap();
        let writing = store.0.writing.as_ref().unwrap();
        let limit = async |pages: &'static str| {
            let mut conn = writing.pool.acquire().await.unwrap();
            sqlx::raw_sql(pages).execute(&mut *conn).await.unwrap();
        };
        let long: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
        limit("PRAGMA max_page_count = 1").await;
        let (a, long) = tokio::join!(
            writing.queue.write(Add("a", Some("on"))),
            writing.queue.write(Add(long, Some("on"))),
        );
        let text = |error: Error| {
            error
                .to_string()
                .replace(&dir.path().display().to_string(), "DIR")
        };
        let full = "the store DIR/store.db cannot be written: the disk is full";
        assert_eq!(text(a.unwrap_err()), full);
        assert_eq!(text(long.unwrap_err()), full);
        assert!(
            names(&writing.pool).await.is_empty(),
            "neither was committed"
        );
        limit("PRAGMA max_page_count = 100000").await;
        assert_eq!(
            writing.queue.write(Add("c", Some("on"))).await.unwrap(),
            "c"
        );
    }

    #[tokio::test]
    async fn a_foreign_lock_is_waited_for_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.db");
        let options = OpenOptions {
            path: path.clone(),
            holder: "test".to_owned(),
            lock_wait: std::time::Duration::ZERO,
        };
        let store = SqliteStore::open(options, Timestamp::EPOCH).await.unwrap();
        let writing = store.0.writing.as_ref().unwrap();
        {
            // The wait itself is SQLite's; here it is cut short.
            let mut conn = writing.pool.acquire().await.unwrap();
            sqlx::raw_sql("PRAGMA busy_timeout = 1")
                .execute(&mut *conn)
                .await
                .unwrap();
        }
        let foreign = super::super::open::write_pool(&path).await.unwrap();
        let mut conn = foreign.acquire().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut *conn)
            .await
            .unwrap();
        let error = writing
            .queue
            .write(Add("a", Some("on")))
            .await
            .unwrap_err()
            .to_string();
        assert_eq!(
            error.replace(&dir.path().display().to_string(), "DIR"),
            "the store DIR/store.db is locked by another program for more than 1 s"
        );
        sqlx::raw_sql("ROLLBACK").execute(&mut *conn).await.unwrap();
        writing.queue.write(Add("a", Some("on"))).await.unwrap();
    }
}
