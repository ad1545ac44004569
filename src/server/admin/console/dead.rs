//! Records that were given up, by cause; and finishing them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{Html, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::facts::{self, pretty, when};
use super::live;
use super::notices::Notice;
use super::visit::{Operating, Problem, Visitor};
use super::{pages, record};
use crate::daemon::{Again, EngineError};
use crate::engine::clock::Timestamp;
use crate::engine::record::{RecordKey, TenantName};
use crate::engine::store::{DeadQuery, RecordRow, RecordState, Store as _};
use crate::server::admin::Admin;

/// Letters shown of one cause.
const MOST: u32 = 20;
/// The same where one cause is looked at.
const MOST_OF_ONE: u32 = 200;
/// Tenants whose letters are shown under one cause.
const MOST_TENANTS: usize = 20;

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    tenant: Option<String>,
    cause: Option<String>,
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let frame = visitor.frame(&admin, "dead", "Dead letters");
    live::answer(admin, visitor, "dead", frame, asked, read).await
}

async fn read(admin: Arc<Admin>, asked: Asked) -> Result<Json, Problem> {
    let now = admin.engine.clock().now();
    let standing = facts::standing(&admin).await?;
    let tenant = asked.tenant.filter(|tenant| !tenant.is_empty());
    let only = |name: &TenantName| tenant.as_ref().is_none_or(|only| only == name.as_str());
    let mut groups: BTreeMap<&str, Vec<(&TenantName, u64)>> = BTreeMap::new();
    for (name, cause, letters) in standing.dead.iter().filter(|(name, ..)| only(name)) {
        if asked.cause.as_ref().is_none_or(|only| only == cause) {
            groups.entry(cause).or_default().push((name, *letters));
        }
    }
    let limit = if asked.cause.is_some() {
        MOST_OF_ONE
    } else {
        MOST
    };
    let mut shown = Vec::new();
    for (cause, tenants) in groups {
        let total: u64 = tenants.iter().map(|(_, letters)| letters).sum();
        let mut letters = Vec::new();
        for (name, _) in tenants.iter().take(MOST_TENANTS) {
            let left = limit.saturating_sub(u32::try_from(letters.len()).unwrap_or(limit));
            let query = DeadQuery {
                tenant: (*name).clone(),
                pipeline: None,
                cause: Some(cause.to_owned()),
                limit: left,
            };
            for row in admin.engine.store().dead(query).await? {
                letters.push(listed(now, &row));
            }
        }
        shown.push((
            total,
            json!({
                "cause": cause,
                "total": total,
                "tenants": tenants.len(),
                "letters": letters,
            }),
        ));
    }
    // The cause with most letters first.
    shown.sort_by_key(|(total, _)| std::cmp::Reverse(*total));
    let total: u64 = shown.iter().map(|(total, _)| total).sum();
    let groups: Vec<Json> = shown.into_iter().map(|(_, group)| group).collect();
    Ok(json!({
        "groups": groups,
        "total": total,
        "only": { "tenant": tenant, "cause": asked.cause },
    }))
}

fn listed(now: Timestamp, row: &RecordRow) -> Json {
    json!({
        "tenant": row.id.tenant.as_str(),
        "pipeline": row.id.pipeline.as_str(),
        "key": row.id.key.as_str(),
        "detail": row.detail,
        "attempts": row.attempts,
        "since": when(now, row.since),
    })
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Which {
    tenant: String,
    key: String,
    pipeline: String,
}

/// One letter: what it is about, what was asked, what was answered, and which line asked.
pub(super) async fn letter(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Html<String>, Problem> {
    let now = admin.engine.clock().now();
    let tenant = TenantName::from(which.tenant.as_str());
    let key = RecordKey::from(which.key.as_str());
    let plan = admin.engine.plan();
    let Some(of) = plan.tenants.get(which.tenant.as_str()) else {
        return Err(EngineError::unknown_tenant(&plan, &which.tenant).into());
    };
    let store = admin.engine.store();
    let rows = store.records(&tenant, &key).await?;
    let mut rows = rows.into_iter();
    let row = rows.find(|row| row.id.pipeline.as_str() == which.pipeline);
    let Some(row) = row.filter(|row| row.state != RecordState::Done) else {
        return Err(Problem::NotFound(format!(
            "no record `{}` of tenant `{}` waits or was given up",
            which.key, which.tenant
        )));
    };
    let trace = store.trace(&tenant, &key).await?;
    let own = |row: &&_| {
        let row: &crate::engine::store::TraceRow = row;
        row.pipeline.as_str() == which.pipeline && row.key == key
    };
    let last = trace.iter().rev().find(own);
    let blob: Json = last
        .and_then(|last| serde_json::from_str(&last.blob).ok())
        .unwrap_or_default();
    let payload: Option<Json> = row
        .payload
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let (from, to) = record::sides(Some(&of.integration), &which.pipeline);
    let planned = of.integration.pipelines.get(which.pipeline.as_str());
    let entities = planned.map(|pipeline| facts::entities(pipeline));
    let entities: Vec<Arc<str>> = entities.unwrap_or_default();
    let frame = visitor.frame(&admin, "dead", &format!("Letter {}", which.key));
    let facts = json!({
        "tenant": { "name": which.tenant, "title": &*of.title },
        "pipeline": which.pipeline,
        "key": which.key,
        "from": from,
        "to": to,
        "state": row.state.to_string(),
        "is_dead": row.state == RecordState::Dead,
        "cause": row.reason,
        "detail": row.detail,
        "attempts": row.attempts,
        "since": when(now, row.since),
        "last": last.map(|last| when(now, last.at)),
        "steps": record::steps(&blob),
        "payload": payload.as_ref().and_then(pretty),
        "entities": entities,
    });
    let page = pages::fill("letter.html", live::with(&frame, facts))?;
    Ok(Html(page))
}

/// Makes one letter ready again, or all of a cause.
pub(super) async fn retry(
    State(admin): State<Arc<Admin>>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    let cause = sent.field("cause").map(str::to_owned);
    let key = sent.field("key").map(str::to_owned);
    let pipeline = sent.field("pipeline").map(str::to_owned);
    let tenants = match sent.field("tenant") {
        Some(tenant) => vec![tenant.to_owned()],
        None => admin
            .engine
            .store()
            .overview()
            .await?
            .dead
            .into_iter()
            .filter(|(_, known, _)| cause.as_ref().is_none_or(|cause| cause == known))
            .map(|(tenant, ..)| tenant.to_string())
            .collect(),
    };
    let again = match key.clone() {
        Some(key) => Again::Key { key, pipeline },
        None => Again::Dead { pipeline, cause },
    };
    let mut records = 0;
    for tenant in &tenants {
        records += admin.engine.retry(tenant, &again, sent.by()).await?;
    }
    admin.console.standing.forget().await;
    let notice = match records {
        0 => Notice::badly("No such record waits or was given up."),
        1 => Notice::well("One record is worked again."),
        records => Notice::well(format!("{records} records are worked again.")),
    };
    let back = match (key, tenants.as_slice()) {
        (Some(key), [tenant]) => record_at(tenant, &key),
        (_, _) => "/dead".to_owned(),
    };
    Ok(sent.then(&admin, notice, &back))
}

/// Takes a person's word for what a record became.
pub(super) async fn resolve(
    State(admin): State<Arc<Admin>>,
    Operating(sent): Operating,
) -> Result<Redirect, Problem> {
    let (tenant, key) = (sent.needed("tenant")?, sent.needed("key")?);
    let (entity, id) = (sent.needed("entity")?, sent.needed("id")?);
    admin
        .engine
        .resolve(tenant, key, entity, id.trim(), sent.by())
        .await?;
    admin.console.standing.forget().await;
    let notice = Notice::well(format!(
        "{entity} {key} is {} from now on; the record goes on from there.",
        id.trim()
    ));
    Ok(sent.then(&admin, notice, &record_at(tenant, key)))
}

/// The page of a record.
pub(super) fn record_at(tenant: &str, key: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("key", key)
        .append_pair("tenant", tenant)
        .finish();
    format!("/records?{query}")
}
