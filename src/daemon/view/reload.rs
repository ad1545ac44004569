//! The plan that holds, and how the last reload went.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::At;
use crate::daemon::{Engine, Outcome, Reloaded};

/// The plan that holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct GenerationView {
    /// Counts plans, from 1.
    pub number: u64,
    /// Since when it holds.
    pub since: At,
    /// The last time the files were read anew; null before the first.
    pub last_reload: Option<ReloadView>,
}

/// What came of reading the files anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReloadKind {
    /// They say what they said before.
    Same,
    /// What they say holds now.
    Taken,
    /// Something is wrong with them: the plan of before holds.
    Refused,
}

/// How a reload went.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReloadView {
    /// When.
    pub at: At,
    /// What came of it.
    pub outcome: ReloadKind,
    /// Whether what the files say holds now, for every tenant.
    pub holds: bool,
    /// Tenants that are run under another plan; added ones among them.
    pub changed: Vec<String>,
    /// Tenants whose file is gone.
    pub removed: Vec<String>,
    /// Tenants whose accounts cannot be opened: the plan of before holds for them.
    pub failed: Vec<FailedTenant>,
    /// What takes effect only when the process is started again.
    pub restart: Vec<String>,
    /// Every mistake, for people.
    pub text: Option<String>,
    /// The same for programs, as `validate --format json` prints it; null when the files cannot be read at all.
    pub report: Json,
}

/// A tenant that could not be opened under another plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailedTenant {
    /// Which.
    pub tenant: String,
    /// Why.
    pub error: String,
}

/// The plan that holds, and how the last reload went.
pub fn generation(engine: &Engine) -> GenerationView {
    let generation = engine.generation();
    GenerationView {
        number: generation.number,
        since: At(generation.since),
        last_reload: generation.last.as_ref().map(ReloadView::from),
    }
}

impl From<&Reloaded> for ReloadView {
    fn from(reloaded: &Reloaded) -> Self {
        let blank = Self {
            at: At(reloaded.at),
            outcome: ReloadKind::Same,
            holds: reloaded.outcome.holds(),
            changed: Vec::new(),
            removed: Vec::new(),
            failed: Vec::new(),
            restart: Vec::new(),
            text: None,
            report: Json::Null,
        };
        match &reloaded.outcome {
            Outcome::Same => blank,
            Outcome::Taken {
                changed,
                removed,
                failed,
                restart,
            } => Self {
                outcome: ReloadKind::Taken,
                changed: changed.clone(),
                removed: removed.clone(),
                failed: failed
                    .iter()
                    .map(|(tenant, error)| FailedTenant {
                        tenant: tenant.clone(),
                        error: error.clone(),
                    })
                    .collect(),
                restart: restart.iter().map(ToString::to_string).collect(),
                ..blank
            },
            Outcome::Refused { text, report } => Self {
                outcome: ReloadKind::Refused,
                text: Some(text.clone()),
                report: report.clone(),
                ..blank
            },
        }
    }
}
