//! `settings`: what holds for a tenant and its subjects, and where that is said; `set`, `unset` and `restore` change
//! the tenant's file.

use super::args::{Global, SettingsArgs, SettingsCommand};
use super::exit::Exit;
use super::out::Out;
use super::settings_change::{self, Change};
use super::settings_show;
use crate::lang::load::Project;

pub(super) async fn run(global: &Global, args: &SettingsArgs, out: &Out) -> anyhow::Result<Exit> {
    match &args.what {
        None => {
            let tenant = args.tenant.as_deref().unwrap_or_default();
            settings_show::run(global, tenant, args.subject.as_deref(), *out).await
        }
        Some(SettingsCommand::Set {
            tenant,
            values,
            subject,
        }) => settings_change::run(
            global,
            tenant,
            &Change::Set(values),
            subject.as_deref(),
            *out,
        ),
        Some(SettingsCommand::Unset {
            tenant,
            keys,
            subject,
        }) => settings_change::run(
            global,
            tenant,
            &Change::Unset(keys),
            subject.as_deref(),
            *out,
        ),
        Some(SettingsCommand::Restore { tenant, subject }) => {
            settings_change::run(global, tenant, &Change::Restore, Some(subject), *out)
        }
    }
}

/// Says that no document is the tenant.
pub(super) fn unknown(project: &Project, tenant: &str, out: Out) -> Exit {
    let known: Vec<String> = project
        .documents
        .iter()
        .filter(|document| document.kind == crate::lang::config::Kind::Tenant)
        .map(|document| format!("`{}`", document.name))
        .collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    out.talk(&format!(
        "error: there is no tenant `{tenant}`; there are: {known}"
    ));
    Exit::Usage
}
