//! `dead list | show | retry | resolve`: finishing what was given up.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::args::{DeadArgs, DeadCommand, Global};
use super::engine::{self, Way};
use super::exit::Exit;
use super::out::Out;
use super::remote::{Refused, part};
use super::{env, live, workspace};
use crate::daemon::{Again, EngineError};
use crate::engine::record::{RecordKey, TenantName};
use crate::engine::store::{DeadQuery, RecordRow, RecordState, SqliteStore, Store as _};

/// Letters shown at most.
const MOST: u32 = 1_000;

pub(super) async fn run(global: &Global, args: &DeadArgs, out: &Out) -> anyhow::Result<Exit> {
    match &args.what {
        DeadCommand::List { tenant } => list(global, tenant.as_deref(), *out).await,
        DeadCommand::Show { tenant, key } => show(global, tenant, key, *out).await,
        DeadCommand::Retry {
            tenant,
            key,
            cause,
            all: _,
            by,
        } => {
            let by = by.clone().unwrap_or_else(env::user);
            retry(global, tenant, key.as_deref(), cause.clone(), &by, *out).await
        }
        DeadCommand::Resolve {
            tenant,
            key,
            entity,
            id,
            by,
        } => {
            let by = by.clone().unwrap_or_else(env::user);
            resolve(
                global,
                Resolving {
                    tenant,
                    key,
                    entity,
                    id,
                    by: &by,
                },
                *out,
            )
            .await
        }
    }
}

async fn letters(store: &SqliteStore, tenants: Vec<TenantName>) -> anyhow::Result<Vec<RecordRow>> {
    let mut rows = Vec::new();
    for tenant in tenants {
        let query = DeadQuery {
            tenant,
            pipeline: None,
            cause: None,
            limit: MOST,
        };
        rows.extend(store.dead(query).await?);
    }
    Ok(rows)
}

async fn list(global: &Global, tenant: Option<&str>, out: Out) -> anyhow::Result<Exit> {
    let Some(plan) = workspace::plan(global, out)? else {
        return Ok(Exit::Config);
    };
    let tenants = engine::tenants(&plan, tenant)?;
    let store = engine::read_store(global, &plan).await?;
    let rows = letters(&store, tenants).await?;
    store.close().await;
    if out.is_json() {
        for row in &rows {
            out.json(&json!({ "tenant": row.id.tenant.as_str(), "pipeline": row.id.pipeline.as_str(), "key": row.id.key.as_str(), "cause": row.reason, "detail": row.detail, "since": row.since.to_string(), "attempts": row.attempts }));
        }
        return Ok(Exit::Fine);
    }
    let mut by_cause: BTreeMap<String, Vec<&RecordRow>> = BTreeMap::new();
    for row in &rows {
        by_cause
            .entry(row.reason.clone().unwrap_or_default())
            .or_default()
            .push(row);
    }
    if by_cause.is_empty() {
        out.data("no record was given up");
    }
    for (cause, rows) in by_cause {
        out.data(&format!("{cause} ({})", rows.len()));
        for row in rows {
            let detail = row.detail.as_deref().unwrap_or_default();
            out.data(&format!(
                "  {} {} {}: {detail}",
                row.id.tenant, row.id.pipeline, row.id.key
            ));
        }
    }
    Ok(Exit::Fine)
}

async fn show(global: &Global, tenant: &str, key: &str, out: Out) -> anyhow::Result<Exit> {
    let Some(plan) = workspace::plan(global, out)? else {
        return Ok(Exit::Config);
    };
    let name = engine::tenants(&plan, Some(tenant))?.remove(0);
    let store = engine::read_store(global, &plan).await?;
    let rows = store.records(&name, &RecordKey::from(key)).await?;
    let Some(row) = rows.into_iter().find(|row| row.state == RecordState::Dead) else {
        out.talk(&format!(
            "no record `{key}` of tenant `{tenant}` was given up"
        ));
        return Ok(Exit::Failed);
    };
    let last = store
        .trace(&name, &row.id.key)
        .await?
        .into_iter()
        .next_back();
    store.close().await;
    let payload: Json = row
        .payload
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let trace: Json = last
        .and_then(|last| serde_json::from_str(&last.blob).ok())
        .unwrap_or_default();
    let shown = json!({
        "tenant": tenant,
        "pipeline": row.id.pipeline.as_str(),
        "key": key,
        "cause": row.reason,
        "detail": row.detail,
        "attempts": row.attempts,
        "since": row.since.to_string(),
        "last_attempt": trace,
        "payload": payload,
    });
    if out.is_json() {
        out.json(&shown);
    } else {
        out.data(&serde_json::to_string_pretty(&shown).unwrap_or_default());
    }
    Ok(Exit::Fine)
}

/// How many records are worked again.
#[derive(Deserialize)]
struct Retried {
    records: u64,
}

async fn retry(
    global: &Global,
    tenant: &str,
    key: Option<&str>,
    cause: Option<String>,
    by: &str,
    out: Out,
) -> anyhow::Result<Exit> {
    let (records, when) = match engine::way(global, by, out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => {
            let (path, body) = match key {
                Some(key) => (format!("records/{}/retry", part(key)), json!({})),
                None => ("retry".to_owned(), json!({ "cause": cause })),
            };
            let path = format!("/v1/tenants/{}/{path}", part(tenant));
            let done: Retried = daemon.post(&path, &body).await?;
            (done.records, "now")
        }
        Some(Way::Engine(engine)) => {
            let what = match key {
                Some(key) => Again::Key {
                    key: key.to_owned(),
                    pipeline: None,
                },
                None => Again::Dead {
                    pipeline: None,
                    cause,
                },
            };
            let done = engine.retry(tenant, &what, by).await;
            engine.close().await;
            (done?, "at the next run")
        }
    };
    if out.is_json() {
        out.json(&json!({ "tenant": tenant, "records": records }));
    } else if records == 0 {
        out.talk(&format!(
            "no such record of tenant `{tenant}` waits or was given up"
        ));
    } else {
        out.data(&format!(
            "{} will be worked again {when}",
            live::number(records, "records")
        ));
    }
    Ok(if records == 0 {
        Exit::Failed
    } else {
        Exit::Fine
    })
}

/// What a person says a record became.
struct Resolving<'a> {
    tenant: &'a str,
    key: &'a str,
    entity: &'a str,
    id: &'a str,
    by: &'a str,
}

async fn resolve(global: &Global, what: Resolving<'_>, out: Out) -> anyhow::Result<Exit> {
    let Resolving {
        tenant,
        key,
        entity,
        id,
        by,
    } = what;
    let (done, when) = match engine::way(global, by, out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => {
            let path = format!("/v1/tenants/{}/records/{}/resolve", part(tenant), part(key));
            let body = json!({ "entity": entity, "id": id });
            (daemon.post::<Json>(&path, &body).await.map(drop), "now")
        }
        Some(Way::Engine(engine)) => {
            let done = engine.resolve(tenant, key, entity, id, by).await;
            engine.close().await;
            (done.map_err(Into::into), "at the next run")
        }
    };
    if let Err(error) = done {
        if nothing_waits(&error) {
            out.talk(&error.to_string());
            return Ok(Exit::Failed);
        }
        return Err(error);
    }
    if out.is_json() {
        out.json(&json!({ "tenant": tenant, "key": key, "entity": entity, "id": id }));
    } else {
        out.data(&format!(
            "{entity} {key} is {id} from now on; it will be worked {when}"
        ));
    }
    Ok(Exit::Fine)
}

/// Whether no such record waits: that is an answer, and no error.
fn nothing_waits(error: &anyhow::Error) -> bool {
    let here = error.downcast_ref::<EngineError>();
    let there = error.downcast_ref::<Refused>();
    matches!(here, Some(EngineError::NothingWaits { .. }))
        || there.is_some_and(|refused| refused.word() == "nothing-waits")
}
