//! Invoices: what is wrong with one, and what becomes of it.

use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use super::open;
use crate::sandbox::{Sc, ids, rows};

/// A work order of the n-th subscriber that is done and may cost 500.
fn done(sc: &Sc, subscriber: usize) -> WorkOrderId {
    let id = open(sc, subscriber);
    let edit = Edit {
        nte: Some(500.0),
        trade: Some("HVAC".to_owned()),
        ..Edit::default()
    };
    sc.world().edit(id, edit).unwrap();
    let status = Status::of(Primary::Completed, "CONFIRMED");
    sc.world().set_status(id, status).unwrap();
    id
}

fn invoice(id: WorkOrderId, number: &str) -> Value {
    json!({
        "InvoiceNumber": number, "WoIdentifier": id.to_string(),
        "InvoiceDateDTO": "2026-11-02T14:00:00-05:00",
        "InvoiceTotal": 120.0, "InvoiceTax": 15.0, "InvoiceText": "Replaced the fan",
        "InvoiceAmountsDetails": { "LaborAmount": 105 },
        "Labors": [{ "SkillLevel": "2", "LaborType": 1, "NumOfTech": 1, "HourlyRate": 105,
                     "Hours": 1, "Amount": 105 }],
    })
}

fn with(mut body: Value, changes: Value) -> Value {
    let changes = changes.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(changes);
    body
}

async fn codes(sc: &Sc, body: Value) -> Vec<i64> {
    let reply = sc.post("/v3/invoices", body).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let body = reply.json();
    let codes = body["ErrorCodes"].as_array().unwrap();
    assert_eq!(codes[0], body["ErrorCode"]);
    codes.iter().map(|code| code.as_i64().unwrap()).collect()
}

async fn act(sc: &Sc, invoice: i64, action: &str) -> u16 {
    let body = json!({ "action": action, "comments": "too dear" });
    let path = format!("/invoices/{invoice}");
    let reply = sc.control(Method::POST, &path, Some(body)).await;
    reply.status.as_u16()
}

#[tokio::test]
async fn an_invoice_freezes_its_work_order_and_there_is_only_one() {
    let sc = Sc::new().await;
    let id = done(&sc, 0);
    let reply = sc.post("/v3/invoices", invoice(id, "A1")).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let number = reply.json()["Id"].as_i64().unwrap();
    let order = sc.get(&format!("/v3/workorders/{id}")).await.ok();
    assert_eq!(order["IsInvoiced"], true);
    let body = json!({ "Status": { "Primary": "IN PROGRESS", "Extended": "ON SITE" } });
    let path = format!("/v3/workorders/{id}/status");
    assert_eq!(sc.put(&path, body).await.refusal(), (400, 921));
    assert_eq!(codes(&sc, invoice(id, "A2")).await, [1105]);
    let read = sc.get(&format!("/v3/invoices/{number}")).await.ok();
    assert_eq!(
        (&read["Status"], &read["Number"], &read["WoTrackingNumber"]),
        (&json!("Open"), &json!("A1"), &json!(id))
    );
    assert_eq!(
        (&read["Subtotal"], &read["InvoiceBalance"]),
        (&json!(105.0), &json!(120.0))
    );
    assert_eq!(sc.get("/v3/invoices/5").await.status, 404);
    let audit = sc.world().kit().audit.summary();
    assert_eq!((audit.created("invoices"), audit.doubles()), (1, 0));
}

#[tokio::test]
async fn only_what_is_done_is_invoiced() {
    let sc = Sc::new().await;
    for (subscriber, status) in [
        (0, Status::of(Primary::Completed, "PENDING CONFIRMATION")),
        (0, Status::of(Primary::InProgress, "ON SITE")),
    ] {
        let id = done(&sc, subscriber);
        sc.world().set_status(id, status).unwrap();
        assert_eq!(codes(&sc, invoice(id, "B1")).await[0], 904);
    }
    assert_eq!(codes(&sc, invoice(WorkOrderId(5), "B1")).await, [917]);
    let id = done(&sc, 2);
    let refused = sc.post("/v3/invoices", invoice(id, "1")).await;
    assert_eq!(refused.refusal(), (401, 504));
    let id = done(&sc, 1);
    sc.put(
        &format!("/v3/workorders/{id}/wonumber"),
        json!({ "Value": "J-1" }),
    )
    .await
    .ok();
    let by_number = with(invoice(id, "B2"), json!({ "WoIdentifier": "J-1" }));
    assert_eq!(sc.post("/v3/invoices", by_number).await.status, 201);
}

#[tokio::test]
async fn what_is_wrong_is_said_by_its_code() {
    let sc = Sc::new().await;
    let id = done(&sc, 0);
    let mut line = invoice(id, "C1")["Labors"][0].clone();
    line["SkillLevel"] = json!(4);
    for (changes, expected) in [
        (json!({ "InvoiceNumber": "" }), 503),
        (json!({ "InvoiceNumber": "C-1" }), 1180),
        (json!({ "InvoiceTotal": 119.0 }), 1103),
        (json!({ "InvoiceTotal": null }), 1108),
        (json!({ "InvoiceText": " " }), 1163),
        (json!({ "InvoiceDateDTO": "2026-11-01T00:00:00Z" }), 1110),
        (json!({ "InvoiceDateDTO": "2026-11-09T00:00:00Z" }), 1122),
        (json!({ "InvoiceDateDTO": "yesterday" }), 503),
        (json!({ "InvoiceTotal": 520.0, "InvoiceTax": 415.0 }), 1104),
        (
            json!({ "InvoiceTotal": 125.0, "Tax2Details": { "Tax2Amount": 5 } }),
            1136,
        ),
        (json!({ "Labors": [line] }), 1194),
        (
            json!({ "InvoiceTotal": 115.0, "InvoiceAmountsDetails": { "LaborAmount": 100 } }),
            1119,
        ),
        (
            json!({ "Materials": [{ "Amount": 3, "UnitType": 8 }] }),
            1120,
        ),
        (json!({ "SubmitDisputed": true }), 1198),
    ] {
        let found = codes(&sc, with(invoice(id, "C1"), changes.clone())).await;
        assert_eq!(found[0], expected, "{changes}: {found:?}");
    }
    let two = json!({ "InvoiceText": "", "InvoiceTotal": 1.0 });
    assert_eq!(codes(&sc, with(invoice(id, "C1"), two)).await, [1103, 1163]);
    let lines = done(&sc, 1);
    assert_eq!(
        codes(&sc, with(invoice(lines, "C2"), json!({ "Labors": [] }))).await,
        [1151]
    );
    let edit = json!({ "invoices": { "sales_tax": "denied" } });
    let subscriber = sc.world().subscribers()[1].0;
    sc.control(
        Method::PATCH,
        &format!("/subscribers/{subscriber}"),
        Some(edit),
    )
    .await;
    assert_eq!(codes(&sc, invoice(lines, "C2")).await, [11_260]);
}

#[tokio::test]
async fn a_rejected_invoice_needs_another_number() {
    let sc = Sc::new().await;
    let id = done(&sc, 0);
    let add = async |number: &str| {
        let reply = sc.post("/v3/invoices", invoice(id, number)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["Id"].as_i64().unwrap()
    };
    let first = add("D1").await;
    assert_eq!(
        act(&sc, first, "pay").await,
        400,
        "only what is approved is paid"
    );
    assert_eq!(act(&sc, first, "reject").await, 204);
    assert_eq!(
        act(&sc, first, "approve").await,
        400,
        "a rejected one stays rejected"
    );
    let read = sc.get(&format!("/v3/invoices/{first}")).await.ok();
    assert_eq!(read["RejectionReasonDescription"], "too dear");
    assert_eq!(codes(&sc, invoice(id, "d1")).await, [1107]);
    let second = add("D2").await;
    for action in ["approve", "pay"] {
        assert_eq!(act(&sc, second, action).await, 204);
    }
    let filter = [
        ("$filter", "Status eq 'Paid' and InvoiceTotal gt 100"),
        ("$count", "true"),
    ];
    let paid = sc.query("/v3/odata/invoices", &filter).await.ok();
    assert_eq!(
        (ids(&paid), &paid["@odata.count"]),
        (vec![second], &json!(1))
    );
    let row = &rows(&paid)[0];
    assert_eq!(row["InvoiceBalance"], 0.0);
    assert_eq!(row["Payments"][0]["PaymentAmount"], 120.0);
    let history: Vec<_> = row["StatusHistoryShort"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(history.last().unwrap()["Status"], "Paid");
    let over_http = sc.control(Method::GET, "/invoices", None).await.ok();
    assert_eq!(over_http[0]["status"], "rejected");
}

#[tokio::test]
async fn invoices_are_listed_for_as_long_as_documented() {
    let mut sc = Sc::new().await;
    let id = done(&sc, 0);
    sc.post("/v3/invoices", invoice(id, "E1")).await;
    sc.world()
        .kit()
        .clock
        .advance(std::time::Duration::from_secs(91 * 86_400));
    let token = sc.log_in().await;
    sc.token = token;
    let page = sc.get("/v3/odata/invoices").await.ok();
    assert_eq!(ids(&page), Vec::<i64>::new());
    let filter = [("$filter", "PostedDate ge 2026-01-01T00:00:00Z")];
    let page = sc.query("/v3/odata/invoices", &filter).await.ok();
    assert_eq!(ids(&page).len(), 1);
}

#[tokio::test]
async fn what_a_client_asks_of_invoices_can_be_read() {
    let sc = Sc::new().await;
    let subscriber = |index: usize| sc.world().subscribers()[index].0;
    let path = |index: usize, what: &str| format!("/v3/invoices/{}/{what}", subscriber(index));
    let acme = sc.get(&path(0, "InvoiceRequirements")).await.ok();
    assert_eq!(acme["DaysBeforePostingDate"], 60);
    let pattern = &acme["NumberRequirementsModel"]["InvoiceNumberRequirement"]["Pattern"];
    assert_eq!(pattern, r"^\w*$");
    let bluebird = sc.get(&path(1, "InvoiceRequirements")).await.ok();
    let order = sc
        .get(&format!("/v3/workorders/{}", done(&sc, 1)))
        .await
        .ok();
    assert_eq!(bluebird["LaborTradeIds"][0], order["TradeId"]);
    assert_eq!(
        sc.get(&path(0, "InvoiceRejectionReasons")).await.ok()[0]["Id"],
        1
    );
    let nobody = sc.get("/v3/invoices/7/InvoiceRequirements").await;
    assert_eq!(nobody.refusal(), (400, 503));
}
