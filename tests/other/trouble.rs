//! The same workspace when the other side is slow, strict, closed or loses what it was sent.

use std::collections::HashSet;
use std::time::Duration;

use super::apis::depot::Loss;
use super::apis::orchard::Order;
use super::world::World;

fn orders(count: u32) -> impl Iterator<Item = Order> {
    (1..=count).map(|n| Order::new(&format!("OR-2026-{n:04}"), &format!("BU-{n:03}")))
}

/// Every order has one shipment, every buyer one party.
#[track_caller]
fn assert_each_once(world: &World, orders: usize) {
    for rows in [world.depot.shipments(), world.depot.parties()] {
        let refs: Vec<String> = rows
            .iter()
            .map(|row| row["externalRef"].to_string())
            .collect();
        let different: HashSet<&String> = refs.iter().collect();
        assert_eq!((refs.len(), different.len()), (orders, orders), "{refs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_before_the_reply_was_lost_is_not_made_again() {
    let world = World::with_orders(orders(6)).await;
    // Half of the time what was made does not show for longer than the reply would have taken.
    world.depot.set_lag(Duration::from_millis(450));
    world.depot.lose(&[
        Loss::Reply,
        Loss::Request,
        Loss::Reply,
        Loss::Reply,
        Loss::Request,
    ]);
    let counts = world.run().await;
    assert_eq!(world.depot.losses_left(), 0);
    assert_each_once(&world, 6);
    assert_eq!(counts["unknown"], 5, "{counts}");
    assert_eq!(counts["dead"], 0, "{counts}");

    let mark = world.mark();
    world.run().await;
    assert_eq!(world.writes_since(mark), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_makes_nothing_twice() {
    let world = World::with_orders(orders(6)).await;
    let points = [
        "after-t1-take-page:1",
        "before-socket:2",
        "after-reply:3",
        "before-t4-finish:2",
    ];
    for point in points {
        let died = world.run_dying_at(point).await;
        assert_eq!(died.code, None, "{point}: {died:?}");
    }
    let counts = world.run().await;
    assert_each_once(&world, 6);
    assert_eq!(counts["dead"], 0, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_forgets_nothing_that_a_signal_named() {
    for point in [
        "before-t1h-hint:1",
        "after-t1h-hint:1",
        "before-t1-take-page:2",
        "after-t1-take-page:2",
    ] {
        let world = World::with_orders(orders(3)).await;
        world.run().await;
        for n in 1..=3 {
            let order = format!("OR-2026-{n:04}");
            world
                .depot
                .scan(&order, serde_json::json!({ "status": "PICKING" }));
        }
        let died = world.run_dying_at(point).await;
        assert_eq!(died.code, None, "{point}: {died:?}");
        world.run().await;
        for n in 1..=3 {
            let order = format!("OR-2026-{n:04}");
            let shown = world.shown(&order).map(|(state, _)| state);
            assert_eq!(shown.as_deref(), Some("preparing"), "{point}: {order}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rest_that_was_asked_for_is_kept() {
    let world = World::with_orders(orders(5)).await;
    world.depot.throttle(12);
    let counts = world.run().await;
    let (refused, impatient) = world.depot.refused_and_impatient();
    assert!(
        refused > 1,
        "it was too much for Depot more than once: {refused}"
    );
    assert_eq!(impatient, 0, "nobody asked again before the rest was over");
    assert_each_once(&world, 5);
    assert_eq!(counts["dead"], 0, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_early_is_renewed() {
    let world = World::with_orders(orders(4)).await;
    world.depot.tokens_last(5);
    let counts = world.run().await;
    assert_each_once(&world, 4);
    assert_eq!(counts["dead"], 0, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_wait_while_the_site_is_closed() {
    let world = World::with_orders(orders(2)).await;
    world.depot.set_open(false);
    world.run().await;
    assert!(world.depot.shipments().is_empty());
    let status = world.syncline(&["status", "pear"]).await;
    let sentence = "Site North is closed; orders wait until it opens.";
    assert!(status.stdout.contains(sentence), "{}", status.stdout);

    world.depot.set_open(true);
    world.run().await;
    assert_each_once(&world, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_happens_before_the_agreement_is_accepted() {
    let world = World::start().await;
    world.orchard.place(Order::new("OR-2026-0001", "BU-001"));
    let refused = world.syncline(&["on", "pear", "--by", "Quinn"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the agreement 3 of Parcels"),
        "{}",
        refused.stderr
    );
    world.syncline(&["run"]).await;
    assert_eq!(
        world.orchard.products().len(),
        5,
        "the surcharge was not made"
    );
    assert!(world.depot.shipments().is_empty());

    world.turn_on().await;
    world.turn_on().await;
    assert_eq!(world.orchard.products().len(), 6, "it was made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_what_is_right_and_what_is_wrong() {
    let world = World::start().await;
    let good = world.syncline(&["check", "pear"]).await.ok();
    assert!(
        good.stdout.contains("Pear & Co has 0 orders"),
        "{}",
        good.stdout
    );
    assert!(
        good.stdout.contains("Site North is open"),
        "{}",
        good.stdout
    );

    let world = world.with_orchard_key("another-key");
    let bad = world.syncline(&["check", "pear"]).await;
    assert_eq!(bad.code, Some(4), "{}{}", bad.stdout, bad.stderr);
    assert!(
        bad.stdout.contains("this key opens nothing"),
        "{}{}",
        bad.stdout,
        bad.stderr
    );
    assert!(
        !format!("{bad:?}").contains("another-key"),
        "a secret is never shown"
    );
}
