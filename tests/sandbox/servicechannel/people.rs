//! Control calls, the world's determinism, the recorder.

use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::json;
use syncline::sandbox::servicechannel::model::{Primary, SubscriberId};
use syncline::sandbox::servicechannel::people::Overview;

use crate::sandbox::{Sc, ids, rows, start};

fn shape(overview: &[Overview]) -> Vec<String> {
    let start = start();
    let line = |o: &Overview| {
        format!(
            "{} {} {} {}",
            o.id,
            o.subscriber,
            o.status,
            (start - o.call_date).num_seconds()
        )
    };
    overview.iter().map(line).collect()
}

#[tokio::test]
async fn one_seed_makes_one_world() {
    let (one, two) = (Sc::new().await, Sc::new().await);
    let worlds = [one.world().overview(), two.world().overview()];
    let close = shape(&worlds[0])
        .iter()
        .zip(shape(&worlds[1]))
        .filter(|(a, b)| **a != *b)
        .count();
    // Rows after the activation lie between it and the start of each clock, which differ a little.
    assert!(close <= 200, "{close} rows differ");
    let fixed = |index: usize| shape(&worlds[index][..300]);
    assert_eq!(fixed(0), fixed(1));
}

#[tokio::test]
async fn the_seed_has_what_the_pipelines_must_tell_apart() {
    let sc = Sc::new().await;
    let activation = start() - chrono::TimeDelta::days(2);
    let orders = sc.world().overview();
    assert_eq!(orders.len(), 500);
    let count = |fits: &dyn Fn(&&Overview) -> bool| orders.iter().filter(fits).count();
    let before = |o: &&Overview| o.call_date < activation;
    assert_eq!(count(&|o| before(o)), 300);
    assert_eq!(
        count(&|o| before(o) && o.status.primary == Primary::InProgress),
        60
    );
    assert!(count(&|o| before(o) && o.status.primary == Primary::Open) > 100);
    assert!(count(&|o| !before(o) && o.status.below() == "CANCELLED") > 0);
    assert!(count(&|o| !before(o) && o.status.below() == "DECLINED") > 0);
    assert!(count(&|o| o.priority.is_none()) > 0);
    let mut priorities: Vec<_> = orders.iter().filter_map(|o| o.priority.clone()).collect();
    priorities.sort();
    priorities.dedup();
    assert!(priorities.len() >= 10, "{priorities:?}");
    let distinct: std::collections::BTreeSet<_> = orders.iter().map(|o| o.updated_date).collect();
    assert_eq!(
        distinct.len(),
        500,
        "no two share a tick unless a test says so"
    );
    let page = sc
        .list(&[(
            "$filter",
            "contains(Description,'&') and contains(Description,'<')",
        )])
        .await;
    assert!(!rows(&page).is_empty());
}

#[tokio::test]
async fn people_work_over_control_calls() {
    let sc = Sc::new().await;
    let body = json!({ "count": 2, "edit": { "description": "Sink <broken>", "nte": 12.5 } });
    let made = sc.control(Method::POST, "/workorders", Some(body)).await;
    assert_eq!(made.status, 201);
    let id = made.json()["ids"][0].as_i64().unwrap();
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(
        (&order["Description"], &order["Nte"]),
        (&json!("Sink <broken>"), &json!(12.5))
    );

    let path = |rest: &str| format!("/workorders/{id}{rest}");
    let edit = sc
        .control(Method::PATCH, &path(""), Some(json!({ "priority": "LOW" })))
        .await;
    assert!(edit.ok()["updated_date"].is_string());
    let status = json!({ "primary": "COMPLETED", "extended": "CANCELLED" });
    sc.control(Method::POST, &path("/status"), Some(status))
        .await
        .ok();
    let note = sc
        .control(
            Method::POST,
            &path("/notes"),
            Some(json!({ "text": "hello" })),
        )
        .await;
    assert_eq!(note.status, 204);
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(order["Priority"], "LOW");
    assert_eq!(order["Status"]["Extended"], "CANCELLED");
    assert_eq!(order["Notes"]["Last"]["NoteData"], "hello");

    let tick = sc.control(
        Method::POST,
        "/workorders/same-tick",
        Some(json!({ "ids": made.json()["ids"] })),
    );
    let stamp = tick.await.ok()["updated_date"].as_str().unwrap().to_owned();
    let found = sc
        .list(&[("$filter", &format!("UpdatedDate eq {stamp}"))])
        .await;
    assert_eq!(json!(ids(&found)), made.json()["ids"]);

    let late = sc
        .control(Method::POST, &path("/late"), Some(json!({ "for": "1h" })))
        .await;
    assert_eq!(late.status, 204);
    let found = sc
        .list(&[("$filter", &format!("UpdatedDate eq {stamp}"))])
        .await;
    assert_eq!(ids(&found), [id + 1]);
    let elsewhere = json!({ "provider": 2_090_000_002 });
    let moved = sc
        .control(Method::POST, &path("/provider"), Some(elsewhere))
        .await;
    assert_eq!(moved.status, 204);
    assert_eq!(
        sc.get(&format!("/v3/workorders/{id}")).await.refusal(),
        (400, 502)
    );

    let unknown = sc
        .control(Method::PATCH, "/workorders/5", Some(json!({ "nte": 1.0 })))
        .await;
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.json()["error"], "there is no work order 5");
}

#[tokio::test]
async fn a_subscriber_takes_another_name() {
    let sc = Sc::new().await;
    let list = sc.control(Method::GET, "/subscribers", None).await.ok();
    assert_eq!(
        (&list[0]["id"], &list[0]["name"]),
        (&json!(2_010_000_001_i64), &json!("Acme Retail"))
    );
    let renamed = sc.control(
        Method::PATCH,
        "/subscribers/2010000001",
        Some(json!({ "name": "Acme & Sons" })),
    );
    assert_eq!(renamed.await.status, 204);
    assert_eq!(
        sc.world().subscribers()[0],
        (SubscriberId(2_010_000_001), "Acme & Sons".to_owned())
    );
    let found = sc
        .list(&[
            ("$filter", "Subscriber/Name eq 'Acme & Sons'"),
            ("$expand", "Subscriber"),
            ("$top", "1"),
        ])
        .await;
    assert_eq!(rows(&found)[0]["Subscriber"]["Name"], "Acme & Sons");
}

#[tokio::test]
async fn reset_brings_the_seed_back() {
    let sc = Sc::new().await;
    sc.world().arrive(3);
    sc.get("/v3/workorders").await.ok();
    assert_eq!(sc.control(Method::POST, "/reset", None).await.status, 204);
    assert_eq!(sc.world().overview().len(), 500);
    let audit = sc.control(Method::GET, "/audit?last=10", None).await.ok();
    assert_eq!(
        (&audit["summary"]["requests"], &audit["log"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(
        sc.get("/v3/workorders").await.status,
        401,
        "tokens are gone too"
    );
}

#[tokio::test]
async fn settings_can_be_read_and_written() {
    let sc = Sc::new().await;
    let mut settings = sc.control(Method::GET, "/settings", None).await.ok();
    assert_eq!(settings["refresh"], "keep");
    settings["null_members"] = json!("written");
    sc.control(Method::PUT, "/settings", Some(settings.clone()))
        .await
        .ok();
    assert_eq!(
        sc.control(Method::GET, "/settings", None).await.ok(),
        settings
    );
}

#[tokio::test]
async fn a_recorder_is_shown_both_halves_of_every_exchange() {
    let sc = Sc::new().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    sc.world()
        .kit()
        .recorder
        .record(move |exchange| sink.lock().unwrap().push(exchange));
    let reply = sc.query("/v3/odata/workorders", &[("$top", "1")]).await;
    sc.put("/v3/workorders/5/nte", json!({ "Value": "1" }))
        .await;
    sc.control(Method::GET, "/clock", None).await.ok();
    sc.world().kit().recorder.stop();
    sc.get("/v3/workorders").await.ok();

    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.len(),
        2,
        "no control calls, and nothing after the stop"
    );
    assert_eq!(seen[0].path, "/v3/odata/workorders");
    assert_eq!(seen[0].query.as_deref(), Some("%24top=1"));
    assert_eq!(seen[0].reply_body, reply.text);
    assert!(seen[0].headers.contains_key("authorization"));
    assert_eq!(
        (seen[1].method.as_str(), seen[1].status.as_u16()),
        ("PUT", 400)
    );
    assert_eq!(seen[1].body, r#"{"Value":"1"}"#);
}
