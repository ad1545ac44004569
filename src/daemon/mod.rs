//! Puts the parts together: a plan, a store, the accounts, and what runs; reloads and shuts them down.

mod access;
mod error;
mod load;
mod metrics;
mod orders;
mod reload;
mod running;
pub mod settings;
pub mod view;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::clock::Clock;
use crate::engine::connect::{Network, Secrets, TokenVault};
use crate::engine::record::{PipelineName, TenantName};
use crate::engine::run::{Progress, StoreVault, TenantRun};
use crate::engine::store::{OpenOptions, SqliteStore};
use crate::engine::telemetry::Metrics;
use crate::lang::plan::{self, Plan};

pub use access::Token;
pub use error::EngineError;
pub use load::{Checked, LoadError, Loaded, Loader, load};
use metrics::Scraped;
pub use metrics::{TenantHealth, Unwritable};
pub use orders::{Again, Extent};
pub use reload::{Generation, Outcome, Reloaded, Reopen};
use running::Running;

/// How long a store that another engine holds is waited for (S41).
const LOCK_WAIT: Duration = Duration::from_secs(1);

/// What an engine is opened with.
#[derive(Clone)]
pub struct EngineOptions {
    /// The file of the store.
    pub store: PathBuf,
    /// What time it is.
    pub clock: Clock,
    /// Who holds the store, for whoever is refused.
    pub holder: String,
    /// Reads the plan anew when it is reloaded.
    pub loader: Loader,
}

/// A plan at work.
pub struct Engine {
    plan: RwLock<Arc<Plan>>,
    loader: Loader,
    store: Arc<SqliteStore>,
    clock: Clock,
    network: Network,
    secrets: Secrets,
    tasks: TaskTracker,
    progress: Arc<Progress>,
    scraped: Scraped,
    tenants: RwLock<HashMap<TenantName, Arc<TenantRun>>>,
    /// Tenants whose accounts cannot be opened, and why.
    unusable: RwLock<HashMap<TenantName, String>>,
    /// Counts changes of `tenants`.
    changes: AtomicU64,
    running: Mutex<HashMap<TenantName, Running>>,
    /// The loops of tenants that are served.
    loops: TaskTracker,
    /// Set while this engine serves: ends it.
    serving: OnceLock<CancellationToken>,
    pauses: RwLock<Pauses>,
    generation: watch::Sender<Generation>,
    /// Held by a reload, and while a tenant is opened that was not open.
    reloading: AsyncMutex<()>,
    /// Held while settings are changed.
    editing: AsyncMutex<()>,
}

/// What people paused beside whole tenants.
#[derive(Debug, Default)]
struct Pauses {
    everything: bool,
    pipelines: HashMap<TenantName, BTreeSet<PipelineName>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
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
        let generation = Generation {
            number: 1,
            since: options.clock.now(),
            last: None,
        };
        Ok(Arc::new(Self {
            plan: RwLock::new(plan),
            loader: options.loader,
            store,
            clock: options.clock.clone(),
            network,
            secrets,
            tasks,
            scraped: Scraped::new(options.clock.now()),
            progress: Arc::new(Progress::counted_by(metrics)),
            tenants: RwLock::default(),
            unusable: RwLock::default(),
            changes: AtomicU64::new(0),
            running: Mutex::default(),
            loops: TaskTracker::new(),
            serving: OnceLock::new(),
            pauses: RwLock::default(),
            generation: watch::Sender::new(generation),
            reloading: AsyncMutex::default(),
            editing: AsyncMutex::default(),
        }))
    }

    /// What it runs now.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
        if let Some(open) = self.open_one(name) {
            return Ok(open);
        }
        // A reload meanwhile would put another plan, and another run of this tenant, in the place of these.
        let _one = self.reloading.lock().await;
        if let Some(open) = self.open_one(name) {
            return Ok(open);
        }
        let plan = self.plan();
        let Some(tenant) = plan.tenants.get(name) else {
            return Err(EngineError::unknown_tenant(&plan, name));
        };
        let open = self.open_tenant(tenant.clone(), None).await?;
        self.swap(None, std::slice::from_ref(&open), &[]);
        Ok(open)
    }

    /// The tenants whose accounts are open.
    pub fn tenants(&self) -> Vec<Arc<TenantRun>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.values().cloned().collect()
    }

    /// Changes whenever [`Engine::tenants`] would answer otherwise.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Opens every tenant of the plan, and says which cannot be opened.
    pub async fn open_all(&self) -> (Vec<Arc<TenantRun>>, Vec<(Arc<str>, EngineError)>) {
        let (mut open, mut failed) = (Vec::new(), Vec::new());
        for name in self.plan().tenants.keys() {
            match self.tenant(name).await {
                Ok(tenant) => open.push(tenant),
                Err(error) => failed.push((name.clone(), error)),
            }
        }
        (open, failed)
    }

    /// Closes the store once its queue is empty.
    pub async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await;
    }

    fn open_one(&self, name: &str) -> Option<Arc<TenantRun>> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(&TenantName::from(name)).cloned()
    }

    /// A tenant as it is open now.
    fn current(&self, tenant: &Arc<TenantRun>) -> Arc<TenantRun> {
        self.open_one(tenant.name().as_str())
            .unwrap_or_else(|| tenant.clone())
    }

    /// Why a tenant's accounts cannot be opened, if they were tried and cannot.
    pub fn unusable(&self, tenant: &TenantName) -> Option<String> {
        let unusable = self.unusable.read().unwrap_or_else(PoisonError::into_inner);
        unusable.get(tenant).cloned()
    }

    async fn open_tenant(
        &self,
        tenant: Arc<plan::Tenant>,
        before: Option<&TenantRun>,
    ) -> Result<Arc<TenantRun>, EngineError> {
        let name = TenantName::from(&*tenant.name);
        let opened = TenantRun::open(
            tenant,
            self.store.clone(),
            self.clock.clone(),
            &self.network,
            &self.secrets,
            self.progress.clone(),
            before,
        )
        .await;
        let mut unusable = self
            .unusable
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        match &opened {
            Ok(_) => unusable.remove(&name),
            Err(error) => unusable.insert(name, error.to_string()),
        };
        Ok(opened?)
    }

    /// Puts a plan and open tenants in the place of what was there.
    fn swap(&self, plan: Option<Arc<Plan>>, opened: &[Arc<TenantRun>], removed: &[TenantName]) {
        if let Some(plan) = plan {
            *self.plan.write().unwrap_or_else(PoisonError::into_inner) = plan;
        }
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        for name in removed {
            tenants.remove(name);
        }
        for run in opened {
            tenants.insert(run.name().clone(), run.clone());
        }
        self.changes.fetch_add(1, Ordering::Release);
    }
}
