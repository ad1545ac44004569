//! The way to a tenant that runs: agreement, accounts, settings, turning on.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use serde_json::{Value as Json, json};

use super::facts::when;
use super::notices::Notice;
use super::visit::{Administering, Operating, Problem, Visitor};
use super::{files, live, pages, tenant};
use crate::engine::record::TenantName;
use crate::engine::run::CheckLine;
use crate::engine::store::{Instruction, Phase, Store as _};
use crate::lang::load::Project;
use crate::lang::plan::{Account, ParamValue};
use crate::server::admin::Admin;

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Path(name): Path<String>,
) -> Result<Html<String>, Problem> {
    shown(&admin, &visitor, &name, None).await
}

async fn shown(
    admin: &Admin,
    visitor: &Visitor,
    name: &str,
    checked: Option<Json>,
) -> Result<Html<String>, Problem> {
    let plan = tenant::known(admin, name)?;
    let now = admin.engine.clock().now();
    let row = admin.engine.store().tenant(&TenantName::from(name)).await?;
    let project = files::project(admin).await?;
    let agreement = plan.integration.agreement.as_ref();
    let agreed = row.agreed.as_ref();
    let is_agreed = agreement
        .is_none_or(|agreement| agreed.is_some_and(|agreed| *agreed.version == *agreement.version));
    let accounts: Vec<Json> = plan
        .accounts
        .iter()
        .map(|(connector, account)| {
            let (about, guide) = guide(&project, connector);
            json!({
                "connector": &**connector,
                "about": about,
                "guide": guide,
                "params": params(account),
            })
        })
        .collect();
    let frame = visitor.frame(admin, "integrations", &format!("Set up {}", plan.title));
    let facts = json!({
        "tenant": { "name": name, "title": &*plan.title, "integration": &*plan.integration.title },
        "agreement": agreement.map(|agreement| json!({ "version": &*agreement.version, "text": &*agreement.text })),
        "agreed": agreed.map(|agreed| json!({ "version": agreed.version, "by": agreed.by, "at": when(now, agreed.at) })),
        "is_agreed": is_agreed,
        "accounts": accounts,
        "checked": checked,
        "phase": row.phase.as_str(),
        "is_off": row.phase == Phase::Off,
    });
    Ok(Html(pages::fill("setup.html", live::with(&frame, facts))?))
}

/// What a connector is, and how to obtain what an account with it needs.
fn guide<'p>(project: &'p Project, connector: &str) -> (Option<&'p str>, Option<&'p str>) {
    let found = project.connector(connector);
    let about = found.and_then(|found| found.description.as_deref());
    (about, found.and_then(|found| found.guide.as_deref()))
}

/// The values of an account. Of a secret it is shown whether there is one, and nothing of it.
fn params(account: &Account) -> Vec<Json> {
    let declared = account.connector.params.iter();
    declared
        .map(|(name, param)| {
            let given = account.params.get(name);
            let value = match given {
                _ if param.secret => None,
                Some(ParamValue::Literal(value)) => Some(value),
                Some(ParamValue::Secret(_)) => None,
                None => param.default.as_ref(),
            };
            let text = value.map(|value| match value {
                Json::String(text) => text.clone(),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
                    value.to_string()
                }
            });
            json!({
                "name": &**name,
                "about": param.description,
                "secret": param.secret,
                "given": given.is_some(),
                "required": param.required,
                "value": text,
            })
        })
        .collect()
}

/// Accepts the agreement, without turning anything on.
pub(super) async fn agree(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Administering(sent): Administering,
) -> Result<Redirect, Problem> {
    let plan = tenant::known(&admin, &name)?;
    let version = sent.needed("version")?;
    let present = plan.integration.agreement.as_ref();
    if present.is_none_or(|present| *present.version != *version) {
        return Err(Problem::Refused(format!(
            "there is no agreement {version} any more; load the page again"
        )));
    }
    let run = admin.engine.tenant(&name).await?;
    let accept = Instruction::Accept {
        version: version.to_owned(),
    };
    let done = run.order(sent.by(), admin.engine.clock().now(), accept);
    done.await?;
    let notice = Notice::well(format!(
        "The agreement {version} is accepted by {}.",
        sent.by()
    ));
    Ok(sent.then(&admin, notice, &format!("/tenants/{name}/setup#connect")))
}

/// Tries the accounts, requirements and chosen values, and says what is at fault.
pub(super) async fn check(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Operating(_): Operating,
) -> Result<Html<String>, Problem> {
    let checked = match admin.engine.check(&name).await {
        Ok(lines) => lines.iter().map(line).collect(),
        Err(error) => vec![json!({
            "what": "accounts", "ok": false, "text": error.to_string(), "blame": null,
        })],
    };
    shown(&admin, &visitor, &name, Some(checked.into())).await
}

fn line(line: &CheckLine) -> Json {
    match &line.result {
        Ok(says) => json!({ "what": line.what, "ok": true, "text": says, "blame": null }),
        Err(failure) => json!({
            "what": line.what, "ok": false, "text": failure.message, "blame": failure.blame,
        }),
    }
}
