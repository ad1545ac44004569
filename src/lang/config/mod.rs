//! The YAML as Rust types: what was written, as plain data. No logic and no I/O lives here.
//!
//! Every field has a doc comment and an example: editors show them, and `docs/language.md` is made from them.
//! What the types cannot say (exactly one verb, names that exist, paths that fit) is checked in `lang::plan`.

mod auth;
mod case;
mod connector;
mod integration;
mod map;
mod paging;
mod pipeline;
mod request;
mod routine;
mod runtime;
pub mod schema;
mod setting;
mod step;
mod tenant;
mod tenant_schema;
pub mod text;
mod webhook;
mod write;

pub use auth::{ApiKey, ApiKeyPlace, Auth, Basic, Bearer, Client, ClientSend, Grant, Oauth2};
pub use case::{Exchange, Expect, Given, Outcome, RecordEnd, Reply, Sent, Test, TestCase, Trouble};
pub use connector::{
    Applied, Check, Connector, ErrorClass, ErrorRule, Fold, Limit, Param, ParamScope, ParamType,
    QueryLists, Retry, Settle, Vocabulary,
};
pub use integration::{Agreement, EntityEnds, Integration, Requirement, Subjects};
pub use map::{Case, Map, Rows, Source, Target, TargetSet};
pub use paging::{Keyset, NextLink, Offset, Pages, Paging, TokenFeed};
pub use pipeline::{Cursor, Fetch, IfRunning, LinkEnd, Missed, One, Pipeline, Signal, Trigger};
pub use request::{Method, Part, PassedOn, RequestParts};
pub use routine::{Call, Input, Routine};
pub use runtime::{Access, AccessScope, Listen, Runtime, SecretCommand, SecretName, SecretSource};
pub use setting::{Choice, ChoicesFrom, Field, FieldType, Group, Items};
pub use step::{Catch, Fail, Hold, MapUse, Skip, Step, StepFetch, Steps, VERBS};
pub use tenant::{ConnectorOverrides, Override, Tenant};
pub use webhook::{
    Hmac, HmacAlgorithm, NoVerify, SignatureEncoding, SignedAt, Verify, Webhook, WebhookTenant,
};
pub use write::{Compare, Create, Find, First, OnMissing, OnUnknown, Read, Update, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a document is: its first key.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The process: where its store is and where secrets come from (`syncline.yaml`).
    Runtime,
    /// How to talk to one API.
    Connector,
    /// What an integration offers: settings, entities, what turning it on does.
    Integration,
    /// One flow of records.
    Pipeline,
    /// Values of one vocabulary to values of another.
    Map,
    /// Steps that several pipelines share.
    Routine,
    /// One customer of an integration.
    Tenant,
    /// What a pipeline does in cases.
    Test,
}

impl Kind {
    /// Every kind, in the order in which a newcomer meets them.
    pub const ALL: &[Kind] = &[
        Kind::Runtime,
        Kind::Connector,
        Kind::Integration,
        Kind::Pipeline,
        Kind::Map,
        Kind::Routine,
        Kind::Tenant,
        Kind::Test,
    ];

    /// The word after `kind:`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Runtime => "runtime",
            Kind::Connector => "connector",
            Kind::Integration => "integration",
            Kind::Pipeline => "pipeline",
            Kind::Map => "map",
            Kind::Routine => "routine",
            Kind::Tenant => "tenant",
            Kind::Test => "test",
        }
    }
}
