//! `settings set | unset | restore`: a changed file, checked before it is written.

use serde_json::{Value as Json, json};

use super::args::Global;
use super::exit::Exit;
use super::out::Out;
use super::settings;
use super::settings_file::TenantFile;
use super::workspace::{self, Checked};
use crate::lang::config::{self, FieldType};
use crate::lang::edit;
use crate::lang::plan::Choices;
use crate::lang::source::Pointer;

/// What is changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'a> {
    /// `GROUP.FIELD=VALUE`, each.
    Set(&'a [String]),
    /// `GROUP.FIELD`, each.
    Unset(&'a [String]),
    /// Everything that is said of the subject.
    Restore,
}

/// `GROUP.FIELD`, or `GROUP.FIELD.ROW` of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key<'a> {
    group: &'a str,
    field: &'a str,
    row: Option<&'a str>,
}

/// A command line that is not understood; shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Misread {
    #[error("`{0}` is not GROUP.FIELD=VALUE")]
    Assignment(String),
    #[error("`{0}` is not GROUP.FIELD")]
    Key(String),
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

pub(super) fn run(
    global: &Global,
    tenant: &str,
    change: &Change<'_>,
    subject: Option<&str>,
    out: Out,
) -> anyhow::Result<Exit> {
    let checked = workspace::check(&global.workspace)?;
    let Some(mut file) = TenantFile::of(&checked.project, tenant) else {
        return Ok(settings::unknown(&checked.project, tenant, out));
    };
    if let Err(misread) = apply(&mut file, &checked, tenant, change, subject, out)? {
        out.talk(&format!("error: {misread}"));
        return Ok(Exit::Usage);
    }
    finish(&file, &checked, tenant, out)
}

/// Applies the changes in memory.
fn apply(
    file: &mut TenantFile,
    checked: &Checked,
    tenant: &str,
    change: &Change<'_>,
    subject: Option<&str>,
    out: Out,
) -> anyhow::Result<Result<(), Misread>> {
    match change {
        Change::Set(values) => {
            for written in *values {
                if let Err(misread) = set(file, checked, tenant, written, subject)? {
                    return Ok(Err(misread));
                }
            }
        }
        Change::Unset(keys) => {
            for written in *keys {
                let Some(key) = Key::read(written) else {
                    return Ok(Err(Misread::Key(written.clone())));
                };
                if !file.unset(&key.place(subject))? {
                    let of = subject
                        .map(|subject| format!(" for {subject}"))
                        .unwrap_or_default();
                    out.talk(&format!("{} does not set `{written}`{of}", file.name()));
                }
            }
        }
        Change::Restore => {
            let subject = subject.unwrap_or_default();
            if !file.unset(&Pointer::root().key("overrides").key(subject))? {
                out.talk(&format!("{} has no overrides of {subject}", file.name()));
            }
        }
    }
    Ok(Ok(()))
}

/// Applies one `GROUP.FIELD=VALUE` in memory.
fn set(
    file: &mut TenantFile,
    checked: &Checked,
    tenant: &str,
    written: &str,
    subject: Option<&str>,
) -> anyhow::Result<Result<(), Misread>> {
    let read = written
        .split_once('=')
        .and_then(|(key, text)| Some((Key::read(key)?, text)));
    let Some((key, text)) = read else {
        return Ok(Err(Misread::Assignment(written.to_owned())));
    };
    let choices = Choices::of(&checked.project, tenant);
    let field = choices.and_then(|choices| choices.field(key.group, key.field));
    let value = match key.row {
        Some(_) => edit::value(text).unwrap_or_else(|| text.into()),
        None => value(field, text),
    };
    file.set(&key.place(subject), &value)?;
    Ok(Ok(()))
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

/// Applies what a person typed while reviewing; says what is wrong with it, or writes the file.
pub(super) fn typed(global: &Global, tenant: &str, line: &str, out: Out) -> anyhow::Result<()> {
    run(global, tenant, &Change::Set(&[line.to_owned()]), None, out)?;
    Ok(())
}

/// Checks a changed file, writes it, and says what changed.
fn finish(file: &TenantFile, before: &Checked, tenant: &str, out: Out) -> anyhow::Result<Exit> {
    if !file.is_changed() {
        if out.is_json() {
            out.json(&json!({ "tenant": tenant, "file": file.name(), "changes": [] }));
        } else {
            out.talk("nothing is changed");
        }
        return Ok(Exit::Fine);
    }
    let after = file.check(&before.project);
    if after.is_wrong() {
        workspace::show(&after, out);
        out.talk(&format!("{} is left as it was", file.name()));
        return Ok(Exit::Config);
    }
    file.write()?;
    if out.is_json() {
        let changes: Vec<Json> = file
            .hunks()
            .into_iter()
            .map(|hunk| json!({ "line": hunk.line, "removed": hunk.removed, "added": hunk.added }))
            .collect();
        out.json(&json!({ "tenant": tenant, "file": file.name(), "changes": changes }));
    } else {
        out.data(&file.diff());
    }
    Ok(Exit::Fine)
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
