//! Types from JSON Schema and from JSON.

use indexmap::IndexMap;
use serde_json::Value;

use super::{ObjectType, Type};

impl Type {
    /// The type that a JSON Schema describes; `root` is the document that `$ref` points into.
    /// A schema with `properties` declares all members unless `additionalProperties` says more;
    /// one without them says nothing of its members. Dates stay text until `utc` reads them.
    pub fn from_json_schema(schema: &Value, root: &Value) -> Self {
        Reader {
            root,
            open: Vec::new(),
        }
        .read(schema)
    }

    /// The type of a JSON value.
    pub fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Int,
            Value::String(_) => Self::Text,
            Value::Array(items) => Self::list(match items.as_slice() {
                [] => Self::Any,
                items => Self::union(items.iter().map(Self::of_json)),
            }),
            Value::Object(members) => Self::object(
                members
                    .iter()
                    .map(|(name, member)| (name.clone(), Self::of_json(member))),
            ),
        }
    }
}

struct Reader<'s> {
    root: &'s Value,
    /// The references being followed: a schema that contains itself ends in [`Type::Any`].
    open: Vec<&'s str>,
}

impl<'s> Reader<'s> {
    fn read(&mut self, schema: &'s Value) -> Type {
        let Some(schema) = schema.as_object() else {
            return Type::Any;
        };
        // Each keyword narrows what the others say.
        let mut parts = Vec::new();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            parts.push(self.follow(reference));
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            parts.extend(
                all.iter()
                    .map(|schema| self.read(schema))
                    .collect::<Vec<_>>(),
            );
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(any) = schema.get(keyword).and_then(Value::as_array) {
                let types: Vec<_> = any.iter().map(|schema| self.read(schema)).collect();
                parts.push(Type::union(types));
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            parts.push(Type::union(values.iter().map(Type::of_json)));
        } else if let Some(value) = schema.get("const") {
            parts.push(Type::of_json(value));
        }
        match schema.get("type") {
            Some(Value::String(name)) => parts.push(self.named(name, schema)),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                let types: Vec<_> = names.map(|name| self.named(name, schema)).collect();
                parts.push(Type::union(types));
            }
            _ if schema.contains_key("properties") => parts.push(self.named("object", schema)),
            _ if schema.contains_key("items") => parts.push(self.named("array", schema)),
            _ => {}
        }
        parts.into_iter().reduce(both).unwrap_or_default()
    }

    fn follow(&mut self, reference: &'s str) -> Type {
        let Some(pointer) = reference.strip_prefix('#') else {
            return Type::Any;
        };
        let Some(schema) = self.root.pointer(pointer) else {
            return Type::Any;
        };
        if self.open.contains(&reference) {
            return Type::Any;
        }
        self.open.push(reference);
        let ty = self.read(schema);
        self.open.pop();
        ty
    }

    fn named(&mut self, name: &str, schema: &'s serde_json::Map<String, Value>) -> Type {
        match name {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "integer" => Type::Int,
            "number" => Type::Number,
            "string" => Type::Text,
            "array" => Type::list(
                schema
                    .get("items")
                    .map_or(Type::Any, |items| self.read(items)),
            ),
            "object" => self.object(schema),
            _ => Type::Any,
        }
    }

    fn object(&mut self, schema: &'s serde_json::Map<String, Value>) -> Type {
        let properties = schema.get("properties").and_then(Value::as_object);
        let members: IndexMap<String, Type> = properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), self.read(schema)))
            .collect();
        let others = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(Value::Bool(true)) => Some(Type::Any),
            Some(schema) => Some(self.read(schema)),
            None if properties.is_some() => None,
            None => Some(Type::Any),
        };
        Type::Object(ObjectType { members, others }.into())
    }
}

/// What two descriptions of one value say together.
fn both(left: Type, right: Type) -> Type {
    match (left, right) {
        (Type::Any, other) | (other, Type::Any) => other,
        (Type::Object(left), Type::Object(right)) => {
            let mut members = left.members.clone();
            for (name, ty) in &right.members {
                let merged = match members.get(name) {
                    Some(known) => both(known.clone(), ty.clone()),
                    None => ty.clone(),
                };
                members.insert(name.clone(), merged);
            }
            // Either side may be the one that lists the members.
            let silent = |object: &ObjectType| object.members.is_empty();
            let others = match (&left.others, &right.others) {
                (None, others) if silent(&right) && others.is_some() => None,
                (others, None) if silent(&left) && others.is_some() => None,
                (Some(others), _) | (None, Some(others)) => Some(others.clone()),
                (None, None) => None,
            };
            Type::Object(ObjectType { members, others }.into())
        }
        (Type::Number, Type::Int) => Type::Int,
        (left, _) => left,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(schema: &Value) -> Type {
        Type::from_json_schema(schema, schema)
    }

    #[test]
    fn declared_members_are_all_there_are() {
        let ty = read(&json!({
            "type": "object",
            "properties": {
                "Id": { "type": "integer" },
                "Nte": { "type": ["number", "null"] },
                "CallDate": { "type": "string", "format": "date-time" },
                "Notes": { "type": "array", "items": { "type": "string" } },
                "Extra": { "type": "object" },
                "Anything": true,
            },
        }));
        let expected = Type::object([
            ("Id", Type::Int),
            ("Nte", Type::Number),
            ("CallDate", Type::Text),
            ("Notes", Type::list(Type::Text)),
            ("Extra", Type::mapping(Type::Any)),
            ("Anything", Type::Any),
        ]);
        assert_eq!(ty, expected);
    }

    #[test]
    fn more_members_are_allowed_where_the_schema_says_so() {
        let open = read(&json!({ "properties": { "a": {} }, "additionalProperties": true }));
        assert_eq!(open.member("b"), super::super::Lookup::Found(Type::Any));
        let typed =
            read(&json!({ "type": "object", "additionalProperties": { "type": "integer" } }));
        assert_eq!(typed, Type::mapping(Type::Int));
    }

    #[test]
    fn references_are_followed_and_cycles_end() {
        let ty = read(&json!({
            "$defs": { "node": { "type": "object", "properties": {
                "name": { "type": "string" }, "child": { "$ref": "#/$defs/node" } } } },
            "$ref": "#/$defs/node",
        }));
        assert_eq!(
            ty,
            Type::object([("name", Type::Text), ("child", Type::Any)])
        );
    }

    #[test]
    fn combinations() {
        let either = read(
            &json!({ "oneOf": [{ "type": "string" }, { "type": "null" }, { "type": "integer" }] }),
        );
        assert_eq!(either, Type::union([Type::Text, Type::Int]));
        let all = read(&json!({ "allOf": [
            { "type": "object", "properties": { "a": { "type": "integer" } } },
            { "type": "object", "properties": { "b": { "type": "string" } } },
        ] }));
        assert_eq!(all, Type::object([("a", Type::Int), ("b", Type::Text)]));
        assert_eq!(
            read(&json!({ "enum": ["OPEN", "COMPLETED", null] })),
            Type::Text
        );
        assert_eq!(
            read(&json!({ "type": "object", "allOf": [{ "properties": { "a": {} } }] })),
            Type::object([("a", Type::Any)])
        );
        assert_eq!(read(&json!({})), Type::Any);
    }
}
