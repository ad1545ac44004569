//! The schemas that are committed are those the types make, and every YAML file we ship fits its schema.
//!
//! `UPDATE_SCHEMAS=1 cargo test schemas` writes what is not fresh.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use syncline::lang::config::{
    Connector, Integration, Kind, Map, Pipeline, Routine, Runtime, Tenant, Test, schema,
};

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person asks for the files to be written"
)]
fn updating() -> bool {
    std::env::var_os("UPDATE_SCHEMAS").is_some()
}

/// Compares a committed file with what it should hold, or writes it when asked to.
pub(crate) fn assert_fresh(path: &str, expected: &str) {
    let file = root().join(path);
    let actual = fs::read_to_string(&file).unwrap_or_default();
    if actual == expected {
        return;
    }
    assert!(
        updating(),
        "{path} is not fresh; run `UPDATE_SCHEMAS=1 cargo test schemas`"
    );
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, expected).unwrap();
}

fn pretty(schema: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(schema).unwrap())
}

/// Every YAML file below `pipelines/`, as it stands in JSON.
fn shipped() -> Vec<(PathBuf, Value)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("pipelines")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, serde_yaml::from_str(&text).unwrap()));
            }
        }
    }
    files.sort_by(|(left, _), (right, _)| left.cmp(right));
    files
}

fn of_kind<T: serde::de::DeserializeOwned>(kind: Kind) -> Vec<T> {
    shipped()
        .into_iter()
        .filter(|(_, document)| document["kind"] == kind.name())
        .map(|(path, document)| {
            serde_json::from_value(document)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

/// Where a document does not fit a schema.
fn misfits(schema: &Value, document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("the schema is one");
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn schemas_are_fresh() {
    for kind in Kind::ALL {
        assert_fresh(
            &format!("schemas/{}.json", kind.name()),
            &pretty(&schema::of(*kind)),
        );
    }
}

#[test]
fn the_schema_of_the_tenants_is_fresh() {
    let connectors: Vec<Connector> = of_kind(Kind::Connector);
    let maps: Vec<Map> = of_kind(Kind::Map);
    for integration in of_kind::<Integration>(Kind::Integration) {
        let name = integration.name.as_str();
        let schema = schema::tenant(&integration, &connectors, &maps);
        assert_fresh(
            &format!("pipelines/{name}/tenant.schema.json"),
            &pretty(&schema),
        );
    }
}

#[test]
fn every_schema_says_what_it_is_and_nothing_about_where() {
    for (name, schema) in all_schemas() {
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
        assert!(schema["title"].is_string(), "{name} has a title");
        assert!(
            schema["description"].is_string(),
            "{name} has a description"
        );
        assert!(
            schema.get("$id").is_none(),
            "{name} has no $id: its address would be somebody's"
        );
        assert!(
            jsonschema::meta::is_valid(&schema),
            "{name} is a JSON Schema"
        );
    }
}

#[test]
fn every_property_has_a_description_and_examples_that_fit() {
    let mut checked = 0;
    for (name, schema) in all_schemas() {
        let mut problems = Vec::new();
        walk(&schema, "", &mut |place, property| {
            checked += 1;
            if !property["description"].is_string() {
                problems.push(format!("{place} has no description"));
            }
            let examples = property["examples"].as_array().cloned().unwrap_or_default();
            if examples.is_empty() {
                problems.push(format!("{place} has no example"));
            }
            let mut alone = property.clone();
            if let Some(definitions) = schema.get("$defs") {
                alone["$defs"] = definitions.clone();
            }
            for example in examples {
                let misfits = misfits(&alone, &example);
                if !misfits.is_empty() {
                    problems.push(format!("{place}: example {example}: {misfits:?}"));
                }
            }
        });
        assert!(problems.is_empty(), "{name}: {problems:#?}");
    }
    assert!(checked > 200, "the walk saw {checked} properties");
}

/// The schemas that editors read: of every kind, and of the tenants.
fn all_schemas() -> Vec<(String, Value)> {
    let mut schemas: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| (kind.name().to_owned(), schema::of(*kind)))
        .collect();
    let connectors: Vec<Connector> = of_kind(Kind::Connector);
    let maps: Vec<Map> = of_kind(Kind::Map);
    for integration in of_kind::<Integration>(Kind::Integration) {
        let name = format!("tenants of {}", integration.name.as_str());
        schemas.push((name, schema::tenant(&integration, &connectors, &maps)));
    }
    schemas
}

/// Shows every property of every object in a schema to `visit`.
fn walk(node: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    match node {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                // Below `if` a property is a question, not a definition.
                for (name, property) in properties.iter().filter(|_| !place.ends_with("/if")) {
                    visit(&format!("{place}/{name}"), property);
                }
            }
            for (name, member) in members.iter().filter(|(name, _)| *name != "examples") {
                walk(member, &format!("{place}/{name}"), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{place}/{index}"), visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_shipped_file_fits_its_schema_and_its_type() {
    let shipped = shipped();
    assert!(shipped.len() >= 7, "found {} files", shipped.len());
    for (path, document) in shipped {
        let name = document["kind"].as_str().unwrap_or_default();
        let kind = Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
            .unwrap_or_else(|| panic!("{}: kind `{name}`", path.display()));
        assert_eq!(
            misfits(&schema::of(kind), &document),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
        let decoded = match kind {
            Kind::Runtime => serde_json::from_value::<Runtime>(document).map(drop),
            Kind::Connector => serde_json::from_value::<Connector>(document).map(drop),
            Kind::Integration => serde_json::from_value::<Integration>(document).map(drop),
            Kind::Pipeline => serde_json::from_value::<Pipeline>(document).map(drop),
            Kind::Map => serde_json::from_value::<Map>(document).map(drop),
            Kind::Routine => serde_json::from_value::<Routine>(document).map(drop),
            Kind::Tenant => serde_json::from_value::<Tenant>(document).map(drop),
            Kind::Test => serde_json::from_value::<Test>(document).map(drop),
        };
        decoded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[test]
fn every_shipped_file_names_a_schema_that_is_there() {
    for (path, document) in shipped() {
        let text = fs::read_to_string(&path).unwrap();
        let modeline = text.lines().next().unwrap_or_default();
        let schema = modeline
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap_or_else(|| panic!("{} begins with the modeline", path.display()));
        let schema = path.parent().unwrap().join(schema);
        let schema: Value =
            serde_json::from_str(&fs::read_to_string(&schema).unwrap_or_else(|error| {
                panic!("{} -> {}: {error}", path.display(), schema.display())
            }))
            .unwrap();
        assert_eq!(
            misfits(&schema, &document),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_records_a_connector_names_are_schemas() {
    let mut named = std::collections::BTreeSet::new();
    for (path, document) in shipped() {
        let Some(records) = document["records"].as_object() else {
            continue;
        };
        for (name, file) in records {
            let file = path.parent().unwrap().join(file.as_str().unwrap());
            let text = fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{name} of {}: {error}", path.display()));
            let schema: Value = serde_json::from_str(&text).unwrap();
            assert!(jsonschema::meta::is_valid(&schema), "{}", file.display());
            assert!(
                schema["title"].is_string() && schema["description"].is_string(),
                "{name}"
            );
            named.insert(file.canonicalize().unwrap());
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/records");
    let mut there = std::collections::BTreeSet::new();
    for api in fs::read_dir(folder).unwrap() {
        for file in fs::read_dir(api.unwrap().path()).unwrap() {
            there.insert(file.unwrap().path().canonicalize().unwrap());
        }
    }
    assert_eq!(named, there, "every record schema is named by a connector");
}

/// The examples of the reference, composed by us, fit the record schemas.
#[test]
fn record_schemas_take_what_the_apis_return() {
    for (file, record) in [
        (
            "servicechannel/work_order",
            serde_json::json!({
                "Id": 310_000_123, "Number": "310000123", "PurchaseNumber": "310000123", "PostedId": 0, "LocationId": 0,
                "Status": { "Primary": "IN PROGRESS", "Extended": "DISPATCH CONFIRMED", "CanCreateInvoice": false },
                "CallDate": "2026-04-02T23:40:16.53Z", "CallDate_DTO": "2026-04-02T19:40:16.53-04:00",
                "ScheduledDate": "2026-04-09T12:00:00Z", "UpdatedDate": "2026-04-13T14:27:38.9437189Z",
                "Caller": "Jane Store", "CallerId": 0, "Trade": "HVAC", "Category": "REPAIR", "Priority": "P2 - 24 HOURS",
                "Description": "SALES FLOOR / HVAC / RTU", "Resolution": "", "Nte": 850.0,
                "Currency": { "Id": 1, "AlphabeticalCode": "USD", "Rate": 0.0 },
                "Subscriber": { "Id": 2_010_000_001, "Name": "Acme Retail", "ShortName": "Acme", "IsOutsourcedWorkOn": false },
                "Provider": { "Id": 2_090_000_001, "Name": "Best HVAC LLC", "DoNotDispatch": false, "IsInternal": false, "IsOnOffShoreFeatureEnabled": false },
                "Location": { "Id": 2_005_000_001, "SubscriberId": 2_010_000_001, "StoreId": "0024", "Name": "RIVERSIDE", "TimeShiftToEST": 0, "AddressTypeId": 0, "IsInternational": false, "Notes": [] },
                "Notes": { "WorkOrderId": 0, "Count": { "Own": 2, "Total": 7 }, "Last": { "Id": 1_960_000_001, "Number": 7, "NoteData": "Part arrived", "ActionRequired": true } },
                "Attachments": { "Count": { "Own": 0, "Total": 1 } }, "AssetCount": 0, "Labels": [{ "Id": 0 }], "IssueTicketInfo": { "Id": 0, "SetupId": 0 },
                "IsCheckInDenied": true, "CheckInDeniedReason": "use IVR", "CheckInRange": 10.0, "IsInvoiced": false
            }),
        ),
        (
            "servicechannel/status_option",
            serde_json::json!({
                "Id": 2, "Name": "IN PROGRESS", "Extended": ["INCOMPLETE"], "ExtendedStatuses": [{ "Id": 11, "Name": "INCOMPLETE" }],
                "Constraints": [{ "Extended": "PARTS ON ORDER", "IsResolutionTextRequired": 1, "IsShippingInfoRequired": 0, "IsResolutionCodesRequired": 0, "IsScheduledDateRequired": 1 }]
            }),
        ),
        (
            "servicetitan/appointment",
            serde_json::json!({
                "id": 501, "jobId": 9001, "appointmentNumber": "9001-1", "start": "2026-05-04T15:00:00Z", "end": "2026-05-04T17:00:00Z",
                "arrivalWindowStart": null, "arrivalWindowEnd": null, "status": "Working", "specialInstructions": null,
                "createdOn": "2026-05-03T10:00:00Z", "modifiedOn": "2026-05-04T15:04:05Z", "customerId": 77, "unused": false,
                "createdById": 1, "isConfirmed": false, "active": true
            }),
        ),
        (
            "servicetitan/booking",
            serde_json::json!({
                "id": 5, "source": "ServiceChannel", "createdOn": "2026-05-03T10:00:00Z", "name": "Acme Retail 0024",
                "address": { "street": "1 Main St", "unit": null, "city": "Glendale", "state": "CA", "zip": "91203", "country": "USA" },
                "customerType": "Commercial", "start": "2026-05-04T15:00:00Z", "campaignId": 9, "businessUnitId": null, "isFirstTimeClient": false,
                "uploadedImages": [], "isSendConfirmationEmail": null, "status": "New", "dismissingReasonId": null, "jobId": null,
                "externalId": "sc-310000123", "priority": "High", "jobTypeId": null, "bookingProviderId": 55,
                "modifiedOn": "2026-05-03T10:00:00Z", "summary": "Trade: HVAC"
            }),
        ),
    ] {
        let text = fs::read_to_string(root().join(format!("schemas/records/{file}.json"))).unwrap();
        let schema = serde_json::from_str(&text).unwrap();
        assert_eq!(misfits(&schema, &record), Vec::<String>::new(), "{file}");
    }
}

/// What a tenant file gets wrong is refused by the schema of its integration, not only by `validate`.
#[test]
fn the_schema_of_the_tenants_knows_the_integration() {
    let text =
        fs::read_to_string(root().join("pipelines/servicechannel/tenant.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let text = fs::read_to_string(root().join("pipelines/tenants/sandbox.yaml")).unwrap();
    let tenant: Value = serde_yaml::from_str(&text).unwrap();
    for (pointer, wrong) in [
        (
            "/accounts/servicechannel/provider_id",
            serde_json::json!("2090000001"),
        ),
        (
            "/accounts/servicechannel/password",
            serde_json::json!("in the open"),
        ),
        ("/accounts/servicetitan/tenant", Value::Null),
        (
            "/settings/preferences/dispatch_board",
            serde_json::json!("yes"),
        ),
        (
            "/settings/preferences/business_unit",
            serde_json::json!("HVAC"),
        ),
        (
            "/settings/job_summary/fields",
            serde_json::json!(["number", "weather"]),
        ),
        (
            "/overrides/2010000001/settings/preferences/schedule_date",
            serde_json::json!("asap"),
        ),
        ("/integration", serde_json::json!("servicechanel")),
    ] {
        let mut tenant = tenant.clone();
        *tenant
            .pointer_mut(pointer)
            .expect("the sandbox tenant has it") = wrong;
        let misfits = misfits(&schema, &tenant);
        assert!(
            misfits.iter().any(|misfit| misfit.starts_with(pointer)),
            "{pointer}: {misfits:?}"
        );
    }
    let mut needy = tenant.clone();
    needy["settings"]["preferences"]
        .as_object_mut()
        .unwrap()
        .shift_remove("business_unit");
    assert_eq!(
        misfits(&schema, &needy),
        ["/settings/preferences: \"business_unit\" is a required property"]
    );
    let mut mapped = tenant.clone();
    mapped["settings"]["preferences"]["priority"] =
        serde_json::json!({ "P1 - EMERGENCY": "High", "Call today": ["Urgent", "High"] });
    assert_eq!(misfits(&schema, &mapped), Vec::<String>::new());
    mapped["settings"]["preferences"]["priority"] =
        serde_json::json!({ "Call today": "Very urgent" });
    assert_eq!(misfits(&schema, &mapped).len(), 1);
}
