//! `/livez`: the process answers. `/readyz`: it does its work, or why not. `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::Admin;

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new().route("/livez", get(async || "ok\n"))
}
