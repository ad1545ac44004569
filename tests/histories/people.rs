//! Histories 7 and 10: people who change things meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use syncline::sandbox::servicechannel::model::{Primary, Status, WorkOrderId};
use syncline::sandbox::servicechannel::people::Edit;
use syncline::sandbox::servicetitan::known::FIELD_NTE;
use syncline::sandbox::servicetitan::{Id, Mark};

use super::JOBS;
use crate::harness::{World, WorldConfig};

impl World {
    /// How many requests changed a job.
    pub(super) fn changes(&self) -> usize {
        let log = self.sandbox.servicetitan().kit().audit.log(usize::MAX);
        log.iter()
            .filter(|entry| entry.method == "PATCH" && entry.path.starts_with(JOBS))
            .count()
    }

    /// Someone at the client changes the description; past the connector's lag after the last write.
    fn describe(&self, order: WorkOrderId, text: &str) {
        self.sandbox.clock().advance(Duration::from_secs(120));
        self.sandbox
            .servicechannel()
            .edit(
                order,
                Edit {
                    description: Some(text.to_owned()),
                    ..Edit::default()
                },
            )
            .unwrap();
    }

    /// The amount in the custom field of a job.
    fn nte(&self, order: WorkOrderId) -> Value {
        let job = self.job(order);
        let fields = job["customFields"].as_array().unwrap();
        fields
            .iter()
            .find(|field| field["typeId"] == FIELD_NTE.0)
            .map_or(Value::Null, |field| field["value"].clone())
    }
}

/// 7. The source goes from A to B and back to A: within one poll nothing is sent, over two both are. S16, S17.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_07_the_source_goes_to_b_and_back_in_one_poll_and_in_two_s16_s17() {
    let world = World::start().await;
    world.on().await;
    let order = world.arrive(1)[0];
    world.describe(order, "state A");
    world.run().await;
    assert_eq!(world.changes(), 0);

    world.describe(order, "state B");
    world.describe(order, "state A");
    world.run().await;
    assert_eq!(world.changes(), 0, "what stands is what we wrote");
    let status = world.status().await;
    assert_eq!(status["records"][0]["outcome"], "echo", "{status:#}");

    world.describe(order, "state B");
    world.run().await;
    assert_eq!(world.changes(), 1);
    assert!(world.job(order)["summary"].to_string().contains("state B"));
    world.describe(order, "state A");
    world.run().await;
    assert_eq!(
        world.changes(),
        2,
        "what was written before does not count as what stands"
    );
    assert!(world.job(order)["summary"].to_string().contains("state A"));
    world.audit(&[order]).await;
}

/// 7. A person takes the target from A to B and back: within one poll nothing is sent; in two, B is put right, and the
/// A that a person types afterwards equals what we want. The amount is compared with what stands (`compare: target`).
/// S16, S17.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_07_a_person_takes_the_target_to_b_and_back_in_one_poll_and_in_two_s16_s17() {
    let world = World::start().await;
    world.on().await;
    let nte = Edit {
        nte: Some(250.0),
        ..Edit::default()
    };
    let order = world.sandbox.servicechannel().arrive_as(1, &nte)[0];
    world.run().await;
    let office = world.sandbox.servicetitan();
    let job = Id(world.job(order)["id"].as_i64().unwrap());
    let a = world.nte(order);
    assert_eq!(a, json!("250.00"));
    let type_in = |value: &str| office.set_custom_field(job, FIELD_NTE, value).unwrap();

    // In one poll. The changed description is one change; the amount is none.
    type_in("999");
    type_in(a.as_str().unwrap());
    world.describe(order, "in one poll");
    world.run().await;
    assert_eq!(world.changes(), 1);
    assert_eq!(world.nte(order), a);

    // In two. The other amount is found and put right.
    type_in("999");
    world.describe(order, "in two polls, first");
    world.run().await;
    assert_eq!(world.changes(), 3);
    assert_eq!(world.nte(order), a);
    // The person puts in the other once more, then what we want: again only the description is sent.
    type_in("999");
    type_in(a.as_str().unwrap());
    world.describe(order, "in two polls, second");
    world.run().await;
    assert_eq!(world.changes(), 4);
    assert_eq!(world.nte(order), a);
    world.audit(&[order]).await;
}

/// 10. A work order from before activation that was not begun is seen while the campaign is inactive; then a person
/// accepts it by hand. Its first version decided: it is synced when the campaign is active again. S23.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_10_a_work_order_accepted_by_hand_while_held_is_synced_s23() {
    let world = World::with(WorldConfig {
        before: 12,
        ..WorldConfig::default()
    })
    .await;
    world.tenant("/settings/preferences/open_since", json!("2026-06-01"));
    let orders: Vec<WorkOrderId> = world
        .sandbox
        .servicechannel()
        .overview()
        .into_iter()
        .filter(|order| order.status.primary == Primary::Open && order.status.below() != "DECLINED")
        .map(|order| order.id)
        .collect();
    assert!(orders.len() >= 4, "the seed has enough of them: {orders:?}");
    world.on().await;
    let campaign = world.links("campaign").await[0].target.clone().unwrap().id;
    let campaign = Id(campaign.as_str().parse().unwrap());
    let office = world.sandbox.servicetitan();
    office.set_campaign(campaign, Mark::Off).unwrap();
    world.run().await;
    assert_eq!(world.created("jobs"), 0);

    let people = world.sandbox.servicechannel();
    for order in &orders[..2] {
        people
            .set_status(
                *order,
                Status::of(Primary::InProgress, "DISPATCH CONFIRMED"),
            )
            .unwrap();
    }
    world.run().await;
    assert_eq!(world.created("jobs"), 0);

    office.set_campaign(campaign, Mark::On).unwrap();
    world.run().await;
    world.audit(&orders).await;
}
