//! A change of settings, applied to the tenant's file in memory and checked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::file::{Hunk, TenantFile};
use super::{SettingsError, diff};
use crate::lang::config::{self, FieldType};
use crate::lang::edit;
use crate::lang::load::Project;
use crate::lang::plan::Choices;
use crate::lang::source::Pointer;

/// What is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// `GROUP.FIELD=VALUE`, each as a person types it.
    Set(Vec<String>),
    /// `GROUP.FIELD` and its value, each.
    Give(Vec<(String, Json)>),
    /// `GROUP.FIELD`, each.
    Unset(Vec<String>),
    /// Everything that is said of the subject.
    Restore,
}

impl Change {
    /// For the audit log.
    pub(super) fn describe(&self) -> Json {
        match self {
            Self::Set(values) => json!({ "set": values }),
            Self::Give(values) => {
                let values: Map<String, Json> = values.iter().cloned().collect();
                json!({ "set": values })
            }
            Self::Unset(keys) => json!({ "unset": keys }),
            Self::Restore => json!({ "restore": true }),
        }
    }
}

/// A key or a value that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// No assignment.
    #[error("`{0}` is not GROUP.FIELD=VALUE")]
    Assignment(String),
    /// No key.
    #[error("`{0}` is not GROUP.FIELD")]
    Key(String),
}

/// A change that is sound and not written yet.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The file with the change.
    pub file: TenantFile,
    /// What there was nothing to change for.
    pub notes: Vec<String>,
}

/// What became of a change of settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// Whose.
    pub tenant: String,
    /// The tenant's file, relative to the workspace.
    pub file: String,
    /// The lines that are others now; none when the file said it already.
    pub changes: Vec<Hunk>,
    /// What there was nothing to change for, in words.
    pub notes: Vec<String>,
}

impl Changed {
    /// The lines that are others now, as people read them.
    pub fn diff(&self) -> String {
        diff(&self.file, &self.changes)
    }
}

impl Prepared {
    /// What becomes of it once it is written.
    pub fn changed(&self, tenant: &str) -> Changed {
        Changed {
            tenant: tenant.to_owned(),
            file: self.file.name().to_owned(),
            changes: if self.file.is_changed() {
                self.file.hunks()
            } else {
                Vec::new()
            },
            notes: self.notes.clone(),
        }
    }
}

/// Applies a change in memory, and checks the workspace as it would be.
pub fn prepare(
    project: &Project,
    tenant: &str,
    change: &Change,
    subject: Option<&str>,
) -> Result<Prepared, SettingsError> {
    let Some(file) = TenantFile::of(project, tenant) else {
        return Err(SettingsError::unknown_tenant(project, tenant));
    };
    let mut prepared = Prepared {
        file,
        notes: Vec::new(),
    };
    prepared.apply(project, tenant, change, subject)?;
    let file = &prepared.file;
    if file.is_changed() {
        let after = file.check(project);
        if after.is_wrong() {
            return Err(SettingsError::Wrong {
                file: file.name().to_owned(),
                checked: Box::new(after),
            });
        }
    }
    Ok(prepared)
}

impl Prepared {
    fn apply(
        &mut self,
        project: &Project,
        tenant: &str,
        change: &Change,
        subject: Option<&str>,
    ) -> Result<(), SettingsError> {
        match change {
            Change::Set(typed) => {
                for (written, value) in values(project, tenant, typed)? {
                    let key = Key::read(&written).ok_or_else(|| Misread::Key(written.clone()))?;
                    self.file.set(&key.place(subject), &value)?;
                }
            }
            Change::Give(values) => {
                for (written, value) in values {
                    let key = Key::read(written).ok_or_else(|| Misread::Key(written.clone()))?;
                    self.file.set(&key.place(subject), value)?;
                }
            }
            Change::Unset(keys) => {
                for written in keys {
                    let key = Key::read(written).ok_or_else(|| Misread::Key(written.clone()))?;
                    if !self.file.unset(&key.place(subject))? {
                        let of = subject
                            .map(|subject| format!(" for {subject}"))
                            .unwrap_or_default();
                        let file = self.file.name();
                        self.notes
                            .push(format!("{file} does not set `{written}`{of}"));
                    }
                }
            }
            Change::Restore => {
                let subject = subject.unwrap_or_default();
                let place = Pointer::root().key("overrides").key(subject);
                if !self.file.unset(&place)? {
                    let file = self.file.name();
                    self.notes
                        .push(format!("{file} has no overrides of {subject}"));
                }
            }
        }
        Ok(())
    }
}

/// The values of `GROUP.FIELD=VALUE`, each as a person types it, by the types of their settings.
pub fn values(
    project: &Project,
    tenant: &str,
    typed: &[String],
) -> Result<Vec<(String, Json)>, Misread> {
    let choices = Choices::of(project, tenant);
    let read = |written: &String| {
        let misread = || Misread::Assignment(written.clone());
        let (name, text) = written.split_once('=').ok_or_else(misread)?;
        let key = Key::read(name).ok_or_else(misread)?;
        let choices = choices.as_ref();
        let field = choices.and_then(|choices| choices.field(key.group, key.field));
        let value = match key.row {
            Some(_) => edit::value(text).unwrap_or_else(|| text.into()),
            None => value(field, text),
        };
        Ok((name.to_owned(), value))
    };
    typed.iter().map(read).collect()
}

/// `GROUP.FIELD`, or `GROUP.FIELD.ROW` of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key<'a> {
    group: &'a str,
    field: &'a str,
    row: Option<&'a str>,
}

impl<'a> Key<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (group, rest) = text.split_once('.')?;
        let (field, row) = match rest.split_once('.') {
            Some((field, row)) => (field, Some(row)),
            None => (rest, None),
        };
        let sound = !group.is_empty() && !field.is_empty() && row != Some("");
        sound.then_some(Self { group, field, row })
    }

    fn place(self, subject: Option<&str>) -> Pointer {
        let at = Choices::place(subject).key(self.group).key(self.field);
        match self.row {
            Some(row) => at.key(row),
            None => at,
        }
    }
}

/// A value as it was typed. What is text by its type is taken as it is; the rest is YAML.
fn value(field: Option<&config::Field>, text: &str) -> Json {
    let yaml = || edit::value(text).unwrap_or_else(|| text.into());
    match field.map(|field| field.type_) {
        Some(FieldType::Text | FieldType::Choice | FieldType::Date | FieldType::Duration) => {
            text.into()
        }
        Some(FieldType::List) if text.trim() != "all" && !text.trim_start().starts_with('[') => {
            edit::value(&format!("[{text}]")).unwrap_or_else(yaml)
        }
        Some(
            FieldType::Boolean
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::List
            | FieldType::Map,
        )
        | None => yaml(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_two_parts_or_three() {
        let key = |group, field, row| Some(Key { group, field, row });
        assert_eq!(Key::read("a.b"), key("a", "b", None));
        assert_eq!(Key::read("a.b.P1 - a.b"), key("a", "b", Some("P1 - a.b")));
        for wrong in ["", "a", "a.", ".b", "a.b."] {
            assert_eq!(Key::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_are_read_by_the_type_of_their_setting() {
        let of = |type_: &str, text: &str| {
            let field: config::Field = serde_json::from_value(json!({ "type": type_ })).unwrap();
            value(Some(&field), text)
        };
        assert_eq!(of("text", "0012"), json!("0012"));
        assert_eq!(of("text", "a: b # c"), json!("a: b # c"));
        assert_eq!(of("boolean", "true"), json!(true));
        assert_eq!(of("integer", "47"), json!(47));
        assert_eq!(of("integer", "many: of"), json!("many: of"));
        assert_eq!(of("list", "number, store"), json!(["number", "store"]));
        assert_eq!(of("list", "[number]"), json!(["number"]));
        assert_eq!(of("list", "all"), json!("all"));
        assert_eq!(of("map", "{ P1: High }"), json!({ "P1": "High" }));
        assert_eq!(of("date", "2026-10-01"), json!("2026-10-01"));
    }
}
