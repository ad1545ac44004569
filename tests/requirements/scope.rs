//! R12 to R17: which work orders come over.

use serde_json::json;
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;
use syncline::sandbox::servicetitan::Mark;

use super::office::{act, bookings, call_in, came_over, counted, id_of, prefer, reword, small};
use crate::harness::world::TENANT;
use crate::harness::{World, until};

/// A work order from before the integration was turned on.
fn before(world: &World, called: &str, status: Status) -> WorkOrderId {
    let edit = Edit {
        call_date: Some(called.parse().unwrap()),
        status: Some(status),
        ..Edit::default()
    };
    call_in(world, &edit)
}

const STARTED: &str = "the work order was already started when the integration was turned on";
const EARLIER: &str = "the work order was submitted before the integration was turned on";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_what_was_started_before_stays_outside_for_good() {
    let world = small().await;
    let on_site = before(
        &world,
        "2026-11-01T10:00:00Z",
        Status::of(Primary::InProgress, "ON SITE"),
    );
    let done = before(
        &world,
        "2026-11-01T10:00:00Z",
        Status::of(Primary::Completed, "CONFIRMED"),
    );
    // Even when unstarted ones are wanted.
    prefer(&world, "open_since", json!("2026-10-01"));
    world.on().await;
    world.run().await;
    assert_eq!(counted(&world, STARTED).await, 2);

    // Changed, and even opened again: it looks like a new one.
    for order in [on_site, done] {
        reword(&world, order, "changed after activation");
        world
            .sandbox
            .servicechannel()
            .set_status(order, Status::plain(Primary::Open))
            .unwrap();
    }
    world.run().await;
    // Turned off and on again, it was still started before.
    world.fine(["off", TENANT]).await;
    world.on().await;
    reword(&world, on_site, "and changed again");
    world.run().await;
    assert_eq!(counted(&world, STARTED).await, 2);
    assert_eq!(world.created("jobs"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_new_work_orders_arrive_by_themselves() {
    let world = small().await;
    world.on().await;
    let mut engine = world.follow();
    for _ in 0..2 {
        let orders = world.arrive(1);
        until("the work order is a job", async || {
            engine.still_runs();
            world.jobs().contains_key(&orders[0].0)
        })
        .await;
    }
    engine.terminate().await.fine();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_r15_do_not_service_leaves_out_or_keeps_back() {
    let world = small().await;
    let marked = "the customer Acme Retail is marked Do Not Service";
    let address = json!({ "street": "1 Head Office Sq", "city": "Glendale", "state": "CA", "zip": "91203", "country": "USA" });
    let customer = json!({
        "name": "Acme Retail", "type": "Commercial", "address": address, "doNotService": true,
        "locations": [{ "name": "Acme Retail", "address": address }],
    });
    let customer = id_of(&act(&world, "POST", "crm/customers", &customer));
    world.on().await;

    // Left out by default, in both flows.
    let unchanged = world.arrive(1)[0];
    let changed = world.arrive(1)[0];
    world.run().await;
    prefer(&world, "dispatch_board", json!(false));
    let booking = world.arrive(1)[0];
    world.run().await;
    assert_eq!(counted(&world, marked).await, 3);

    // Kept back by choice.
    prefer(&world, "dispatch_board", json!(true));
    prefer(&world, "do_not_service", json!("hold"));
    let kept = world.arrive(1)[0];
    world.run().await;
    let status = world.status().await;
    let held = status["records"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["state"] == "held");
    let held = held.unwrap_or_else(|| panic!("{status}"));
    assert_eq!(
        (&held["reason"], &held["records"]),
        (&json!(marked), &json!(1))
    );
    assert_eq!((world.created("jobs"), world.created("bookings")), (0, 0));

    // Without the mark: later ones, those kept back, and those left out that change.
    world
        .sandbox
        .servicetitan()
        .set_do_not_service(customer, Mark::Off)
        .unwrap();
    let later = world.arrive(1)[0];
    reword(&world, changed, "changed after the mark was removed");
    world.run().await;
    for order in [later, kept, changed] {
        assert_eq!(world.job(order)["customerId"], json!(customer.0));
    }
    for order in [unchanged, booking] {
        assert!(!came_over(&world, order), "{order} did not change");
    }
    assert_eq!(world.created("customers"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r16_unstarted_work_orders_of_before_come_over_only_since_a_date() {
    let open = || Status::plain(Primary::Open);
    let world = small().await;
    let old = before(&world, "2026-10-10T10:00:00Z", open());
    world.on().await;
    world.run().await;
    assert!(!came_over(&world, old));
    reword(&world, old, "changed, and still from before");
    world.run().await;
    assert_eq!(counted(&world, EARLIER).await, 1);
    assert!(!came_over(&world, old));
    // Wanted later, it comes over with its next change.
    prefer(&world, "open_since", json!("2026-10-01"));
    reword(&world, old, "changed once more");
    world.run().await;
    assert!(came_over(&world, old));

    let world = small().await;
    let too_old = before(&world, "2026-09-30T23:59:59Z", open());
    let recent = before(&world, "2026-10-10T10:00:00Z", open());
    let taken = before(
        &world,
        "2026-10-10T10:00:00Z",
        Status::of(Primary::InProgress, "INCOMPLETE"),
    );
    prefer(&world, "open_since", json!("2026-10-01"));
    world.on().await;
    // Those people left alone since then; too_old was changed lately and is seen, but too old.
    reword(&world, too_old, "changed lately");
    world.run().await;
    world.audit(&[recent]).await;
    assert_eq!(counted(&world, EARLIER).await, 1);
    assert!(!came_over(&world, taken));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r17_the_same_work_order_seen_again_makes_nothing_again() {
    let world = small().await;
    prefer(&world, "dispatch_board", json!(false));
    world.on().await;
    let orders = world.arrive(3);
    // Killed when the page is in the inbox and nothing is worked; then the restart reads it again.
    let died = world
        .cmd(["run", TENANT])
        .env("SYNCLINE_CRASH_AT", "after-t1-take-page")
        .run()
        .await;
    assert!(died.crashed(), "{died:?}");
    world.run().await;
    // The polls overlap: every row comes again.
    let again = world.fine(["run", TENANT, "--format", "json"]).await.json();
    assert!(again["counts"]["fetched"].as_u64().unwrap() >= 3, "{again}");
    assert_eq!(again["counts"]["new"], 0, "{again}");
    // And all at once, with another text.
    for order in &orders {
        reword(&world, *order, "said twice");
    }
    world.sandbox.servicechannel().same_tick(&orders).unwrap();
    world.run().await;
    for order in &orders {
        let booking = super::office::booking(&world, *order);
        assert!(
            booking["summary"]
                .as_str()
                .unwrap()
                .ends_with("Description: said twice"),
            "{booking}"
        );
    }
    assert_eq!(world.created("bookings"), 3);

    // Dismissed, it is not made again.
    let booking = id_of(&bookings(&world, orders[0])[0]);
    world
        .sandbox
        .servicetitan()
        .dismiss_booking(booking, None)
        .unwrap();
    reword(&world, orders[0], "too late");
    world.run().await;
    assert_eq!(world.created("bookings"), 3);
    world.nothing_twice();
}
