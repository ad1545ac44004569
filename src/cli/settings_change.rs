//! `settings set | unset | restore`: a changed file, checked before it is written.

use serde_json::json;

use super::args::Global;
use super::exit::Exit;
use super::out::Out;
use super::workspace;
use crate::daemon::settings::{self, Change, Changed, SettingsError};

pub(super) fn run(
    global: &Global,
    tenant: &str,
    change: &Change,
    subject: Option<&str>,
    out: Out,
) -> anyhow::Result<Exit> {
    let project = workspace::read(&global.workspace)?;
    let prepared = match settings::prepare(&project, tenant, change, subject) {
        Ok(prepared) => prepared,
        Err(error) => return refused(error, out),
    };
    let changed = prepared.changed(tenant);
    if !changed.changes.is_empty() {
        prepared.file.write()?;
    }
    say(&changed, out);
    Ok(Exit::Fine)
}

/// Applies what a person typed while reviewing; says what is wrong with it, or writes the file.
pub(super) fn typed(global: &Global, tenant: &str, line: &str, out: Out) -> anyhow::Result<()> {
    run(
        global,
        tenant,
        &Change::Set(vec![line.to_owned()]),
        None,
        out,
    )?;
    Ok(())
}

/// Says why nothing was changed.
fn refused(error: SettingsError, out: Out) -> anyhow::Result<Exit> {
    match error {
        SettingsError::UnknownTenant { .. } | SettingsError::Misread(_) => {
            out.talk(&format!("error: {error}"));
            Ok(Exit::Usage)
        }
        SettingsError::Wrong { file, checked } => {
            workspace::show(&checked, out);
            out.talk(&format!("{file} is left as it was"));
            Ok(Exit::Config)
        }
        SettingsError::Unread { .. } | SettingsError::Edit(_) | SettingsError::File(_) => {
            Err(error.into())
        }
    }
}

/// Says what changed.
fn say(changed: &Changed, out: Out) {
    for note in &changed.notes {
        out.talk(note);
    }
    let Changed {
        tenant,
        file,
        changes,
        notes: _,
    } = changed;
    if out.is_json() {
        out.json(&json!({ "tenant": tenant, "file": file, "changes": changes }));
    } else if changes.is_empty() {
        out.talk("nothing is changed");
    } else {
        out.data(&changed.diff());
    }
}
