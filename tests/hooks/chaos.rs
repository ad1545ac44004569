//! The simulators' own webhooks, doubled, overtaking each other and lost, with polling beneath them.

use std::time::Duration;

use serde_json::json;
use syncline::sandbox::servicechannel::hooks::HookFaults;
use syncline::sandbox::servicetitan::Hooks;

use crate::harness::until;
use crate::requirements::{both_ways, call_in_open, people, stands, statuses};

const ORDERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubled_late_and_lost_webhooks_and_kill_9_lead_to_one_write_each() {
    let world = both_ways().await;
    world.gives_keys();
    world.on().await;
    let mut served = world.serve().await;
    let source = HookFaults {
        lose: 0.3,
        duplicate: 0.4,
        late: 0.4,
        late_by: Duration::from_secs(90),
    };
    let target = Hooks {
        duplicates: 0.4,
        loss: 0.3,
        spread: Duration::from_secs(90),
        ..Hooks::default()
    };
    world.tells(served.at, source.clone(), target.clone());
    let orders: Vec<_> = (0..ORDERS).map(|_| call_in_open(&world)).collect();
    until("all work orders are jobs", async || {
        let jobs = world.jobs();
        orders.iter().all(|order| jobs.contains_key(&order.0))
    })
    .await;
    for (event, status) in [
        ("dispatch", "IN PROGRESS / DISPATCH CONFIRMED"),
        ("arrive", "IN PROGRESS / ON SITE"),
    ] {
        for order in &orders {
            let first = &world.job(*order)["firstAppointmentId"];
            people(&world, &format!("appointments/{first}/{event}"), &json!({}));
        }
        // In the middle of it; what the simulators send to the old address from now on is lost as well.
        served.kill().await;
        served = world.serve().await;
        world.tells(served.at, source.clone(), target.clone());
        until(status, async || {
            orders.iter().all(|order| stands(&world, *order) == status)
        })
        .await;
    }
    // Whatever is still on its way comes within two minutes, and polling passes once more.
    let past = world.now() + chrono::TimeDelta::minutes(5);
    until("the last webhooks have come", async || world.now() > past).await;
    served.terminate().await.fine();
    for order in &orders {
        assert_eq!(
            statuses(&world, *order),
            ["IN PROGRESS / DISPATCH CONFIRMED", "IN PROGRESS / ON SITE"]
        );
    }
    world.nothing_twice();
}
