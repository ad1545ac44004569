//! The JSON Schema of a kind, prepared once for checking: references resolved, patterns compiled.
//!
//! Only what schemars writes for our own types is read; a keyword that none of them uses is a bug of ours and
//! makes [`compile`] panic in the tests rather than pass unchecked.

use std::collections::HashMap;

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value as Json;

/// The index of a [`Shape`] in its [`Shapes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ShapeId(usize);

/// Every shape of one kind of document.
#[derive(Debug)]
pub(super) struct Shapes {
    all: Vec<Shape>,
    /// The document itself.
    pub(super) root: ShapeId,
}

impl Shapes {
    pub(super) fn get(&self, id: ShapeId) -> &Shape {
        &self.all[id.0]
    }
}

/// What one value may be.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Types that are allowed; empty when `any_of` decides.
    pub(super) types: Vec<Type>,
    /// The words that are allowed; empty when any text is.
    pub(super) words: Vec<Box<str>>,
    pub(super) pattern: Option<Regex>,
    pub(super) min_length: u64,
    pub(super) minimum: Option<i64>,
    pub(super) maximum: Option<i64>,
    pub(super) properties: IndexMap<Box<str>, Property>,
    pub(super) required: Vec<Box<str>>,
    pub(super) others: Others,
    /// Exactly one of these keys is written.
    pub(super) exactly_one: Vec<Box<str>>,
    pub(super) items: Option<ShapeId>,
    pub(super) min_items: u64,
    /// The value is one of these; they differ by type.
    pub(super) any_of: Vec<ShapeId>,
    /// What the schema says about it, for help.
    pub(super) about: Box<str>,
    /// The first example of the schema.
    pub(super) example: Option<Json>,
}

/// A key of a mapping. What is said of it stands beside the reference to its type.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) shape: ShapeId,
    /// What the schema says about it, for help.
    pub(super) about: Box<str>,
    /// The first example of it.
    pub(super) example: Option<Json>,
}

/// Keys of a mapping that are not named in the schema.
#[derive(Debug, Default)]
pub(super) enum Others {
    /// They are mistakes.
    Refused,
    /// They are the user's own names.
    Of(ShapeId),
    /// Nothing is said about them.
    #[default]
    Any,
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    List,
    Mapping,
}

impl Type {
    /// The type of a value; whole numbers are `Integer`.
    pub(super) fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(_) => Self::Boolean,
            Json::Number(number) if number.is_f64() => Self::Number,
            Json::Number(_) => Self::Integer,
            Json::String(_) => Self::Text,
            Json::Array(_) => Self::List,
            Json::Object(_) => Self::Mapping,
        }
    }

    /// Whether a value of type `got` may stand where `self` is asked for.
    pub(super) fn admits(self, got: Self) -> bool {
        self == got || (self == Self::Number && got == Self::Integer)
    }

    fn parse(word: &str) -> Self {
        match word {
            "null" => Self::Null,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "string" => Self::Text,
            "array" => Self::List,
            "object" => Self::Mapping,
            other => unreachable!("`{other}` is not a type of JSON Schema"),
        }
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "nothing",
            Self::Boolean => "`true` or `false`",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Text => "text",
            Self::List => "a list",
            Self::Mapping => "a mapping",
        })
    }
}

/// Prepares a schema that schemars wrote.
pub(super) fn compile(schema: &Json) -> Shapes {
    let mut compiler = Compiler {
        schema,
        all: Vec::new(),
        known: HashMap::new(),
    };
    let root = compiler.shape(schema);
    Shapes {
        all: compiler.all,
        root,
    }
}

struct Compiler<'a> {
    schema: &'a Json,
    all: Vec<Shape>,
    known: HashMap<&'a str, ShapeId>,
}

impl<'a> Compiler<'a> {
    fn shape(&mut self, schema: &'a Json) -> ShapeId {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            return self.reference(reference);
        }
        let id = self.reserve();
        self.fill(id, schema);
        id
    }

    fn reserve(&mut self) -> ShapeId {
        self.all.push(Shape::default());
        ShapeId(self.all.len() - 1)
    }

    /// A definition is compiled once, whoever refers to it; it may refer to itself.
    fn reference(&mut self, reference: &'a str) -> ShapeId {
        if let Some(known) = self.known.get(reference) {
            return *known;
        }
        let pointer = reference
            .strip_prefix('#')
            .expect("schemars refers inside the document");
        let target = self
            .schema
            .pointer(pointer)
            .expect("schemars defines what it refers to");
        let id = self.reserve();
        self.known.insert(reference, id);
        self.fill(id, target);
        id
    }

    fn fill(&mut self, id: ShapeId, schema: &'a Json) {
        let mut shape = Shape {
            types: types(schema),
            pattern: text(schema, "pattern").map(|pattern| {
                Regex::new(pattern).expect("the patterns of our own types are regular expressions")
            }),
            min_length: number(schema, "minLength").unwrap_or(0),
            minimum: schema.get("minimum").and_then(Json::as_i64),
            maximum: schema.get("maximum").and_then(Json::as_i64),
            required: words(schema.get("required")),
            min_items: number(schema, "minItems").unwrap_or(0),
            about: text(schema, "description").unwrap_or_default().into(),
            example: example(schema),
            ..Shape::default()
        };
        if let Some(word) = text(schema, "const") {
            shape.words.push(word.into());
        }
        shape.words.extend(words(schema.get("enum")));
        if let Some(properties) = schema.get("properties").and_then(Json::as_object) {
            for (name, property) in properties {
                let property = Property {
                    shape: self.shape(property),
                    about: text(property, "description").unwrap_or_default().into(),
                    example: example(property),
                };
                shape.properties.insert(name.as_str().into(), property);
            }
        }
        shape.others = match schema.get("additionalProperties") {
            None | Some(Json::Bool(true)) => Others::Any,
            Some(Json::Bool(false)) => Others::Refused,
            Some(other) => Others::Of(self.shape(other)),
        };
        if number(schema, "maxProperties") == Some(1) {
            shape.exactly_one = shape.properties.keys().cloned().collect();
        }
        if let Some(items) = schema.get("items") {
            shape.items = Some(self.shape(items));
        }
        if let Some(choices) = schema.get("anyOf").and_then(Json::as_array) {
            shape.any_of = choices.iter().map(|choice| self.shape(choice)).collect();
        }
        if let Some(choices) = schema.get("oneOf").and_then(Json::as_array) {
            one_of(&mut shape, choices);
        }
        self.all[id.0] = shape;
    }
}

/// `oneOf` is either the words of an enum or the verbs of a step.
fn one_of(shape: &mut Shape, choices: &[Json]) {
    for choice in choices {
        if let Some(word) = text(choice, "const") {
            shape.words.push(word.into());
            shape.types = vec![Type::Text];
        } else {
            let listed = words(choice.get("enum"));
            if !listed.is_empty() {
                shape.types = vec![Type::Text];
            }
            shape.words.extend(listed);
            shape.exactly_one.extend(words(choice.get("required")));
        }
    }
}

fn types(schema: &Json) -> Vec<Type> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![Type::parse(one)],
        Some(Json::Array(several)) => several
            .iter()
            .filter_map(Json::as_str)
            .map(Type::parse)
            .collect(),
        _ => Vec::new(),
    }
}

fn text<'a>(schema: &'a Json, key: &str) -> Option<&'a str> {
    schema.get(key).and_then(Json::as_str)
}

fn number(schema: &Json, key: &str) -> Option<u64> {
    schema.get(key).and_then(Json::as_u64)
}

fn words(list: Option<&Json>) -> Vec<Box<str>> {
    let items = list.and_then(Json::as_array).into_iter().flatten();
    items.filter_map(Json::as_str).map(Box::from).collect()
}

fn example(schema: &Json) -> Option<Json> {
    schema
        .get("examples")
        .and_then(Json::as_array)
        .and_then(|all| all.first())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::config::{Kind, schema};

    /// Keywords that [`Compiler::fill`] reads or may leave out.
    const KNOWN: &[&str] = &[
        "$ref",
        "$defs",
        "$schema",
        "title",
        "description",
        "examples",
        "markdownEnumDescriptions",
        "errorMessage",
        "default",
        "type",
        "const",
        "enum",
        "pattern",
        "minLength",
        "minimum",
        "maximum",
        "properties",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
        "items",
        "minItems",
        "anyOf",
        "oneOf",
    ];

    fn unknown(schema: &Json, found: &mut Vec<String>) {
        let Some(object) = schema.as_object() else {
            return;
        };
        for (key, value) in object {
            match key.as_str() {
                "properties" | "$defs" => {
                    let inside = value.as_object().into_iter().flatten();
                    inside.for_each(|(_, schema)| unknown(schema, found));
                }
                "anyOf" | "oneOf" => {
                    value
                        .as_array()
                        .into_iter()
                        .flatten()
                        .for_each(|schema| unknown(schema, found));
                }
                "items" | "additionalProperties" => unknown(value, found),
                key if KNOWN.contains(&key) => {}
                key => found.push(key.to_owned()),
            }
        }
    }

    #[test]
    fn every_keyword_of_our_schemas_is_read() {
        for kind in Kind::ALL {
            let schema = schema::of(*kind);
            let mut found = Vec::new();
            unknown(&schema, &mut found);
            assert_eq!(found, Vec::<String>::new(), "{kind:?}");
            compile(&schema);
        }
    }

    #[test]
    fn enums_become_words_and_verbs_exactly_one() {
        let shapes = compile(&schema::of(Kind::Pipeline));
        let root = shapes.get(shapes.root);
        assert_eq!(
            shapes.get(root.properties["kind"].shape).words,
            ["pipeline".into()]
        );
        let steps = shapes.get(root.properties["steps"].shape);
        let step = shapes.get(steps.items.unwrap());
        assert!(step.exactly_one.contains(&"write".into()));
        assert_eq!(step.exactly_one.len(), 9);
    }
}
