//! Integrations: what is offered, and how many tenants have it on.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::daemon::{Engine, EngineError};
use crate::engine::store::{Phase, Store as _};
use crate::lang::plan::{Integration, Plan};

/// An integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct IntegrationView {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The connectors it uses.
    pub connectors: Vec<String>,
    /// Its pipelines.
    pub pipelines: Vec<String>,
    /// What overrides of settings are per, if there are any.
    pub subjects: Option<String>,
    /// What must be agreed to before it is turned on.
    pub agreement: Option<AgreementText>,
    /// Its tenants, by phase.
    pub tenants: TenantCounts,
}

/// A text that is agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgreementText {
    /// Its version.
    pub version: String,
    /// The text.
    pub text: String,
}

/// How many tenants there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TenantCounts {
    /// All.
    pub all: usize,
    /// Those for which records are read and written.
    pub on: usize,
    /// Those that are paused.
    pub paused: usize,
    /// Those for which nothing is done.
    pub off: usize,
}

/// Every integration, by name as the files have them.
pub async fn integrations(engine: &Engine) -> Result<Vec<IntegrationView>, EngineError> {
    let plan = engine.plan();
    let phases = phases(engine).await?;
    Ok(plan
        .integrations
        .values()
        .map(|integration| view(&plan, integration, &phases))
        .collect())
}

/// One of them; none when there is none of this name.
pub async fn integration(
    engine: &Engine,
    name: &str,
) -> Result<Option<IntegrationView>, EngineError> {
    let plan = engine.plan();
    let phases = phases(engine).await?;
    let found = plan.integrations.get(name);
    Ok(found.map(|integration| view(&plan, integration, &phases)))
}

async fn phases(engine: &Engine) -> Result<HashMap<String, Phase>, EngineError> {
    let rows = engine.store().tenants().await?;
    let phases = rows
        .into_iter()
        .map(|row| (row.tenant.to_string(), row.phase));
    Ok(phases.collect())
}

fn view(
    plan: &Plan,
    integration: &Integration,
    phases: &HashMap<String, Phase>,
) -> IntegrationView {
    let mut tenants = TenantCounts::default();
    let own = plan
        .tenants
        .values()
        .filter(|tenant| tenant.integration.name == integration.name);
    for tenant in own {
        tenants.all += 1;
        match phases.get(&*tenant.name).copied().unwrap_or(Phase::Off) {
            Phase::On => tenants.on += 1,
            Phase::Paused => tenants.paused += 1,
            Phase::Off | Phase::Activating => tenants.off += 1,
        }
    }
    IntegrationView {
        name: integration.name.to_string(),
        title: integration.title.to_string(),
        connectors: integration
            .connectors
            .iter()
            .map(ToString::to_string)
            .collect(),
        pipelines: integration
            .pipelines
            .keys()
            .map(ToString::to_string)
            .collect(),
        subjects: integration
            .subjects
            .as_ref()
            .map(|subjects| subjects.title.to_string()),
        agreement: integration
            .agreement
            .as_ref()
            .map(|agreement| AgreementText {
                version: agreement.version.to_string(),
                text: agreement.text.to_string(),
            }),
        tenants,
    }
}
