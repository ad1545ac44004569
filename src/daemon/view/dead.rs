//! Records that were given up: grouped by cause, and each with all that is needed to finish it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::record::{RecordLine, known, payload};
use super::timeline::Attempt;
use super::{At, Page};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::{PipelineName, RecordKey, TenantName};
use crate::engine::store::{DeadQuery, RecordRow, RecordState, Store as _};

/// Records that were given up for one cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadGroup {
    /// Why.
    pub cause: String,
    /// How many.
    pub records: u64,
    /// Since when the oldest of them is not in step.
    pub oldest: At,
    /// Where they are.
    pub places: Vec<Place>,
}

/// How many records of a pipeline were given up for a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// Whose.
    pub tenant: String,
    /// In which pipeline.
    pub pipeline: String,
    /// How many.
    pub records: u64,
}

/// A record that was given up, in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLine {
    /// Whose.
    pub tenant: String,
    /// The record; its reason is the cause.
    pub record: RecordLine,
}

/// A record that was given up, with all that is needed to finish it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DeadLetter {
    /// Whose.
    pub tenant: String,
    /// The record; its reason is the cause.
    pub record: RecordLine,
    /// What the last attempt did, if its trace is still kept.
    pub last_attempt: Option<Attempt>,
    /// What was asked of the other side and what it replied, where that was the failure.
    pub exchange: Option<Exchange>,
    /// The line of YAML that asked for it, as `file:line`.
    pub origin: Option<String>,
    /// The entities that a person may say what the record became in.
    pub entities: Vec<String>,
    /// What the source said.
    pub payload: Json,
}

/// A request without its credentials, and the reply.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Exchange {
    /// Its method.
    pub method: String,
    /// Its path and query.
    pub path: String,
    /// Its body; null where it had none.
    pub body: Json,
    /// The status of the reply; null where there was none.
    pub status: Option<u16>,
    /// The reply; null where there was none.
    pub reply: Json,
}

/// Why records were given up, the most frequent first: of all tenants, or of one.
pub async fn dead_groups(
    engine: &Engine,
    tenant: Option<&str>,
) -> Result<Vec<DeadGroup>, EngineError> {
    let tenant = tenant.map(|name| known(engine, name)).transpose()?;
    let mut groups: Vec<DeadGroup> = Vec::new();
    for count in engine.store().dead_causes(tenant.as_ref()).await? {
        let place = Place {
            tenant: count.tenant.to_string(),
            pipeline: count.pipeline.to_string(),
            records: count.records,
        };
        match groups.iter_mut().find(|group| group.cause == count.cause) {
            Some(group) => {
                group.records += count.records;
                group.oldest = group.oldest.min(At(count.oldest));
                group.places.push(place);
            }
            None => groups.push(DeadGroup {
                cause: count.cause,
                records: count.records,
                oldest: At(count.oldest),
                places: vec![place],
            }),
        }
    }
    groups.sort_by(|a, b| b.records.cmp(&a.records).then(a.cause.cmp(&b.cause)));
    Ok(groups)
}

/// Records of a tenant that were given up, oldest first, narrowed to a pipeline, a cause, or both. No more than `most`
/// of them: `next` says only that there are more, since they become fewer as they are finished.
pub async fn dead_letters(
    engine: &Engine,
    tenant: &str,
    pipeline: Option<&str>,
    cause: Option<&str>,
    most: u32,
) -> Result<Page<DeadLine>, EngineError> {
    let query = DeadQuery {
        tenant: known(engine, tenant)?,
        pipeline: pipeline.map(PipelineName::from),
        cause: cause.map(str::to_owned),
        limit: most.saturating_add(1),
    };
    let rows = engine.store().dead(query).await?;
    let lines = rows.iter().map(DeadLine::from).collect();
    Ok(Page::cut(lines, most as usize, |line: &DeadLine| {
        line.record.key.clone()
    }))
}

/// A record that was given up; none when no such record was. Without a pipeline, the first of those that gave it up.
pub async fn dead_letter(
    engine: &Engine,
    tenant: &str,
    key: &str,
    pipeline: Option<&str>,
) -> Result<Option<DeadLetter>, EngineError> {
    let name = known(engine, tenant)?;
    let rows = engine.store().records(&name, &RecordKey::from(key)).await?;
    let found = rows.into_iter().find(|row| {
        let own = row.id.pipeline.as_str();
        row.state == RecordState::Dead && pipeline.is_none_or(|pipeline| pipeline == own)
    });
    let Some(row) = found else { return Ok(None) };
    let last = last_attempt(engine, &name, &row).await?;
    let failed = last.as_ref().and_then(|last| {
        let mut steps = last.steps.iter().rev();
        steps.find(|step| step.get("failed").is_some())
    });
    let text = |name: &str| failed?.get(name)?.as_str().map(str::to_owned);
    let plan = engine.plan();
    let entities = plan.tenants.get(tenant).map(|tenant| {
        let names = tenant.integration.entities.keys();
        names.map(ToString::to_string).collect()
    });
    Ok(Some(DeadLetter {
        tenant: tenant.to_owned(),
        exchange: failed
            .and_then(|step| step.get("exchange"))
            .map(Exchange::from),
        origin: text("origin"),
        entities: entities.unwrap_or_default(),
        payload: payload(&row),
        record: RecordLine::from(&row),
        last_attempt: last,
    }))
}

async fn last_attempt(
    engine: &Engine,
    tenant: &TenantName,
    row: &RecordRow,
) -> Result<Option<Attempt>, EngineError> {
    let trace = engine.store().trace(tenant, &row.id.key).await?;
    let own = trace
        .iter()
        .rev()
        .find(|entry| entry.key == row.id.key && entry.pipeline == row.id.pipeline);
    Ok(own.map(Attempt::from))
}

impl From<&RecordRow> for DeadLine {
    fn from(row: &RecordRow) -> Self {
        Self {
            tenant: row.id.tenant.to_string(),
            record: RecordLine::from(row),
        }
    }
}

impl From<&Json> for Exchange {
    fn from(kept: &Json) -> Self {
        let text = |name: &str| {
            let text = kept.get(name).and_then(Json::as_str);
            text.unwrap_or_default().to_owned()
        };
        let status = kept.get("status").and_then(Json::as_u64);
        Self {
            method: text("method"),
            path: text("path"),
            body: kept.get("body").cloned().unwrap_or_default(),
            status: status.and_then(|status| status.try_into().ok()),
            reply: kept.get("reply").cloned().unwrap_or_default(),
        }
    }
}
