//! A row of a source as the inbox takes it: its key, its version, what its work is serial by.

use std::sync::Arc;

use serde_json::Value as Json;

use super::attempt::{Attempt, key_text};
use super::signal;
use super::tenant::TenantRun;
use crate::engine::clock::Timestamp;
use crate::engine::connect::paging::CursorValue;
use crate::engine::record::{RecordKey, RootKey};
use crate::engine::store::{ContentHash, Death, Item, Mark};
use crate::lang::expr::Datum;
use crate::lang::plan::Pipeline;

/// A row as the inbox takes it. A row without key, or without the cursor it needs, enters as dead (S34).
pub(crate) async fn item(tenant: &TenantRun, pipeline: &Pipeline, row: &Arc<Json>) -> Item {
    let payload = row.to_string();
    let hash = ContentHash::of(payload.as_bytes());
    let key = {
        let base = tenant.scope(&tenant.plan.settings, Timestamp::EPOCH);
        let scope = base
            .child()
            .with("record", Datum::Json(row.clone()))
            .with_root(row.clone());
        pipeline
            .fetch
            .key
            .eval_datum(&scope)
            .ok()
            .as_ref()
            .and_then(key_text)
    };
    let version = version(tenant, pipeline, row);
    let bad = match (&key, &version) {
        (None, _) => Some(Death {
            cause: signal::NO_KEY.to_owned(),
            detail: format!(
                "the row has no value at `fetch.key` (asked for at {})",
                pipeline.fetch.request.origin
            ),
        }),
        (Some(_), None) if pipeline.fetch.cursor.is_some() => Some(Death {
            cause: "no-cursor".to_owned(),
            detail: format!(
                "the row has no value at `fetch.cursor.path` (asked for at {})",
                pipeline.fetch.request.origin
            ),
        }),
        (Some(_), Some(_) | None) => None,
    };
    let key = RecordKey::from(key.unwrap_or_else(|| format!("no-key-{hash}")));
    let root = root(tenant, pipeline, row, &key).await;
    Item {
        key,
        version,
        hash,
        root,
        payload: payload.into(),
        bad,
    }
}

fn version(tenant: &TenantRun, pipeline: &Pipeline, row: &Arc<Json>) -> Option<Mark> {
    let value = match (&pipeline.fetch.version, &pipeline.fetch.cursor) {
        (Some(form), _) => {
            // A version may be the hour, for what is to be looked at again though it does not change.
            let base = tenant.scope(&tenant.plan.settings, tenant.clock.now());
            let scope = base
                .child()
                .with("record", Datum::Json(row.clone()))
                .with_root(row.clone());
            form.eval(&scope).ok()?
        }
        (None, Some(cursor)) => cursor.path.first(row)?.clone(),
        (None, None) => return None,
    };
    let value = CursorValue::from_json(&value)?;
    Some(Mark {
        text: value.as_str().to_owned(),
        at: value.instant(),
    })
}

/// What a record's work is serial by (S19).
async fn root(
    tenant: &TenantRun,
    pipeline: &Pipeline,
    row: &Arc<Json>,
    key: &RecordKey,
) -> RootKey {
    let Some(form) = &tenant.plan.integration.root else {
        return RootKey::from(key.as_str());
    };
    let mut attempt = Attempt::for_intake(tenant, pipeline, key, row);
    if attempt.load_links().await.is_err() {
        return RootKey::from(key.as_str());
    }
    let scope = attempt.scope().with("key", Datum::from(key.as_str()));
    let root = form.eval_datum(&scope).ok().as_ref().and_then(key_text);
    RootKey::from(root.unwrap_or_else(|| key.to_string()))
}
