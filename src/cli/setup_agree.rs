//! `setup`, first step: the agreement is shown, and its acceptance recorded with version, person and time.

use serde_json::{Value as Json, json};

use super::args::Global;
use super::out::Out;
use super::remote::{Daemon, part};
use super::setup_ask::Person;
use super::{engine, env};
use crate::engine::record::TenantName;
use crate::engine::run::ActivateError;
use crate::engine::store::{Agreement as Accepted, Store as _};
use crate::lang::plan::{Agreement, Plan};

/// Which agreement a tenant accepted last.
pub(super) async fn accepted(
    global: &Global,
    plan: &Plan,
    tenant: &str,
) -> anyhow::Result<Option<Accepted>> {
    if !engine::store_path(global, plan).exists() {
        return Ok(None);
    }
    let store = engine::read_store(global, plan).await?;
    let row = store.tenant(&TenantName::from(tenant)).await;
    store.close().await;
    Ok(row?.agreed)
}

/// Shows the agreement.
pub(super) fn show(agreement: &Agreement, out: Out) {
    out.talk(agreement.text.trim_end());
    out.talk("");
}

/// Who accepts what.
pub(super) struct Acceptance<'a> {
    pub(super) tenant: &'a str,
    /// Of which integration.
    pub(super) integration: &'a str,
    pub(super) agreement: &'a Agreement,
    /// The version that the command line accepts.
    pub(super) given: Option<&'a str>,
    pub(super) by: &'a str,
}

/// Has the agreement accepted; false when the person does not.
pub(super) async fn run(
    global: &Global,
    plan: &std::sync::Arc<Plan>,
    what: Acceptance<'_>,
    person: Option<&Person>,
    out: Out,
) -> anyhow::Result<bool> {
    let version = &*what.agreement.version;
    if let Some(given) = what.given.filter(|given| *given != version) {
        return Err(ActivateError::OtherAgreement {
            given: given.to_owned(),
            version: version.to_owned(),
        }
        .into());
    }
    let before = accepted(global, plan, what.tenant).await?;
    if let Some(before) = before.filter(|before| before.version == version) {
        out.talk(&format!(
            "the agreement {version} was accepted by {} at {}",
            before.by, before.at
        ));
        return Ok(true);
    }
    if what.given.is_none() {
        show(what.agreement, out);
        let Some(person) = person else {
            return Ok(false);
        };
        let question = format!("Type {version} to accept it, or press Enter to stop: ");
        if person.answer(&question)? != version {
            return Ok(false);
        }
    }
    let at = env::clock()?.now();
    match Daemon::of(&engine::store_path(global, plan), what.by).await {
        Some(daemon) => {
            let path = format!("/v1/tenants/{}/agree", part(what.tenant));
            let body = json!({ "integration": what.integration, "version": version });
            daemon.post::<Json>(&path, &body).await?;
        }
        None => {
            let opened = engine::open_plan(global, plan.clone(), engine::loader(global)).await?;
            let done = opened
                .accept(what.tenant, what.integration, version, what.by)
                .await;
            opened.close().await;
            done?;
        }
    }
    out.talk(&format!(
        "the agreement {version} is accepted by {} at {at}",
        what.by
    ));
    Ok(true)
}
