//! A pipeline's source, or one of its signals, as the dispatcher sees it.

use std::collections::HashMap;
use std::sync::Arc;

use super::agenda::{Agenda, Entry};
use super::dispatch::Mode;
use super::timing::{Rhythm, offset};
use crate::engine::clock::Timestamp;
use crate::engine::record::PipelineName;
use crate::engine::run::TenantRun;
use crate::engine::store::{self, Met, Store as _};
use crate::lang::plan::{IfRunning, Missed, Pipeline};

/// A pipeline's source, or one of its signals.
pub(super) struct Source {
    pub(super) pipeline: Arc<Pipeline>,
    /// Passes in a row that could not be made.
    pub(super) failures: u32,
}

impl Source {
    /// The sources of pipelines, each with its signals.
    pub(super) fn of(pipelines: &[Arc<Pipeline>]) -> Vec<Self> {
        let sources = pipelines
            .iter()
            .flat_map(|pipeline| std::iter::once(pipeline).chain(&pipeline.signals));
        sources
            .map(|pipeline| Self {
                pipeline: pipeline.clone(),
                failures: 0,
            })
            .collect()
    }

    fn name(&self) -> PipelineName {
        PipelineName::from(&*self.pipeline.name)
    }

    fn entry(&self, tenant: &TenantRun, rhythm: Rhythm) -> Entry {
        let trigger = self.pipeline.trigger.as_ref();
        Entry {
            offset: offset(tenant.name(), &self.pipeline.name, &rhythm, tenant.among()),
            rhythm,
            if_running: trigger.map_or(IfRunning::default(), |trigger| trigger.if_running),
            missed: trigger.map_or(Missed::default(), |trigger| trigger.missed),
            met: None,
        }
    }
}

/// When the sources of a tenant are read. A single run reads each at once; otherwise their triggers say when, and
/// those that run by hand alone are read when the run names their pipelines.
pub(super) async fn agenda(
    tenant: &TenantRun,
    sources: &[Source],
    mode: Mode,
    named: Option<&[PipelineName]>,
) -> store::Result<Agenda> {
    let now = tenant.clock().wall();
    let mut entries = Vec::with_capacity(sources.len());
    let mut asked = Vec::new();
    let mut known: Option<HashMap<PipelineName, Timestamp>> = None;
    for (index, source) in sources.iter().enumerate() {
        let rhythm = match mode {
            Mode::Once => Rhythm::ByHand,
            Mode::Forever => Rhythm::of(&source.pipeline),
        };
        if matches!(rhythm, Rhythm::ByHand) && (mode == Mode::Once || named.is_some()) {
            asked.push(index);
        }
        let mut entry = source.entry(tenant, rhythm);
        if entry.is_remembered() {
            let met = match &mut known {
                Some(known) => known,
                none => none.insert(met(tenant).await?),
            };
            // A line that is seen for the first time has missed nothing so far.
            entry.met = met.get(&source.name()).copied();
            if entry.met.is_none() {
                remember(tenant, source, Some(now)).await?;
            }
        }
        entries.push(entry);
    }
    let mut agenda = Agenda::new(entries, now);
    for index in asked {
        agenda.ask(index);
    }
    Ok(agenda)
}

async fn met(tenant: &TenantRun) -> store::Result<HashMap<PipelineName, Timestamp>> {
    let met = tenant.store().met(tenant.name()).await?;
    Ok(met
        .into_iter()
        .map(|met| (met.pipeline, met.until))
        .collect())
}

/// Remembers up to when the `cron` times of a source were met.
pub(super) async fn remember(
    tenant: &TenantRun,
    source: &Source,
    met: Option<Timestamp>,
) -> store::Result<()> {
    let Some(until) = met else {
        return Ok(());
    };
    let met = Met {
        tenant: tenant.name().clone(),
        pipeline: source.name(),
        until,
    };
    tenant.store().meet(met).await
}
