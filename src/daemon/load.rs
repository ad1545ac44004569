//! Where a plan comes from, and what is wrong with the files when there is none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value as Json;

use crate::lang::diag::{self, Diagnostic, Style};
use crate::lang::load::{self, Project};
use crate::lang::plan::{self, Plan};

/// A workspace with what was found wrong.
#[derive(Debug)]
pub struct Checked {
    /// Its files.
    pub project: Project,
    /// What can run, as far as it could be made.
    pub plan: Option<Plan>,
    /// What is wrong and what is doubtful, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Checks a project that was read.
    pub fn of(project: Project) -> Self {
        let (plan, mut diagnostics) = plan::compile(&project);
        diag::sort(&project.sources, &mut diagnostics);
        Self {
            project,
            plan,
            diagnostics,
        }
    }

    /// Whether something must be mended before anything can run.
    pub fn is_wrong(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// What is wrong and what is doubtful, for people.
    pub fn text(&self) -> String {
        diag::render(&self.project.sources, &self.diagnostics, Style::default())
    }

    /// The same for programs.
    pub fn report(&self) -> Json {
        serde_json::to_value(diag::json::report(&self.project.sources, &self.diagnostics))
            .expect("a report is text and numbers")
    }
}

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
    let checked = Checked::of(project);
    let (text, report) = (checked.text(), checked.report());
    let wrong = checked.is_wrong();
    Ok(Loaded {
        plan: checked.plan.filter(|_| !wrong),
        text,
        report,
    })
}
