//! Puts the parts together: a plan, a store, the accounts, and what runs; and shuts them down.

mod metrics;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::error;

use crate::engine::clock::Clock;
use crate::engine::connect::{ClientError, Network, SecretError, Secrets, TokenVault};
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::run::{
    ActivateError, Activation, CheckLine, OpenError, Progress, StoreVault, TenantRun,
};
use crate::engine::schedule::{self, Mode, RunReport};
use crate::engine::store::{self, OpenOptions, SqliteStore, TenantRow};
use crate::engine::telemetry::Metrics;
use crate::lang::plan::Plan;
use metrics::Scraped;

/// How long a store that another engine holds is waited for (S41).
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// How long a tenant whose store failed rests before it is run again (S41).
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What an engine is opened with.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The file of the store.
    pub store: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// Who holds the store, for whoever is refused.
    pub holder: String,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No tenant file has this name.
    #[error("there is no tenant `{name}`; there are: {known}")]
    UnknownTenant {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The integration of the tenant has no such pipeline.
    #[error("tenant `{tenant}` has no pipeline `{name}`; it has: {known}")]
    UnknownPipeline {
        /// Of which tenant.
        tenant: String,
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The sealing key is missing or wrong.
    #[error("the sealing key of the runtime cannot be used: {0}")]
    Sealing(#[from] SecretError),
    /// HTTP cannot be used on this machine.
    #[error(transparent)]
    Http(#[from] ClientError),
    /// An account cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It could not be turned on.
    #[error(transparent)]
    Activate(#[from] ActivateError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl EngineError {
    /// No tenant file of `plan` has this name.
    pub fn unknown_tenant(plan: &Plan, name: &str) -> Self {
        Self::UnknownTenant {
            name: name.to_owned(),
            known: list(plan.tenants.keys()),
        }
    }
}

/// A plan at work.
#[derive(Debug)]
pub struct Engine {
    plan: Arc<Plan>,
    store: Arc<SqliteStore>,
    clock: Clock,
    network: Network,
    secrets: Secrets,
    tasks: TaskTracker,
    progress: Arc<Progress>,
    scraped: Scraped,
    tenants: Mutex<HashMap<TenantName, Arc<TenantRun>>>,
    running: Mutex<HashMap<TenantName, Running>>,
}

/// A tenant that is being run.
#[derive(Debug)]
struct Running {
    stop: CancellationToken,
    ended: CancellationToken,
}

impl Engine {
    /// Opens the store (T0) and makes ready to run `plan`.
    pub async fn open(plan: Arc<Plan>, options: EngineOptions) -> Result<Arc<Self>, EngineError> {
        let open = OpenOptions {
            path: options.store,
            holder: options.holder,
            lock_wait: LOCK_WAIT,
        };
        let store = Arc::new(SqliteStore::open(open, options.clock.now()).await?);
        let tasks = TaskTracker::new();
        let secrets = Secrets::new(plan.runtime.secrets.clone(), options.clock.clone());
        let vault: Option<Arc<dyn TokenVault>> = match &plan.runtime.sealing_key {
            Some(name) => Some(Arc::new(StoreVault::new(
                store.clone(),
                &secrets.resolve(name).await?,
            ))),
            None => None,
        };
        let metrics = Arc::new(Metrics::new(&store.meter()));
        metrics.config_taken(1, metrics::seconds(options.clock.now()));
        let network =
            Network::new(options.clock.clone(), tasks.clone(), vault)?.counted_by(metrics.clone());
        Ok(Arc::new(Self {
            plan,
            store,
            clock: options.clock.clone(),
            network,
            secrets,
            tasks,
            progress: Arc::new(Progress::counted_by(metrics)),
            scraped: Scraped::new(options.clock.now()),
            tenants: Mutex::default(),
            running: Mutex::default(),
        }))
    }

    /// What it runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Where state is kept.
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.store
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What has happened since it was opened.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// A tenant with its accounts open.
    pub async fn tenant(&self, name: &str) -> Result<Arc<TenantRun>, EngineError> {
        let Some(plan) = self.plan.tenants.get(name) else {
            return Err(EngineError::unknown_tenant(&self.plan, name));
        };
        let mut tenants = self.tenants.lock().await;
        let id = TenantName::from(name);
        if let Some(open) = tenants.get(&id) {
            return Ok(open.clone());
        }
        let open = TenantRun::open(
            plan.clone(),
            self.store.clone(),
            self.clock.clone(),
            &self.network,
            &self.secrets,
            self.progress.clone(),
        )
        .await?;
        tenants.insert(id, open.clone());
        Ok(open)
    }

    /// Turns a tenant's integration on.
    pub async fn activate(
        &self,
        tenant: &str,
        by: &str,
        agree: Option<&str>,
    ) -> Result<Activation, EngineError> {
        Ok(self.tenant(tenant).await?.activate(by, agree).await?)
    }

    /// Turns a tenant's integration off. When this returns nothing more is sent for it (S22).
    pub async fn turn_off(&self, tenant: &str, by: &str) -> Result<TenantRow, EngineError> {
        let run = self.tenant(tenant).await?;
        let row = run.turn_off(by).await?;
        let ended = {
            let running = self.running.lock().await;
            running.get(&TenantName::from(tenant)).map(|running| {
                running.stop.cancel();
                running.ended.clone()
            })
        };
        if let Some(ended) = ended {
            ended.cancelled().await;
        }
        Ok(row)
    }

    /// Proves a tenant's credentials, requirements and chosen values.
    pub async fn check(&self, tenant: &str) -> Result<Vec<CheckLine>, EngineError> {
        Ok(self.tenant(tenant).await?.check().await)
    }

    /// Runs tenants side by side until they are at rest, or until `stop`.
    pub async fn run(
        self: &Arc<Self>,
        what: &[(String, Option<Vec<String>>)],
        mode: Mode,
        stop: CancellationToken,
    ) -> Result<Vec<(String, RunReport)>, EngineError> {
        let mut runs = JoinSet::new();
        for (name, pipelines) in what {
            let tenant = self.tenant(name).await?;
            let only = match pipelines {
                Some(names) => Some(known_pipelines(&tenant, name, names)?),
                None => None,
            };
            let (engine, name, stop) = (self.clone(), name.clone(), stop.child_token());
            let running = self.begin(tenant.name(), &stop).await;
            runs.spawn(async move {
                let of = tenant.name().clone();
                let report = schedule::run(tenant, only.as_deref(), mode, stop).await;
                engine.ended(&of, &running).await;
                (name, report)
            });
        }
        let mut reports = Vec::new();
        while let Some(ran) = runs.join_next().await {
            let (name, report) =
                ran.expect("a run does not panic: its attempts run in tasks of their own");
            reports.push((name, report?));
        }
        reports.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(reports)
    }

    /// Opens every tenant of the plan, and says which cannot be opened.
    pub async fn open_all(&self) -> (Vec<Arc<TenantRun>>, Vec<(Arc<str>, EngineError)>) {
        let (mut open, mut failed) = (Vec::new(), Vec::new());
        for name in self.plan.tenants.keys() {
            match self.tenant(name).await {
                Ok(tenant) => open.push(tenant),
                Err(error) => failed.push((name.clone(), error)),
            }
        }
        (open, failed)
    }

    /// Runs tenants side by side until `stop`. What troubles one does not end it, nor the others.
    pub async fn serve(self: Arc<Self>, tenants: Vec<Arc<TenantRun>>, stop: CancellationToken) {
        let mut runs = JoinSet::new();
        for tenant in tenants {
            let (engine, stop) = (self.clone(), stop.child_token());
            let running = self.begin(tenant.name(), &stop).await;
            runs.spawn(async move {
                let name = tenant.name().clone();
                while let Err(error) =
                    schedule::run(tenant.clone(), None, Mode::Forever, stop.clone()).await
                {
                    error!(tenant = %name, %error, "The store failed; the tenant rests for a moment.");
                    tokio::select! {
                        () = engine.clock.sleep(STORE_PAUSE) => {}
                        () = stop.cancelled() => break,
                    }
                }
                engine.ended(&name, &running).await;
            });
        }
        while runs.join_next().await.is_some() {}
        stop.cancelled().await;
    }

    /// Notes that a tenant is being run.
    async fn begin(&self, tenant: &TenantName, stop: &CancellationToken) -> CancellationToken {
        let ended = CancellationToken::new();
        let running = Running {
            stop: stop.clone(),
            ended: ended.clone(),
        };
        self.running.lock().await.insert(tenant.clone(), running);
        ended
    }

    /// Notes that it is no more.
    async fn ended(&self, tenant: &TenantName, running: &CancellationToken) {
        self.running.lock().await.remove(tenant);
        running.cancel();
    }

    /// Closes the store once its queue is empty.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await;
    }
}

fn known_pipelines(
    tenant: &TenantRun,
    name: &str,
    wanted: &[String],
) -> Result<Vec<PipelineName>, EngineError> {
    let known: Vec<&str> = tenant.pipelines().map(|pipeline| &*pipeline.name).collect();
    wanted
        .iter()
        .map(|pipeline| {
            if known.contains(&pipeline.as_str()) {
                Ok(PipelineName::from(pipeline.as_str()))
            } else {
                Err(EngineError::UnknownPipeline {
                    tenant: name.to_owned(),
                    name: pipeline.clone(),
                    known: list(known.iter()),
                })
            }
        })
        .collect()
}

fn list(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
