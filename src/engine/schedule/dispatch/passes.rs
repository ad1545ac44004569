//! Passes over sources: started when the agenda says so, and what becomes of them.

use tokio::task::JoinError;
use tracing::{error, warn};

use super::{Dispatch, Mode, Passed, TRIES};
use crate::engine::clock::Timestamp;
use crate::engine::run::{self, PassEnd};
use crate::engine::schedule::agenda::Ended;
use crate::engine::schedule::board::PassRow;
use crate::engine::schedule::source;
use crate::engine::store;

impl Dispatch {
    pub(super) fn start_passes(&mut self) {
        let wall = self.tenant.clock().wall();
        let sources = 0..self.sources.len();
        let due: Vec<Option<Timestamp>> = sources
            .map(|index| self.agenda.next_of(index, wall))
            .collect();
        for index in self.agenda.starts(wall) {
            let source = &mut self.sources[index];
            self.tenant.pass_starts(due[index]);
            source.started = self.tenant.now();
            self.control
                .board()
                .began(&source.pipeline.name, source.started);
            let (tenant, pipeline, reading, stop) = (
                self.tenant.clone(),
                source.pipeline.clone(),
                self.reading.clone(),
                self.stop.clone(),
            );
            self.passes.spawn(async move {
                let end = run::pass(&tenant, &pipeline, &reading).await;
                Passed {
                    source: pipeline.name.clone(),
                    end,
                    seen: tenant.sources.seen(&tenant, &pipeline),
                    replanned: reading.is_cancelled() && !stop.is_cancelled(),
                }
            });
        }
    }

    pub(super) async fn pass_ended(
        &mut self,
        pass: Result<Passed, JoinError>,
    ) -> store::Result<()> {
        let passed = match pass {
            Ok(passed) => passed,
            Err(error) => {
                error!(%error, "A pass ended in a panic.");
                return Ok(());
            }
        };
        if passed.seen.new > 0 {
            self.again();
        }
        let mut names = self.sources.iter().map(|source| &source.pipeline.name);
        // The present plan may have no such source any more.
        let Some(index) = names.position(|name| *name == passed.source) else {
            return Ok(());
        };
        let (now, wall) = (self.tenant.now(), self.tenant.clock().wall());
        let on_the_wall = |at: Timestamp| wall.plus(at.since(now));
        let source = &mut self.sources[index];
        let stalled = &mut self.report.stalled;
        let mut stall = |reason: &str| stalled.push((passed.source.to_string(), reason.to_owned()));
        let ended = match &passed.end {
            PassEnd::Complete => Ended::Read(None),
            PassEnd::Rests(at) => Ended::Read(Some(on_the_wall(*at))),
            PassEnd::Later { reason, .. }
                if self.mode == Mode::Once && source.failures + 1 >= TRIES =>
            {
                stall(reason);
                Ended::Given
            }
            PassEnd::Later { at, .. } => Ended::Again(on_the_wall(*at)),
            // What is left is read under the present plan.
            PassEnd::Cut if passed.replanned => Ended::Again(wall),
            PassEnd::Cut => Ended::Given,
            PassEnd::Stalled(reason) => {
                warn!(pipeline = %passed.source, %reason, "The source cannot be read on.");
                stall(reason);
                Ended::Given
            }
        };
        source.failures = match (&passed.end, ended) {
            (_, Ended::Read(_)) => 0,
            (PassEnd::Later { .. }, _) => source.failures + 1,
            (_, Ended::Again(_) | Ended::Given) => source.failures,
        };
        let row = PassRow {
            started: source.started,
            ended: now,
            end: passed.end,
            seen: passed.seen,
        };
        let met = self.agenda.ended(index, ended, wall);
        let next = self.agenda.next_of(index, wall);
        self.control.board().ended(&passed.source, next, row);
        source::remember(&self.tenant, &self.sources[index], met).await
    }
}
