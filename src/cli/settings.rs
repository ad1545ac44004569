//! `settings`: what holds for a tenant and its subjects, and where that is said; `set`, `unset` and `restore` change
//! the tenant's file.

use super::args::{Global, SettingsArgs, SettingsCommand};
use super::exit::Exit;
use super::out::Out;
use super::{settings_change, settings_show};
use crate::daemon::settings::{Change, SettingsError};
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
        }) => {
            let change = Change::Set(values.clone());
            settings_change::run(global, tenant, &change, subject.as_deref(), *out).await
        }
        Some(SettingsCommand::Unset {
            tenant,
            keys,
            subject,
        }) => {
            let change = Change::Unset(keys.clone());
            settings_change::run(global, tenant, &change, subject.as_deref(), *out).await
        }
        Some(SettingsCommand::Restore { tenant, subject }) => {
            settings_change::run(global, tenant, &Change::Restore, Some(subject), *out).await
        }
    }
}

/// Says that no document is the tenant.
pub(super) fn unknown(project: &Project, tenant: &str, out: Out) -> Exit {
    let error = SettingsError::unknown_tenant(project, tenant);
    out.talk(&format!("error: {error}"));
    Exit::Usage
}
