//! Delivers webhooks, one after another, until the simulator stops.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use tokio_util::sync::CancellationToken;

use super::World;
use super::hooks::{Delivery, Outcome};
use crate::sandbox::kit::post::post;

/// Whoever takes longer to answer has failed. Of the machine's time: the receiver lives in it.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn deliver(world: World, stopping: CancellationToken) {
    let clock = world.kit().clock.clone();
    loop {
        let now = clock.now();
        if let Some(delivery) = world.with_state(|state| state.hooks_mut().take_due(now)) {
            let outcome = tokio::select! {
                outcome = attempt(&world, &delivery) => outcome,
                () = stopping.cancelled() => return,
            };
            let now = clock.now();
            world.with_state(|state| state.hooks_mut().ended(now, delivery, outcome));
            continue;
        }
        let due = world.read_state(|state| state.hooks().next_due());
        let waits = due.map(|due| (due - now).to_std().unwrap_or_default());
        let wait = async {
            match waits {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            () = world.0.news.notified() => {}
            () = stopping.cancelled() => return,
        }
    }
}

async fn attempt(world: &World, delivery: &Delivery) -> Outcome {
    let signature = world.read_state(|state| state.hooks().signature(&delivery.body));
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert("Sign-Type", HeaderValue::from_static("HMACSHA256"));
    let signature = HeaderValue::from_str(&signature).expect("base64 is ASCII");
    headers.insert("Sign-Data", signature);
    let sent = post(&delivery.url, headers, delivery.body.clone());
    match tokio::time::timeout(PATIENCE, sent).await {
        Ok(Ok(status)) => Outcome::Answered(status.as_u16()),
        Ok(Err(error)) => Outcome::Failed(error.to_string()),
        Err(_) => Outcome::Failed("there was no answer in 5 s".to_owned()),
    }
}
