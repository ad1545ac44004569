//! `on` and `off`.

use serde::Deserialize;
use serde_json::json;

use super::args::{Global, OffArgs, OnArgs};
use super::engine::{self, Way};
use super::env;
use super::exit::Exit;
use super::out::Out;
use super::remote::{Daemon, Refused, part};
use crate::daemon::{Engine, EngineError};
use crate::engine::run::{ActivateError, Activation};

/// How a tenant stands after it was turned on.
#[derive(Deserialize)]
struct Switched {
    was: bool,
    activated_at: Option<String>,
}

pub(super) async fn on(global: &Global, args: &OnArgs, out: &Out) -> anyhow::Result<Exit> {
    let by = args.by.clone().unwrap_or_else(env::user);
    let switched = match engine::way(global, &by, *out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => on_there(&daemon, args, *out).await?,
        Some(Way::Engine(engine)) => {
            let done = on_here(&engine, args, &by, *out).await;
            engine.close().await;
            done?
        }
    };
    match switched {
        Switched {
            was: false,
            activated_at: Some(at),
        } if out.is_json() => {
            out.json(&json!({ "tenant": args.tenant, "on": true, "activated_at": at }))
        }
        Switched {
            was: false,
            activated_at: Some(at),
        } => out.data(&format!(
            "{} is on; records are judged against {at}",
            args.tenant
        )),
        Switched { .. } if out.is_json() => {
            out.json(&json!({ "tenant": args.tenant, "on": true, "was_on": true }))
        }
        Switched { .. } => out.data(&format!("{} was on already", args.tenant)),
    }
    Ok(Exit::Fine)
}

async fn on_here(
    engine: &std::sync::Arc<Engine>,
    args: &OnArgs,
    by: &str,
    out: Out,
) -> anyhow::Result<Switched> {
    let done = engine
        .activate(&args.tenant, by, args.agree.as_deref())
        .await;
    match done {
        Ok(Activation::TurnedOn { at }) => Ok(Switched {
            was: false,
            activated_at: Some(at.to_string()),
        }),
        Ok(Activation::WasOn) => Ok(Switched {
            was: true,
            activated_at: None,
        }),
        Err(error) => {
            let plan = engine.plan();
            let tenant = plan.tenants.get(args.tenant.as_str());
            if let EngineError::Activate(ActivateError::NotAgreed { .. }) = &error
                && let Some(agreement) = tenant.and_then(|it| it.integration.agreement.as_ref())
            {
                show(&agreement.text, out);
            }
            Err(error.into())
        }
    }
}

async fn on_there(daemon: &Daemon, args: &OnArgs, out: Out) -> anyhow::Result<Switched> {
    let path = format!("/v1/tenants/{}/on", part(&args.tenant));
    let body = json!({ "agree": args.agree });
    let mut done = daemon.post(&path, &body).await;
    if is_unknown(&done) {
        // Its file may have been written just now.
        drop(
            daemon
                .post::<serde_json::Value>("/v1/reload", &json!({}))
                .await,
        );
        done = daemon.post(&path, &body).await;
    }
    if let Err(error) = &done
        && let Some(refused) = error.downcast_ref::<Refused>()
        && refused.word() == "not-agreed"
        && let Some(agreement) = &refused.agreement
    {
        show(&agreement.text, out);
    }
    done
}

fn is_unknown(done: &anyhow::Result<Switched>) -> bool {
    let Err(error) = done else { return false };
    let refused = error.downcast_ref::<Refused>();
    refused.is_some_and(|refused| refused.word() == "unknown-tenant")
}

fn show(agreement: &str, out: Out) {
    out.talk(agreement.trim_end());
    out.talk("");
}

pub(super) async fn off(global: &Global, args: &OffArgs, out: &Out) -> anyhow::Result<Exit> {
    let by = args.by.clone().unwrap_or_else(env::user);
    match engine::way(global, &by, *out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => {
            let path = format!("/v1/tenants/{}/off", part(&args.tenant));
            daemon.post::<Switched>(&path, &json!({})).await?;
        }
        Some(Way::Engine(engine)) => {
            let done = engine.turn_off(&args.tenant, &by).await;
            engine.close().await;
            done?;
        }
    }
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
