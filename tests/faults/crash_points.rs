//! P1 to P3 at every named crash point: the binary dies there, is started again, and nothing is lost or doubled.

use std::sync::Arc;

use syncline::engine::crash::CrashPoint;
use syncline::sandbox::kit::faults::{Action, Rule};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::harness::world::TENANT;
use crate::harness::{Ran, World};

/// Passes at which the binary dies. A point that is passed less often than the later ones ends well there.
const PASSES: [u32; 2] = [1, 4];
/// Worlds at once: each has a binary at work.
const AT_ONCE: usize = 3;
/// Work orders of each world.
const ORDERS: usize = 5;

/// Points of a person's order (T6): passed by `on`, not by a run.
const BY_ORDER: &[CrashPoint] = &[CrashPoint::BeforeOrder, CrashPoint::AfterOrder];

/// Points of what nobody knew (T5): passed after a reply was lost.
const BY_LOSS: &[CrashPoint] = &[CrashPoint::BeforeUnsettled, CrashPoint::AfterUnsettled];

/// Points that no command passes yet, with what is missing. When one is passed nevertheless, the test fails: it is to
/// be taken off this list then.
const NOT_REACHED: &[(CrashPoint, &str)] = &[
    (
        CrashPoint::BeforeHint,
        "hints come from webhooks, which only `serve` receives (tests/hooks)",
    ),
    (
        CrashPoint::AfterHint,
        "hints come from webhooks, which only `serve` receives (tests/hooks)",
    ),
    (
        CrashPoint::BeforeRotate,
        "no shipped connector has a grant whose refresh token rotates",
    ),
    (
        CrashPoint::AfterRotate,
        "no shipped connector has a grant whose refresh token rotates",
    ),
];

/// A run that dies at the `nth` pass of `point`, when there are so many.
async fn run_to(world: &World, point: CrashPoint, nth: u32) -> Ran {
    let armed = format!("{}:{nth}", point.name());
    world
        .cmd(["run", TENANT])
        .env("SYNCLINE_CRASH_AT", armed)
        .run()
        .await
}

/// It died at the point, or ended well because the point was not passed so often.
#[track_caller]
fn fired(ran: Ran, point: CrashPoint, nth: u32) {
    if nth == 1 {
        assert!(ran.crashed(), "{} was never passed: {ran:?}", point.name());
    } else if !ran.crashed() {
        ran.fine();
    }
}

async fn in_a_run(point: CrashPoint, nth: u32) {
    let world = World::start().await;
    world.on().await;
    if BY_LOSS.contains(&point) {
        // One of the lost replies belongs to a job that was made, the other to one that was not.
        let jobs = |action| {
            Rule::under("/jpm/v2/tenant/1000/jobs", action)
                .method("POST")
                .at_most(2)
        };
        let faults = &world.sandbox.servicetitan().kit().faults;
        faults
            .set(vec![jobs(Action::CommitThenDrop), jobs(Action::DropBefore)])
            .unwrap();
    }
    let orders = world.arrive(ORDERS);
    fired(run_to(&world, point, nth).await, point, nth);
    world.run().await;
    world.audit(&orders).await;
}

async fn in_an_order(point: CrashPoint, nth: u32) {
    let world = World::start().await;
    let armed = format!("{}:{nth}", point.name());
    let on = ["on", TENANT, "--agree", "2026-11"];
    fired(
        world.cmd(on).env("SYNCLINE_CRASH_AT", armed).run().await,
        point,
        nth,
    );
    world.on().await;
    let orders = world.arrive(ORDERS);
    world.run().await;
    world.audit(&orders).await;
}

async fn not_reached(point: CrashPoint, why: &str) {
    let world = World::start().await;
    world.on().await;
    let orders = world.arrive(ORDERS);
    let ran = run_to(&world, point, 1).await;
    assert!(
        !ran.crashed(),
        "{} is passed now, although: {why}",
        point.name()
    );
    ran.fine();
    world.audit(&orders).await;
}

async fn one(point: CrashPoint, nth: u32) {
    if let Some((_, why)) = NOT_REACHED.iter().find(|(listed, _)| *listed == point) {
        if nth == 1 {
            not_reached(point, why).await;
        }
    } else if BY_ORDER.contains(&point) {
        in_an_order(point, nth).await;
    } else {
        in_a_run(point, nth).await;
    }
}

/// Runs worlds side by side; the first that fails fails the test.
async fn all(
    worlds: impl Iterator<Item = (CrashPoint, u32)>,
    one: impl AsyncFn(CrashPoint, u32) + Copy + Send + Sync + 'static,
) {
    let slots = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            for (point, nth) in worlds {
                let slots = slots.clone();
                running.spawn_local(async move {
                    let _slot = slots.acquire().await.unwrap();
                    eprintln!("{}:{nth}", point.name());
                    one(point, nth).await;
                });
            }
            while let Some(ended) = running.join_next().await {
                ended.unwrap();
            }
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_named_point_nothing_is_lost_or_doubled() {
    let worlds = CrashPoint::ALL
        .iter()
        .flat_map(|point| PASSES.map(|nth| (*point, nth)));
    all(worlds, one).await;
}

/// What turning on makes is made once too, whenever it is killed: its outcome is settled while it is turned on again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_is_turned_on_the_campaign_is_made_once() {
    let points = [
        CrashPoint::BeforePlan,
        CrashPoint::AfterPlan,
        CrashPoint::BeforeSettle,
        CrashPoint::AfterSettle,
    ];
    all(
        points.into_iter().map(|point| (point, 1)),
        async |point, nth| {
            let world = World::start().await;
            let armed = format!("{}:{nth}", point.name());
            let on = ["on", TENANT, "--agree", "2026-11"];
            fired(
                world.cmd(on).env("SYNCLINE_CRASH_AT", armed).run().await,
                point,
                nth,
            );
            world.on().await;
            assert_eq!(world.created("campaigns"), 1, "{}", point.name());
            let orders = world.arrive(ORDERS);
            world.run().await;
            world.audit(&orders).await;
        },
    )
    .await;
}
