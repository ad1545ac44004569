//! Liveness and readiness: what a load balancer and an alert go by.

use axum::http::Method;
use insta::assert_snapshot;
use serde_json::json;
use syncline::daemon::view::FRESH;
use syncline::sandbox::kit::faults::{Action, Rule};

use super::replace;
use crate::harness::hooks::Served;
use crate::harness::scrub::scrub;
use crate::harness::wait::until_within;
use crate::harness::{World, WorldConfig, until};

/// What is answered to whoever has no token.
async fn open(served: &Served, path: &str) -> (u16, String) {
    let answer = served.ask(Method::GET, path, None, None).await;
    (answer.status, answer.text)
}

#[tokio::test]
async fn it_lives_and_is_ready_and_counts() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    assert_eq!(open(&served, "/livez").await, (200, "ok\n".to_owned()));
    assert_eq!(open(&served, "/readyz").await, (200, "ready\n".to_owned()));
    let (status, text) = open(&served, "/readyz?verbose").await;
    assert_eq!(status, 200);
    assert_snapshot!(text, @"
    ready
    ok      store
    ok      plan 1
    ok      servicechannel: 1 of 1 accounts work
    ok      servicetitan: 1 of 1 accounts work
    ");
    let metrics = served.ask(Method::GET, "/metrics", None, None).await;
    assert_eq!(metrics.status, 200);
    assert_eq!(
        metrics.headers["content-type"],
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(metrics.text.ends_with("# EOF\n"), "{}", metrics.text);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_seen_and_its_healing_too() {
    let world = World::with(WorldConfig {
        rate: 50,
        ..WorldConfig::default()
    })
    .await;
    world.on().await;
    let served = world.serve().await;
    until("the source is read", async || {
        let path = "/v1/tenants/sandbox/pipelines/work-orders/runs";
        !served.get(path).await.fine()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
    assert_eq!(open(&served, "/readyz").await.0, 200);
    let faults = &world.sandbox.servicechannel().kit().faults;
    faults.set(vec![Rule::always(Action::DropBefore)]).unwrap();
    let cut = world.now();
    let mut seen = cut;
    until("it is not ready", async || {
        let status = open(&served, "/readyz").await.0;
        seen = world.now();
        status == 503
    })
    .await;
    // A poll every two minutes at most, and the time that an account may fail. What the machine makes of it comes on
    // top: 4 s of its own time.
    let took = (seen - cut).to_std().unwrap();
    let limit = std::time::Duration::from_secs(120) + FRESH;
    assert!(took >= FRESH, "{took:?}: not every failure is a trouble");
    assert!(
        took <= limit + std::time::Duration::from_secs(4 * 50),
        "{took:?}"
    );
    let (_, told) = open(&served, "/readyz?verbose").await;
    assert_snapshot!(told, @"
    not ready
    ok      store
    ok      plan 1
    FAILED  servicechannel: 0 of 1 accounts work
    ok      servicetitan: 1 of 1 accounts work
    ");
    let named = served.get("/readyz?verbose").await;
    assert_eq!(named.status, 503);
    let named = scrub(&named.text, world.dir());
    assert!(
        named.contains("        sandbox: no request has succeeded since [time]"),
        "{named}"
    );
    faults.clear();
    until_within(
        std::time::Duration::from_secs(60),
        "it is ready again",
        async || open(&served, "/readyz").await.0 == 200,
    )
    .await;
    served.terminate().await.fine();
}

#[tokio::test]
async fn a_bad_edit_leaves_it_ready_and_is_shown() {
    let world = World::start().await;
    let served = world.serve().await;
    let pipeline = world.workspace().join("servicechannel/work-orders.yaml");
    replace(
        &pipeline,
        "customerType: Commercial",
        "customerType: '{{ nothing }}'",
    );
    served.order("/v1/reload", &json!({})).await.fine();
    until("the answer of before is none any more", async || {
        open(&served, "/readyz?verbose").await.1.contains("refused")
    })
    .await;
    let (status, text) = open(&served, "/readyz?verbose").await;
    assert_eq!(status, 200);
    assert_snapshot!(scrub(&text, world.dir()), @"
    ready
    ok      store
    ok      plan 1: the files were refused at [time], the plan of before holds
    ");
}

#[tokio::test]
async fn what_is_paused_is_not_missed() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    served.order("/v1/pause", &json!({})).await.fine();
    let paused = world.now();
    let long = FRESH + std::time::Duration::from_secs(300);
    until("nothing was heard for long", async || {
        assert_eq!(open(&served, "/readyz").await.0, 200);
        (world.now() - paused).to_std().unwrap() > long
    })
    .await;
}

#[tokio::test]
async fn a_tenant_that_cannot_be_opened_is_no_success() {
    let world = World::start().await;
    world.on().await;
    let served = world.serve().await;
    std::fs::remove_file(
        world
            .workspace()
            .join("secrets/sandbox/servicechannel/password"),
    )
    .unwrap();
    let reload = served.order("/v1/reload", &json!({})).await.fine();
    assert_eq!(reload["holds"], false);
    until("it is not ready", async || {
        open(&served, "/readyz").await.0 == 503
    })
    .await;
    let (_, told) = open(&served, "/readyz?verbose").await;
    assert!(
        told.contains("FAILED  tenants that cannot be opened: 1\n"),
        "{told}"
    );
    assert!(!told.contains("sandbox"), "{told}");
    let named = served.get("/readyz?verbose").await.text;
    assert!(
        named.contains(
            "        sandbox: the account of tenant sandbox with servicechannel cannot be used: "
        ),
        "{named}"
    );
}
