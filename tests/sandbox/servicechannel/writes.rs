//! What a provider writes, and what subscribers do not let it write.

use chrono::{DateTime, Utc};
use serde_json::json;
use syncline::sandbox::servicechannel::model::WorkOrderId;

use super::{open, status};
use crate::sandbox::{Sc, start};

fn updated(sc: &Sc, id: WorkOrderId) -> DateTime<Utc> {
    sc.world()
        .overview()
        .into_iter()
        .find(|order| order.id == id)
        .unwrap()
        .updated_date
}

#[tokio::test]
async fn accepting_moves_an_open_work_order_on() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/accept");
    let before = updated(&sc, id);
    let reply = sc.put(&path, json!({ "Note": "We come." })).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
    assert_eq!(status(&sc, id).await, "IN PROGRESS/DISPATCH CONFIRMED");
    assert!(updated(&sc, id) > before);
    assert_eq!(sc.put(&path, json!({})).await.refusal(), (400, 5202));
    let decline = format!("/v3/workorders/{id}/decline");
    assert_eq!(sc.put(&decline, json!({})).await.refusal(), (400, 904));
    assert_eq!(
        sc.put("/v3/workorders/0/accept", json!({})).await.status,
        404
    );
    assert_eq!(
        sc.put("/v3/workorders/5/accept", json!({})).await.refusal(),
        (400, 502)
    );
    let refused = sc
        .put(
            &format!("/v3/workorders/{}/accept", open(&sc, 2)),
            json!({}),
        )
        .await;
    assert_eq!(refused.refusal(), (400, 804));
}

#[tokio::test]
async fn declining_needs_a_known_reason() {
    let sc = Sc::new().await;
    let id = open(&sc, 1);
    let path = format!("/v3/workorders/{id}/decline");
    assert_eq!(
        sc.put(&path, json!({ "DeclineReasonId": 9 }))
            .await
            .refusal(),
        (400, 9002)
    );
    assert_eq!(
        sc.put(&path, json!({ "DeclineReasonId": 1 })).await.status,
        200
    );
    assert_eq!(status(&sc, id).await, "OPEN/DECLINED");
    assert_eq!(
        sc.put(&path, json!({ "DeclineReasonId": 1 }))
            .await
            .refusal(),
        (400, 5201)
    );
}

#[tokio::test]
async fn a_status_is_set_as_far_as_the_subscriber_has_and_grants_it() {
    let sc = Sc::new().await;
    let set = async |id: WorkOrderId, primary: &str, extended: &str| {
        let body = json!({ "Status": { "Primary": primary, "Extended": extended }, "Note": "" });
        sc.put(&format!("/v3/workorders/{id}/status"), body).await
    };
    let acme = open(&sc, 0);
    let reply = set(acme, "In Progress", "ON SITE").await.ok();
    assert_eq!(reply["id"], acme.0);
    assert_eq!(
        reply["result"],
        "Status has been changed from '<b>OPEN</b>' to '<b>IN PROGRESS / ON SITE</b>'"
    );
    set(acme, "2", "Parts Shipped").await.ok();
    assert_eq!(status(&sc, acme).await, "IN PROGRESS/PARTS SHIPPED");
    for (primary, extended) in [
        ("COMPLETED", ""),
        ("COMPLETED", "CONFIRMED"),
        ("IN PROGRESS", "WAITING FOR APPROVAL"),
        ("IN PROGRESS", "GONE FISHING"),
        ("VOID", ""),
    ] {
        assert_eq!(
            set(acme, primary, extended).await.refusal(),
            (400, 904),
            "{primary}/{extended}"
        );
    }
    let resolution = json!({ "Resolution": "Replaced the fan" });
    sc.post(&format!("/v3/workorders/{acme}/resolution"), resolution)
        .await;
    set(acme, "COMPLETED", "PENDING CONFIRMATION").await.ok();

    let bluebird = open(&sc, 1);
    assert_eq!(
        set(bluebird, "IN PROGRESS", "PARTS SHIPPED")
            .await
            .refusal(),
        (400, 904)
    );
    set(bluebird, "COMPLETED", "").await.ok();
    let done = sc.get(&format!("/v3/workorders/{bluebird}")).await.ok();
    assert!(done["CompletedDate"].is_string());
    assert_eq!(
        set(open(&sc, 2), "IN PROGRESS", "ON SITE").await.refusal(),
        (400, 904)
    );
    let path = format!("/v3/workorders/{acme}/status");
    assert_eq!(
        sc.put(&path, json!({ "Primary": "OPEN" })).await.refusal(),
        (400, 503)
    );
}

#[tokio::test]
async fn an_invoiced_work_order_is_frozen() {
    let sc = Sc::new().await;
    let filter = [(
        "$filter",
        "IsInvoiced eq true and CallDate ge 2025-12-01T00:00:00Z",
    )];
    let id = crate::sandbox::ids(&sc.list(&filter).await)[0];
    let body = json!({ "Status": { "Primary": "IN PROGRESS", "Extended": "ON SITE" } });
    let path = format!("/v3/workorders/{id}/status");
    let refused = sc.put(&path, body).await;
    assert_eq!(refused.refusal(), (400, 921));
    assert_eq!(
        refused.json()["ErrorMessage"],
        "Cannot update invoiced Work order"
    );
}

#[tokio::test]
async fn the_scheduled_date_stays_between_call_and_expiration() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/scheduledate");
    let set = async |value: &str| sc.put(&path, json!({ "Value": value })).await;
    for wrong in [
        "tomorrow",
        "2026-11-05 10:00",
        "2020-01-01T00:00:00Z",
        "2036-01-01T00:00:00Z",
    ] {
        let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
        if wrong.starts_with("2036") && order.get("ExpirationDate").is_none() {
            continue;
        }
        assert_eq!(set(wrong).await.refusal(), (400, 908), "{wrong}");
    }
    assert_eq!(
        set("2026-11-05T10:00:00-05:00").await.ok(),
        json!({ "id": id })
    );
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(order["ScheduledDate"], "2026-11-05T15:00:00Z");
    assert_eq!(order["ScheduledDate_DTO"], "2026-11-05T15:00:00+00:00");
}

#[tokio::test]
async fn only_who_may_edit_everything_sets_the_nte() {
    let sc = Sc::new().await;
    let set = async |id: WorkOrderId, value: serde_json::Value| {
        sc.put(
            &format!("/v3/workorders/{id}/nte"),
            json!({ "Value": value }),
        )
        .await
    };
    assert_eq!(
        set(open(&sc, 0), json!("10.00")).await.refusal(),
        (401, 504)
    );
    let id = open(&sc, 1);
    set(id, json!("850.25")).await.ok();
    assert_eq!(
        sc.get(&format!("/v3/workorders/{id}")).await.ok()["Nte"],
        json!(850.25)
    );
    for wrong in [json!("a lot"), json!("-1"), json!(850)] {
        assert_eq!(set(id, wrong).await.refusal(), (400, 905));
    }
}

#[tokio::test]
async fn notes_are_paged_the_newest_first() {
    let sc = Sc::new().await;
    let id = open(&sc, 0);
    let path = format!("/v3/workorders/{id}/notes");
    let before = updated(&sc, id);
    for number in 1..=12 {
        let body = json!({ "Note": format!("note {number}"), "MailedTo": "", "ActionRequired": number == 12 });
        let reply = sc.post(&path, body).await;
        assert_eq!(reply.status, 201);
        assert!(
            reply.json()["id"].as_i64().unwrap() > i64::from(i32::MAX),
            "ids outgrew 32 bits"
        );
    }
    assert!(updated(&sc, id) > before);
    let body = json!({ "Status": { "Primary": "IN PROGRESS", "Extended": "ON SITE" } });
    sc.put(&format!("/v3/workorders/{id}/status"), body)
        .await
        .ok();

    let page = sc.get(&path).await.ok();
    assert_eq!(page["Notes"].as_array().unwrap().len(), 10);
    assert_eq!(
        (
            &page["AllNotesCount"],
            &page["UserNotesCount"],
            &page["SystemNotesCount"]
        ),
        (&json!(13), &json!(12), &json!(1))
    );
    assert_eq!(page["Notes"][0]["NoteType"], "SystemNote");
    assert_eq!(page["Notes"][0]["CreatedBy"], ".");
    assert_eq!(page["Notes"][1]["NoteData"], "note 12");
    assert_eq!(page["Notes"][1]["NoteType"], "UsersNote");
    assert_eq!(page["Notes"][1]["ActionRequired"], true);
    assert_eq!(page["Notes"][1]["CreatedBy"], "api@best.example");
    let page = sc.query(&path, &[("paging", "2:5")]).await.ok();
    let texts: Vec<_> = page["Notes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["NoteData"].clone())
        .collect();
    assert_eq!(texts, ["note 8", "note 7", "note 6", "note 5", "note 4"]);
    for wrong in ["0:5", "1", "a:b", "1:0"] {
        assert_eq!(
            sc.query(&path, &[("paging", wrong)]).await.refusal(),
            (400, 922),
            "{wrong}"
        );
    }
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(order["Notes"]["Count"], json!({ "Own": 12, "Total": 13 }));
    assert_eq!(order["Notes"]["Last"]["CreatedBy"], ".");
}

#[tokio::test]
async fn notes_that_are_refused() {
    let sc = Sc::new().await;
    let path = format!("/v3/workorders/{}/notes", open(&sc, 0));
    assert_eq!(
        sc.post(&path, json!({ "Note": " " })).await.refusal(),
        (400, 503)
    );
    let pinned = sc
        .post(&path, json!({ "Note": "x", "IsPinned": true }))
        .await;
    assert_eq!(pinned.refusal(), (403, 100));
    assert_eq!(
        sc.post("/v3/workorders/0/notes", json!({ "Note": "x" }))
            .await
            .refusal(),
        (400, 917)
    );
    let hidden = sc
        .post(
            &path,
            json!({ "Note": "for the subscriber only", "Visibility": 3 }),
        )
        .await;
    assert_eq!(hidden.status, 201);
    assert_eq!(sc.get(&path).await.ok()["AllNotesCount"], 0);
    assert!(start() < sc.world().kit().clock.now());
}
