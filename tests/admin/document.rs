//! The OpenAPI document against the daemon: every endpoint of it is asked here, and every reply fits its schema.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};
use syncline::server::{endpoints, openapi};

use super::one_dead;
use crate::harness::hooks::{Answer, Served};
use crate::harness::until;
use crate::schemas::assert_fresh;

const TENANT: &str = "/v1/tenants/sandbox";
const PIPELINE: &str = "/v1/tenants/sandbox/pipelines/work-orders";

#[test]
fn the_document_is_fresh() {
    let text = serde_json::to_string_pretty(&openapi()).unwrap();
    assert_fresh("schemas/openapi.json", &format!("{text}\n"));
}

#[test]
fn every_endpoint_has_a_name_of_its_own() {
    let all = endpoints();
    let names: BTreeSet<_> = all.iter().map(|endpoint| endpoint.name).collect();
    assert_eq!(names.len(), all.len());
}

/// Asks endpoints, and remembers which were asked.
struct Asking<'s> {
    served: &'s Served,
    document: Value,
    asked: BTreeSet<String>,
}

impl Asking<'_> {
    /// What an endpoint answers where all is well.
    async fn get(&mut self, name: &str, path: &str) -> Value {
        self.call(name, Method::GET, path, None).await.fine()
    }

    async fn post(&mut self, name: &str, path: &str, body: Value) -> Value {
        self.call(name, Method::POST, path, Some(body)).await.fine()
    }

    /// Asks, and holds the reply against the document.
    async fn call(
        &mut self,
        name: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        let (template, operation) = self.operation(name, &method);
        let plain = path.split('?').next().unwrap_or_default();
        assert!(
            template.split('/').count() == plain.split('/').count()
                && template
                    .split('/')
                    .zip(plain.split('/'))
                    .all(|(part, given)| part.starts_with('{') || part == given),
            "{path} is {template}"
        );
        if let Some(body) = &body {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            self.fits(&format!("the body of {name}"), schema, body);
        }
        let token = Some(self.served.token.as_str());
        let body = body.map(|body| body.to_string());
        let answer = self.served.ask(method, path, token, body).await;
        let responses = &operation["responses"];
        let status = answer.status.to_string();
        let response = responses.get(&status).unwrap_or(&responses["default"]);
        let kind = answer.headers["content-type"].to_str().unwrap();
        let schema = &response["content"][kind]["schema"];
        assert!(
            schema.is_object(),
            "{name}: {status} {kind} is not described"
        );
        self.fits(&format!("{name}: {}", answer.text), schema, &answer.json());
        self.asked.insert(name.to_owned());
        answer
    }

    fn operation(&self, name: &str, method: &Method) -> (String, Value) {
        let paths = self.document["paths"].as_object().unwrap();
        let method = method.as_str().to_lowercase();
        let found = paths
            .iter()
            .find(|(_, methods)| methods[&method]["operationId"] == name);
        let (path, methods) = found.unwrap_or_else(|| panic!("{name} is described"));
        (path.clone(), methods[&method].clone())
    }

    fn fits(&self, what: &str, schema: &Value, value: &Value) {
        let mut whole = schema.clone();
        whole["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&whole).unwrap();
        let misfits: Vec<String> = validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(misfits.is_empty(), "{what}\n{misfits:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_endpoint_answers_as_the_document_says() {
    let (world, key) = one_dead().await;
    let served = world.serve().await;
    let document = served.get("/v1/openapi.json").await.fine();
    assert_eq!(document, openapi());
    let mut api = Asking {
        served: &served,
        document,
        asked: BTreeSet::new(),
    };
    api.get("openapi", "/v1/openapi.json").await;
    assert_eq!(
        api.get("whoami", "/v1/whoami").await,
        json!({ "name": "command line", "scope": "admin" })
    );
    assert_eq!(api.get("generation", "/v1/generation").await["number"], 1);

    // What there is.
    let all = api.get("integrations", "/v1/integrations").await;
    assert_eq!(all["items"][0]["tenants"]["on"], 1);
    let one = api
        .get("integration", "/v1/integrations/servicechannel")
        .await;
    assert_eq!(one["agreement"]["version"], "2026-11");
    let found = api
        .get("tenants", "/v1/tenants?search=SANDBOX&phase=on&limit=1")
        .await;
    assert_eq!(found["items"][0]["records"]["dead"], 1);
    assert_eq!(found["next"], Value::Null);
    let tenant = api.get("tenant", TENANT).await;
    assert_eq!(tenant["agreed"]["by"], "tester");
    assert_eq!(tenant["lag_seconds"], 0.0);
    let checks = api
        .post("check", &format!("{TENANT}/check"), json!({}))
        .await;
    assert_eq!(checks["ok"], true, "{checks}");

    // Pipelines, and reading them.
    api.get("pipelines", &format!("{TENANT}/pipelines")).await;
    let runs = format!("{PIPELINE}/runs");
    let mut before = 0;
    until("the source was read", async || {
        before = served.get(&runs).await.fine()["items"]
            .as_array()
            .unwrap()
            .len();
        before > 0
    })
    .await;
    assert_eq!(
        api.post("read", &format!("{PIPELINE}/read"), json!({}))
            .await,
        json!({ "tenant": "sandbox", "pipeline": "work-orders" })
    );
    let passes = async || {
        served.get(&runs).await.fine()["items"]
            .as_array()
            .unwrap()
            .len()
    };
    until("the source was read by hand", async || {
        passes().await > before
    })
    .await;
    let run = &api.get("runs", &runs).await["items"][0];
    assert_eq!(run["pass"]["end"], "complete", "{run}");
    let pipeline = api.get("pipeline", PIPELINE).await;
    assert_eq!(pipeline["connector"], "servicechannel");
    assert_eq!(pipeline["records"][0]["state"], "dead");

    // The record that was given up.
    let causes = api.get("dead_causes", "/v1/dead").await;
    assert_eq!(causes["items"][0]["records"], 1);
    let cause = causes["items"][0]["cause"].as_str().unwrap().to_owned();
    let dead = api.get("dead", &format!("{TENANT}/dead?limit=5")).await;
    assert_eq!(dead["items"][0]["record"]["key"], *key);
    let letter = api
        .get("dead_letter", &format!("{TENANT}/dead/{key}"))
        .await;
    assert_eq!(letter["payload"]["Id"].to_string(), key);
    assert_eq!(letter["exchange"]["method"], "POST");
    assert_eq!(letter["exchange"]["status"], 400);
    let origin = letter["origin"].as_str().unwrap();
    assert!(
        origin.starts_with("servicechannel/work-orders.yaml:"),
        "{origin}"
    );
    let records = format!("{TENANT}/records");
    let listed = api
        .get(
            "records",
            &format!("{records}?state=dead&key={}", key.get(..4).unwrap()),
        )
        .await;
    assert_eq!(listed["items"][0]["reason"], *cause);
    let record = api.get("record", &format!("{records}/{key}")).await;
    assert_eq!(record["items"][0]["line"]["state"], "dead");
    assert_eq!(
        api.get("find", &format!("/v1/find?id={key}")).await,
        json!({ "tenants": ["sandbox"] })
    );
    let retried = json!({ "tenant": "sandbox", "records": 1 });
    let body = json!({ "cause": cause, "pipeline": "work-orders" });
    assert_eq!(
        api.post("retry_dead", &format!("{TENANT}/retry"), body)
            .await,
        retried
    );
    let given_up = async || {
        let found = served.get(&format!("{TENANT}/dead")).await.fine();
        found["items"].as_array().unwrap().len() == 1
    };
    until("it is given up again", given_up).await;
    let retry = format!("{records}/{key}/retry");
    assert_eq!(api.post("retry", &retry, json!({})).await, retried);
    until("it is given up once more", given_up).await;
    let body = json!({ "entity": "booking", "id": "10150" });
    let resolve = format!("{records}/{key}/resolve");
    api.post("resolve", &resolve, body).await;
    let trace = api.get("trace", &format!("{TENANT}/trace/10150")).await;
    assert_eq!(trace["links"][0]["from"]["id"], *key);
    assert_eq!(trace["links"][0]["origin"], "given");
    let forget = format!("{records}/{key}/forget");
    assert_eq!(api.post("forget", &forget, json!({})).await, retried);

    // Settings.
    let shown = api.get("settings", &format!("{TENANT}/settings")).await;
    assert_eq!(shown["groups"][0]["fields"][0]["name"], "dispatch_board");
    let change = format!("{TENANT}/settings");
    let body = json!({ "values": { "preferences.dispatch_board": true }, "subject": "2010000001" });
    let set = api
        .post("set_settings", &format!("{change}/set"), body)
        .await;
    assert_eq!(set["changes"].as_array().unwrap().len(), 1, "{set}");
    let body = json!({ "keys": ["preferences.schedule_date"], "subject": "2010000001" });
    let unset = api
        .post("unset_settings", &format!("{change}/unset"), body)
        .await;
    assert_eq!(
        unset["notes"],
        json!(["tenants/sandbox.yaml does not set `preferences.schedule_date` for 2010000001"])
    );
    let body = json!({ "subject": "2010000001" });
    api.post("restore_settings", &format!("{change}/restore"), body)
        .await;
    assert_eq!(
        api.post("reload", "/v1/reload", json!({})).await["holds"],
        true
    );

    // Pausing, resuming, off and on.
    for (name, path, pipeline) in [
        ("pipeline", PIPELINE.to_owned(), Some("work-orders")),
        ("tenant", TENANT.to_owned(), None),
        ("everything", "/v1".to_owned(), None),
    ] {
        let tenant = (name != "everything").then_some("sandbox");
        for (verb, paused) in [("pause", true), ("resume", false)] {
            let asked = api
                .post(
                    &format!("{verb}_{name}"),
                    &format!("{path}/{verb}"),
                    json!({}),
                )
                .await;
            let expected = json!({ "tenant": tenant, "pipeline": pipeline, "paused": paused });
            assert_eq!(asked, expected);
        }
    }
    let body = json!({ "integration": "servicechannel", "version": "2026-11" });
    let agreed = api.post("agree", &format!("{TENANT}/agree"), body).await;
    assert_eq!(agreed["by"], "command line");
    assert_eq!(
        api.post("turn_off", &format!("{TENANT}/off"), json!({}))
            .await["was"],
        false
    );
    assert_eq!(
        api.post("turn_on", &format!("{TENANT}/on"), json!({}))
            .await["on"],
        true
    );
    let log = api.get("audit", "/v1/audit?tenant=sandbox&limit=200").await;
    let what: Vec<_> = super::entries(&log)
        .into_iter()
        .map(|(what, _)| what)
        .collect();
    for asked in [
        "accept",
        "activate",
        "activated",
        "off",
        "pause",
        "resume",
        "retry",
        "resolve",
        "forget",
        "settings",
        "reload",
        "read",
    ] {
        assert!(what.iter().any(|what| what == asked), "{asked}: {what:?}");
    }

    let described: BTreeSet<String> = endpoints()
        .iter()
        .map(|endpoint| endpoint.name.to_owned())
        .collect();
    assert_eq!(api.asked, described, "every endpoint was asked");
    served.terminate().await.fine();
}
