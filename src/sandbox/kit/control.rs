//! Control calls under `/_control`: what a test or a demonstration does to the simulator itself.
//! They are never subject to faults, authorization or limits.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Kit;
use super::audit::{Entry, Summary};
use super::duration;
use super::faults::{Preset, Rule, Struck};

/// Where control calls are found.
pub const PREFIX: &str = "/_control";

/// Puts the simulator's own state back to its seed.
pub type Reset = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Desk {
    kit: Kit,
    reset: Reset,
}

/// The calls both simulators have, beside the simulator's own (`more`, without the prefix).
pub(super) fn routes(kit: Kit, reset: Reset, more: Router) -> Router {
    let common = Router::new()
        .route("/audit", get(audit))
        .route("/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/clock", get(clock))
        .route("/clock/advance", post(advance))
        .route("/reset", post(reset_all))
        .with_state(Desk { kit, reset });
    Router::new().nest(PREFIX, common.merge(more))
}

/// A control call that was refused: 400 and why, for people.
pub fn refused(error: &dyn std::error::Error) -> Response {
    let body = Json(serde_json::json!({ "error": error.to_string() }));
    (StatusCode::BAD_REQUEST, body).into_response()
}

#[derive(Deserialize)]
struct AuditQuery {
    /// How many requests of the log to show.
    #[serde(default)]
    last: usize,
}

#[derive(Serialize)]
struct AuditReport {
    summary: Summary,
    log: Vec<Entry>,
}

async fn audit(State(desk): State<Desk>, Query(query): Query<AuditQuery>) -> Json<AuditReport> {
    let audit = &desk.kit.audit;
    Json(AuditReport {
        summary: audit.summary(),
        log: audit.log(query.last),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFaults {
    #[serde(default)]
    preset: Preset,
    #[serde(default)]
    rules: Vec<Rule>,
    seed: Option<u64>,
}

#[derive(Serialize)]
struct FaultsReport {
    rules: Vec<Struck>,
}

async fn faults(State(desk): State<Desk>) -> Json<FaultsReport> {
    Json(FaultsReport {
        rules: desk.kit.faults.rules(),
    })
}

/// The rules of the preset come after those that are written out.
async fn set_faults(State(desk): State<Desk>, Json(new): Json<NewFaults>) -> Response {
    let mut rules = new.rules;
    rules.extend(new.preset.rules());
    if let Some(seed) = new.seed {
        desk.kit.faults.reseed(seed);
    }
    match desk.kit.faults.set(rules) {
        Ok(()) => faults(State(desk)).await.into_response(),
        Err(error) => refused(&error),
    }
}

async fn clear_faults(State(desk): State<Desk>) -> Json<FaultsReport> {
    desk.kit.faults.clear();
    faults(State(desk)).await
}

#[derive(Serialize)]
struct ClockReport {
    now: DateTime<Utc>,
    rate: u32,
}

async fn clock(State(desk): State<Desk>) -> Json<ClockReport> {
    Json(ClockReport {
        now: desk.kit.clock.now(),
        rate: desk.kit.clock.rate(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// Such as `5m`.
    #[serde(with = "duration")]
    by: Duration,
}

async fn advance(State(desk): State<Desk>, Json(advance): Json<Advance>) -> Json<ClockReport> {
    desk.kit.clock.advance(advance.by);
    clock(State(desk)).await
}

async fn reset_all(State(desk): State<Desk>) -> StatusCode {
    (desk.reset)();
    desk.kit.faults.clear();
    desk.kit.audit.reset();
    StatusCode::NO_CONTENT
}
