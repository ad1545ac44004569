//! Words with a form: names, durations, templates, paths, conditions, and values that may be any of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $schema:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

text! {
    /// A name of a document or of a part of one: a small letter, then small letters, digits, `_` or `-`.
    Name, json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9_-]*$",
        "description": "A name: a small letter, then small letters, digits, `_` or `-`.", "examples": ["work-orders"] })
}
text! {
    /// A duration: a number and one of `ms`, `s`, `m`, `h`, `d`.
    DurationText, json_schema!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$",
        "description": "A duration: a number and `ms`, `s`, `m`, `h` or `d`.", "examples": ["500ms", "2m", "1h"] })
}
text! {
    /// Text that may hold `{{ expressions }}`.
    Template, json_schema!({ "type": "string",
        "description": "Text; `{{ expression }}` inside it is replaced by its value.", "examples": ["sc-{{ record.Id }}"] })
}
text! {
    /// A JSONPath (RFC 9535).
    PathText, json_schema!({ "type": "string", "pattern": "^\\$",
        "description": "A JSONPath (RFC 9535), beginning with `$`.", "examples": ["$.data[*]", "$.Id"] })
}
text! {
    /// A bare expression that is true or false; `{{ }}` is not written around it.
    Condition, json_schema!({ "type": "string",
        "description": "A bare expression that is true or false, without `{{ }}`.", "examples": ["record.Status.Primary == 'OPEN'"] })
}
text! {
    /// The path of a request; a connector's `root` may stand before it (`crm:/customers`).
    RequestPath, json_schema!({ "type": "string",
        "description": "The path of a request below the connector's `base_url`; `root:/path` puts a root of the connector before it. `{{ expressions }}` in it are encoded for their place.",
        "examples": ["/workorders/{{ key }}", "crm:/customers"] })
}
text! {
    /// A date, `2026-04-01`, or an instant, `2026-04-01T00:00:00Z`.
    DateText, json_schema!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "description": "A date or an RFC 3339 instant.", "examples": ["2026-04-01", "2026-04-01T00:00:00Z"] })
}
text! {
    /// A file name relative to the document that names it.
    FileName, json_schema!({ "type": "string", "minLength": 1,
        "description": "A file, relative to this document.", "examples": ["agreement.md"] })
}

/// A value: a JSONPath when it begins with `$.` or `$[`, a template when it holds `{{` or `{%`, else itself.
/// Mappings and lists may hold such values at any depth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Value(pub serde_json::Value);

impl JsonSchema for Value {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value: a JSONPath when it begins with `$.` or `$[`, a template when it holds `{{` or `{%`, else itself. `$$.` writes a literal `$.`. Mappings and lists hold such values at any depth.",
            "type": ["string", "number", "boolean", "null", "object", "array"],
            "examples": ["$.Subscriber.Id", "{{ record.Nte | money(2) }}", "Commercial"]
        })
    }
}

/// A value taken as it is: no path, no template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Literal(pub serde_json::Value);

impl JsonSchema for Literal {
    fn schema_name() -> Cow<'static, str> {
        "Literal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value taken as it is: no path and no template.",
            "type": ["string", "number", "boolean", "null", "object", "array"]
        })
    }
}

/// One value or several: `a` is the same as `[a]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<'de, T: serde::de::DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let written = serde_json::Value::deserialize(deserializer)?;
        let many = if written.is_array() {
            written
        } else {
            serde_json::json!([written])
        };
        serde_json::from_value(many)
            .map(Self)
            .map_err(D::Error::custom)
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}
