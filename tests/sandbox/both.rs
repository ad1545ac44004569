//! Both simulators together, as the demonstration and the tests of the pipelines start them.

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use syncline::sandbox::kit::faults::Preset;
use syncline::sandbox::kit::time::SimClock;
use syncline::sandbox::{Sandbox, SandboxConfig};

use crate::sandbox::{client, start};

fn config() -> SandboxConfig {
    SandboxConfig {
        clock: SimClock::starting(start(), 1),
        ..SandboxConfig::default()
    }
    .on_any_port()
}

#[tokio::test]
async fn both_sides_listen_and_share_their_time() {
    let sandbox = Sandbox::start(config()).await.unwrap();
    let addresses = sandbox.addresses();
    assert_ne!(addresses.servicechannel, addresses.servicetitan);
    let http = client();
    let now = async |method, addr, path, body: Option<Value>| {
        let request = http.request(method, format!("http://{addr}/_control/clock{path}"));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let reply: Value = request.send().await.unwrap().json().await.unwrap();
        reply["now"].as_str().unwrap().to_owned()
    };
    let jump = Some(json!({ "by": "3h" }));
    let there = now(Method::POST, addresses.servicetitan, "/advance", jump).await;
    let here = now(Method::GET, addresses.servicechannel, "", None).await;
    assert!(there.starts_with("2026-11-02T11:00:") && here.starts_with("2026-11-02T11:00:"));
    sandbox.stop().await;
    let url = format!("http://{}/_control/clock", addresses.servicetitan);
    assert!(http.get(url).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn each_side_has_its_own_faults() {
    let flaky = SandboxConfig {
        servicetitan_faults: Preset::Flaky,
        ..config()
    };
    let sandbox = Sandbox::start(flaky).await.unwrap();
    assert_eq!(sandbox.servicechannel().kit().faults.rules().len(), 0);
    assert_eq!(
        sandbox.servicetitan().kit().faults.rules().len(),
        Preset::Flaky.rules().len()
    );
}

#[tokio::test]
async fn work_orders_arrive_as_long_as_they_should() {
    let sandbox = Sandbox::start(config()).await.unwrap();
    let count = || sandbox.servicechannel().overview().len();
    assert_eq!(count(), 500);
    assert_eq!(sandbox.arrive(2).len(), 2);

    let arrivals = sandbox.start_arrivals(NonZeroU32::new(6).unwrap());
    for expected in 503..506 {
        // The task must have gone to sleep before the clock jumps, or it sleeps from after it.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        sandbox.clock().advance(Duration::from_secs(10));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(count(), expected);
    }
    arrivals.stop();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    sandbox.clock().advance(Duration::from_secs(60));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(), 505);
    sandbox.stop().await;
}
