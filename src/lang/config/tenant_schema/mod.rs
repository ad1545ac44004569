//! The JSON Schema of the tenants of one integration: what its connectors ask for, what its settings offer.

mod accounts;
mod rows;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::{Map as Members, Value as Json, json};

use self::accounts::{account_required, accounts, connector_overrides, secret};
use self::rows::{rows, rows_name, targets, targets_name, used_maps};
use self::settings::{Level, group_name, group_schema, overrides, settings};
use super::schema::{heading_first, of};
use super::{Connector, Integration, Kind, Map, Vocabulary};

/// The schema of the tenants of `integration`, draft 2020-12. Connectors and maps are found by name; one that is
/// missing leaves its place open, because `validate` reports it.
pub fn tenant(integration: &Integration, connectors: &[Connector], maps: &[Map]) -> Json {
    let world = World { connectors, maps };
    let mut schema = of(Kind::Tenant);
    schema["title"] = json!(format!("{} tenant", integration.title));
    schema["description"] = json!(format!(
        "One customer of the {} integration: accounts, settings, overrides.",
        integration.title
    ));
    let name = integration.name.as_str();
    extend(
        &mut schema["properties"]["integration"],
        json!({ "const": name, "examples": [name] }),
    );
    schema["properties"]["accounts"] = accounts(integration, &world);
    schema["properties"]["connectors"] = connector_overrides(integration);
    schema["properties"]["settings"] = settings(integration, Level::Tenant);
    schema["properties"]["overrides"] = overrides(integration);
    let account_needed = integration
        .connectors
        .iter()
        .any(|name| account_required(&world, name.as_str()));
    if account_needed && let Some(required) = schema["required"].as_array_mut() {
        required.push(json!("accounts"));
    }
    let definitions = &mut schema["$defs"];
    definitions["Secret"] = secret();
    if let Some(definitions) = definitions.as_object_mut() {
        definitions.shift_remove("Override");
        definitions.shift_remove("Literal");
    }
    for (name, group) in &integration.settings {
        definitions[group_name(name)] = group_schema(group);
    }
    for map in used_maps(integration, &world) {
        definitions[rows_name(map)] = rows(map, &world);
        definitions[targets_name(map)] = targets(map, &world);
    }
    heading_first(schema)
}

struct World<'a> {
    connectors: &'a [Connector],
    maps: &'a [Map],
}

impl<'a> World<'a> {
    fn connector(&self, name: &str) -> Option<&'a Connector> {
        self.connectors
            .iter()
            .find(|connector| connector.name.as_str() == name)
    }

    /// The vocabulary `connector.name`.
    fn vocabulary(&self, name: &str) -> Option<&'a Vocabulary> {
        let (connector, vocabulary) = name.split_once('.')?;
        self.connector(connector)?.vocabularies.get(vocabulary)
    }
}

/// Puts the members of `with` into a schema; both are objects by the way they are made here.
fn extend(schema: &mut Json, mut with: Json) {
    if let (Some(schema), Some(with)) = (schema.as_object_mut(), with.as_object_mut()) {
        schema.append(with);
    }
}

fn object(description: &str, properties: Members<String, Json>) -> Json {
    let mut object = json!({
        "description": description,
        "type": "object",
        "properties": {},
        "additionalProperties": false
    });
    object["properties"] = Json::Object(properties);
    object
}
