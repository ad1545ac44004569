//! R71, R74: who came and went, and who is on the way.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::ledger::What;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::people_terms::TermsEdit;

use super::office::{agree, both_ways, call_in_open, people, set, stands};
use crate::harness::World;

async fn board(check_in: &str) -> World {
    let world = both_ways().await;
    agree(
        &world,
        TermsEdit {
            permissions: Some(json!({ "check_in": check_in })),
            ..TermsEdit::default()
        },
    );
    world.on().await;
    world
}

fn choose(world: &World, name: &str, value: Value) {
    world.tenant(&format!("/settings/job_status/{name}"), value);
}

async fn visit(world: &World) -> (WorkOrderId, Value, Value) {
    let order = call_in_open(world);
    world.run().await;
    let job = world.job(order);
    (order, job["id"].clone(), job["firstAppointmentId"].clone())
}

fn does(world: &World, visit: &Value, what: &str) {
    people(world, &format!("appointments/{visit}/{what}"), &json!({}));
}

/// How often somebody was said to have come, and to have gone.
fn came_and_went(world: &World) -> (u64, u64) {
    let audit = world.sandbox.servicechannel().kit().audit.summary();
    (audit.created("check_ins"), audit.created("check_outs"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r71_arrival_and_departure_are_checked_in_and_out_once() {
    let world = board("xml").await;
    choose(&world, "check_in", json!(true));
    let (order, job, first) = visit(&world).await;
    does(&world, &first, "dispatch");
    world.run().await;
    assert_eq!(came_and_went(&world), (0, 0));
    does(&world, &first, "arrive");
    world.run().await;
    world.run().await;
    assert_eq!(came_and_went(&world), (1, 0));
    assert_eq!(stands(&world, order), "IN PROGRESS / ON SITE");
    people(
        &world,
        &format!("jobs/{job}/appointments"),
        &json!({
        "start": "2026-12-01T15:00:00Z", "end": "2026-12-01T17:00:00Z" }),
    );
    does(&world, &first, "done");
    world.run().await;
    world.run().await;
    assert_eq!(came_and_went(&world), (1, 1));
    assert_eq!(
        stands(&world, order),
        "IN PROGRESS / INCOMPLETE",
        "another visit is to come"
    );
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r71_where_it_is_not_permitted_the_status_goes_back_all_the_same() {
    let world = board("ivr").await;
    choose(&world, "check_in", json!(true));
    let (order, _, first) = visit(&world).await;
    does(&world, &first, "dispatch");
    does(&world, &first, "arrive");
    world.run().await;
    world.run().await;
    assert_eq!(came_and_went(&world), (0, 0));
    assert_eq!(stands(&world, order), "IN PROGRESS / ON SITE");
    let status = world.status().await;
    let records = status["records"].as_array().unwrap();
    let said = records
        .iter()
        .filter(|row| row["pipeline"] == "check-in")
        .filter_map(|row| row["reason"].as_str())
        .any(|reason| {
            reason.starts_with("ServiceChannel does not take it: ")
                || reason.starts_with("the client wants a call instead")
        });
    assert!(said, "{status}");

    choose(&world, "check_in", json!(false));
    let (_, _, first) = visit(&world).await;
    does(&world, &first, "dispatch");
    does(&world, &first, "arrive");
    world.run().await;
    assert_eq!(
        came_and_went(&world),
        (0, 0),
        "by default nobody is checked in"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r74_who_is_on_the_way_is_told_if_wanted() {
    let world = board("ivr").await;
    let (order, _, first) = visit(&world).await;
    does(&world, &first, "dispatch");
    world.run().await;
    assert_eq!(set(&world, order, What::Note), [""; 0]);

    choose(&world, "technician", json!("note"));
    let (order, _, first) = visit(&world).await;
    does(&world, &first, "dispatch");
    world.run().await;
    does(&world, &first, "arrive");
    world.run().await;
    let told = set(&world, order, What::Note);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(" of Best HVAC LLC is on the way. [ST technician "),
        "{told:?}"
    );
    world.nothing_twice();
}
