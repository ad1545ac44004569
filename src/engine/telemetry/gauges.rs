//! Numbers that are read from the state when somebody asks, and kept by nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Process;
use super::meters::register;
use super::names::{Kind, Metric};

/// Numbers as they stand now, by metric and the values of its labels.
#[derive(Clone, Debug, Default)]
pub struct Gauges(BTreeMap<Metric, BTreeMap<Vec<Arc<str>>, f64>>);

type Labels = Vec<(&'static str, Arc<str>)>;

impl Gauges {
    /// Adds to a number, which begins at 0. Label values stand in the order of [`Metric::labels`].
    pub fn add<const N: usize>(&mut self, metric: Metric, labels: [&str; N], number: f64) {
        *self.at(metric, labels) += number;
    }

    /// Raises a number to at least this.
    pub fn at_least<const N: usize>(&mut self, metric: Metric, labels: [&str; N], number: f64) {
        let known = self.at(metric, labels);
        *known = known.max(number);
    }

    /// What the system knows of the process.
    pub fn process(&mut self, process: Process) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "bytes and descriptors are far below 2^52"
        )]
        let float = |number: u64| number as f64;
        let known = [
            (Metric::ProcessCpu, process.cpu),
            (Metric::ProcessMemory, process.memory.map(float)),
            (Metric::ProcessFds, process.fds.map(float)),
            (Metric::ProcessMaxFds, process.max_fds.map(float)),
        ];
        for (metric, number) in known {
            if let Some(number) = number {
                self.add(metric, [], number);
            }
        }
    }

    fn at<const N: usize>(&mut self, metric: Metric, labels: [&str; N]) -> &mut f64 {
        debug_assert_eq!(N, metric.labels().len(), "{}", metric.name());
        let labels = labels.iter().map(|value| Arc::from(*value)).collect();
        self.0.entry(metric).or_default().entry(labels).or_default()
    }

    /// A registry that holds these numbers and nothing else.
    pub(super) fn into_registry(self) -> Registry {
        let mut registry = Registry::default();
        for (metric, numbers) in self.0 {
            match metric.kind() {
                // The crate has no family of counters that are set; none of ours has labels.
                Kind::Counter => {
                    let number = numbers.into_values().sum::<f64>();
                    register(&mut registry, metric, ConstCounter::new(number));
                }
                Kind::Gauge | Kind::Histogram => {
                    let family = Family::<Labels, Gauge<f64, AtomicU64>>::default();
                    for (values, number) in numbers {
                        let names = metric.labels().iter().copied();
                        let labels: Labels = names.zip(values).collect();
                        family.get_or_create(&labels).set(number);
                    }
                    register(&mut registry, metric, family);
                }
            }
        }
        registry
    }
}
