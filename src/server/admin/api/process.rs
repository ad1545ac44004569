//! The process: who asks, the plan that holds, the audit log, this document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::auth::Scope;
use super::operation::Call;
use super::problem::Problem;
use super::tenants::most;
use crate::daemon::Reopen;
use crate::daemon::view::{self, AuditLine, GenerationView, Page, ReloadView};

/// Who asks.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct WhoAmI {
    /// The name of the token, as the audit log has it.
    name: String,
    /// What it may do.
    scope: Scope,
}

pub(super) async fn whoami(call: Call) -> Result<WhoAmI, Problem> {
    Ok(WhoAmI {
        name: call.caller.name,
        scope: call.caller.scope,
    })
}

pub(super) async fn generation(call: Call) -> Result<GenerationView, Problem> {
    Ok(view::generation(&call.admin.engine))
}

pub(super) async fn reload(call: Call) -> Result<ReloadView, Problem> {
    let (engine, by) = (&call.admin.engine, &call.caller.name);
    let done = engine.reload_by(Reopen::All, by).await?;
    Ok(ReloadView::from(&done))
}

/// Narrows the audit log.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// What was asked for this tenant, or for all of them at once.
    tenant: Option<String>,
    /// The `next` of the page before.
    before: Option<i64>,
    /// Lines on a page: 50, at most 500.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
}

pub(super) async fn audit(call: Call<AuditQuery>) -> Result<Page<AuditLine>, Problem> {
    let query = &call.query;
    let (engine, tenant) = (&call.admin.engine, query.tenant.as_deref());
    Ok(view::audit(engine, tenant, query.before, most(query.limit)).await?)
}

pub(super) async fn openapi(_: Call) -> Result<Value, Problem> {
    Ok(super::document())
}
