//! What must hold for work to go on: while the campaign is inactive nothing is created, and nothing is lost.

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
