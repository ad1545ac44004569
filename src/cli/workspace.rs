//! Reads and compiles the workspace, and shows what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::args::Global;
use super::out::Out;
use crate::daemon::Checked;
use crate::lang::diag::{self, Color, Style};
use crate::lang::load::{self, Project};
use crate::lang::plan::Plan;

/// Reads a workspace.
pub(super) fn read(workspace: &Path) -> anyhow::Result<Project> {
    load::read(workspace)
        .with_context(|| format!("the workspace {} cannot be read", workspace.display()))
}

/// Reads and checks a workspace.
pub(super) fn check(workspace: &Path) -> anyhow::Result<Checked> {
    read(workspace).map(Checked::of)
}

/// Where the store of a workspace is, whatever else is wrong with it.
pub(super) fn store(checked: &Checked, global: &Global) -> Option<PathBuf> {
    let said = checked.plan.as_ref().map(|plan| &plan.runtime.store);
    global.store.as_ref().or(said).cloned()
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
