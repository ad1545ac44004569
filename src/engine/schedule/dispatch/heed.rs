//! Another plan, pauses, and reads that are asked for, taken up while the loop runs.

use super::{Dispatch, MOST, PER_CONNECTION};
use crate::engine::record::PipelineName;
use crate::engine::run::Want;
use crate::engine::schedule::agenda::Paused as Halted;
use crate::engine::schedule::source::{self, Source};
use crate::engine::store::{self, Store as _};

impl Dispatch {
    /// Takes up what was asked since the last look.
    pub(super) async fn heed(&mut self) -> store::Result<()> {
        let asked = self.control.take();
        let looks = asked.tenant.is_some() || asked.paused.is_some();
        if let Some(tenant) = asked.tenant {
            // What is read ahead is of no plan; what the old one still works keeps its roots (S19, S28).
            self.tenant = tenant;
            self.reading.cancel();
            self.reading = self.stop.child_token();
            self.take_sources().await?;
            // What was held may be wanted otherwise by the settings of the new plan (S33).
            self.tenant.store().look_again(self.tenant.name()).await?;
        }
        if let Some(paused) = asked.paused {
            self.paused = paused;
            self.pause_sources();
        }
        for name in &asked.read {
            self.read_now(name.as_str());
        }
        if looks {
            self.look_at_gates(Want::Watch).await?;
            self.again();
        }
        Ok(())
    }

    /// The sources of the present plan. One that is being read goes on being read; when the others are read next stays.
    pub(super) async fn take_sources(&mut self) -> store::Result<()> {
        let before = std::mem::take(&mut self.sources);
        let only = self.only.as_deref();
        let mut places = Vec::new();
        let pipelines = self.tenant.pipelines().filter(|pipeline| {
            let is_it = |name: &PipelineName| name.as_str() == &*pipeline.name;
            only.is_none_or(|only| only.iter().any(is_it))
        });
        self.sources = pipelines
            .flat_map(|pipeline| std::iter::once(pipeline).chain(&pipeline.signals))
            .map(|pipeline| {
                let place = before
                    .iter()
                    .position(|source| source.pipeline.name == pipeline.name);
                places.push(place);
                match place {
                    Some(place) => before[place].under(pipeline.clone()),
                    None => Source::new(pipeline.clone(), self.tenant.now()),
                }
            })
            .collect();
        let known: Vec<_> = self.sources.iter().zip(places).collect();
        source::enter(&self.tenant, &known, self.mode, only, &mut self.agenda).await?;
        self.pause_sources();
        self.slots = (self.tenant.wire_slots() * PER_CONNECTION).clamp(8, MOST);
        let names: Vec<&str> = self
            .sources
            .iter()
            .map(|source| &*source.pipeline.name)
            .collect();
        self.control.board().keep(&names);
        let wall = self.tenant.clock().wall();
        for (index, name) in names.iter().enumerate() {
            if !self.agenda.is_running(index) {
                let next = self.agenda.next_of(index, wall);
                self.control.board().next(name, next);
            }
        }
        Ok(())
    }

    fn pause_sources(&mut self) {
        let wall = self.tenant.clock().wall();
        for (index, source) in self.sources.iter().enumerate() {
            let paused = if self.paused.has(source.owner()) {
                Halted::Yes
            } else {
                Halted::No
            };
            self.agenda.pause(index, paused, wall);
        }
    }

    /// Reads a source now, or once more when the present pass has ended.
    fn read_now(&mut self, name: &str) {
        for (index, source) in self.sources.iter().enumerate() {
            if &*source.pipeline.name == name {
                self.agenda.ask(index);
            }
        }
    }
}
