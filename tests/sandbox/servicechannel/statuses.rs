//! Which statuses a provider can set, what they demand, and what is written down about them.

use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::ledger::{Author, What};
use syncline::sandbox::servicechannel::model::WorkOrderId;

use super::{open, status};
use crate::sandbox::Sc;

async fn set(sc: &Sc, id: WorkOrderId, primary: &str, extended: &str) -> crate::sandbox::Reply {
    let body = json!({ "Status": { "Primary": primary, "Extended": extended } });
    sc.put(&format!("/v3/workorders/{id}/status"), body).await
}

async fn offered(sc: &Sc, id: WorkOrderId) -> Vec<String> {
    let path = format!("/v3/workorders/{id}/statuses");
    let options = sc.get(&path).await.ok();
    let all = options.as_array().unwrap().iter().flat_map(|option| {
        let below = option["Extended"].as_array().unwrap().iter();
        below.map(|name| format!("{}/{}", option["Name"], name).replace('"', ""))
    });
    all.collect()
}

async fn subscriber_of(sc: &Sc, id: WorkOrderId) -> i64 {
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    order["Subscriber"]["Id"].as_i64().unwrap()
}

async fn agree(sc: &Sc, id: WorkOrderId, edit: Value) {
    let path = format!("/subscribers/{}", subscriber_of(sc, id).await);
    let reply = sc.control(Method::PATCH, &path, Some(edit)).await;
    assert_eq!(reply.status, 204, "{reply:?}");
}

#[tokio::test]
async fn the_catalogue_and_the_permissions_of_a_client_change_what_is_offered() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let before = offered(&sc, id).await;
    assert!(
        before.contains(&"IN PROGRESS/ON SITE".to_owned()),
        "{before:?}"
    );
    assert!(
        !before.contains(&"COMPLETED/CONFIRMED".to_owned()),
        "{before:?}"
    );

    let statuses = json!([
        { "primary": "IN PROGRESS", "name": "Crew under way" },
        { "primary": "COMPLETED", "name": "CONFIRMED" },
    ]);
    let edit = json!({ "statuses": statuses, "permissions": { "complete_billable": "granted" } });
    agree(&sc, id, edit).await;
    assert_eq!(
        offered(&sc, id).await,
        ["IN PROGRESS/CREW UNDER WAY", "COMPLETED/CONFIRMED"]
    );
    assert_eq!(
        set(&sc, id, "IN PROGRESS", "ON SITE").await.refusal(),
        (400, 904)
    );
    set(&sc, id, "IN PROGRESS", "Crew Under Way").await.ok();
    set(&sc, id, "COMPLETED", "").await.ok();

    let wrong = json!({ "permissions": { "complete_billable": "perhaps" } });
    let path = format!("/subscribers/{}", subscriber_of(&sc, id).await);
    assert_eq!(
        sc.control(Method::PATCH, &path, Some(wrong)).await.status,
        400
    );
    let terms = sc.control(Method::GET, "/subscribers", None).await.ok();
    assert_eq!(terms[0]["permissions"]["complete_billable"], "granted");
    assert_eq!(terms[0]["statuses"][1]["name"], "CONFIRMED");
}

#[tokio::test]
async fn without_the_permission_no_status_is_set() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    agree(
        &sc,
        id,
        json!({ "permissions": { "status_change": "denied" } }),
    )
    .await;
    assert_eq!(
        set(&sc, id, "IN PROGRESS", "ON SITE").await.refusal(),
        (401, 504)
    );
}

#[tokio::test]
async fn declined_is_offered_while_open_and_needs_a_reason() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/status");
    let declined = json!({ "Primary": "OPEN", "Extended": "DECLINED" });
    let decline = async |more: Value| {
        let mut body = json!({ "Status": declined });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        sc.put(&path, body).await
    };
    assert_eq!(decline(json!({})).await.refusal(), (400, 9001));
    let custom = json!({ "DeclineReasonId": 2, "CustomDeclineReason": "no" });
    assert_eq!(decline(custom).await.refusal(), (400, 9002));
    set(&sc, id, "IN PROGRESS", "ON SITE").await.ok();
    assert!(!offered(&sc, id).await.contains(&"OPEN/DECLINED".to_owned()));
    assert_eq!(
        decline(json!({ "DeclineReasonId": 1 })).await.refusal(),
        (400, 904)
    );
}

#[tokio::test]
async fn what_a_status_demands_must_be_there_first() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let pending = async || set(&sc, id, "COMPLETED", "PENDING CONFIRMATION").await;
    assert_eq!(pending().await.refusal(), (400, 503));
    let path = format!("/v3/workorders/{id}/resolution");
    assert_eq!(
        sc.post(&path, json!({ "Resolution": "" })).await.refusal(),
        (400, 503)
    );
    let reply = sc
        .post(&path, json!({ "Resolution": "Replaced the fan" }))
        .await;
    assert_eq!(reply.status, 201);
    assert!(reply.json()["id"].is_i64());

    let order = format!("/workorders/{id}");
    let past = json!({ "scheduled_date": "2026-10-01T00:00:00Z" });
    sc.control(Method::PATCH, &order, Some(past)).await.ok();
    let parts = async || set(&sc, id, "IN PROGRESS", "PARTS ON ORDER").await;
    assert_eq!(parts().await.refusal(), (400, 503));
    let value = json!({ "Value": "2026-11-02T20:00:00Z" });
    sc.put(&format!("/v3/workorders/{id}/scheduledate"), value)
        .await
        .ok();
    parts().await.ok();
    pending().await.ok();
    let read = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(read["Resolution"], "Replaced the fan");
    assert_eq!(read["Status"]["CanCreateInvoice"], false);
    sc.control(
        Method::POST,
        &format!("{order}/status"),
        Some(json!({ "primary": "COMPLETED" })),
    )
    .await
    .ok();
    let read = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(read["Status"]["CanCreateInvoice"], true);
    assert_eq!(
        sc.post(&path, json!({ "Resolution": "again" }))
            .await
            .refusal(),
        (400, 904)
    );
}

#[tokio::test]
async fn every_write_is_written_down_with_what_was_there_before() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    set(&sc, id, "IN PROGRESS", "ON SITE").await.ok();
    set(&sc, id, "COMPLETED", "").await.refusal();
    sc.world().cancel(id).unwrap();
    let writes = sc.world().writes();
    let mine = writes.iter().filter(|write| write.work_order == id);
    let lines: Vec<_> = mine
        .clone()
        .filter(|write| write.what == What::Status)
        .map(|write| {
            (
                write.before.as_str(),
                write.after.as_str(),
                write.offered,
                write.refused,
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("OPEN", "IN PROGRESS / ON SITE", Some(true), None),
            ("IN PROGRESS / ON SITE", "COMPLETED", Some(false), Some(904)),
            (
                "IN PROGRESS / ON SITE",
                "COMPLETED / CANCELLED",
                Some(true),
                None
            ),
        ]
    );
    let by: Vec<_> = mine.map(|write| &write.by).collect();
    assert!(matches!(by[0], Author::Api { user, .. } if user.as_ref() == "api@best.example"));
    assert!(matches!(by.last().unwrap(), Author::Person { .. }));
    assert_eq!(status(&sc, id).await, "COMPLETED/CANCELLED");
    let over_http = sc.control(Method::GET, "/writes?after=1", None).await.ok();
    assert_eq!(over_http.as_array().unwrap().len(), writes.len() - 1);
    assert_eq!(over_http[0]["refused"], 904);
}

#[tokio::test]
async fn one_change_written_twice_is_a_double() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let doubles = || sc.world().kit().audit.summary().doubles();
    for below in ["ON SITE", "INCOMPLETE", "ON SITE"] {
        set(&sc, id, "IN PROGRESS", below).await.ok();
    }
    assert_eq!(sc.world().kit().audit.summary().created("statuses"), 3);
    assert_eq!(doubles(), 0);
    set(&sc, id, "IN PROGRESS", "ON SITE").await.ok();
    assert_eq!(doubles(), 1);
    let path = format!("/v3/workorders/{id}/scheduledate");
    for _ in 0..2 {
        sc.put(&path, json!({ "Value": "2026-11-02T21:00:00Z" }))
            .await
            .ok();
    }
    assert_eq!(doubles(), 2);
}

#[tokio::test]
async fn texts_are_the_clients_and_the_number_is_the_providers() {
    let sc = Sc::new().await;
    let (acme, bluebird) = (open(&sc, 0), open(&sc, 1));
    let put = async |id: WorkOrderId, member: &str, value: &str| {
        sc.put(
            &format!("/v3/workorders/{id}/{member}"),
            json!({ "Value": value }),
        )
        .await
    };
    assert_eq!(put(acme, "priority", "P1").await.refusal(), (401, 504));
    put(bluebird, "priority", "URGENT").await.ok();
    put(bluebird, "description", "Sink & drain").await.ok();
    put(acme, "wonumber", "J-77").await.ok();
    assert_eq!(
        put(bluebird, "wonumber", "J-77").await.refusal(),
        (400, 923)
    );
    assert_eq!(
        put(bluebird, "wonumber", &"9".repeat(21)).await.refusal(),
        (400, 923)
    );
    assert_eq!(put(bluebird, "weather", "fine").await.status, 404);
    let read = sc.get(&format!("/v3/workorders/{bluebird}")).await.ok();
    assert_eq!(
        (&read["Priority"], &read["Description"]),
        (&json!("URGENT"), &json!("Sink & drain"))
    );
    let terms = format!(
        "/v3/subscribers/{}/workOrderRescheduleReasons",
        subscriber_of(&sc, acme).await
    );
    assert_eq!(sc.get(&terms).await.ok()[0]["Id"], 1);
}
