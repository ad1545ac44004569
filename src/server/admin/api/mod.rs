//! `/v1`: everything that people and programs can see and ask for, as JSON. One [`table`] makes both the router and the
//! OpenAPI document, so that they cannot differ.

mod openapi;
mod operation;
mod problem;
mod process;
mod records;
mod settings;
mod table;
mod tenants;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

use super::Admin;
pub use openapi::document;
pub use operation::{Endpoint, Needs};
use problem::Problem;

/// Where everything of this module is.
const ROOT: &str = "/v1";

pub(super) fn router() -> Router<Arc<Admin>> {
    let mut router = Router::new();
    for operation in table::operations() {
        router = router.route(operation.endpoint.path, operation.route());
    }
    router
        .fallback(missing)
        .method_not_allowed_fallback(unknown)
}

/// Every endpoint of `/v1`, with its address, for documentation.
pub fn endpoints() -> Vec<Endpoint> {
    table::operations()
        .into_iter()
        .map(|operation| operation.endpoint)
        .collect()
}

async fn missing(uri: Uri) -> Response {
    Problem::no_such_endpoint(uri.path()).into_response()
}

async fn unknown(method: axum::http::Method, uri: Uri) -> Response {
    Problem::of(
        StatusCode::METHOD_NOT_ALLOWED,
        "no-such-method",
        "The endpoint is not asked like this",
        format!("`{ROOT}{}` does not know {method}", uri.path()),
        "`/v1/openapi.json` lists every endpoint with its method",
    )
    .into_response()
}
