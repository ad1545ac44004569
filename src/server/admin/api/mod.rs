//! `/v1`: everything that people and programs can see and ask for.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Admin;
use super::auth::{Administrator, Reader};
use crate::daemon::Reopen;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/whoami", get(whoami))
        .route("/reload", post(reload))
}

async fn whoami(Reader(caller): Reader) -> Json<Value> {
    Json(json!({ "name": caller.name, "scope": caller.scope }))
}

async fn reload(_: Administrator, State(admin): State<Arc<Admin>>) -> Json<Value> {
    match admin.engine.reload(Reopen::All).await {
        Ok(done) => Json(json!({ "holds": done.outcome.holds() })),
        Err(error) => Json(json!({ "error": error.to_string() })),
    }
}
