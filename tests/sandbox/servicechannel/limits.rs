//! How often a client and a provider may ask.

use std::time::Duration;

use chrono::{DateTime, Utc};
use syncline::sandbox::kit::limits::RetryAfter;
use syncline::sandbox::servicechannel::{
    CLIENT_SECRET, PASSWORD, SECOND_CLIENT_ID, Settings, USERNAME,
};

use crate::sandbox::{Reply, Sc, seed};

const PATH: &str = "/v3/workorders/310000001";

fn settings() -> Settings {
    Settings {
        client_limit: Some(5),
        provider_limit: Some(8),
        ..Settings::unlimited()
    }
}

async fn statuses(sc: &Sc, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(sc.get(PATH).await.status.as_u16());
    }
    statuses
}

fn reason(reply: &Reply) -> String {
    reply.json()["Reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_and_its_provider_have_windows_of_a_minute() {
    let mut sc = Sc::with(seed(), settings()).await;
    assert_eq!(statuses(&sc, 6).await, [200, 200, 200, 200, 200, 429]);
    assert_eq!(
        reason(&sc.get(PATH).await),
        "Request has been throttled. Your current Application limit is [5] per [1] minute"
    );

    let form = [
        ("grant_type", "password"),
        ("username", USERNAME),
        ("password", PASSWORD),
    ];
    let token = sc
        .token_as(SECOND_CLIENT_ID, CLIENT_SECRET, &form)
        .await
        .ok();
    token["access_token"]
        .as_str()
        .unwrap()
        .clone_into(&mut sc.token);
    assert_eq!(statuses(&sc, 4).await, [200, 200, 200, 429]);
    assert_eq!(
        reason(&sc.get(PATH).await),
        "Request has been throttled. Your current Company limit is [8] per [1] minute"
    );

    sc.world().kit().clock.advance(Duration::from_secs(60));
    assert_eq!(statuses(&sc, 1).await, [200]);
}

#[tokio::test]
async fn a_429_says_how_long_to_wait_as_a_date_or_in_seconds() {
    let sc = Sc::with(seed(), settings()).await;
    statuses(&sc, 5).await;
    let date = sc.get(PATH).await.headers["retry-after"]
        .to_str()
        .unwrap()
        .to_owned();
    let until: DateTime<Utc> = httpdate::parse_http_date(&date).unwrap().into();
    let wait = (until - sc.world().kit().clock.now()).num_seconds();
    assert!((50..=61).contains(&wait), "{date}");

    sc.world().set(Settings {
        retry_after: RetryAfter::Seconds,
        ..settings()
    });
    let seconds = sc.get(PATH).await.headers["retry-after"]
        .to_str()
        .unwrap()
        .to_owned();
    let wait: u64 = seconds.parse().unwrap();
    assert!((50..=60).contains(&wait), "{seconds}");
}
