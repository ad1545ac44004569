//! `kind: tenant`: one customer of an integration.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connector::{Limit, Retry, Settle};
use super::text::{DurationText, Literal, Name};

/// One customer of an integration: accounts, settings, overrides. What differs between customers is here and nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// What this document is: `tenant`.
    #[schemars(example = &"tenant")]
    pub kind: super::schema::TenantKind,
    /// Its name: the first part of every key in the store. It never changes.
    #[schemars(example = &"sandbox")]
    pub name: Name,
    /// What people call it.
    #[schemars(example = &"Best HVAC LLC")]
    pub title: String,
    /// The integration it uses.
    #[schemars(example = &"helpdesk")]
    pub integration: Name,
    /// Values of each connector's params.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "dispatch": { "tenant": 1000, "client_secret": { "secret": "acme/client_secret" } } }))]
    pub accounts: IndexMap<String, IndexMap<String, Literal>>,
    /// Other limits than the connector's, for this tenant.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "dispatch": { "concurrency": 4 } }))]
    pub connectors: IndexMap<String, ConnectorOverrides>,
    /// What the tenant chose, by group.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "preferences": { "dispatch_board": true } }))]
    pub settings: IndexMap<String, IndexMap<String, Literal>>,
    /// What one subject has otherwise, by the subject's key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "2010000001": { "title": "Acme Retail", "settings": { "preferences": { "schedule_date": "submitted" } } } }))]
    pub overrides: IndexMap<String, Override>,
}

/// Settings of one subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// What people call the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Acme Retail")]
    pub title: Option<String>,
    /// Its settings, by group.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "preferences": { "schedule_date": "submitted" } }))]
    pub settings: IndexMap<String, IndexMap<String, Literal>>,
}

/// Other limits than the connector's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOverrides {
    /// Rate windows instead of the connector's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Limit>", example = serde_json::json!([{ "requests": 30, "per": "1s" }]))]
    pub limits: Option<Vec<Limit>>,
    /// Requests on the wire at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 1024), example = 4)]
    pub concurrency: Option<u32>,
    /// Time after which a request is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"30s")]
    pub timeout: Option<DurationText>,
    /// How a failed record is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Retry", example = serde_json::json!({ "attempts": 6 }))]
    pub retry: Option<Retry>,
    /// After how long an unknown create can be settled (S1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Settle", example = serde_json::json!({ "in_flight": "100s", "lag": "60s" }))]
    pub settle: Option<Settle>,
}
