//! `kind: map`: values of one vocabulary to values of another.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::text::{Condition, Literal, Name};

/// Values of one vocabulary to values of another, proven total by `validate`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Map {
    /// What this document is: `map`.
    #[schemars(example = &"map")]
    pub kind: super::schema::MapKind,
    /// Its name inside the integration.
    #[schemars(example = &"job-status")]
    pub name: Name,
    /// What it says, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"A list means the first that the subscriber offers.")]
    pub description: Option<String>,
    /// The vocabulary of the values to map: `connector.vocabulary`, or several told apart by a prefix.
    #[schemars(example = &"helpdesk.priority")]
    pub from: Source,
    /// The vocabulary of the results: `connector.vocabulary`, or the values themselves.
    #[schemars(example = &"dispatch.job_priority")]
    pub to: TargetSet,
    /// Names that conditional rows may read; the step gives them under `with`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!(["hold_reason"]))]
    pub with: Vec<String>,
    /// One row for every value.
    #[schemars(example = serde_json::json!({ "P1 - EMERGENCY": "Urgent" }))]
    pub rows: Rows,
    /// The row of every value without one; demanded for open vocabularies.
    #[serde(default, rename = "else", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Target", example = &"Normal")]
    pub else_: Option<Target>,
}

/// The rows of a map.
pub type Rows = IndexMap<String, Target>;

/// One vocabulary (`connector.vocabulary`), several by prefix, or a list of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(pub serde_json::Value);

impl JsonSchema for Source {
    fn schema_name() -> Cow<'static, str> {
        "Source".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A vocabulary, several vocabularies by prefix, or the values themselves.",
            "anyOf": [
                { "type": "string", "pattern": "^[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_]*$" },
                { "type": "object", "additionalProperties": { "type": "string", "pattern": "^[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_]*$" } },
                { "type": "array", "items": { "type": ["string", "number", "boolean"] } }
            ]
        })
    }
}

/// One vocabulary (`connector.vocabulary`), or a list of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TargetSet(pub serde_json::Value);

impl JsonSchema for TargetSet {
    fn schema_name() -> Cow<'static, str> {
        "TargetSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A vocabulary, or the values themselves.",
            "anyOf": [
                { "type": "string", "pattern": "^[a-z][a-z0-9_-]*\\.[a-z][a-z0-9_]*$" },
                { "type": "array", "items": { "type": ["string", "number", "boolean"] } }
            ]
        })
    }
}

/// A row's target: a value, `keep` (no write), a list of preference, or `cases`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(pub serde_json::Value);

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let case = generator.subschema_for::<Case>();
        json_schema!({
            "description": "A value, `keep` for no write, a list of preference (the first that is offered), or `cases`.",
            "anyOf": [
                { "type": ["string", "number", "boolean"] },
                { "type": "array", "items": { "type": ["string", "number", "boolean"] }, "minItems": 1 },
                { "type": "object", "properties": { "cases": { "type": "array", "items": case, "minItems": 1,
                    "description": "Targets under conditions: the first that holds; the last has none.",
                    "examples": [[{ "when": "'part' in hold_reason | lower", "to": "IN PROGRESS/PARTS ON ORDER" }, { "to": "IN PROGRESS/INCOMPLETE" }]] } },
                  "required": ["cases"], "additionalProperties": false }
            ]
        })
    }
}

/// One case of a row: the first whose condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The condition; the last case has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Condition", example = &"'part' in hold_reason | lower")]
    pub when: Option<Condition>,
    /// The target: a value, `keep`, or a list of preference.
    #[schemars(example = &"IN PROGRESS/PARTS ON ORDER")]
    pub to: Literal,
}
