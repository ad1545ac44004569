//! The JSON Schema of the tenants of one integration: what its connectors ask for, what its settings offer.

use serde_json::{Map as Members, Value as Json, json};

use super::schema::{described_values, heading_first, of};
use super::{
    Choice, Connector, Field, FieldType, Group, Integration, Items, Kind, Map, Param, ParamScope,
    ParamType, Vocabulary,
};

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

/// Where settings stand: what one needs of another is asked of the tenant only, because an override may take the
/// other from it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Tenant,
    Subject,
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

// ---- accounts

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

fn account_required(world: &World<'_>, name: &str) -> bool {
    world
        .connector(name)
        .is_some_and(|connector| !required_params(connector).is_empty())
}

fn accounts(integration: &Integration, world: &World<'_>) -> Json {
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

fn secret() -> Json {
    json!({
        "description": "A value that stands in no file: its name, looked up where `syncline.yaml` says.",
        "type": "object",
        "properties": {
            "secret": {
                "description": "The name of the secret.",
                "type": "string",
                "minLength": 1,
                "examples": ["acme/servicetitan/client_secret"]
            }
        },
        "required": ["secret"],
        "additionalProperties": false
    })
}

fn connector_overrides(integration: &Integration) -> Json {
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

// ---- settings

fn group_name(group: &str) -> String {
    format!("settings-{group}")
}

fn settings(integration: &Integration, level: Level) -> Json {
    let properties: Members<String, Json> = integration
        .settings
        .iter()
        .map(|(name, group)| {
            let mut schema = json!({
                "title": group.title,
                "description": about(Some(&group.title), group.description.as_deref()),
                "$ref": format!("#/$defs/{}", group_name(name)),
                "examples": [group_example(group)]
            });
            if level == Level::Tenant {
                let conditions = conditions(group);
                if !conditions.is_empty() {
                    extend(&mut schema, json!({ "allOf": conditions }));
                }
            }
            (name.clone(), schema)
        })
        .collect();
    let mut settings = object(
        "What this customer chose; the rest has its default.",
        properties,
    );
    extend(&mut settings, json!({ "examples": [{}] }));
    settings
}

/// `required_when` as far as JSON Schema can say it: where the condition is one boolean field of the group.
fn conditions(group: &Group) -> Vec<Json> {
    group
        .fields
        .iter()
        .filter(|(_, field)| field.type_ == FieldType::Boolean)
        .filter_map(|(switch, _)| {
            let needed: Vec<&str> = group
                .fields
                .iter()
                .filter(|(_, field)| {
                    field
                        .required_when
                        .as_ref()
                        .is_some_and(|when| when.as_str().trim() == switch)
                })
                .map(|(name, _)| name.as_str())
                .collect();
            if needed.is_empty() {
                return None;
            }
            Some(json!({
                "if": { "properties": { switch: { "const": true } }, "required": [switch] },
                "then": { "required": needed }
            }))
        })
        .collect()
}

fn group_example(group: &Group) -> Json {
    group
        .fields
        .iter()
        .filter(|(_, field)| field.locked.is_none())
        .take(1)
        .map(|(name, field)| (name.clone(), field_example(field)))
        .collect()
}

fn group_schema(group: &Group) -> Json {
    let properties: Members<String, Json> = group
        .fields
        .iter()
        .filter(|(_, field)| field.locked.is_none())
        .map(|(name, field)| (name.clone(), field_schema(field)))
        .collect();
    object(
        &about(Some(&group.title), group.description.as_deref()),
        properties,
    )
}

/// Editors show the title above the description, so it stands in for one only where there is none.
fn about(title: Option<&str>, description: Option<&str>) -> String {
    description.or(title).unwrap_or("A setting.").to_owned()
}

fn field_schema(field: &Field) -> Json {
    let mut description = about(field.title.as_deref(), field.description.as_deref());
    if let Some(when) = &field.required_when {
        description = format!("{description} Required when `{}`.", when.as_str().trim());
    }
    let mut schema =
        json!({ "title": field.title.as_deref().unwrap_or("Setting"), "description": description });
    let kind = match field.type_ {
        FieldType::Choice => choices(field.values.as_ref()),
        FieldType::List => list(field),
        FieldType::Map => {
            let map = field.map.as_ref().map_or("", |map| map.as_str());
            json!({ "$ref": format!("#/$defs/rows-{map}") })
        }
        FieldType::Boolean
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Date
        | FieldType::Duration => scalar(field.type_),
    };
    extend(&mut schema, kind);
    extend(&mut schema, json!({ "examples": [field_example(field)] }));
    schema
}

fn scalar(kind: FieldType) -> Json {
    match kind {
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Integer => json!({ "type": "integer" }),
        FieldType::Decimal => {
            json!({ "type": ["number", "string"], "pattern": "^-?[0-9]+([.][0-9]+)?$" })
        }
        FieldType::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}" }),
        FieldType::Duration => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" }),
        FieldType::Text => json!({ "type": "string" }),
        // Of these, an item of a list is text or a number that a request offers.
        FieldType::Choice | FieldType::List | FieldType::Map => {
            json!({ "type": ["string", "integer"] })
        }
    }
}

fn choices(values: Option<&indexmap::IndexMap<String, Choice>>) -> Json {
    let Some(values) = values else {
        return scalar(FieldType::Choice);
    };
    let titled = values
        .iter()
        .map(|(value, choice)| (json!(value), json!(choice.title)));
    let mut schema = json!({ "type": "string" });
    extend(&mut schema, Json::Object(described_values(titled)));
    schema
}

fn list(field: &Field) -> Json {
    let mut array = json!({ "type": "array", "items": item(field.items.as_ref()) });
    if field
        .items
        .as_ref()
        .is_some_and(|items| items.type_ == FieldType::Choice)
    {
        extend(&mut array, json!({ "uniqueItems": true }));
    }
    if !field.all {
        return array;
    }
    json!({ "anyOf": [array, { "const": "all", "description": "Every one that is offered." }] })
}

fn item(items: Option<&Items>) -> Json {
    match items {
        None => json!({}),
        Some(items) if items.type_ == FieldType::Choice => choices(items.values.as_ref()),
        Some(items) => scalar(items.type_),
    }
}

/// The default, or a value of the field's type.
fn field_example(field: &Field) -> Json {
    if let Some(default) = &field.default {
        return default.0.clone();
    }
    match field.type_ {
        FieldType::Boolean => json!(true),
        FieldType::Integer => json!(12),
        FieldType::Decimal => json!("12.50"),
        FieldType::Text => json!("text"),
        FieldType::Date => json!("2026-04-01"),
        FieldType::Duration => json!("15m"),
        FieldType::Choice => {
            let first = field
                .values
                .as_ref()
                .and_then(|values| values.keys().next());
            first.map_or_else(|| json!(12), |value| json!(value))
        }
        FieldType::List => json!([]),
        FieldType::Map => json!({}),
    }
}

fn overrides(integration: &Integration) -> Json {
    let subject = integration
        .subjects
        .as_ref()
        .map_or("Subject", |subjects| &subjects.title);
    json!({
        "description": format!("What one {} has otherwise, by its key. Quote keys that are numbers.", subject.to_lowercase()),
        "type": "object",
        "additionalProperties": {
            "description": format!("Settings of one {}.", subject.to_lowercase()),
            "type": "object",
            "properties": {
                "title": { "description": "What people call it.", "type": "string", "examples": ["Acme Retail"] },
                "settings": settings(integration, Level::Subject)
            },
            "additionalProperties": false
        },
        "examples": [{ "2010000001": { "title": "Acme Retail", "settings": {} } }]
    })
}

// ---- maps

fn rows_name(map: &Map) -> String {
    format!("rows-{}", map.name.as_str())
}

fn targets_name(map: &Map) -> String {
    format!("targets-{}", map.name.as_str())
}

fn used_maps<'a>(integration: &Integration, world: &World<'a>) -> Vec<&'a Map> {
    let named = |map: &&Map| {
        let fields = integration
            .settings
            .values()
            .flat_map(|group| group.fields.values());
        fields
            .filter_map(|field| field.map.as_ref())
            .any(|name| *name == map.name)
    };
    world.maps.iter().filter(named).collect()
}

/// Rows as properties: one for every known value of the sources, a pattern for open ones.
fn rows(map: &Map, world: &World<'_>) -> Json {
    let target = json!({ "$ref": format!("#/$defs/{}", targets_name(map)) });
    let mut properties = Members::new();
    let mut patterns = Members::new();
    let mut row = |value: String| {
        let own = map.rows.get(&value).or(map.else_.as_ref());
        let mut schema = json!({ "description": format!("What `{value}` becomes.") });
        extend(&mut schema, target.clone());
        let example = own.map_or_else(|| json!("keep"), |own| own.0.clone());
        extend(&mut schema, json!({ "examples": [example] }));
        properties.insert(value, schema);
    };
    for (prefix, source) in sources(map) {
        let name = |value: &Json| {
            let value = plain(value);
            prefix.map_or_else(|| value.clone(), |prefix| format!("{prefix}.{value}"))
        };
        match source {
            RowSource::Values(values) => values.iter().for_each(|value| row(name(value))),
            RowSource::Vocabulary(vocabulary) => {
                let Some(vocabulary) = world.vocabulary(vocabulary) else {
                    continue;
                };
                vocabulary
                    .values
                    .iter()
                    .for_each(|value| row(name(&value.0)));
                if let Some(open) = &vocabulary.open {
                    patterns.insert(prefixed(prefix, open), target.clone());
                }
            }
        }
    }
    map.rows.keys().for_each(|value| row(value.clone()));
    let mut rows = object("Rows that go before those of the map.", properties);
    extend(&mut rows, json!({ "patternProperties": patterns }));
    rows
}

/// Where the values of rows come from.
enum RowSource<'a> {
    Vocabulary(&'a str),
    Values(&'a [Json]),
}

/// What a map reads from: a vocabulary, several each with its prefix, or the values themselves.
fn sources(map: &Map) -> Vec<(Option<&str>, RowSource<'_>)> {
    let from = &map.from.0;
    if let Some(values) = from.as_array() {
        return vec![(None, RowSource::Values(values))];
    }
    if let Some(vocabulary) = from.as_str() {
        return vec![(None, RowSource::Vocabulary(vocabulary))];
    }
    let several = from.as_object().into_iter().flatten();
    several
        .filter_map(|(prefix, name)| {
            Some((Some(prefix.as_str()), RowSource::Vocabulary(name.as_str()?)))
        })
        .collect()
}

fn prefixed(prefix: Option<&str>, pattern: &str) -> String {
    match (prefix, pattern.strip_prefix('^')) {
        (None, _) => pattern.to_owned(),
        (Some(prefix), Some(rest)) => format!("^{prefix}[.]{rest}"),
        (Some(prefix), None) => format!("^{prefix}[.].*{pattern}"),
    }
}

fn plain(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// What a row may say: a target, a list of them, or cases.
fn targets(map: &Map, world: &World<'_>) -> Json {
    let one = target(map, world);
    json!({
        "description": "A value, `keep` for no write, a list of preference (the first that is offered), or `cases`.",
        "anyOf": [
            one,
            { "type": "array", "items": one, "minItems": 1 },
            {
                "type": "object",
                "properties": {
                    "cases": {
                        "description": "Targets under conditions: the first that holds; the last has none.",
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "properties": {
                                "when": {
                                    "description": "The condition; the last case has none.",
                                    "type": "string",
                                    "examples": [map.with.first().map_or_else(|| "true".to_owned(), |name| format!("{name} == 'a'"))]
                                },
                                "to": {
                                    "description": "The target, or a list of preference.",
                                    "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }],
                                    "examples": ["keep"]
                                }
                            },
                            "required": ["to"],
                            "additionalProperties": false
                        },
                        "examples": [[{ "to": "keep" }]]
                    }
                },
                "required": ["cases"],
                "additionalProperties": false
            }
        ]
    })
}

fn target(map: &Map, world: &World<'_>) -> Json {
    let to = &map.to.0;
    let (values, open) = if let Some(name) = to.as_str() {
        let Some(vocabulary) = world.vocabulary(name) else {
            return json!({});
        };
        let values = vocabulary
            .values
            .iter()
            .map(|value| value.0.clone())
            .collect();
        (values, vocabulary.open.as_deref())
    } else {
        (to.as_array().cloned().unwrap_or_default(), None)
    };
    let known: Vec<Json> = values.into_iter().chain([json!("keep")]).collect();
    match open {
        None => json!({ "enum": known }),
        Some(open) => {
            json!({ "anyOf": [{ "enum": known }, { "type": "string", "pattern": open }] })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn config<T: DeserializeOwned>(json: Json) -> T {
        serde_json::from_value(json).unwrap()
    }

    fn world() -> (Integration, Vec<Connector>, Vec<Map>) {
        let shop = config(json!({
            "kind": "connector", "name": "shop", "identity": ["store"], "base_url": "{{ params.url }}",
            "params": {
                "url": { "type": "text", "default": "https://shop.example" },
                "store": { "type": "integer" },
                "key": { "type": "text", "secret": true },
                "note": { "type": "text", "required": false },
                "app": { "type": "text", "per": "app" }
            },
            "auth": { "bearer": { "token": "{{ params.key }}" } },
            "vocabularies": {
                "order": { "values": ["New", "Paid"] },
                "parcel": { "values": ["Sent"], "open": "^[A-Z][a-z]+$" }
            }
        }));
        let desk = config(json!({
            "kind": "connector", "name": "desk", "identity": [], "base_url": "https://desk.example", "auth": { "none": {} },
            "vocabularies": { "state": { "values": ["Open", "Done"], "open": "^Done [0-9]$" } }
        }));
        let map = config(json!({
            "kind": "map", "name": "state", "from": { "order": "shop.order", "parcel": "shop.parcel" }, "to": "desk.state",
            "with": ["reason"], "rows": { "order.New": "Open", "order.Paid": "keep", "parcel.Sent": ["Done", "Open"] }, "else": "Open"
        }));
        let integration = config(json!({
            "kind": "integration", "name": "shop-desk", "title": "Shop", "connectors": ["shop", "desk"],
            "subjects": { "title": "Brand" },
            "settings": { "main": { "title": "Main", "fields": {
                "on": { "type": "boolean", "default": false },
                "queue": { "type": "integer", "required_when": "on" },
                "how": { "type": "choice", "values": { "slow": { "title": "Slowly" }, "fast": { "title": "Fast" } } },
                "parts": { "type": "list", "all": true, "items": { "type": "choice", "values": { "a": { "title": "A" } } } },
                "table": { "type": "map", "map": "state" },
                "fixed": { "type": "text", "locked": "the same for all" }
            } } }
        }));
        (integration, vec![shop, desk], vec![map])
    }

    fn schema() -> Json {
        let (integration, connectors, maps) = world();
        tenant(&integration, &connectors, &maps)
    }

    #[test]
    fn an_account_asks_for_what_has_no_default_and_keeps_secrets_out() {
        let schema = schema();
        let shop = &schema["properties"]["accounts"]["properties"]["shop"];
        assert_eq!(shop["required"], json!(["store", "key"]));
        assert_eq!(shop["properties"]["key"]["$ref"], "#/$defs/Secret");
        assert_eq!(
            shop["properties"]["url"]["examples"],
            json!(["https://shop.example"])
        );
        assert!(
            shop["properties"].get("app").is_none(),
            "what tenants share is in syncline.yaml"
        );
        assert_eq!(
            schema["properties"]["accounts"]["required"],
            json!(["shop"])
        );
        assert_eq!(schema["properties"]["integration"]["const"], "shop-desk");
    }

    #[test]
    fn settings_have_their_types_and_a_locked_one_is_not_offered() {
        let schema = schema();
        let main = &schema["$defs"]["settings-main"]["properties"];
        assert_eq!(main["how"]["enum"], json!(["slow", "fast"]));
        assert_eq!(
            main["how"]["markdownEnumDescriptions"],
            json!(["Slowly", "Fast"])
        );
        assert_eq!(main["parts"]["anyOf"][1]["const"], "all");
        assert_eq!(
            main["queue"]["description"],
            "A setting. Required when `on`."
        );
        assert!(main.get("fixed").is_none());
    }

    #[test]
    fn what_a_switch_needs_is_asked_of_the_tenant_and_not_of_its_subjects() {
        let schema = schema();
        assert_eq!(
            schema["properties"]["settings"]["properties"]["main"]["allOf"],
            json!([{
                "if": { "properties": { "on": { "const": true } }, "required": ["on"] },
                "then": { "required": ["queue"] }
            }])
        );
        let subject = &schema["properties"]["overrides"]["additionalProperties"];
        assert_eq!(subject["description"], "Settings of one brand.");
        assert!(
            subject["properties"]["settings"]["properties"]["main"]
                .get("allOf")
                .is_none()
        );
    }

    #[test]
    fn a_map_may_name_its_values_itself() {
        let (integration, connectors, mut maps) = world();
        maps[0].from = config(json!(["a", 2]));
        maps[0].to = config(json!(["x"]));
        maps[0].rows.clear();
        let schema = tenant(&integration, &connectors, &maps);
        let names: Vec<_> = schema["$defs"]["rows-state"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(names, ["a", "2"]);
        assert_eq!(
            schema["$defs"]["targets-state"]["anyOf"][0],
            json!({ "enum": ["x", "keep"] })
        );
    }

    #[test]
    fn rows_are_the_values_of_the_sources_and_targets_those_of_the_other_side() {
        let schema = schema();
        let rows = &schema["$defs"]["rows-state"];
        let names: Vec<_> = rows["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["order.New", "order.Paid", "parcel.Sent"]);
        assert_eq!(
            rows["properties"]["parcel.Sent"]["examples"],
            json!([["Done", "Open"]])
        );
        let patterns: Vec<_> = rows["patternProperties"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert_eq!(patterns, ["^parcel[.][A-Z][a-z]+$"]);
        assert_eq!(
            schema["$defs"]["targets-state"]["anyOf"][0],
            json!({ "anyOf": [{ "enum": ["Open", "Done", "keep"] }, { "type": "string", "pattern": "^Done [0-9]$" }] })
        );
    }
}
