//! The dispatcher: one loop per tenant that owns what is running. It starts passes over the sources, takes records
//! from the inbox in order of intake, works each root one at a time (S19), and looks for unknown outcomes when they
//! are due. Its memory is bounded: a window of records, a bounded number of attempts, one pass per pipeline.

mod heed;
mod passes;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use super::agenda::Agenda;
use super::control::{Control, Paused};
use super::share::share;
use super::source::Source;
use super::spaced::Spaced;
use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, RecordKey, RootKey, Seq};
use crate::engine::run::{self, Ended, PassEnd, Seen, Taken, TenantRun, Want};
use crate::engine::store::{self, ReadyQuery, RecordRow, RecordState, Store as _};
use crate::lang::plan::Pipeline;

/// Records read ahead of the workers.
const WINDOW: usize = 128;
/// Attempts at once, for every request that may be on the wire: more than one, so that commits are shared (S27).
const PER_CONNECTION: usize = 4;
/// Attempts at once, at most.
const MOST: usize = 512;
/// How long a single run waits for records that are to be tried again, counted from their present due time.
const PATIENCE: Duration = Duration::from_secs(300);
/// Passes in a row that may fail in a single run.
const TRIES: u32 = 6;
/// How often requirements and unknown outcomes are looked at, whatever else is going on: a requirement is at most
/// 60 s old before a write (S22).
const LOOK: Duration = Duration::from_secs(20);
/// Least time between two looks at what is due: what is due but cannot be worked now must not keep the loop busy.
const PAUSE: Duration = Duration::from_millis(200);
/// The same for what has been due for longer than that.
const LONG_PAUSE: Duration = Duration::from_secs(2);
/// How long nothing is taken up after the store failed (S41).
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// How long a tenant is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Until every source was read once and every record came to rest.
    Once,
    /// Until told to stop.
    Forever,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Why a source could not be read to its end, by pipeline.
    pub stalled: Vec<(String, String)>,
    /// Whether the run ended before everything came to rest.
    pub cut_short: Rest,
}

/// Whether everything came to rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is left to do now.
    #[default]
    AtRest,
    /// Records wait for longer than a single run does.
    Waiting,
    /// It was told to stop.
    Stopped,
}

/// Runs a tenant's pipelines.
pub async fn run(
    tenant: Arc<TenantRun>,
    only: Option<&[PipelineName]>,
    mode: Mode,
    stop: CancellationToken,
    control: Arc<Control>,
) -> store::Result<RunReport> {
    if !tenant.is_on().await? {
        info!(tenant = %tenant.name(), "The integration is off: nothing is read or written.");
        return Ok(RunReport::default());
    }
    // A person asks, or settings may have changed since (S33).
    tenant.store().look_again(tenant.name()).await?;
    let mut dispatch = Dispatch {
        sources: Vec::new(),
        agenda: Agenda::default(),
        open: HashSet::new(),
        window: VecDeque::new(),
        known: HashSet::new(),
        roots: HashSet::new(),
        reads: Spaced::default(),
        working: JoinSet::new(),
        passes: JoinSet::new(),
        settling: JoinSet::new(),
        after: Seq(i64::MIN),
        drained: Drained::No,
        next_due: None,
        next_look: tenant.now().plus(share(LOOK, tenant.name())),
        rests_until: None,
        resting_since: None,
        reading: stop.child_token(),
        stop,
        report: RunReport::default(),
        only: only.map(<[_]>::to_vec),
        paused: Paused::None,
        control,
        tenant,
        mode,
        slots: 0,
    };
    dispatch.take_sources().await?;
    dispatch.run().await?;
    Ok(dispatch.report)
}

/// Whether the inbox holds records that are not in the window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drained {
    No,
    Yes,
}

type Worked = (PipelineName, RecordKey, RootKey, Ended);

/// A pass that ended.
struct Passed {
    source: Arc<str>,
    end: PassEnd,
    seen: Seen,
    /// Whether it was ended because another plan holds now: what is left is read under that one.
    replanned: bool,
}

struct Dispatch {
    tenant: Arc<TenantRun>,
    mode: Mode,
    slots: usize,
    stop: CancellationToken,
    /// Ends the passes under the present plan.
    reading: CancellationToken,
    control: Arc<Control>,
    paused: Paused,
    only: Option<Vec<PipelineName>>,
    sources: Vec<Source>,
    /// When each of them is read.
    agenda: Agenda,
    /// Pipelines whose requirements hold.
    open: HashSet<PipelineName>,
    window: VecDeque<Taken>,
    /// Records in the window or in work.
    known: HashSet<(PipelineName, RecordKey)>,
    roots: HashSet<RootKey>,
    /// Keeps the reads of one record apart that hints ask for (S11).
    reads: Spaced,
    working: JoinSet<Worked>,
    passes: JoinSet<Passed>,
    settling: JoinSet<()>,
    after: Seq,
    drained: Drained,
    /// When something that waits is due; none when it must be asked for.
    next_due: Option<Timestamp>,
    next_look: Timestamp,
    /// Nothing is taken up before this: the store failed.
    rests_until: Option<Timestamp>,
    /// Since when an account has been out, or a requirement could not be asked.
    resting_since: Option<Timestamp>,
    report: RunReport,
}

impl Dispatch {
    async fn run(&mut self) -> store::Result<()> {
        match self.mode {
            Mode::Once => {
                self.look_at_gates(Want::Watch).await?;
                self.start_settling();
            }
            // Thousands of tenants begin at one instant: each looks when it has work, when something is due, or when
            // its turn comes.
            Mode::Forever => self.open = self.unpaused().collect(),
        }
        loop {
            if self.stop.is_cancelled() {
                return self.drain().await;
            }
            self.heed().await?;
            if self.mode == Mode::Once && self.rested_too_long() {
                self.drain().await?;
                self.report.cut_short = Rest::Waiting;
                return Ok(());
            }
            if self.tenant.now() >= self.next_look {
                self.look_around().await?;
            }
            self.start_passes();
            self.refill().await?;
            self.start_work();
            if self.mode == Mode::Once && self.is_idle() {
                match self.rest().await? {
                    Some(rest) => {
                        self.report.cut_short = rest;
                        return Ok(());
                    }
                    None => self.drained = Drained::No,
                }
            }
            self.wait().await?;
        }
    }

    /// Waits for the first thing that changes what can be done.
    async fn wait(&mut self) -> store::Result<()> {
        if self.next_due.is_none() && self.drained == Drained::Yes {
            let due = self.tenant.store().next_due(self.tenant.name()).await?;
            let now = self.tenant.now();
            self.next_due = Some(match due {
                // Its pipeline waits or is paused, or the account rests: else it would have been taken up.
                Some(due) if now.since(due) > PAUSE => now.plus(LONG_PAUSE),
                Some(due) => due,
                None => now.plus(PATIENCE),
            });
        }
        let wake_at = self.wake_at();
        let clock = self.tenant.clock().clone();
        tokio::select! {
            () = self.stop.cancelled() => {}
            Some(worked) = self.working.join_next() => {
                self.worked(worked);
                // Whoever else is done by now is taken along: one round serves them all.
                while let Some(worked) = self.working.try_join_next() {
                    self.worked(worked);
                }
            }
            Some(pass) = self.passes.join_next() => self.pass_ended(pass).await?,
            Some(_) = self.settling.join_next() => {
                self.again();
            }
            () = self.tenant.woken() => self.again(),
            () = self.control.asked() => {}
            () = clock.sleep_until(wake_at) => {
                if self.next_due.is_some_and(|due| due <= self.tenant.now()) {
                    self.again();
                    self.start_settling();
                }
            }
        }
        Ok(())
    }

    /// Requirements; while there is work, also unknown outcomes and whatever became due. Without any, the store has
    /// said when something is due.
    async fn look_around(&mut self) -> store::Result<()> {
        let before = self.open.clone();
        if self.window.is_empty() && self.working.is_empty() && self.drained == Drained::Yes {
            self.look_at_gates(Want::Watch).await?;
        } else {
            self.look_at_gates(Want::Work).await?;
            self.start_settling();
            self.again();
        }
        if self.open != before {
            self.again();
        }
        let now = self.tenant.now();
        let gate = self.tenant.next_gate_look().unwrap_or(now.plus(LOOK));
        self.next_look = gate.min(now.plus(LOOK)).max(now.plus(PAUSE));
        Ok(())
    }

    /// There may be records before the place the window was read to.
    fn again(&mut self) {
        self.after = Seq(i64::MIN);
        self.drained = Drained::No;
        self.next_due = None;
    }

    fn worked(&mut self, worked: Result<Worked, JoinError>) {
        match worked {
            Ok((pipeline, key, root, ended)) => {
                if ended == Ended::StoreFailed {
                    self.rests_until = Some(self.tenant.now().plus(STORE_PAUSE));
                }
                self.known.remove(&(pipeline, key));
                self.roots.remove(&root);
                if self.drained == Drained::Yes && self.window.is_empty() {
                    // The record may be ready again, or have woken another.
                    self.again();
                }
            }
            Err(error) => error!(%error, "An attempt ended in a panic."),
        }
    }

    fn start_settling(&mut self) {
        if self.settling.is_empty() {
            let tenant = self.tenant.clone();
            self.settling
                .spawn(async move { run::settle_due(&tenant).await });
        }
    }

    /// The pipelines that nobody paused. The records that a signal names are its pipeline's, and wait with it.
    fn unpaused(&self) -> impl Iterator<Item = PipelineName> {
        let own = self
            .sources
            .iter()
            .filter(|source| source.pipeline.names.is_none());
        let names = own.map(|source| PipelineName::from(&*source.pipeline.name));
        names.filter(|name| !self.paused.has(name.as_str()))
    }

    /// Which pipelines may take up work; what is read ahead of others is put back.
    async fn look_at_gates(&mut self, want: Want) -> store::Result<()> {
        self.open.clear();
        let own: Vec<PipelineName> = self.unpaused().collect();
        for name in own {
            let Some(pipeline) = self.tenant.pipeline(name.as_str()).cloned() else {
                continue;
            };
            if run::gate_open(&self.tenant, &pipeline, want).await? {
                self.open.insert(name);
            } else {
                self.judge_waiting(&pipeline).await?;
            }
        }
        let (open, known) = (&self.open, &mut self.known);
        self.window.retain(|taken| {
            let id = &taken.row.id;
            let stays = open.contains(&id.pipeline);
            if !stays {
                known.remove(&(id.pipeline.clone(), id.key.clone()));
            }
            stays
        });
        Ok(())
    }

    /// Records of a pipeline that waits are judged by their first version, though they are not worked (S23): what
    /// people do to them meanwhile does not change whether they come over.
    async fn judge_waiting(&self, pipeline: &Pipeline) -> store::Result<()> {
        let mut after = Seq(i64::MIN);
        loop {
            let rows = self
                .tenant
                .store()
                .ready(ReadyQuery {
                    tenant: self.tenant.name().clone(),
                    pipelines: vec![PipelineName::from(&*pipeline.name)],
                    after,
                    now: self.tenant.now(),
                    limit: u32::try_from(WINDOW).expect("the window is small"),
                })
                .await?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = last.seq;
            let unjudged = rows
                .into_iter()
                .filter(|row| row.verdict.is_none())
                .collect();
            for taken in self.tenant.unpack(unjudged).await? {
                run::judge(&self.tenant, pipeline, taken).await;
            }
        }
    }

    /// Reads records ahead of the workers, with the links they will ask for.
    async fn refill(&mut self) -> store::Result<()> {
        if self
            .rests_until
            .is_some_and(|until| until > self.tenant.now())
        {
            return Ok(());
        }
        self.rests_until = None;
        while self.window.len() < WINDOW / 2 && self.drained == Drained::No {
            let pipelines: Vec<PipelineName> = self.open.iter().cloned().collect();
            if pipelines.is_empty() {
                self.drained = Drained::Yes;
                return Ok(());
            }
            let rows = self
                .tenant
                .store()
                .ready(ReadyQuery {
                    tenant: self.tenant.name().clone(),
                    pipelines,
                    after: self.after,
                    now: self.tenant.now(),
                    limit: u32::try_from(WINDOW).expect("the window is small"),
                })
                .await?;
            if rows.len() < WINDOW {
                self.drained = Drained::Yes;
            }
            if let Some(last) = rows.last() {
                self.after = last.seq;
            }
            let is_fresh = |row: &RecordRow| self.tenant.gates_are_fresh(row.id.pipeline.as_str());
            if !rows.iter().all(is_fresh) {
                self.look_at_gates(Want::Work).await?;
            }
            let fresh: Vec<RecordRow> = rows
                .into_iter()
                .filter(|row| self.open.contains(&row.id.pipeline))
                .filter(|row| {
                    self.known
                        .insert((row.id.pipeline.clone(), row.id.key.clone()))
                })
                .collect();
            self.window.extend(self.tenant.unpack(fresh).await?);
        }
        Ok(())
    }

    fn start_work(&mut self) {
        let mut at = 0;
        // While an account rests nothing is taken up, then one record is its probe (S21): the others would only be
        // put back.
        let slots = match self.tenant.rests_until() {
            Some(until) if until > self.tenant.now() => 0,
            Some(_) => 1,
            None => self.slots,
        };
        let now = self.tenant.now();
        self.reads.look_again();
        while self.working.len() < slots && at < self.window.len() {
            let root = root_of(&self.window[at].row);
            if self.roots.contains(&root) || !self.reads.admits(&self.window[at].row, now) {
                at += 1;
                continue;
            }
            let taken = self
                .window
                .remove(at)
                .expect("the index is below the length");
            let row = &taken.row;
            self.roots.insert(root.clone());
            let (name, key) = (row.id.pipeline.clone(), row.id.key.clone());
            let Some(pipeline) = self.tenant.pipeline(name.as_str()).cloned() else {
                continue;
            };
            let tenant = self.tenant.clone();
            self.working.spawn(async move {
                let ended = run::work(&tenant, &pipeline, taken).await;
                (name, key, root, ended)
            });
        }
    }

    /// Whether an account has been out for longer than a single run waits.
    fn rested_too_long(&mut self) -> bool {
        let now = self.tenant.now();
        if self.tenant.rests_until().is_none() && !self.tenant.gate_unanswered() {
            self.resting_since = None;
            return false;
        }
        now.since(*self.resting_since.get_or_insert(now)) > PATIENCE
    }

    fn is_idle(&self) -> bool {
        self.working.is_empty()
            && self.passes.is_empty()
            && self.settling.is_empty()
            && self.window.is_empty()
            && self.drained == Drained::Yes
            && self.agenda.is_at_rest()
    }

    /// Whether a single run is over: `None` when something is still to come within its patience.
    async fn rest(&mut self) -> store::Result<Option<Rest>> {
        let tenant = self.tenant.name().clone();
        let counts = self.tenant.store().counts(&tenant).await?;
        let is_ahead =
            |count: &store::Count| matches!(count.state, RecordState::Ready | RecordState::Waiting);
        let waiting = counts
            .iter()
            .any(|count| is_ahead(count) && self.open.contains(&count.pipeline));
        let intents = !self
            .tenant
            .store()
            .open_intents(&tenant)
            .await?
            .iter()
            .all(store::LinkRow::is_held);
        if !waiting && !intents {
            // What a requirement holds back is not at rest: whoever asked for the run is told (R10).
            let gated = self.sources.iter().any(|source| {
                let name = &*source.pipeline.name;
                counts
                    .iter()
                    .any(|count| is_ahead(count) && count.pipeline.as_str() == name)
            });
            // One that could not be asked is asked again soon, within the run's patience.
            return Ok(match gated {
                true if self.tenant.gate_unanswered() => None,
                true => Some(Rest::Waiting),
                false => Some(Rest::AtRest),
            });
        }
        self.next_due = self.tenant.store().next_due(&tenant).await?;
        let now = self.tenant.now();
        match self.next_due {
            Some(due) if due <= now.plus(PATIENCE) => {
                if due <= now {
                    self.again();
                    self.start_settling();
                }
                Ok(None)
            }
            Some(_) | None => Ok(Some(Rest::Waiting)),
        }
    }

    fn wake_at(&self) -> Timestamp {
        let now = self.tenant.now();
        let wall = self.tenant.clock().wall();
        let passes = self.agenda.next().map(|at| now.plus(at.since(wall)));
        let due = self.next_due.map(|due| due.max(now.plus(PAUSE)));
        let account = if self.window.is_empty() {
            None
        } else {
            self.tenant.rests_until()
        };
        [passes, due, self.rests_until, account, self.reads.next()]
            .into_iter()
            .flatten()
            .fold(self.next_look, Timestamp::min)
            .max(now)
    }

    /// Told to stop: nothing new starts, what runs ends.
    async fn drain(&mut self) -> store::Result<()> {
        self.report.cut_short = Rest::Stopped;
        while let Some(pass) = self.passes.join_next().await {
            self.pass_ended(pass).await?;
        }
        while self.settling.join_next().await.is_some() {}
        while let Some(worked) = self.working.join_next().await {
            if let Err(error) = worked {
                error!(%error, "An attempt ended in a panic.");
            }
        }
        Ok(())
    }
}

fn root_of(row: &RecordRow) -> RootKey {
    row.root
        .clone()
        .unwrap_or_else(|| RootKey::from(row.id.key.as_str()))
}
