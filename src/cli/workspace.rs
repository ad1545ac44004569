//! Reads and compiles the workspace, and shows what is wrong with it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::args::Global;
use super::out::Out;
use crate::lang::diag::{self, Color, Diagnostic, Style};
use crate::lang::load::{self, Project};
use crate::lang::plan::{self, Plan};

/// A workspace with what was found wrong.
pub(super) struct Checked {
    pub(super) project: Project,
    pub(super) plan: Option<Plan>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads and checks a workspace.
pub(super) fn check(workspace: &Path) -> anyhow::Result<Checked> {
    let project = load::read(workspace)
        .with_context(|| format!("the workspace {} cannot be read", workspace.display()))?;
    Ok(compiled(project))
}

/// Checks a project that was read.
pub(super) fn compiled(project: Project) -> Checked {
    let (plan, mut diagnostics) = plan::compile(&project);
    diag::sort(&project.sources, &mut diagnostics);
    Checked {
        project,
        plan,
        diagnostics,
    }
}

impl Checked {
    /// Whether something must be mended before anything can run.
    pub(super) fn is_wrong(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Shows what is wrong: every mistake at once, to stderr, or as JSON to stdout.
pub(super) fn show(checked: &Checked, out: Out) {
    if out.is_json() {
        out.json(&diag::json::report(
            &checked.project.sources,
            &checked.diagnostics,
        ));
    } else if !checked.diagnostics.is_empty() {
        let color = if out.colour() {
            Color::Ansi
        } else {
            Color::Plain
        };
        let style = Style {
            color,
            ..Style::default()
        };
        out.talk(&diag::render(
            &checked.project.sources,
            &checked.diagnostics,
            style,
        ));
    }
}

/// A plan, or `None` after its mistakes were shown.
pub(super) fn plan(global: &Global, out: Out) -> anyhow::Result<Option<Arc<Plan>>> {
    let checked = check(&global.workspace)?;
    if checked.is_wrong() {
        show(&checked, out);
        return Ok(None);
    }
    Ok(checked.plan.map(Arc::new))
}
