//! When a pipeline's source is read next.

use std::sync::Arc;

use super::timing;
use crate::engine::clock::Timestamp;
use crate::lang::plan::Pipeline;

/// A pipeline's source, or one of its signals, and when it is read next.
pub(super) struct Source {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) next: Option<Timestamp>,
    pub(super) started: Timestamp,
    pub(super) running: Running,
    /// Passes in a row that could not be made.
    pub(super) failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Running {
    No,
    Yes,
}

impl Source {
    pub(super) fn new(pipeline: Arc<Pipeline>, now: Timestamp) -> Self {
        Self {
            pipeline,
            next: Some(now),
            started: now,
            running: Running::No,
            failures: 0,
        }
    }

    /// When the next pass starts after one has ended.
    pub(super) fn after_pass(&self, now: Timestamp) -> Option<Timestamp> {
        let trigger = self.pipeline.trigger.as_ref()?;
        let every = trigger
            .every
            .map(|every| timing::next_every(every, self.started).max(now));
        let cron = trigger
            .cron
            .as_ref()
            .and_then(|(line, zone)| timing::next_cron(line, *zone, now));
        every.or(cron)
    }
}
