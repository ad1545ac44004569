//! `check TENANT`: which credential or requirement fails, and why.

use serde::Deserialize;
use serde_json::json;

use super::args::{Global, TenantArgs};
use super::engine::{self, Way};
use super::env;
use super::exit::{Exit, blamed};
use super::out::Out;
use super::remote::part;
use crate::engine::run::{Blame, CheckFailure, CheckLine};

/// What a daemon checked.
#[derive(Deserialize)]
struct Checks {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    what: String,
    says: String,
    blame: Option<String>,
    fault: Option<String>,
}

impl From<Item> for CheckLine {
    fn from(item: Item) -> Self {
        let kind = item.fault.as_deref().map(|fault| match fault {
            "credentials" => Blame::Credentials,
            "unreachable" => Blame::Reach,
            _ => Blame::Other,
        });
        Self {
            what: item.what,
            result: match kind {
                None => Ok(item.says),
                Some(kind) => Err(CheckFailure {
                    message: item.says,
                    blame: item.blame,
                    kind,
                }),
            },
        }
    }
}

pub(super) async fn run(global: &Global, args: &TenantArgs, out: &Out) -> anyhow::Result<Exit> {
    let lines = match engine::way(global, &env::user(), *out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => {
            let path = format!("/v1/tenants/{}/check", part(&args.tenant));
            let checks: Checks = daemon.post(&path, &json!({})).await?;
            checks.items.into_iter().map(CheckLine::from).collect()
        }
        Some(Way::Engine(engine)) => {
            let lines = engine.check(&args.tenant).await;
            engine.close().await;
            lines?
        }
    };
    let mut exit = Exit::Fine;
    for line in &lines {
        if let Err(failure) = &line.result
            && exit == Exit::Fine
        {
            exit = blamed(failure.kind);
        }
        out.data(&shown(line, *out));
    }
    Ok(exit)
}

/// A line of a check, for people or for programs.
pub(super) fn shown(line: &CheckLine, out: Out) -> String {
    match &line.result {
        Ok(says) if out.is_json() => {
            json!({ "what": line.what, "ok": true, "says": says }).to_string()
        }
        Ok(says) => format!("ok      {}: {says}", line.what),
        Err(failure) if out.is_json() => {
            json!({ "what": line.what, "ok": false, "message": failure.message, "blame": failure.blame }).to_string()
        }
        Err(failure) => {
            let blame = failure
                .blame
                .as_deref()
                .map(|blame| format!(" (look at `{blame}`)"));
            format!(
                "FAILED  {}: {}{}",
                line.what,
                failure.message,
                blame.unwrap_or_default()
            )
        }
    }
}
