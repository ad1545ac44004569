//! Changing settings: what a form says is spliced into the tenant's file, checked with everything else, and taken up.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use serde_json::Value as Json;

use super::notices::Notice;
use super::settings::{self, items};
use super::visit::{Administering, Problem, Sent};
use crate::daemon::EngineError;
use crate::daemon::settings::{Change, SettingsError};
use crate::daemon::view::{Setting, SettingFrom, SettingsGroup};
use crate::lang::config::FieldType;
use crate::server::admin::Admin;

/// What a button does to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Move {
    Up,
    Down,
    Delete,
    Add,
    All,
}

impl Move {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "up" => Self::Up,
            "down" => Self::Down,
            "delete" => Self::Delete,
            "add" => Self::Add,
            "all" => Self::All,
            _ => return None,
        })
    }
}

/// What a form asks for: several changes, made one after the other.
pub(super) async fn change(
    State(admin): State<Arc<Admin>>,
    Path(name): Path<String>,
    Administering(sent): Administering,
) -> Result<Redirect, Problem> {
    let subject = sent.field("subject");
    let tab = sent.field("tab").unwrap_or_default();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("tab", tab)
        .extend_pairs(
            subject
                .filter(|_| tab != settings::SUBJECTS)
                .map(|subject| ("subject", subject)),
        )
        .finish();
    let back = format!("/tenants/{name}/settings?{query}");
    let changes = asked(&admin, &name, &sent, tab, subject).await?;
    let mut lines = Vec::new();
    for change in changes {
        let done = admin
            .engine
            .change_settings(&name, change, subject, sent.by())
            .await;
        match done {
            Ok(done) if done.changes.is_empty() => {}
            Ok(done) => lines.push(done.diff()),
            Err(EngineError::Settings(error)) => {
                return Ok(sent.then(&admin, refused(&error), &back));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let notice = if lines.is_empty() {
        Notice::well("Nothing is changed.")
    } else {
        Notice::well("The settings are changed, and hold for the next record.")
            .with(lines.join("\n"))
    };
    Ok(sent.then(&admin, notice, &back))
}

/// Why settings stay as they were.
fn refused(error: &SettingsError) -> Notice {
    let notice = Notice::badly(format!("Nothing is changed: {error}."));
    match error {
        SettingsError::Wrong { checked, .. } => notice.with(checked.text()),
        SettingsError::Unread { .. }
        | SettingsError::UnknownTenant { .. }
        | SettingsError::Misread(_)
        | SettingsError::Edit(_)
        | SettingsError::File(_) => notice,
    }
}

async fn asked(
    admin: &Admin,
    name: &str,
    sent: &Sent,
    tab: &str,
    subject: Option<&str>,
) -> Result<Vec<Change>, Problem> {
    let what = sent.field("do").unwrap_or("save");
    if what == "restore" && subject.is_some() {
        return Ok(vec![Change::Restore]);
    }
    let standing = settings::standing(admin, name, subject).await?;
    let mut groups = standing.view.groups.iter();
    let Some(group) = groups.find(|group| group.name == tab) else {
        return Err(Problem::NotFound(format!("there is no tab `{tab}`")));
    };
    if what == "restore-tab" {
        let said = said(group, subject);
        return Ok(if said.is_empty() {
            Vec::new()
        } else {
            vec![Change::Unset(said)]
        });
    }
    if let Some(key) = what.strip_prefix("unset:") {
        return Ok(vec![Change::Unset(vec![format!("{tab}.{key}")])]);
    }
    if let Some((word, rest)) = what.split_once(':')
        && let Some(step) = Move::read(word)
    {
        return moved(group, sent, step, rest);
    }
    Ok(saved(group, sent))
}

/// What the file says of a group, for all or for the subject.
fn said(group: &SettingsGroup, subject: Option<&str>) -> Vec<String> {
    let is_said = |from: SettingFrom| match (subject, from) {
        (Some(_), SettingFrom::Override) | (None, SettingFrom::Tenant) => true,
        (Some(_) | None, _) => false,
    };
    let fields = group.fields.iter();
    fields
        .filter(|field| is_said(field.from) || field.rows.iter().any(|row| is_said(row.from)))
        .map(|field| format!("{}.{}", group.name, field.name))
        .collect()
}

/// A list with one item moved, added or deleted.
fn moved(
    group: &SettingsGroup,
    sent: &Sent,
    step: Move,
    rest: &str,
) -> Result<Vec<Change>, Problem> {
    let (name, item) = rest.split_once(':').unwrap_or((rest, ""));
    let Some(field) = group.fields.iter().find(|field| field.name == name) else {
        return Err(Problem::NotFound(format!("there is no setting `{name}`")));
    };
    let mut chosen = items(field);
    let at = chosen.iter().position(|known| known == item);
    match (step, at) {
        (Move::All, _) => return Ok(vec![given(group, field, "all".into())]),
        (Move::Add, _) => {
            if let Some(added) = sent.field(&format!("add:{name}")) {
                chosen.push(added.to_owned());
            }
        }
        (Move::Up, Some(at)) if at > 0 => chosen.swap(at, at - 1),
        (Move::Down, Some(at)) if at + 1 < chosen.len() => chosen.swap(at, at + 1),
        (Move::Delete, Some(at)) => {
            chosen.remove(at);
        }
        (Move::Up | Move::Down | Move::Delete, _) => {}
    }
    if chosen == items(field) {
        return Ok(Vec::new());
    }
    Ok(vec![given(group, field, chosen.into())])
}

fn given(group: &SettingsGroup, field: &Setting, value: Json) -> Change {
    Change::Give(vec![(format!("{}.{}", group.name, field.name), value)])
}

/// What differs between what a form showed and what it says now. What somebody else changed meanwhile stays.
fn saved(group: &SettingsGroup, sent: &Sent) -> Vec<Change> {
    let (mut set, mut unset) = (Vec::new(), Vec::new());
    let mut note = |key: String, was: &str, now: &str| {
        if now == was {
        } else if now.is_empty() {
            unset.push(key);
        } else {
            set.push(format!("{key}={now}"));
        }
    };
    for field in &group.fields {
        let (name, key) = (&field.name, format!("{}.{}", group.name, field.name));
        for row in &field.rows {
            let (was, now) = (
                sent.field(&format!("was:{name}:{}", row.row)),
                sent.field(&format!("row:{name}:{}", row.row)),
            );
            // A row that takes more words has them in a field beside.
            let words = sent.field(&format!("words:{name}:{}", row.row));
            let now = now.filter(|now| *now != "…").or(words);
            if let (Some(was), Some(now)) = (was, now) {
                note(format!("{key}.{}", row.row), was, now);
            }
        }
        if let (Some(row), Some(value)) = (
            sent.field(&format!("new:{name}")),
            sent.field(&format!("new-value:{name}")),
        ) {
            note(format!("{key}.{}", row.trim()), "", value);
        }
        if !sent.has(&format!("was:{name}")) || field.locked.is_some() {
            continue;
        }
        let was = sent.field(&format!("was:{name}")).unwrap_or_default();
        let value = sent.field(&format!("value:{name}")).unwrap_or_default();
        let now = match field.type_ {
            FieldType::Boolean if value.is_empty() => "false",
            FieldType::Boolean
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::Text
            | FieldType::Date
            | FieldType::Duration
            | FieldType::Choice
            | FieldType::List
            | FieldType::Map => value.trim(),
        };
        note(key, was, now);
    }
    let set = (!set.is_empty()).then_some(Change::Set(set));
    let unset = (!unset.is_empty()).then_some(Change::Unset(unset));
    set.into_iter().chain(unset).collect()
}
