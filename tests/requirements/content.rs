//! R35 to R39: dates and summary.

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::people::Edit;

use super::office::{booking, call_in, instant, overview, prefer, small, start_of};
use crate::harness::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_r36_the_start_is_the_chosen_date_at_the_same_instant() {
    let world = small().await;
    world.on().await;
    let at = |date: &str| Edit {
        scheduled_date: Some(date.parse().unwrap()),
        ..Edit::default()
    };
    let future = call_in(&world, &at("2026-11-20T04:30:00Z"));
    let past = call_in(&world, &at("2026-10-25T06:15:00Z"));
    // Some of these say no scheduled date.
    let others = world.arrive(8);
    world.run().await;
    let start = |order| start_of(&world, &world.job(order)).to_rfc3339();
    assert_eq!(start(future), "2026-11-20T04:30:00+00:00");
    assert_eq!(
        start(past),
        "2026-10-25T06:15:00+00:00",
        "a date that has passed stands as it is"
    );
    let called = |order| overview(&world, order).call_date.to_rfc3339();
    let unscheduled = others
        .iter()
        .filter(|order| start(**order) == called(**order));
    assert!(
        unscheduled.count() > 0,
        "without a scheduled date the submitted one counts"
    );

    prefer(&world, "schedule_date", json!("submitted"));
    let job = call_in(&world, &at("2026-11-20T04:30:00Z"));
    world.run().await;
    assert_eq!(
        start(job),
        called(job),
        "written with an offset there, the same instant here"
    );

    prefer(&world, "dispatch_board", json!(false));
    let submitted = call_in(&world, &at("2026-11-20T04:30:00Z"));
    world.run().await;
    assert_eq!(
        instant(&booking(&world, submitted)["start"]),
        overview(&world, submitted).call_date
    );

    prefer(&world, "schedule_date", json!("scheduled"));
    let scheduled = call_in(&world, &at("2026-11-20T04:30:00Z"));
    world.run().await;
    assert_eq!(
        instant(&booking(&world, scheduled)["start"]).to_rfc3339(),
        "2026-11-20T04:30:00+00:00"
    );
}

/// The lines of the summary of a new booking of a work order that says `edit`.
async fn summary(world: &World, fields: Value, edit: &Edit) -> Vec<String> {
    world.tenant("/settings/job_summary/fields", fields);
    let order = call_in(world, edit);
    world.run().await;
    let summary = booking(world, order)["summary"]
        .as_str()
        .unwrap()
        .replace(&order.to_string(), "[number]");
    summary.split("<br>").map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r37_r38_r39_the_summary_holds_the_chosen_fields_in_their_order_as_safe_html() {
    let world = small().await;
    prefer(&world, "dispatch_board", json!(false));
    prefer(&world, "nte_to_custom_field", json!(false));
    world.on().await;
    let edit = Edit {
        description: Some("Fan <b>off</b> & \"loud\"; it isn't on\r\n\r\nsecond line  ".to_owned()),
        priority: Some("P1 - 4 HOURS".to_owned()),
        trade: Some("HVAC".to_owned()),
        problem_code: Some("Not cooling".to_owned()),
        nte: Some(1234.5),
        purchase_number: Some("PO-1".to_owned()),
        scheduled_date: Some("2026-11-04T14:00:00Z".parse().unwrap()),
        ..Edit::default()
    };
    let description = [
        "Description: Fan &lt;b&gt;off&lt;/b&gt; &amp; &quot;loud&quot;; it isn&#39;t on",
        "second line",
    ];

    let some = summary(&world, json!(["description", "po", "number"]), &edit).await;
    assert_eq!(
        some,
        [
            &description[..],
            &["Purchase number: PO-1", "Work order: [number]"]
        ]
        .concat()
    );
    let other = summary(&world, json!(["nte", "resolution", "scheduled"]), &edit).await;
    assert_eq!(
        other,
        ["NTE: 1234.50", "Scheduled: 2026-11-04 09:00 -05:00"],
        "what has no value leaves no line"
    );

    let all = summary(&world, json!("all"), &edit).await;
    let titles: Vec<&str> = all
        .iter()
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    let offered = [
        "Work order",
        "Tracking number",
        "Purchase number",
        "Subscriber",
        "Store",
        "Location",
        "Trade",
        "Category",
        "Priority",
        "NTE",
        "Currency",
        "Submitted",
        "Scheduled",
        "Expires",
        "Caller",
        "Created by",
        "Problem code",
        "Description",
        "Status",
    ];
    assert_eq!(
        titles, offered,
        "without asset, resolution, extended status, which are empty: {all:?}"
    );
    assert!(all.iter().all(|line| !line.trim().is_empty()), "{all:?}");
    assert!(
        all.contains(&"Subscriber: Acme Retail".to_owned()),
        "{all:?}"
    );
}
