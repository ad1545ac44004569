//! Reading by `OData`: filter, order, select, expand, count, windows.

use chrono::TimeDelta;
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::Settings;
use syncline::sandbox::servicechannel::model::Primary;
use syncline::sandbox::servicechannel::people::{Edit, Overview};
use syncline::sandbox::servicechannel::settings::Window;

use crate::sandbox::{Sc, ids, rows, start};

/// What a filter must find, computed from what the test knows.
fn expected(sc: &Sc, fits: impl Fn(&Overview) -> bool) -> usize {
    sc.world()
        .overview()
        .iter()
        .filter(|order| fits(order))
        .count()
}

fn recent(order: &Overview) -> bool {
    order.created_date >= start() - TimeDelta::days(89)
}

async fn count(sc: &Sc, filter: &str) -> u64 {
    let page = sc
        .list(&[("$filter", filter), ("$count", "true"), ("$top", "0")])
        .await;
    assert_eq!(rows(&page).len(), 0);
    page["@odata.count"].as_u64().unwrap()
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let sc = Sc::new().await;
    let open = expected(&sc, |o| recent(o) && o.status.primary == Primary::Open);
    assert!(open > 100);
    assert_eq!(count(&sc, "Status/Primary eq 'OPEN'").await, open as u64);
    let cancelled = expected(&sc, |o| recent(o) && o.status.below() == "CANCELLED");
    assert_eq!(
        count(&sc, "Status/Extended eq 'CANCELLED'").await,
        cancelled as u64
    );
    let started = expected(&sc, |o| {
        recent(o) && o.status.primary == Primary::InProgress
    });
    assert_eq!(
        count(&sc, "contains(Status/Primary,'progress')").await,
        started as u64
    );
    assert_eq!(
        count(&sc, "startswith(Status/Primary,'IN')").await,
        started as u64
    );
    assert_eq!(
        count(&sc, "Provider/Id eq 2090000001").await,
        expected(&sc, recent) as u64
    );
    assert_eq!(count(&sc, "Provider/Id eq 2000000001").await, 0);
    assert_eq!(
        count(&sc, "contains(Provider/Name,'best hvac')").await,
        expected(&sc, recent) as u64
    );
    let some = "Id eq 310000001 or Id eq 310000002 and Status/Primary ne 'OPEN'";
    assert_eq!(count(&sc, some).await, 2);

    let id = rows(&sc.list(&[("$expand", "Location")]).await)[0]["Location"]["Id"].clone();
    let by_path = count(&sc, &format!("Location/Id eq {id}")).await;
    assert!(by_path > 0);
    assert_eq!(count(&sc, &format!("LocationId eq {id}")).await, by_path);
}

#[tokio::test]
async fn dates_can_have_offsets() {
    let sc = Sc::new().await;
    let since = start() - TimeDelta::days(2);
    let utc = since.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    let there = since
        .with_timezone(&chrono_tz::America::Denver)
        .fixed_offset()
        .to_rfc3339();
    let found = expected(&sc, |o| o.call_date >= since) as u64;
    assert_eq!(found, 200, "as many as were called in after the activation");
    assert_eq!(count(&sc, &format!("CallDate ge {utc}")).await, found);
    assert_eq!(count(&sc, &format!("CallDate ge {there}")).await, found);
    // An unencoded `+` is a space, and then it is no date.
    let raw = sc
        .get("/v3/odata/workorders?$filter=CallDate%20ge%202026-11-01T00:00:00+00:00")
        .await;
    assert_eq!(raw.refusal(), (400, 503));
}

#[tokio::test]
async fn without_a_call_date_only_90_days_and_never_more_than_365() {
    let sc = Sc::new().await;
    let all = sc.world().overview().len() as u64;
    let in_90 = expected(&sc, |o| o.created_date >= start() - TimeDelta::days(90)) as u64;
    let in_365 = expected(&sc, |o| o.call_date >= start() - TimeDelta::days(365)) as u64;
    assert!(in_90 < in_365 && in_365 < all, "{in_90} {in_365} {all}");

    assert_eq!(count(&sc, "Id gt 0").await, in_90);
    assert_eq!(
        count(&sc, "UpdatedDate ge 2020-01-01T00:00:00Z").await,
        in_90
    );
    assert_eq!(count(&sc, "CallDate ge 2020-01-01T00:00:00Z").await, in_365);
    sc.world().set(Settings {
        window: Window::AnyDate,
        ..Settings::unlimited()
    });
    assert_eq!(
        count(&sc, "UpdatedDate ge 2020-01-01T00:00:00Z").await,
        in_365
    );
    assert_eq!(count(&sc, "Id gt 0").await, in_90);
}

#[tokio::test]
async fn order_by_several_properties() {
    let sc = Sc::new().await;
    let page = sc
        .list(&[
            ("$orderby", "Priority desc, Id asc"),
            ("$select", "Id,Priority"),
            ("$top", "50"),
        ])
        .await;
    let key = |row: &Value| {
        (
            row["Priority"].as_str().map(str::to_owned),
            row["Id"].as_i64(),
        )
    };
    for pair in rows(&page).windows(2) {
        let (one, two) = (key(&pair[0]), key(&pair[1]));
        assert!(
            one.0 > two.0 || (one.0 == two.0 && one.1 < two.1),
            "{one:?} before {two:?}"
        );
    }
    let up = ids(&sc.list(&[("$orderby", "UpdatedDate asc,Id asc")]).await);
    let mut by_stamp = sc.world().overview();
    by_stamp.retain(|o| o.created_date >= start() - TimeDelta::days(90));
    by_stamp.sort_by_key(|o| (o.updated_date, o.id));
    let first: Vec<_> = by_stamp.iter().take(50).map(|o| o.id.0).collect();
    assert_eq!(up, first);
    let down = ids(&sc.list(&[("$orderby", "UpdatedDate desc")]).await);
    let last: Vec<_> = by_stamp.iter().rev().take(50).map(|o| o.id.0).collect();
    assert_eq!(down, last);
}

#[tokio::test]
async fn select_and_expand_show_what_they_name() {
    let sc = Sc::new().await;
    let plain = sc.list(&[("$top", "1")]).await;
    let plain = rows(&plain)[0].as_object().unwrap();
    for absent in ["Location", "Subscriber", "Provider", "Invoice"] {
        assert!(!plain.contains_key(absent), "{absent} is not expanded");
    }
    assert!(
        plain["Status"]["Primary"].is_string(),
        "complex values are there"
    );
    assert!(plain["LocationId"].as_i64().unwrap() > 0);

    let page = sc
        .list(&[
            ("$top", "1"),
            ("$select", "Id,Status"),
            ("$expand", "Location($select=Id,StoreId),Subscriber"),
        ])
        .await;
    let row = rows(&page)[0].as_object().unwrap();
    assert_eq!(
        row.keys().collect::<Vec<_>>(),
        ["Id", "Status", "Subscriber", "Location"]
    );
    let location = row["Location"].as_object().unwrap();
    assert_eq!(location.keys().collect::<Vec<_>>(), ["Id", "StoreId"]);
    assert_eq!(row["Subscriber"]["IsOutsourcedWorkOn"], json!(false));

    let id = row["Id"].as_i64().unwrap();
    let path = format!("/v3/odata/workorders({id})");
    let one = sc
        .query(
            &path,
            &[("$select", "Id"), ("$expand", "Provider($select=Name)")],
        )
        .await
        .ok();
    assert_eq!(one["Provider"], json!({ "Name": "Best HVAC LLC" }));
    assert_eq!(one["Id"], id);
    assert_eq!(
        sc.get("/v3/odata/workorders(5)").await.refusal(),
        (400, 502)
    );
}

#[tokio::test]
async fn what_is_not_known_to_work_is_refused() {
    let sc = Sc::new().await;
    for query in [
        ("$apply", "aggregate($count as N)"),
        ("$search", "leak"),
        ("$filter", "not (Id eq 1)"),
        ("$filter", "Id in (1,2)"),
        ("$filter", "Color eq 'red'"),
        ("$filter", "Id eq 'one'"),
        ("$filter", "(Id eq 1"),
        ("$orderby", "Color"),
        ("$select", "Color"),
        ("$expand", "Colors"),
        ("$top", "-1"),
    ] {
        assert_eq!(sc.list_refused(&[query]).await, (400, 503), "{query:?}");
    }
    assert_eq!(sc.list_refused(&[("$expand", "notes")]).await, (500, 501));
    assert_eq!(
        sc.list_refused(&[("$expand", "workactivities")]).await,
        (500, 501)
    );
}

#[tokio::test]
async fn a_long_filter_can_go_in_a_body() {
    let sc = Sc::new().await;
    let filter = "Status/Primary eq 'OPEN'";
    let body = json!({
        "Filter": filter, "Orderby": "Id desc", "Select": "Id", "Count": true, "Top": 3,
        "Skip": "2", "Expand": "",
    });
    let page = sc.post("/v3/odata/workorders/filter", body).await.ok();
    let query = [
        ("$filter", filter),
        ("$orderby", "Id desc"),
        ("$select", "Id"),
        ("$top", "5"),
    ];
    assert_eq!(ids(&page), ids(&sc.list(&query).await)[2..5]);
    assert_eq!(page["@odata.count"], count(&sc, filter).await);
    let refused = sc
        .post("/v3/odata/workorders/filter", json!({ "Filter": "x" }))
        .await;
    assert_eq!(refused.refusal(), (400, 503));
}

#[tokio::test]
async fn locations_are_a_set_too() {
    let sc = Sc::new().await;
    let path = "/v3/odata/locations";
    let (subscriber, _) = sc.world().subscribers()[1];
    let filter = format!("SubscriberId eq {subscriber}");
    let page = sc
        .query(path, &[("$filter", &filter), ("$count", "true")])
        .await
        .ok();
    assert!(page["@odata.count"].as_u64().unwrap() >= 13);
    assert!(
        rows(&page)
            .iter()
            .all(|row| row["SubscriberId"] == subscriber.0)
    );
    let one = sc
        .query(
            path,
            &[("$filter", "Id eq 2005000004"), ("$select", "Id,City")],
        )
        .await
        .ok();
    assert_eq!(ids(&one), [2_005_000_004]);
}

#[tokio::test]
async fn texts_may_hold_what_html_escapes() {
    let sc = Sc::new().await;
    let description = "Door \"A\" <left> & 'right'\nÜmlaut";
    let edit = Edit {
        description: Some(description.to_owned()),
        ..Edit::default()
    };
    let id = sc.world().arrive_as(1, &edit)[0];
    let found = sc
        .list(&[("$filter", "contains(Description,'''RIGHT''')")])
        .await;
    assert_eq!(ids(&found), [id.0]);
    assert_eq!(rows(&found)[0]["Description"], description);
}

#[tokio::test]
async fn a_work_order_has_about_two_kilobytes() {
    let sc = Sc::new().await;
    let reply = sc
        .query(
            "/v3/odata/workorders",
            &[("$expand", "Location,Subscriber")],
        )
        .await;
    let each = reply.text.len() / 50;
    assert!((1_500..2_600).contains(&each), "{each} bytes");
}
