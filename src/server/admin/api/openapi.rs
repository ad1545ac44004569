//! The OpenAPI document, made from the table of endpoints and from the types of what they take and give.

use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::operation::{Needs, Operation};
use super::problem::Problem;
use super::{ROOT, table};
use crate::server::admin::auth::Scope;

/// Where types stand in the document.
const SCHEMAS: &str = "/components/schemas";

/// Describes everything below `/v1`, as OpenAPI 3.1.
pub fn document() -> Value {
    let mut types = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = SCHEMAS.into())
        .into_generator();
    let problem = types.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for operation in table::operations() {
        let path = format!("{ROOT}{}", operation.endpoint.path);
        let method = operation.endpoint.method.as_str().to_lowercase();
        let described = describe(&operation, &mut types, &problem);
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(methods) = methods.as_object_mut() {
            methods.insert(method, described);
        }
    }
    let schemas = types.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Syncline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What people and programs can see of a daemon and ask of it. A token is given with every \
                request; `read` looks, `operate` retries, resolves, pauses, resumes and reads by hand, `admin` also \
                changes settings, turns on and off, and reloads. What is asked for is in the audit log.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The admin listener of the daemon." }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token of `access` in syncline.yaml." },
            },
            "schemas": schemas,
        },
    })
}

fn describe(operation: &Operation, types: &mut SchemaGenerator, problem: &Schema) -> Value {
    let endpoint = &operation.endpoint;
    let refused = |description: &str| {
        json!({
            "description": description,
            "content": { "application/problem+json": { "schema": problem } },
        })
    };
    let mut responses = json!({
        "200": {
            "description": endpoint.summary,
            "content": { "application/json": { "schema": (operation.reply)(types) } },
        },
        "400": refused("The request is not understood."),
        "default": refused("Why it was not done; `help` says what to do about it."),
    });
    let mut described = json!({
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": parameters(operation, types),
    });
    let whole = described.as_object_mut().expect("it is an object");
    match endpoint.needs {
        Needs::Nothing => {
            whole.insert("security".to_owned(), json!([]));
        }
        Needs::Scope(scope) => {
            whole.insert("x-scope".to_owned(), json!(scope));
            let responses = responses.as_object_mut().expect("it is an object");
            responses.insert("401".to_owned(), refused("No token, or one that is none."));
            if scope > Scope::Read {
                responses.insert("403".to_owned(), refused("The token is not for this."));
            }
        }
    }
    if let Some(body) = operation.body {
        let schema = body(types);
        whole.insert(
            "requestBody".to_owned(),
            json!({ "content": { "application/json": { "schema": schema } } }),
        );
    }
    whole.insert("responses".to_owned(), responses);
    described
}

/// The parts of the address, then the members of the query.
fn parameters(operation: &Operation, types: &mut SchemaGenerator) -> Vec<Value> {
    let endpoint = &operation.endpoint;
    let mut found: Vec<Value> = endpoint
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({
                "name": name,
                "in": "path",
                "required": true,
                "schema": { "type": "string", "minLength": 1 },
            })
        })
        .collect();
    if endpoint.method != Method::GET {
        return found;
    }
    let query = (operation.query)(types);
    let members = query.get("properties").and_then(Value::as_object);
    let needed = query.get("required").and_then(Value::as_array);
    for (name, schema) in members.into_iter().flatten() {
        let mut schema = schema.clone();
        let about = schema
            .as_object_mut()
            .and_then(|schema| schema.remove("description"));
        let required = needed.is_some_and(|needed| needed.iter().any(|it| it == name.as_str()));
        found.push(json!({
            "name": name,
            "in": "query",
            "required": required,
            "description": about,
            "schema": without_null(schema),
        }));
    }
    found
}

/// A member of a query is left out, never null.
fn without_null(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|it| it != "null");
            if let [one] = &types[..] {
                let one = one.clone();
                object.insert("type".to_owned(), one);
            }
        }
        if let Some(Value::Array(alternatives)) = object.get_mut("anyOf") {
            alternatives.retain(|it| it.get("type") != Some(&json!("null")));
            if let [one] = &alternatives[..] {
                return one.clone();
            }
        }
    }
    schema
}
