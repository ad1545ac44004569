//! Tenants: whether each is on, how far behind it is, and what troubles it.

use schemars::JsonSchema;
use serde::Serialize;

use super::pipeline::WaitsFor;
use super::record::known;
use super::{At, Page};
use crate::daemon::{Engine, EngineError};
use crate::engine::record::{ConnectorName, TenantName};
use crate::engine::store::{AccountId, Agreement, Count, Phase, RecordState, Store as _};
use crate::lang::plan::Tenant;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TenantView {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The integration it uses.
    pub integration: String,
    /// Whether records are read and written for it.
    pub phase: Phase,
    /// When it was first turned on; null when it never was.
    pub activated_at: Option<At>,
    /// When it was last turned on.
    pub since: Option<At>,
    /// The agreement that was accepted last.
    pub agreed: Option<Accepted>,
    /// Why its accounts cannot be opened: nothing is done for it meanwhile.
    pub unusable: Option<String>,
    /// How many records stand where.
    pub records: Standing,
    /// Since when the oldest record that is ready or waits is not in step.
    pub oldest: Option<At>,
    /// How long that is, in seconds; 0 when all are in step.
    pub lag_seconds: f64,
    /// Requests whose outcome is not settled.
    pub unsettled: u64,
    /// Requirements that do not hold: no record of these pipelines is worked meanwhile.
    pub waits_for: Vec<WaitsFor>,
    /// The pipelines that people paused beside the tenant.
    pub paused_pipelines: Vec<String>,
    /// Its accounts.
    pub accounts: Vec<Account>,
}

/// An agreement that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Accepted {
    /// Which text.
    pub version: String,
    /// Who accepted it.
    pub by: String,
    /// When.
    pub at: At,
}

/// How many records stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Standing {
    /// To be worked.
    pub ready: u64,
    /// To be worked when due, or when what they wait on is settled.
    pub waiting: u64,
    /// Not to be worked until something changes.
    pub held: u64,
    /// Given up.
    pub dead: u64,
    /// In step.
    pub done: u64,
}

/// An account of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Account {
    /// With which connector.
    pub connector: String,
    /// Whose data it is; null before it was first opened.
    pub identity: Option<String>,
    /// Set while it rests because it does not work.
    pub rests: Option<AccountRest>,
}

/// Why an account rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AccountRest {
    /// When it is tried next.
    pub until: At,
    /// Why.
    pub reason: String,
}

/// Narrows a list of tenants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantFilter {
    /// Whose name or title has this in it, whatever its case.
    pub search: Option<String>,
    /// Of this integration only.
    pub integration: Option<String>,
    /// In this phase only.
    pub phase: Option<Phase>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Tenants by name.
pub async fn tenants(
    engine: &Engine,
    filter: &TenantFilter,
    most: u32,
) -> Result<Page<TenantView>, EngineError> {
    let plan = engine.plan();
    let phases = match filter.phase {
        Some(_) => engine.store().tenants().await?,
        None => Vec::new(),
    };
    let in_phase = |tenant: &Tenant| {
        let row = phases
            .iter()
            .find(|row| row.tenant.as_str() == &*tenant.name);
        let phase = row.map_or(Phase::Off, |row| row.phase);
        filter.phase.is_none_or(|wanted| wanted == phase)
    };
    let mut found: Vec<_> = plan
        .tenants
        .values()
        .filter(|tenant| filter.meets(tenant))
        .filter(|tenant| in_phase(tenant))
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let names = found.into_iter().take(most as usize + 1);
    let page = Page::cut(names.collect(), most as usize, |tenant| {
        tenant.name.to_string()
    });
    let mut items = Vec::with_capacity(page.items.len());
    for tenant in page.items {
        items.push(view(engine, tenant).await?);
    }
    Ok(Page {
        items,
        next: page.next,
    })
}

/// One tenant.
pub async fn tenant(engine: &Engine, name: &str) -> Result<TenantView, EngineError> {
    known(engine, name)?;
    let plan = engine.plan();
    match plan.tenants.get(name) {
        Some(tenant) => view(engine, tenant).await,
        None => Err(EngineError::unknown_tenant(&plan, name)),
    }
}

impl TenantFilter {
    fn meets(&self, tenant: &Tenant) -> bool {
        let has = |text: &str, wanted: &str| text.to_lowercase().contains(&wanted.to_lowercase());
        let search = self.search.as_deref();
        let integration = self.integration.as_deref();
        let after = self.after.as_deref();
        search.is_none_or(|wanted| has(&tenant.name, wanted) || has(&tenant.title, wanted))
            && integration.is_none_or(|wanted| wanted == &*tenant.integration.name)
            && after.is_none_or(|after| &*tenant.name > after)
    }
}

async fn view(engine: &Engine, tenant: &Tenant) -> Result<TenantView, EngineError> {
    let name = TenantName::from(&*tenant.name);
    let store = engine.store();
    let row = store.tenant(&name).await?;
    let counts = store.counts(&name).await?;
    let gates = store.gates(&name).await?;
    let unsettled = store.open_intents(&name).await?.len() as u64;
    let pauses = store.pauses().await?;
    let own = pauses.into_iter().filter_map(|pause| pause.of);
    let paused = own.filter(|(of, _)| *of == name);
    let oldest = counts
        .iter()
        .filter(|count| pends(count.state))
        .map(|count| count.oldest)
        .min();
    let lag = oldest.map(|oldest| engine.clock().now().since(oldest));
    Ok(TenantView {
        name: tenant.name.to_string(),
        title: tenant.title.to_string(),
        integration: tenant.integration.name.to_string(),
        phase: row.phase,
        activated_at: row.activated_at.map(At),
        since: row.since.map(At),
        agreed: row.agreed.map(Accepted::from),
        unusable: engine.unusable(&name),
        records: standing(&counts),
        oldest: oldest.map(At),
        lag_seconds: lag.unwrap_or_default().as_secs_f64(),
        unsettled,
        waits_for: gates.iter().map(WaitsFor::from).collect(),
        paused_pipelines: paused.map(|(_, pipeline)| pipeline.to_string()).collect(),
        accounts: accounts(engine, tenant, &name).await?,
    })
}

/// Whether records in this state are to come in step by themselves.
fn pends(state: RecordState) -> bool {
    match state {
        RecordState::Ready | RecordState::Waiting => true,
        RecordState::Held | RecordState::Dead | RecordState::Done => false,
    }
}

fn standing(counts: &[Count]) -> Standing {
    let mut standing = Standing::default();
    for count in counts {
        let of = match count.state {
            RecordState::Ready => &mut standing.ready,
            RecordState::Waiting => &mut standing.waiting,
            RecordState::Held => &mut standing.held,
            RecordState::Dead => &mut standing.dead,
            RecordState::Done => &mut standing.done,
        };
        *of += count.records;
    }
    standing
}

async fn accounts(
    engine: &Engine,
    tenant: &Tenant,
    name: &TenantName,
) -> Result<Vec<Account>, EngineError> {
    let open = engine.open_one(&tenant.name);
    let mut accounts = Vec::new();
    for connector in tenant.accounts.keys() {
        let id = AccountId {
            tenant: name.clone(),
            connector: ConnectorName::from(&**connector),
        };
        let row = engine.store().account(&id).await?;
        let pause = open.as_ref().and_then(|open| open.account_pause(connector));
        accounts.push(Account {
            connector: connector.to_string(),
            identity: row
                .and_then(|row| row.identity)
                .map(|identity| identity.to_string()),
            rests: pause.map(|pause| AccountRest {
                until: At(pause.until),
                reason: pause.reason.to_string(),
            }),
        });
    }
    Ok(accounts)
}

impl From<Agreement> for Accepted {
    fn from(agreement: Agreement) -> Self {
        Self {
            version: agreement.version,
            by: agreement.by,
            at: At(agreement.at),
        }
    }
}
