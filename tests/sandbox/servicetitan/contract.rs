//! Holds replies against the vendor's OpenAPI files: the status must be documented, the body must
//! fit its model, and must have every member of it, null where there is nothing.
//!
//! The files are not part of this repository. They are looked for where `SYNCLINE_OPENAPI` says,
//! else in `../shared/reference/openapi`, both with a folder `servicetitan` in it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use syncline::sandbox::kit::recorder::Exchange;

/// Modules whose replies are checked.
const MODULES: [&str; 7] = [
    "accounting",
    "crm",
    "dispatch",
    "forms",
    "jpm",
    "marketing",
    "settings",
];

/// Statuses that every call can have although the files do not list them.
const GATEWAY: [u16; 3] = [401, 403, 429];

/// Calls whose replies have no documented model (the download may also be a redirect).
const UNDOCUMENTED: [&str; 2] = ["/jobs/{jobId}/attachments", "/jobs/attachment/{id}"];

/// Calls that answer 404 for an unknown id although the files list only 400 for them.
const UNLISTED_404: [&str; 3] = ["/campaigns/{id}", "/categories/{id}", "/dismiss"];

/// Checks every exchange; panics at the first that breaks the contract.
pub(super) fn check(exchanges: &[Exchange]) {
    let Some(folder) = folder() else {
        println!("the OpenAPI files are not there: replies were not held against them");
        return;
    };
    let mut files = BTreeMap::new();
    let mut validators = BTreeMap::new();
    for exchange in exchanges {
        let Some((module, rest)) = exchange.path.trim_start_matches('/').split_once("/v2") else {
            continue;
        };
        let status = exchange.status.as_u16();
        if GATEWAY.contains(&status) || !MODULES.contains(&module) {
            continue;
        }
        let file = files.entry(module.to_owned()).or_insert_with(|| {
            let path = folder.join(format!("{module}-v2.json"));
            let text = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_str::<Value>(&text).unwrap()
        });
        let method = exchange.method.as_str().to_lowercase();
        let Some(template) = template(file, &method, rest) else {
            assert_eq!(status, 404, "{method} {rest} is not documented");
            continue;
        };
        let documented = !UNDOCUMENTED.iter().any(|end| template.ends_with(end));
        // Nor do the files say what stands in a 404 of these.
        if method == "get" && !documented && (status < 400 || status == 404) {
            continue;
        }
        let key = (module.to_owned(), template.clone(), method.clone(), status);
        let validator = validators
            .entry(key)
            .or_insert_with(|| validator(file, &template, &method, status));
        let Some(validator) = validator else {
            assert!(
                exchange.reply_body.is_empty(),
                "{method} {rest} has no documented body"
            );
            continue;
        };
        let body: Value = serde_json::from_slice(&exchange.reply_body)
            .unwrap_or_else(|_| panic!("{method} {rest} {status}: no JSON"));
        let errors: Vec<String> = validator
            .iter_errors(&body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(
            errors.is_empty(),
            "{method} {rest} {status}: {errors:#?}\n{body:#}"
        );
    }
}

/// Checks a webhook against the model `name` of a module.
pub(super) fn check_event(module: &str, name: &str, body: &Value) {
    let Some(folder) = folder() else {
        println!("the OpenAPI files are not there: webhooks were not held against them");
        return;
    };
    let path = folder.join(format!("{module}-v2.json"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut defs = Map::new();
    let link = json!({"$ref": format!("#/components/schemas/CloudEvent_Of_{name}")});
    let mut root = strict(&file, &link, &mut defs);
    let members = root.as_object_mut().unwrap();
    members.insert("$defs".to_owned(), Value::Object(defs));
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&root)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{body:#}");
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
    Some(folder.join("servicetitan")).filter(|folder| folder.is_dir())
}

/// The documented path that an actual one belongs to; one with fewer parameters goes first.
fn template(file: &Value, method: &str, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &&String| {
        let wanted: Vec<&str> = template.split('/').collect();
        wanted.len() == parts.len()
            && wanted
                .iter()
                .zip(&parts)
                .all(|(want, part)| want.starts_with('{') || want == part)
            && file["paths"][template.as_str()].get(method).is_some()
    };
    let paths = file["paths"].as_object().unwrap();
    paths
        .keys()
        .filter(fits)
        .min_by_key(|template| template.matches('{').count())
        .cloned()
}

/// The validator of a documented reply; none when it is documented without a body.
fn validator(file: &Value, template: &str, method: &str, status: u16) -> Option<Validator> {
    let responses = &file["paths"][template][method]["responses"];
    let mut response = &responses[status.to_string()];
    if response.is_null() && status == 404 && UNLISTED_404.iter().any(|end| template.ends_with(end))
    {
        response = &responses["400"];
    }
    assert!(
        !response.is_null(),
        "{method} {template} is not documented to answer {status}"
    );
    let schema = response["content"]["application/json"].get("schema")?;
    let mut defs = Map::new();
    let mut root = strict(file, schema, &mut defs);
    root.as_object_mut()
        .unwrap()
        .insert("$defs".to_owned(), Value::Object(defs));
    Some(
        jsonschema::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap(),
    )
}

/// An OpenAPI 3.0 schema as a JSON schema in which every member must be there and no other may.
fn strict(file: &Value, schema: &Value, defs: &mut Map<String, Value>) -> Value {
    let Value::Object(members) = schema else {
        return schema.clone();
    };
    let mut out = Map::new();
    for (member, value) in members {
        match (member.as_str(), value) {
            ("$ref", Value::String(link)) => {
                let name = link.rsplit('/').next().unwrap();
                let key = name.replace('.', "_");
                if !defs.contains_key(&key) {
                    defs.insert(key.clone(), Value::Null);
                    let target = strict(file, &file["components"]["schemas"][name], defs);
                    defs.insert(key.clone(), target);
                }
                out.insert("$ref".to_owned(), json!(format!("#/$defs/{key}")));
            }
            ("properties", Value::Object(properties)) => {
                let names: Vec<&String> = properties.keys().collect();
                out.insert("required".to_owned(), json!(names));
                out.insert("additionalProperties".to_owned(), json!(false));
                let strict = |(name, schema): (&String, &Value), defs: &mut Map<String, Value>| {
                    (name.clone(), strict(file, schema, defs))
                };
                let inner: Map<String, Value> = properties
                    .iter()
                    .map(|property| strict(property, defs))
                    .collect();
                out.insert("properties".to_owned(), Value::Object(inner));
            }
            ("items", inner) => {
                out.insert("items".to_owned(), strict(file, inner, defs));
            }
            ("oneOf", Value::Array(all)) => {
                let all: Vec<Value> = all.iter().map(|one| strict(file, one, defs)).collect();
                out.insert("oneOf".to_owned(), Value::Array(all));
            }
            ("type" | "enum" | "format", value) => {
                out.insert(member.clone(), value.clone());
            }
            _ => {}
        }
    }
    if members.get("nullable") == Some(&Value::Bool(true)) {
        return json!({ "anyOf": [Value::Object(out), { "type": "null" }] });
    }
    Value::Object(out)
}
