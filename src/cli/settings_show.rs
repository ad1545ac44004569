//! `settings TENANT`: every value that holds, by group, with where it is said.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::args::Global;
use super::exit::Exit;
use super::out::Out;
use super::{engine, settings, workspace};
use crate::daemon::settings::{self as choices_of, Subject};
use crate::daemon::view::SettingsView;
use crate::engine::store::SqliteStore;
use crate::lang::edit;
use crate::lang::plan::{Choices, FieldChoice, GroupChoices, Held, Plan, Said, Tenant};

/// A longer value pushes the rest of its line to the right instead of every line.
const WIDEST: usize = 40;

pub(super) async fn run(
    global: &Global,
    tenant: &str,
    subject: Option<&str>,
    out: Out,
) -> anyhow::Result<Exit> {
    let checked = workspace::check(&global.workspace)?;
    if checked.is_wrong() {
        workspace::show(&checked, out);
        return Ok(Exit::Config);
    }
    let choices = Choices::of(&checked.project, tenant);
    let found = checked
        .plan
        .as_ref()
        .and_then(|plan| Some((plan, plan.tenants.get(tenant)?, choices?)));
    let Some((plan, compiled, choices)) = found else {
        return Ok(settings::unknown(&checked.project, tenant, out));
    };
    let groups = choices.groups(compiled, subject);
    let known = match subject {
        Some(_) => None,
        None => {
            let store = store(global, plan).await?;
            let known = choices_of::subjects(&choices, compiled, store.as_ref()).await?;
            if let Some(store) = store {
                store.close().await;
            }
            Some(known)
        }
    };
    if out.is_json() {
        out.json(&SettingsView::of(
            compiled,
            &choices,
            subject,
            known.as_ref(),
        ));
    } else {
        out.data(&text(compiled, &choices, subject, &groups, known.as_ref()));
    }
    Ok(Exit::Fine)
}

/// The store, once there is one.
async fn store(global: &Global, plan: &Plan) -> anyhow::Result<Option<SqliteStore>> {
    if engine::store_path(global, plan).exists() {
        engine::read_store(global, plan).await.map(Some)
    } else {
        Ok(None)
    }
}

/// The settings of a tenant as they stand, for a review.
pub(super) fn review(choices: &Choices<'_>, tenant: &Tenant) -> String {
    text(tenant, choices, None, &choices.groups(tenant, None), None)
}

fn text(
    tenant: &Tenant,
    choices: &Choices<'_>,
    subject: Option<&str>,
    groups: &[GroupChoices<'_>],
    known: Option<&BTreeMap<String, Subject>>,
) -> String {
    let mut lines = vec![match subject {
        Some(subject) => format!(
            "{} ({}), for {}",
            tenant.name,
            tenant.title,
            named(choices, subject)
        ),
        None => format!("{} ({})", tenant.name, tenant.title),
    }];
    for group in groups {
        lines.push(String::new());
        lines.push(heading(group, subject));
        let table: Vec<Row> = group
            .fields
            .iter()
            .flat_map(|field| rows(field, subject))
            .collect();
        lines.extend(aligned(&table));
    }
    if let Some(known) = known
        && let Some(subjects) = &choices.integration().subjects
    {
        lines.push(String::new());
        lines.extend(listed(&subjects.title, known));
    }
    lines.join("\n")
}

/// A subject by its key, with its name where the tenant's file gives one.
fn named(choices: &Choices<'_>, subject: &str) -> String {
    let title = choices
        .overrides()
        .into_iter()
        .find(|(key, _, _)| *key == subject)
        .and_then(|(_, title, _)| title);
    match title {
        Some(title) => format!("{subject} ({title})"),
        None => subject.to_owned(),
    }
}

/// A group's title, with a mark when something in it is overridden.
fn heading(group: &GroupChoices<'_>, subject: Option<&str>) -> String {
    let title = format!("{} [{}]", group.title, group.name);
    let mut subjects: Vec<&str> = group
        .fields
        .iter()
        .flat_map(|field| field.overridden_for.iter().copied())
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    match subject {
        Some(subject) if subjects.contains(&subject) => format!("{title} * overridden"),
        None if !subjects.is_empty() => format!("{title} * overridden for {}", subjects.join(", ")),
        Some(_) | None => title,
    }
}

/// One line of a group.
struct Row {
    marked: bool,
    name: String,
    value: String,
    from: String,
    about: String,
}

/// A setting, and under it the rows of its map.
fn rows(field: &FieldChoice<'_>, subject: Option<&str>) -> Vec<Row> {
    let marked = match subject {
        Some(subject) => field.overridden_for.contains(&subject),
        None => !field.overridden_for.is_empty(),
    };
    let title = field.field.title.as_deref().unwrap_or_default();
    let locked = field
        .field
        .locked
        .as_ref()
        .map(|reason| format!(" (locked: {reason})"));
    let about = format!("{title}{}", locked.unwrap_or_default());
    let first = Row {
        marked,
        name: field.name.to_owned(),
        value: if field.rows.is_empty() {
            shown(field.held.value)
        } else {
            format!("{} rows", field.rows.len())
        },
        from: from(&field.held),
        about,
    };
    let below = field.rows.iter().map(|row| Row {
        marked: row.held.said == Said::Override,
        name: format!("  {}", row.value),
        value: shown(row.held.value),
        from: from(&row.held),
        about: String::new(),
    });
    std::iter::once(first).chain(below).collect()
}

fn shown(value: &Json) -> String {
    if value.is_null() {
        "not set".to_owned()
    } else {
        edit::inline(value)
    }
}

/// Who said a value and where. Of a default it matters only that it is one.
fn from(held: &Held<'_>) -> String {
    let place = held
        .origin
        .as_ref()
        .map(|origin| format!(" {origin}"))
        .unwrap_or_default();
    match held.said {
        Said::Default => word(held.said).to_owned(),
        Said::Tenant | Said::Override => format!("{}{place}", word(held.said)),
    }
}

fn word(said: Said) -> &'static str {
    match said {
        Said::Default => "default",
        Said::Tenant => "tenant",
        Said::Override => "override",
    }
}

fn aligned(rows: &[Row]) -> Vec<String> {
    let width = |of: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths
            .filter(|width| *width <= WIDEST)
            .max()
            .unwrap_or_default()
    };
    let name = width(|row| &row.name);
    let value = width(|row| &row.value);
    let from = width(|row| &row.from);
    let line = |row: &Row| {
        let mark = if row.marked { '*' } else { ' ' };
        let (a, b, c) = (&row.name, &row.value, &row.from);
        let line = format!("  {mark} {a:name$}  {b:value$}  {c:from$}  {}", row.about);
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The subjects there are, with a mark on those that have something otherwise.
fn listed(title: &str, known: &BTreeMap<String, Subject>) -> Vec<String> {
    let overriding = known
        .values()
        .filter(|subject| !subject.overrides.is_empty())
        .count();
    let heading = format!(
        "{title}: {} known, {overriding} with overrides",
        known.len()
    );
    let rows: Vec<Row> = known
        .iter()
        .map(|(key, subject)| Row {
            marked: !subject.overrides.is_empty(),
            name: key.clone(),
            value: subject.label.clone().unwrap_or_default(),
            from: subject.overrides.join(", "),
            about: String::new(),
        })
        .collect();
    std::iter::once(heading).chain(aligned(&rows)).collect()
}
