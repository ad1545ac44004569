//! `on` and `off`.

use serde_json::json;

use super::args::{Global, OffArgs, OnArgs};
use super::exit::Exit;
use super::out::Out;
use super::{engine, env};
use crate::daemon::EngineError;
use crate::engine::run::{ActivateError, Activation};

pub(super) async fn on(global: &Global, args: &OnArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let by = args.by.clone().unwrap_or_else(env::user);
    let done = engine
        .activate(&args.tenant, &by, args.agree.as_deref())
        .await;
    let done = match done {
        Err(EngineError::Activate(error @ ActivateError::NotAgreed { .. })) => {
            if let Some(agreement) = engine
                .plan()
                .tenants
                .get(args.tenant.as_str())
                .and_then(|tenant| tenant.integration.agreement.clone())
            {
                out.talk(agreement.text.trim_end());
                out.talk("");
            }
            engine.close().await;
            return Err(EngineError::Activate(error).into());
        }
        done => done,
    };
    engine.close().await;
    match done? {
        Activation::TurnedOn { at } if out.is_json() => {
            out.json(&json!({ "tenant": args.tenant, "on": true, "activated_at": at.to_string() }))
        }
        Activation::TurnedOn { at } => out.data(&format!(
            "{} is on; records are judged against {at}",
            args.tenant
        )),
        Activation::WasOn if out.is_json() => {
            out.json(&json!({ "tenant": args.tenant, "on": true, "was_on": true }))
        }
        Activation::WasOn => out.data(&format!("{} was on already", args.tenant)),
    }
    Ok(Exit::Fine)
}

pub(super) async fn off(global: &Global, args: &OffArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let by = args.by.clone().unwrap_or_else(env::user);
    let done = engine.turn_off(&args.tenant, &by).await;
    engine.close().await;
    done?;
    if out.is_json() {
        out.json(&json!({ "tenant": args.tenant, "on": false }));
    } else {
        out.data(&format!(
            "{} is off; nothing is read or written for it",
            args.tenant
        ));
    }
    Ok(Exit::Fine)
}
