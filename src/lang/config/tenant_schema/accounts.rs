//! Accounts: what the params of the connectors ask for.

use serde_json::{Map as Members, Value as Json, json};

use super::{World, extend, object};
use crate::lang::config::{Connector, Integration, Param, ParamScope, ParamType};

fn required_params(connector: &Connector) -> Vec<&str> {
    connector
        .params
        .iter()
        .filter(|(_, param)| {
            param.per == ParamScope::Tenant
                && param.default.is_none()
                && param.required != Some(false)
        })
        .map(|(name, _)| name.as_str())
        .collect()
}

pub(super) fn account_required(world: &World<'_>, name: &str) -> bool {
    world
        .connector(name)
        .is_some_and(|connector| !required_params(connector).is_empty())
}

pub(super) fn accounts(integration: &Integration, world: &World<'_>) -> Json {
    let mut properties = Members::new();
    let mut required = Vec::new();
    for name in &integration.connectors {
        let Some(connector) = world.connector(name.as_str()) else {
            properties.insert(
                name.0.clone(),
                json!({ "description": "An account.", "type": "object", "examples": [{}] }),
            );
            continue;
        };
        properties.insert(name.0.clone(), account(connector));
        if account_required(world, name.as_str()) {
            required.push(name.as_str());
        }
    }
    let example: Members<String, Json> = properties
        .iter()
        .map(|(name, account)| (name.clone(), account["examples"][0].clone()))
        .collect();
    let mut accounts = object(
        "What the connectors need to know about this customer.",
        properties,
    );
    extend(
        &mut accounts,
        json!({ "required": required, "examples": [example] }),
    );
    accounts
}

fn account(connector: &Connector) -> Json {
    let properties: Members<String, Json> = connector
        .params
        .iter()
        .filter(|(_, param)| param.per == ParamScope::Tenant)
        .map(|(name, param)| (name.clone(), param_schema(connector, name, param)))
        .collect();
    let required = required_params(connector);
    let example: Members<String, Json> = required
        .iter()
        .filter_map(|name| {
            Some((
                (*name).to_owned(),
                properties.get(*name)?["examples"][0].clone(),
            ))
        })
        .collect();
    let about = connector.description.as_deref().unwrap_or("An account.");
    let mut account = object(about, properties);
    extend(
        &mut account,
        json!({ "required": required, "examples": [example] }),
    );
    account
}

fn param_schema(connector: &Connector, name: &str, param: &Param) -> Json {
    let description = param
        .description
        .clone()
        .unwrap_or_else(|| format!("The param `{name}`."));
    if param.secret {
        let example = format!("acme/{}/{name}", connector.name.as_str());
        return json!({
            "description": description,
            "$ref": "#/$defs/Secret",
            "examples": [{ "secret": example }]
        });
    }
    let (kind, example) = match param.type_ {
        ParamType::Text => ("string", json!(name)),
        ParamType::Integer => ("integer", json!(1000)),
        ParamType::Boolean => ("boolean", json!(true)),
    };
    let example = param
        .default
        .as_ref()
        .map_or(example, |default| default.0.clone());
    json!({ "description": description, "type": kind, "examples": [example] })
}

pub(super) fn secret() -> Json {
    json!({
        "description": "A value that stands in no file: its name, looked up where `syncline.yaml` says.",
        "type": "object",
        "properties": {
            "secret": {
                "description": "The name of the secret.",
                "type": "string",
                "minLength": 1,
                "examples": ["acme/dispatch/client_secret"]
            }
        },
        "required": ["secret"],
        "additionalProperties": false
    })
}

pub(super) fn connector_overrides(integration: &Integration) -> Json {
    let properties: Members<String, Json> = integration
        .connectors
        .iter()
        .map(|name| {
            let limits = json!({
                "description": format!("Limits of {} for this customer.", name.as_str()),
                "$ref": "#/$defs/ConnectorOverrides",
                "examples": [{ "concurrency": 4 }]
            });
            (name.0.clone(), limits)
        })
        .collect();
    let mut overrides = object("Other limits than the connectors have.", properties);
    extend(&mut overrides, json!({ "examples": [{}] }));
    overrides
}
