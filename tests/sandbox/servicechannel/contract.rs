//! Holds replies against the vendor's OpenAPI file: the call and its status must be documented, and
//! a body must have no member that its model has not.
//!
//! The file is not part of this repository. It is looked for where `SYNCLINE_OPENAPI` says, else in
//! `../shared/reference/openapi`.

use std::path::PathBuf;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;
use syncline::sandbox::kit::recorder::Exchange;

/// Statuses that every call can have although the file does not list them.
const GATEWAY: [u16; 5] = [401, 403, 404, 429, 500];

/// Calls that are made to be refused: the vendor has no such route.
const NOT_ROUTES: [(&str, &str); 1] = [("get", "/attachments")];

/// Refusals of a call for which the file lists none.
const UNLISTED_400: [&str; 2] = ["/odata/", "/workOrderRescheduleReasons"];

/// Members that were seen on the wire although the file has them not.
const SEEN: [&str; 3] = ["CheckInRange", "Region", "District"];

/// Checks every exchange; panics at the first that breaks the contract.
pub(in crate::sandbox) fn check(exchanges: &[Exchange]) {
    let Some(file) = file() else {
        println!("the OpenAPI file is not there: replies were not held against it");
        return;
    };
    for exchange in exchanges {
        let Some(path) = exchange.path.strip_prefix("/v3") else {
            continue;
        };
        let status = exchange.status.as_u16();
        let method = exchange.method.as_str().to_lowercase();
        let no_route = |(own, end): &(&str, &str)| method == *own && path.ends_with(end);
        if GATEWAY.contains(&status) || (status == 400 && NOT_ROUTES.iter().any(no_route)) {
            continue;
        }
        let template = file.template(&method, path);
        let template = template
            .unwrap_or_else(|| panic!("{method} {path} is not documented: {status} came back"));
        let response = &file.json["paths"][template][&method]["responses"][status.to_string()];
        if response.is_null() {
            let unlisted = UNLISTED_400.iter().any(|part| template.contains(part));
            assert!(
                status == 400 && unlisted,
                "{method} {template} is not documented to answer {status}"
            );
            continue;
        }
        let (Some(schema), Ok(body)) = (
            response.get("schema"),
            serde_json::from_slice::<Value>(&exchange.reply_body),
        ) else {
            continue;
        };
        let rows = body.get("value").filter(|rows| rows.is_array());
        let place = format!("{method} {template} {status}");
        file.members(schema, rows.unwrap_or(&body), &place);
    }
}

/// The file, and its paths as patterns; the ones with the fewest parameters first.
struct File {
    json: Value,
    paths: Vec<(Regex, String)>,
}

impl File {
    fn template(&self, method: &str, path: &str) -> Option<&str> {
        let fits = |(pattern, template): &&(Regex, String)| {
            pattern.is_match(path) && self.json["paths"][template].get(method).is_some()
        };
        let found = self.paths.iter().find(fits)?;
        Some(&found.1)
    }

    /// Every member of `body` is one of its model.
    fn members(&self, schema: &Value, body: &Value, place: &str) {
        if let Some(link) = schema["$ref"].as_str() {
            let name = link.rsplit('/').next().unwrap();
            return self.members(&self.json["definitions"][name], body, place);
        }
        match body {
            Value::Array(items) => {
                let model = schema.get("items").unwrap_or(schema);
                for item in items {
                    self.members(model, item, place);
                }
            }
            Value::Object(members) => {
                let model = if schema["type"] == "array" {
                    &schema["items"]
                } else {
                    schema
                };
                if let Some(link) = model.get("$ref") {
                    let linked = serde_json::json!({ "$ref": link });
                    return self.members(&linked, body, place);
                }
                let Some(known) = model["properties"].as_object() else {
                    return;
                };
                for (name, value) in members {
                    if name.starts_with("@odata.") || SEEN.contains(&name.as_str()) {
                        continue;
                    }
                    let model = known
                        .get(name)
                        .unwrap_or_else(|| panic!("{place}: the model has no member {name}"));
                    self.members(model, value, &format!("{place} {name}"));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the files are is told to tests only"
)]
fn file() -> Option<&'static File> {
    static FILE: OnceLock<Option<File>> = OnceLock::new();
    let read = || {
        let folder = std::env::var_os("SYNCLINE_OPENAPI").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/openapi"),
            PathBuf::from,
        );
        let text = std::fs::read_to_string(folder.join("servicechannel-v3.json")).ok()?;
        let json: Value = serde_json::from_str(&text).unwrap();
        let parameter = Regex::new(r"\\\{[^}]*\\\}").unwrap();
        let pattern = |template: &String| {
            let escaped = regex::escape(template);
            let pattern = parameter.replace_all(&escaped, "[^/()]+");
            let pattern = Regex::new(&format!("(?i)^{pattern}$")).unwrap();
            (pattern, template.clone())
        };
        let mut paths: Vec<_> = json["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(pattern)
            .collect();
        paths.sort_by_key(|(_, template)| template.matches('{').count());
        Some(File { json, paths })
    };
    FILE.get_or_init(read).as_ref()
}
