//! The simulated ServiceChannel: the provider's side of it, as far as work orders arrive, are
//! read, accepted, moved on and written about.
//!
//! Where the documentation is silent, [`Settings`] has a switch, or the strictest reading is taken.
//! Proposals and assets are not simulated.

mod auth;
mod catalogue;
mod changes;
mod control;
mod events;
mod files;
pub mod hooks;
mod invoice_check;
pub mod invoices;
mod json;
pub mod ledger;
pub mod model;
mod names;
mod odata;
pub mod people;
pub mod people_terms;
mod properties;
mod query;
mod refusal;
mod routes;
mod seed;
mod sending;
pub mod settings;
mod state;
pub mod terms;
mod wire;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
pub use seed::{OTHER_PROVIDER_ID, Seed};
pub use settings::Settings;

use crate::sandbox::kit::Kit;
use crate::sandbox::kit::limits::{Limits, Window};
use crate::sandbox::kit::server::{self, Place, Running, Service};
use auth::Tokens;
use ledger::Author;
use model::Attachment;
use state::State;
use tokio::sync::Notify;

/// The API user.
pub const USERNAME: &str = "api@best.example";
/// The password of every user.
pub const PASSWORD: &str = "sandbox-password";
/// The API client.
pub const CLIENT_ID: &str = "PR.2090000001.6F1C7A0E";
/// The secret of every client.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";
/// A second client of the same provider, which has its own limit and shares the provider's.
pub const SECOND_CLIENT_ID: &str = "PR.2090000001.2B9D4C11";
/// A second user of the same provider.
pub const SECOND_USERNAME: &str = "second@best.example";
/// The provider all clients and users belong to, unless the seed names another.
pub const PROVIDER_ID: i64 = 2_090_000_001;

const USERS: [&str; 2] = [USERNAME, SECOND_USERNAME];

/// The API clients of a provider.
pub fn client_ids(provider: i64) -> [String; 2] {
    ["6F1C7A0E", "2B9D4C11"].map(|tail| format!("PR.{provider}.{tail}"))
}

const MINUTE: Duration = Duration::from_secs(60);

/// The simulator's state and what can be done to it. Cheap to clone: every clone is the same world.
#[derive(Clone, Debug)]
pub struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kit: Kit,
    seed: Seed,
    settings: RwLock<Settings>,
    state: RwLock<State>,
    tokens: Mutex<Tokens>,
    client_limit: Option<Limits>,
    provider_limit: Option<Limits>,
    /// Something may be due to be sent.
    news: Notify,
    /// The host of files.
    files: OnceLock<String>,
}

impl World {
    pub(super) fn new(kit: Kit, seed: Seed, settings: Settings) -> Self {
        let state = seed.state(kit.clock.now());
        let limits = |scope, requests: Option<u32>| {
            requests.map(|requests| {
                Limits::new(
                    scope,
                    Window {
                        requests,
                        per: MINUTE,
                    },
                )
            })
        };
        Self(Arc::new(Inner {
            client_limit: limits("Application", settings.client_limit),
            provider_limit: limits("Company", settings.provider_limit),
            state: RwLock::new(state),
            tokens: Mutex::new(Tokens::new(seed.seed)),
            settings: RwLock::new(settings),
            news: Notify::new(),
            files: OnceLock::new(),
            kit,
            seed,
        }))
    }

    /// What the kit's server needs to serve it.
    pub(super) fn service(&self) -> Service {
        let resets = self.clone();
        Service {
            api: routes::api(self.clone()),
            control: control::routes(self.clone()),
            kit: self.0.kit.clone(),
            replies: routes::replies(),
            reset: Arc::new(move || resets.reset()),
        }
    }

    /// The same for the host of its files, which is found at `url`.
    pub(super) fn store(&self, url: String) -> Service {
        self.0.files.get_or_init(|| url);
        Service {
            api: files::routes(self.clone()),
            control: Router::new(),
            kit: self.0.kit.clone(),
            replies: routes::replies(),
            reset: Arc::new(|| {}),
        }
    }

    /// From now on webhooks are delivered, until what serves it stops.
    pub(super) fn begin_telling(&self, running: &Running) {
        let (tasks, stopping) = running.tasks();
        tasks.spawn(sending::deliver(self.clone(), stopping.clone()));
    }

    /// Clock, faults, audit, recorder.
    pub fn kit(&self) -> &Kit {
        &self.0.kit
    }

    /// The provider that all its clients and users belong to.
    pub fn provider(&self) -> i64 {
        self.0.seed.provider
    }

    /// The present settings.
    pub fn settings(&self) -> Settings {
        self.0
            .settings
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Changes the settings. The two limits stay as they were at the start.
    pub fn set(&self, settings: Settings) {
        *self
            .0
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings;
    }

    /// No access token is good any more.
    pub fn expire_tokens(&self) {
        self.tokens().expire();
    }

    /// Back to the seed: work orders, notes, tokens, counts of limits.
    pub fn reset(&self) {
        let state = self.0.seed.state(self.0.kit.clock.now());
        self.with_state(|own| *own = state);
        *self.tokens() = Tokens::new(self.0.seed.seed);
        for limits in [&self.0.client_limit, &self.0.provider_limit]
            .into_iter()
            .flatten()
        {
            limits.reset();
        }
    }

    /// A link to a file, good for a while.
    fn link(&self, file: &Attachment) -> String {
        let base = self.0.files.get().map(String::as_str).unwrap_or_default();
        files::link(base, file, self.0.kit.clock.now())
    }

    fn seed(&self) -> &Seed {
        &self.0.seed
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_state<T>(&self, act: impl FnOnce(&State) -> T) -> T {
        act(&self.0.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state, and counts what a request wrote.
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.state.write().unwrap_or_else(PoisonError::into_inner);
        let (seen, waiting) = (state.ledger().len(), state.hooks().waiting());
        let done = act(&mut state);
        for write in state.ledger().since(seen) {
            if let (Author::Api { request, .. }, None) = (&write.by, write.refused) {
                let collection = write.what.collection();
                self.0.kit.audit.created(collection, &write.key, *request);
            }
        }
        let news = state.hooks().waiting() > waiting;
        drop(state);
        if news {
            self.0.news.notify_one();
        }
        done
    }
}

/// A simulator that is being served.
#[derive(Debug)]
pub struct ServiceChannel {
    world: World,
    running: Running,
    /// The host of files, on a port of its own.
    files: Running,
}

impl ServiceChannel {
    /// Serves a new world on `addr` (loopback; port 0: any).
    pub async fn start(
        addr: SocketAddr,
        kit: Kit,
        seed: Seed,
        settings: Settings,
    ) -> Result<Self, server::Error> {
        let world = World::new(kit, seed, settings);
        let files = Place::take(SocketAddr::new(addr.ip(), 0)).await?;
        let store = world.store(files.url());
        let files = files.serve(store);
        let running = server::start(addr, world.service()).await?;
        world.begin_telling(&running);
        Ok(Self {
            world,
            running,
            files,
        })
    }

    /// Where it listens: `http://127.0.0.1:7801`. The API is under `/v3`, the login at `/oauth`.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    /// Its state and what can be done to it.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What serves it.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Stops serving.
    pub async fn stop(self) {
        tokio::join!(self.running.stop(), self.files.stop());
    }
}
