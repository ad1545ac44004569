//! Where a plan comes from, and what is wrong with the files when there is none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::lang::diag::{self, Diagnostic, Style};
use crate::lang::load;
use crate::lang::plan::{self, Plan};

/// A workspace as it was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What can run; none when something is wrong.
    pub plan: Option<Plan>,
    /// What is wrong and what is doubtful, for people; empty when there is nothing.
    pub text: String,
    /// The same for programs.
    pub report: Json,
}

/// A workspace that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("the workspace {} cannot be read: {source}", .workspace.display())]
pub struct LoadError {
    /// Its folder.
    workspace: PathBuf,
    /// Why.
    source: load::Error,
}

/// Reads a plan anew. Blocks.
pub type Loader = Arc<dyn Fn() -> Result<Loaded, LoadError> + Send + Sync>;

/// Reads and checks a workspace.
///
/// # Errors
/// When the folder cannot be read.
pub fn load(workspace: &Path) -> Result<Loaded, LoadError> {
    let project = load::read(workspace).map_err(|source| LoadError {
        workspace: workspace.to_owned(),
        source,
    })?;
    let (plan, mut found) = plan::compile(&project);
    diag::sort(&project.sources, &mut found);
    let wrong = found.iter().any(Diagnostic::is_error);
    Ok(Loaded {
        plan: plan.filter(|_| !wrong),
        text: diag::render(&project.sources, &found, Style::default()),
        report: serde_json::to_value(diag::json::report(&project.sources, &found))
            .expect("a report is text and numbers"),
    })
}
