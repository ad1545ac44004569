//! `pause`, `resume`, `read` and `reload`: what is asked of a daemon while it runs.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::args::{Global, PauseArgs, ReadArgs, ReloadArgs};
use super::engine::{self, Way};
use super::exit::Exit;
use super::out::Out;
use super::remote::{Daemon, part};
use super::{env, live, workspace};
use crate::daemon::Extent;

/// Where things go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// They rest.
    Pause,
    /// They go on.
    Resume,
}

/// Nobody is there who could do it.
#[derive(Debug, thiserror::Error)]
#[error("no daemon has the store {0}; `syncline serve` starts one")]
struct NoDaemon(String);

pub(super) async fn run(
    global: &Global,
    args: &PauseArgs,
    turn: Turn,
    out: &Out,
) -> anyhow::Result<Exit> {
    let by = args.by.clone().unwrap_or_else(env::user);
    let what = extent(args);
    match engine::way(global, &by, *out).await? {
        None => return Ok(Exit::Config),
        Some(Way::Daemon(daemon)) => {
            let verb = match turn {
                Turn::Pause => "pause",
                Turn::Resume => "resume",
            };
            let path = match &what {
                Extent::Everything => format!("/v1/{verb}"),
                Extent::Tenant(tenant) => format!("/v1/tenants/{}/{verb}", part(tenant)),
                Extent::Pipeline(tenant, pipeline) => {
                    format!("{}/{verb}", address(tenant, pipeline))
                }
            };
            daemon.post::<Json>(&path, &json!({})).await?;
        }
        Some(Way::Engine(engine)) => {
            let done = match turn {
                Turn::Pause => engine.pause(&what, &by).await,
                Turn::Resume => engine.resume(&what, &by).await,
            };
            engine.close().await;
            done?;
        }
    }
    say(&what, turn, *out);
    Ok(Exit::Fine)
}

/// What the command line names: everything, a tenant, or a pipeline of one.
fn extent(args: &PauseArgs) -> Extent {
    match args.what.as_deref() {
        None => Extent::Everything,
        Some(what) => match what.split_once('/') {
            Some((tenant, pipeline)) => Extent::Pipeline(tenant.to_owned(), pipeline.to_owned()),
            None => Extent::Tenant(what.to_owned()),
        },
    }
}

fn say(what: &Extent, turn: Turn, out: Out) {
    let (tenant, pipeline, name) = match what {
        Extent::Everything => (None, None, "everything".to_owned()),
        Extent::Tenant(tenant) => (Some(tenant), None, tenant.clone()),
        Extent::Pipeline(tenant, pipeline) => {
            (Some(tenant), Some(pipeline), format!("{tenant}/{pipeline}"))
        }
    };
    let paused = turn == Turn::Pause;
    if out.is_json() {
        out.json(&json!({ "tenant": tenant, "pipeline": pipeline, "paused": paused }));
    } else if paused {
        let resumed = tenant.map_or("--all", |_| &*name);
        out.data(&format!(
            "{name} is paused; `syncline resume {resumed}` lets it go on"
        ));
    } else {
        out.data(&format!("{name} goes on"));
    }
}

pub(super) async fn read(global: &Global, args: &ReadArgs, out: &Out) -> anyhow::Result<Exit> {
    let Some((tenant, pipeline)) = args.what.split_once('/') else {
        out.talk(&format!("error: `{}` is not TENANT/PIPELINE", args.what));
        return Ok(Exit::Usage);
    };
    let by = args.by.clone().unwrap_or_else(env::user);
    let Some(daemon) = daemon(global, &by, *out).await? else {
        return Ok(Exit::Config);
    };
    let path = format!("{}/read", address(tenant, pipeline));
    daemon.post::<Json>(&path, &json!({})).await?;
    if out.is_json() {
        out.json(&json!({ "tenant": tenant, "pipeline": pipeline }));
    } else {
        out.data(&format!("the source of {} is read now", args.what));
    }
    Ok(Exit::Fine)
}

/// How a reload went.
#[derive(Deserialize)]
struct Reloaded {
    outcome: String,
    holds: bool,
    changed: Vec<String>,
    removed: Vec<String>,
    failed: Vec<Failed>,
    restart: Vec<String>,
    text: Option<String>,
    report: Json,
}

#[derive(Deserialize)]
struct Failed {
    tenant: String,
    error: String,
}

pub(super) async fn reload(global: &Global, args: &ReloadArgs, out: &Out) -> anyhow::Result<Exit> {
    let by = args.by.clone().unwrap_or_else(env::user);
    // A workspace with mistakes is for the daemon to refuse: it says what it thinks of it.
    let checked = workspace::check(&global.workspace)?;
    let Some(store) = workspace::store(&checked, global) else {
        workspace::show(&checked, *out);
        return Ok(Exit::Config);
    };
    let Some(daemon) = Daemon::of(&store, &by).await else {
        return Err(none(&store));
    };
    let done: Reloaded = daemon.post("/v1/reload", &json!({})).await?;
    if out.is_json() {
        out.json(&json!({
            "outcome": done.outcome,
            "holds": done.holds,
            "changed": done.changed,
            "removed": done.removed,
            "restart": done.restart,
            "report": done.report,
        }));
    } else if let Some(text) = &done.text {
        out.talk(text);
        out.talk("the plan of before goes on: mend the files, and they are read again");
    } else {
        out.data(&format!(
            "the files were read anew: {} changed, {} removed",
            live::number(done.changed.len() as u64, "tenants"),
            done.removed.len()
        ));
    }
    for Failed { tenant, error } in &done.failed {
        out.talk(&format!("error: {tenant} goes on as before: {error}"));
    }
    for what in &done.restart {
        out.talk(&format!(
            "`{what}` of syncline.yaml takes effect at the next start"
        ));
    }
    Ok(if done.holds { Exit::Fine } else { Exit::Config })
}

/// The daemon of the workspace's store, or `None` after the workspace's mistakes were shown.
async fn daemon(global: &Global, by: &str, out: Out) -> anyhow::Result<Option<Daemon>> {
    let Some(plan) = workspace::plan(global, out)? else {
        return Ok(None);
    };
    let store = engine::store_path(global, &plan);
    match Daemon::of(&store, by).await {
        Some(daemon) => Ok(Some(daemon)),
        None => Err(none(&store)),
    }
}

fn none(store: &Path) -> anyhow::Error {
    NoDaemon(store.display().to_string()).into()
}

fn address(tenant: &str, pipeline: &str) -> String {
    format!("/v1/tenants/{}/pipelines/{}", part(tenant), part(pipeline))
}
