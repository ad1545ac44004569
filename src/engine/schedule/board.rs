//! What people see of a tenant's passes: when each source is read next, and how it went lately. In memory only, and of
//! bounded size; what must survive is in the store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::engine::clock::Timestamp;
use crate::engine::record::PipelineName;
use crate::engine::run::{PassEnd, Seen};

/// Passes that are remembered of each source.
const KEPT: usize = 8;

/// The sources of one tenant.
#[derive(Debug, Default)]
pub struct Board(Mutex<BTreeMap<PipelineName, Line>>);

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// When it is read next; none while it is being read, or when only a webhook or a person starts it.
    pub next: Option<Timestamp>,
    /// Since when it is being read.
    pub since: Option<Timestamp>,
    /// The last passes, the latest first.
    pub passes: VecDeque<PassRow>,
}

/// A pass that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRow {
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How.
    pub end: PassEnd,
    /// What it read.
    pub seen: Seen,
}

impl Board {
    /// Every source by name.
    pub fn lines(&self) -> BTreeMap<PipelineName, Line> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// These are the sources from now on.
    pub(super) fn keep(&self, names: &[&str]) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|name, _| names.contains(&name.as_str()));
        for name in names {
            lines.entry(PipelineName::from(*name)).or_default();
        }
    }

    pub(super) fn next(&self, name: &str, next: Option<Timestamp>) {
        self.with(name, |line| line.next = next);
    }

    pub(super) fn began(&self, name: &str, at: Timestamp) {
        self.with(name, |line| {
            line.next = None;
            line.since = Some(at);
        });
    }

    pub(super) fn ended(&self, name: &str, next: Option<Timestamp>, pass: PassRow) {
        self.with(name, |line| {
            line.next = next;
            line.since = None;
            line.passes.truncate(KEPT - 1);
            line.passes.push_front(pass);
        });
    }

    /// A source that is there no more is not noted.
    fn with(&self, name: &str, note: impl FnOnce(&mut Line)) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&PipelineName::from(name)) {
            note(line);
        }
    }
}
