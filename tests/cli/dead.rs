//! `dead`: what was given up, and how it is finished.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::World;

/// A world in which one work order was given up: its custom field is none of the jobs'.
async fn one_dead() -> (World, String) {
    let world = World::start().await;
    world.tenant("/settings/preferences/nte_field", json!(999_999));
    world.on().await;
    let key = world.arrive(1)[0].to_string();
    world.cmd(["run"]).run().await.exits(6);
    (world, key)
}

#[tokio::test]
async fn nothing_was_given_up() {
    let world = World::start().await;
    world.on().await;
    let mut all = String::new();
    for args in [
        &["dead", "list"][..],
        &["dead", "list", "--format", "json"],
        &["dead", "show", "sandbox", "310000001"],
        &["dead", "retry", "sandbox", "310000001"],
        &["dead", "retry", "sandbox", "--all"],
        &["dead", "resolve", "sandbox", "310000001", "--entity", "job", "--id", "7"],
        &["dead", "resolve", "sandbox", "310000001", "--entity", "jobb", "--id", "7"],
    ] {
        all.push_str(&format!("$ syncline {}\n{}", args.join(" "), world.sees(args).await));
    }
    assert_snapshot!(all);
}

#[tokio::test]
async fn listed_and_shown() {
    let (world, key) = one_dead().await;
    assert_snapshot!("dead_list", world.sees(["dead", "list"]).await);
    assert_snapshot!("dead_list_for_programs", world.sees(["dead", "list", "sandbox", "--format", "json"]).await);
    let shown = world.fine(["dead", "show", "sandbox", &key]).await.json();
    assert_eq!(shown["key"], json!(key));
    assert_eq!(shown["payload"]["Id"].to_string(), key);
    let json = world.fine(["dead", "show", "sandbox", &key, "--format", "json"]).await.json();
    assert_eq!(json, shown);
}

#[tokio::test]
async fn retried_once_its_cause_is_mended() {
    let (world, key) = one_dead().await;
    assert_snapshot!("dead_retry_other_cause", world.sees(["dead", "retry", "sandbox", "--cause", "crashed"]).await);
    world.tenant("/settings/preferences/nte_field", json!(3001));
    assert_snapshot!("dead_retry", world.sees(["dead", "retry", "sandbox", &key]).await);
    world.run().await;
    let list = world.fine(["dead", "list"]).await;
    assert_eq!(list.stdout, "no record was given up\n");
}

#[tokio::test]
async fn resolved_by_hand() {
    let (world, key) = one_dead().await;
    assert_snapshot!(
        "dead_resolve",
        world.sees(["dead", "resolve", "sandbox", &key, "--entity", "job", "--id", "10150"]).await
    );
    let trace = world.cmd(["dead", "list"]).run().await.fine();
    assert_eq!(trace.stdout, "no record was given up\n");
}
