//! `check TENANT`: which credential or requirement fails, and why.

use serde_json::json;

use super::args::{Global, TenantArgs};
use super::engine;
use super::exit::{Exit, blamed};
use super::out::Out;
use crate::engine::run::CheckLine;

pub(super) async fn run(global: &Global, args: &TenantArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let lines = engine.check(&args.tenant).await?;
    engine.close().await;
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
