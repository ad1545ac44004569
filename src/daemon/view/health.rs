//! Whether the engine does its work, and why not.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::At;
use crate::daemon::{Engine, Outcome};
use crate::engine::schedule::Paused;
use crate::engine::store::{self, Phase, Store as _};

/// How long an account may fail, or not be heard of after a poll of it was due, before the engine is not ready.
pub const FRESH: Duration = Duration::from_secs(300);
/// How long a commit may take. Of the machine's time.
const COMMIT: Duration = Duration::from_secs(2);

/// Whether the engine does its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Health {
    /// Whether it does all of it.
    pub ready: bool,
    /// Why the store cannot be written.
    pub store: Option<String>,
    /// How the accounts fare of tenants that are on, by connector.
    pub connectors: Vec<ConnectorHealth>,
    /// Tenants that are on and whose accounts cannot be opened.
    pub unusable: Vec<Trouble>,
    /// When the files were refused last, if they were; the plan of before holds, and this alone is no reason not to be
    /// ready.
    pub refused: Option<At>,
    /// The plan that holds.
    pub generation: u64,
}

/// How accounts with a connector fare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConnectorHealth {
    /// Which.
    pub connector: String,
    /// How many accounts there are.
    pub accounts: usize,
    /// Those that do not work.
    pub troubles: Vec<Trouble>,
}

/// What does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Trouble {
    /// Whose.
    pub tenant: String,
    /// Why.
    pub reason: String,
}

/// Looks whether everything works.
pub async fn health(engine: &Engine) -> Health {
    let written = engine.probe_store(COMMIT).await;
    let store = written.err().map(|error| error.to_string());
    let accounts = accounts(engine).await;
    let (connectors, unusable, unread) = match accounts {
        Ok((connectors, unusable)) => (connectors, unusable, None),
        Err(error) => (Vec::new(), Vec::new(), Some(error.to_string())),
    };
    let store = store.or(unread);
    let works = connectors.iter().all(|it| it.troubles.is_empty());
    let generation = engine.generation();
    let refused = generation.last.and_then(|last| match last.outcome {
        Outcome::Refused { .. } => Some(At(last.at)),
        Outcome::Same | Outcome::Taken { .. } => None,
    });
    Health {
        ready: store.is_none() && works && unusable.is_empty(),
        store,
        connectors,
        unusable,
        refused,
        generation: generation.number,
    }
}

async fn accounts(engine: &Engine) -> store::Result<(Vec<ConnectorHealth>, Vec<Trouble>)> {
    let now = engine.clock().now();
    let mut connectors: BTreeMap<String, ConnectorHealth> = BTreeMap::new();
    for tenant in engine.connections_health().await? {
        let paused = engine.paused(&tenant.tenant);
        for mut health in tenant.connections {
            if paused != Paused::None {
                // What is paused is not heard of.
                health.polled_every = None;
            }
            let name = health.connector.to_string();
            let known = connectors.entry(name.clone()).or_default();
            known.connector = name;
            known.accounts += 1;
            if let Some(reason) = health.unready(now, tenant.from, FRESH) {
                known.troubles.push(Trouble {
                    tenant: tenant.tenant.to_string(),
                    reason,
                });
            }
        }
    }
    let plan = engine.plan();
    let rows = engine.store().tenants().await?;
    let on = rows
        .into_iter()
        .filter(|row| row.phase == Phase::On && plan.tenants.contains_key(row.tenant.as_str()));
    let unusable = on.filter_map(|row| {
        Some(Trouble {
            reason: engine.unusable(&row.tenant)?,
            tenant: row.tenant.to_string(),
        })
    });
    Ok((connectors.into_values().collect(), unusable.collect()))
}
