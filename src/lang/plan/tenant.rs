//! One customer of an integration and the process it runs in, compiled.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::connector::Connector;
use super::integration::Integration;
use super::table::Table;
use crate::lang::config::AccessScope;
use crate::lang::expr::Datum;

/// Of the files that something is said in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// One customer of an integration.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its name: first part of every key in the store.
    pub name: Arc<str>,
    /// What people call it.
    pub title: Arc<str>,
    /// Tells what the files say of it from what they said at another time.
    pub digest: Digest,
    /// The integration it uses.
    pub integration: Arc<Integration>,
    /// One account for every connector of the integration.
    pub accounts: IndexMap<Arc<str>, Account>,
    /// Settings without override.
    pub settings: Arc<Settings>,
    /// Settings of subjects that have overrides, whole, by the subject's key.
    pub overrides: HashMap<Arc<str>, Arc<Settings>>,
}

impl Tenant {
    /// The settings that hold for a subject.
    pub fn settings_for(&self, subject: Option<&str>) -> &Arc<Settings> {
        subject
            .and_then(|subject| self.overrides.get(subject))
            .unwrap_or(&self.settings)
    }
}

/// Effective settings: override, else tenant, else default, key by key.
#[derive(Clone, Debug)]
pub struct Settings {
    /// By group and field, as expressions see them: dates and decimals are values of their own, a list of choices
    /// holds `{ name, title, path, show }` each, a setting nobody chose and without default is null.
    pub values: Datum,
    /// Tables of settings of type `map`, by `group.field`: the map's rows with the tenant's put over them.
    pub tables: HashMap<Arc<str>, Arc<Table>>,
}

/// An account with one connector.
#[derive(Clone, Debug)]
pub struct Account {
    /// The connector, with this tenant's limits put over its own.
    pub connector: Arc<Connector>,
    /// Values of its params, app params among them.
    pub params: IndexMap<Arc<str>, ParamValue>,
}

/// The value of a param.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamValue {
    /// As written.
    Literal(Json),
    /// The name of a secret, resolved when the engine starts.
    Secret(Arc<str>),
}

/// The process.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The folder of the workspace.
    pub workspace: PathBuf,
    /// The file of the store.
    pub store: PathBuf,
    /// Where webhooks are awaited.
    pub hooks: SocketAddr,
    /// Where people and programs reach the admin listener.
    pub admin: SocketAddr,
    /// Who may use the admin listener.
    pub access: Vec<Access>,
    /// Where secrets come from.
    pub secrets: SecretSource,
    /// The name of the secret that refresh tokens are sealed with.
    pub sealing_key: Option<Arc<str>>,
}

/// Somebody who may use the admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who, as the audit log names them.
    pub name: Arc<str>,
    /// What they may do.
    pub scope: AccessScope,
    /// The name of the secret that is their token.
    pub token: Arc<str>,
}

/// Where secrets come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Environment variables with this prefix.
    Environment(Arc<str>),
    /// Files of mode 0600 below this folder.
    Directory(PathBuf),
    /// A command that prints one; `{{ name }}` stands for its name.
    Command(Vec<Arc<str>>),
}
