//! What happened to a record on both sides, found by the id of either.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::facts::{self, pretty, when, when_known};
use super::live;
use super::visit::{Problem, Visitor};
use crate::engine::clock::Timestamp;
use crate::engine::record::{RecordKey, TenantName};
use crate::engine::store::{LinkRow, RecordRow, RecordState, Store as _, TraceRow};
use crate::lang::plan::{Integration, Plan};
use crate::server::admin::Admin;

/// Related ids whose state is shown.
const MOST_KEYS: usize = 40;
/// Attempts that are shown, the latest.
const MOST_ROWS: usize = 500;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// An id of either side.
    #[serde(default)]
    key: String,
    tenant: Option<String>,
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(mut asked): Query<Asked>,
) -> Result<Response, Problem> {
    asked.key = asked.key.trim().to_owned();
    let title = if asked.key.is_empty() {
        "Find a record".to_owned()
    } else {
        format!("Record {}", asked.key)
    };
    let mut frame = visitor.frame(&admin, "records", &title);
    frame.insert("asked".to_owned(), asked.key.as_str().into());
    live::answer(admin, visitor, "record", frame, asked, read).await
}

async fn read(admin: Arc<Admin>, asked: Asked) -> Result<Json, Problem> {
    let key = RecordKey::from(asked.key.as_str());
    let plan = admin.engine.plan();
    let known = if asked.key.is_empty() {
        Vec::new()
    } else {
        admin.engine.store().knowing(&key).await?
    };
    let tenant = match asked.tenant.filter(|tenant| !tenant.is_empty()) {
        Some(tenant) => Some(TenantName::from(tenant)),
        None if known.len() == 1 => known.first().cloned(),
        None => None,
    };
    let others: Vec<Json> = known
        .iter()
        .map(|name| json!({ "name": name.as_str(), "title": title_of(&plan, name) }))
        .collect();
    let found = match &tenant {
        Some(tenant) => timeline(&admin, &plan, tenant, &key).await?,
        None => Json::Null,
    };
    Ok(json!({
        "key": asked.key,
        "tenant": tenant.as_ref().map(|tenant| json!({ "name": tenant.as_str(), "title": title_of(&plan, tenant) })),
        "tenants": others,
        "found": found,
    }))
}

fn title_of<'p>(plan: &'p Plan, tenant: &'p TenantName) -> &'p str {
    let known = plan.tenants.get(tenant.as_str());
    known.map_or(tenant.as_str(), |tenant| &tenant.title)
}

async fn timeline(
    admin: &Admin,
    plan: &Plan,
    tenant: &TenantName,
    key: &RecordKey,
) -> Result<Json, Problem> {
    let store = admin.engine.store();
    let now = admin.engine.clock().now();
    let integration = plan
        .tenants
        .get(tenant.as_str())
        .map(|tenant| tenant.integration.clone());
    let integration = integration.as_deref();
    let trace = store.trace(tenant, key).await?;
    let mut keys: BTreeSet<RecordKey> = trace.iter().map(|row| row.key.clone()).collect();
    keys.insert(key.clone());
    let mut records: Vec<RecordRow> = Vec::new();
    let mut links: Vec<LinkRow> = Vec::new();
    for key in keys.iter().take(MOST_KEYS) {
        records.extend(store.records(tenant, key).await?);
        for link in store.links_about(tenant, key.as_str()).await? {
            if !links.iter().any(|known| known.id == link.id) {
                links.push(link);
            }
        }
    }
    let left_out = trace.len().saturating_sub(MOST_ROWS);
    let attempts: Vec<Json> = trace
        .iter()
        .rev()
        .take(MOST_ROWS)
        .map(|row| attempt(now, integration, row))
        .collect();
    Ok(json!({
        "records": records.iter().map(|row| record(now, integration, row)).collect::<Vec<_>>(),
        "links": links.iter().map(|row| link(now, integration, row)).collect::<Vec<_>>(),
        "attempts": attempts,
        "left_out": left_out,
        "nothing": records.is_empty() && links.is_empty() && trace.is_empty(),
    }))
}

/// Where the records of a pipeline come from, and where it writes.
pub(super) fn sides(integration: Option<&Integration>, pipeline: &str) -> (String, String) {
    let found = integration.and_then(|integration| integration.pipelines.get(pipeline));
    match found {
        Some(pipeline) => (
            pipeline.fetch.request.connector.to_string(),
            facts::targets(pipeline).join(", "),
        ),
        None => (String::new(), String::new()),
    }
}

/// Where a record stands, in one word: what it came to, where it is done.
pub(super) fn state(row: &RecordRow) -> String {
    match (row.state, row.outcome) {
        (RecordState::Done, Some(outcome)) => outcome.to_string(),
        (state, _) => state.to_string(),
    }
}

fn record(now: Timestamp, integration: Option<&Integration>, row: &RecordRow) -> Json {
    let (from, to) = sides(integration, row.id.pipeline.as_str());
    json!({
        "pipeline": row.id.pipeline.as_str(),
        "key": row.id.key.as_str(),
        "from": from,
        "to": to,
        "state": state(row),
        "reason": row.reason,
        "detail": row.detail,
        "attempts": row.attempts,
        "version": row.version.as_ref().map(|mark| mark.text.as_str()),
        "due": when_known(now, row.due),
        "waits_on": row.waits_on,
        "since": when(now, row.since),
        "is_done": row.state == RecordState::Done,
        "is_dead": row.state == RecordState::Dead,
        "dirty": row.dirty,
    })
}

fn link(now: Timestamp, integration: Option<&Integration>, row: &LinkRow) -> Json {
    let entity = row.id.entity.as_str();
    let to = integration
        .and_then(|integration| integration.entities.get(entity))
        .map(|entity| entity.to.0.to_string());
    json!({
        "entity": entity,
        "key": row.id.key.as_str(),
        "to": to,
        "target": row.target.as_ref().map(|target| target.id.as_str()),
        "origin": row.target.as_ref().map(|target| target.origin.to_string()),
        "written": when_known(now, row.written_at),
        "intent": row.intent.as_ref().map(|intent| json!({
            "kind": intent.kind.to_string(),
            "state": intent.state.to_string(),
            "at": when(now, intent.at),
            "due": when_known(now, intent.due),
        })),
    })
}

fn attempt(now: Timestamp, integration: Option<&Integration>, row: &TraceRow) -> Json {
    let (from, to) = sides(integration, row.pipeline.as_str());
    let blob: Json = serde_json::from_str(&row.blob).unwrap_or_default();
    let came_to = blob
        .get("came_to")
        .and_then(Json::as_str)
        .unwrap_or_default();
    // The first word says which outcome it is; the rest says why.
    let (word, why) = came_to.split_once(": ").unwrap_or((came_to, ""));
    json!({
        "at": when(now, row.at),
        "pipeline": row.pipeline.as_str(),
        "key": row.key.as_str(),
        "from": from,
        "to": to,
        "kind": row.kind,
        "version": blob.get("version").and_then(Json::as_str),
        "word": word,
        "why": why,
        "steps": steps(&blob),
    })
}

/// What an attempt did, step by step.
pub(super) fn steps(blob: &Json) -> Vec<Json> {
    let steps = blob.get("steps").and_then(Json::as_array);
    let steps = steps.into_iter().flatten();
    steps
        .map(|step| {
            let text = |name: &str| step.get(name).and_then(Json::as_str);
            json!({
                "step": text("step"),
                "did": text("did"),
                "request": text("request"),
                "id": text("id"),
                "failed": text("failed"),
                "place": text("origin").map(facts::place),
                "exchange": step.get("exchange").map(exchange),
            })
        })
        .collect()
}

/// A request with its reply.
fn exchange(shown: &Json) -> Json {
    let text = |name: &str| shown.get(name).and_then(Json::as_str).unwrap_or_default();
    let body = |name: &str| shown.get(name).and_then(pretty);
    json!({
        "request": format!("{} {}", text("method"), text("path")),
        "body": body("body"),
        "status": shown.get("status"),
        "reply": body("reply"),
    })
}
