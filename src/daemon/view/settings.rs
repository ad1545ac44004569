//! Settings of a tenant as they hold, for all or for one subject, and where each is said.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value as Json;

use super::record::known;
use crate::daemon::settings::{self, SettingsError, Subject};
use crate::daemon::{Engine, EngineError};
use crate::lang::config::{Choice, Field, FieldType};
use crate::lang::load;
use crate::lang::plan::{Choices, FieldChoice, GroupChoices, Held, Said, Tenant};

/// Settings of a tenant.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SettingsView {
    /// Whose.
    pub tenant: String,
    /// What people call the tenant.
    pub title: String,
    /// The integration that offers them.
    pub integration: String,
    /// The subject they hold for; null for what holds for all.
    pub subject: Option<String>,
    /// By group, as people see them.
    pub groups: Vec<SettingsGroup>,
    /// The subjects that are known; null where one was asked for.
    pub subjects: Option<Vec<SubjectLine>>,
}

/// A group of settings.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SettingsGroup {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The subjects that have something of it otherwise.
    pub overridden_for: Vec<String>,
    /// Its settings.
    pub fields: Vec<Setting>,
}

/// A setting with what holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Setting {
    /// What holds; null when nobody chose and there is no default.
    pub value: Json,
    /// Who says it.
    pub from: SettingFrom,
    /// The file that says it, relative to the workspace.
    pub file: Option<String>,
    /// Its line, from 1.
    pub line: Option<u32>,
    /// Its name: it is changed as `group.name`.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_: FieldType,
    /// The values there are to choose from, where they are known without asking the other side.
    pub choices: Vec<ChoiceLine>,
    /// Whether the order of its items matters.
    pub ordered: bool,
    /// Whether the word `all` stands for every choice.
    pub all: bool,
    /// Why nobody may change it.
    pub locked: Option<String>,
    /// The subjects that have it otherwise.
    pub overridden_for: Vec<String>,
    /// Of a map: its rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<SettingRow>,
}

/// A row of a map with what holds.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct SettingRow {
    /// What it becomes.
    pub value: Json,
    /// Who says it.
    pub from: SettingFrom,
    /// The file that says it.
    pub file: Option<String>,
    /// Its line, from 1.
    pub line: Option<u32>,
    /// The value it is for: it is changed as `group.name.row`.
    pub row: String,
}

/// A value to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChoiceLine {
    /// The value.
    pub value: String,
    /// What people call it.
    pub title: String,
}

/// Who says a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingFrom {
    /// Nobody chose.
    Default,
    /// The tenant's file, for all.
    Tenant,
    /// The tenant's file, for the subject.
    Override,
}

/// A subject that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SubjectLine {
    /// Its key.
    pub key: String,
    /// Its name, where it is known.
    pub label: Option<String>,
    /// What it has otherwise, as `group.field`.
    pub overrides: Vec<String>,
}

impl SettingsView {
    /// From what was read. With `subjects`, they are listed.
    pub fn of(
        tenant: &Tenant,
        choices: &Choices<'_>,
        subject: Option<&str>,
        subjects: Option<&BTreeMap<String, Subject>>,
    ) -> Self {
        let groups = choices.groups(tenant, subject);
        Self {
            tenant: tenant.name.to_string(),
            title: tenant.title.to_string(),
            integration: choices.integration().name.as_str().to_owned(),
            subject: subject.map(str::to_owned),
            groups: groups.iter().map(SettingsGroup::from).collect(),
            subjects: subjects.map(|known| {
                let lines = known.iter().map(|(key, subject)| SubjectLine {
                    key: key.clone(),
                    label: subject.label.clone(),
                    overrides: subject.overrides.clone(),
                });
                lines.collect()
            }),
        }
    }
}

/// What holds for a tenant, as its file stands now; with a subject, what holds for that one.
pub async fn settings(
    engine: &Engine,
    tenant: &str,
    subject: Option<&str>,
) -> Result<SettingsView, EngineError> {
    known(engine, tenant)?;
    let plan = engine.plan();
    let Some(compiled) = plan.tenants.get(tenant) else {
        return Err(EngineError::unknown_tenant(&plan, tenant));
    };
    let workspace = plan.runtime.workspace.clone();
    let read = tokio::task::spawn_blocking(move || match load::read(&workspace) {
        Ok(project) => Ok(Arc::new(project)),
        Err(source) => Err(SettingsError::Unread { workspace, source }),
    });
    let project = read.await.expect("reading files does not panic")?;
    let Some(choices) = Choices::of(&project, tenant) else {
        return Err(SettingsError::unknown_tenant(&project, tenant).into());
    };
    let subjects = match subject {
        Some(_) => None,
        None => Some(settings::subjects(&choices, compiled, Some(engine.store())).await?),
    };
    Ok(SettingsView::of(
        compiled,
        &choices,
        subject,
        subjects.as_ref(),
    ))
}

impl From<&GroupChoices<'_>> for SettingsGroup {
    fn from(group: &GroupChoices<'_>) -> Self {
        let fields = group.fields.iter();
        let mut subjects: Vec<String> = fields
            .flat_map(|field| field.overridden_for.iter().map(ToString::to_string))
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        Self {
            name: group.name.to_owned(),
            title: group.title.to_owned(),
            overridden_for: subjects,
            fields: group.fields.iter().map(Setting::from).collect(),
        }
    }
}

impl From<&FieldChoice<'_>> for Setting {
    fn from(choice: &FieldChoice<'_>) -> Self {
        let field = choice.field;
        let (from, file, line) = place(&choice.held);
        let rows = choice.rows.iter().map(|row| {
            let (from, file, line) = place(&row.held);
            SettingRow {
                value: row.held.value.clone(),
                from,
                file,
                line,
                row: row.value.to_owned(),
            }
        });
        Self {
            value: choice.held.value.clone(),
            from,
            file,
            line,
            name: choice.name.to_owned(),
            title: field.title.clone(),
            description: field.description.clone(),
            type_: field.type_,
            choices: choices(field),
            ordered: field.ordered,
            all: field.all,
            locked: field.locked.clone(),
            overridden_for: choice
                .overridden_for
                .iter()
                .map(ToString::to_string)
                .collect(),
            rows: rows.collect(),
        }
    }
}

/// Who says a value, in which file, on which line.
fn place(held: &Held<'_>) -> (SettingFrom, Option<String>, Option<u32>) {
    let from = match held.said {
        Said::Default => SettingFrom::Default,
        Said::Tenant => SettingFrom::Tenant,
        Said::Override => SettingFrom::Override,
    };
    let origin = held.origin.as_ref();
    let file = origin.map(|origin| origin.file.to_string());
    (from, file, origin.map(|origin| origin.line))
}

fn choices(field: &Field) -> Vec<ChoiceLine> {
    let of_items = || field.items.as_ref()?.values.as_ref();
    let values = field.values.as_ref().or_else(of_items);
    let lines = values.into_iter().flatten();
    let line = |(value, choice): (&String, &Choice)| ChoiceLine {
        value: value.clone(),
        title: choice.title.clone(),
    };
    lines.map(line).collect()
}
