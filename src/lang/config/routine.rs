//! `kind: routine`: steps that several pipelines share.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::step::Steps;
use super::text::{Literal, Name, Value};

/// Steps that several pipelines share. A `call` puts them where it stands: `$`, `record` and `link` are those of the
/// pipeline that calls, `inputs` holds what the call gives, and `vars` and `steps` are the routine's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Routine {
    /// What this document is: `routine`.
    #[schemars(example = &"routine")]
    pub kind: super::schema::RoutineKind,
    /// Its name inside the integration.
    #[schemars(example = &"contact-of")]
    pub name: Name,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Finds the person to call about a store.")]
    pub description: Option<String>,
    /// What a call gives; the steps read it as `inputs.<name>`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "store": { "description": "The store's number." } }))]
    pub inputs: IndexMap<String, Input>,
    /// What it does, in order. What its transforms name is the result of the call: `steps.<call>.<name>`.
    #[schemars(example = serde_json::json!([{ "transform": { "title": "Store {{ inputs.store }}" } }]))]
    pub steps: Steps,
}

/// Something that a call gives to a routine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"The store's number.")]
    pub description: Option<String>,
    /// What it is when a call does not give it. Without a default every call must; `null` is one.
    #[serde(
        default,
        deserialize_with = "written",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(with = "Literal", example = &"24h")]
    pub default: Option<Literal>,
}

/// A default that is null is one: only a key that is not there is none.
fn written<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Literal>, D::Error> {
    Literal::deserialize(deserializer).map(Some)
}

/// The steps of a routine, with what they are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The routine's name.
    #[schemars(example = &"contact-of")]
    pub routine: Name,
    /// What it is given.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "store": "$.Location.StoreId" }))]
    pub inputs: IndexMap<String, Value>,
}
