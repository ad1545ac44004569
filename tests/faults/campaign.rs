//! What must hold for work to go on: while the campaign is inactive nothing is created, and nothing is lost.

use std::time::Duration;

use syncline::sandbox::kit::faults::{Action, Rule};
use syncline::sandbox::servicetitan::{Id, Mark};

use crate::harness::world::TENANT;
use crate::harness::{World, WorldConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_campaign_is_inactive_nothing_is_created_and_afterwards_everything_is() {
    // 5 minutes of the engine's patience are 0.3 s.
    let world = World::with(WorldConfig {
        rate: 1_000,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let campaign = world.links("campaign").await[0].target.clone().unwrap().id;
    let campaign = Id(campaign.as_str().parse().unwrap());
    let office = world.sandbox.servicetitan();

    office.set_campaign(campaign, Mark::Off).unwrap();
    let orders = world.arrive(12);
    world.run().await;
    for collection in ["customers", "locations", "jobs", "bookings"] {
        assert_eq!(world.created(collection), 0, "{collection}");
    }
    let reason = "The campaign ServiceChannel is inactive in ServiceTitan. Activate it there; work orders wait until then.";
    let status = world.status().await;
    assert_eq!(status["waiting_for"][0]["reason"], reason, "{status:#}");
    let shown = world.fine(["status", TENANT]).await.stdout;
    assert!(shown.contains(reason), "{shown}");

    // What came while it was inactive is held as well.
    let more = world.arrive(3);
    world.run().await;
    assert_eq!(world.created("jobs"), 0);

    office.set_campaign(campaign, Mark::On).unwrap();
    world.run().await;
    world.audit(&[orders, more].concat()).await;
    let status = world.status().await;
    assert_eq!(
        status["waiting_for"].as_array().unwrap().len(),
        0,
        "{status:#}"
    );
    world.run().await;
    assert_eq!(world.created("jobs"), 15);
}

/// Turning on outlasts failures that pass, and settles a campaign whose reply is lost: it is there once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turning_on_outlasts_failures_that_pass_and_makes_one_campaign() {
    let campaigns = "/marketing/v2/tenant/1000/campaigns";
    let late = Action::LateCommit {
        after: Duration::from_secs(60),
    };
    for lost in [Action::CommitThenDrop, Action::DropBefore, late] {
        let world = World::start().await;
        let rules = vec![
            Rule::under(campaigns, lost.clone())
                .method("POST")
                .at_most(1),
            Rule::under(campaigns, Action::DropBefore).at_most(2),
        ];
        let faults = &world.sandbox.servicetitan().kit().faults;
        faults.set(rules).unwrap();
        world.on().await;
        let struck: Vec<u64> = faults.rules().iter().map(|rule| rule.struck).collect();
        assert_eq!(struck, [1, 2], "{lost:?}");
        assert_eq!(world.created("campaigns"), 1, "{lost:?}");
        assert_eq!(world.links("campaign").await.len(), 1, "{lost:?}");
        let orders = world.arrive(2);
        world.run().await;
        world.audit(&orders).await;
    }
}
