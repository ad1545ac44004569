//! R29, R33, R34, R49: what changes in a work order, or is called off, reaches its booking or job.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::{Primary, ProviderId, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use super::office::{
    act, asked, booking, both_ways, call_in, call_in_open, field, id_of, instant, people, prefer,
    read, rows, start_of, statuses,
};
use crate::harness::World;

async fn board() -> World {
    let world = both_ways().await;
    world.on().await;
    world
}

fn edit(world: &World, order: WorkOrderId, edit: Edit) {
    world.sandbox.servicechannel().edit(order, edit).unwrap();
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn moved(text: &str) -> Edit {
    Edit {
        scheduled_date: Some(at(text)),
        ..Edit::default()
    }
}

fn notes(world: &World, job: &Value) -> Vec<String> {
    let notes = rows(world, &format!("jpm/jobs/{job}/notes"));
    notes
        .iter()
        .map(|note| note["text"].as_str().unwrap().to_owned())
        .collect()
}

/// How often the integration changed a row of a collection.
fn changed(world: &World, collection: &str, id: &Value, field: &str) -> usize {
    let titan = world.sandbox.servicetitan();
    let id = syncline::sandbox::servicetitan::Id(id.as_i64().unwrap());
    titan.journal().values(collection, id, field).len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_amount_text_and_urgency_follow_and_what_others_wrote_stays() {
    let world = board().await;
    let order = call_in_open(&world);
    world.run().await;
    let job = world.job(order)["id"].clone();
    people(
        &world,
        &format!("jobs/{job}/custom-fields"),
        &json!({ "typeId": 3002, "value": "gate code 7" }),
    );
    act(
        &world,
        "PATCH",
        &format!("jpm/jobs/{job}"),
        &json!({ "tagTypeIds": [301] }),
    );
    let change = Edit {
        nte: Some(1234.5),
        description: Some("Worse now".to_owned()),
        priority: Some("P1 - EMERGENCY".to_owned()),
        ..Edit::default()
    };
    edit(&world, order, change);
    world.run().await;
    let now = world.job(order);
    assert_eq!(field(&now, 3001), Some("1234.50"));
    assert_eq!(field(&now, 3002), Some("gate code 7"), "other fields stay");
    assert_eq!(now["tagTypeIds"], json!([301]), "tags stay");
    assert_eq!(now["priority"], "Urgent");
    assert!(now["summary"].as_str().unwrap().contains("Worse now"));

    let before = changed(&world, "jobs", &job, "summary");
    world.run().await;
    world.run().await;
    assert_eq!(
        changed(&world, "jobs", &job, "summary"),
        before,
        "once for one change"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_the_visit_follows_the_date_until_somebody_is_on_the_way() {
    let world = board().await;
    let order = call_in_open(&world);
    edit(&world, order, moved("2026-11-20T15:00:00Z"));
    world.run().await;
    let job = world.job(order);
    let visit = job["firstAppointmentId"].clone();
    assert_eq!(start_of(&world, &job), at("2026-11-20T15:00:00Z"));

    edit(&world, order, moved("2026-11-21T15:00:00Z"));
    world.run().await;
    assert_eq!(start_of(&world, &job), at("2026-11-21T15:00:00Z"));
    let end = read(&world, &format!("jpm/appointments/{visit}"))["end"].clone();
    assert_eq!(instant(&end), at("2026-11-21T17:00:00Z"));

    // What the dispatcher arranges stands while the client asks for nothing else.
    let arranged = json!({ "start": "2026-11-22T08:00:00Z", "end": "2026-11-22T10:00:00Z" });
    act(
        &world,
        "PATCH",
        &format!("jpm/appointments/{visit}/reschedule"),
        &arranged,
    );
    let reworded = Edit {
        description: Some("The same day is fine".to_owned()),
        ..Edit::default()
    };
    edit(&world, order, reworded);
    world.run().await;
    assert_eq!(start_of(&world, &job), at("2026-11-22T08:00:00Z"));
    // Going back to an earlier wish is a wish.
    edit(&world, order, moved("2026-11-20T15:00:00Z"));
    world.run().await;
    assert_eq!(start_of(&world, &job), at("2026-11-20T15:00:00Z"));

    people(
        &world,
        &format!("appointments/{visit}/dispatch"),
        &json!({}),
    );
    edit(&world, order, moved("2026-11-25T15:00:00Z"));
    world.run().await;
    world.run().await;
    assert_eq!(start_of(&world, &job), at("2026-11-20T15:00:00Z"));
    let told = notes(&world, &job["id"]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("The client asks for another date: 2026-11-25 10:00 -05:00."),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_the_amount_is_in_the_field_once_the_booking_is_a_job() {
    let world = both_ways().await;
    prefer(&world, "dispatch_board", json!(false));
    world.on().await;
    let edit = Edit {
        status: Some(Status::plain(Primary::Open)),
        nte: Some(850.0),
        ..Edit::default()
    };
    let order = call_in(&world, &edit);
    world.run().await;
    let made = booking(&world, order);
    assert!(
        made["summary"].as_str().unwrap().contains("850.00"),
        "{made}"
    );
    let converted = people(
        &world,
        &format!("bookings/{}/convert", id_of(&made)),
        &json!({}),
    );
    world.run().await;
    world.run().await;
    let job = booking(&world, order)["jobId"].clone();
    let job = read(&world, &format!("jpm/jobs/{job}"));
    assert_eq!(field(&job, 3001), Some("850.00"), "{converted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r49_what_the_client_cancels_is_canceled_while_nobody_was_dispatched() {
    let world = board().await;
    let quiet = call_in_open(&world);
    let begun = call_in_open(&world);
    world.run().await;
    let (first, second) = (world.job(quiet), world.job(begun));
    let visit = format!("appointments/{}/dispatch", second["firstAppointmentId"]);
    people(&world, &visit, &json!({}));
    world.run().await;
    let client = world.sandbox.servicechannel();
    client.cancel(quiet).unwrap();
    client.cancel(begun).unwrap();
    for _ in 0..3 {
        world.run().await;
    }
    assert_eq!(world.job(quiet)["jobStatus"], "Canceled");
    assert_eq!(notes(&world, &first["id"]), [""; 0]);
    assert_ne!(world.job(begun)["jobStatus"], "Canceled");
    let told = notes(&world, &second["id"]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("The client canceled work order "),
        "{told:?}"
    );
    // The client knows: nothing comes back.
    assert_eq!(statuses(&world, quiet), [""; 0]);
    assert_eq!(asked(&world, quiet), [""; 0]);
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r49_by_choice_a_note_is_all_and_a_booking_says_it_in_its_summary() {
    let world = board().await;
    prefer(&world, "call_off", json!("note"));
    let order = call_in_open(&world);
    world.run().await;
    prefer(&world, "dispatch_board", json!(false));
    let booked = call_in_open(&world);
    world.run().await;
    let client = world.sandbox.servicechannel();
    client.cancel(order).unwrap();
    client.cancel(booked).unwrap();
    world.run().await;
    let job = world.job(order);
    assert_ne!(job["jobStatus"], "Canceled");
    assert_eq!(notes(&world, &job["id"]).len(), 1);
    let summary = booking(&world, booked)["summary"].clone();
    assert!(
        summary
            .as_str()
            .unwrap()
            .starts_with("CANCELED BY THE CLIENT"),
        "{summary}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r49_a_work_order_that_went_to_another_company_is_called_off() {
    let world = board().await;
    let order = call_in_open(&world);
    let stays = call_in_open(&world);
    world.run().await;
    let client = world.sandbox.servicechannel();
    client.move_to(order, ProviderId(2_090_000_999)).unwrap();
    world.run().await;
    // Each open job asks for its work order once an hour.
    world
        .sandbox
        .clock()
        .advance(std::time::Duration::from_secs(3_600));
    world.run().await;
    assert_eq!(
        world.job(order)["jobStatus"],
        "Canceled",
        "{}",
        world.status().await
    );
    assert_eq!(world.job(stays)["jobStatus"], "Scheduled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r49_a_booking_of_a_work_order_that_is_called_off_is_dismissed() {
    let world = both_ways().await;
    prefer(&world, "dispatch_board", json!(false));
    world.on().await;
    let canceled = call_in_open(&world);
    let moved = call_in_open(&world);
    let accepted = call_in_open(&world);
    let stays = call_in_open(&world);
    world.run().await;
    let answered = id_of(&booking(&world, accepted));
    people(&world, &format!("bookings/{answered}/accept"), &json!({}));
    world.run().await;
    let client = world.sandbox.servicechannel();
    client.cancel(canceled).unwrap();
    client.cancel(accepted).unwrap();
    client.move_to(moved, ProviderId(2_090_000_999)).unwrap();
    world.run().await;
    // Each booking that waits asks for its work order once an hour.
    let hour = std::time::Duration::from_secs(3_600);
    world.sandbox.clock().advance(hour);
    for _ in 0..3 {
        world.run().await;
    }
    let status = |order| booking(&world, order)["status"].clone();
    assert_eq!(status(canceled), "Dismissed");
    assert_eq!(status(moved), "Dismissed", "{}", world.status().await);
    assert_eq!(status(accepted), "Accepted", "it is the office's");
    assert_eq!(status(stays), "New");
    // The client knows: that they are dismissed is not told back.
    for order in [canceled, moved] {
        assert_eq!(statuses(&world, order), [""; 0]);
        assert_eq!(asked(&world, order), [""; 0]);
    }
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r49_whoever_is_on_the_way_to_another_companys_work_order_is_told_once() {
    let world = board().await;
    let order = call_in_open(&world);
    world.run().await;
    let job = world.job(order);
    let visit = job["firstAppointmentId"].clone();
    let client = world.sandbox.servicechannel();
    client.move_to(order, ProviderId(2_090_000_999)).unwrap();
    for step in ["dispatch", "arrive"] {
        people(&world, &format!("appointments/{visit}/{step}"), &json!({}));
        world.run().await;
        world.run().await;
    }
    assert_ne!(world.job(order)["jobStatus"], "Canceled");
    let told = notes(&world, &job["id"]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("to another company"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r29_unit_type_and_urgency_may_depend_on_the_trade() {
    let world = board().await;
    let of = |trade: &str, category: &str| Edit {
        status: Some(Status::plain(Primary::Open)),
        trade: Some(trade.to_owned()),
        category: Some(category.to_owned()),
        ..Edit::default()
    };
    world.tenant(
        "/settings/preferences/business_unit_by_trade",
        json!({ "PLUMBING": "11" }),
    );
    world.tenant(
        "/settings/preferences/job_type_by_trade",
        json!({ "PLUMBING": { "cases": [{ "when": "category == 'PM'", "to": "49" }, { "to": "48" }] } }),
    );
    world.tenant(
        "/settings/preferences/priority",
        json!({ "P3": { "cases": [{ "when": "trade == 'PLUMBING'", "to": "Low" }, { "to": "High" }] } }),
    );
    let p3 = |mut edit: Edit| {
        edit.priority = Some("P3".to_owned());
        edit
    };
    let hvac = call_in(&world, &p3(of("HVAC", "REPAIR")));
    let repair = call_in(&world, &p3(of("PLUMBING", "REPAIR")));
    let care = call_in(&world, &of("PLUMBING", "PM"));
    world.run().await;
    let of = |order| {
        let job = world.job(order);
        (job["businessUnitId"].clone(), job["jobTypeId"].clone())
    };
    assert_eq!(of(hvac), (json!(12), json!(47)));
    assert_eq!(of(repair), (json!(11), json!(48)));
    assert_eq!(of(care), (json!(11), json!(49)));
    assert_eq!(world.job(hvac)["priority"], "High");
    assert_eq!(world.job(repair)["priority"], "Low");
}
