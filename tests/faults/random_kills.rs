//! P1 at instants nobody chose: 200 times `kill -9` while 2,000 work orders come in and both sides have a bad day.

use std::collections::BTreeMap;
use std::time::Duration;

use syncline::engine::store::{RecordState, Store as _};
use syncline::sandbox::kit::faults::Preset;
use syncline::sandbox::kit::rng::Rng;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicechannel::people::Edit;

use crate::harness::wait::until_within;
use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig, until};

const KILLS: u64 = 200;
const ORDERS: usize = 2_000;
/// The latest kill after the engine was seen at work.
const LATEST: u64 = 1_200;

/// From the test's environment, to repeat a run; else another one each time.
pub(crate) fn seed() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the seed of a run is chosen by who repeats it"
    )]
    let given = std::env::var("SYNCLINE_TEST_SEED").ok();
    match given {
        Some(seed) => seed.parse().expect("SYNCLINE_TEST_SEED is a number"),
        None => uuid::Uuid::now_v7().as_u64_pair().1,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_200_times_at_random_instants_nothing_is_lost_or_doubled() {
    let seed = seed();
    eprintln!("SYNCLINE_TEST_SEED={seed}");
    let mut rng = Rng::seeded(seed);
    // On a bad day most attempts fail somewhere: how many may is not what this is about.
    let config = WorldConfig {
        seed,
        locations: 40,
        attempts: 100,
        ..WorldConfig::default()
    };
    let world = World::with(config).await;
    world.on().await;
    let kits = [
        world.sandbox.servicechannel().kit().clone(),
        world.sandbox.servicetitan().kit().clone(),
    ];
    for kit in &kits {
        kit.faults.preset(Preset::Flaky);
    }

    let mut orders: Vec<WorkOrderId> = Vec::new();
    let mut texts: BTreeMap<WorkOrderId, String> = BTreeMap::new();
    for kill in 0..KILLS {
        orders.extend(world.arrive(ORDERS / usize::try_from(KILLS).unwrap()));
        // Some that may be synced by now change.
        for _ in 0..2 {
            let order = *rng.pick(&orders);
            let text = format!("changed before kill {kill}");
            let edit = Edit {
                description: Some(text.clone()),
                ..Edit::default()
            };
            world.sandbox.servicechannel().edit(order, edit).unwrap();
            texts.insert(order, text);
        }
        let before: u64 = kits.iter().map(|kit| kit.audit.summary().requests).sum();
        let mut engine = world.follow();
        // One in ten dies while it starts, the others at work.
        if rng.below(10) > 0 {
            until("the engine asks for something", async || {
                kits.iter()
                    .map(|kit| kit.audit.summary().requests)
                    .sum::<u64>()
                    > before
            })
            .await;
        }
        engine.still_runs();
        tokio::time::sleep(Duration::from_millis(rng.below(LATEST))).await;
        engine.kill().await;
        if kill % 20 == 19 {
            eprintln!("{} kills, {} jobs", kill + 1, world.created_jobs().len());
        }
    }

    // The bad day is over: what is left is work, and takes only time.
    for kit in &kits {
        kit.faults.clear();
    }
    let mut engine = world.follow();
    let store = world.store().await;
    let tenant = TENANT.into();
    until_within(
        Duration::from_secs(900),
        "every work order has come to rest",
        async || {
            engine.still_runs();
            let counts = store.counts(&tenant).await.unwrap();
            let records = |wanted: &[RecordState]| -> u64 {
                let counts = counts.iter().filter(|count| wanted.contains(&count.state));
                counts.map(|count| count.records).sum()
            };
            let given_up = records(&[RecordState::Dead]);
            assert_eq!(given_up, 0, "records were given up: {counts:?}");
            records(&[RecordState::Done]) == ORDERS as u64
                && store.open_intents(&tenant).await.unwrap().is_empty()
        },
    )
    .await;
    store.close().await;
    engine.terminate().await.fine();

    world.audit(&orders).await;
    let jobs = world.jobs();
    for (order, text) in texts {
        let summary = jobs[&order.0][0]["summary"].as_str().unwrap();
        assert!(
            summary.contains(&text),
            "{order} does not say `{text}`: {summary}"
        );
    }
}
