//! Another plan in the place of the present one, while everything runs. A plan is taken whole or not at all; each
//! attempt is made under one plan, and one that was begun ends under the one it began with (S28).

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::sync::watch;
use tracing::{info, warn};

use super::metrics::seconds;
use super::{Engine, EngineError};
use crate::engine::clock::Timestamp;
use crate::engine::record::TenantName;
use crate::engine::run::TenantRun;
use crate::engine::store::{EVERY_TENANT, Instruction, Note, Phase, Store as _};
use crate::lang::plan::Plan;

/// Which tenants are opened anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopen {
    /// Those for which the files say something else now.
    Changed,
    /// All: secrets may be others, too.
    All,
}

/// The plan that holds, and how the last reload went.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Counts plans, from 1.
    pub number: u64,
    /// Since when it holds.
    pub since: Timestamp,
    /// The last reload; none before the first.
    pub last: Option<Reloaded>,
}

/// How a reload went.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a reload.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The files say what they said before.
    Same,
    /// Another plan holds.
    Taken {
        /// Tenants that are run under another plan, by name; added ones among them.
        changed: Vec<String>,
        /// Tenants whose file is gone.
        removed: Vec<String>,
        /// Tenants whose accounts cannot be opened, and why: the plan of before holds for them, or they are left out.
        failed: Vec<(String, String)>,
        /// What takes effect only when the process is started again.
        restart: Vec<&'static str>,
    },
    /// Something is wrong with the files: the plan of before holds.
    Refused {
        /// Every mistake, for people.
        text: String,
        /// The same for programs; null when the files cannot be read at all.
        report: Json,
    },
}

impl Outcome {
    /// Whether what the files say holds now.
    pub fn holds(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Taken { failed, .. } => failed.is_empty(),
            Self::Refused { .. } => false,
        }
    }
}

impl Engine {
    /// The plan that holds, and how the last reload went.
    pub fn generation(&self) -> Generation {
        self.generation.borrow().clone()
    }

    /// [`Engine::reload`] because somebody asked for it: entered in the audit log.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reload_by(
        self: &Arc<Self>,
        reopen: Reopen,
        by: &str,
    ) -> Result<Reloaded, EngineError> {
        let done = self.reload(reopen).await?;
        let holds = json!({ "holds": done.outcome.holds() });
        let note = Instruction::Note(Note::Reload, holds);
        self.order(&TenantName::from(EVERY_TENANT), by, note)
            .await?;
        Ok(done)
    }

    /// Tells of every reload.
    pub fn generations(&self) -> watch::Receiver<Generation> {
        self.generation.subscribe()
    }

    /// Reads the files anew and takes up what they say. One reload at a time.
    ///
    /// # Errors
    /// When the store fails. What is wrong with the files is an outcome, not an error.
    pub async fn reload(self: &Arc<Self>, reopen: Reopen) -> Result<Reloaded, EngineError> {
        let _one = self.reloading.lock().await;
        let loader = self.loader.clone();
        let loaded = tokio::task::spawn_blocking(move || loader())
            .await
            .expect("reading files does not panic");
        let outcome = match loaded {
            Ok(loaded) => match loaded.plan {
                Some(plan) => self.take(plan, reopen).await?,
                None => Outcome::Refused {
                    text: loaded.text,
                    report: loaded.report,
                },
            },
            Err(error) => Outcome::Refused {
                text: error.to_string(),
                report: Json::Null,
            },
        };
        let reloaded = Reloaded {
            at: self.clock.now(),
            outcome,
        };
        self.note(&reloaded);
        Ok(reloaded)
    }

    fn note(&self, reloaded: &Reloaded) {
        match &reloaded.outcome {
            Outcome::Same => info!("The files say what they said before."),
            Outcome::Taken {
                changed,
                removed,
                failed,
                ..
            } => {
                info!(
                    changed = changed.len(),
                    removed = removed.len(),
                    "Another plan holds."
                );
                for (tenant, error) in failed {
                    warn!(
                        tenant,
                        error, "The tenant could not be opened under the new plan."
                    );
                }
            }
            Outcome::Refused { text, .. } => {
                warn!(
                    "The plan of before holds, because something is wrong with the files:\n{text}"
                );
            }
        }
        self.generation.send_modify(|generation| {
            if let Outcome::Taken { .. } = reloaded.outcome {
                generation.number += 1;
                generation.since = reloaded.at;
            }
            generation.last = Some(reloaded.clone());
        });
        let generation = self.generation();
        match &reloaded.outcome {
            Outcome::Same | Outcome::Taken { .. } => {
                let since = seconds(generation.since);
                self.metrics().config_taken(generation.number, since);
            }
            Outcome::Refused { .. } => self.metrics().config_refused(),
        }
    }

    async fn take(self: &Arc<Self>, plan: Plan, reopen: Reopen) -> Result<Outcome, EngineError> {
        let before = self.plan();
        if reopen == Reopen::Changed && plan.digest == before.digest {
            return Ok(Outcome::Same);
        }
        let restart = needs_restart(&before, &plan);
        let plan = Arc::new(shared_with(&before, plan));
        let standing: HashMap<TenantName, Arc<TenantRun>> = self
            .tenants()
            .into_iter()
            .map(|run| (run.name().clone(), run))
            .collect();
        let (mut opened, mut failed) = (Vec::new(), Vec::new());
        for (name, tenant) in &plan.tenants {
            let known = standing.get(&TenantName::from(&**name));
            let same = known.is_some_and(|known| known.digest() == tenant.digest);
            if same && reopen == Reopen::Changed {
                continue;
            }
            match self
                .open_tenant(tenant.clone(), known.map(|known| &**known))
                .await
            {
                Ok(run) => opened.push(run),
                Err(error) => failed.push((name.to_string(), error.to_string())),
            }
        }
        let removed: Vec<TenantName> = standing
            .keys()
            .filter(|name| !plan.tenants.contains_key(name.as_str()))
            .cloned()
            .collect();
        // From here on it holds.
        self.swap(Some(plan), &opened, &removed);
        for name in &removed {
            self.end(name);
        }
        for run in &opened {
            let row = self.store.tenant(run.name()).await?;
            if !self.replan(run) && row.phase == Phase::On {
                self.start(run);
            }
        }
        Ok(Outcome::Taken {
            changed: opened.iter().map(|run| run.name().to_string()).collect(),
            removed: removed.iter().map(ToString::to_string).collect(),
            failed,
            restart,
        })
    }
}

/// The plan with what did not change taken from the one before: what is alike is in memory once.
fn shared_with(before: &Plan, mut plan: Plan) -> Plan {
    if plan.shared != before.shared {
        return plan;
    }
    plan.connectors.clone_from(&before.connectors);
    plan.integrations.clone_from(&before.integrations);
    for (name, tenant) in &mut plan.tenants {
        match before.tenants.get(name) {
            Some(known) if known.digest == tenant.digest => *tenant = known.clone(),
            Some(_) | None => {
                if let Some(known) = before.integrations.get(&tenant.integration.name) {
                    Arc::make_mut(tenant).integration = known.clone();
                }
            }
        }
    }
    plan
}

/// What of the process itself is other in `plan`.
fn needs_restart(before: &Plan, plan: &Plan) -> Vec<&'static str> {
    let (old, new) = (&before.runtime, &plan.runtime);
    [
        ("store", old.store != new.store),
        ("listen", (old.hooks, old.admin) != (new.hooks, new.admin)),
        ("secrets", old.secrets != new.secrets),
        ("sealing_key", old.sealing_key != new.sealing_key),
    ]
    .into_iter()
    .filter_map(|(what, changed)| changed.then_some(what))
    .collect()
}
