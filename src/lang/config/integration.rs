//! `kind: integration`: settings it offers, what turning it on does, what must hold for it to run.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setting::Group;
use super::step::Steps;
use super::text::{Condition, DurationText, FileName, Name, Template, Value};

/// What an integration offers. The folder of this file is its scope: pipelines and maps below it belong to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// What this document is: `integration`.
    #[schemars(example = &"integration")]
    pub kind: super::schema::IntegrationKind,
    /// Its name, used by tenants.
    #[schemars(example = &"helpdesk")]
    pub name: Name,
    /// What people call it.
    #[schemars(example = &"Helpdesk")]
    pub title: String,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Work orders become bookings or jobs.")]
    pub description: Option<String>,
    /// The connectors it uses; a tenant gives an account for each.
    #[schemars(example = serde_json::json!(["helpdesk", "dispatch"]))]
    pub connectors: Vec<Name>,
    /// What must be agreed to before anything is written (P10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Agreement", example = serde_json::json!({ "text": "agreement.md", "version": "2026-11" }))]
    pub agreement: Option<Agreement>,
    /// What work is serial by, over all pipelines (S19); the record's key by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"{{ link.job.key | default(key) }}")]
    pub root: Option<Value>,
    /// What overrides are per.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Subjects", example = serde_json::json!({ "title": "Subscriber", "from": "work-orders", "key": "$.Subscriber.Id", "label": "$.Subscriber.Name" }))]
    pub subjects: Option<Subjects>,
    /// Every kind of link, with its two ends.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "job": { "from": "helpdesk.work_order", "to": "dispatch.job" } }))]
    pub entities: IndexMap<String, EntityEnds>,
    /// What a tenant may choose, in groups.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "preferences": { "title": "Preferences", "fields": {} } }))]
    pub settings: IndexMap<String, Group>,
    /// Steps without a record, run once per activation.
    #[serde(default)]
    #[schemars(example = serde_json::json!([]))]
    pub on_activate: Steps,
    /// What must hold for pipelines to take up work.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "name": "campaign", "steps": [], "that": "steps.current.active", "otherwise": "The campaign is inactive.", "every": "1m", "pipelines": ["work-orders"] }]))]
    pub requires: Vec<Requirement>,
}

/// A text that is agreed to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// The file that holds it.
    #[schemars(example = &"agreement.md")]
    pub text: FileName,
    /// Its version; a new one asks again and stops nothing.
    #[schemars(example = &"2026-11")]
    pub version: String,
}

/// What overrides are per.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// What people call one.
    #[schemars(example = &"Subscriber")]
    pub title: String,
    /// The pipeline whose records name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Name", example = &"work-orders")]
    pub from: Option<Name>,
    /// The key, from such a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Subscriber.Id")]
    pub key: Option<Value>,
    /// The name, from such a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Subscriber.Name")]
    pub label: Option<Value>,
}

/// The two ends of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityEnds {
    /// The source end: `connector.record`, or `tenant`.
    #[schemars(example = &"helpdesk.work_order")]
    pub from: String,
    /// The made end: `connector.record`.
    #[schemars(example = &"dispatch.job")]
    pub to: String,
    /// Names of what the link keeps for the other side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!(["subscriber"]))]
    pub remember: Vec<String>,
}

/// What must hold for pipelines to take up new work; nothing fetched is lost meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its name.
    #[schemars(example = &"campaign")]
    pub name: Name,
    /// What is read to find out: `fetch` and `transform` only.
    #[serde(default)]
    #[schemars(example = serde_json::json!([]))]
    pub steps: Steps,
    /// What must be true.
    #[schemars(example = &"steps.current.active")]
    pub that: Condition,
    /// The sentence shown while it is not.
    #[schemars(example = &"The campaign {{ steps.current.name }} is inactive.")]
    pub otherwise: Template,
    /// How often it is looked at while work waits, so that it is at most 60s old before a write (S22); a tenth as often
    /// while it holds and nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"1m")]
    pub every: Option<DurationText>,
    /// The pipelines that wait.
    #[schemars(example = serde_json::json!(["work-orders"]))]
    pub pipelines: Vec<Name>,
}
