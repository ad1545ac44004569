//! Settings: groups and fields, for the tenant and for each of its subjects.

use serde_json::{Map as Members, Value as Json, json};

use super::rows::rows_reference;
use super::{extend, object};
use crate::lang::config::schema::described_values;
use crate::lang::config::{Choice, Field, FieldType, Group, Integration, Items};

/// Where settings stand: what one needs of another is asked of the tenant only, because an override may take the
/// other from it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Tenant,
    Subject,
}

pub(super) fn group_name(group: &str) -> String {
    format!("settings-{group}")
}

pub(super) fn settings(integration: &Integration, level: Level) -> Json {
    let properties: Members<String, Json> = integration
        .settings
        .iter()
        .map(|(name, group)| {
            let mut schema = json!({
                "title": group.title,
                "description": about(Some(&group.title), group.description.as_deref()),
                "$ref": format!("#/$defs/{}", group_name(name)),
                "examples": [group_example(group)]
            });
            if level == Level::Tenant {
                let conditions = conditions(group);
                if !conditions.is_empty() {
                    extend(&mut schema, json!({ "allOf": conditions }));
                }
            }
            (name.clone(), schema)
        })
        .collect();
    let mut settings = object(
        "What this customer chose; the rest has its default.",
        properties,
    );
    extend(&mut settings, json!({ "examples": [{}] }));
    settings
}

/// `required_when` as far as JSON Schema can say it: where the condition is one boolean field of the group.
fn conditions(group: &Group) -> Vec<Json> {
    group
        .fields
        .iter()
        .filter(|(_, field)| field.type_ == FieldType::Boolean)
        .filter_map(|(switch, _)| {
            let needed: Vec<&str> = group
                .fields
                .iter()
                .filter(|(_, field)| {
                    field
                        .required_when
                        .as_ref()
                        .is_some_and(|when| when.as_str().trim() == switch)
                })
                .map(|(name, _)| name.as_str())
                .collect();
            if needed.is_empty() {
                return None;
            }
            Some(json!({
                "if": { "properties": { switch: { "const": true } }, "required": [switch] },
                "then": { "required": needed }
            }))
        })
        .collect()
}

fn group_example(group: &Group) -> Json {
    group
        .fields
        .iter()
        .filter(|(_, field)| field.locked.is_none())
        .take(1)
        .map(|(name, field)| (name.clone(), field_example(field)))
        .collect()
}

pub(super) fn group_schema(group: &Group) -> Json {
    let properties: Members<String, Json> = group
        .fields
        .iter()
        .filter(|(_, field)| field.locked.is_none())
        .map(|(name, field)| (name.clone(), field_schema(field)))
        .collect();
    object(
        &about(Some(&group.title), group.description.as_deref()),
        properties,
    )
}

/// Editors show the title above the description, so it stands in for one only where there is none.
fn about(title: Option<&str>, description: Option<&str>) -> String {
    description.or(title).unwrap_or("A setting.").to_owned()
}

fn field_schema(field: &Field) -> Json {
    let mut description = about(field.title.as_deref(), field.description.as_deref());
    if let Some(when) = &field.required_when {
        description = format!("{description} Required when `{}`.", when.as_str().trim());
    }
    let mut schema =
        json!({ "title": field.title.as_deref().unwrap_or("Setting"), "description": description });
    let kind = match field.type_ {
        FieldType::Choice => choices(field.values.as_ref()),
        FieldType::List => list(field),
        FieldType::Map => rows_reference(field.map.as_ref().map_or("", |map| map.as_str())),
        FieldType::Boolean
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Date
        | FieldType::Duration => scalar(field.type_),
    };
    extend(&mut schema, kind);
    extend(&mut schema, json!({ "examples": [field_example(field)] }));
    schema
}

fn scalar(kind: FieldType) -> Json {
    match kind {
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Decimal => {
            json!({ "type": ["number", "string"], "pattern": "^-?[0-9]+([.][0-9]+)?$" })
        }
        FieldType::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}" }),
        FieldType::Duration => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        FieldType::Text => json!({ "type": "string" }),
        // Of these, an item of a list is text or a number that a request offers.
        FieldType::Choice | FieldType::List | FieldType::Map => {
            json!({ "type": ["string", "integer"] })
        }
    }
}

fn choices(values: Option<&indexmap::IndexMap<String, Choice>>) -> Json {
    let Some(values) = values else {
        return scalar(FieldType::Choice);
    };
    let titled = values
        .iter()
        .map(|(value, choice)| (json!(value), json!(choice.title)));
    let mut schema = json!({ "type": "string" });
    extend(&mut schema, Json::Object(described_values(titled)));
    schema
}

fn list(field: &Field) -> Json {
    let mut array = json!({ "type": "array", "items": item(field.items.as_ref()) });
    if field
        .items
        .as_ref()
        .is_some_and(|items| items.type_ == FieldType::Choice)
    {
        extend(&mut array, json!({ "uniqueItems": true }));
    }
    if !field.all {
        return array;
    }
    // A description of its own would hide that of the field where `all` is chosen.
    let all =
        json!({ "enum": ["all"], "markdownEnumDescriptions": ["Every one that is offered."] });
    json!({ "anyOf": [array, all] })
}

fn item(items: Option<&Items>) -> Json {
    match items {
        None => json!({}),
        Some(items) if items.type_ == FieldType::Choice => choices(items.values.as_ref()),
        Some(items) => scalar(items.type_),
    }
}

/// The default, or a value of the field's type.
fn field_example(field: &Field) -> Json {
    if let Some(default) = &field.default {
        return default.0.clone();
    }
    match field.type_ {
        FieldType::Boolean => json!(true),
        FieldType::Integer => json!(12),
        FieldType::Decimal => json!("12.50"),
        FieldType::Text => json!("text"),
        FieldType::Date => json!("2026-04-01"),
        FieldType::Duration => json!("15m"),
        FieldType::Choice => {
            let first = field
                .values
                .as_ref()
                .and_then(|values| values.keys().next());
            first.map_or_else(|| json!(12), |value| json!(value))
        }
        FieldType::List => json!([]),
        FieldType::Map => json!({}),
    }
}

pub(super) fn overrides(integration: &Integration) -> Json {
    let subject = integration
        .subjects
        .as_ref()
        .map_or("Subject", |subjects| &subjects.title);
    json!({
        "description": format!("What one {} has otherwise, by its key. Quote keys that are numbers.", subject.to_lowercase()),
        "type": "object",
        "additionalProperties": {
            "description": format!("Settings of one {}.", subject.to_lowercase()),
            "type": "object",
            "properties": {
                "title": { "description": "What people call it.", "type": "string", "examples": ["Acme Retail"] },
                "settings": settings(integration, Level::Subject)
            },
            "additionalProperties": false
        },
        "examples": [{ "2010000001": { "title": "Acme Retail", "settings": {} } }]
    })
}
