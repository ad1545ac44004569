//! One tenant while the engine runs: its accounts, its epoch, what expressions see of it, and what is remembered
//! in memory between records.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Notify;

use super::cache::FetchCache;
use super::claims::Claims;
use super::crowd::Place;
use super::gate::Gates;
use super::links::Links;
use super::progress::Progress;
use super::scan::Sources;
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::connect::{self, Connection, Network, Secrets};
use crate::engine::record::{ConnectorName, Identity, PipelineName, TenantEpoch, TenantName};
use crate::engine::store::{self, AccountId, Fence, LinkId, Phase, SqliteStore, Store as _};
use crate::lang::expr::{Datum, Scope};
use crate::lang::plan;

/// Why a tenant cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An account cannot be used.
    #[error("the account of tenant {tenant} with {connector} cannot be used: {source}")]
    Account {
        /// Whose.
        tenant: TenantName,
        /// With which connector.
        connector: ConnectorName,
        /// Why.
        source: connect::ConnectError,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A record taken from the inbox, with its content read.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// The record, without the text of its content.
    pub(crate) row: store::RecordRow,
    /// Its content; none when it must be read again first.
    pub(crate) content: Option<Arc<serde_json::Value>>,
}

/// One tenant while the engine runs.
#[derive(Debug)]
pub struct TenantRun {
    /// Its name.
    pub(crate) name: TenantName,
    /// What it is to do.
    pub(crate) plan: Arc<plan::Tenant>,
    /// Its accounts.
    pub(crate) connections: HashMap<Arc<str>, Arc<Connection>>,
    /// Where its state is kept.
    pub(crate) store: Arc<SqliteStore>,
    /// What time it is.
    pub(crate) clock: Clock,
    /// Its links.
    pub(crate) links: Arc<Links>,
    /// Who writes which link (S3).
    pub(crate) claims: Claims<LinkId>,
    /// Answers that may be used again.
    pub(crate) cache: FetchCache,
    /// Which pipelines wait, and why.
    pub(crate) gates: Gates,
    /// What has happened so far, for people.
    pub(crate) progress: Arc<Progress>,
    /// What is remembered of its sources between passes.
    pub(crate) sources: Sources,
    /// Rung when there may be work.
    pub(crate) wake: Arc<Notify>,
    place: Place,
    epoch: Arc<AtomicI64>,
    /// Whether it was on when that was asked last.
    on: Arc<AtomicBool>,
    /// When it was last turned on, in ticks.
    since: AtomicI64,
    opened_at: Timestamp,
    activation: RwLock<Datum>,
    names: Scope<'static>,
}

impl TenantRun {
    /// Opens the accounts of a tenant and binds them to their identities (S30). What ran it until now under another
    /// plan is given as `before`: attempts of both may be under way for a while, and share who writes what (S28).
    pub async fn open(
        plan: Arc<plan::Tenant>,
        store: Arc<SqliteStore>,
        clock: Clock,
        network: &Network,
        secrets: &Secrets,
        progress: Arc<Progress>,
        before: Option<&Self>,
    ) -> Result<Arc<Self>, OpenError> {
        let name = TenantName::from(&*plan.name);
        let opened_at = clock.now();
        let mut connections = HashMap::new();
        let mut accounts = Vec::new();
        for (connector_name, account) in &plan.accounts {
            let id = AccountId {
                tenant: name.clone(),
                connector: ConnectorName::from(&**connector_name),
            };
            let connection = network
                .open(&name, account, secrets)
                .await
                .map_err(|source| OpenError::Account {
                    tenant: name.clone(),
                    connector: id.connector.clone(),
                    source,
                })?;
            store
                .bind_identity(id, connection.identity().clone())
                .await?;
            accounts.push((
                connector_name.to_string(),
                connection.account_datum().clone(),
            ));
            connections.insert(connector_name.clone(), connection);
        }
        let names = Scope::new().with("account", Datum::map(accounts)).with(
            "tenant",
            Datum::map([
                ("name", Datum::from(&*plan.name)),
                ("title", Datum::from(&*plan.title)),
            ]),
        );
        let pipelines = plan.integration.pipelines.values();
        let sources = pipelines.map(|pipeline| 1 + pipeline.signals.len()).sum();
        let run = Arc::new(Self {
            place: progress.crowd.join(sources),
            links: before.map_or_else(
                || Arc::new(Links::new(store.clone(), progress.crowd.clone())),
                |before| before.links.clone(),
            ),
            name,
            plan,
            connections,
            store,
            clock,
            claims: before.map_or_else(Claims::default, |before| before.claims.clone()),
            cache: FetchCache::new(progress.crowd.clone()),
            gates: Gates::default(),
            progress,
            sources: Sources::default(),
            wake: before.map_or_else(Arc::default, |before| before.wake.clone()),
            epoch: before.map_or_else(Arc::default, |before| before.epoch.clone()),
            on: before.map_or_else(Arc::default, |before| before.on.clone()),
            since: AtomicI64::new(0),
            opened_at,
            activation: RwLock::new(Datum::Null),
            names,
        });
        run.refresh().await?;
        Ok(run)
    }

    /// Reads phase, epoch and activation from the store.
    pub async fn refresh(&self) -> store::Result<store::TenantRow> {
        let row = self.store.tenant(&self.name).await?;
        self.epoch.store(row.epoch.0, Ordering::SeqCst);
        self.stands(row.phase);
        let since = row.since.unwrap_or_default();
        self.since.store(since.ticks(), Ordering::Relaxed);
        let date = |at: Option<Timestamp>| Datum::from(at.map(Timestamp::to_chrono));
        let activation = Datum::map([("at", date(row.activated_at)), ("since", date(row.since))]);
        *self
            .activation
            .write()
            .unwrap_or_else(PoisonError::into_inner) = activation;
        Ok(row)
    }

    /// Whether records are worked.
    pub(crate) async fn is_on(&self) -> store::Result<bool> {
        Ok(self.refresh().await?.phase == Phase::On)
    }

    pub(super) fn stands(&self, phase: Phase) {
        self.on.store(phase == Phase::On, Ordering::SeqCst);
    }

    /// Whether they were when that was asked last.
    pub(super) fn was_on(&self) -> bool {
        self.on.load(Ordering::SeqCst)
    }

    /// The tenant and the epoch in which its work runs.
    pub(crate) fn fence(&self) -> Fence {
        Fence {
            tenant: self.name.clone(),
            epoch: TenantEpoch(self.epoch.load(Ordering::SeqCst)),
        }
    }

    /// When it was last turned on.
    pub(crate) fn on_since(&self) -> Timestamp {
        Timestamp::from_ticks(self.since.load(Ordering::Relaxed))
    }

    /// When its accounts were opened.
    pub(super) fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// Its name.
    pub fn name(&self) -> &TenantName {
        &self.name
    }

    /// Its pipelines.
    pub fn pipelines(&self) -> impl Iterator<Item = &Arc<plan::Pipeline>> {
        self.plan.integration.pipelines.values()
    }

    /// A pipeline by name.
    pub(crate) fn pipeline(&self, name: &str) -> Option<&Arc<plan::Pipeline>> {
        self.plan.integration.pipelines.get(name)
    }

    /// The webhooks of its accounts, with the names of connector and webhook.
    pub fn webhooks(&self) -> impl Iterator<Item = (Arc<str>, Arc<str>, connect::Webhook)> {
        self.connections.iter().flat_map(|(connector, connection)| {
            let names = connection.connector().webhooks.keys();
            names.filter_map(move |name| {
                Some((connector.clone(), name.clone(), connection.webhook(name)?))
            })
        })
    }

    /// Where its state is kept.
    pub fn store(&self) -> &Arc<SqliteStore> {
        &self.store
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What has happened, for people and operators.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How many sources there are in the process, over all tenants.
    pub(crate) fn among(&self) -> usize {
        self.place.among()
    }

    /// Requests that may be on the wire at once, at the account that takes most.
    pub(crate) fn wire_slots(&self) -> usize {
        self.connections
            .values()
            .map(|connection| usize::try_from(connection.connector().concurrency).unwrap_or(1))
            .max()
            .unwrap_or(1)
    }

    /// Its accounts, by connector.
    pub fn accounts(&self) -> Vec<(Arc<str>, Arc<Connection>)> {
        let accounts = self.connections.iter();
        let mut accounts: Vec<_> = accounts
            .map(|(connector, account)| (connector.clone(), account.clone()))
            .collect();
        accounts.sort_by(|a, b| a.0.cmp(&b.0));
        accounts
    }

    /// The accounts that rest, by connector, and why.
    pub fn pauses(&self) -> Vec<(Arc<str>, connect::Pause)> {
        let accounts = self.connections.iter();
        let mut resting: Vec<_> = accounts
            .filter_map(|(connector, account)| Some((connector.clone(), account.pause()?)))
            .collect();
        resting.sort_by(|a, b| a.0.cmp(&b.0));
        resting
    }

    /// When the next probe of an account that rests is due, if one rests.
    pub(crate) fn rests_until(&self) -> Option<Timestamp> {
        let pauses = self
            .connections
            .values()
            .filter_map(|connection| connection.pause());
        pauses.map(|pause| pause.until).max()
    }

    /// What tells this plan of the tenant from another.
    pub fn digest(&self) -> plan::Digest {
        self.plan.digest
    }

    /// There may be work.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// A link was changed by somebody else than an attempt.
    pub fn forget_link(&self, link: &LinkId) {
        self.links.forget(link);
    }

    /// Waits until there may be work.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// When the next closed gate is to be looked at.
    pub(crate) fn next_gate_look(&self) -> Option<Timestamp> {
        self.gates.next_look(&self.plan.integration.requires)
    }

    /// Whether it is known well enough that a pipeline may take up work.
    pub(crate) fn gates_are_fresh(&self, pipeline: &str) -> bool {
        let requires = &self.plan.integration.requires;
        self.gates.are_fresh(requires, pipeline, self.clock.now())
    }

    /// Whether a gate is closed only because the other side could not be asked.
    pub(crate) fn gate_unanswered(&self) -> bool {
        self.gates.unanswered(&self.plan.integration.requires)
    }

    /// Reads the content of records, and ahead the links that they will ask for.
    pub(crate) async fn unpack(&self, rows: Vec<store::RecordRow>) -> store::Result<Vec<Taken>> {
        let mut ids = Vec::new();
        let mut taken = Vec::with_capacity(rows.len());
        for mut row in rows {
            let content: Option<Arc<serde_json::Value>> = row
                .payload
                .take()
                .and_then(|text| serde_json::from_str(&text).ok())
                .map(Arc::new);
            if let (Some(record), Some(pipeline)) =
                (&content, self.pipeline(row.id.pipeline.as_str()))
            {
                ids.extend(super::attempt::links_ahead(self, pipeline, record));
            }
            taken.push(Taken { row, content });
        }
        self.links.prefetch(ids).await?;
        Ok(taken)
    }

    /// Whose data the made end of an entity is in.
    pub fn entity_identity(&self, entity: &str) -> Option<Identity> {
        let entity = self.plan.integration.entities.get(entity)?;
        Some(self.identity(&entity.to.0).clone())
    }

    /// Whose data an account is; none when there is no account with this connector.
    pub fn account_identity(&self, connector: &str) -> Option<Identity> {
        let connection = self.connections.get(connector)?;
        Some(connection.identity().clone())
    }

    /// The pause of an account, while it rests.
    pub fn account_pause(&self, connector: &str) -> Option<connect::Pause> {
        self.connections.get(connector)?.pause()
    }

    /// The entities there are, for messages.
    pub fn entity_names(&self) -> String {
        let names: Vec<&str> = self
            .plan
            .integration
            .entities
            .keys()
            .map(|name| &**name)
            .collect();
        names.join(", ")
    }

    /// The names every expression of this tenant sees: `account`, `tenant`, `activation`, `settings`, `now`.
    pub(crate) fn scope(&self, settings: &plan::Settings, now: Timestamp) -> Scope<'_> {
        let activation = self
            .activation
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.names
            .child()
            .with("activation", activation)
            .with("settings", settings.values.clone())
            .with("now", Datum::date(&now.to_chrono()))
    }

    /// The account with a connector. The plan proved that there is one.
    pub(crate) fn connection(&self, connector: &str) -> &Arc<Connection> {
        self.connections
            .get(connector)
            .expect("the plan gives a tenant an account for every connector it uses")
    }

    /// Whose data an account with `connector` sees.
    pub(crate) fn identity(&self, connector: &str) -> &Identity {
        self.connection(connector).identity()
    }

    /// The pipelines whose records are an end of `entity`: a new link makes them dirty there (S12). A record that
    /// only names an end has another key.
    pub fn readers(&self, entity: &str) -> Vec<store::Reader> {
        self.plan
            .integration
            .pipelines
            .values()
            .filter(|pipeline| pipeline.fetch.one.is_some())
            .filter_map(|pipeline| {
                let end = match pipeline.links.get(entity)? {
                    plan::LinkEnd::Made(_) => store::ReadAs::Made,
                    plan::LinkEnd::Source(_) => store::ReadAs::Source,
                    plan::LinkEnd::Id(_) | plan::LinkEnd::Key(_) => return None,
                };
                Some(store::Reader {
                    identity: self.identity(&pipeline.fetch.request.connector).clone(),
                    pipeline: PipelineName::from(&*pipeline.name),
                    end,
                })
            })
            .collect()
    }
}
