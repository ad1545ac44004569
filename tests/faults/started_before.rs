//! S23, R12: what was begun before the integration was turned on stays outside, whatever happens to it later.

use syncline::sandbox::servicechannel::model::{Primary, Status};
use syncline::sandbox::servicechannel::people::Edit;

use crate::harness::{World, WorldConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_order_begun_before_activation_is_never_synced() {
    let world = World::with(WorldConfig {
        before: 6,
        begun: 6,
        ..WorldConfig::default()
    })
    .await;
    let begun = world.sandbox.servicechannel().overview();
    world.on().await;
    let ours = world.arrive(2);
    let people = world.sandbox.servicechannel();
    let change = |text: &str| {
        for order in &begun {
            let edit = Edit {
                description: Some(text.to_owned()),
                ..Edit::default()
            };
            people.edit(order.id, edit).unwrap();
        }
    };

    change("changed after activation");
    world.run().await;
    world.audit(&ours).await;
    let kept_out = "the work order was already started when the integration was turned on";
    let kept = |status: &serde_json::Value| -> u64 {
        let records = status["records"].as_array().unwrap();
        records
            .iter()
            .filter(|count| count["reason"] == kept_out)
            .map(|count| count["records"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(kept(&world.status().await), 6);

    // Called off and opened again, it looks like a new one. Another process knows better.
    for order in &begun {
        people
            .set_status(order.id, Status::plain(Primary::Open))
            .unwrap();
    }
    change("and opened again");
    world.run().await;
    world.run().await;
    world.audit(&ours).await;
    assert_eq!(kept(&world.status().await), 6);
}
