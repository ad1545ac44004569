//! What is offered: a card for each integration, with its tenants and whether each is on.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{Html, Redirect};
use serde_json::{Value as Json, json};

use super::notices::Notice;
use super::visit::{Administering, Problem, Visitor};
use super::{live, pages};
use crate::daemon::view;
use crate::engine::run::Activation;
use crate::engine::store::{Phase, Store as _, TenantRow};
use crate::server::admin::Admin;

/// Tenants that are shown on a card; all are in the overview.
const MOST: usize = 50;

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
) -> Result<Html<String>, Problem> {
    let rows = admin.engine.store().tenants().await?;
    let rows: HashMap<String, TenantRow> = rows
        .into_iter()
        .map(|row| (row.tenant.to_string(), row))
        .collect();
    let plan = admin.engine.plan();
    let mut cards = Vec::new();
    for integration in view::integrations(&admin.engine).await? {
        let version = integration
            .agreement
            .as_ref()
            .map(|agreement| agreement.version.as_str());
        let tenants: Vec<Json> = plan
            .tenants
            .values()
            .filter(|tenant| *tenant.integration.name == *integration.name)
            .take(MOST)
            .map(|tenant| {
                let row = rows.get(&*tenant.name);
                let phase = row.map_or(Phase::Off, |row| row.phase);
                let agreed = row.and_then(|row| row.agreed.as_ref());
                let accepted = agreed.map(|agreed| agreed.version.as_str());
                json!({
                    "name": &*tenant.name,
                    "title": &*tenant.title,
                    "phase": phase.as_str(),
                    "is_off": phase == Phase::Off,
                    "agreed": version.is_none() || accepted == version,
                })
            })
            .collect();
        let mut card = json!(integration);
        card["shown"] = tenants.into();
        cards.push(card);
    }
    let frame = visitor.frame(&admin, "integrations", "Integrations");
    let facts = json!({ "cards": cards });
    Ok(Html(pages::fill(
        "integrations.html",
        live::with(&frame, facts),
    )?))
}

/// Turns a tenant on, with the agreement that the form says was accepted.
pub(super) async fn on(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Administering(sent): Administering,
) -> Result<Redirect, Problem> {
    let back = back(&sent, &name);
    let done = admin
        .engine
        .activate(&name, sent.by(), sent.field("agree"))
        .await;
    admin.console.standing.forget().await;
    let notice = match done {
        Ok(Activation::TurnedOn { .. }) => Notice::well(format!("{name} is on.")),
        Ok(Activation::WasOn) => Notice::well(format!("{name} was on already.")),
        Err(error) => Notice::badly(format!("{name} is not turned on.")).with(error.to_string()),
    };
    Ok(sent.then(&admin, notice, &back))
}

/// Turns a tenant off. When the answer comes, nothing more is sent for it.
pub(super) async fn off(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Administering(sent): Administering,
) -> Result<Redirect, Problem> {
    let back = back(&sent, &name);
    admin.engine.turn_off(&name, sent.by()).await?;
    admin.console.standing.forget().await;
    let notice = Notice::well(format!("{name} is off; nothing is read or written for it."));
    Ok(sent.then(&admin, notice, &back))
}

/// The page that the form was on.
fn back(sent: &super::visit::Sent, tenant: &str) -> String {
    match sent.field("from") {
        Some("integrations") => "/integrations".to_owned(),
        Some(_) | None => format!("/tenants/{tenant}"),
    }
}
