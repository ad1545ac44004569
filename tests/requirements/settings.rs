//! What is changed in YAML is what the next run sends, by the same binary; an override changes its subscriber alone.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::people::Edit;

use crate::harness::world::TENANT;

use super::office::{
    ACME, BLUEBIRD, by_subscriber, call_in, call_in_open, people, prefer, retype, reword, small,
    statuses, two, two_both_ways,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_unit_and_mapped_value_changed_in_yaml_are_what_the_next_run_sends() {
    let world = small().await;
    world.on().await;
    let edit = Edit {
        description: Some("Too warm".to_owned()),
        priority: Some("P2 - 24 HOURS".to_owned()),
        purchase_number: Some("PO-1".to_owned()),
        trade: Some("HVAC".to_owned()),
        nte: Some(100.0),
        ..Edit::default()
    };
    let said = |order: WorkOrderId| {
        let job = world.job(order);
        let summary = job["summary"]
            .as_str()
            .unwrap()
            .replace(&order.to_string(), "[number]");
        (
            job["businessUnitId"].clone(),
            job["priority"].clone(),
            summary,
        )
    };
    let first = call_in(&world, &edit);
    world.run().await;
    let before = "Work order: [number]<br>Purchase number: PO-1<br>Store: 0001<br>Trade: HVAC<br>NTE: 100.00<br>\
                  Description: Too warm";
    assert_eq!(said(first), (json!(12), json!("High"), before.to_owned()));

    world.tenant(
        "/settings/job_summary/fields",
        json!(["description", "trade", "number"]),
    );
    prefer(&world, "business_unit", json!(13));
    prefer(&world, "job_type", json!(49));
    retype(
        &world,
        "servicechannel/maps/priority.yaml",
        "P2 - 24 HOURS: High",
        "P2 - 24 HOURS: Urgent",
    );
    let second = call_in(&world, &edit);
    world.run().await;
    let after = "Description: Too warm<br>Trade: HVAC<br>Work order: [number]".to_owned();
    assert_eq!(said(second), (json!(13), json!("Urgent"), after.clone()));
    // What is there already follows when its work order changes; the unit is the dispatcher's by then.
    assert_eq!(said(first), (json!(12), json!("High"), before.to_owned()));
    reword(&world, first, "Too cold");
    world.run().await;
    assert_eq!(
        said(first),
        (json!(12), json!("Urgent"), after.replace("warm", "cold"))
    );

    // A tenant's row goes before the map's.
    prefer(&world, "priority", json!({ "P2 - 24 HOURS": "Low" }));
    let third = call_in(&world, &edit);
    world.run().await;
    assert_eq!(said(third).1, json!("Low"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r59_r60_an_override_of_one_key_changes_only_its_subscriber() {
    let world = two().await;
    prefer(&world, "job_type", json!(49));
    let of_bluebird = |value: Value| world.tenant(&format!("/overrides/{BLUEBIRD}"), value);
    of_bluebird(
        json!({ "title": "Bluebird", "settings": { "preferences": { "business_unit": 13 } } }),
    );
    world.on().await;
    let said = |order: WorkOrderId| {
        let job = world.job(order);
        let lines = job["summary"].as_str().unwrap().matches("<br>").count();
        (
            job["businessUnitId"].clone(),
            job["jobTypeId"].clone(),
            lines > 0,
        )
    };
    let orders = by_subscriber(&world, &world.arrive(6));
    assert_eq!(orders.len(), 2);
    world.run().await;
    for order in &orders[ACME] {
        assert_eq!(said(*order), (json!(12), json!(49), true));
    }
    for order in &orders[BLUEBIRD] {
        assert_eq!(
            said(*order),
            (json!(13), json!(49), true),
            "the other keys are the tenant's"
        );
    }

    // Another key is overridden, and the tenant's default of the first one changes for everyone.
    of_bluebird(json!({ "settings": { "job_summary": { "fields": ["number"] } } }));
    prefer(&world, "business_unit", json!(11));
    let orders = by_subscriber(&world, &world.arrive(6));
    assert_eq!(orders.len(), 2);
    world.run().await;
    for order in &orders[ACME] {
        assert_eq!(said(*order), (json!(11), json!(49), true));
    }
    for order in &orders[BLUEBIRD] {
        assert_eq!(said(*order), (json!(11), json!(49), false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r59_r60_an_override_of_the_status_table_changes_only_its_subscriber() {
    let world = two_both_ways().await;
    let row = json!({ "appointment.Dispatched": "IN PROGRESS/ON SITE" });
    world.tenant(
        &format!("/overrides/{BLUEBIRD}"),
        json!({ "settings": { "job_status": { "table": row } } }),
    );
    world.on().await;
    let dispatched = async || {
        let orders = by_subscriber(&world, &[0; 6].map(|_| call_in_open(&world)));
        world.run().await;
        for order in orders.values().flatten() {
            let visit = world.job(*order)["firstAppointmentId"].clone();
            people(
                &world,
                &format!("appointments/{visit}/dispatch"),
                &json!({}),
            );
        }
        world.run().await;
        [ACME, BLUEBIRD].map(|subscriber| {
            let all = orders[subscriber].iter();
            let mut all: Vec<_> = all.map(|order| statuses(&world, *order)).collect();
            all.dedup();
            all.concat()
        })
    };
    let (confirmed, on_site) = (
        ["IN PROGRESS / DISPATCH CONFIRMED"],
        ["IN PROGRESS / ON SITE"],
    );
    assert_eq!(dispatched().await, [confirmed, on_site]);

    world
        .fine(["settings", "restore", TENANT, "--subject", BLUEBIRD])
        .await;
    assert_eq!(dispatched().await, [confirmed, confirmed], "at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_r62_r63_overrides_are_listed_and_restored_and_a_default_reaches_whoever_has_none() {
    let world = two().await;
    prefer(&world, "job_type", json!(49));
    world.on().await;
    world.arrive(6);
    world.run().await;
    let overridden = async || {
        let shown = world.fine(["settings", TENANT, "--format", "json"]).await;
        let subjects = shown.json()["subjects"].clone();
        let of = |key: &str| {
            let all = subjects.as_array().unwrap();
            let one = all.iter().find(|subject| subject["key"] == key);
            one.unwrap()["overrides"].clone()
        };
        [of(ACME), of(BLUEBIRD)]
    };
    assert_eq!(overridden().await, [json!([]), json!([])]);

    let unit = "preferences.business_unit=13";
    let subject = ["--subject", BLUEBIRD];
    world
        .fine([&["settings", "set", TENANT, unit], &subject[..]].concat())
        .await;
    let marked = [json!([]), json!(["preferences.business_unit"])];
    assert_eq!(overridden().await, marked);
    let units = async || {
        let orders = by_subscriber(&world, &world.arrive(6));
        world.run().await;
        [ACME, BLUEBIRD].map(|subscriber| {
            let units = orders[subscriber]
                .iter()
                .map(|order| world.job(*order)["businessUnitId"].clone());
            let units: Vec<Value> = units.collect();
            assert!(units.iter().all(|unit| *unit == units[0]), "{units:?}");
            units[0].clone()
        })
    };
    assert_eq!(units().await, [json!(12), json!(13)]);
    world
        .fine(["settings", "set", TENANT, "preferences.business_unit=11"])
        .await;
    assert_eq!(units().await, [json!(11), json!(13)], "only who has none");

    world
        .fine([&["settings", "restore", TENANT], &subject[..]].concat())
        .await;
    assert_eq!(overridden().await, [json!([]), json!([])]);
    assert_eq!(units().await, [json!(11), json!(11)]);
}
