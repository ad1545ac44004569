//! Who calls in what, and what people do in which hour.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::invoices::InvoiceAction;
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;

use crate::harness::World;

/// Work orders of the day.
const ORDERS: usize = 300;
/// Hours in which people do something.
pub(super) const HOURS: usize = 5;

/// Permits most; its work orders are jobs.
pub(super) const ACME: i64 = 2_010_000_001;
/// Its work orders wait in the Calls screen.
pub(super) const BLUEBIRD: i64 = 2_010_000_002;
/// Lets a provider set no status and send no invoice, but write notes.
pub(super) const CORNER: i64 = 2_010_000_003;

/// What happens to a work order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Story {
    Quiet,
    Dispatched,
    Completed,
    Held,
    /// The office cancels the job.
    Called,
    /// The client cancels the work order.
    Canceled,
    /// The client changes amount, text and urgency.
    Changed,
    /// The first visit is done, and another is to come.
    TwoVisits,
    /// Both sides write a note.
    Noted,
    /// Done, confirmed, billed, approved.
    Billed,
    /// A booking nobody answers.
    Waiting,
    Accepted,
    Dismissed,
    /// A booking that becomes a job, which is dispatched.
    Booked,
}

const ON_THE_BOARD: [Story; 10] = [
    Story::Quiet,
    Story::Dispatched,
    Story::Completed,
    Story::Held,
    Story::Called,
    Story::Canceled,
    Story::Changed,
    Story::TwoVisits,
    Story::Noted,
    Story::Billed,
];
const IN_CALLS: [Story; 4] = [
    Story::Waiting,
    Story::Accepted,
    Story::Dismissed,
    Story::Booked,
];

/// One work order of the day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) id: WorkOrderId,
    pub(super) subscriber: i64,
    pub(super) story: Story,
}

/// The day as far as it went.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) orders: Vec<Order>,
    /// Hours that have passed.
    pub(super) hours: usize,
}

/// What the contractor chose, and what it overrides for each client.
pub(super) fn settings(world: &World) {
    world.tenant(
        "/settings/notes",
        json!({ "inbound": true, "outbound": "pinned" }),
    );
    world.tenant(
        "/overrides",
        json!({
            BLUEBIRD.to_string(): { "settings": { "preferences": { "dispatch_board": false } } },
            CORNER.to_string(): { "settings": { "preferences": { "schedule_date": "submitted" } } },
        }),
    );
}

impl Day {
    /// All call in, in the morning.
    pub(super) fn begin(world: &World) -> Self {
        let edit = Edit {
            status: Some(Status::plain(Primary::Open)),
            nte: Some(5_000.0),
            scheduled_date: Some("2026-11-02T07:00:00Z".parse().unwrap()),
            ..Edit::default()
        };
        let client = world.sandbox.servicechannel();
        let called: Vec<WorkOrderId> = client.arrive_as(ORDERS, &edit);
        let whose: BTreeMap<WorkOrderId, i64> = client
            .overview()
            .into_iter()
            .map(|order| (order.id, order.subscriber.0))
            .collect();
        let mut nth: BTreeMap<i64, usize> = BTreeMap::new();
        let orders = called.into_iter().map(|id| {
            let subscriber = whose[&id];
            let nth = nth.entry(subscriber).or_default();
            let story = match subscriber {
                BLUEBIRD => IN_CALLS[*nth % IN_CALLS.len()],
                _ => ON_THE_BOARD[*nth % ON_THE_BOARD.len()],
            };
            *nth += 1;
            // Corner lets nobody bill.
            let story = match (subscriber, story) {
                (CORNER, Story::Billed) => Story::Completed,
                (_, story) => story,
            };
            Order {
                id,
                subscriber,
                story,
            }
        });
        let orders: Vec<Order> = orders.collect();
        assert!(
            nth.len() == 3 && nth.values().all(|count| *count >= 60),
            "{nth:?}"
        );
        Self { orders, hours: 0 }
    }

    /// Whether every work order has its booking or job.
    pub(super) fn came_over(&self, world: &World) -> bool {
        let made = world.created("jobs") + world.created("bookings");
        made == self.orders.len() as u64
    }

    /// What people do in one hour.
    pub(super) fn hour(&mut self, world: &World, hour: usize) {
        let jobs = world.jobs();
        for order in &self.orders {
            let job = jobs.get(&order.id.0).map(|jobs| &jobs[0]);
            act(world, *order, job, hour);
        }
        self.hours = hour + 1;
    }

    /// Every work order is stamped anew, though nothing in it changed.
    pub(super) fn touch_all(&self, world: &World) {
        let ids: Vec<WorkOrderId> = self.orders.iter().map(|order| order.id).collect();
        world.sandbox.servicechannel().same_tick(&ids).unwrap();
    }
}

fn act(world: &World, order: Order, job: Option<&Value>, hour: usize) {
    let client = world.sandbox.servicechannel();
    let people = |path: String, body: Value| {
        let titan = world.sandbox.servicetitan();
        let done = titan.control("POST", &path, &body);
        done.unwrap_or_else(|error| panic!("{order:?}: {path}: {error}"))
    };
    let of_job = |what: &str, body: Value| {
        let job = job.unwrap_or_else(|| panic!("{order:?} has a job"));
        people(format!("jobs/{}/{what}", job["id"]), body)
    };
    let visit = |what: &str| {
        let job = job.unwrap_or_else(|| panic!("{order:?} has a job"));
        people(
            format!("appointments/{}/{what}", job["firstAppointmentId"]),
            json!({}),
        )
    };
    let of_booking = |what: &str| {
        let booking = super::rules::booking(world, order.id);
        people(format!("bookings/{}/{what}", booking["id"]), json!({}))
    };
    match (order.story, hour) {
        (
            Story::Dispatched | Story::Completed | Story::Held | Story::TwoVisits | Story::Billed,
            0,
        ) => {
            visit("dispatch");
        }
        (Story::Completed | Story::Held | Story::TwoVisits | Story::Billed, 1) => {
            visit("arrive");
        }
        (Story::Completed | Story::Billed, 2) => {
            of_job("complete", json!({}));
        }
        (Story::Held, 2) => {
            of_job("hold", json!({ "memo": "Waits for the part" }));
        }
        (Story::TwoVisits, 2) => {
            let next = json!({ "start": "2027-01-05T15:00:00Z", "end": "2027-01-05T17:00:00Z" });
            of_job("appointments", next);
            visit("done");
        }
        (Story::Called, 0) => {
            of_job("cancel", json!({ "memo": "Double booked" }));
        }
        (Story::Canceled, 0) => {
            client.cancel(order.id).unwrap();
        }
        (Story::Changed, 0) => {
            let change = Edit {
                nte: Some(6_543.2),
                description: Some("It is worse than we said".to_owned()),
                ..Edit::default()
            };
            client.edit(order.id, change).unwrap();
        }
        (Story::Noted, 0) => client
            .write_note(order.id, "The key is at the desk")
            .unwrap(),
        (Story::Noted, 1) => {
            of_job(
                "notes",
                json!({ "text": "We come at noon", "pinToTop": true }),
            );
        }
        (Story::Billed, 3) => {
            let confirmed = Status::of(Primary::Completed, "CONFIRMED");
            client.set_status(order.id, confirmed).unwrap();
            let invoice = job.map(|job| job["invoiceId"].clone()).unwrap_or_default();
            let bill = json!({ "summary": "Replaced the motor", "items": [
                { "skuName": "LABOR", "quantity": 1.5 }, { "skuName": "PART-1" }] });
            let titan = world.sandbox.servicetitan();
            titan
                .control("PATCH", &format!("invoices/{invoice}"), &bill)
                .unwrap();
            people(format!("invoices/{invoice}/post"), json!({}));
        }
        (Story::Billed, 4) => {
            let all = client.invoices();
            let own = all.iter().find(|invoice| invoice.work_order == order.id);
            let own = own.unwrap_or_else(|| panic!("{order:?} has an invoice"));
            client
                .act_on_invoice(own.id, InvoiceAction::Approve, "")
                .unwrap();
        }
        (Story::Accepted, 0) => {
            of_booking("accept");
        }
        (Story::Dismissed, 0) => {
            of_booking("dismiss");
        }
        (Story::Booked, 0) => {
            of_booking("convert");
        }
        (Story::Booked, 1) => {
            let id = super::rules::booking(world, order.id)["jobId"].clone();
            let job = super::rules::read(world, &format!("jpm/jobs/{id}"));
            people(
                format!("appointments/{}/dispatch", job["firstAppointmentId"]),
                json!({}),
            );
        }
        _ => {}
    }
}
