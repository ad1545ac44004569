//! What operators are shown: what was counted, and how everything stands when they ask.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::Engine;
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::record::TenantName;
use crate::engine::run::{ConnectionHealth, TenantRun};
use crate::engine::store::{self, Overview, Phase, RecordState, SqliteStore, Standing, Store as _};
use crate::engine::telemetry::names::Metric;
use crate::engine::telemetry::{Gauges, Metrics, Process};

/// How long what was read from the store is shown again, at least.
const KEPT: Duration = Duration::from_secs(5);
/// And at least so many times as long as reading it took: whoever asks often costs at most a twentieth of a core.
const KEPT_TIMES: u32 = 20;
/// How long who asks waits for the store, where there is something older to show.
const PATIENCE: Duration = Duration::from_secs(2);
/// Causes of death that are told apart.
const CAUSES: usize = 50;
/// Longest cause that is shown, in characters.
const CAUSE_LENGTH: usize = 64;

/// What the store said last.
#[derive(Debug)]
pub(super) struct Scraped {
    started: Timestamp,
    kept: Arc<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Until when the last answer is shown again. Whoever reads anew holds it meanwhile.
    until: Mutex<Duration>,
    last: RwLock<Option<Arc<Overview>>>,
    /// The machine's time, whatever time it is for the engine.
    clock: Clock,
}

impl Scraped {
    pub(super) fn new(started: Timestamp) -> Self {
        Self {
            started,
            kept: Arc::new(Kept {
                until: Mutex::default(),
                last: RwLock::default(),
                clock: Clock::real(),
            }),
        }
    }

    /// What the store says, or what it said last where reading takes longer than somebody who asks may wait.
    async fn overview(
        &self,
        store: &Arc<SqliteStore>,
        tasks: &TaskTracker,
    ) -> store::Result<Arc<Overview>> {
        let (kept, store) = (self.kept.clone(), store.clone());
        let mut reading = tasks.spawn(async move { kept.overview(&store).await });
        let read = match tokio::time::timeout(PATIENCE, &mut reading).await {
            Ok(read) => read,
            Err(_) => match self.kept.last() {
                Some(last) => return Ok(last),
                None => reading.await,
            },
        };
        read.expect("reading does not panic, and nobody ends it")
    }
}

impl Kept {
    fn last(&self) -> Option<Arc<Overview>> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    async fn overview(&self, store: &SqliteStore) -> store::Result<Arc<Overview>> {
        let mut until = self.until.lock().await;
        let began = self.clock.monotonic();
        if let Some(last) = self.last().filter(|_| began < *until) {
            return Ok(last);
        }
        let overview = Arc::new(store.overview().await?);
        let ended = self.clock.monotonic();
        *until = ended + KEPT.max((ended - began) * KEPT_TIMES);
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        *last = Some(overview.clone());
        Ok(overview)
    }
}

/// How a tenant's accounts fare.
#[derive(Clone, Debug)]
pub struct TenantHealth {
    /// Which tenant.
    pub tenant: TenantName,
    /// Since when it has been on, or open, whichever is later.
    pub from: Timestamp,
    /// Its accounts, by connector.
    pub connections: Vec<ConnectionHealth>,
}

/// Why the store cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// It did not answer in time.
    #[error("the store did not commit within {} s", .0.as_secs_f64())]
    Slow(Duration),
    /// It refused.
    #[error(transparent)]
    Failed(#[from] store::Error),
}

impl Engine {
    /// What is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        self.progress.metrics()
    }

    /// Everything that operators see, in the OpenMetrics text format (see [`CONTENT_TYPE`]). What comes from the store
    /// may be some seconds old.
    ///
    /// [`CONTENT_TYPE`]: crate::engine::telemetry::CONTENT_TYPE
    pub async fn metrics_text(&self) -> String {
        let mut gauges = Gauges::default();
        gauges.process(Process::now());
        gauges.add(Metric::ProcessStart, [], seconds(self.scraped.started));
        gauges.add(Metric::BuildInfo, [env!("CARGO_PKG_VERSION")], 1.0);
        gauges.add(Metric::StoreQueue, [], count(self.store.queued() as u64));
        for budget in self.network.budgets() {
            let (connector, window) = (budget.connector.as_str(), budget.window());
            let labels = [connector, &window];
            gauges.add(Metric::RateBudget, labels, f64::from(budget.left));
            gauges.add(Metric::RateLimit, labels, f64::from(budget.requests));
        }
        let open = self.tenants();
        let overview = self.scraped.overview(&self.store, &self.tasks).await;
        let readable = if overview.is_ok() { 1.0 } else { 0.0 };
        gauges.add(Metric::StoreReadable, [], readable);
        match overview {
            Ok(overview) => {
                let plan = self.plan();
                let known = |tenant: &TenantName| plan.tenants.contains_key(tenant.as_str());
                let planned = plan.tenants.len();
                let phases = phases(&overview, known);
                stand(&mut gauges, &overview, &phases, planned, self.clock.now());
                accounts(&mut gauges, &open, &phases, self.clock.now());
            }
            Err(error) => warn!(%error, "Metrics are shown without what is in the store."),
        }
        self.metrics().text(gauges)
    }

    /// When a request of each account last succeeded, and which rest, of the tenants that are on.
    ///
    /// # Errors
    /// When the store cannot say which are on.
    pub async fn connections_health(&self) -> store::Result<Vec<TenantHealth>> {
        let rows = self.store.tenants().await?;
        let on: HashMap<TenantName, Option<Timestamp>> = rows
            .into_iter()
            .filter(|row| row.phase == Phase::On)
            .map(|row| (row.tenant, row.since))
            .collect();
        let mut all: Vec<TenantHealth> = self
            .tenants()
            .into_iter()
            .filter_map(|tenant| {
                let since = on.get(tenant.name())?.unwrap_or_default();
                Some(TenantHealth {
                    tenant: tenant.name().clone(),
                    from: since.max(self.scraped.started),
                    connections: tenant.connections_health(),
                })
            })
            .collect();
        all.sort_by(|one, other| one.tenant.cmp(&other.tenant));
        Ok(all)
    }

    /// Writes something that changes nothing, and says why that cannot be done within `limit` of the machine's time.
    ///
    /// # Errors
    /// Why the store cannot be written.
    pub async fn probe_store(&self, limit: Duration) -> Result<(), Unwritable> {
        match tokio::time::timeout(limit, self.store.probe()).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Unwritable::Slow(limit)),
        }
    }
}

/// Seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "a ten-thousandth of a second is enough for people"
)]
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.ticks() as f64 / 10_000_000.0
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

/// The phases of the tenants that are in the plan. One that was never seen is not among them.
fn phases(overview: &Overview, known: impl Fn(&TenantName) -> bool) -> HashMap<&TenantName, Phase> {
    let all = overview.phases.iter().map(|(name, phase)| (name, *phase));
    all.filter(|(name, _)| known(name)).collect()
}

/// How records, writes and requirements stand. What is left of tenants that are no longer in the plan is not shown.
fn stand(
    gauges: &mut Gauges,
    overview: &Overview,
    phases: &HashMap<&TenantName, Phase>,
    planned: usize,
    now: Timestamp,
) {
    for phase in Phase::ALL {
        let tenants = phases.values().filter(|of| *of == phase).count() as u64;
        gauges.add(Metric::Tenants, [phase.as_str()], count(tenants));
    }
    // A tenant that was never turned on has no row.
    let unseen = planned.saturating_sub(phases.len()) as u64;
    gauges.add(Metric::Tenants, [Phase::Off.as_str()], count(unseen));
    let is_on = |tenant: &TenantName| phases.get(tenant) == Some(&Phase::On);
    let of_plan = |standing: &&Standing| phases.contains_key(&standing.tenant);
    for standing in overview.records.iter().filter(of_plan) {
        let pipeline = standing.pipeline.as_str();
        let labels = [pipeline, standing.state.as_str()];
        gauges.add(Metric::RecordsStanding, labels, count(standing.records));
        let age = match standing.state {
            RecordState::Ready | RecordState::Waiting if is_on(&standing.tenant) => {
                now.since(standing.oldest)
            }
            RecordState::Ready
            | RecordState::Waiting
            | RecordState::Held
            | RecordState::Dead
            | RecordState::Done => Duration::ZERO,
        };
        gauges.at_least(Metric::OldestPending, [pipeline], age.as_secs_f64());
    }
    let mut causes: HashMap<&str, u64> = HashMap::new();
    let dead = overview.dead.iter();
    for (_, cause, records) in dead.filter(|(tenant, ..)| phases.contains_key(tenant)) {
        *causes.entry(cause).or_default() += records;
    }
    for (cause, records) in told_apart(causes) {
        gauges.add(Metric::DeadRecords, [&cause], count(records));
    }
    let unknown = overview.unknown.iter();
    let unknown = unknown.filter(|(tenant, _)| phases.contains_key(tenant));
    let unknown = unknown.map(|(_, intents)| intents).sum();
    gauges.add(Metric::UnknownOutcomes, [], count(unknown));
    let closed: HashSet<_> = overview.closed.iter().collect();
    for (_, requirement) in closed.iter().filter(|(tenant, _)| is_on(tenant)) {
        gauges.add(Metric::RequirementsClosed, [requirement], 1.0);
    }
}

/// The most frequent causes, each shortened; the rest as `other`.
fn told_apart(causes: HashMap<&str, u64>) -> Vec<(String, u64)> {
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|(one, few), (other, many)| many.cmp(few).then(one.cmp(other)));
    let rest: u64 = causes.iter().skip(CAUSES).map(|(_, records)| records).sum();
    let first = causes.iter().take(CAUSES);
    let mut shown: Vec<(String, u64)> = first
        .map(|(cause, records)| (cause.chars().take(CAUSE_LENGTH).collect(), *records))
        .collect();
    if rest > 0 {
        shown.push(("other".to_owned(), rest));
    }
    shown
}

/// How accounts and sources stand, of tenants that are on.
fn accounts(
    gauges: &mut Gauges,
    open: &[Arc<TenantRun>],
    phases: &HashMap<&TenantName, Phase>,
    now: Timestamp,
) {
    let is_on = |tenant: &&Arc<TenantRun>| phases.get(tenant.name()) == Some(&Phase::On);
    for tenant in open.iter().filter(is_on) {
        for health in tenant.connections_health() {
            let connector = health.connector.as_str();
            gauges.add(Metric::Accounts, [connector], 1.0);
            if let Some(pause) = health.pause {
                let labels = [connector, pause.reason.name()];
                gauges.add(Metric::AccountsPaused, labels, 1.0);
            }
        }
        for (source, age) in tenant.source_ages(now) {
            gauges.at_least(Metric::CursorAge, [source], age.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_beyond_the_most_frequent_are_one() {
        let names: Vec<String> = (0..60).map(|number| format!("cause {number:02}")).collect();
        let mut causes: HashMap<&str, u64> = names.iter().map(|name| (&**name, 1)).collect();
        causes.insert("frequent", 7);
        let long = "x".repeat(200);
        causes.insert(&long, 3);
        let shown = told_apart(causes);
        assert_eq!(shown.len(), CAUSES + 1);
        assert_eq!(shown[0], ("frequent".to_owned(), 7));
        assert_eq!(shown[1], ("x".repeat(CAUSE_LENGTH), 3));
        assert_eq!(shown.last().unwrap(), &("other".to_owned(), 12));
    }
}
