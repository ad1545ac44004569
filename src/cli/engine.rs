//! Opens an engine for a command, and the store alone for reports.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::args::Global;
use super::env;
use super::out::Out;
use super::remote::Daemon;
use super::workspace;
use crate::daemon::{self, Engine, EngineError, EngineOptions, Loader};
use crate::engine::record::TenantName;
use crate::engine::store::SqliteStore;
use crate::lang::plan::Plan;

/// How a command reaches a store: by itself, or through the daemon that has it (S41).
pub(super) enum Way {
    /// Nobody had it.
    Engine(Arc<Engine>),
    /// A daemon has it.
    Daemon(Daemon),
}

/// The way to the store of a workspace, or `None` after the workspace's mistakes were shown.
pub(super) async fn way(global: &Global, by: &str, out: Out) -> anyhow::Result<Option<Way>> {
    let Some(plan) = workspace::plan(global, out)? else {
        return Ok(None);
    };
    if let Some(daemon) = Daemon::of(&store_path(global, &plan), by).await {
        return Ok(Some(Way::Daemon(daemon)));
    }
    let engine = open_plan(global, plan, loader(global)).await?;
    Ok(Some(Way::Engine(engine)))
}

/// An engine over the workspace, or `None` after its mistakes were shown.
pub(super) async fn open(global: &Global, out: Out) -> anyhow::Result<Option<Arc<Engine>>> {
    let Some(plan) = workspace::plan(global, out)? else {
        return Ok(None);
    };
    open_plan(global, plan, loader(global)).await.map(Some)
}

/// Reads the workspace anew.
pub(super) fn loader(global: &Global) -> Loader {
    let workspace = global.workspace.clone();
    Arc::new(move || daemon::load(&workspace))
}

/// An engine over a plan, and over those that `loader` gives when it is reloaded.
pub(super) async fn open_plan(
    global: &Global,
    plan: Arc<Plan>,
    loader: Loader,
) -> anyhow::Result<Arc<Engine>> {
    let store = store_path(global, &plan);
    let options = EngineOptions {
        store,
        clock: env::clock()?,
        holder: holder(),
        loader,
    };
    Ok(Engine::open(plan, options).await?)
}

/// The store of the workspace, to read from while an engine may have it.
pub(super) async fn read_store(global: &Global, plan: &Plan) -> anyhow::Result<SqliteStore> {
    let path = store_path(global, plan);
    SqliteStore::open_to_read(&path)
        .await
        .with_context(|| "the store cannot be read")
}

/// The tenant that was named, or all.
pub(super) fn tenants(plan: &Plan, named: Option<&str>) -> Result<Vec<TenantName>, EngineError> {
    match named {
        Some(name) if plan.tenants.contains_key(name) => Ok(vec![TenantName::from(name)]),
        Some(name) => Err(EngineError::unknown_tenant(plan, name)),
        None => Ok(plan
            .tenants
            .keys()
            .map(|name| TenantName::from(&**name))
            .collect()),
    }
}

/// The file of the workspace's store.
pub(super) fn store_path(global: &Global, plan: &Plan) -> PathBuf {
    global
        .store
        .clone()
        .unwrap_or_else(|| plan.runtime.store.clone())
}

/// How this process is named to whoever finds the store in use.
fn holder() -> String {
    let program = std::env::args().next().unwrap_or_default();
    let program = Path::new(&program)
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    format!(
        "{} with process id {}",
        program.unwrap_or_else(|| "syncline".to_owned()),
        std::process::id()
    )
}
