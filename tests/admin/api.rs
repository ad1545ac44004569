//! What the API refuses, in exact words, and what it changes.

use std::fs;

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{entries, one_dead, replace};
use crate::harness::{World, until};

/// What is refused, one after the other.
struct Refusals<'s> {
    served: &'s crate::harness::hooks::Served,
    shown: String,
}

impl Refusals<'_> {
    async fn get(&mut self, path: &str) {
        self.ask(Method::GET, path, None).await;
    }

    async fn post(&mut self, path: &str, body: Value) {
        self.ask(Method::POST, path, Some(body.to_string())).await;
    }

    async fn ask(&mut self, method: Method, path: &str, body: Option<String>) {
        let asked = format!("{method} {path} {}", body.as_deref().unwrap_or_default());
        let token = Some(self.served.token.as_str());
        let answer = self.served.ask(method, path, token, body).await;
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let mut problem = answer.json();
        assert_eq!(problem["status"], answer.status);
        let members = problem.as_object_mut().unwrap();
        // It is in a snapshot of its own, and long.
        members.retain(|name, _| name != "agreement" && name != "report");
        let shown = serde_json::to_string_pretty(&problem).unwrap();
        self.shown
            .push_str(&format!("{}\n{shown}\n\n", asked.trim_end()));
    }
}

#[tokio::test]
async fn what_is_refused_says_what_to_do() {
    let world = World::start().await;
    let served = world.serve().await;
    let mut refused = Refusals {
        served: &served,
        shown: String::new(),
    };
    refused.get("/v1/nothing").await;
    refused.post("/v1/whoami", json!({})).await;
    refused.get("/v1/tenants?limit=many").await;
    refused.get("/v1/tenants?page=2").await;
    refused.get("/v1/tenants/acme").await;
    refused.get("/v1/integrations/acme").await;
    refused.get("/v1/tenants/sandbox/pipelines/acme").await;
    refused.get("/v1/tenants/sandbox/records/1").await;
    refused.get("/v1/tenants/sandbox/trace/1").await;
    refused.get("/v1/tenants/sandbox/dead/1").await;
    let tenant = |rest: &str| format!("/v1/tenants/sandbox/{rest}");
    refused.post(&tenant("on"), json!({ "agreee": "1" })).await;
    refused.post(&tenant("on"), json!({})).await;
    refused
        .post(&tenant("on"), json!({ "agree": "2019-01" }))
        .await;
    let body = json!({ "integration": "acme", "version": "1" });
    refused.post(&tenant("agree"), body).await;
    refused.post(&tenant("pause"), json!({})).await;
    refused
        .post(&tenant("pipelines/work-orders/read"), json!({}))
        .await;
    let body = json!({ "entity": "job", "id": "7" });
    refused.post(&tenant("records/1/resolve"), body).await;
    let body = json!({ "entity": "jobb", "id": "7" });
    refused.post(&tenant("records/1/resolve"), body).await;
    refused.post(&tenant("records/1/forget"), json!({})).await;
    let body = json!({ "values": { "preferences": 1 } });
    refused.post(&tenant("settings/set"), body).await;
    let body = json!({ "values": { "preferences.dispatch_board": "perhaps" } });
    refused.post(&tenant("settings/set"), body).await;
    let path = tenant("settings/restore");
    refused.ask(Method::POST, &path, Some("{".to_owned())).await;
    let long = json!({ "subject": "x".repeat(2 << 20) }).to_string();
    let answer = served
        .ask(Method::POST, &path, Some(&served.token), Some(long))
        .await;
    assert_eq!(answer.status, 413, "{}", answer.text);
    world.secret("sandbox/servicetitan/client_secret", "no secret");
    served.order("/v1/reload", &json!({})).await.fine();
    refused
        .post(&tenant("on"), json!({ "agree": "2026-11" }))
        .await;
    assert_snapshot!(crate::harness::scrub::scrub(&refused.shown, world.dir()));
    let answer = served.order(&tenant("on"), &json!({})).await;
    assert_ne!(
        answer.status, 409,
        "its agreement is accepted by now: {}",
        answer.text
    );
}

#[tokio::test]
async fn a_body_says_that_it_is_json() {
    let world = World::start().await;
    let served = world.serve().await;
    let url = format!("http://{}/v1/reload", served.admin);
    let asked = crate::harness::hooks::client()
        .post(&url)
        .bearer_auth(&served.token)
        .header("content-type", "text/plain")
        .body("{}");
    let reply = asked.send().await.unwrap();
    assert_eq!(reply.status(), 415);
    let problem: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    assert_eq!(problem["detail"], "the body is not said to be JSON");
    let nothing = crate::harness::hooks::client()
        .post(&url)
        .bearer_auth(&served.token);
    assert_eq!(
        nothing.send().await.unwrap().status(),
        200,
        "nothing needs not say what it is"
    );
}

#[tokio::test]
async fn settings_are_written_taken_up_and_entered() {
    let world = World::start().await;
    let served = world.serve().await;
    let path = "/v1/tenants/sandbox/settings/set";
    let body = json!({ "values": { "preferences.dispatch_board": false } });
    let changed = served.order(path, &body).await.fine();
    assert_eq!(changed["file"], "tenants/sandbox.yaml");
    let again = served.order(path, &body).await.fine();
    assert_eq!(again["changes"], json!([]));
    let file = fs::read_to_string(world.workspace().join("tenants/sandbox.yaml")).unwrap();
    assert!(file.contains("dispatch_board: false"), "{file}");
    assert_eq!(
        served.get("/v1/generation").await.fine()["number"],
        2,
        "it is taken up before the reply, and once"
    );
    let log = served.get("/v1/audit").await.fine();
    assert_eq!(
        entries(&log),
        [("settings".to_owned(), "command line".to_owned())]
    );
    assert_eq!(
        log["items"][0]["args"],
        json!({
            "file": "tenants/sandbox.yaml",
            "subject": null,
            "change": { "set": { "preferences.dispatch_board": false } },
        })
    );
    // What would be wrong is not written.
    let body = json!({ "values": { "preferences.no_such": 1 } });
    let refused = served.order(path, &body).await;
    assert_eq!(refused.status, 422);
    let refused = refused.json();
    assert_eq!(refused["report"]["errors"], 1);
    assert!(
        refused["text"].as_str().unwrap().contains("no_such"),
        "{refused}"
    );
    assert_eq!(
        fs::read_to_string(world.workspace().join("tenants/sandbox.yaml")).unwrap(),
        file
    );
}

#[tokio::test]
async fn a_bad_edit_is_shown_and_changes_nothing() {
    let world = World::start().await;
    let served = world.serve().await;
    let pipeline = world.workspace().join("servicechannel/work-orders.yaml");
    replace(
        &pipeline,
        "customerType: Commercial",
        "customerType: '{{ nothing }}'",
    );
    let reload = served.order("/v1/reload", &json!({})).await.fine();
    assert_eq!(
        (&reload["holds"], &reload["outcome"]),
        (&json!(false), &json!("refused"))
    );
    assert_eq!(
        reload["report"]["diagnostics"][0]["code"],
        "name-not-in-scope"
    );
    let generation = served.get("/v1/generation").await.fine();
    assert_eq!(generation["number"], 1);
    assert_eq!(generation["last_reload"]["outcome"], "refused");
    replace(
        &pipeline,
        "customerType: '{{ nothing }}'",
        "customerType: Commercial",
    );
    until("the mended file is taken", async || {
        served.get("/v1/generation").await.fine()["last_reload"]["holds"] == true
    })
    .await;
}

#[tokio::test]
async fn pages_lead_on_to_the_last_one() {
    let (world, key) = one_dead().await;
    let more: Vec<String> = world.arrive(4).iter().map(ToString::to_string).collect();
    world.cmd(["run"]).run().await.exits(6);
    let served = world.serve().await;
    let mut seen = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut url: url::Url = "http://x/v1/tenants/sandbox/records".parse().unwrap();
        url.query_pairs_mut().append_pair("limit", "2");
        if let Some(after) = &after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let page = served.get(&path).await.fine();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["key"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    let mut expected = more;
    expected.push(key);
    expected.sort();
    assert_eq!(seen, expected);
    let log = served.get("/v1/audit?limit=1").await.fine();
    let next = log["next"].as_str().unwrap();
    let earlier = served
        .get(&format!("/v1/audit?limit=1&before={next}"))
        .await
        .fine();
    assert!(earlier["items"][0]["number"].as_i64() < log["items"][0]["number"].as_i64());
}
