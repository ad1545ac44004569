//! Records: where each stands, and why.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::{At, Page};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::{Identity, PipelineName, RecordKey, TenantName};
use crate::engine::store::{
    Outcome, RecordId, RecordQuery, RecordRow, RecordState, Store as _, Verdict,
};

/// A record at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecordLine {
    /// In which pipeline.
    pub pipeline: String,
    /// Its key.
    pub key: String,
    /// Of which account's data.
    pub identity: String,
    /// Where it stands.
    pub state: RecordState,
    /// What the last attempt came to.
    pub outcome: Option<Outcome>,
    /// Why.
    pub reason: Option<String>,
    /// The message behind the reason.
    pub detail: Option<String>,
    /// Its version at the source.
    pub version: Option<String>,
    /// Attempts spent on its present failure.
    pub attempts: u32,
    /// When it is worked next, if it waits for a time.
    pub due: Option<At>,
    /// The link that it waits for, as `entity:key`.
    pub waits_on: Option<String>,
    /// Since when it is not in step; for one that is done, since when it last was not.
    pub since: At,
}

/// A record with its content.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct RecordView {
    /// Where it stands.
    pub line: RecordLine,
    /// What its work is serial by.
    pub root: Option<String>,
    /// Whether it is read again before it is worked.
    pub reads_again: bool,
    /// What was decided when it was first seen.
    pub verdict: Option<Verdict>,
    /// What the source said; null once it is done.
    pub payload: Json,
}

/// Narrows a list of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Whose key begins with this.
    pub key: Option<String>,
    /// In this pipeline only.
    pub pipeline: Option<String>,
    /// In this state only.
    pub state: Option<RecordState>,
    /// With this reason, or cause of death, only.
    pub reason: Option<String>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Records of a tenant, by key. A place that is none is taken for the beginning.
pub async fn records(
    engine: &Engine,
    tenant: &str,
    filter: &RecordFilter,
    most: u32,
) -> Result<Page<RecordLine>, EngineError> {
    let tenant = known(engine, tenant)?;
    let after = filter.after.as_deref().and_then(place);
    let query = RecordQuery {
        key: filter.key.clone(),
        pipeline: filter.pipeline.as_deref().map(PipelineName::from),
        state: filter.state,
        reason: filter.reason.clone(),
        after: after.map(|(key, identity, pipeline)| RecordId {
            tenant: tenant.clone(),
            identity,
            pipeline,
            key,
        }),
        limit: most.saturating_add(1),
        tenant,
    };
    let rows = engine.store().find_records(query).await?;
    let lines = rows.iter().map(RecordLine::from).collect();
    Ok(Page::cut(lines, most as usize, written))
}

/// The records with a key, over all pipelines, with what the source said of them.
pub async fn record_views(
    engine: &Engine,
    tenant: &str,
    key: &str,
) -> Result<Vec<RecordView>, EngineError> {
    let tenant = known(engine, tenant)?;
    let rows = engine
        .store()
        .records(&tenant, &RecordKey::from(key))
        .await?;
    Ok(rows.iter().map(RecordView::from).collect())
}

/// A tenant of the plan.
pub(super) fn known(engine: &Engine, name: &str) -> Result<TenantName, EngineError> {
    let plan = engine.plan();
    if plan.tenants.contains_key(name) {
        Ok(TenantName::from(name))
    } else {
        Err(EngineError::unknown_tenant(&plan, name))
    }
}

/// Where a page ended: the record's key, account and pipeline.
fn written(line: &RecordLine) -> String {
    let place = [&line.key, &line.identity, &line.pipeline];
    serde_json::to_string(&place).expect("texts can be written")
}

fn place(text: &str) -> Option<(RecordKey, Identity, PipelineName)> {
    let [key, identity, pipeline]: [String; 3] = serde_json::from_str(text).ok()?;
    Some((key.into(), identity.into(), pipeline.into()))
}

impl From<&RecordRow> for RecordLine {
    fn from(row: &RecordRow) -> Self {
        Self {
            pipeline: row.id.pipeline.to_string(),
            key: row.id.key.to_string(),
            identity: row.id.identity.to_string(),
            state: row.state,
            outcome: row.outcome,
            reason: row.reason.clone(),
            detail: row.detail.clone(),
            version: row.version.as_ref().map(|version| version.text.clone()),
            attempts: row.attempts,
            due: row.due.map(At),
            waits_on: row.waits_on.clone(),
            since: At(row.since),
        }
    }
}

impl From<&RecordRow> for RecordView {
    fn from(row: &RecordRow) -> Self {
        Self {
            line: RecordLine::from(row),
            root: row.root.as_ref().map(ToString::to_string),
            reads_again: row.dirty,
            verdict: row.verdict,
            payload: payload(row),
        }
    }
}

/// What the source said of a record.
pub(super) fn payload(row: &RecordRow) -> Json {
    let text = row.payload.as_deref();
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}
