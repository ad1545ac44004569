//! `run`: its summary and how it ends.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::seen;
use crate::harness::World;

/// The summary without the counts that depend on how work fell together.
fn summary(text: &str) -> String {
    let mut text = text.to_owned();
    for unsure in ["requests", "retries", "found and linked"] {
        let pattern = regex::Regex::new(&format!(r"\d+ {unsure}")).unwrap();
        text = pattern.replace_all(&text, format!("[n] {unsure}")).into_owned();
    }
    text
}

#[tokio::test]
async fn nothing_is_on() {
    let world = World::start().await;
    assert_snapshot!(world.sees(["run"]).await);
}

#[tokio::test]
async fn a_tenant_that_is_off() {
    let world = World::start().await;
    assert_snapshot!(world.sees(["run", "sandbox"]).await);
}

#[tokio::test]
async fn what_was_done_is_summed_up() {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    world.on().await;
    world.arrive(5);
    assert_snapshot!(summary(&world.sees(["run"]).await));
    // Once more, by name: there is nothing left to do.
    assert_snapshot!("run_again", summary(&world.sees(["run", "sandbox/work-orders"]).await));
}

#[tokio::test]
async fn for_programs() {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    world.on().await;
    world.arrive(3);
    let ran = world.cmd(["run", "--format", "json"]).run().await.fine().json();
    assert_eq!(ran["tenants"], json!([{ "tenant": "sandbox", "stalled": [], "ended": "at_rest" }]));
    assert_eq!(ran["counts"]["written"], 3);
    assert_eq!(ran["counts"]["created"], 3);
    assert!(ran["seconds"].is_number());
}

#[tokio::test]
async fn some_records_failed() {
    let world = World::start().await;
    world.tenant("/settings/preferences/nte_field", json!(999_999));
    world.on().await;
    world.arrive(1);
    let ran = world.cmd(["run"]).run().await;
    assert_snapshot!(summary(&seen(&ran, world.dir())));
}

#[tokio::test]
async fn a_store_that_another_engine_holds() {
    let world = World::start().await;
    world.on().await;
    let engine = world.engine().await;
    assert_snapshot!(world.sees(["run"]).await);
    engine.close().await;
}

#[tokio::test]
async fn a_file_that_is_no_store() {
    let world = World::start().await;
    std::fs::write(world.dir().join("notes.txt"), "Milk, eggs, and all that makes more than a hundred bytes of a file that is no database at all, whatever it is called.").unwrap();
    assert_snapshot!(seen(&world.cmd(["run", "--store", "notes.txt"]).run().await, Path::new("/nowhere")));
}
