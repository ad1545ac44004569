//! Every request of the day, held against the vendors' OpenAPI files: its route and method are documented, it has no
//! parameter and no body that the file has not, and the body fits its model.
//!
//! The files are not part of this repository. They are looked for where `SYNCLINE_OPENAPI` says, else in
//! `../shared/reference/openapi`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::{Map, Value, json};
use syncline::sandbox::kit::recorder::Exchange;

/// Checks every request; says all that break the contract, each kind once.
pub(super) fn check(asked: &[Exchange]) {
    let Some(folder) = folder() else {
        println!("the OpenAPI files are not there: requests were not held against them");
        return;
    };
    let mut files: BTreeMap<String, Option<File>> = BTreeMap::new();
    let mut problems = BTreeSet::new();
    let mut checked = 0;
    for exchange in asked {
        let path = exchange.path.as_str();
        let (name, rest) = match path.strip_prefix("/v3") {
            Some(rest) => ("servicechannel-v3.json".to_owned(), rest),
            None => match path.trim_start_matches('/').split_once("/v2") {
                Some((module, rest)) => (format!("servicetitan/{module}-v2.json"), rest),
                // The login is described in words alone.
                None => continue,
            },
        };
        let file = files
            .entry(name.clone())
            .or_insert_with(|| File::read(&folder.join(&name)));
        let Some(file) = file else {
            problems.insert(format!("{path}: there is no {name}"));
            continue;
        };
        problems.extend(file.problems(exchange, rest));
        checked += 1;
    }
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(checked > 1_000, "only {checked} requests were checked");
}

struct File {
    json: Value,
    paths: Vec<(Regex, String)>,
}

impl File {
    fn read(path: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path).ok()?;
        let json: Value = serde_json::from_str(&text).unwrap();
        let parameter = Regex::new(r"\\\{[^}]*\\\}").unwrap();
        let pattern = |template: &String| {
            let escaped = regex::escape(template);
            let pattern = parameter.replace_all(&escaped, "[^/()]+");
            let pattern = Regex::new(&format!("(?i)^{pattern}$")).unwrap();
            (pattern, template.clone())
        };
        let templates = json["paths"].as_object().unwrap().keys();
        let mut paths: Vec<_> = templates.map(pattern).collect();
        paths.sort_by_key(|(_, template)| template.matches('{').count());
        Some(Self { json, paths })
    }

    fn problems(&self, exchange: &Exchange, rest: &str) -> Vec<String> {
        let method = exchange.method.as_str().to_lowercase();
        let decoded = urlencoding(rest);
        let fits = |(pattern, template): &&(Regex, String)| {
            pattern.is_match(&decoded) && self.json["paths"][template].get(&method).is_some()
        };
        let Some((_, template)) = self.paths.iter().find(fits) else {
            return vec![format!("{method} {rest} is not documented")];
        };
        let place = format!("{method} {template}");
        let operation = &self.json["paths"][template][&method];
        let shared = self.json["paths"][template]["parameters"].as_array();
        let parameters: Vec<&Value> = operation["parameters"]
            .as_array()
            .into_iter()
            .chain(shared)
            .flatten()
            .collect();
        let mut problems = self.query(exchange, &parameters, &place);
        problems.extend(self.body(exchange, operation, &parameters, &place));
        problems
    }

    fn query(&self, exchange: &Exchange, parameters: &[&Value], place: &str) -> Vec<String> {
        let known: BTreeSet<String> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| Some(parameter["name"].as_str()?.to_lowercase()))
            .collect();
        let query = exchange.query.as_deref().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| !known.contains(&name.to_lowercase()))
            .map(|(name, _)| format!("{place}: there is no parameter {name}"))
            .collect()
    }

    fn body(
        &self,
        exchange: &Exchange,
        operation: &Value,
        parameters: &[&Value],
        place: &str,
    ) -> Vec<String> {
        if exchange.body.is_empty() {
            return Vec::new();
        }
        let in_body = parameters
            .iter()
            .find(|parameter| parameter["in"] == "body");
        let schema = match in_body {
            Some(parameter) => &parameter["schema"],
            None => &operation["requestBody"]["content"]["application/json"]["schema"],
        };
        let Ok(body) = serde_json::from_slice::<Value>(&exchange.body) else {
            return Vec::new();
        };
        if schema.is_null() {
            return vec![format!("{place} takes no JSON")];
        }
        let mut defs = Map::new();
        let mut root = self.strict(schema, &mut defs);
        if let Some(members) = root.as_object_mut() {
            members.insert("$defs".to_owned(), Value::Object(defs));
        }
        let validator = jsonschema::options().build(&root).unwrap();
        let said = validator.iter_errors(&body);
        said.map(|error| format!("{place}: {error} at {}", error.instance_path()))
            .collect()
    }

    /// The schema with its references beside it and no members but its own.
    fn strict(&self, schema: &Value, defs: &mut Map<String, Value>) -> Value {
        match schema {
            Value::Object(members) => {
                if let Some(link) = members.get("$ref").and_then(Value::as_str) {
                    let name = link.rsplit('/').next().unwrap().to_owned();
                    let pointer = link.trim_start_matches('#');
                    let target = self.json.pointer(pointer).cloned().unwrap_or_default();
                    if !defs.contains_key(&name) {
                        defs.insert(name.clone(), Value::Bool(true));
                        let made = self.strict(&target, defs);
                        defs.insert(name.clone(), made);
                    }
                    return json!({ "$ref": format!("#/$defs/{name}") });
                }
                let mut strict = Map::new();
                for (name, value) in members {
                    let keep = [
                        "type",
                        "properties",
                        "items",
                        "required",
                        "enum",
                        "allOf",
                        "oneOf",
                        "anyOf",
                        "minimum",
                        "maximum",
                        "minLength",
                        "maxLength",
                        "additionalProperties",
                    ];
                    if keep.contains(&name.as_str()) {
                        strict.insert(name.clone(), self.nested(name, value, defs));
                    }
                }
                if members.get("nullable") == Some(&Value::Bool(true))
                    && let Some(kind) = strict.get("type").cloned()
                {
                    strict.insert("type".to_owned(), json!([kind, "null"]));
                }
                if strict.contains_key("properties") && !strict.contains_key("additionalProperties")
                {
                    strict.insert("additionalProperties".to_owned(), Value::Bool(false));
                }
                Value::Object(strict)
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => schema.clone(),
        }
    }

    fn nested(&self, name: &str, value: &Value, defs: &mut Map<String, Value>) -> Value {
        match (name, value) {
            ("properties", Value::Object(members)) => Value::Object(
                members
                    .iter()
                    .map(|(name, schema)| (name.clone(), self.strict(schema, defs)))
                    .collect(),
            ),
            ("allOf" | "oneOf" | "anyOf", Value::Array(items)) => items
                .iter()
                .map(|schema| self.strict(schema, defs))
                .collect(),
            ("items" | "additionalProperties", schema) => self.strict(schema, defs),
            (_, other) => other.clone(),
        }
    }
}

fn urlencoding(path: &str) -> String {
    path.replace("%28", "(")
        .replace("%29", ")")
        .replace("%3D", "=")
        .replace("%20", " ")
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the files are is told to tests only"
)]
fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("SYNCLINE_OPENAPI").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/openapi"),
        PathBuf::from,
    );
    folder.is_dir().then_some(folder)
}
