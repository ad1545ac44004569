//! Settings of tenants: changed in the tenant's file, which is checked with the whole workspace before it is written.
//! The command line does it by itself where no engine runs; an engine enters it in its audit log and takes it up.

mod change;
mod file;
mod subjects;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

pub use change::{Change, Changed, Misread, Prepared, prepare, values};
pub use file::{FileError, Hunk, TenantFile, diff, replace};
pub use subjects::{Subject, known as subjects};

use super::load::Checked;
use super::{Engine, EngineError, Reopen};
use crate::engine::record::TenantName;
use crate::engine::store::{Instruction, Note};
use crate::lang::config::Kind;
use crate::lang::edit::EditError;
use crate::lang::load::{self, Project};

/// Why settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The folder cannot be read.
    #[error("the workspace {path} cannot be read: {source}", path = workspace.display())]
    Unread {
        /// Which.
        workspace: PathBuf,
        /// Why.
        source: load::Error,
    },
    /// No file has this tenant.
    #[error("there is no tenant `{tenant}`; there are: {known}")]
    UnknownTenant {
        /// What was asked for.
        tenant: String,
        /// What there is.
        known: String,
    },
    /// A key or a value is none.
    #[error(transparent)]
    Misread(#[from] Misread),
    /// The file cannot be changed there.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The workspace would be wrong with it.
    #[error("{file} is left as it was")]
    Wrong {
        /// The tenant's file.
        file: String,
        /// What would be wrong.
        checked: Box<Checked>,
    },
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl SettingsError {
    /// No file of the project has this tenant.
    pub fn unknown_tenant(project: &Project, tenant: &str) -> Self {
        let documents = project.documents.iter();
        let tenants = documents.filter(|document| document.kind == Kind::Tenant);
        Self::UnknownTenant {
            tenant: tenant.to_owned(),
            known: super::error::list(tenants.map(|document| &document.name)),
        }
    }
}

impl Engine {
    /// Changes settings of a tenant, for all or for one subject, and takes them up. It is entered in the audit log
    /// before the file is written, so no change is without its entry.
    pub async fn change_settings(
        self: &Arc<Self>,
        tenant: &str,
        change: Change,
        subject: Option<&str>,
        by: &str,
    ) -> Result<Changed, EngineError> {
        let _one = self.editing.lock().await;
        let workspace = self.plan().runtime.workspace.clone();
        let (name, of, said) = (
            tenant.to_owned(),
            subject.map(str::to_owned),
            change.describe(),
        );
        let prepared = tokio::task::spawn_blocking(move || {
            let project = load::read(&workspace)
                .map_err(|source| SettingsError::Unread { workspace, source })?;
            prepare(&project, &name, &change, of.as_deref())
        });
        let prepared = prepared.await.expect("preparing a change does not panic")?;
        let changed = prepared.changed(tenant);
        if !changed.changes.is_empty() {
            let args = json!({ "file": changed.file, "subject": subject, "change": said });
            let note = Instruction::Note(Note::Settings, args);
            self.order(&TenantName::from(tenant), by, note).await?;
            let written = tokio::task::spawn_blocking(move || prepared.file.write());
            written
                .await
                .expect("writing a file does not panic")
                .map_err(SettingsError::from)?;
            self.reload(Reopen::Changed).await?;
        }
        Ok(changed)
    }
}
