//! Settings: a tab for each group, what holds and where it is said, and what a subject has otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Html;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::visit::{Problem, Visitor};
use super::{files, live, pages, tenant};
use crate::daemon::settings::{self, SettingsError};
use crate::daemon::view::{Setting, SettingFrom, SettingRow, SettingsView, SubjectLine};
use crate::lang::config::FieldType;
use crate::lang::edit;
use crate::lang::load::Project;
use crate::lang::plan::{Choices, Tenant};
use crate::server::admin::Admin;

/// Targets that a matrix may have; a map with more is shown with a field for each row.
const MOST_TARGETS: usize = 40;
/// The tab with all subjects.
pub(super) const SUBJECTS: &str = "overrides";
/// What a row says that leads to no write.
const KEEP: &str = "keep";

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    tab: Option<String>,
    subject: Option<String>,
}

/// Settings as they stand in the files now.
pub(super) struct Standing {
    /// For whom it was asked.
    pub(super) view: SettingsView,
    /// The subjects that are known.
    subjects: Vec<SubjectLine>,
    /// What people call a subject, where overrides are per something.
    noun: Option<String>,
    /// What the rows of a map may become, by `group.field`.
    targets: HashMap<String, Vec<String>>,
}

/// Reads the settings that hold for all, or for a subject.
pub(super) async fn standing(
    admin: &Admin,
    name: &str,
    subject: Option<&str>,
) -> Result<Standing, Problem> {
    let compiled = tenant::known(admin, name)?;
    let project = files::project(admin).await?;
    let Some(choices) = Choices::of(&project, name) else {
        return Err(SettingsError::unknown_tenant(&project, name).into());
    };
    let known = settings::subjects(&choices, &compiled, Some(admin.engine.store())).await?;
    let all = SettingsView::of(&compiled, &choices, None, Some(&known));
    let subjects = all.subjects.clone().unwrap_or_default();
    let integration = choices.integration();
    let noun = integration.subjects.as_ref();
    Ok(Standing {
        noun: noun.map(|subjects| subjects.title.clone()),
        targets: targets(&project, &compiled, &choices),
        view: match subject {
            Some(subject) => SettingsView::of(&compiled, &choices, Some(subject), None),
            None => all,
        },
        subjects,
    })
}

/// What the rows of each map setting may become, where the other side's words are known.
fn targets(
    project: &Project,
    tenant: &Tenant,
    choices: &Choices<'_>,
) -> HashMap<String, Vec<String>> {
    let mut found = HashMap::new();
    for (group_name, group) in &choices.integration().settings {
        for (name, field) in &group.fields {
            let Some(map) = &field.map else { continue };
            let map = project.maps().find(|it| it.name.as_str() == map.as_str());
            let words = map
                .and_then(|map| words(tenant, &map.to.0))
                .filter(|words| (1..=MOST_TARGETS).contains(&words.len()));
            if let Some(words) = words {
                found.insert(format!("{group_name}.{name}"), words);
            }
        }
    }
    found
}

/// The words of `connector.vocabulary`, or of a list that says them itself.
fn words(tenant: &Tenant, to: &Json) -> Option<Vec<String>> {
    if let Some(words) = to.as_array() {
        return Some(words.iter().map(typed).collect());
    }
    let (connector, name) = to.as_str()?.split_once('.')?;
    let account = tenant.accounts.get(connector)?;
    let vocabulary = account.connector.vocabularies.get(name)?;
    Some(vocabulary.values.iter().map(ToString::to_string).collect())
}

pub(super) async fn page(
    State(admin): State<Arc<Admin>>,
    visitor: Visitor,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Html<String>, Problem> {
    let subject = asked.subject.as_deref().map(str::trim);
    let subject = subject.filter(|subject| !subject.is_empty());
    let standing = standing(&admin, &name, subject).await?;
    let view = &standing.view;
    let first = view.groups.first().map(|group| group.name.as_str());
    let wanted = asked.tab.as_deref().filter(|tab| {
        (*tab == SUBJECTS && standing.noun.is_some())
            || view.groups.iter().any(|group| group.name == *tab)
    });
    let tab = wanted.or(first).unwrap_or_default();
    let tabs: Vec<Json> = view
        .groups
        .iter()
        .map(|group| {
            let otherwise = match subject {
                Some(subject) => usize::from(group.overridden_for.iter().any(|it| it == subject)),
                None => group.overridden_for.len(),
            };
            json!({ "name": group.name, "title": group.title, "otherwise": otherwise })
        })
        .collect();
    let group = view.groups.iter().find(|group| group.name == tab);
    let fields: Vec<Json> = group
        .map(|group| {
            let fields = group.fields.iter();
            fields
                .map(|field| field_facts(&standing, &group.name, field, subject))
                .collect()
        })
        .unwrap_or_default();
    let is_said = |from: SettingFrom| match (subject, from) {
        (Some(_), SettingFrom::Override) | (None, SettingFrom::Tenant) => true,
        (Some(_) | None, _) => false,
    };
    let restorable = group.is_some_and(|group| {
        let mut fields = group.fields.iter();
        fields.any(|field| is_said(field.from) || field.rows.iter().any(|row| is_said(row.from)))
    });
    // Lists are changed by their own buttons.
    let savable = group.is_some_and(|group| {
        let mut fields = group.fields.iter();
        fields.any(|field| field.locked.is_none() && !is_picked(field))
    });
    let overriding = standing
        .subjects
        .iter()
        .filter(|subject| !subject.overrides.is_empty())
        .count();
    let known = standing
        .subjects
        .iter()
        .find(|known| Some(known.key.as_str()) == subject);
    let frame = visitor.frame(
        &admin,
        "integrations",
        &format!("Settings of {}", view.title),
    );
    let facts = json!({
        "tenant": { "name": name, "title": view.title },
        "tab": tab,
        "is_subjects": tab == SUBJECTS,
        "tabs": tabs,
        "group": group.map(|group| json!({ "name": group.name, "title": group.title, "overridden_for": group.overridden_for })),
        "fields": fields,
        "restorable": restorable,
        "savable": savable,
        "noun": standing.noun,
        "subject": subject.map(|key| json!({
            "key": key,
            "label": known.and_then(|known| known.label.as_deref()),
            "overrides": known.map(|known| known.overrides.as_slice()).unwrap_or_default(),
        })),
        "subjects": standing.subjects,
        "overriding": overriding,
    });
    Ok(Html(pages::fill(
        "settings.html",
        live::with(&frame, facts),
    )?))
}

/// Who says a value, in one word.
fn word(from: SettingFrom) -> &'static str {
    match from {
        SettingFrom::Default => "default",
        SettingFrom::Tenant => "tenant",
        SettingFrom::Override => "override",
    }
}

fn place(file: Option<&String>, line: Option<u32>) -> Json {
    match (file, line) {
        (Some(file), Some(line)) => {
            json!({ "text": format!("{file}:{line}"), "file": file, "line": line })
        }
        (Some(_) | None, _) => Json::Null,
    }
}

/// A value as a person would type it.
pub(super) fn typed(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => edit::inline(value),
    }
}

fn field_facts(standing: &Standing, group: &str, field: &Setting, subject: Option<&str>) -> Json {
    let is_said = match subject {
        Some(_) => field.from == SettingFrom::Override,
        None => field.from == SettingFrom::Tenant,
    };
    let otherwise: Vec<&String> = field
        .overridden_for
        .iter()
        .filter(|other| Some(other.as_str()) != subject)
        .collect();
    let targets = standing.targets.get(&format!("{group}.{}", field.name));
    json!({
        "name": field.name,
        "title": field.title.as_deref().unwrap_or(&field.name),
        "about": field.description,
        "type": field.type_,
        "typed": typed(&field.value),
        "is_true": field.value == Json::Bool(true),
        "is_set": !field.value.is_null(),
        "choices": field.choices,
        "locked": field.locked,
        "from": word(field.from),
        "place": place(field.file.as_ref(), field.line),
        "is_said": is_said,
        "otherwise": otherwise,
        "list": is_picked(field).then(|| list(field)),
        "all": field.all,
        "targets": targets,
        "rows": field.rows.iter().map(|row| row_facts(row, targets, subject)).collect::<Vec<_>>(),
    })
}

/// Whether it is a list whose items are picked from what there is.
fn is_picked(field: &Setting) -> bool {
    field.type_ == FieldType::List && !field.choices.is_empty()
}

/// The items of a list, in their order, and what could be added.
fn list(field: &Setting) -> Json {
    let chosen = items(field);
    let title = |value: &String| {
        let mut choices = field.choices.iter();
        let found = choices.find(|choice| choice.value == *value);
        found.map_or_else(|| value.clone(), |choice| choice.title.clone())
    };
    let left: Vec<Json> = field
        .choices
        .iter()
        .filter(|choice| !chosen.contains(&choice.value))
        .map(|choice| json!({ "value": choice.value, "title": choice.title }))
        .collect();
    json!({
        "is_all": field.value == "all",
        "items": chosen.iter().map(|value| json!({ "value": value, "title": title(value) })).collect::<Vec<_>>(),
        "left": left,
    })
}

/// What a list holds; of `all`, every choice.
pub(super) fn items(field: &Setting) -> Vec<String> {
    match &field.value {
        Json::String(all) if all == "all" => field
            .choices
            .iter()
            .map(|choice| choice.value.clone())
            .collect(),
        Json::Array(items) => items.iter().map(typed).collect(),
        Json::String(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::Object(_) => {
            Vec::new()
        }
    }
}

/// A row of a map. In a matrix it is one of the targets, `keep`, or something that takes more words.
fn row_facts(row: &SettingRow, targets: Option<&Vec<String>>, subject: Option<&str>) -> Json {
    let is_said = match subject {
        Some(_) => row.from == SettingFrom::Override,
        None => row.from == SettingFrom::Tenant,
    };
    let typed = typed(&row.value);
    let is_plain = typed == KEEP || targets.is_some_and(|targets| targets.contains(&typed));
    // Of a list: which place each target has in it.
    let ranks: Vec<Json> = targets
        .into_iter()
        .flatten()
        .map(|target| {
            let list = row.value.as_array().map(Vec::as_slice).unwrap_or_default();
            let rank = list.iter().position(|item| item == target.as_str());
            json!(rank.map(|rank| rank + 1))
        })
        .collect();
    json!({
        "row": row.row,
        "typed": typed,
        "is_plain": is_plain,
        "ranks": ranks,
        "from": word(row.from),
        "place": place(row.file.as_ref(), row.line),
        "is_said": is_said,
    })
}
