//! `test`: runs the cases of pipelines, without a network.

use std::path::Path;

use anyhow::Context as _;
use regex::Regex;

use super::args::{Global, TestArgs};
use super::exit::Exit;
use super::out::Out;
use super::workspace;
use crate::cases::{Select, Stop, Suite, report};
use crate::daemon::Checked;
use crate::lang::diag::Diagnostic;
use crate::lang::load;

pub(super) async fn run(global: &Global, args: &TestArgs, out: &Out) -> anyhow::Result<Exit> {
    let run = match args.run.as_deref().map(Regex::new).transpose() {
        Ok(run) => run,
        Err(error) => {
            out.talk(&format!("error: `--run` is no regular expression: {error}"));
            return Ok(Exit::Usage);
        }
    };
    let project = load::read(&global.workspace).with_context(|| {
        format!(
            "the workspace {} cannot be read",
            global.workspace.display()
        )
    })?;
    let paths = args
        .paths
        .iter()
        .map(|path| inside(&global.workspace, path));
    let select = Select {
        paths: paths.collect(),
        run,
    };
    let suite = Suite::prepare(&project, &select);
    let nothing = suite.is_empty() && (!select.paths.is_empty() || select.run.is_some());
    let report = suite.run(Stop::AtTheEnd).await?;
    let Some(report) = report else {
        let checked = Checked {
            project: suite.project,
            plan: None,
            diagnostics: suite.diagnostics,
        };
        workspace::show(&checked, *out);
        debug_assert!(checked.diagnostics.iter().any(Diagnostic::is_error));
        return Ok(Exit::Config);
    };
    if nothing {
        out.talk("error: no case is named so; `syncline test` without arguments shows them all");
        return Ok(Exit::Usage);
    }
    if out.is_json() {
        out.json(&report::json(&report));
    } else if out.is_junit() {
        out.data(&report::junit(&report));
    } else {
        out.data(&report::human(&report));
        if args.coverage {
            out.data(&report::coverage(&report));
        }
    }
    Ok(if report.failed() == 0 {
        Exit::Fine
    } else {
        Exit::Failed
    })
}

/// A path as the workspace knows it: people name files from where they stand.
fn inside(workspace: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(workspace).unwrap_or(path);
    inner.to_string_lossy().into_owned()
}
