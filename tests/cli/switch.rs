//! `on` and `off`.

use insta::assert_snapshot;
use serde_json::json;

use crate::harness::World;

#[tokio::test]
async fn the_agreement_is_shown_before_it_is_accepted() {
    let world = World::start().await;
    assert_snapshot!(world.sees(["on", "sandbox"]).await);
    assert_eq!(world.status().await["phase"], "off");
    assert!(world.sandbox.made().iter().all(|made| made.created == 0), "nothing is written before");
}

#[tokio::test]
async fn another_version_of_the_agreement_is_not_accepted() {
    let world = World::start().await;
    assert_snapshot!(world.sees(["on", "sandbox", "--agree", "2019-01"]).await);
}

#[tokio::test]
async fn on_and_off() {
    let world = World::start().await;
    let mut all = String::new();
    for args in [
        &["off", "sandbox"][..],
        &["on", "sandbox", "--agree", "2026-11"],
        &["on", "sandbox"],
        &["off", "sandbox"],
        &["on", "sandbox"],
    ] {
        all.push_str(&format!("$ syncline {}\n{}", args.join(" "), world.sees(args).await));
    }
    assert_snapshot!(all);
}

#[tokio::test]
async fn on_and_off_for_programs() {
    let world = World::start().await;
    let mut all = String::new();
    for args in [&["on", "sandbox", "--agree", "2026-11"][..], &["on", "sandbox"], &["off", "sandbox"]] {
        let args = [args, &["--format", "json"]].concat();
        all.push_str(&world.sees(args).await);
    }
    assert_snapshot!(all);
}

#[tokio::test]
async fn wrong_credentials_turn_nothing_on() {
    let world = World::start().await;
    world.secret("sandbox/servicetitan/client_secret", "no secret");
    assert_snapshot!(world.sees(["on", "sandbox", "--agree", "2026-11"]).await);
    assert_ne!(world.status().await["phase"], "on");
}

#[tokio::test]
async fn nobody_answers() {
    let world = World::start().await;
    // Nothing listens there: the port is reserved.
    world.tenant("/accounts/servicetitan/api_url", json!("http://127.0.0.1:1"));
    world.tenant("/accounts/servicetitan/auth_url", json!("http://127.0.0.1:1"));
    assert_snapshot!(world.sees(["on", "sandbox", "--agree", "2026-11"]).await);
}
