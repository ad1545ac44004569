//! Webhooks as their receiver sees them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::hooks::Outcome;
use tokio::task::JoinSet;

use super::open;
use crate::sandbox::Sc;

type Got = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Somebody who listens for events and answers with `status`.
struct Receiver {
    url: String,
    got: Got,
    status: Arc<Mutex<StatusCode>>,
    _serving: JoinSet<()>,
}

type Shared = (Got, Arc<Mutex<StatusCode>>);

async fn take(State((got, status)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    got.lock().unwrap().push((headers, body));
    *status.lock().unwrap()
}

impl Receiver {
    async fn listening() -> Self {
        let got = Got::default();
        let status = Arc::new(Mutex::new(StatusCode::OK));
        let app = Router::new()
            .route("/events", post(take))
            .with_state((Arc::clone(&got), Arc::clone(&status)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events?key=1", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            got,
            status,
            _serving: serving,
        }
    }

    fn events(&self) -> Vec<Value> {
        let got = self.got.lock().unwrap();
        got.iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    fn types(&self) -> Vec<String> {
        let name = |event: &Value| event["EventType"].as_str().unwrap().to_owned();
        self.events().iter().map(name).collect()
    }
}

/// Until so many attempts have ended.
async fn attempts(sc: &Sc, count: usize) {
    for _ in 0..100_000 {
        if sc.world().attempts().len() >= count {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{:?}", sc.world().attempts());
}

async fn hooked(receiver: &Receiver, events: Value) -> Sc {
    let sc = Sc::new().await;
    let body = json!({ "url": receiver.url, "events": events });
    let made = sc.control(Method::POST, "/hooks", Some(body)).await;
    assert_eq!(made.status, 201);
    sc
}

fn signature(key: &str, body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(ring::hmac::sign(&key, body))
}

#[tokio::test]
async fn a_change_is_told_signed_and_in_few_words() {
    let receiver = Receiver::listening().await;
    let sc = hooked(&receiver, json!([])).await;
    let id = open(&sc, 0);
    let arrived = sc.world().attempts().len();
    attempts(&sc, arrived.max(1)).await;
    let body = json!({ "Status": { "Primary": "IN PROGRESS", "Extended": "ON SITE" } });
    sc.put(&format!("/v3/workorders/{id}/status"), body)
        .await
        .ok();
    sc.world().write_note(id, "hello").unwrap();
    for _ in 0..100_000 {
        if receiver
            .types()
            .last()
            .is_some_and(|last| last == "WorkOrderNoteAdded")
            && receiver.events().last().unwrap()["Object"]["Notes"][0]["NoteData"] == "hello"
        {
            break;
        }
        tokio::task::yield_now().await;
    }
    let types = receiver.types();
    assert_eq!(types[0], "WorkOrderCreated");
    assert_eq!(
        types[types.len() - 3..],
        [
            "WorkOrderStatusChanged",
            "WorkOrderNoteAdded",
            "WorkOrderNoteAdded"
        ]
    );
    let changed = &receiver.events()[types.len() - 3];
    let object = &changed["Object"];
    assert_eq!(object["Id"], json!(id));
    assert_eq!(
        object["Status"],
        json!({ "Primary": "IN PROGRESS", "Extended": "ON SITE" })
    );
    assert_eq!(object["UpdatedBy"]["UserName"], "api@best.example");
    assert!(object.get("Description").is_none(), "an event says little");
    assert_eq!(
        (&changed["Action"], &changed["Version"]),
        (&json!("UPDATE"), &json!(1))
    );

    let key = sc
        .get("/v3/NotificationSubscriptions/SigningKey")
        .await
        .ok();
    let key = key["Key"].as_str().unwrap();
    let got = receiver.got.lock().unwrap().clone();
    for (headers, body) in &got {
        assert_eq!(headers["sign-type"], "HMACSHA256");
        assert_eq!(headers["sign-data"], signature(key, body).as_str());
        assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    }
    let new = sc
        .put("/v3/NotificationSubscriptions/SigningKey", json!({}))
        .await
        .ok();
    assert_ne!(new["Key"], key);
}

#[tokio::test]
async fn what_fails_is_tried_three_times_more_and_then_given_up() {
    let receiver = Receiver::listening().await;
    let sc = hooked(&receiver, json!(["WorkOrderPriorityChanged"])).await;
    *receiver.status.lock().unwrap() = StatusCode::INTERNAL_SERVER_ERROR;
    let id = open(&sc, 0);
    sc.control(
        Method::PATCH,
        &format!("/workorders/{id}"),
        Some(json!({ "priority": "P9" })),
    )
    .await
    .ok();
    for tried in 1..=4 {
        attempts(&sc, tried).await;
        sc.world().kit().clock.advance(Duration::from_secs(301));
    }
    sc.world().kit().clock.advance(Duration::from_secs(3_600));
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let log = sc.world().attempts();
    let tried: Vec<_> = log.iter().map(|one| (one.event, one.attempt)).collect();
    assert_eq!(tried, [(1, 1), (1, 2), (1, 3), (1, 4)]);
    assert!(log.iter().all(|one| one.outcome == Outcome::Answered(500)));
    assert!(
        log.windows(2)
            .all(|two| two[1].at - two[0].at >= chrono::TimeDelta::minutes(5))
    );
    assert_eq!(receiver.types().len(), 4);
}

#[tokio::test]
async fn events_are_lost_doubled_and_overtaken_when_a_test_says_so() {
    let receiver = Receiver::listening().await;
    let sc = hooked(&receiver, json!(["WorkOrderDescriptionChanged"])).await;
    let id = open(&sc, 0);
    let describe = async |faults: Value, text: &str| {
        let set = sc.control(Method::PUT, "/hooks/faults", Some(faults)).await;
        assert_eq!(set.status, 204);
        let edit = json!({ "description": text });
        sc.control(Method::PATCH, &format!("/workorders/{id}"), Some(edit))
            .await
            .ok();
    };
    describe(json!({ "lose": 1.0 }), "lost").await;
    describe(json!({ "late": 1.0, "late_by": "1m" }), "late").await;
    describe(json!({ "duplicate": 1.0 }), "doubled").await;
    attempts(&sc, 3).await;
    sc.world().kit().clock.advance(Duration::from_secs(61));
    attempts(&sc, 4).await;
    let texts: Vec<_> = receiver
        .events()
        .iter()
        .map(|event| event["Object"]["Description"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, ["doubled", "doubled", "late"]);
    let report = sc.control(Method::GET, "/hooks", None).await.ok();
    assert_eq!(report["attempts"][0]["outcome"], "lost");
}

#[tokio::test]
async fn what_a_provider_may_not_see_it_is_not_told_of() {
    let receiver = Receiver::listening().await;
    let sc = hooked(&receiver, json!(["WorkOrderNoteAdded", "InvoiceCreated"])).await;
    let id = open(&sc, 0);
    for (text, visibility) in [("between us", 3), ("for all", 0)] {
        let note = json!({ "text": text, "visibility": visibility, "author": "Sam Keeper" });
        sc.control(Method::POST, &format!("/workorders/{id}/notes"), Some(note))
            .await;
    }
    attempts(&sc, 1).await;
    let events = receiver.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["Object"]["Notes"][0]["NoteData"], "for all");
    assert_eq!(events[0]["Object"]["Notes"][0]["CreatedBy"], "Sam Keeper");
}

#[tokio::test]
async fn webhooks_are_registered_changed_and_removed() {
    let sc = Sc::new().await;
    let path = "/v3/NotificationWebHooks";
    let hook = |events: Value| {
        json!({ "Name": "ours", "Url": "http://127.0.0.1:9/x",
                "Subscriptions": [{ "Name": "one", "EventTypes": events,
                                    "Rules": { "Trades": ["HVAC"] } }] })
    };
    for wrong in [
        json!([]),
        json!(["Nothing"]),
        json!(["WorkOrderCreated", "InvoicePaid"]),
    ] {
        assert_eq!(sc.post(path, hook(wrong)).await.refusal(), (400, 503));
    }
    let made = sc.post(path, hook(json!(["WorkOrderCreated"]))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.json()["Id"].as_i64().unwrap();
    assert_eq!(
        made.json()["SubscriptionsResponses"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let one = format!("{path}/{id}");
    let changed = sc
        .put(
            &one,
            json!({ "Name": "new", "Url": "http://127.0.0.1:9/y" }),
        )
        .await;
    assert_eq!(changed.status, 204);
    let read = sc.get(&one).await.ok();
    assert_eq!(
        (&read["Name"], &read["Enabled"]),
        (&json!("new"), &json!(true))
    );
    assert_eq!(read["Subscriptions"][0]["Rules"]["Trades"], json!(["HVAC"]));
    assert_eq!(sc.get(path).await.ok().as_array().unwrap().len(), 1);
    let delete = async || {
        let request = sc.http.delete(sc.url(&one)).bearer_auth(&sc.token);
        crate::sandbox::Reply::of(request.send().await.unwrap()).await
    };
    assert_eq!(delete().await.status, 204);
    assert_eq!(delete().await.refusal(), (400, 502));
    assert_eq!(sc.get(&one).await.refusal(), (400, 502));
    for number in 0..20 {
        let made = sc.post(path, hook(json!(["WorkOrderCreated"]))).await;
        assert_eq!(made.status, 201, "webhook {number}");
    }
    assert_eq!(
        sc.post(path, hook(json!(["WorkOrderCreated"])))
            .await
            .refusal(),
        (400, 503)
    );
}
