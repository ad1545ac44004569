//! JSON Schema of each kind, as editors read it (draft 2020-12), made from the types of this module.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use super::tenant_schema::tenant;
use super::{Connector, Integration, Kind, Map, Pipeline, Routine, Runtime, Tenant, Test};

macro_rules! kind_word {
    ($($name:ident = $word:literal),+ $(,)?) => {$(
        #[doc = concat!("The word `", $word, "`.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            #[doc = concat!("This document is a ", $word, ".")]
            #[default]
            #[serde(rename = $word)]
            Word,
        }
    )+};
}

kind_word! {
    RuntimeKind = "runtime",
    ConnectorKind = "connector",
    IntegrationKind = "integration",
    PipelineKind = "pipeline",
    MapKind = "map",
    RoutineKind = "routine",
    TenantKind = "tenant",
    TestKind = "test",
}

/// The JSON Schema of `kind`, draft 2020-12.
pub fn of(kind: Kind) -> Json {
    let generator = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = false)
        .into_generator();
    let mut schema = match kind {
        Kind::Runtime => generator.into_root_schema_for::<Runtime>(),
        Kind::Connector => generator.into_root_schema_for::<Connector>(),
        Kind::Integration => generator.into_root_schema_for::<Integration>(),
        Kind::Pipeline => generator.into_root_schema_for::<Pipeline>(),
        Kind::Map => generator.into_root_schema_for::<Map>(),
        Kind::Routine => generator.into_root_schema_for::<Routine>(),
        Kind::Tenant => generator.into_root_schema_for::<Tenant>(),
        Kind::Test => generator.into_root_schema_for::<Test>(),
    };
    RecursiveTransform(drop_noise).transform(&mut schema);
    RecursiveTransform(name_values).transform(&mut schema);
    heading_first(schema.to_value())
}

/// Removes what editors show or insert and nobody needs: the `format` of integers, and defaults that say "nothing"
/// (a snippet of `skip` would bring `forever: false` with it).
fn drop_noise(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        let integer = object.get("type").and_then(Json::as_str) == Some("integer");
        if integer {
            object.remove("format");
        }
        let says_nothing = |default: &Json| match default {
            Json::Null | Json::Bool(false) => true,
            Json::Object(members) => members.is_empty(),
            Json::Array(items) => items.is_empty(),
            Json::Bool(true) | Json::Number(_) | Json::String(_) => false,
        };
        if object.get("default").is_some_and(says_nothing) {
            object.remove("default");
        }
    }
}

/// Values with a description each become an `enum` with the descriptions beside it. As `oneOf` of constants an editor
/// shows the description of the value in place of the one of the key, and never the other values.
fn name_values(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(Json::Array(alternatives)) = object.get("oneOf") else {
        return;
    };
    let described: Option<Vec<(Json, Json)>> = alternatives
        .iter()
        .map(|one| Some((one.get("const")?.clone(), one.get("description")?.clone())))
        .collect();
    let Some(described) = described else { return };
    object.remove("oneOf");
    object.extend(described_values(described));
}

/// The keywords of a closed list of values, each with its description.
pub(in crate::lang::config) fn described_values(
    values: impl IntoIterator<Item = (Json, Json)>,
) -> serde_json::Map<String, Json> {
    let (values, descriptions): (Vec<Json>, Vec<Json>) = values.into_iter().unzip();
    let mut keywords = serde_json::Map::new();
    keywords.insert("enum".to_owned(), values.into());
    keywords.insert("markdownEnumDescriptions".to_owned(), descriptions.into());
    keywords
}

/// Puts what a reader looks for first on top.
pub(in crate::lang::config) fn heading_first(schema: Json) -> Json {
    const HEADING: [&str; 3] = ["$schema", "title", "description"];
    let Json::Object(mut members) = schema else {
        return schema;
    };
    let mut ordered = serde_json::Map::new();
    for name in HEADING {
        if let Some(member) = members.shift_remove(name) {
            ordered.insert(name.to_owned(), member);
        }
    }
    ordered.extend(members);
    Json::Object(ordered)
}

/// The same schema for tools that know draft-07 only: `$defs` become `definitions`.
///
/// A `$ref` keeps its sibling keywords. Draft-07 itself ignores them, the editors that need this do not, and with
/// `allOf` around the reference they would complete a key without what belongs below it.
pub fn draft07(schema: &Json) -> Json {
    let Json::Object(members) = schema else {
        return schema.clone();
    };
    let mut older = serde_json::Map::new();
    for (name, member) in members {
        match (name.as_str(), member) {
            ("$schema", _) => {
                older.insert(
                    name.clone(),
                    "http://json-schema.org/draft-07/schema#".into(),
                );
            }
            ("$defs", Json::Object(named)) => {
                older.insert("definitions".to_owned(), each_draft07(named));
            }
            ("$ref", Json::String(target)) => {
                let target = target.replacen("#/$defs/", "#/definitions/", 1);
                older.insert(name.clone(), target.into());
            }
            ("properties" | "patternProperties", Json::Object(named)) => {
                older.insert(name.clone(), each_draft07(named));
            }
            ("allOf", Json::Array(parts)) => match parts.as_slice() {
                [Json::Object(only)] if only.len() == 1 && only.contains_key("$ref") => {
                    if let Json::Object(reference) = draft07(&Json::Object(only.clone())) {
                        older.extend(reference);
                    }
                }
                parts => {
                    older.insert(name.clone(), parts.iter().map(draft07).collect());
                }
            },
            ("anyOf" | "oneOf", Json::Array(parts)) => {
                older.insert(name.clone(), parts.iter().map(draft07).collect());
            }
            (
                "items" | "additionalProperties" | "propertyNames" | "not" | "if" | "then" | "else",
                _,
            ) => {
                older.insert(name.clone(), draft07(member));
            }
            // Values, not schemas: `examples`, `const`, `enum`, `required` and the like.
            _ => {
                older.insert(name.clone(), member.clone());
            }
        }
    }
    Json::Object(older)
}

fn each_draft07(named: &serde_json::Map<String, Json>) -> Json {
    named
        .iter()
        .map(|(name, schema)| (name.clone(), draft07(schema)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn draft07_renames_definitions_and_opens_a_lone_all_of() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "properties": {
                "a": { "$ref": "#/$defs/A", "description": "An a." },
                "b": { "description": "A b.", "allOf": [{ "$ref": "#/$defs/A" }] },
                "$defs": { "type": "string", "examples": [{ "$ref": "#/$defs/A" }] }
            },
            "allOf": [{ "required": ["a"] }],
            "$defs": { "A": { "type": "array", "items": { "$ref": "#/$defs/A" } } }
        });
        assert_eq!(
            draft07(&schema),
            json!({
                "$schema": "http://json-schema.org/draft-07/schema#",
                "properties": {
                    "a": { "$ref": "#/definitions/A", "description": "An a." },
                    "b": { "description": "A b.", "$ref": "#/definitions/A" },
                    "$defs": { "type": "string", "examples": [{ "$ref": "#/$defs/A" }] }
                },
                "allOf": [{ "required": ["a"] }],
                "definitions": { "A": { "type": "array", "items": { "$ref": "#/definitions/A" } } }
            })
        );
    }

    #[test]
    fn nothing_of_the_newer_draft_is_left_in_draft07() {
        for kind in Kind::ALL {
            let text = draft07(&of(*kind)).to_string();
            assert!(!text.contains("$defs"), "{}: {text}", kind.name());
            assert!(!text.contains("2020-12"), "{}", kind.name());
        }
    }
}
