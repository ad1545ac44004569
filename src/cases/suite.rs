//! The tests of a workspace: found, each case with a tenant of its own, compiled together, and run one by one.

use std::sync::Arc;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::{Value as Json, json};

use super::coverage;
use super::drive;
use super::{CaseResult, CasesError, Report};
use crate::engine::clock::Timestamp;
use crate::engine::run::Coverage;
use crate::engine::store::SqliteStore;
use crate::lang::config::{self, Expect, Given, Kind, ParamScope, TestCase};
use crate::lang::diag::Diagnostic;
use crate::lang::load::{Config, Document, Project};
use crate::lang::plan::{self, Plan, Tenant};

/// Which cases are run.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Files or folders of the workspace; all when empty.
    pub paths: Vec<String>,
    /// What `test / case` must match.
    pub run: Option<Regex>,
}

/// Whether the cases after a failed one are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All are run.
    AtTheEnd,
    /// The first that fails is the last.
    AtTheFirst,
}

/// The cases of a workspace, ready to run.
#[derive(Debug)]
pub struct Suite {
    /// The workspace with a tenant for each case.
    pub project: Project,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
    plan: Option<Plan>,
    cases: Vec<Prepared>,
}

/// A case and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) test: String,
    pub(super) file: String,
    pub(super) name: String,
    pub(super) pipeline: String,
    pub(super) tenant: String,
    pub(super) given: Given,
    pub(super) expect: Expect,
}

impl Suite {
    /// Finds the cases of a workspace and compiles it with a tenant for each.
    pub fn prepare(project: &Project, select: &Select) -> Self {
        let mut project = project.clone();
        let mut cases = Vec::new();
        let mut tenants = Vec::new();
        for doc in &project.documents {
            let Some(Config::Test(test)) = &doc.config else {
                continue;
            };
            let Some(integration) = integration_of(&project, doc) else {
                continue;
            };
            for case in &test.cases {
                let full = format!("{} / {}", test.name.as_str(), case.name);
                let file = doc.source.name();
                let wanted = select.run.as_ref().is_none_or(|run| run.is_match(&full))
                    && (select.paths.is_empty()
                        || select.paths.iter().any(|path| lies_at(file, path)));
                if !wanted {
                    continue;
                }
                let mut prepared = prepared(doc, test, case);
                // Cases that give the same are compiled once.
                let chosen = tenant(&project, integration, &prepared);
                let known = tenants.iter().position(|(_, known)| *known == chosen);
                let at = known.unwrap_or_else(|| {
                    tenants.push((format!("{file} (what `{}` gives).yaml", case.name), chosen));
                    tenants.len() - 1
                });
                prepared.tenant = tenant_name(at);
                cases.push(prepared);
            }
        }
        for (at, (file, mut chosen)) in tenants.into_iter().enumerate() {
            chosen["name"] = tenant_name(at).into();
            project.add(&file, chosen.to_string());
        }
        let (plan, diagnostics) = plan::compile(&project);
        Self {
            project,
            diagnostics,
            plan,
            cases,
        }
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Runs the cases; none when the workspace is not valid, and its diagnostics say why.
    ///
    /// # Errors
    /// When a case could not be run at all.
    pub async fn run(&self, stop: Stop) -> Result<Option<Report>, CasesError> {
        let Some(plan) = &self.plan else {
            return Ok(None);
        };
        let store = Arc::new(SqliteStore::in_memory(Timestamp::EPOCH).await?);
        let mut report = Report::default();
        let mut met = Coverage::default();
        let mut tested: Vec<Arc<plan::Pipeline>> = Vec::new();
        for (number, case) in self.cases.iter().enumerate() {
            let Some((tenant, pipeline)) = planned(plan, case, number) else {
                continue;
            };
            let (wrong, coverage) = drive::run(&store, &tenant, &pipeline, case).await?;
            met.add(coverage);
            if !tested.iter().any(|one| Arc::ptr_eq(one, &pipeline)) {
                tested.push(pipeline);
            }
            report.cases.push(CaseResult {
                test: case.test.clone(),
                file: case.file.clone(),
                name: case.name.clone(),
                wrong,
            });
            if stop == Stop::AtTheFirst && report.failed() > 0 {
                break;
            }
        }
        let parts = coverage::parts(&tested);
        report.parts = parts.len();
        report.unmet = parts
            .into_iter()
            .filter(|part| !part.is_met(&met))
            .collect();
        Ok(Some(report))
    }
}

/// The tenant of a case, whose state in the store is its own.
fn planned(
    plan: &Plan,
    case: &Prepared,
    number: usize,
) -> Option<(Arc<Tenant>, Arc<plan::Pipeline>)> {
    let tenant = plan.tenants.get(case.tenant.as_str())?;
    let pipeline = tenant.integration.pipelines.get(case.pipeline.as_str())?;
    let own = Tenant {
        name: format!("case-{}", number + 1).into(),
        ..Tenant::clone(tenant)
    };
    Some((Arc::new(own), pipeline.clone()))
}

/// Whether a file is the one that was named, or below it.
fn lies_at(file: &str, path: &str) -> bool {
    let path = path.trim_start_matches("./").trim_end_matches('/');
    path.is_empty()
        || path == "."
        || file
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The integration whose folder a document lies in.
fn integration_of<'p>(project: &'p Project, doc: &Document) -> Option<&'p config::Integration> {
    let nearest = project
        .documents
        .iter()
        .filter(|one| one.kind == Kind::Integration && lies_at(doc.folder(), one.folder()))
        .max_by_key(|one| one.folder().len())?;
    match &nearest.config {
        Some(Config::Integration(integration)) => Some(integration),
        _ => None,
    }
}

fn tenant_name(at: usize) -> String {
    format!("case-{}", at + 1)
}

fn prepared(doc: &Document, test: &config::Test, case: &TestCase) -> Prepared {
    Prepared {
        test: test.name.as_str().to_owned(),
        file: doc.source.name().to_owned(),
        name: case.name.clone(),
        pipeline: test.pipeline.as_str().to_owned(),
        tenant: String::new(),
        given: over(&test.given, &case.given),
        expect: case.expect.clone(),
    }
}

/// What a case gives, over what all cases have.
fn over(shared: &Given, own: &Given) -> Given {
    let mut given = shared.clone();
    given.now = own.now.clone().or(given.now);
    given.activated = own.activated.clone().or(given.activated);
    groups(&mut given.accounts, &own.accounts);
    groups(&mut given.settings, &own.settings);
    given.overrides.extend(own.overrides.clone());
    for (entity, links) in &own.links {
        let all = given
            .links
            .entry(entity.clone())
            .or_insert_with(|| links.clone());
        match (&mut all.0, &links.0) {
            (Json::Object(all), Json::Object(more)) => all.extend(more.clone()),
            (all, more) => *all = more.clone(),
        }
    }
    if !own.records.is_empty() || !own.pages.is_empty() {
        given.records.clone_from(&own.records);
        given.pages.clone_from(&own.pages);
    }
    given.signals.extend(own.signals.clone());
    given.replies = own.replies.iter().chain(&shared.replies).cloned().collect();
    given
}

type Groups = IndexMap<String, IndexMap<String, config::text::Literal>>;

fn groups(all: &mut Groups, more: &Groups) {
    for (name, fields) in more {
        all.entry(name.clone()).or_default().extend(fields.clone());
    }
}

/// The tenant of a case. Secrets that it does not give are made up.
fn tenant(project: &Project, integration: &config::Integration, case: &Prepared) -> Json {
    let mut accounts = json!(case.given.accounts);
    for connector in project.connectors() {
        if !integration.connectors.contains(&connector.name) {
            continue;
        }
        let secrets = connector
            .params
            .iter()
            .filter(|(_, param)| param.secret && param.per != ParamScope::App);
        let account = &mut accounts[connector.name.as_str()];
        if account.is_null() {
            *account = json!({});
        }
        for (name, _) in secrets {
            if account.get(name).is_none() {
                account[name] = json!({ "secret": format!("case/{name}") });
            }
        }
    }
    json!({
        "kind": "tenant",
        "name": "case",
        "title": "A tenant of cases",
        "integration": integration.name.as_str(),
        "accounts": accounts,
        "settings": case.given.settings,
        "overrides": case.given.overrides,
    })
}
