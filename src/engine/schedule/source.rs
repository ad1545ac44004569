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

    /// The same source as another plan has it. When it is read next stays, unless what starts it is another thing.
    pub(super) fn under(&self, pipeline: Arc<Pipeline>, now: Timestamp) -> Self {
        let when = |pipeline: &Pipeline| {
            let trigger = pipeline.trigger.as_ref();
            trigger.map(|trigger| (trigger.every, trigger.cron.clone()))
        };
        let mut source = Self {
            next: self.next,
            started: self.started,
            running: self.running,
            failures: self.failures,
            pipeline,
        };
        if self.running == Running::No && when(&self.pipeline) != when(&source.pipeline) {
            source.next = source.after_pass(now);
        }
        source
    }

    /// The pipeline whose records it brings: a signal names another's.
    pub(super) fn owner(&self) -> &str {
        match &self.pipeline.names {
            Some(owner) => owner,
            None => &self.pipeline.name,
        }
    }

    /// A person or program asks for a pass now. One that runs is followed by another.
    pub(super) fn asked(&mut self, now: Timestamp) {
        self.next = Some(now);
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
