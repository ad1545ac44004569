//! R19 to R24: what the office answers to a booking.

use serde_json::{Value, json};
use syncline::engine::store::Store as _;
use syncline::sandbox::servicechannel::model::{Primary, WorkOrderId};
use syncline::sandbox::servicechannel::people_terms::{Below, TermsEdit};
use syncline::sandbox::servicetitan::Id;

use super::office::{
    agree, asked, booking, both_ways, call_in_open, counted, id_of, people, prefer, reword, stands,
    statuses,
};
use crate::harness::World;
use crate::harness::world::TENANT;

const CONFIRMED: &str = "IN PROGRESS / DISPATCH CONFIRMED";

/// Work orders wait in the Calls screen.
async fn calls() -> World {
    let world = both_ways().await;
    prefer(&world, "dispatch_board", json!(false));
    world.on().await;
    world
}

async fn booked(world: &World) -> (WorkOrderId, Id) {
    let order = call_in_open(world);
    world.run().await;
    (order, id_of(&booking(world, order)))
}

fn answer(world: &World, booking: Id, answer: &str) -> Value {
    people(world, &format!("bookings/{booking}/{answer}"), &json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r19_r22_r24_accepted_and_declined_go_back_and_what_was_declined_is_not_made_again() {
    let world = calls().await;
    let (accepted, first) = booked(&world).await;
    let (declined, second) = booked(&world).await;
    let (waiting, _) = booked(&world).await;
    answer(&world, first, "accept");
    answer(&world, second, "dismiss");
    world.run().await;
    assert_eq!(statuses(&world, accepted), [CONFIRMED]);
    assert_eq!(statuses(&world, declined), ["OPEN / DECLINED"]);
    assert_eq!(statuses(&world, waiting), [""; 0]);

    for order in [accepted, declined] {
        reword(&world, order, "changed after the answer");
    }
    world.run().await;
    assert_eq!(statuses(&world, accepted), [CONFIRMED], "said once");
    assert_eq!(statuses(&world, declined), ["OPEN / DECLINED"], "said once");
    assert_eq!(world.created("bookings"), 3, "none is made again");
    for order in [accepted, declined, waiting] {
        assert_eq!(asked(&world, order), [""; 0]);
    }
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r20_without_dispatch_confirmed_the_next_that_is_offered_is_set() {
    let world = calls().await;
    let own = Below {
        primary: Primary::InProgress,
        name: "ON SITE".to_owned(),
        needs: None,
    };
    agree(
        &world,
        TermsEdit {
            statuses: Some(vec![own]),
            ..TermsEdit::default()
        },
    );
    let (order, booking) = booked(&world).await;
    answer(&world, booking, "accept");
    world.run().await;
    assert_eq!(statuses(&world, order), ["IN PROGRESS"]);
    assert_eq!(asked(&world, order), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r21_r22_where_nothing_suits_a_note_asks_and_the_work_order_stays_open() {
    let world = calls().await;
    agree(
        &world,
        TermsEdit {
            permissions: Some(json!({ "other_statuses": "denied" })),
            ..TermsEdit::default()
        },
    );
    let (accepted, first) = booked(&world).await;
    let (declined, second) = booked(&world).await;
    answer(&world, first, "accept");
    answer(&world, second, "dismiss");
    world.run().await;
    for order in [accepted, declined] {
        assert_eq!(stands(&world, order), "OPEN");
        assert_eq!(statuses(&world, order), [""; 0]);
    }
    let says = |what: &str, status: &str, id: Id, word: &str| {
        format!(
            "Best HVAC LLC has {what} this work order. The status {status} could not be set. [ref booking {id} {word}]"
        )
    };
    assert_eq!(
        asked(&world, accepted),
        [says(
            "accepted",
            "IN PROGRESS/DISPATCH CONFIRMED",
            first,
            "accepted"
        )]
    );
    assert_eq!(
        asked(&world, declined),
        [says("declined", "OPEN/DECLINED", second, "dismissed")]
    );
    let reason = "booking.Accepted could not be set as a status; a note asks the client to act";
    assert_eq!(counted(&world, reason).await, 1, "it is seen in `status`");
    world.run().await;
    assert_eq!(asked(&world, accepted).len(), 1, "asked once");
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_booking_that_becomes_a_job_hands_its_link_on() {
    let world = calls().await;
    let (order, booking) = booked(&world).await;
    let job = answer(&world, booking, "convert")["jobId"].clone();
    world.run().await;
    assert_eq!(statuses(&world, order), [CONFIRMED]);
    let links = world.links("job").await;
    let linked: Vec<_> = links
        .iter()
        .map(|link| {
            let target = link.target.as_ref().map(|target| target.id.to_string());
            (link.id.key.to_string(), target)
        })
        .collect();
    assert_eq!(linked, [(order.to_string(), Some(job.to_string()))]);

    // What happens to the job goes on from there; the work order makes neither a second job nor a second booking.
    let visit =
        super::office::read(&world, &format!("jpm/jobs/{job}"))["firstAppointmentId"].clone();
    people(
        &world,
        &format!("appointments/{visit}/dispatch"),
        &json!({}),
    );
    people(&world, &format!("appointments/{visit}/arrive"), &json!({}));
    reword(&world, order, "changed after it was booked");
    world.run().await;
    assert_eq!(
        statuses(&world, order),
        [CONFIRMED, "IN PROGRESS / ON SITE"]
    );
    assert_eq!((world.created("jobs"), world.created("bookings")), (0, 1));

    // All three are worked one after the other.
    let store = world.store().await;
    for key in [order.to_string(), booking.to_string(), job.to_string()] {
        let records = store.records(&TENANT.into(), &key.as_str().into()).await;
        for record in records.unwrap() {
            let root = record.root.map(|root| root.to_string());
            assert_eq!(root, Some(order.to_string()), "{}", record.id.pipeline);
        }
    }
    store.close().await;
}
