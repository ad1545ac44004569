//! Both flows, as the YAML says them.

use serde_json::{Value, json};

use super::apis::orchard::Order;
use super::world::World;

/// One order of every sort that the pipeline tells apart.
fn orders() -> Vec<Order> {
    let order = |n: u32, buyer: &str| Order::new(&format!("OR-2026-{n:04}"), buyer);
    vec![
        order(1, "BU-001").with(|it| it.wish = Some("gift wrap".to_owned())),
        order(2, "BU-001").with(|it| it.speed = "express".into()),
        order(3, "BU-002").with(|it| it.speed = "express".into()),
        order(4, "BU-003").with(|it| it.speed = "By Bike".into()),
        order(5, "BU-004").with(|it| it.speed = "drone".into()),
        order(6, "BU-005").with(|it| it.placed = "2026-04-30T23:59:59Z".into()),
        order(7, "BU-006").with(|it| it.state = "placed".into()),
        order(8, "BU-007").with(|it| it.speed = "Over Night".into()),
        order(9, "BU-008").with(|it| it.state = "cancelled".into()),
    ]
}

/// The values of one field, sorted.
fn sorted<'r>(rows: &'r [Value], field: &str) -> Vec<&'r str> {
    let mut values: Vec<&str> = rows
        .iter()
        .map(|row| row[field].as_str().unwrap())
        .collect();
    values.sort_unstable();
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_becomes_one_shipment_of_one_party() {
    let world = World::with_orders(orders()).await;
    let counts = world.run_only(&["pear/orders"]).await;

    let shipments = world.depot.shipments();
    let shipped = [
        "OR-2026-0001",
        "OR-2026-0002",
        "OR-2026-0003",
        "OR-2026-0004",
        "OR-2026-0005",
    ];
    assert_eq!(sorted(&shipments, "externalRef"), shipped, "{counts}");
    let parties = world.depot.parties();
    assert_eq!(
        sorted(&parties, "externalRef"),
        ["BU-001", "BU-002", "BU-003", "BU-004"],
        "one each, also of a buyer with two orders"
    );
    assert_eq!(counts["held"], 2, "not paid, not offered: {counts}");
    assert_eq!(counts["skipped"], 2, "too old, cancelled: {counts}");
    assert_eq!(counts["dead"], 0, "{counts}");

    let party = parties
        .iter()
        .find(|party| party["externalRef"] == "BU-001")
        .unwrap();
    let surcharge = world.orchard.products().pop().unwrap();
    assert_eq!(surcharge.sku, "HANDLING");
    let first = world.depot.shipment("OR-2026-0001");
    let expected = json!({
        "id": first["id"], "seq": first["seq"], "status": "NEW", "partial": false,
        "externalRef": "OR-2026-0001", "partyId": party["id"], "country": "NL", "service": "STANDARD",
        "declaredValue": "39.80", "grams": 1200, "insured": false, "stop": false,
        "slip": "Order: OR-2026-0001 / Buyer: Buyer BU-001 / Wish: gift wrap",
        "dueBy": "2026-05-06T08:15:00+00:00", "surchargeRef": surcharge.uid,
    });
    assert_eq!(first, expected);

    let service = |order: &str| world.depot.shipment(order)["service"].clone();
    assert_eq!(service("OR-2026-0002"), "EXPRESS", "a row of the map");
    assert_eq!(
        service("OR-2026-0003"),
        "STANDARD",
        "a row of the buyer's override"
    );
    assert_eq!(service("OR-2026-0004"), "STANDARD", "a row of the tenant");
    assert_eq!(service("OR-2026-0005"), "ECONOMY", "the map's else");
    assert_eq!(
        world.depot.shipment("OR-2026-0003")["insured"],
        true,
        "the override insures from 10"
    );

    // The feed of new shipments says nothing to the shop.
    let mark = world.mark();
    world.run().await;
    assert_eq!(
        world.writes_since(mark),
        [""; 0],
        "a second run has nothing to send"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_an_order_arrive() {
    let world = World::with_orders(orders()).await;
    world.run().await;

    world.orchard.change("OR-2026-0001", |order| {
        order.buyer.name = "Ada New".into();
        order.lines[0].total = "200.00".into();
    });
    world
        .orchard
        .change("OR-2026-0005", |order| order.state = "cancelled".into());
    world.orchard.change("OR-2026-0006", |order| {
        order.wish = Some("please".to_owned());
    });
    world
        .orchard
        .change("OR-2026-0007", |order| order.state = "paid".into());
    world.run().await;

    let first = world.depot.shipment("OR-2026-0001");
    assert_eq!(first["declaredValue"], "200.00");
    assert_eq!(first["insured"], true);
    assert_eq!(
        first["slip"],
        "Order: OR-2026-0001 / Buyer: Ada New / Wish: gift wrap"
    );
    let parties = world.depot.parties();
    let party = parties
        .iter()
        .find(|party| party["externalRef"] == "BU-001")
        .unwrap();
    assert_eq!(party["name"], "Ada New");
    assert_eq!(world.depot.shipment("OR-2026-0005")["stop"], true);
    assert_eq!(
        world.depot.shipment("OR-2026-0007")["status"],
        "NEW",
        "paid at last"
    );
    assert_eq!(
        world.depot.shipments().len(),
        6,
        "an order from before stays outside for good"
    );
    assert_eq!(parties.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_depot_refuses_is_held_until_it_changes() {
    let order = Order::new("OR-2026-0001", "BU-001").with(|it| it.country = "XX".into());
    let world = World::with_orders([order]).await;
    let counts = world.run_only(&["pear/orders"]).await;
    assert_eq!((&counts["held"], &counts["dead"]), (&json!(1), &json!(0)));
    let told = world.syncline(&["trace", "OR-2026-0001"]).await.ok();
    let reason = "Depot does not deliver to XX (ADDRESS)";
    assert!(told.stdout.contains(reason), "{}", told.stdout);

    world
        .orchard
        .change("OR-2026-0001", |order| order.country = "BE".into());
    world.run().await;
    assert_eq!(world.depot.shipment("OR-2026-0001")["country"], "BE");
    assert_eq!(world.depot.parties().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_of_a_parcel_shows_in_the_shop_and_does_not_echo() {
    let world = World::with_orders(orders()).await;
    world.run().await;
    assert_eq!(
        world.shown("OR-2026-0001"),
        None,
        "a new shipment says nothing"
    );

    let gone = |tracking: &str, partial: bool| json!({ "status": "HANDED_OVER", "tracking": tracking, "partial": partial });
    world
        .depot
        .handle("OR-2026-0001", json!({ "status": "PICKING" }));
    world.depot.handle("OR-2026-0002", gone("T-2", true));
    world.depot.handle("OR-2026-0003", gone("T-3", false));
    world.depot.handle(
        "OR-2026-0004",
        json!({ "status": "PACKED", "block": "CUSTOMS" }),
    );
    world.depot.handle(
        "OR-2026-0005",
        json!({ "status": "PACKED", "block": "STRIKE" }),
    );
    world.run().await;

    let shown = |state: &str, tracking: Option<&str>| {
        Some((state.to_owned(), tracking.map(ToOwned::to_owned)))
    };
    assert_eq!(world.shown("OR-2026-0001"), shown("preparing", None));
    assert_eq!(
        world.shown("OR-2026-0002"),
        shown("partly_sent", Some("T-2"))
    );
    assert_eq!(
        world.shown("OR-2026-0003"),
        shown("sent", None),
        "the override shows no numbers"
    );
    assert_eq!(
        world.shown("OR-2026-0004"),
        shown("waiting", None),
        "a block speaks first"
    );
    assert_eq!(
        world.shown("OR-2026-0005"),
        shown("blocked", None),
        "a block nobody knew"
    );

    // What was written comes back as newer orders, and leads to nothing.
    let mark = world.mark();
    let counts = world.run().await;
    assert_eq!(world.writes_since(mark), [""; 0]);
    assert_eq!(
        counts["new"], 5,
        "the orders that were written to: {counts}"
    );

    // A parcel that has left is not changed any more, and nobody is told that it was refused.
    world.orchard.change("OR-2026-0003", |order| {
        order.wish = Some("too late".to_owned());
    });
    let mark = world.mark();
    let counts = world.run().await;
    assert_eq!(world.writes_since(mark), [""; 0]);
    assert_eq!(counts["dead"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_signal_names_is_read_again() {
    let world = World::with_orders(orders()).await;
    world.run().await;
    world
        .depot
        .scan("OR-2026-0001", json!({ "status": "PICKING" }));
    world.depot.scan(
        "OR-2026-0002",
        json!({ "status": "PACKED", "block": "CUSTOMS" }),
    );
    world
        .depot
        .scan("OR-2026-0002", json!({ "status": "PACKED", "block": null }));
    world.run().await;
    let shown = |state: &str| Some((state.to_owned(), None));
    assert_eq!(world.shown("OR-2026-0001"), shown("preparing"));
    assert_eq!(world.shown("OR-2026-0002"), shown("preparing"));
    assert_eq!(world.shown("OR-2026-0003"), None, "nobody scanned it");

    // The place in the signal is kept: what it named is not read again. The orders written to come once more.
    world.run().await;
    let mark = world.mark();
    world.run().await;
    let asked = world.asked_depot_since(mark);
    assert_eq!(
        asked
            .iter()
            .filter(|path| path.contains("/scans?since=s-6"))
            .count(),
        1,
        "{asked:?}"
    );
    assert!(
        !asked.iter().any(|path| path.contains("/shipments/")),
        "{asked:?}"
    );

    // Off is off for signals as well.
    world.syncline(&["off", "pear", "--by", "Quinn"]).await.ok();
    world
        .depot
        .scan("OR-2026-0003", json!({ "status": "PICKING" }));
    let mark = world.mark();
    world.syncline(&["run"]).await;
    assert_eq!(world.asked_depot_since(mark), [""; 0]);
    world.turn_on().await;
    world.run().await;
    assert_eq!(world.shown("OR-2026-0003"), shown("preparing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_changed_is_what_the_next_run_sends() {
    let orders = (1..=2).map(|n| Order::new(&format!("OR-2026-{n:04}"), "BU-001"));
    let world = World::with_orders(orders).await;
    world.run().await;
    let service = |order: &str| world.depot.shipment(order)["service"].clone();
    assert_eq!(service("OR-2026-0001"), "STANDARD");

    world.edit(
        "parcels/maps/service.yaml",
        "standard: [STANDARD, ECONOMY]",
        "standard: EXPRESS",
    );
    world.orchard.change("OR-2026-0001", |order| {
        order.wish = Some("quick".to_owned());
    });
    world.orchard.place(Order::new("OR-2026-0003", "BU-001"));
    world.run().await;
    assert_eq!(service("OR-2026-0001"), "EXPRESS", "an order that changed");
    assert_eq!(service("OR-2026-0003"), "EXPRESS", "a new one");
    assert_eq!(
        service("OR-2026-0002"),
        "STANDARD",
        "a changed plan alone writes nothing again (S28)"
    );

    // A value that Depot does not have never gets as far as a request.
    world.edit(
        "parcels/maps/service.yaml",
        "standard: EXPRESS",
        "standard: EXPRES",
    );
    world.orchard.place(Order::new("OR-2026-0004", "BU-001"));
    let mark = world.mark();
    let ran = world.syncline(&["run"]).await;
    assert_eq!(ran.code, Some(3));
    assert!(
        ran.stderr.contains("`EXPRES` is not a value of the target"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("did you mean `EXPRESS`?"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.writes_since(mark), [""; 0]);
}
