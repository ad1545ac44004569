//! What people and programs asked for, the latest first.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::facts::{pretty, when};
use super::visit::{Problem, Visitor};
use super::{live, pages};
use crate::daemon::view;
use crate::server::admin::Admin;

/// Lines on one page.
const MOST: u32 = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    tenant: Option<String>,
    before: Option<i64>,
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let now = admin.engine.clock().now();
    let tenant = asked.tenant.filter(|tenant| !tenant.is_empty());
    let found = view::audit(&admin.engine, tenant.as_deref(), asked.before, MOST).await?;
    let lines: Vec<Json> = found
        .items
        .into_iter()
        .map(|line| {
            json!({
                "number": line.number,
                "tenant": line.tenant,
                "what": line.what,
                "args": said(&line.args),
                "by": line.by,
                "at": when(now, line.at.0),
            })
        })
        .collect();
    let frame = visitor.frame(&admin, "audit", "Audit");
    let facts = json!({ "lines": lines, "tenant": tenant, "next": found.next });
    Ok(Html(pages::fill("audit.html", live::with(&frame, facts))?))
}

/// What an order was for, member by member.
fn said(args: &Json) -> Vec<Json> {
    let Json::Object(members) = args else {
        return Vec::new();
    };
    let members = members.iter().filter(|(_, value)| !value.is_null());
    members
        .filter_map(|(name, value)| {
            let text = match value {
                Json::Array(_) | Json::Object(_) => value.to_string(),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                    pretty(value).or_else(|| Some(value.to_string()))?
                }
            };
            Some(json!({ "name": name, "text": text }))
        })
        .collect()
}
