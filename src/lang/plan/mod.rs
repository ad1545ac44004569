//! A project compiled into what can run. Nothing to the right of this module checks again what it proved.
//!
//! The types here are the plan; the passes that make it from a project live beside them, in [`compile`].

mod choices;
mod compile;
mod connector;
mod crontab;
mod integration;
mod pipeline;
mod request;
mod step;
mod table;
mod tenant;
mod webhook;
mod write;

pub use choices::{Choices, FieldChoice, GroupChoices, Held, RowChoice, Said, SubjectTraces};
pub use compile::compile;
pub use connector::{
    Auth, Check, Connector, ErrorRule, Limit, Oauth2, Param, Retry, Settle, Vocabulary,
};
pub use crontab::Crontab;
pub use integration::{Agreement, Entity, EntityFrom, Integration, Requirement, Subjects};
pub use pipeline::{Cursor, Fetch, LinkEnd, One, Pipeline, Sweep, Trigger};
pub use request::{
    Body, Content, FileSource, Paging, Part, PassedOn, PathPiece, PathTemplate, Request,
};
pub use step::{Call, Catch, MapUse, Step, StepFetch, Verb};
pub use table::{Row, Table, TableCase, Target};
pub use tenant::{Access, Account, Digest, ParamValue, Runtime, SecretSource, Settings, Tenant};
pub use webhook::{Hmac, Verify, Webhook};
pub use write::{Create, Find, Read, Update, Write};

// Words that mean in a plan what they mean in YAML. The engine takes them from here: it does not see `config`.
pub use crate::lang::config::{
    AccessScope, ApiKeyPlace, Applied, ClientSend, Compare, ErrorClass, First, Fold, Grant,
    HmacAlgorithm, IfRunning, Method, Missed, OnMissing, OnUnknown, ParamScope, ParamType,
    QueryLists, SignatureEncoding,
};

use std::sync::Arc;

use indexmap::IndexMap;

use table::fold;

/// Everything that can run: what a workspace says, checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of everything that was read.
    pub digest: Digest,
    /// Of everything but the tenants.
    pub shared: Digest,
    /// Files beside the YAML that it names, from the workspace.
    pub named: Vec<String>,
    /// The process.
    pub runtime: Runtime,
    /// Connectors by name.
    pub connectors: IndexMap<Arc<str>, Arc<Connector>>,
    /// Integrations by name.
    pub integrations: IndexMap<Arc<str>, Arc<Integration>>,
    /// Tenants by name.
    pub tenants: IndexMap<Arc<str>, Arc<Tenant>>,
}

/// Where in the YAML something was said, for messages at run time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The file, relative to the workspace.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}
