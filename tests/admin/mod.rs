//! The admin listener of a daemon, as programs and service managers meet it.

mod api;
mod commands;
mod docs;
mod document;
mod health;
mod service;
mod tokens;

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::World;

/// A world in which the booking of one work order was refused: it was given up.
async fn one_dead() -> (World, String) {
    let world = World::start().await;
    world.tenant("/settings/preferences/dispatch_board", json!(false));
    let pipeline = world.workspace().join("servicechannel/work-orders.yaml");
    replace(
        &pipeline,
        "customerType: Commercial",
        "customerType: Imaginary",
    );
    world.on().await;
    let key = world.arrive(1)[0].to_string();
    world.cmd(["run"]).run().await.exits(6);
    (world, key)
}

/// Replaces a text that stands once in a file.
#[track_caller]
fn replace(file: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(old).count(), 1, "`{old}` stands once");
    std::fs::write(file, text.replace(old, new)).unwrap();
}

/// What the audit log has: what was asked for, and by whom, the latest first.
fn entries(log: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = log["items"].as_array().unwrap().iter();
    entries
        .map(|entry| (text(entry, "what"), text(entry, "by")))
        .collect()
}
