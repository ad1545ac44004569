//! `kind: runtime`: the process (`syncline.yaml`).

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{FileName, Literal, Name};

/// The process: where its store is, where secrets come from, and values that all tenants share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// What this document is: `runtime`.
    #[schemars(example = &"runtime")]
    pub kind: super::schema::RuntimeKind,
    /// Its name, shown in logs.
    #[schemars(example = &"syncline")]
    pub name: Name,
    /// The file of the store, relative to the workspace. `syncline.db` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FileName", example = &"syncline.db")]
    pub store: Option<FileName>,
    /// Where `{ secret: name }` gets its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretSource", example = serde_json::json!({ "directory": "secrets" }))]
    pub secrets: Option<SecretSource>,
    /// The secret that rotated refresh tokens are sealed with in the store: `{ secret: name }` (S25). Needed by
    /// accounts whose connector has the `refresh_token` grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretName", example = serde_json::json!({ "secret": "syncline/sealing_key" }))]
    pub sealing_key: Option<SecretName>,
    /// Where `serve` listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Listen", example = serde_json::json!({ "hooks": "127.0.0.1:7810" }))]
    pub listen: Option<Listen>,
    /// Who may use the admin listener, beside the command line of this machine: one token for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "name": "grafana", "scope": "read", "token": { "secret": "ops/grafana" } }]))]
    pub access: Vec<Access>,
    /// Values of params with `per: app`, by connector.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "dispatch": { "app_key": { "secret": "dispatch/app_key" } } }))]
    pub apps: IndexMap<String, IndexMap<String, Literal>>,
}

/// Where `serve` listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port for webhooks. `127.0.0.1:7810` by default: what ends TLS stands before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"127.0.0.1:7810")]
    pub hooks: Option<String>,
    /// Address and port for people and programs: console, API, health, metrics. `127.0.0.1:7811` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"127.0.0.1:7811")]
    pub admin: Option<String>,
}

/// Somebody who may use the admin listener.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Who, as the audit log names them.
    #[schemars(example = &"grafana")]
    pub name: Name,
    /// What they may do.
    #[schemars(example = &"read")]
    pub scope: AccessScope,
    /// The token they give, as a secret: `{ secret: name }`. At least 16 letters.
    #[schemars(example = serde_json::json!({ "secret": "ops/grafana" }))]
    pub token: SecretName,
}

/// What a token is for. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessScope {
    /// Look.
    Read,
    /// Retry, resolve, pause, resume, read by hand, check.
    Operate,
    /// Settings, turning on and off, reload.
    Admin,
}

/// A secret, by its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretName {
    /// Its name at the source that `secrets` says.
    #[schemars(example = &"syncline/sealing_key")]
    pub secret: String,
}

/// Where secrets come from: exactly one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct SecretSource {
    /// Environment variables: this prefix, then the name in capitals with `_` for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"SYNCLINE_SECRET_")]
    pub environment: Option<String>,
    /// Files of mode 0600 below this folder, named like the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FileName", example = &"secrets")]
    pub directory: Option<FileName>,
    /// A command that prints the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretCommand", example = serde_json::json!({ "run": ["pass", "show", "{{ name }}"] }))]
    pub command: Option<SecretCommand>,
}

/// A command that prints a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretCommand {
    /// Program and arguments; `{{ name }}` is the secret's name. No shell.
    #[schemars(example = serde_json::json!(["pass", "show", "{{ name }}"]))]
    pub run: Vec<String>,
}
