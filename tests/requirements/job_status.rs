//! R30, R40 to R48, R50: what happens to jobs and visits.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::ledger::What;
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;
use syncline::sandbox::servicechannel::people_terms::TermsEdit;

use super::office::{
    act, agree, asked, both_ways, call_in, call_in_open, counted, people, refusals, set, stands,
    statuses,
};
use crate::harness::{World, until};

const CONFIRMED: &str = "IN PROGRESS / DISPATCH CONFIRMED";
const ON_SITE: &str = "IN PROGRESS / ON SITE";
const INCOMPLETE: &str = "IN PROGRESS / INCOMPLETE";
const PENDING: &str = "COMPLETED / PENDING CONFIRMATION";

async fn board() -> World {
    let world = both_ways().await;
    world.on().await;
    world
}

/// A work order that is a job, with the ids of the job and its first visit.
async fn job(world: &World, order: WorkOrderId) -> (Value, Value) {
    world.run().await;
    let job = world.job(order);
    (job["id"].clone(), job["firstAppointmentId"].clone())
}

fn visit(world: &World, visit: &Value, what: &str) {
    people(world, &format!("appointments/{visit}/{what}"), &json!({}));
}

fn end(world: &World, job: &Value, what: &str, body: &Value) {
    people(world, &format!("jobs/{job}/{what}"), body);
}

/// Somebody changes what nobody here looks at.
fn touch(world: &World, job: &Value, text: &str) {
    act(
        world,
        "PATCH",
        &format!("jpm/jobs/{job}"),
        &json!({ "customerPo": text }),
    );
}

fn person_sets(world: &World, order: WorkOrderId, status: Status) {
    let people = world.sandbox.servicechannel();
    people.set_status(order, status).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r40_r42_r43_each_status_goes_back_once_and_none_that_stands_already() {
    let world = board().await;
    let order = call_in_open(&world);
    let (id, first) = job(&world, order).await;
    world.run().await;
    assert_eq!(statuses(&world, order), [""; 0], "a new job says nothing");

    visit(&world, &first, "dispatch");
    world.run().await;
    assert_eq!(statuses(&world, order), [CONFIRMED]);
    visit(&world, &first, "arrive");
    world.run().await;
    world.run().await;
    assert_eq!(statuses(&world, order), [CONFIRMED, ON_SITE]);

    end(&world, &id, "complete", &json!({}));
    world.run().await;
    world.run().await;
    assert_eq!(statuses(&world, order), [CONFIRMED, ON_SITE, PENDING]);
    // That status is set only together with what was done.
    assert_eq!(
        set(&world, order, What::Resolution),
        ["Done by Best HVAC LLC"]
    );
    assert_eq!(refusals(&world, order), []);
    assert_eq!(asked(&world, order), [""; 0]);

    // It stands already: a technician checked in there.
    let order = call_in_open(&world);
    let (_, first) = job(&world, order).await;
    visit(&world, &first, "dispatch");
    visit(&world, &first, "arrive");
    person_sets(&world, order, Status::of(Primary::InProgress, "ON SITE"));
    world.run().await;
    assert_eq!(statuses(&world, order), [""; 0]);
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_r41_rows_of_the_tenant_change_what_comes_later_and_only_that() {
    let world = board().await;
    let before = call_in_open(&world);
    job(&world, before).await;
    // Feeds tell of what was made a little later; only then it is past.
    let past = world.now() + chrono::TimeDelta::minutes(10);
    until("the feeds have told of the job", async || {
        world.run().await;
        world.now() > past
    })
    .await;
    world.tenant(
        "/settings/job_status/table",
        json!({
            "appointment.Scheduled": "IN PROGRESS/DISPATCH CONFIRMED",
            "appointment.Working": "keep",
        }),
    );
    world.run().await;
    let after = call_in_open(&world);
    let (_, first) = job(&world, after).await;
    world.run().await;
    assert_eq!(statuses(&world, before), [""; 0]);
    assert_eq!(statuses(&world, after), [CONFIRMED], "accepted when made");
    visit(&world, &first, "dispatch");
    visit(&world, &first, "arrive");
    world.run().await;
    assert_eq!(statuses(&world, after), [CONFIRMED], "no row, no write");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r44_nothing_moves_backwards_and_what_people_set_stands() {
    let world = board().await;
    let order = call_in_open(&world);
    let (id, first) = job(&world, order).await;
    visit(&world, &first, "dispatch");
    visit(&world, &first, "arrive");
    world.run().await;
    assert_eq!(
        statuses(&world, order),
        [ON_SITE],
        "what came before is past"
    );

    // Nothing new happened to the visit.
    let quote = Status::of(Primary::InProgress, "WAITING FOR QUOTE");
    person_sets(&world, order, quote.clone());
    touch(&world, &id, "PO-1");
    world.run().await;
    assert_eq!(stands(&world, order), quote.to_string());

    // The client has closed it: the job may go on, the work order does not.
    person_sets(&world, order, Status::of(Primary::Completed, "CONFIRMED"));
    visit(&world, &first, "done");
    world.run().await;
    assert_eq!(stands(&world, order), "COMPLETED / CONFIRMED");
    assert_eq!(statuses(&world, order), [ON_SITE]);
    let reason = "the work order is completed and stays so";
    assert_eq!(counted(&world, reason).await, 1);

    // Unless the tenant says that it may.
    world.tenant("/settings/job_status/reopen", json!(true));
    touch(&world, &id, "PO-2");
    world.run().await;
    assert_eq!(statuses(&world, order), [ON_SITE, INCOMPLETE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_what_is_refused_becomes_a_note_and_is_not_tried_for_ever() {
    let world = board().await;
    // Offered by its name, and refused: the billable status is not for providers.
    world.tenant(
        "/settings/job_status/table",
        json!({ "job.Completed": "COMPLETED" }),
    );
    let billable = call_in_open(&world);
    let (id, first) = job(&world, billable).await;
    visit(&world, &first, "dispatch");
    visit(&world, &first, "arrive");
    end(&world, &id, "complete", &json!({}));
    world.run().await;
    assert_eq!(refusals(&world, billable), [("COMPLETED".to_owned(), 904)]);
    let note = &asked(&world, billable)[0];
    assert!(
        note.starts_with(
            "Best HVAC LLC is done with the work. The status COMPLETED could not be set. [ref job"
        ),
        "{note}"
    );
    let reason = "job.Completed could not be set as a status; a note asks the client to act";
    assert_eq!(counted(&world, reason).await, 1);

    // The call as a whole is not permitted: 401, which is no expired token here.
    agree(
        &world,
        TermsEdit {
            permissions: Some(json!({ "status_change": "denied" })),
            ..TermsEdit::default()
        },
    );
    let denied = call_in_open(&world);
    let (_, first) = job(&world, denied).await;
    visit(&world, &first, "dispatch");
    world.run().await;
    world.run().await;
    assert_eq!(refusals(&world, denied).len(), 1);
    assert_eq!(refusals(&world, denied)[0].1, 504);
    assert_eq!(asked(&world, denied).len(), 1);
    assert_eq!(stands(&world, denied), "OPEN");
    assert_eq!(asked(&world, billable).len(), 1, "asked once");

    // Not even a note is permitted: a person is told, and nobody is held up.
    agree(
        &world,
        TermsEdit {
            permissions: Some(json!({ "notes_and_schedule": "denied" })),
            ..TermsEdit::default()
        },
    );
    let mute = call_in_open(&world);
    let (_, first) = job(&world, mute).await;
    visit(&world, &first, "dispatch");
    super::office::try_run(&world).await.exits(6);
    let letters = world
        .fine(["dead", "list", "sandbox", "--format", "json"])
        .await;
    let letters = super::office::lines(&letters);
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!(letters[0]["cause"], "rejected 504", "{letters:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r46_the_busiest_visit_speaks_and_the_first_one_done_completes_nothing() {
    let world = board().await;
    let order = call_in_open(&world);
    let (id, first) = job(&world, order).await;
    let second = json!({ "start": "2026-11-05T09:00:00Z", "end": "2026-11-05T11:00:00Z" });
    let second = people(&world, &format!("jobs/{id}/appointments"), &second)["id"].clone();
    let says = async |what: &str, expected: &[&str]| {
        world.run().await;
        assert_eq!(statuses(&world, order), expected, "{what}");
    };
    visit(&world, &first, "dispatch");
    says("one is on the way", &[CONFIRMED]).await;
    visit(&world, &second, "dispatch");
    visit(&world, &first, "arrive");
    says("the one that works", &[CONFIRMED, ON_SITE]).await;
    visit(&world, &first, "done");
    let third = [CONFIRMED, ON_SITE, CONFIRMED];
    says("the other is on the way", &third).await;
    visit(&world, &second, "arrive");
    visit(&world, &second, "done");
    let fourth = [CONFIRMED, ON_SITE, CONFIRMED, INCOMPLETE];
    says("all are done, the job is not", &fourth).await;
    end(&world, &id, "complete", &json!({}));
    let fifth = [CONFIRMED, ON_SITE, CONFIRMED, INCOMPLETE, PENDING];
    says("the job is", &fifth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r47_a_hold_says_why_and_parts_are_waited_for_only_with_a_date() {
    let world = board().await;
    let scheduled = Edit {
        status: Some(Status::plain(Primary::Open)),
        scheduled_date: Some("2026-12-24T09:00:00Z".parse().unwrap()),
        expiration_date: Some("2027-06-01T00:00:00Z".parse().unwrap()),
        ..Edit::default()
    };
    let dated = call_in(&world, &scheduled);
    let undated = call_in_open(&world);
    world.run().await;
    let why = json!({ "memo": "Compressor ordered" });
    for order in [dated, undated] {
        let (id, _) = job(&world, order).await;
        end(&world, &id, "hold", &why);
    }
    world.run().await;
    // The subscriber takes PARTS ON ORDER only with a scheduled date that is to come.
    assert_eq!(statuses(&world, dated), ["IN PROGRESS / PARTS ON ORDER"]);
    assert_eq!(statuses(&world, undated), [INCOMPLETE]);
    let says = "Best HVAC LLC is on hold: Waiting for parts: Compressor ordered";
    for order in [dated, undated] {
        // The mark at its end is how it is known as ours when it comes back.
        let notes = set(&world, order, What::Note);
        assert!(
            notes.len() == 1 && notes[0].starts_with(&format!("{says} [ref job ")),
            "{notes:?}"
        );
        assert_eq!(asked(&world, order), [""; 0]);
    }

    // Without a reason that names parts, another status.
    let other = call_in(&world, &scheduled);
    let (id, _) = job(&world, other).await;
    end(&world, &id, "hold", &json!({ "reasonId": 412 }));
    world.run().await;
    assert_eq!(statuses(&world, other), [INCOMPLETE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r48_a_canceled_job_is_told_in_a_note_and_cancels_nothing() {
    let world = board().await;
    let order = call_in_open(&world);
    let (id, _) = job(&world, order).await;
    end(&world, &id, "cancel", &json!({ "memo": "Store is closed" }));
    world.run().await;
    world.run().await;
    let says = "Best HVAC LLC is no longer on this job, it was canceled: Customer canceled: Store is closed. \
                [ref job ";
    let notes = asked(&world, order);
    assert!(notes.len() == 1 && notes[0].starts_with(says), "{notes:?}");
    assert_eq!(statuses(&world, order), [""; 0]);
    assert_eq!(stands(&world, order), "OPEN");

    // Taken back and canceled once more, it is told once more.
    let path = format!("jpm/jobs/{id}/remove-cancellation");
    act(&world, "PUT", &path, &json!({}));
    world.run().await;
    end(&world, &id, "cancel", &json!({ "memo": "For good" }));
    world.run().await;
    assert_eq!(asked(&world, order).len(), 2);

    // A tenant may say otherwise.
    world.tenant(
        "/settings/job_status/table",
        json!({ "job.Canceled": "COMPLETED/CANCELLED" }),
    );
    let order = call_in_open(&world);
    let (id, _) = job(&world, order).await;
    end(&world, &id, "cancel", &json!({}));
    world.run().await;
    assert_eq!(statuses(&world, order), ["COMPLETED / CANCELLED"]);
    assert_eq!(asked(&world, order), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r50_the_scheduled_date_follows_the_next_visit_if_wanted() {
    let world = board().await;
    let order = call_in_open(&world);
    let (_, first) = job(&world, order).await;
    let move_to = |day: u32| {
        let body = json!({
            "start": format!("2026-11-{day:02}T09:00:00Z"),
            "end": format!("2026-11-{day:02}T11:00:00Z"),
        });
        let path = format!("jpm/appointments/{first}/reschedule");
        act(&world, "PATCH", &path, &body);
    };
    move_to(3);
    world.run().await;
    assert_eq!(set(&world, order, What::ScheduledDate), [""; 0]);
    world.tenant("/settings/job_status/send_visit_date", json!(true));
    move_to(4);
    world.run().await;
    world.run().await;
    assert_eq!(
        set(&world, order, What::ScheduledDate),
        ["2026-11-04T09:00:00Z"]
    );
    assert_eq!(statuses(&world, order), [""; 0]);
}
