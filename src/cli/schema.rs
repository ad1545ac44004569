//! `schema`: the JSON Schema of each kind, and of the tenants of each integration.

use std::path::Path;

use anyhow::Context as _;
use serde_json::Value as Json;

use super::args::{Draft, Global, SchemaArgs};
use super::exit::Exit;
use super::out::Out;
use super::workspace;
use crate::lang::config::{self, Kind, schema};
use crate::lang::load::{Config, Project};

pub(super) fn run(global: &Global, args: &SchemaArgs, out: &Out) -> anyhow::Result<Exit> {
    let drafted = |schema: Json| match args.draft {
        Draft::Draft2020 => schema,
        Draft::Draft07 => schema::draft07(&schema),
    };
    if let Some(folder) = &args.write {
        std::fs::create_dir_all(folder)?;
        for kind in Kind::ALL {
            write(
                &folder.join(format!("{}.json", kind.name())),
                &drafted(schema::of(*kind)),
            )?;
        }
        let project = workspace::check(&global.workspace)?.project;
        for (folder, integration) in integrations(&project) {
            let file = global.workspace.join(folder).join("tenant.schema.json");
            write(&file, &drafted(tenant_schema(&project, integration)))?;
        }
        out.talk(&format!("schemas are written to {}", folder.display()));
        return Ok(Exit::Fine);
    }
    let Some(wanted) = &args.kind else {
        out.data(
            &Kind::ALL
                .iter()
                .map(|kind| kind.name())
                .collect::<Vec<_>>()
                .join("\n"),
        );
        return Ok(Exit::Fine);
    };
    if let Some(kind) = Kind::ALL.iter().find(|kind| kind.name() == wanted) {
        out.data(&pretty(&drafted(schema::of(*kind))));
        return Ok(Exit::Fine);
    }
    let project = workspace::check(&global.workspace)?.project;
    let found = integrations(&project).find(|(_, integration)| integration.name.as_str() == wanted);
    if let Some((_, integration)) = found {
        out.data(&pretty(&drafted(tenant_schema(&project, integration))));
        return Ok(Exit::Fine);
    }
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    out.talk(&format!(
        "error: `{wanted}` is no kind of document ({}) and no integration of the workspace",
        kinds.join(", ")
    ));
    Ok(Exit::Usage)
}

fn integrations(project: &Project) -> impl Iterator<Item = (&str, &config::Integration)> {
    project
        .documents
        .iter()
        .filter_map(|document| match &document.config {
            Some(Config::Integration(integration)) => Some((document.folder(), &**integration)),
            Some(
                Config::Runtime(_)
                | Config::Connector(_)
                | Config::Pipeline(_)
                | Config::Map(_)
                | Config::Routine(_)
                | Config::Tenant(_)
                | Config::Test(_),
            )
            | None => None,
        })
}

/// The schema of the tenants of an integration, from the connectors and maps of the project.
fn tenant_schema(project: &Project, integration: &config::Integration) -> Json {
    let connectors: Vec<_> = project.connectors().cloned().collect();
    let maps: Vec<_> = project.maps().cloned().collect();
    schema::tenant(integration, &connectors, &maps)
}

fn pretty(schema: &Json) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}

fn write(file: &Path, schema: &Json) -> anyhow::Result<()> {
    std::fs::write(file, pretty(schema))
        .with_context(|| format!("{} cannot be written", file.display()))
}
