//! History 4: rows that move while they are read, that show late, that lie on pages with numbers.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicechannel::people::Edit;

use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig, until};

const LIST: &str = "/v3/odata/workorders";

impl World {
    /// How many pages of work orders were given.
    fn pages(&self) -> usize {
        let log = self.sandbox.servicechannel().kit().audit.log(usize::MAX);
        log.iter()
            .filter(|entry| entry.path.starts_with(LIST) && entry.path.contains("orderby"))
            .count()
    }
}

/// 4. 120 rows with one stamp, of which some take another while their pages are read: nothing is missed. S13, S14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_04_rows_of_a_tie_that_move_while_it_is_read_are_not_missed_s13_s14() {
    let world = World::with(WorldConfig {
        locations: 40,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let orders = world.arrive(120);
    let people = world.sandbox.servicechannel();
    people.same_tick(&orders).unwrap();
    // Each page leaves time for a change before the next.
    let slow = Action::Latency {
        base: Duration::from_millis(150),
        jitter: Duration::ZERO,
    };
    world.source_suffers(vec![Rule::under(LIST, slow)]);
    let before = world.pages();
    let engine = world.cmd(["run", TENANT]).start(&world.log());
    for page in 1..=2 {
        until("a page was read", async || world.pages() >= before + page).await;
        // One row that was read already, and one that was not: both leave the tie.
        for order in [orders[page], orders[119 - page]] {
            people
                .edit(
                    order,
                    Edit {
                        description: Some(format!("moved at page {page}")),
                        ..Edit::default()
                    },
                )
                .unwrap();
        }
    }
    engine.end().await.fine();
    world.source_suffers(Vec::new());
    world.run().await;
    world.audit(&orders).await;
    for page in 1..=2 {
        for order in [orders[page], orders[119 - page]] {
            let summary = world.job(order)["summary"].to_string();
            assert!(
                summary.contains(&format!("moved at page {page}")),
                "{order}: {summary}"
            );
        }
    }
}

/// 4. A row that shows 7 minutes late, with the stamp of before: past the overlap of 5 minutes, and found by the sweep.
/// S15.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_04_a_row_that_shows_seven_minutes_late_is_found_s15() {
    let world = World::with(WorldConfig {
        rate: 500,
        ..WorldConfig::default()
    })
    .await;
    // A day is long also for a fast clock.
    world.edit(
        "servicechannel/work-orders.yaml",
        "/fetch/cursor/sweep",
        json!("30m"),
    );
    world.on().await;
    let people = world.sandbox.servicechannel();
    let mut engine = world.follow();
    let began = world.now();
    let late = world.arrive(1);
    people
        .appear_late(late[0], Duration::from_secs(86_400))
        .unwrap();
    let mut orders = world.arrive(1);
    until("seven minutes have passed", async || {
        world.now() - began > TimeDelta::minutes(7)
    })
    .await;
    // It carries the watermark so far that the overlap does not reach back to the late one.
    orders.extend(world.arrive(1));
    until("the others are synced", async || world.created("jobs") == 2).await;
    people.appear_late(late[0], Duration::ZERO).unwrap();
    until("the late one is synced", async || {
        engine.still_runs();
        world.created("jobs") == 3
    })
    .await;
    engine.terminate().await.fine();
    orders.extend(late);
    world.run().await;
    world.audit(&orders).await;
}

/// 4. Pages with numbers, a kill after the first, and rows that leave it before the second: nothing is missed. S13, S14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_04_numbered_pages_with_a_kill_after_the_first_miss_nothing_s13_s14() {
    let world = World::with(WorldConfig {
        locations: 40,
        ..WorldConfig::default()
    })
    .await;
    world.edit(
        "connectors/servicechannel.yaml",
        "/paging/odata",
        json!({ "page": { "param": "$skip", "first": 0, "page_size": 50, "format": "{{ page * size }}" } }),
    );
    let filter = "UpdatedDate ge {{ cursor.value }} and CallDate ge {{ now | plus('-364d') | date('%Y-%m-%dT%H:%M:%SZ') }}";
    world.edit(
        "servicechannel/work-orders.yaml",
        "/fetch/query/$filter",
        json!(filter),
    );
    world.fine(["validate"]).await;
    world.on().await;
    let orders = world.arrive(120);
    let ran = world
        .cmd(["run", TENANT])
        .env("SYNCLINE_CRASH_AT", "after-t1-take-page")
        .run()
        .await;
    assert!(ran.crashed(), "{ran:?}");
    // Rows of the first page move to the end: every row behind them comes forward by as many places.
    for order in &orders[..10] {
        let edit = Edit {
            description: Some("moved".to_owned()),
            ..Edit::default()
        };
        world.sandbox.servicechannel().edit(*order, edit).unwrap();
    }
    world.run().await;
    world.audit(&orders).await;
}
