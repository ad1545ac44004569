//! Pipelines of a tenant: what they do, when their sources are read, how that went lately, and where their records
//! stand.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::At;
use super::record::known;
use crate::daemon::{Engine, EngineError};
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::run::PassEnd;
use crate::engine::schedule::{Line, PassRow};
use crate::engine::store::{
    ClosedGate, Count, CursorId, CursorRow, EVERY_TENANT, Outcome, PauseRow, Phase, RecordState,
    Store as _,
};
use crate::lang::plan::{Call, LinkEnd, Pipeline, Step, Tenant, Trigger, Verb};

/// A pipeline of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PipelineView {
    /// Its name.
    pub name: String,
    /// Whose.
    pub tenant: String,
    /// The connector its records come from.
    pub connector: String,
    /// When it runs.
    pub trigger: TriggerView,
    /// Who paused it, with the tenant or alone.
    pub paused: Option<PausedBy>,
    /// What is read for it: itself, and feeds that only name its records.
    pub sources: Vec<Source>,
    /// What happens to each record, in order.
    pub steps: Vec<StepLine>,
    /// The kinds of links that its records are an end of.
    pub entities: Vec<EntityLine>,
    /// How many records stand where.
    pub records: Vec<RecordCount>,
    /// Requirements that do not hold: no record is worked meanwhile.
    pub waits_for: Vec<WaitsFor>,
}

/// When a pipeline runs. With nothing of it, by hand alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TriggerView {
    /// Seconds between the starts of two runs.
    pub every_seconds: Option<u64>,
    /// A crontab line of five fields.
    pub cron: Option<String>,
    /// The zone in which the line is read.
    pub zone: Option<String>,
    /// The webhooks that name its records.
    pub webhooks: Vec<String>,
}

/// Who paused something, and what exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PausedBy {
    /// `pipeline`, `tenant` or `everything`.
    pub what: String,
    /// Who; null for a tenant, whose audit log says it.
    pub by: Option<String>,
    /// Since when; null for a tenant.
    pub since: Option<At>,
}

/// Something that is read.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Source {
    /// The pipeline's name, or `pipeline/signal`.
    pub name: String,
    /// When it is read next; null while it is read, or when only a webhook or a person starts it.
    pub next: Option<At>,
    /// Since when it is being read; null when it is not.
    pub reading_since: Option<At>,
    /// The value of its cursor below which nothing is missing.
    pub watermark: Option<String>,
    /// Why it cannot go on until something changes.
    pub stalled: Option<String>,
    /// The last passes since the process started, the latest first.
    pub passes: Vec<Pass>,
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassKind {
    /// Everything there was has been read.
    Complete,
    /// The same, and the source wants to rest.
    Rests,
    /// It could not go on, and is tried again.
    Later,
    /// It cannot go on until something changes.
    Stalled,
    /// It was ended by a stop or by another plan; what is left is read later.
    Cut,
}

/// One reading of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pass {
    /// When it began.
    pub started: At,
    /// When it ended.
    pub ended: At,
    /// How.
    pub end: PassKind,
    /// Until when the source rests, or when it is tried again.
    pub until: Option<At>,
    /// Why it could not go on.
    pub reason: Option<String>,
    /// Pages read.
    pub pages: u64,
    /// Rows on them.
    pub rows: u64,
    /// Rows that were new or newer.
    pub new: u64,
}

/// A step, for a picture of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepLine {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// `fetch`, `transform`, `map`, `write`, `do`, `call`, `skip`, `hold` or `fail`.
    pub verb: String,
    /// How deep it stands inside of other steps.
    pub depth: usize,
    /// The connector it asks or writes to.
    pub connector: Option<String>,
    /// The kind of link it makes.
    pub entity: Option<String>,
    /// Where it is said, as `file:line`.
    pub origin: String,
}

/// A kind of link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EntityLine {
    /// Its name.
    pub name: String,
    /// Whether the pipeline's records are its `source` or its `made` end.
    pub end: String,
    /// The connector of the made end.
    pub connector: Option<String>,
}

/// How many records of a pipeline stand alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordCount {
    /// Where they stand.
    pub state: RecordState,
    /// What the last attempt came to.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<String>,
    /// How many.
    pub records: u64,
    /// Since when the oldest is not in step.
    pub oldest: At,
}

/// A requirement that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaitsFor {
    /// The pipeline that waits.
    pub pipeline: String,
    /// The requirement's name.
    pub requirement: String,
    /// Why it does not hold.
    pub reason: String,
    /// Since when.
    pub since: At,
}

/// Every pipeline of a tenant.
pub async fn pipelines(engine: &Engine, tenant: &str) -> Result<Vec<PipelineView>, EngineError> {
    let name = known(engine, tenant)?;
    let plan = engine.plan();
    let Some(planned) = plan.tenants.get(tenant) else {
        return Err(EngineError::unknown_tenant(&plan, tenant));
    };
    let store = engine.store();
    let facts = Facts {
        counts: store.counts(&name).await?,
        gates: store.gates(&name).await?,
        pauses: store.pauses().await?,
        phase: store.tenant(&name).await?.phase,
        lines: engine
            .with_control(&name, |control| control.board().lines())
            .unwrap_or_default(),
    };
    let mut views = Vec::new();
    for pipeline in planned.integration.pipelines.values() {
        views.push(view(engine, planned, &name, pipeline, &facts).await?);
    }
    Ok(views)
}

/// One of them.
pub async fn pipeline(
    engine: &Engine,
    tenant: &str,
    name: &str,
) -> Result<PipelineView, EngineError> {
    let mut all = pipelines(engine, tenant).await?;
    match all.iter().position(|pipeline| pipeline.name == name) {
        Some(at) => Ok(all.swap_remove(at)),
        None => Err(EngineError::UnknownPipeline {
            tenant: tenant.to_owned(),
            name: name.to_owned(),
            known: crate::daemon::error::list(all.iter().map(|pipeline| &pipeline.name)),
        }),
    }
}

/// What is known of all pipelines of a tenant.
struct Facts {
    counts: Vec<Count>,
    gates: Vec<ClosedGate>,
    pauses: Vec<PauseRow>,
    phase: Phase,
    lines: BTreeMap<PipelineName, Line>,
}

async fn view(
    engine: &Engine,
    tenant: &Tenant,
    name: &TenantName,
    pipeline: &Pipeline,
    facts: &Facts,
) -> Result<PipelineView, EngineError> {
    let mut sources = Vec::new();
    let own = std::iter::once(pipeline).chain(pipeline.signals.iter().map(|signal| &**signal));
    for source in own {
        let cursor = cursor(engine, name, source).await?;
        let line = facts.lines.get(&PipelineName::from(&*source.name));
        sources.push(self::source(&source.name, line, cursor));
    }
    let mut steps = Vec::new();
    lines(&pipeline.steps, 0, &mut steps);
    let own = |other: &PipelineName| other.as_str() == &*pipeline.name;
    Ok(PipelineView {
        name: pipeline.name.to_string(),
        tenant: tenant.name.to_string(),
        connector: pipeline.fetch.request.connector.to_string(),
        trigger: pipeline.trigger.as_ref().map(trigger).unwrap_or_default(),
        paused: paused(facts, name, &pipeline.name),
        sources,
        steps,
        entities: entities(tenant, pipeline),
        records: facts
            .counts
            .iter()
            .filter(|count| own(&count.pipeline))
            .map(RecordCount::from)
            .collect(),
        waits_for: facts
            .gates
            .iter()
            .filter(|gate| own(&gate.pipeline))
            .map(WaitsFor::from)
            .collect(),
    })
}

/// How far a source was read; nothing while the tenant's accounts are not open.
async fn cursor(
    engine: &Engine,
    tenant: &TenantName,
    source: &Pipeline,
) -> Result<Option<CursorRow>, EngineError> {
    let Some(run) = engine.open_one(tenant.as_str()) else {
        return Ok(None);
    };
    let Some(identity) = run.account_identity(&source.fetch.request.connector) else {
        return Ok(None);
    };
    let id = CursorId {
        tenant: tenant.clone(),
        identity,
        pipeline: PipelineName::from(&*source.name),
    };
    Ok(engine.store().cursor(&id).await?)
}

fn source(name: &str, line: Option<&Line>, cursor: Option<CursorRow>) -> Source {
    let (watermark, stalled) = match cursor {
        Some(cursor) => (cursor.watermark.map(|mark| mark.text), cursor.stalled),
        None => (None, None),
    };
    let passes = line.into_iter().flat_map(|line| &line.passes);
    Source {
        name: name.to_owned(),
        next: line.and_then(|line| line.next).map(At),
        reading_since: line.and_then(|line| line.since).map(At),
        watermark,
        stalled,
        passes: passes.map(Pass::from).collect(),
    }
}

fn trigger(trigger: &Trigger) -> TriggerView {
    TriggerView {
        every_seconds: trigger.every.map(|every| every.as_secs()),
        cron: trigger.cron.as_ref().map(|cron| cron.line().to_owned()),
        zone: trigger.cron.as_ref().map(|cron| cron.zone().to_string()),
        webhooks: trigger.webhooks.iter().map(ToString::to_string).collect(),
    }
}

/// The widest pause comes first: ending a narrower one would change nothing.
fn paused(facts: &Facts, tenant: &TenantName, pipeline: &str) -> Option<PausedBy> {
    let by = |what: &str, row: &PauseRow| PausedBy {
        what: what.to_owned(),
        by: Some(row.by.clone()),
        since: Some(At(row.at)),
    };
    let mut rows = facts.pauses.iter();
    if let Some(row) = rows.clone().find(|row| row.of.is_none()) {
        return Some(by("everything", row));
    }
    if facts.phase == Phase::Paused {
        return Some(PausedBy {
            what: "tenant".to_owned(),
            by: None,
            since: None,
        });
    }
    debug_assert_ne!(tenant.as_str(), EVERY_TENANT, "no tenant has this name");
    let of = Some((tenant.clone(), PipelineName::from(pipeline)));
    rows.find(|row| row.of == of).map(|row| by("pipeline", row))
}

fn entities(tenant: &Tenant, pipeline: &Pipeline) -> Vec<EntityLine> {
    let ends = pipeline.links.iter().map(|(name, end)| {
        let end = match end {
            LinkEnd::Source(_) | LinkEnd::Key(_) => "source",
            LinkEnd::Made(_) | LinkEnd::Id(_) => "made",
        };
        let entity = tenant.integration.entities.get(name);
        EntityLine {
            name: name.to_string(),
            end: end.to_owned(),
            connector: entity.map(|entity| entity.to.0.to_string()),
        }
    });
    ends.collect()
}

fn lines(steps: &[Step], depth: usize, found: &mut Vec<StepLine>) {
    for step in steps {
        let (verb, connector, entity, inner): (_, _, _, &[Step]) = match &step.verb {
            Verb::Fetch(fetch) => ("fetch", Some(&fetch.request.connector), None, &[]),
            Verb::Transform(_) => ("transform", None, None, &[]),
            Verb::Map(_) => ("map", None, None, &[]),
            Verb::Write(write) => ("write", Some(&write.connector), write.entity.as_ref(), &[]),
            Verb::Do(steps) => ("do", None, None, steps),
            Verb::Call(call) => ("call", None, None, within(call)),
            Verb::Skip { .. } => ("skip", None, None, &[]),
            Verb::Hold { .. } => ("hold", None, None, &[]),
            Verb::Fail { .. } => ("fail", None, None, &[]),
        };
        found.push(StepLine {
            name: step.name.as_ref().map(ToString::to_string),
            verb: verb.to_owned(),
            depth,
            connector: connector.map(ToString::to_string),
            entity: entity.map(ToString::to_string),
            origin: step.origin.to_string(),
        });
        lines(inner, depth + 1, found);
    }
}

fn within(call: &Call) -> &[Step] {
    &call.steps
}

impl From<&Count> for RecordCount {
    fn from(count: &Count) -> Self {
        Self {
            state: count.state,
            outcome: count.outcome,
            reason: count.reason.clone(),
            records: count.records,
            oldest: At(count.oldest),
        }
    }
}

impl From<&ClosedGate> for WaitsFor {
    fn from(gate: &ClosedGate) -> Self {
        Self {
            pipeline: gate.pipeline.to_string(),
            requirement: gate.requirement.clone(),
            reason: gate.reason.clone(),
            since: At(gate.since),
        }
    }
}

impl From<&PassRow> for Pass {
    fn from(row: &PassRow) -> Self {
        let (end, until, reason) = match &row.end {
            PassEnd::Complete => (PassKind::Complete, None, None),
            PassEnd::Rests(until) => (PassKind::Rests, Some(*until), None),
            PassEnd::Later { at, reason } => (PassKind::Later, Some(*at), Some(reason.clone())),
            PassEnd::Cut => (PassKind::Cut, None, None),
            PassEnd::Stalled(reason) => (PassKind::Stalled, None, Some(reason.clone())),
        };
        Self {
            started: At(row.started),
            ended: At(row.ended),
            end,
            until: until.map(At),
            reason,
            pages: row.seen.pages,
            rows: row.seen.rows,
            new: row.seen.new,
        }
    }
}
