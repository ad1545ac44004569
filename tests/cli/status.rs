//! `status`: where everything stands.

use insta::assert_snapshot;
use serde_json::json;
use syncline::sandbox::servicetitan::{Id, Mark};

use super::Workspace;
use crate::harness::World;

#[tokio::test]
async fn before_anything() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["status"]).await);
    assert!(!workspace.file("syncline.db").exists(), "a look makes no store");
}

#[tokio::test]
async fn on_and_worked() {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    world.on().await;
    assert_snapshot!("status_on", world.sees(["status"]).await);
    world.arrive(4);
    world.run().await;
    assert_snapshot!("status_worked", world.sees(["status", "sandbox"]).await);
    assert_snapshot!("status_for_programs", world.sees(["status", "--format", "json"]).await);
}

#[tokio::test]
async fn held_by_what_is_required() {
    let world = World::start().await;
    world.on().await;
    let campaign = world.linked("campaign").await[0].parse().map(Id).unwrap();
    world.sandbox.servicetitan().set_campaign(campaign, Mark::Off).unwrap();
    world.arrive(2);
    world.run().await;
    assert_snapshot!(world.sees(["status"]).await);
}
