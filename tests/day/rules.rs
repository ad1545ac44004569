//! What must stand on both sides. Each rule is about what people did and what a client permits; where the engine has
//! its answers from is not asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syncline::sandbox::servicechannel::ledger::{Author, What, Write};
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicetitan::journal;

use super::script::{ACME, CORNER, Day, Order, Story};
use crate::harness::World;

/// How much is asked of what was written on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strict {
    /// Every step of a story was seen by itself, and written once.
    EveryStep,
    /// Steps may be skipped, none is written twice, and the last one stands.
    LastStep,
}

const CONFIRMED: &str = "IN PROGRESS / DISPATCH CONFIRMED";
const ON_SITE: &str = "IN PROGRESS / ON SITE";
const INCOMPLETE: &str = "IN PROGRESS / INCOMPLETE";
const PENDING: &str = "COMPLETED / PENDING CONFIRMATION";

/// The events of a job's or booking's life that the client is told of, as far as the day went: what is to be set, or
/// none where only a person can say.
fn told(order: Order, hours: usize) -> Vec<Option<&'static str>> {
    let visits = [(1, Some(CONFIRMED)), (2, Some(ON_SITE))];
    let story: Vec<(usize, Option<&'static str>)> = match order.story {
        Story::Quiet | Story::Canceled | Story::Changed | Story::Noted | Story::Waiting => vec![],
        Story::Dispatched => vec![(1, Some(CONFIRMED))],
        Story::Completed | Story::Billed => [&visits[..], &[(3, Some(PENDING))]].concat(),
        Story::Held | Story::TwoVisits => [&visits[..], &[(3, Some(INCOMPLETE))]].concat(),
        Story::Called => vec![(1, None)],
        // That the job was dispatched says no more than that it was booked.
        Story::Accepted | Story::Booked => vec![(1, Some(CONFIRMED))],
        Story::Dismissed => vec![(1, Some("OPEN / DECLINED"))],
    };
    let past = story.into_iter().filter(|(hour, _)| *hour <= hours);
    past.map(|(_, status)| status).collect()
}

/// Statuses that are set: none where the client permits none.
fn statuses(order: Order, hours: usize) -> Vec<&'static str> {
    let told = told(order, hours).into_iter().flatten();
    told.filter(|_| order.subscriber != CORNER).collect()
}

/// Notes that ask the client to act: for a status that cannot be set, and for a canceled job.
fn asked(order: Order, hours: usize) -> usize {
    let asks = |status: Option<&str>| order.subscriber == CORNER || status.is_none();
    told(order, hours)
        .iter()
        .filter(|status| asks(**status))
        .count()
}

/// What the integration wrote about a work order.
fn written(all: &[Write], order: Order, what: What) -> Vec<&Write> {
    let own = |write: &&Write| {
        write.work_order == order.id
            && write.what == what
            && write.refused.is_none()
            && matches!(write.by, Author::Api { .. })
    };
    all.iter().filter(own).collect()
}

/// How many writes about work orders there are by the integration.
pub(super) fn order_writes(world: &World) -> usize {
    let all = world.sandbox.servicechannel().writes();
    all.iter()
        .filter(|write| matches!(write.by, Author::Api { .. }))
        .count()
}

/// How many writes of the integration there are in the office.
pub(super) fn office_writes(world: &World) -> usize {
    by_calls(world).values().sum()
}

/// Calls of the integration that wrote something in the office, without their ids.
fn by_calls(world: &World) -> BTreeMap<String, usize> {
    let journal = world.sandbox.servicetitan().journal();
    let by_clients = |write: &journal::Write| matches!(write.by, journal::Author::Client(_));
    let mut calls: BTreeSet<(String, u64)> = BTreeSet::new();
    for write in journal.writes(by_clients) {
        let call: Vec<&str> = write
            .call
            .split('/')
            .map(|part| {
                if part.parse::<i64>().is_ok() {
                    "N"
                } else {
                    part
                }
            })
            .collect();
        // All rows that one call writes have one instant and one call.
        let journal::Author::Client(request) = &write.by else {
            continue;
        };
        calls.insert((call.join("/"), request.0));
    }
    let mut counts = BTreeMap::new();
    for (call, _) in &calls {
        *counts.entry(call.clone()).or_default() += 1;
    }
    counts
}

/// What someone in the office reads.
pub(super) fn read(world: &World, path: &str) -> Value {
    let titan = world.sandbox.servicetitan();
    titan.office("GET", path, None).unwrap().unwrap()
}

/// The booking of a work order.
pub(super) fn booking(world: &World, order: WorkOrderId) -> Value {
    let found = read(world, &format!("crm/bookings?externalId=sc-{order}"));
    found["data"][0].clone()
}

/// Whether everything that people did so far was told on the other side.
pub(super) fn done(world: &World, day: &Day) -> bool {
    problems(world, day, Strict::LastStep).is_empty()
}

/// Checks every rule; says which work orders break one, and how.
pub(super) async fn check(world: &World, day: &Day, strict: Strict) {
    let problems = problems(world, day, strict);
    if let Some((order, _)) = problems.first() {
        let said: Vec<&str> = problems.iter().map(|(_, what)| what.as_str()).collect();
        panic!(
            "{} problems, among them:\n{}\n{}",
            said.len(),
            said[..said.len().min(20)].join("\n"),
            super::account(world, *order).await
        );
    }
    world.nothing_twice();
    let all = world.sandbox.servicechannel().writes();
    let not_offered: Vec<&Write> = all
        .iter()
        .filter(|write| write.what == What::Status && matches!(write.by, Author::Api { .. }))
        .filter(|write| write.offered != Some(true) || write.refused.is_some())
        .collect();
    assert!(not_offered.is_empty(), "not offered: {not_offered:#?}");
    if strict == Strict::EveryStep {
        calls(world, day);
    }
}

fn problems(world: &World, day: &Day, strict: Strict) -> Vec<(WorkOrderId, String)> {
    let mut found = Vec::new();
    let all = world.sandbox.servicechannel().writes();
    let jobs = world.jobs();
    let invoices = world.sandbox.servicechannel().invoices();
    for order in &day.orders {
        let mut wrong = |what: &str, is: String, must: String| {
            if is != must {
                let problem = format!("{order:?}: {what}: {is}, not {must}");
                found.push((order.id, problem));
            }
        };
        // ---- Statuses: those of the story, in its order, none twice.
        let set: Vec<&str> = written(&all, *order, What::Status)
            .into_iter()
            .map(|write| write.after.as_str())
            .collect();
        let must = statuses(*order, day.hours);
        match strict {
            Strict::EveryStep => wrong("statuses", format!("{set:?}"), format!("{must:?}")),
            Strict::LastStep => {
                wrong(
                    "the last status",
                    format!("{:?}", set.last()),
                    format!("{:?}", must.last()),
                );
                let mut left = must.iter();
                let in_order = set.iter().all(|status| left.any(|own| own == status));
                wrong(
                    "statuses in their order",
                    in_order.to_string(),
                    true.to_string(),
                );
            }
        }
        // ---- Notes that ask somebody to act, one for each thing that only a person can do.
        let notes = world.sandbox.servicechannel().notes(order.id);
        let asking = notes.iter().filter(|note| note.action_required).count();
        let must = asked(*order, day.hours);
        match strict {
            Strict::EveryStep => wrong("notes that ask", asking.to_string(), must.to_string()),
            Strict::LastStep => {
                let enough = asking <= must && (must == 0 || asking > 0);
                wrong(
                    "enough notes that ask",
                    enough.to_string(),
                    true.to_string(),
                );
            }
        }
        // ---- Notes of people are on the other side once.
        let carried = notes
            .iter()
            .filter(|note| note.text.starts_with("We come at noon"))
            .count();
        let must = usize::from(order.story == Story::Noted && day.hours >= 2);
        wrong(
            "notes from the office",
            carried.to_string(),
            must.to_string(),
        );
        // ---- One invoice for what was billed.
        let own = invoices
            .iter()
            .filter(|invoice| invoice.work_order == order.id);
        let totals: Vec<f64> = own.map(|invoice| invoice.total).collect();
        let must = if order.story == Story::Billed && day.hours >= 4 {
            vec![325.0]
        } else {
            vec![]
        };
        wrong("invoices", format!("{totals:?}"), format!("{must:?}"));
        // ---- The job as the client wants it.
        let Some(job) = jobs.get(&order.id.0) else {
            if order.subscriber == ACME {
                wrong("jobs", "0".to_owned(), "1".to_owned());
            }
            continue;
        };
        let summary = job[0]["summary"].as_str().unwrap_or_default();
        let changed = order.story == Story::Changed && day.hours >= 1;
        wrong(
            "the new text",
            summary.contains("worse than we said").to_string(),
            changed.to_string(),
        );
        let fields = job[0]["customFields"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let nte = fields
            .iter()
            .find(|field| field["typeId"] == 3001)
            .map(|field| field["value"].clone());
        let must = if changed { "6543.20" } else { "5000.00" };
        let must = if order.story == Story::Canceled && day.hours >= 1 {
            None
        } else {
            Some(Value::from(must))
        };
        if must.is_some() {
            wrong("the amount", format!("{nte:?}"), format!("{must:?}"));
        }
        let canceled = job[0]["jobStatus"] == "Canceled";
        let must = matches!(order.story, Story::Called | Story::Canceled) && day.hours >= 1;
        wrong("canceled", canceled.to_string(), must.to_string());
        let told = read(world, &format!("jpm/jobs/{}/notes", job[0]["id"]));
        let told = told["data"].as_array().cloned().unwrap_or_default();
        let of = |text: &str| {
            told.iter()
                .filter(|note| note["text"].as_str().unwrap_or_default().contains(text))
                .count()
        };
        let must = usize::from(order.story == Story::Noted && day.hours >= 1);
        wrong(
            "notes from the client",
            of("The key is at the desk").to_string(),
            must.to_string(),
        );
        let must = usize::from(order.story == Story::Billed && day.hours >= 5);
        wrong(
            "told of the approval",
            of("is approved").to_string(),
            must.to_string(),
        );
    }
    found
}

/// What the integration sent to the office in the whole day: one call for each change that people made at the client,
/// and none that answers its own.
fn calls(world: &World, day: &Day) {
    let count =
        |keep: &dyn Fn(&Order) -> bool| day.orders.iter().filter(|order| keep(order)).count();
    let board = |order: &Order| order.subscriber == ACME || order.subscriber == CORNER;
    let notes =
        count(&|order| order.story == Story::Noted) + count(&|order| order.story == Story::Billed);
    let changed = count(&|order| order.story == Story::Changed);
    let booked = count(&|order| order.story == Story::Booked);
    let expected: BTreeMap<&str, usize> = BTreeMap::from([
        ("POST /jpm/jobs", count(&board)),
        (
            "POST /crm/booking-provider/N/bookings",
            count(&|order| !board(order)),
        ),
        // Text and urgency in one call, the amount among the custom fields in another; of a booking that became a job
        // the amount alone.
        ("PATCH /jpm/jobs/N", 2 * changed + booked),
        (
            "PUT /jpm/jobs/N/cancel",
            count(&|order| order.story == Story::Canceled),
        ),
        ("POST /jpm/jobs/N/notes", notes),
    ]);
    let calls = by_calls(world);
    for (call, must) in expected {
        let is = calls.get(call).copied().unwrap_or_default();
        assert_eq!(is, must, "{call} in {calls:#?}");
    }
}
