//! Histories 1 to 3: outcomes that nobody knows.

use std::time::Duration;

use serde_json::json;
use syncline::engine::crash::CrashPoint;
use syncline::sandbox::kit::faults::{Action, FailBody, Rule};
use syncline::sandbox::servicechannel::people::Edit;

use super::{JOBS, LOCATIONS, making};
use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig};

/// Where the process dies, if it does.
#[derive(Clone, Copy, Debug)]
enum Killed {
    Never,
    At(CrashPoint),
}

/// 1. A reply that is lost after the work was done, lists that lag, work that is done after the client gave up; also
/// with a kill in between: one creation. S1, S2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_01_a_lost_reply_with_lagging_lists_and_a_late_commit_makes_one_s1_s2() {
    // Below the connector's `lag` and `in_flight`: within these bounds the promise holds.
    let late = Action::LateCommit {
        after: Duration::from_secs(60),
    };
    let lagging = || {
        Rule::always(Action::ReadLag {
            lag: Duration::from_secs(45),
        })
        .method("GET")
    };
    let cases = [
        vec![making(JOBS, Action::CommitThenDrop).at_most(2)],
        vec![making(JOBS, Action::CommitThenDrop).at_most(2), lagging()],
        vec![making(JOBS, late.clone()).at_most(2)],
        vec![making(JOBS, late).at_most(2), lagging()],
    ];
    for rules in cases {
        let kills = [
            Killed::Never,
            Killed::At(CrashPoint::AfterSocket),
            Killed::At(CrashPoint::AfterReply),
            Killed::At(CrashPoint::BeforeUnsettled),
        ];
        for killed in kills {
            let world = World::with(WorldConfig {
                subscribers: 1,
                locations: 2,
                ..WorldConfig::default()
            })
            .await;
            world.on().await;
            // The customer and both its stores are there: what follows is about the jobs.
            let before = world.arrive(12);
            world.run().await;
            assert_eq!(world.linked("location").await.len(), 2);
            world.target_suffers(rules.clone());
            let orders = world.arrive(4);
            if let Killed::At(point) = killed {
                // The fourth request is one about a work order, not a login or a requirement.
                let nth = if point == CrashPoint::BeforeUnsettled {
                    1
                } else {
                    12
                };
                let armed = format!("{}:{nth}", point.name());
                let ran = world
                    .cmd(["run", TENANT])
                    .env("SYNCLINE_CRASH_AT", armed)
                    .run()
                    .await;
                assert!(ran.crashed(), "{killed:?} with {rules:?}: {ran:?}");
            }
            world.run().await;
            assert_eq!(world.struck()[0], 2, "{killed:?} with {rules:?}");
            world.audit(&[before, orders].concat()).await;
        }
    }
}

/// 2. A 201 whose body breaks off, then 404 for what was just made: one creation. S2, S6.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_02_a_truncated_201_and_a_404_right_after_make_one_s2_s6() {
    let world = World::start().await;
    // What was made is found at once, so nobody waits for this; a 404 is "right after" for as long.
    world.tenant("/connectors/servicetitan/settle/lag", json!("30m"));
    world.on().await;
    let not_yet = Action::Fail {
        status: 404,
        body: FailBody::Json,
    };
    world.target_suffers(vec![
        making(JOBS, Action::TruncateBody).at_most(3),
        Rule::under(JOBS, not_yet).method("PATCH").at_most(3),
    ]);
    let orders = world.arrive(3);
    world.run().await;
    assert_eq!(world.struck()[0], 3, "three replies broke off");
    world.audit(&orders).await;

    for order in &orders {
        let edit = Edit {
            description: Some("the door is jammed".to_owned()),
            ..Edit::default()
        };
        world.sandbox.servicechannel().edit(*order, edit).unwrap();
    }
    world.run().await;
    assert_eq!(world.struck()[1], 3, "three changes met a 404");
    world.audit(&orders).await;
    for order in orders {
        let summary = world.job(order)["summary"].as_str().unwrap().to_owned();
        assert!(summary.contains("the door is jammed"), "{summary}");
    }
}

/// 3. Sixteen work orders of one new location at once, and the outcome of making it is unknown: one location. S3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_03_sixteen_work_orders_of_a_new_location_make_one_s3() {
    for lost in [
        Action::CommitThenDrop,
        Action::DropBefore,
        Action::LateCommit {
            after: Duration::from_secs(60),
        },
    ] {
        let world = World::with(WorldConfig {
            subscribers: 1,
            locations: 2,
            ..WorldConfig::default()
        })
        .await;
        world.on().await;
        world.target_suffers(vec![making(LOCATIONS, lost.clone()).at_most(1)]);
        // One store comes with its customer; the other is made by itself, and some 16 of these are for it.
        let orders = world.arrive(32);
        world.run().await;
        assert_eq!(world.struck(), [1], "{lost:?}");
        world.audit(&orders).await;
        assert_eq!(world.created("customers"), 1, "{lost:?}");
        assert_eq!(world.created("locations"), 2, "{lost:?}");
        let mut per_store = std::collections::BTreeMap::<String, usize>::new();
        for jobs in world.jobs().into_values() {
            *per_store
                .entry(jobs[0]["locationId"].to_string())
                .or_default() += 1;
        }
        assert!(
            per_store.len() == 2 && per_store.values().all(|jobs| *jobs >= 8),
            "{per_store:?}"
        );
    }
}
