//! The registry, and the meters that the parts of the engine count with. Counting is an atomic addition; a family is
//! looked up when a meter is made, not when it counts.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::gauges::Gauges;
use super::names::{Metric, OUTCOMES, PASS_ENDS, Unit};

/// What kind of text [`Metrics::text`] is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Label values of a family, each with the name of its label.
type Labels<const N: usize> = [(&'static str, Arc<str>); N];

type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// From a millisecond to a minute: requests, commits, answers.
const SHORT: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];
/// From a fraction of a second to days: what people wait for.
const LONG: &[f64] = &[
    0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0,
    86400.0, 604_800.0,
];

/// Makes the histograms of a family.
#[derive(Clone, Copy, Debug)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

fn histogram(buckets: &'static [f64]) -> Histogram {
    Buckets(buckets).new_metric()
}

/// Adds a metric under its name.
pub(super) fn register(
    registry: &mut Registry,
    metric: Metric,
    is: impl prometheus_client::registry::Metric,
) {
    use prometheus_client::registry::Unit as Known;
    match metric.unit() {
        Unit::Count => registry.register(metric.stem(), metric.help(), is),
        Unit::Seconds => {
            registry.register_with_unit(metric.stem(), metric.help(), Known::Seconds, is);
        }
        Unit::Bytes => registry.register_with_unit(metric.stem(), metric.help(), Known::Bytes, is),
    }
}

fn labels<const N: usize>(metric: Metric, values: [Arc<str>; N]) -> Labels<N> {
    let mut names = metric.labels().iter();
    values.map(|value| (names.next().copied().unwrap_or_default(), value))
}

/// Everything that is counted in one process. Made by whoever puts the parts together, and handed to them.
pub struct Metrics {
    registry: Registry,
    pipelines: RwLock<HashMap<Arc<str>, Arc<PipelineMeter>>>,
    connectors: RwLock<HashMap<Arc<str>, Arc<HttpMeter>>>,
    families: Families,
    hooks: HookMeter,
}

/// Families whose members are made one by one.
struct Families {
    records: Counters<2>,
    sync_lag: Histograms<1>,
    attempts: Histograms<1>,
    passes: Counters<2>,
    pass_durations: Histograms<1>,
    pages: Counters<1>,
    rows: Counters<1>,
    taken: Counters<1>,
    http: Histograms<4>,
    writes: [(&'static str, Counter); 3],
    echo: Counter,
    lost: Counter,
    settled: Counter,
    pass_delay: Histogram,
    generation: Gauge,
    reload_success: Gauge,
    reload_time: Gauge<f64, AtomicU64>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    /// Counts what nobody reads.
    fn default() -> Self {
        Self::new(&StoreMeter::default())
    }
}

impl Metrics {
    /// A registry with everything that is counted, the store's own counts among it.
    pub fn new(store: &StoreMeter) -> Self {
        let writes = Counters::<1>::default();
        // All are there from the first on: a rate is right only where 0 was seen before.
        let kinds = ["created", "updated", "adopted"].map(|kind| {
            let labels = labels(Metric::Writes, [kind.into()]);
            (kind, writes.get_or_create_owned(&labels))
        });
        let long = || Family::new_with_constructor(Buckets(LONG));
        let families = Families {
            records: Family::default(),
            sync_lag: long(),
            attempts: Family::new_with_constructor(Buckets(SHORT)),
            passes: Family::default(),
            pass_durations: long(),
            pages: Family::default(),
            rows: Family::default(),
            taken: Family::default(),
            http: Family::new_with_constructor(Buckets(SHORT)),
            writes: kinds,
            echo: Counter::default(),
            lost: Counter::default(),
            settled: Counter::default(),
            pass_delay: histogram(LONG),
            generation: Gauge::default(),
            reload_success: Gauge::default(),
            reload_time: Gauge::default(),
        };
        let hooks = Family::new_with_constructor(Buckets(SHORT));
        let mut registry = Registry::default();
        let all = &mut registry;
        register(all, Metric::Records, families.records.clone());
        register(all, Metric::SyncLag, families.sync_lag.clone());
        register(all, Metric::Attempt, families.attempts.clone());
        register(all, Metric::EchoSuppressed, families.echo.clone());
        register(all, Metric::Writes, writes);
        register(all, Metric::RepliesLost, families.lost.clone());
        register(all, Metric::Settled, families.settled.clone());
        register(all, Metric::Passes, families.passes.clone());
        register(all, Metric::PassDuration, families.pass_durations.clone());
        register(all, Metric::PassDelay, families.pass_delay.clone());
        register(all, Metric::PagesRead, families.pages.clone());
        register(all, Metric::RowsRead, families.rows.clone());
        register(all, Metric::RowsTaken, families.taken.clone());
        register(all, Metric::HttpDuration, families.http.clone());
        register(all, Metric::HookDuration, hooks.clone());
        register(all, Metric::StoreCommit, store.commits.clone());
        register(all, Metric::StoreCommands, store.commands.clone());
        register(all, Metric::StoreFailures, store.failures.clone());
        register(all, Metric::ConfigGeneration, families.generation.clone());
        let success = families.reload_success.clone();
        register(all, Metric::ConfigLastReloadSuccess, success);
        register(
            all,
            Metric::ConfigLastReloadTime,
            families.reload_time.clone(),
        );
        Self {
            registry,
            pipelines: RwLock::default(),
            connectors: RwLock::default(),
            families,
            hooks: HookMeter(hooks),
        }
    }

    /// Everything in the OpenMetrics text format, with numbers that were read just now.
    ///
    /// # Panics
    /// Never: a `String` takes any text.
    pub fn text(&self, now: Gauges) -> String {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)
            .and_then(|()| encode_registry(&mut text, &now.into_registry()))
            .and_then(|()| encode_eof(&mut text))
            .expect("a String takes any text");
        text
    }

    /// The meter of a pipeline, or of a signal, over all tenants.
    pub fn pipeline(&self, name: &str) -> Arc<PipelineMeter> {
        one_of(&self.pipelines, name, |name| {
            PipelineMeter::new(&self.families, name)
        })
    }

    /// The meter of the requests of a connector, over all tenants.
    pub fn http(&self, connector: &str) -> Arc<HttpMeter> {
        one_of(&self.connectors, connector, |connector| HttpMeter {
            connector,
            family: self.families.http.clone(),
            known: Default::default(),
        })
    }

    /// The meter of webhooks.
    pub fn hooks(&self) -> &HookMeter {
        &self.hooks
    }

    /// A confirmed write: `created`, `updated` or `adopted`.
    pub fn wrote(&self, kind: &str) {
        let mut kinds = self.families.writes.iter();
        if let Some((_, writes)) = kinds.find(|(known, _)| *known == kind) {
            writes.inc();
        }
    }

    /// A write whose outcome is unknown.
    pub fn reply_lost(&self) {
        self.families.lost.inc();
    }

    /// An unknown outcome that is known now.
    pub fn settled(&self) {
        self.families.settled.inc();
    }

    /// How late a pass started.
    pub fn pass_started_late(&self, by: Duration) {
        self.families.pass_delay.observe(by.as_secs_f64());
    }

    /// A configuration was taken into use: the first is generation 1. `at` is in seconds since 1970.
    pub fn config_taken(&self, generation: u64, at: f64) {
        let generation = i64::try_from(generation).unwrap_or(i64::MAX);
        self.families.generation.set(generation);
        self.families.reload_success.set(1);
        self.families.reload_time.set(at);
    }

    /// A configuration was read and refused; the one before stays in use.
    pub fn config_refused(&self) {
        self.families.reload_success.set(0);
    }
}

/// The meter with this name, made at its first use.
fn one_of<M>(
    all: &RwLock<HashMap<Arc<str>, Arc<M>>>,
    name: &str,
    make: impl FnOnce(Arc<str>) -> M,
) -> Arc<M> {
    let known = all.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(meter) = known.get(name) {
        return meter.clone();
    }
    drop(known);
    let mut known = all.write().unwrap_or_else(PoisonError::into_inner);
    let name: Arc<str> = name.into();
    let meter = known.entry(name.clone());
    meter.or_insert_with(|| Arc::new(make(name))).clone()
}

/// Counts what happens to the records of a pipeline.
#[derive(Debug)]
pub struct PipelineMeter {
    ends: [Counter; OUTCOMES.len()],
    echo: Counter,
    lag: Histogram,
    attempts: Histogram,
    pages: Counter,
    rows: Counter,
    taken: Counter,
    passes: [Counter; PASS_ENDS.len()],
    pass_durations: Histogram,
}

impl PipelineMeter {
    fn new(families: &Families, name: Arc<str>) -> Self {
        let one = |metric| labels(metric, [name.clone()]);
        Self {
            ends: OUTCOMES.map(|outcome| {
                let labels = labels(Metric::Records, [name.clone(), outcome.into()]);
                families.records.get_or_create_owned(&labels)
            }),
            echo: families.echo.clone(),
            lag: families.sync_lag.get_or_create_owned(&one(Metric::SyncLag)),
            attempts: families.attempts.get_or_create_owned(&one(Metric::Attempt)),
            pages: families.pages.get_or_create_owned(&one(Metric::PagesRead)),
            rows: families.rows.get_or_create_owned(&one(Metric::RowsRead)),
            taken: families.taken.get_or_create_owned(&one(Metric::RowsTaken)),
            passes: PASS_ENDS.map(|end| {
                let labels = labels(Metric::Passes, [name.clone(), end.into()]);
                families.passes.get_or_create_owned(&labels)
            }),
            pass_durations: families
                .pass_durations
                .get_or_create_owned(&one(Metric::PassDuration)),
        }
    }

    /// An attempt ended with one of [`OUTCOMES`].
    pub fn ended(&self, outcome: &str) {
        let known = OUTCOMES.iter().position(|known| *known == outcome);
        if let Some(counter) = known.and_then(|at| self.ends.get(at)) {
            counter.inc();
        }
        if outcome == "echo" {
            self.echo.inc();
        }
    }

    /// How long an attempt took.
    pub fn attempted(&self, took: Duration) {
        self.attempts.observe(took.as_secs_f64());
    }

    /// How long after its change a record was written.
    pub fn written_after(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// A page was read: rows on it, and those that were new or newer.
    pub fn page(&self, rows: u64, taken: u64) {
        self.pages.inc();
        self.rows.inc_by(rows);
        self.taken.inc_by(taken);
    }

    /// A pass over the source ended with one of [`PASS_ENDS`].
    pub fn passed(&self, end: &str, took: Duration) {
        let known = PASS_ENDS.iter().position(|known| *known == end);
        if let Some(counter) = known.and_then(|at| self.passes.get(at)) {
            counter.inc();
        }
        self.pass_durations.observe(took.as_secs_f64());
    }
}

/// What is asked of a connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpEndpoint {
    /// Its API.
    Api,
    /// Its token endpoint.
    Token,
    /// A file.
    File,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpClass {
    /// With a good reply.
    Ok,
    /// Too many requests.
    Throttled,
    /// A failure that may pass.
    Transient,
    /// The credentials were refused.
    Unauthorized,
    /// The content was refused.
    Rejected,
    /// There is no such thing.
    Missing,
    /// It was done already.
    Done,
    /// No connection.
    NoConnection,
    /// No reply in time.
    Timeout,
    /// The connection broke.
    Broken,
    /// The reply was too long.
    TooLong,
}

/// The method of a request, as far as it is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// Any other.
    Other,
}

impl HttpEndpoint {
    const COUNT: usize = 3;

    fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Token => "token",
            Self::File => "file",
        }
    }
}

impl HttpClass {
    const COUNT: usize = 11;

    /// As metrics and logs name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::Missing => "missing",
            Self::Done => "done",
            Self::NoConnection => "no_connection",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::TooLong => "too_long",
        }
    }
}

impl HttpMethod {
    const COUNT: usize = 6;

    /// Which one a method is.
    pub fn of(method: &str) -> Self {
        match method {
            "GET" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "other",
        }
    }
}

type ByClass = [OnceLock<Histogram>; HttpClass::COUNT];

/// Counts the requests of a connector.
#[derive(Debug)]
pub struct HttpMeter {
    connector: Arc<str>,
    family: Histograms<4>,
    known: [[ByClass; HttpMethod::COUNT]; HttpEndpoint::COUNT],
}

impl HttpMeter {
    /// A request ended.
    pub fn observe(
        &self,
        endpoint: HttpEndpoint,
        method: HttpMethod,
        class: HttpClass,
        took: Duration,
    ) {
        let known = &self.known[endpoint as usize][method as usize][class as usize];
        let histogram = known.get_or_init(|| {
            let values = [
                self.connector.clone(),
                endpoint.as_str().into(),
                method.as_str().into(),
                class.as_str().into(),
            ];
            let labels = labels(Metric::HttpDuration, values);
            self.family.get_or_create_owned(&labels)
        });
        histogram.observe(took.as_secs_f64());
    }
}

/// Counts webhooks.
#[derive(Debug)]
pub struct HookMeter(Histograms<1>);

impl HookMeter {
    /// A delivery was answered.
    pub fn answered(&self, fate: &'static str, took: Duration) {
        let labels = labels(Metric::HookDuration, [fate.into()]);
        self.0.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// Counts the commits of a store. Clones count together.
#[derive(Clone, Debug)]
pub struct StoreMeter {
    commits: Histogram,
    commands: Counter,
    failures: Counter,
}

impl Default for StoreMeter {
    fn default() -> Self {
        Self {
            commits: histogram(SHORT),
            commands: Counter::default(),
            failures: Counter::default(),
        }
    }
}

impl StoreMeter {
    /// A commit of so many commands was made.
    pub fn committed(&self, commands: usize, took: Duration) {
        self.commits.observe(took.as_secs_f64());
        self.commands.inc_by(commands as u64);
    }

    /// A commit failed.
    pub fn failed(&self) {
        self.failures.inc();
    }
}
