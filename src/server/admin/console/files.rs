//! The files that say what runs, to read: they are changed in an editor, or through the settings.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::Html;
use serde::Deserialize;
use serde_json::json;

use super::visit::{Problem, Visitor};
use super::{live, pages};
use crate::daemon::settings::SettingsError;
use crate::lang::load::{self, Project};
use crate::lang::source::Source;
use crate::server::admin::Admin;

/// Names that are listed.
const MOST: usize = 1_000;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    file: Option<String>,
}

/// The workspace as it is on disk now.
pub(super) async fn project(admin: &Admin) -> Result<Project, Problem> {
    let workspace = admin.engine.plan().runtime.workspace.clone();
    let read = tokio::task::spawn_blocking(move || match load::read(&workspace) {
        Ok(project) => Ok(project),
        Err(source) => Err(SettingsError::Unread { workspace, source }),
    });
    let read = read.await.expect("reading files does not panic");
    Ok(read?)
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let project = project(&admin).await?;
    let workspace = project.workspace.display().to_string();
    let Some(name) = asked.file else {
        let names = project.sources.iter().map(Source::name);
        let names: Vec<&str> = names.take(MOST).collect();
        let frame = visitor.frame(&admin, "integrations", "Files");
        let facts = json!({ "workspace": workspace, "names": names, "file": null });
        let page = pages::fill("files.html", live::with(&frame, facts))?;
        return Ok(Html(page));
    };
    // Only what the workspace consists of is shown, whatever else the disk holds.
    let mut sources = project.sources.iter();
    let text = sources
        .find(|source| source.name() == name)
        .map(Source::text)
        .or_else(|| project.files.get(&name).map(|text| &**text));
    let Some(text) = text else {
        return Err(Problem::NotFound(format!(
            "the workspace has no file `{name}`"
        )));
    };
    let frame = visitor.frame(&admin, "integrations", &name);
    let lines: Vec<&str> = text.lines().collect();
    let facts = json!({
        "workspace": workspace,
        "file": name,
        "path": project.workspace.join(&name).display().to_string(),
        "lines": lines,
    });
    Ok(Html(pages::fill("files.html", live::with(&frame, facts))?))
}
