//! Settings, rows and accounts in the schema of tenants.

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
    assert_eq!(main["parts"]["anyOf"][1]["enum"], json!(["all"]));
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
