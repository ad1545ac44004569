//! R73: how soon a status goes back, by webhook and without.

use std::time::Duration;

use serde_json::json;
use syncline::engine::record::TenantName;
use syncline::engine::store::{RecordRow, RecordState, Store as _};
use syncline::sandbox::servicechannel::hooks::HookFaults;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::servicetitan::Hooks;

use super::office::{call_in_open, people, stands};
use crate::harness::world::TENANT;
use crate::harness::{Flows, World, WorldConfig, until};

const CONFIRMED: &str = "IN PROGRESS / DISPATCH CONFIRMED";

async fn world(rate: u32) -> World {
    let world = World::with(WorldConfig {
        rate,
        subscribers: 1,
        locations: 1,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.gives_keys();
    world.on().await;
    world
}

/// How long it took, by the clock of both sides, until the work order said that its visit was dispatched.
async fn dispatched(world: &World, order: WorkOrderId) -> Duration {
    let first = &world.job(order)["firstAppointmentId"];
    let began = world.now();
    people(world, &format!("appointments/{first}/dispatch"), &json!({}));
    until("the status has gone back", async || {
        stands(world, order) == CONFIRMED
    })
    .await;
    (world.now() - began).to_std().unwrap()
}

/// Waits until the work order is a job, and all that its creation asked for has been looked at.
async fn until_a_job(world: &World, order: WorkOrderId) {
    let tenant = TenantName::from(TENANT);
    until("the work order is a job at rest", async || {
        let Some(jobs) = world.jobs().remove(&order.0) else {
            return false;
        };
        let job = jobs[0]["id"].to_string().into();
        let store = world.store().await;
        let rows = store.records(&tenant, &job).await.unwrap();
        store.close().await;
        let is_done = |row: &RecordRow| row.state == RecordState::Done;
        rows.iter()
            .any(|row| row.id.pipeline.as_str() == "job-status")
            && rows.iter().all(is_done)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r73_a_status_goes_back_within_five_seconds_by_webhook() {
    let world = world(1).await;
    let served = world.serve().await;
    world.tells(served.at, HookFaults::default(), Hooks::default());
    let order = call_in_open(&world);
    until_a_job(&world, order).await;
    let took = dispatched(&world, order).await;
    assert!(took <= Duration::from_secs(5), "it took {took:?}");
    served.terminate().await.fine();
    world.nothing_twice();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r73_a_status_goes_back_within_one_poll_interval_without_webhooks() {
    // A poll interval of two minutes in 6 s.
    let world = world(20).await;
    let served = world.serve().await;
    let order = call_in_open(&world);
    until_a_job(&world, order).await;
    let took = dispatched(&world, order).await;
    // And the time that reading and writing take, which is the machine's, twenty times as long.
    let most = Duration::from_secs(120) + 20 * Duration::from_secs(2);
    assert!(took <= most, "it took {took:?}");
    served.terminate().await.fine();
    world.nothing_twice();
}
