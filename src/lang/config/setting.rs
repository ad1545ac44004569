//! Settings: what a tenant may choose, with type and default.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::with_request;
use super::text::{Condition, Literal, Name, PathText};

/// A group of settings: one tab that a person sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The tab's title.
    #[schemars(example = &"Preferences")]
    pub title: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"What becomes of a new work order.")]
    pub description: Option<String>,
    /// Its settings.
    #[schemars(example = serde_json::json!({ "dispatch_board": { "type": "boolean", "default": false } }))]
    pub fields: IndexMap<String, Field>,
}

/// One setting: `settings.<group>.<field>`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its type.
    #[serde(rename = "type")]
    #[schemars(example = &"boolean")]
    pub type_: FieldType,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Send NTE to custom field")]
    pub title: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"The not-to-exceed amount is written to a job custom field.")]
    pub description: Option<String>,
    /// Its value when nobody chose: a literal. Null when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Literal", example = false)]
    pub default: Option<Literal>,
    /// When it must be given, over the settings of the same group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Condition", example = &"dispatch_board")]
    pub required_when: Option<Condition>,
    /// The reason why nobody may change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"The rows below the invoice number are the same for all customers.")]
    pub locked: Option<String>,
    /// Of `choice`: the values with their titles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IndexMap<String, Choice>", example = serde_json::json!({ "scheduled": { "title": "Scheduled date" } }))]
    pub values: Option<IndexMap<String, Choice>>,
    /// Of `choice`, `integer` and `text`: the request that offers values; asked by `check`, never by `validate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ChoicesFrom", example = serde_json::json!({ "connector": "dispatch", "get": "settings:/business-units", "records": "$.data[*]", "value": "$.id", "label": "$.name" }))]
    pub from: Option<ChoicesFrom>,
    /// Of `list`: what its items are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Items", example = serde_json::json!({ "type": "choice", "values": { "nte": { "title": "NTE", "path": "$.Nte" } } }))]
    pub items: Option<Items>,
    /// Of `list`: the order matters.
    #[serde(default)]
    #[schemars(example = true)]
    pub ordered: bool,
    /// Of `list`: the word `all` selects every choice.
    #[serde(default)]
    #[schemars(example = true)]
    pub all: bool,
    /// Of `map`: the map whose rows the tenant may replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Name", example = &"job-status")]
    pub map: Option<Name>,
    /// The record schema that the paths of the choices lead into: `connector.record`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"helpdesk.work_order")]
    pub record: Option<String>,
}

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// An exact decimal, written as a number or as text.
    Decimal,
    /// Text.
    Text,
    /// A date or an instant.
    Date,
    /// A duration such as `15m`.
    Duration,
    /// One of `values`.
    Choice,
    /// A list of `items`.
    List,
    /// Rows over the rows of a map.
    Map,
}

/// One value of a choice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What people call it.
    #[schemars(example = &"Scheduled date")]
    pub title: String,
    /// A path into the record that the choice stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathText", example = &"$.Nte")]
    pub path: Option<PathText>,
    /// How the value is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"money")]
    pub show: Option<String>,
}

/// What the items of a list are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// Their type.
    #[serde(rename = "type")]
    #[schemars(example = &"choice")]
    pub type_: FieldType,
    /// Of `choice`: the values with their titles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IndexMap<String, Choice>", example = serde_json::json!({ "nte": { "title": "NTE", "path": "$.Nte" } }))]
    pub values: Option<IndexMap<String, Choice>>,
}

with_request! {
    /// A request that offers values.
    pub struct ChoicesFrom {
        /// The connector that is asked.
        #[schemars(example = &"dispatch")]
        pub connector: Name,
        /// Where the reply holds the rows.
        #[schemars(example = &"$.data[*]")]
        pub records: PathText,
        /// The value of a row.
        #[schemars(example = &"$.id")]
        pub value: PathText,
        /// What people call it.
        #[schemars(example = &"$.name")]
        pub label: PathText,
        /// The connector's style of paging.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"pages")]
        pub paging: Option<String>,
    }
}
