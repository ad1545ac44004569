//! The scripted day: 300 work orders of three clients who differ in what they permit, in their statuses and in what is
//! overridden for them, and people on both sides who do what people do. What must come out is said in `rules`, in the
//! words of the two sides and without a look at the engine.
//!
//! | file | what |
//! | --- | --- |
//! | `script` | who calls in what, and what people do in which hour |
//! | `rules` | what must stand on both sides in the end, and what was written for it |
//! | `contract` | every request of the day is one that the vendors document |

mod contract;
mod rules;
mod script;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use serde_json::json;
use syncline::sandbox::kit::recorder::Exchange;
use syncline::sandbox::kit::rng::Rng;
use syncline::sandbox::scenario::{self, Scenario};
use syncline::sandbox::servicechannel::hooks::HookFaults;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicetitan::Hooks;

use crate::faults::seed;
use crate::harness::wait::until_within;
use crate::harness::world::TENANT;
use crate::harness::{Flows, World, WorldConfig};
use rules::Strict;
use script::Day;

/// What both sides were asked.
type Asked = Arc<Mutex<Vec<Exchange>>>;

async fn world(rate: u32) -> World {
    let world = World::with(WorldConfig {
        rate,
        subscribers: 3,
        locations: 9,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    script::settings(&world);
    world.on().await;
    world
}

/// From now on every exchange is kept.
fn listen(world: &World) -> Asked {
    let asked = Asked::default();
    for kit in [
        world.sandbox.servicechannel().kit(),
        world.sandbox.servicetitan().kit(),
    ] {
        let asked = asked.clone();
        kit.recorder.record(move |exchange| {
            let mut all = asked.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(exchange);
        });
    }
    asked
}

fn writes(world: &World) -> usize {
    rules::order_writes(world) + rules::office_writes(world)
}

/// Hour by hour, with everything at rest in between: so every change is seen by itself, and each has its one write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_of_300_work_orders_ends_consistent_with_one_write_for_each_change() {
    let world = world(100).await;
    let asked = listen(&world);
    let mut day = Day::begin(&world);
    world.run().await;
    for hour in 0..script::HOURS {
        day.hour(&world, hour);
        world.run().await;
    }
    rules::check(&world, &day, Strict::EveryStep).await;
    contract::check(&asked.lock().unwrap());

    // The whole day once more: every work order is touched, every feed read again from its beginning.
    let before = writes(&world);
    day.touch_all(&world);
    world.run().await;
    assert_eq!(
        writes(&world),
        before,
        "what is seen again is written again"
    );
    rules::check(&world, &day, Strict::EveryStep).await;
}

/// The same day with the daemon, webhooks that are doubled, overtake each other and are lost, clocks ten minutes apart,
/// and `kill -9` wherever it hits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_kills_bad_webhooks_and_clocks_apart_ends_the_same() {
    let world = world(100).await;
    world.gives_keys();
    let mut served = world
        .serve_with(|cmd| cmd.env("SYNCLINE_CLOCK", ahead(&world)))
        .await;
    let source = HookFaults {
        lose: 0.2,
        duplicate: 0.3,
        late: 0.3,
        late_by: Duration::from_secs(120),
    };
    let target = Hooks {
        duplicates: 0.3,
        loss: 0.2,
        spread: Duration::from_secs(120),
        ..Hooks::default()
    };
    world.tells(served.at, source.clone(), target.clone());
    let seed = seed();
    eprintln!("SYNCLINE_TEST_SEED={seed}");
    let mut rng = Rng::seeded(seed);
    let mut day = Day::begin(&world);
    until_within(PATIENCE, "every work order came over", async || {
        day.came_over(&world)
    })
    .await;
    for hour in 0..script::HOURS {
        day.hour(&world, hour);
        // In the middle of it, at no moment of anybody's choice.
        tokio::time::sleep(Duration::from_millis(rng.below(LATEST))).await;
        served.kill().await;
        served = world
            .serve_with(|cmd| cmd.env("SYNCLINE_CLOCK", ahead(&world)))
            .await;
        world.tells(served.at, source.clone(), target.clone());
        told(&world, &day).await;
    }
    // Webhooks of the whole day once more, and time for whatever is late.
    let before = writes(&world);
    let replayed = world
        .sandbox
        .servicetitan()
        .control("POST", "webhooks/replay", &json!({}));
    replayed.unwrap();
    day.touch_all(&world);
    let past = world.now() + TimeDelta::minutes(15);
    until_within(PATIENCE, "the last webhooks have come", async || {
        world.now() > past
    })
    .await;
    served.terminate().await.fine();
    assert_eq!(
        writes(&world),
        before,
        "what is told again is written again"
    );
    rules::check(&world, &day, Strict::LastStep).await;
}

/// Waits until all that people did so far is told on the other side; else says what is not.
async fn told(world: &World, day: &Day) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    until_within(PATIENCE * 2, "the hour is told", async || {
        let is_late = tokio::time::Instant::now() > deadline;
        if is_late {
            rules::check(world, day, Strict::LastStep).await;
        }
        rules::done(world, day)
    })
    .await;
}

/// The latest kill after people began an hour's work, in milliseconds.
const LATEST: u64 = 2_000;
/// Longer than a loaded machine needs for one hour of the day.
const PATIENCE: Duration = Duration::from_secs(180);

/// The daemon's clock, ten minutes ahead of both sides.
fn ahead(world: &World) -> String {
    let now = world.now() + TimeDelta::minutes(10);
    let rate = world.sandbox.clock().rate();
    format!(
        "{}*{rate}",
        now.to_rfc3339_opts(SecondsFormat::Micros, true)
    )
}

/// What `status` says, and what is known of one work order, for a failure.
async fn account(world: &World, order: WorkOrderId) -> String {
    let status = world.cmd(["status", TENANT]).run().await;
    let trace = world.cmd(["trace", &order.to_string()]).run().await;
    format!("{}\n{}", status.stdout, trace.stdout)
}

/// What `demo --scenario` and `sandbox --scenario` play is seen on the other side, all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_of_the_sandbox_is_seen_on_the_other_side() {
    let world = world(2).await;
    world.gives_keys();
    let served = world.serve().await;
    world.tells(served.at, HookFaults::default(), Hooks::default());
    world.arrive(24);
    let told = Mutex::new(Vec::new());
    let say = |line: &str| told.lock().unwrap().push(line.to_owned());
    let missed = scenario::play(&world.sandbox, Scenario::FullDay, &say).await;
    served.terminate().await.fine();
    let told = told.into_inner().unwrap();
    assert_eq!(missed, 0, "{told:#?}");
    let seen = told
        .iter()
        .filter(|line| line.contains("    Service"))
        .count();
    assert_eq!(seen, 13, "{told:#?}");
    world.nothing_twice();
}
