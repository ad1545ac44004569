//! `validate`: every mistake at once.

use super::args::Global;
use super::exit::Exit;
use super::out::Out;
use super::workspace;
use crate::lang::diag::Diagnostic;

pub(super) fn run(global: &Global, out: &Out) -> anyhow::Result<Exit> {
    let checked = workspace::check(&global.workspace)?;
    workspace::show(&checked, *out);
    if checked.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(Exit::Config);
    }
    if !out.is_json() {
        out.talk(&format!(
            "{} documents are valid",
            checked.project.documents.len()
        ));
    }
    Ok(Exit::Fine)
}
