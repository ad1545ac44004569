//! Histories 8 and 9: accounts that are out, and an integration that is turned off at work.

use std::time::Duration;

use chrono::TimeDelta;
use syncline::engine::record::TenantName;
use syncline::engine::schedule::Mode;
use syncline::engine::store::{OpState, Phase, Store as _};
use syncline::sandbox::kit::faults::{Action, FailBody, Rule};
use syncline::sandbox::kit::limits::RetryAfter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{JOBS, making};
use crate::harness::wait::stays;
use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig, until};

/// Everything is out for an hour while work orders come in and others are at work; afterwards all are synced, and no
/// record was given up.
async fn an_hour_of(source: Vec<Rule>, target: Vec<Rule>) {
    let world = World::with(WorldConfig {
        rate: 1_000,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let mut orders = world.arrive(5);
    let mut engine = world.follow();
    until("the first are synced", async || world.created("jobs") == 5).await;

    // The target goes first: some records are taken up and fail there.
    world.target_suffers(target);
    world.sandbox.servicetitan().revoke_tokens();
    let began = world.now();
    orders.extend(world.arrive(10));
    let store = world.store().await;
    until("they have come in", async || {
        let counts = store.counts(&TenantName::from(TENANT)).await.unwrap();
        counts.iter().map(|count| count.records).sum::<u64>() == 15
    })
    .await;
    world.source_suffers(source);
    orders.extend(world.arrive(10));
    until("an hour has passed", async || {
        world.now() - began > TimeDelta::hours(1)
    })
    .await;
    engine.still_runs();
    assert_eq!(world.created("jobs"), 5, "nothing came through");
    world.source_suffers(Vec::new());
    world.target_suffers(Vec::new());

    until("all are synced", async || {
        engine.still_runs();
        world.created("jobs") == 25
    })
    .await;
    until("all intents are settled", async || {
        store
            .open_intents(&TenantName::from(TENANT))
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    store.close().await;
    engine.terminate().await.fine();
    assert_eq!(
        world.fine(["dead", "list", TENANT]).await.stdout,
        "no record was given up\n"
    );
    world.audit(&orders).await;
}

/// 8. One hour of 503 from both sides: no dead letters, all synced after. S21.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_08_an_hour_of_503_makes_no_dead_letters_s21() {
    let out = || {
        vec![Rule::always(Action::Fail {
            status: 503,
            body: FailBody::Html,
        })]
    };
    an_hour_of(out(), out()).await;
}

/// 8. One hour in which no token is to be had: no dead letters, all synced after. S21.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_08_an_hour_without_tokens_makes_no_dead_letters_s21() {
    let throttled = || Action::Throttle {
        wait: Duration::from_secs(60),
        form: RetryAfter::Seconds,
    };
    let refused = || Action::Unauthorized;
    let source = vec![
        Rule::under("/oauth/token", throttled()),
        Rule::under("/v3", refused()),
    ];
    let target = vec![Rule::under("/connect/token", throttled())];
    an_hour_of(source, target).await;
}

/// 9. Off in the middle of sixteen intents: no request arrives after it returns, and none was lost or doubled. S22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_09_off_in_the_middle_of_sixteen_intents_lets_no_request_out_s22() {
    let world = World::with(WorldConfig {
        locations: 3,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let before = world.arrive(12);
    world.run().await;
    let slow = Action::Latency {
        base: Duration::from_millis(600),
        jitter: Duration::ZERO,
    };
    world.target_suffers(vec![making(JOBS, slow)]);
    let orders = world.arrive(40);

    let (engine, tenant) = (world.engine().await, TenantName::from(TENANT));
    let mut running = JoinSet::new();
    let runs = engine.clone();
    running.spawn(async move {
        runs.run(
            &[(TENANT.to_owned(), None)],
            Mode::Forever,
            CancellationToken::new(),
        )
        .await
    });
    until("sixteen intents are on the wire", async || {
        engine.store().open_intents(&tenant).await.unwrap().len() >= 16
    })
    .await;
    assert!(world.created("jobs") < 52, "it is in the middle");

    let requests = || {
        let (source, target) = (
            world.sandbox.servicechannel().kit(),
            world.sandbox.servicetitan().kit(),
        );
        (
            source.audit.summary().requests,
            target.audit.summary().requests,
        )
    };
    engine.turn_off(TENANT, "tester").await.unwrap();
    let returned = requests();
    let planned = |state: OpState| state == OpState::Planned;
    let open = engine.store().open_intents(&tenant).await.unwrap();
    assert!(
        !open
            .iter()
            .any(|row| planned(row.intent.as_ref().unwrap().state)),
        "all are settled or known to be unknown"
    );
    assert!(
        stays(Duration::from_millis(700), async || requests() == returned).await,
        "a request arrived after it returned"
    );
    running.join_next().await.unwrap().unwrap().unwrap();
    engine.close().await;
    assert_eq!(requests(), returned);
    assert!(world.created("jobs") < 52, "off left work undone");
    let store = world.store().await;
    assert_eq!(store.tenant(&tenant).await.unwrap().phase, Phase::Off);
    store.close().await;
    world.fine(["run", TENANT]).await;
    assert_eq!(requests(), returned, "nothing is read while it is off");

    world.target_suffers(Vec::new());
    world.on().await;
    world.run().await;
    world.audit(&[before, orders].concat()).await;
}
