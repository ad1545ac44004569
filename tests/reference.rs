//! The reference part of `docs/language.md`: every key of every kind, made from the schemas.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use syncline::lang::config::{Kind, schema};

use crate::schemas::{assert_fresh, root};

const FILE: &str = "docs/language.md";
const BEGIN: &str = "<!-- made from the schemas: begin -->\n";
const END: &str = "<!-- made from the schemas: end -->\n";

#[test]
fn the_reference_of_the_language_is_fresh() {
    let text = std::fs::read_to_string(root().join(FILE)).unwrap();
    let (before, rest) = text
        .split_once(BEGIN)
        .expect("the page has the first marker");
    let (_, after) = rest
        .split_once(END)
        .expect("the page has the second marker");
    assert_fresh(
        FILE,
        &format!("{before}{BEGIN}\n{}{END}{after}", reference()),
    );
}

/// Every schema as Markdown: a table per kind, then one per part that a kind has.
fn reference() -> String {
    let mut page = Page::default();
    for kind in Kind::ALL {
        let schema = schema::of(*kind);
        page.table(&format!("`kind: {}`", kind.name()), &schema, &schema);
        while let Some(part) = page.wanted.pop() {
            if page.seen.insert(part.clone()) {
                let definition = &schema["$defs"][&part];
                page.table(&words(&part), definition, &schema);
            }
        }
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// Parts that a table named and that have none yet; the last is the next.
    wanted: Vec<String>,
    seen: BTreeSet<String>,
}

impl Page {
    fn table(&mut self, heading: &str, object: &Value, schema: &Value) {
        let Some(properties) = object["properties"].as_object() else {
            return;
        };
        let about = object["description"].as_str().unwrap_or_default();
        writeln!(self.text, "### {heading}\n\n{about}\n").unwrap();
        writeln!(
            self.text,
            "| key | takes | meaning | example |\n| --- | --- | --- | --- |"
        )
        .unwrap();
        let required = object["required"].as_array().cloned().unwrap_or_default();
        let mut parts = Vec::new();
        for (name, property) in properties {
            let mark = if required.iter().any(|one| one == name) {
                " **required**"
            } else {
                ""
            };
            let takes = takes(property, schema, &mut parts);
            let meaning = property["description"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " ");
            let meaning = format!("{meaning}{}", values(property, schema));
            let example = example(&property["examples"][0]);
            writeln!(
                self.text,
                "| `{name}`{mark} | {takes} | {} | {example} |",
                meaning.replace('|', "\\|")
            )
            .unwrap();
        }
        self.text.push('\n');
        self.wanted.extend(
            parts
                .into_iter()
                .rev()
                .filter(|part| !self.seen.contains(part)),
        );
    }
}

/// What a key takes, in a few words; parts with a table of their own are noted.
fn takes(property: &Value, schema: &Value, parts: &mut Vec<String>) -> String {
    if let Some(name) = reference_of(property) {
        let definition = &schema["$defs"][name];
        if definition["properties"].is_object() {
            parts.push(name.to_owned());
            let words = words(name);
            return format!("[{words}](#{})", words.replace(' ', "-"));
        }
        return match name {
            "Name" | "Template" | "Condition" | "Value" | "Literal" | "Source" | "Target"
            | "TargetSet" => words(name),
            "PathText" => "path".to_owned(),
            "RequestPath" => "request path".to_owned(),
            "DurationText" => "duration".to_owned(),
            "DateText" => "date".to_owned(),
            "FileName" => "file".to_owned(),
            _ => takes(definition, schema, parts),
        };
    }
    if property["enum"].is_array() {
        return "a word".to_owned();
    }
    if let Some(alternatives) = property["anyOf"].as_array() {
        let each: Vec<_> = alternatives
            .iter()
            .map(|one| takes(one, schema, parts))
            .collect();
        return each.join(" or ");
    }
    match property["type"].as_str() {
        Some("array") => format!("list of {}", takes(&property["items"], schema, parts)),
        Some("object") if property["additionalProperties"].is_object() => {
            format!(
                "mapping to {}",
                takes(&property["additionalProperties"], schema, parts)
            )
        }
        Some("object") => "mapping".to_owned(),
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        _ => "value".to_owned(),
    }
}

fn reference_of(property: &Value) -> Option<&str> {
    property["$ref"].as_str()?.strip_prefix("#/$defs/")
}

/// The values of a closed list, each with its meaning.
fn values(property: &Value, schema: &Value) -> String {
    let list = reference_of(property).map_or(property, |name| &schema["$defs"][name]);
    let (Some(values), Some(meanings)) = (
        list["enum"].as_array(),
        list["markdownEnumDescriptions"].as_array(),
    ) else {
        return String::new();
    };
    if values.len() < 2 {
        return String::new();
    }
    let each: Vec<_> = values
        .iter()
        .zip(meanings)
        .map(|(value, meaning)| {
            format!(
                "`{}`: {}",
                value.as_str().unwrap_or_default(),
                meaning.as_str().unwrap_or_default()
            )
        })
        .collect();
    format!("<br>{}", each.join("<br>"))
}

/// A value as YAML writes it on one line.
fn example(value: &Value) -> String {
    format!("`{}`", flow(value)).replace('|', "\\|")
}

fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => mapping(members),
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(flow).collect::<Vec<_>>().join(", ")
            )
        }
        Value::String(text) if needs_quotes(text) => format!("{text:?}"),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn mapping(members: &Map<String, Value>) -> String {
    if members.is_empty() {
        return "{}".to_owned();
    }
    let each: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{name}: {}", flow(value)))
        .collect();
    format!("{{ {} }}", each.join(", "))
}

fn needs_quotes(text: &str) -> bool {
    text.is_empty()
        || text.contains(['{', '}', '[', ']', ',', '"', '#', '*', '\''])
        || text.parse::<f64>().is_ok()
        || text.contains(": ")
}

/// `StepFetch` as `step fetch`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for (index, char) in name.char_indices() {
        if char.is_uppercase() && index > 0 {
            words.push(' ');
        }
        words.extend(char.to_lowercase());
    }
    words
}
