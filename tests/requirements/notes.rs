//! R69: notes of people, in both directions and never back.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::ledger::What;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::people_terms::TermsEdit;

use super::office::{agree, both_ways, call_in_open, counted, people, rows, set};
use crate::harness::World;

async fn board() -> World {
    let world = both_ways().await;
    world.on().await;
    world
}

fn choose(world: &World, name: &str, value: Value) {
    world.tenant(&format!("/settings/notes/{name}"), value);
}

fn client_writes(world: &World, order: WorkOrderId, text: &str) {
    let people = world.sandbox.servicechannel();
    people.write_note(order, text).unwrap();
}

fn office_writes(world: &World, job: &Value, text: &str, pinned: bool) {
    let note = json!({ "text": text, "pinToTop": pinned });
    people(world, &format!("jobs/{job}/notes"), &note);
}

/// The texts of a job's notes, without the mark at their end.
fn on_the_job(world: &World, job: &Value) -> Vec<String> {
    let notes = rows(world, &format!("jpm/jobs/{job}/notes"));
    let text = |note: &Value| note["text"].as_str().unwrap().to_owned();
    let mut texts: Vec<String> = notes.iter().map(text).map(unmarked).collect();
    texts.sort();
    texts
}

/// The notes that came into a work order, without the mark at their end.
fn in_the_order(world: &World, order: WorkOrderId) -> Vec<String> {
    set(world, order, What::Note)
        .into_iter()
        .map(unmarked)
        .collect()
}

fn unmarked(text: String) -> String {
    match text.rsplit_once(" [") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r69_notes_go_both_ways_once_and_none_comes_back() {
    let world = board().await;
    choose(&world, "inbound", json!(true));
    choose(&world, "outbound", json!("all"));
    let order = call_in_open(&world);
    client_writes(&world, order, "Key is at the desk");
    world.run().await;
    let job = world.job(order)["id"].clone();
    world.run().await;
    // One that was written before there was a job is not lost: the new link has the work order read again.
    assert_eq!(on_the_job(&world, &job).len(), 1);
    assert!(on_the_job(&world, &job)[0].ends_with(": Key is at the desk"));

    client_writes(&world, order, "Please call first");
    office_writes(&world, &job, "Parts arrive <b>Monday</b>", false);
    for _ in 0..3 {
        world.run().await;
    }
    let job_notes = on_the_job(&world, &job);
    assert_eq!(job_notes.len(), 3, "{job_notes:?}");
    assert_eq!(in_the_order(&world, order), ["Parts arrive Monday"]);
    assert_eq!(world.created("job-notes"), 2, "each once");
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r69_by_default_notes_stay_where_they_are_and_pinning_is_a_choice() {
    let world = board().await;
    let order = call_in_open(&world);
    world.run().await;
    let job = world.job(order)["id"].clone();
    client_writes(&world, order, "Key is at the desk");
    office_writes(&world, &job, "for us", false);
    world.run().await;
    assert_eq!(world.created("job-notes"), 0);
    assert_eq!(in_the_order(&world, order), [""; 0]);
    assert_eq!(counted(&world, "the note is not for the client").await, 1);

    choose(&world, "outbound", json!("pinned"));
    office_writes(&world, &job, "still for us", false);
    office_writes(&world, &job, "for the client", true);
    world.run().await;
    assert_eq!(in_the_order(&world, order), ["for the client"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r69_a_note_that_is_not_permitted_is_said_and_not_tried_for_ever() {
    let world = board().await;
    choose(&world, "outbound", json!("all"));
    agree(
        &world,
        TermsEdit {
            permissions: Some(json!({ "notes_and_schedule": "denied" })),
            ..TermsEdit::default()
        },
    );
    let order = call_in_open(&world);
    world.run().await;
    let job = world.job(order)["id"].clone();
    office_writes(&world, &job, "for the client", false);
    world.run().await;
    world.run().await;
    let notes = world.status().await["records"].as_array().unwrap().clone();
    let said = notes
        .iter()
        .filter_map(|row| row["reason"].as_str())
        .find(|reason| reason.starts_with("ServiceChannel does not take the note"));
    assert!(said.is_some(), "{notes:?}");
    assert_eq!(in_the_order(&world, order), [""; 0]);
}
