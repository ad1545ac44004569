//! What has happened so far, counted for people: the live view, the summary of a run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::coverage::Coverage;
use super::crowd::Crowd;
use crate::engine::store::{Outcome, Taken};

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

    pub(crate) fn page(&self, rows: u64, taken: Taken) {
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
    }

    pub(crate) fn outcome(&self, outcome: Outcome) {
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
