//! `trace`: what happened to a record, by the id of either side.

use insta::assert_snapshot;
use serde_json::json;

use super::Workspace;
use crate::harness::World;

#[tokio::test]
async fn a_record_by_either_id() {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    world.on().await;
    let key = world.arrive(1)[0].to_string();
    world.run().await;
    let by_key = world.sees(["trace", &key]).await;
    assert_snapshot!("trace", by_key);
    let bookings = world.linked("booking").await;
    assert_eq!(world.sees(["trace", &bookings[0]]).await, by_key);
    assert_snapshot!("trace_for_programs", world.sees(["trace", &key, "--format", "json"]).await);
}

#[tokio::test]
async fn nothing_is_known() {
    let world = World::start().await;
    world.on().await;
    assert_snapshot!(world.sees(["trace", "4711"]).await);
}

#[tokio::test]
async fn before_anything() {
    let workspace = Workspace::new().await;
    assert_snapshot!(workspace.sees(["trace", "4711"]).await);
}
