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
    /// When its last pass began.
    pub(super) started: Timestamp,
    /// Passes in a row that could not be made.
    pub(super) failures: u32,
}

impl Source {
    pub(super) fn new(pipeline: Arc<Pipeline>, now: Timestamp) -> Self {
        Self {
            pipeline,
            started: now,
            failures: 0,
        }
    }

    /// The same source as another plan has it.
    pub(super) fn under(&self, pipeline: Arc<Pipeline>) -> Self {
        Self {
            pipeline,
            started: self.started,
            failures: self.failures,
        }
    }

    /// The pipeline whose records it brings: a signal names another's.
    pub(super) fn owner(&self) -> &str {
        match &self.pipeline.names {
            Some(owner) => owner,
            None => &self.pipeline.name,
        }
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

/// Enters sources into an agenda, each with the place it had there before, if it had one. A single run reads each at
/// once; otherwise their triggers say when, and those that run by hand alone are read when the run names them.
pub(super) async fn enter(
    tenant: &TenantRun,
    sources: &[(&Source, Option<usize>)],
    mode: Mode,
    named: Option<&[PipelineName]>,
    agenda: &mut Agenda,
) -> store::Result<()> {
    let now = tenant.clock().wall();
    let mut entries = Vec::with_capacity(sources.len());
    let mut asked = Vec::new();
    let mut known: Option<HashMap<PipelineName, Timestamp>> = None;
    for (index, (source, place)) in sources.iter().enumerate() {
        let rhythm = match mode {
            Mode::Once => Rhythm::ByHand,
            Mode::Forever => Rhythm::of(&source.pipeline),
        };
        let by_hand = matches!(rhythm, Rhythm::ByHand);
        if by_hand && place.is_none() && (mode == Mode::Once || named.is_some()) {
            asked.push(index);
        }
        let mut entry = source.entry(tenant, rhythm);
        if entry.is_remembered() {
            let met = match &mut known {
                Some(known) => known,
                none => none.insert(met(tenant).await?),
            };
            let met = met.get(&source.name()).copied();
            // A line that is seen for the first time has missed nothing so far.
            if met.is_none() {
                remember(tenant, source, Some(now)).await?;
            }
            // Nor has one that another plan brings while it runs.
            entry.met = met.filter(|_| place.is_none());
        }
        entries.push((entry, *place));
    }
    agenda.replace(entries, now);
    for index in asked {
        agenda.ask(index);
    }
    Ok(())
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
