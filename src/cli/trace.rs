//! `trace KEY`: what happened to a record, found by the id of either side.

use serde_json::{Value as Json, json};

use super::args::{Global, TraceArgs};
use super::exit::Exit;
use super::out::Out;
use super::{engine, workspace};
use crate::engine::record::RecordKey;
use crate::engine::store::{Store as _, TraceRow};

pub(super) async fn run(global: &Global, args: &TraceArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(plan) = workspace::plan(global, *out)? else {
        return Ok(Exit::Config);
    };
    let tenants = engine::tenants(&plan, args.tenant.as_deref())?;
    let store = engine::read_store(global, &plan).await?;
    let key = RecordKey::from(args.key.as_str());
    let mut found = 0;
    for tenant in tenants {
        for row in store.trace(&tenant, &key).await? {
            found += 1;
            let blob: Json = serde_json::from_str(&row.blob).unwrap_or_default();
            if out.is_json() {
                out.json(&json!({ "tenant": tenant.as_str(), "at": row.at.to_string(), "pipeline": row.pipeline.as_str(), "key": row.key.as_str(), "kind": row.kind, "what": blob }));
            } else {
                out.data(&text(&row, &blob));
            }
        }
    }
    store.close().await;
    if found == 0 {
        out.talk(&format!(
            "nothing is known of `{}`: no record and no link has this key or id",
            args.key
        ));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Fine)
}

fn text(row: &TraceRow, blob: &Json) -> String {
    let said = |name: &str| {
        blob.get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let version = said("version");
    let version = if version.is_empty() {
        String::new()
    } else {
        format!(" version {version}")
    };
    let mut lines = vec![format!(
        "{}  {} {}{version}: {}",
        row.at,
        row.pipeline,
        row.key,
        said("came_to")
    )];
    for step in blob
        .get("steps")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let member = |name: &str| step.get(name).and_then(Json::as_str).unwrap_or_default();
        if let Some(failed) = step.get("failed").and_then(Json::as_str) {
            lines.push(format!("    failed: {failed}"));
            continue;
        }
        let request = member("request");
        let mut line = format!("    {}: {}", member("step"), member("did"));
        if !request.is_empty() {
            line = format!("{line} {} by {request}", member("id"));
        }
        lines.push(line);
    }
    lines.join("\n")
}
