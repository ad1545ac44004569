//! The audit log: what people asked for, whatever way they asked.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::{At, Page};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::TenantName;
use crate::engine::store::{AuditQuery, Store as _};

/// Something a person or a program asked for.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AuditLine {
    /// Its number: later ones are higher.
    pub number: i64,
    /// For which tenant; null where it was for all.
    pub tenant: Option<String>,
    /// `accept`, `activate`, `off`, `pause`, `retry`, `settings`, `reload`, …
    pub what: String,
    /// What it was for.
    pub args: Json,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: At,
}

/// What was asked for, the latest first: for all tenants, or for one. `before` is the `next` of the page before.
pub async fn audit(
    engine: &Engine,
    tenant: Option<&str>,
    before: Option<i64>,
    most: u32,
) -> Result<Page<AuditLine>, EngineError> {
    let query = AuditQuery {
        tenant: tenant.map(TenantName::from),
        before,
        limit: most.saturating_add(1),
    };
    let rows = engine.store().audit(query).await?;
    let lines = rows.into_iter().map(|row| AuditLine {
        number: row.number,
        tenant: row.tenant.map(|tenant| tenant.to_string()),
        what: row.order.what,
        args: serde_json::from_str(&row.order.args).unwrap_or_default(),
        by: row.order.by,
        at: At(row.order.at),
    });
    let lines = lines.collect();
    Ok(Page::cut(lines, most as usize, |line: &AuditLine| {
        line.number.to_string()
    }))
}
