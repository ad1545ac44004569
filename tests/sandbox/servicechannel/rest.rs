//! Reading by REST: work orders, locations, statuses.

use std::time::Duration;

use serde_json::{Value, json};
use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicechannel::Settings;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::settings::NullMembers;

use crate::sandbox::Sc;

async fn list(sc: &Sc, query: &[(&str, &str)]) -> Vec<i64> {
    let rows = sc.query("/v3/workorders", query).await.ok();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["Id"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_list_is_an_array_of_50_at_most() {
    let sc = Sc::new().await;
    let first = list(&sc, &[]).await;
    assert_eq!(first.len(), 50);
    assert_eq!(
        list(&sc, &[("pageSize", "500"), ("unknown", "ignored")]).await,
        first
    );
    assert_eq!(
        list(&sc, &[("page", "2"), ("pageSize", "20")]).await,
        first[20..40]
    );
    assert_eq!(list(&sc, &[("page", "11")]).await.len(), 0);
    let open = list(&sc, &[("status", "open"), ("number", "31000010")]).await;
    assert!(!open.is_empty() && open.len() < 10, "{open:?}");
    let refused = sc.query("/v3/workorders", &[("page", "0")]).await;
    assert_eq!(refused.refusal(), (400, 922));
}

#[tokio::test]
async fn one_work_order_is_whole_but_its_location_is_not() {
    let sc = Sc::new().await;
    let order = sc.get("/v3/workorders/310000001").await.ok();
    assert_eq!(order["Id"], 310_000_001);
    assert_eq!(order["LocationId"], 0);
    assert_eq!(order["Provider"]["Id"], 2_090_000_001);
    assert!(order["Subscriber"]["Name"].is_string());
    let location = order["Location"].as_object().unwrap();
    assert!(location["Id"].is_i64() && location["StoreId"].is_string());
    for absent in ["Address1", "Address2", "City", "Zip"] {
        assert!(!location.contains_key(absent), "{absent}");
    }
    assert!(order.get("SubscriberId").is_none() && order.get("ProviderId").is_none());

    let full = sc
        .get(&format!("/v3/locations/{}", location["Id"]))
        .await
        .ok();
    for present in ["Address2", "City", "State", "Zip", "TimeZoneIanaName"] {
        assert!(full[present].is_string(), "{present}");
    }
}

#[tokio::test]
async fn members_without_a_value_are_left_out() {
    let sc = Sc::new().await;
    let orders = sc.get("/v3/workorders").await.ok();
    let orders = orders.as_array().unwrap();
    let without = |name: &str| {
        orders
            .iter()
            .filter(|order| order.get(name).is_none())
            .count()
    };
    assert!(
        without("Nte") > 0 && without("Nte") < 50,
        "{}",
        without("Nte")
    );
    assert!(without("CompletedDate") > 0 && without("ScheduledDate_DTO") > 0);
    let nulls = orders.iter().filter(|order| has_null(order)).count();
    assert_eq!(nulls, 0);

    sc.world().set(Settings {
        null_members: NullMembers::Written,
        ..Settings::unlimited()
    });
    let orders = sc.get("/v3/workorders").await.ok();
    assert!(
        orders
            .as_array()
            .unwrap()
            .iter()
            .all(|order| order.get("Nte").is_some())
    );
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[tokio::test]
async fn dates_come_twice_with_up_to_seven_digits() {
    let sc = Sc::new().await;
    let orders = sc.get("/v3/workorders").await.ok();
    let mut longest = 0;
    for order in orders.as_array().unwrap() {
        for name in ["UpdatedDate", "CallDate", "CreatedDate"] {
            let utc = order[name].as_str().unwrap();
            let twin = order[format!("{name}_DTO")].as_str().unwrap();
            assert!(utc.ends_with('Z') && (twin.ends_with("-05:00") || twin.ends_with("-04:00")));
            let instant = |text: &str| chrono::DateTime::parse_from_rfc3339(text).unwrap();
            assert_eq!(instant(utc), instant(twin));
            longest = longest.max(utc.len());
        }
    }
    assert_eq!(longest, "2026-11-02T08:00:00.1234567Z".len());
}

#[tokio::test]
async fn what_is_not_there_is_a_400_with_its_code() {
    let sc = Sc::new().await;
    assert_eq!(sc.get("/v3/workorders/5").await.refusal(), (400, 502));
    assert_eq!(sc.get("/v3/locations/5").await.refusal(), (400, 601));
    assert_eq!(
        sc.get("/v3/workorders/5/statuses").await.refusal(),
        (400, 502)
    );
    assert_eq!(sc.get("/v3/workorders/0/notes").await.refusal(), (400, 917));
    assert_eq!(
        sc.get("/v3/workorders/statuses?subscriberId=5")
            .await
            .refusal(),
        (400, 502)
    );
    let unknown = sc.get("/v3/no-such-thing").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["Message"].is_string());
    let attachments = sc.get("/v3/workorders/310000001/attachments").await;
    assert_eq!(attachments.json()["Error"]["Code"], "UnsupportedApiVersion");
    assert_eq!(
        sc.get("/v3/odata/locations(2005000001)").await.refusal(),
        (500, 501)
    );
    assert_eq!(sc.get("/v3/odata/providers").await.refusal(), (500, 501));
}

#[tokio::test]
async fn subscribers_have_their_own_statuses() {
    let sc = Sc::new().await;
    let mut names = Vec::new();
    for (id, _) in sc.world().subscribers() {
        let catalogue = sc
            .get(&format!("/v3/workorders/statuses?subscriberId={id}"))
            .await
            .ok();
        let primaries: Vec<_> = catalogue
            .as_array()
            .unwrap()
            .iter()
            .map(|option| option["Name"].clone())
            .collect();
        assert_eq!(primaries, ["OPEN", "IN PROGRESS", "COMPLETED"]);
        names.push(catalogue[1]["Extended"].clone());
        for extended in catalogue[1]["ExtendedStatuses"].as_array().unwrap() {
            assert!(extended["Id"].is_i64() && extended["Name"].is_string());
        }
    }
    let has = |index: usize, name: &str| names[index].as_array().unwrap().contains(&json!(name));
    assert!(has(0, "PARTS SHIPPED") && !has(1, "PARTS SHIPPED"));
    assert!(has(1, "DISPATCH CONFIRMED") && !has(2, "DISPATCH CONFIRMED"));

    let orders = sc.world().overview();
    let of = |index: usize| {
        let subscriber = sc.world().subscribers()[index].0;
        orders
            .iter()
            .find(|order| order.subscriber == subscriber)
            .unwrap()
            .id
    };
    let options = sc
        .get(&format!("/v3/workorders/{}/statuses", of(0)))
        .await
        .ok();
    let completed = options
        .as_array()
        .unwrap()
        .iter()
        .find(|o| o["Name"] == "COMPLETED")
        .unwrap();
    assert!(
        !completed["Extended"]
            .as_array()
            .unwrap()
            .contains(&json!("CONFIRMED"))
    );
    assert!(
        completed["Extended"]
            .as_array()
            .unwrap()
            .contains(&json!("PENDING CONFIRMATION"))
    );
    assert_eq!(completed["Constraints"][0]["IsResolutionTextRequired"], 1);
    let options = sc
        .get(&format!("/v3/workorders/{}/statuses", of(2)))
        .await
        .ok();
    assert_eq!(
        options,
        json!([]),
        "the third subscriber lets nobody set anything"
    );
}

#[tokio::test]
async fn a_lagging_server_does_not_know_a_new_work_order_yet() {
    let sc = Sc::new().await;
    let id: WorkOrderId = sc.world().arrive(1)[0];
    let rule = Rule::under(
        "/v3/workorders/",
        Action::ReadLag {
            lag: Duration::from_secs(30),
        },
    );
    sc.world().kit().faults.set(vec![rule]).unwrap();
    assert_eq!(sc.get(&format!("/v3/workorders/{id}")).await.status, 404);
    sc.world().kit().clock.advance(Duration::from_secs(31));
    sc.get(&format!("/v3/workorders/{id}")).await.ok();
}
