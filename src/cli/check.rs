//! `check TENANT`: which credential or requirement fails, and why.

use serde_json::json;

use super::args::{Global, TenantArgs};
use super::engine;
use super::exit::{Exit, blamed};
use super::out::Out;

pub(super) async fn run(global: &Global, args: &TenantArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some(engine) = engine::open(global, *out).await? else {
        return Ok(Exit::Config);
    };
    let lines = engine.check(&args.tenant).await?;
    engine.close().await;
    let mut exit = Exit::Fine;
    for line in &lines {
        let shown = match &line.result {
            Ok(says) => {
                if out.is_json() {
                    json!({ "what": line.what, "ok": true, "says": says }).to_string()
                } else {
                    format!("ok      {}: {says}", line.what)
                }
            }
            Err(failure) => {
                if exit == Exit::Fine {
                    exit = blamed(failure.kind);
                }
                if out.is_json() {
                    json!({ "what": line.what, "ok": false, "message": failure.message, "blame": failure.blame }).to_string()
                } else {
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
        };
        out.data(&shown);
    }
    Ok(exit)
}
