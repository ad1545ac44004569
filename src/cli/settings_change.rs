//! `settings set | unset | restore`: a changed file, checked before it is written.

use serde_json::{Map, Value as Json, json};

use super::args::Global;
use super::exit::{self, Exit};
use super::out::Out;
use super::remote::{Daemon, Refused, part};
use super::{env, workspace};
use crate::daemon::settings::{self, Change, Changed, SettingsError};
use crate::lang::load::Project;

pub(super) async fn run(
    global: &Global,
    tenant: &str,
    change: &Change,
    subject: Option<&str>,
    out: Out,
) -> anyhow::Result<Exit> {
    let checked = workspace::check(&global.workspace)?;
    let daemon = match workspace::store(&checked, global) {
        Some(store) => Daemon::of(&store, &env::user()).await,
        None => None,
    };
    let changed = match &daemon {
        Some(daemon) => there(daemon, &checked.project, tenant, change, subject).await,
        None => here(&checked.project, tenant, change, subject),
    };
    match changed {
        Ok(changed) => {
            say(&changed, out);
            Ok(Exit::Fine)
        }
        Err(error) => refused(error, out),
    }
}

/// Applies what a person typed while reviewing; says what is wrong with it, or writes the file.
pub(super) async fn typed(
    global: &Global,
    tenant: &str,
    line: &str,
    out: Out,
) -> anyhow::Result<()> {
    let change = Change::Set(vec![line.to_owned()]);
    run(global, tenant, &change, None, out).await?;
    Ok(())
}

fn here(
    project: &Project,
    tenant: &str,
    change: &Change,
    subject: Option<&str>,
) -> anyhow::Result<Changed> {
    let prepared = settings::prepare(project, tenant, change, subject)?;
    let changed = prepared.changed(tenant);
    if !changed.changes.is_empty() {
        prepared.file.write()?;
    }
    Ok(changed)
}

/// Has the daemon change the file: it takes the change up, and enters it in the audit log.
async fn there(
    daemon: &Daemon,
    project: &Project,
    tenant: &str,
    change: &Change,
    subject: Option<&str>,
) -> anyhow::Result<Changed> {
    let (verb, body) = match change {
        Change::Set(typed) => {
            let values = settings::values(project, tenant, typed);
            let values = values.map_err(SettingsError::from)?;
            let values: Map<String, Json> = values.into_iter().collect();
            ("set", json!({ "values": values, "subject": subject }))
        }
        Change::Give(values) => {
            let values: Map<String, Json> = values.iter().cloned().collect();
            ("set", json!({ "values": values, "subject": subject }))
        }
        Change::Unset(keys) => ("unset", json!({ "keys": keys, "subject": subject })),
        Change::Restore => ("restore", json!({ "subject": subject })),
    };
    let path = format!("/v1/tenants/{}/settings/{verb}", part(tenant));
    daemon.post(&path, &body).await
}

/// Says why nothing was changed.
fn refused(error: anyhow::Error, out: Out) -> anyhow::Result<Exit> {
    if let Some(refused) = error.downcast_ref::<Refused>() {
        let text = refused.text.as_deref().filter(|_| !out.is_json());
        if let Some(text) = text {
            out.talk(text);
        } else if let Some(report) = &refused.report {
            out.json(report);
        }
        let wrong = refused.report.is_some();
        if wrong {
            out.talk(&refused.to_string());
        } else {
            out.talk(&format!("error: {refused}"));
        }
        return Ok(exit::of(&error));
    }
    match error.downcast::<SettingsError>()? {
        error @ (SettingsError::UnknownTenant { .. } | SettingsError::Misread(_)) => {
            out.talk(&format!("error: {error}"));
            Ok(Exit::Usage)
        }
        SettingsError::Wrong { file, checked } => {
            workspace::show(&checked, out);
            out.talk(&format!("{file} is left as it was"));
            Ok(Exit::Config)
        }
        error
        @ (SettingsError::Unread { .. } | SettingsError::Edit(_) | SettingsError::File(_)) => {
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
