//! Coming and going.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use super::{open, status};
use crate::sandbox::{Reply, Sc, rows};

/// An open work order of the n-th subscriber that is no maintenance, which may have expired.
fn repair(sc: &Sc, subscriber: usize) -> WorkOrderId {
    let id = open(sc, subscriber);
    let edit = Edit {
        category: Some("REPAIR".to_owned()),
        ..Edit::default()
    };
    sc.world().edit(id, edit).unwrap();
    id
}

async fn come(sc: &Sc, id: WorkOrderId, body: Value) -> Reply {
    sc.post(&format!("/v3/workorders/{id}/universalCheckIn"), body)
        .await
}

async fn go(sc: &Sc, id: WorkOrderId, body: Value) -> Reply {
    sc.post(&format!("/v3/workorders/{id}/universalCheckOut"), body)
        .await
}

#[tokio::test]
async fn coming_and_going_moves_a_work_order_on() {
    let sc = Sc::new().await;
    let id = repair(&sc, 0);
    let out = json!({ "WorkTypeId": 1, "PrimaryStatus": "Incomplete", "ActionStatus": "Complete" });
    assert_eq!(go(&sc, id, out.clone()).await.refusal(), (400, 503));
    let body = json!({ "WorkTypeId": 1, "TechsCount": 2, "CheckInTime": "2026-11-02T07:30:00Z" });
    let came = come(&sc, id, body.clone()).await.ok();
    assert_eq!(status(&sc, id).await, "IN PROGRESS/ON SITE");
    assert_eq!(come(&sc, id, body).await.refusal(), (400, 503));
    assert_eq!(
        go(&sc, id, json!({ "WorkTypeId": 1 })).await.refusal(),
        (400, 503)
    );
    assert_eq!(
        go(&sc, id, out).await.ok()["MechanicId"],
        came["MechanicId"]
    );
    assert_eq!(status(&sc, id).await, "IN PROGRESS/INCOMPLETE");

    come(&sc, id, json!({ "WorkTypeId": 1 })).await.ok();
    let done =
        json!({ "WorkTypeId": 1, "PrimaryStatus": "Completed", "Resolution": "Fan replaced" });
    go(&sc, id, done).await.ok();
    assert_eq!(status(&sc, id).await, "COMPLETED/PENDING CONFIRMATION");
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(
        (&order["Resolution"], &order["HasWorkActivity"]),
        (&json!("Fan replaced"), &json!(true))
    );
    let path = format!("/v3/odata/workorders({id})/Service.CheckInActivity(loadBlocked=false)");
    let history = sc.get(&path).await.ok();
    assert_eq!(rows(&history).len(), 4);
    assert_eq!(rows(&history)[0]["Action"], "CheckIn");
    let audit = sc.world().kit().audit.summary();
    assert_eq!(
        (audit.created("check_ins"), audit.created("check_outs")),
        (2, 2)
    );
    assert_eq!(audit.doubles(), 0);
}

#[tokio::test]
async fn travel_and_what_is_called_off_move_nothing() {
    let sc = Sc::new().await;
    let id = repair(&sc, 0);
    come(&sc, id, json!({ "WorkTypeId": 2 })).await.ok();
    assert_eq!(status(&sc, id).await, "OPEN/");
    come(&sc, id, json!({ "WorkTypeId": 1 })).await.ok();
    let cancel = json!({ "WorkTypeId": 1, "ActionStatus": "Cancel" });
    go(&sc, id, cancel).await.ok();
    assert_eq!(status(&sc, id).await, "IN PROGRESS/ON SITE");
    assert_eq!(
        come(&sc, id, json!({ "WorkTypeId": 9 })).await.refusal(),
        (400, 503)
    );
}

#[tokio::test]
async fn a_client_may_want_a_place_or_a_telephone_call() {
    let sc = Sc::new().await;
    let gps = repair(&sc, 1);
    assert_eq!(
        come(&sc, gps, json!({ "WorkTypeId": 1 })).await.refusal(),
        (400, 503)
    );
    let far = json!({ "WorkTypeId": 1, "Latitude": 0.0, "Longitude": 0.0 });
    assert_eq!(come(&sc, gps, far).await.refusal(), (400, 941));
    let radius = sc
        .get(&format!("/v3/workorders/{gps}/GPSRadius"))
        .await
        .ok();
    let near = json!({ "WorkTypeId": 1, "Latitude": radius["LocLatitude"],
                       "Longitude": radius["LocLongitude"] });
    come(&sc, gps, near).await.ok();

    let ivr = repair(&sc, 2);
    assert_eq!(
        come(&sc, ivr, json!({ "WorkTypeId": 1 })).await.refusal(),
        (400, 924)
    );
    let order = sc.get(&format!("/v3/workorders/{ivr}")).await.ok();
    assert_eq!(order["IsCheckInDenied"], true);
    let done = repair(&sc, 0);
    sc.world()
        .set_status(done, Status::plain(Primary::Completed))
        .unwrap();
    assert_eq!(
        come(&sc, done, json!({ "WorkTypeId": 1 })).await.refusal(),
        (400, 924)
    );
    let out = json!({ "WorkTypeId": 1, "PrimaryStatus": "Completed" });
    assert_eq!(go(&sc, done, out).await.refusal(), (400, 925));
    assert_eq!(sc.get("/v3/worktypes").await.ok()[1]["Name"], "Travel");
}
