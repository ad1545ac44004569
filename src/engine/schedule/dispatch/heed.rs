//! Another plan, pauses, and reads that are asked for, taken up while the loop runs.

use super::{Dispatch, MOST, PER_CONNECTION};
use crate::engine::record::PipelineName;
use crate::engine::schedule::source::{Running, Source};
use crate::engine::store;

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
            self.take_sources();
        }
        if let Some(paused) = asked.paused {
            self.paused = paused;
        }
        for name in &asked.read {
            self.read_now(name.as_str());
        }
        if looks {
            self.look_at_gates().await?;
            let open = &self.open;
            let known = &mut self.known;
            self.window.retain(|taken| {
                let id = &taken.row.id;
                let stays = open.contains(&id.pipeline);
                if !stays {
                    known.remove(&(id.pipeline.clone(), id.key.clone()));
                }
                stays
            });
            self.again();
        }
        Ok(())
    }

    /// The sources of the present plan. One that is being read goes on being read; when the others are read next stays.
    pub(super) fn take_sources(&mut self) {
        let before = std::mem::take(&mut self.sources);
        let now = self.tenant.now();
        let only = &self.only;
        self.sources = self
            .tenant
            .pipelines()
            .filter(|pipeline| {
                let is_it = |name: &PipelineName| name.as_str() == &*pipeline.name;
                only.as_ref().is_none_or(|only| only.iter().any(is_it))
            })
            .flat_map(|pipeline| std::iter::once(pipeline).chain(&pipeline.signals))
            .map(|pipeline| {
                let known = before
                    .iter()
                    .find(|source| source.pipeline.name == pipeline.name);
                match known {
                    Some(known) => known.under(pipeline.clone(), now),
                    None => Source::new(pipeline.clone(), now),
                }
            })
            .collect();
        self.slots = (self.tenant.wire_slots() * PER_CONNECTION).clamp(8, MOST);
        let names: Vec<&str> = self
            .sources
            .iter()
            .map(|source| &*source.pipeline.name)
            .collect();
        self.control.board().keep(&names);
        for source in &self.sources {
            if source.running == Running::No {
                self.control
                    .board()
                    .next(&source.pipeline.name, source.next);
            }
        }
    }

    /// Reads a source now, or once more when the present pass has ended.
    fn read_now(&mut self, name: &str) {
        let now = self.tenant.now();
        for source in &mut self.sources {
            if &*source.pipeline.name == name {
                source.asked(now);
            }
        }
    }
}
