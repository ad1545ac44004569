//! A project to a plan. The order of the passes is here; each pass is a file below.
//!
//! 1. names: which documents there are, and which belong to which integration
//! 2. connectors: params, requests, error rules, vocabularies, record schemas
//! 3. integrations: entities, maps with their totality, settings, pipelines with their steps and writes, in the
//!    scope and with the types of each place
//! 4. the runtime's shared params, and tenants: accounts, effective settings, rows over maps
//!
//! No pass stops at the first mistake. A document whose shape is wrong is known by name, so that nothing that speaks
//! of it is wrong because of it; and what is made of it is left out. A plan is made when there is no error at all.

mod access;
mod auth;
mod catch;
mod connector;
mod context;
mod crontab;
mod digest;
mod durations;
mod effective;
mod fetch;
mod field;
mod integration;
mod issues;
mod map_use;
mod maps;
mod marker;
mod named;
mod names;
mod paging;
mod params;
mod paths;
mod pipeline;
mod realm;
mod request;
mod routines;
mod rule_order;
mod rules;
mod runtime;
mod scope;
mod settings;
mod signals;
mod site;
mod steps;
mod tenant;
mod unused;
mod values;
mod vocabulary;
mod webhook;
mod words;
mod write;
mod write_rules;

use std::sync::Arc;

use context::{Apis, Context};
use integration::Compiled;
use names::Names;
use site::{Sink, Site};
use values::{Unknown, Values, all};

use super::{Digest, Plan, Tenant};
use crate::lang::diag::{self, Code, Diagnostic};
use crate::lang::load::{Config, Document, Project};

/// Compiles a project. The diagnostics are those of the project and those of the passes, in the order of the files;
/// the plan is there when none of them is an error.
pub fn compile(project: &Project) -> (Option<Plan>, Vec<Diagnostic>) {
    let sink = Sink::default();
    let names = names::collect(project, &sink);
    let plan = {
        let cx = Context {
            project,
            names: &names,
            sink: &sink,
            values: Values::default(),
        };
        plan(&cx)
    };
    let mut found = project.diagnostics.clone();
    found.extend(sink.into_inner());
    diag::sort(&project.sources, &mut found);
    let sound = !found.iter().any(Diagnostic::is_error);
    (plan.filter(|_| sound), found)
}

fn plan(cx: &Context<'_>) -> Option<Plan> {
    let names = cx.names;
    let digests = digest::of(cx.project);
    let apis = connectors(cx);
    let integrations: Vec<(&str, Option<Compiled<'_, '_>>)> = names
        .integrations
        .iter()
        .map(|(name, folder)| {
            let Some(Config::Integration(config)) = &folder.doc.config else {
                return (*name, None);
            };
            (*name, Some(integration::compile(cx, &apis, folder, config)))
        })
        .collect();
    let runtime = names.runtime.and_then(|doc| match &doc.config {
        Some(Config::Runtime(config)) => Some((Site::root(doc, cx.sink), config)),
        _ => None,
    });
    if let Some((site, config)) = &runtime {
        runtime::check(site, config);
    }
    let broken = names.runtime.is_some() && runtime.is_none();
    let config = runtime.as_ref().map(|(_, config)| &***config);
    let site = runtime.as_ref().map(|(site, _)| site);
    let used = used_connectors(names, &integrations);
    if !broken {
        runtime::sealing(config, &apis, &used);
    }
    let shared = if broken {
        None
    } else {
        runtime::apps(site, config, &apis, &used)
    };
    let tenants = all(names
        .tenants
        .values()
        .map(|doc| tenant(cx, doc, &integrations, shared.as_ref(), digests.shared)));
    let connectors = all(apis.values().map(|api| {
        api.as_ref()?
            .plan
            .clone()
            .map(|plan| (Arc::clone(&plan.name), plan))
    }));
    let integrations = all(integrations.iter().map(|(_, compiled)| {
        compiled
            .as_ref()?
            .plan
            .clone()
            .map(|plan| (Arc::clone(&plan.name), plan))
    }));
    shared?;
    Some(Plan {
        digest: digests.all,
        shared: digests.shared,
        named: cx.project.wanted(),
        runtime: runtime::compile(&cx.project.workspace, config),
        connectors: connectors?.into_iter().collect(),
        integrations: integrations?.into_iter().collect(),
        tenants: tenants?
            .into_iter()
            .map(|tenant| (Arc::clone(&tenant.name), tenant))
            .collect(),
    })
}

fn connectors<'p>(cx: &Context<'p>) -> Apis<'p> {
    let docs = cx.names.connectors.iter();
    docs.map(|(name, doc)| {
        let Some(Config::Connector(config)) = &doc.config else {
            return (*name, None);
        };
        (
            *name,
            Some(connector::compile(cx, &Site::root(doc, cx.sink), config)),
        )
    })
    .collect()
}

/// The connectors that some tenant has an account with: only they need the values that all tenants share.
fn used_connectors<'p>(
    names: &Names<'p>,
    integrations: &[(&'p str, Option<Compiled<'_, 'p>>)],
) -> Vec<&'p str> {
    let mut used: Vec<&str> = Vec::new();
    for doc in names.tenants.values() {
        let Some(Config::Tenant(tenant)) = &doc.config else {
            continue;
        };
        let integration = integrations
            .iter()
            .find(|(name, _)| *name == tenant.integration.as_str());
        let Some((_, Some(compiled))) = integration else {
            continue;
        };
        for connector in &compiled.realm.config.connectors {
            if !used.contains(&connector.as_str()) {
                used.push(connector.as_str());
            }
        }
    }
    used
}

fn tenant<'p>(
    cx: &Context<'p>,
    doc: &'p Document,
    integrations: &[(&'p str, Option<Compiled<'_, 'p>>)],
    apps: Option<&tenant::Apps>,
    shared: Digest,
) -> Option<Arc<Tenant>> {
    let Some(Config::Tenant(config)) = &doc.config else {
        return None;
    };
    let site = Site::root(doc, cx.sink);
    let name = config.integration.as_str();
    let Some((_, integration)) = integrations.iter().find(|(known, _)| *known == name) else {
        Unknown {
            code: Code::UnknownIntegration,
            what: "integration",
            of: None,
            several: "integrations",
        }
        .at(
            &site.key("integration"),
            name,
            integrations.iter().map(|(name, _)| *name),
        );
        return None;
    };
    let none = tenant::Apps::default();
    let digest = digest::of_tenant(shared, doc);
    let apps = apps.unwrap_or(&none);
    let compiled = tenant::compile(&site, config, integration.as_ref()?, apps, digest)?;
    Some(Arc::new(compiled))
}
