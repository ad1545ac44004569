//! What has happened so far, counted for people: the live view, the summary of a run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::coverage::Coverage;
use super::crowd::Crowd;
use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::store::{Outcome, Taken};
use crate::engine::telemetry::Metrics;

/// Counts of everything that happened since the engine started.
#[derive(Debug, Default)]
pub struct Progress {
    pages: AtomicU64,
    fetched: AtomicU64,
    new: AtomicU64,
    requests: AtomicU64,
    created: AtomicU64,
    updated: AtomicU64,
    adopted: AtomicU64,
    written: AtomicU64,
    unchanged: AtomicU64,
    echo: AtomicU64,
    skipped: AtomicU64,
    held: AtomicU64,
    retry: AtomicU64,
    dead: AtomicU64,
    unknown: AtomicU64,
    settled: AtomicU64,
    coverage: Option<Mutex<Coverage>>,
    /// Who runs.
    pub(crate) crowd: Crowd,
    metrics: Arc<Metrics>,
    /// When sources were last read to their end.
    read: Mutex<HashMap<(TenantName, PipelineName), Timestamp>>,
}

/// The counts at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Pages read.
    pub pages: u64,
    /// Rows on them.
    pub fetched: u64,
    /// Rows that were new or newer.
    pub new: u64,
    /// Requests sent for records.
    pub requests: u64,
    /// Things made on the other side.
    pub created: u64,
    /// Things changed there.
    pub updated: u64,
    /// Things found there and linked.
    pub adopted: u64,
    /// Attempts by outcome.
    pub written: u64,
    /// Attempts that led to no write.
    pub unchanged: u64,
    /// Attempts that met our own writing.
    pub echo: u64,
    /// Attempts that a `skip` ended.
    pub skipped: u64,
    /// Attempts that a `hold` ended.
    pub held: u64,
    /// Attempts to be tried again.
    pub retry: u64,
    /// Records given up.
    pub dead: u64,
    /// Requests whose outcome was unknown.
    pub unknown: u64,
    /// Unknown outcomes that were settled.
    pub settled: u64,
}

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tick {
    Request,
    Created,
    Updated,
    Adopted,
    Unknown,
    Settled,
}

impl Progress {
    /// One that also notes which parts of the plan were met.
    pub fn noting() -> Self {
        Self {
            coverage: Some(Mutex::default()),
            ..Self::default()
        }
    }

    /// One whose counts are also shown to operators.
    pub fn counted_by(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            ..Self::default()
        }
    }

    /// What operators see of it.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// A source was read to its end.
    pub(crate) fn source_read(&self, tenant: &TenantName, source: &str, at: Timestamp) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert((tenant.clone(), PipelineName::from(source)), at);
    }

    /// When a source was last read to its end, if it was since the engine started.
    pub(crate) fn last_read(&self, tenant: &TenantName, source: &str) -> Option<Timestamp> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(&(tenant.clone(), PipelineName::from(source)))
            .copied()
    }

    /// Notes something that was met, where that is asked for.
    pub(crate) fn met(&self, note: impl FnOnce(&mut Coverage)) {
        if let Some(coverage) = &self.coverage {
            note(&mut coverage.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// What was met so far.
    pub fn coverage(&self) -> Coverage {
        let mut met = Coverage::default();
        self.met(|coverage| met = coverage.clone());
        met
    }

    pub(crate) fn page(&self, source: &str, rows: u64, taken: Taken) {
        let pipeline = self.metrics.pipeline(source);
        pipeline.page(rows, taken.new + taken.newer);
        add(&self.pages, 1);
        add(&self.fetched, rows);
        add(&self.new, taken.new + taken.newer);
    }

    pub(crate) fn tick(&self, tick: Tick) {
        let counter = match tick {
            Tick::Request => &self.requests,
            Tick::Created => &self.created,
            Tick::Updated => &self.updated,
            Tick::Adopted => &self.adopted,
            Tick::Unknown => &self.unknown,
            Tick::Settled => &self.settled,
        };
        add(counter, 1);
        match tick {
            Tick::Request => {}
            Tick::Created => self.metrics.wrote("created"),
            Tick::Updated => self.metrics.wrote("updated"),
            Tick::Adopted => self.metrics.wrote("adopted"),
            Tick::Unknown => self.metrics.reply_lost(),
            Tick::Settled => self.metrics.settled(),
        }
    }

    pub(crate) fn outcome(&self, pipeline: &str, outcome: Outcome) {
        self.metrics.pipeline(pipeline).ended(outcome.as_str());
        let counter = match outcome {
            Outcome::Written => &self.written,
            Outcome::Unchanged => &self.unchanged,
            Outcome::Echo => &self.echo,
            Outcome::Skipped => &self.skipped,
            Outcome::Held => &self.held,
            Outcome::Retry => &self.retry,
            Outcome::Dead => &self.dead,
        };
        add(counter, 1);
    }

    /// The counts as they stand.
    pub fn counters(&self) -> Counters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            pages: get(&self.pages),
            fetched: get(&self.fetched),
            new: get(&self.new),
            requests: get(&self.requests),
            created: get(&self.created),
            updated: get(&self.updated),
            adopted: get(&self.adopted),
            written: get(&self.written),
            unchanged: get(&self.unchanged),
            echo: get(&self.echo),
            skipped: get(&self.skipped),
            held: get(&self.held),
            retry: get(&self.retry),
            dead: get(&self.dead),
            unknown: get(&self.unknown),
            settled: get(&self.settled),
        }
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::telemetry::names::OUTCOMES;

    #[test]
    fn metrics_name_every_outcome() {
        let words: Vec<&str> = Outcome::ALL
            .iter()
            .map(|outcome| outcome.as_str())
            .collect();
        assert_eq!(words, OUTCOMES);
    }
}
