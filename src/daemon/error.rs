//! Why something that was asked of the engine could not be done.

use crate::engine::connect::{ClientError, SecretError};
use crate::engine::run::{ActivateError, OpenError};
use crate::engine::store;
use crate::lang::plan::Plan;

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
    /// The integration of the tenant has no such entity.
    #[error("there is no entity `{name}`; there are: {known}")]
    UnknownEntity {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No file has this integration, or it asks for no agreement.
    #[error("there is no integration `{name}` with an agreement; there are: {known}")]
    UnknownIntegration {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No record with this key waits or was given up.
    #[error("no record `{key}` of tenant `{tenant}` waits or was given up")]
    NothingWaits {
        /// Whose.
        tenant: String,
        /// Which.
        key: String,
    },
    /// Nothing is read for a tenant that is off or paused.
    #[error("tenant `{tenant}` is {phase}: nothing is read for it")]
    NotRunning {
        /// Which.
        tenant: String,
        /// What it is.
        phase: &'static str,
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
    /// Settings were not changed.
    #[error(transparent)]
    Settings(#[from] super::settings::SettingsError),
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

pub(super) fn list(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
