//! The vendor's routes.

mod attachments;
mod check_in;
mod fields;
mod hooks;
mod invoices;
mod notes;
mod odata;
mod rest;
mod writes;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::World;
use super::auth::{self, Caller};
use super::ledger::{Author, Pen};
use super::model::WorkOrderId;
use super::refusal::{Refusal, error_body};
use super::state::State as Rows;
use crate::sandbox::kit::audit::ClientId;
use crate::sandbox::kit::limits::{RetryAfter, Throttled};
use crate::sandbox::kit::server::Replies;

/// All routes, the login among them.
pub(super) fn api(world: World) -> Router {
    let v3 = Router::new()
        .route("/workorders", get(rest::list))
        .route("/workorders/statuses", get(rest::subscriber_statuses))
        .route("/workorders/{id}", get(rest::one))
        .route("/workorders/{id}/statuses", get(rest::statuses))
        .route("/workorders/{id}/notes", get(notes::list).post(notes::add))
        .route(
            "/workorders/{id}/attachments",
            get(rest::broken_attachments).post(attachments::add),
        )
        .route(
            "/workorders/{id}/attachments/{attachment}",
            delete(attachments::remove),
        )
        .route(
            "/workorders/{id}/notes/{note}/attachments",
            post(attachments::add_to_note),
        )
        .route(
            "/workorders/{id}/universalCheckIn",
            post(check_in::check_in),
        )
        .route(
            "/workorders/{id}/universalCheckOut",
            post(check_in::check_out),
        )
        .route("/workorders/{id}/GPSRadius", get(check_in::radius))
        .route("/worktypes", get(check_in::work_types))
        .route("/workorders/{id}/accept", put(writes::accept))
        .route("/workorders/{id}/decline", put(writes::decline))
        .route("/workorders/{id}/status", put(writes::status))
        .route("/workorders/{id}/scheduledate", put(fields::scheduled_date))
        .route("/workorders/{id}/nte", put(fields::nte))
        .route("/workorders/{id}/resolution", post(fields::resolution))
        .route("/workorders/{id}/{member}", put(fields::text))
        .route(
            "/subscribers/{id}/workOrderRescheduleReasons",
            get(fields::reschedule_reasons),
        )
        .route("/locations/{id}", get(rest::location))
        .route("/invoices", post(invoices::add))
        .route("/invoices/{id}", get(invoices::one))
        .route(
            "/invoices/{id}/InvoiceRequirements",
            get(invoices::requirements),
        )
        .route(
            "/invoices/{id}/InvoiceRejectionReasons",
            get(invoices::rejection_reasons),
        )
        .route("/odata/invoices", get(odata::invoices))
        .route("/NotificationWebHooks", get(hooks::list).post(hooks::add))
        .route(
            "/NotificationWebHooks/{id}",
            get(hooks::one).put(hooks::change).delete(hooks::remove),
        )
        .route(
            "/NotificationSubscriptions/SigningKey",
            get(hooks::key).put(hooks::new_key),
        )
        .route("/odata/workorders", get(odata::work_orders))
        .route("/odata/workorders/filter", post(odata::filter))
        .route("/odata/locations", get(odata::locations))
        .route("/odata/{resource}", get(odata::by_key))
        .route("/odata/{resource}/{below}", get(odata::below_key))
        .fallback(unknown_route)
        // Files are larger than other bodies, and have a limit of their own.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(world.clone(), guard));
    Router::new()
        .nest("/v3", v3)
        .route("/oauth/token", post(auth::token))
        .route("/oauth/authorize", get(auth::authorize))
        .route("/Account/LogOn", get(auth::log_on))
        .fallback(unknown_route)
        .with_state(world)
}

/// How this vendor words what every vendor says.
pub(super) fn replies() -> Replies {
    Replies {
        throttled,
        unauthorized,
        failed,
        self_next_link,
    }
}

/// Lets only known callers in, and no more often than they may.
async fn guard(State(world): State<World>, mut request: Request, next: Next) -> Response {
    let now = world.kit().clock.now();
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token);
    let Some(caller) = token.and_then(|token| world.tokens().caller(token, now)) else {
        return unauthorized();
    };
    let client = ClientId(caller.client.clone());
    let admitted = match (&world.0.client_limit, &world.0.provider_limit) {
        (None, None) => Ok(()),
        (by_client, by_provider) => by_client
            .as_ref()
            .map_or(Ok(()), |limits| limits.take(&caller.client, now))
            .and_then(|()| {
                let take = |limits: &super::Limits| limits.take(&caller.provider.to_string(), now);
                by_provider.as_ref().map_or(Ok(()), take)
            }),
    };
    let mut response = match admitted {
        Ok(()) => {
            let seq = request.extensions().get().copied();
            request.extensions_mut().insert(Pen {
                now,
                by: Author::Api {
                    user: Arc::clone(&caller.user),
                    request: seq.expect("every request has its number"),
                },
            });
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => throttled(&refused, world.settings().retry_after),
    };
    response.extensions_mut().insert(client);
    response
}

async fn unknown_route(uri: Uri) -> Response {
    let message = format!("No HTTP resource was found that matches the request URI '{uri}'.");
    (StatusCode::NOT_FOUND, Json(json!({ "Message": message }))).into_response()
}

fn throttled(refused: &Throttled, form: RetryAfter) -> Response {
    let (scope, requests, minutes) = match &refused.breach {
        Some(breach) => (
            breach.scope,
            breach.window.requests,
            breach.window.per.as_secs().div_ceil(60),
        ),
        None => ("Application", 300, 1),
    };
    let reason = format!(
        "Request has been throttled. Your current {scope} limit is [{requests}] per [{minutes}] minute"
    );
    let body = Json(json!({ "Reason": reason }));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, refused.retry_after(form));
    response
}

fn unauthorized() -> Response {
    let body = Json(json!({ "Message": "Authorization has been denied for this request." }));
    (StatusCode::UNAUTHORIZED, body).into_response()
}

fn failed(status: StatusCode) -> Response {
    error_body(status, 501, "Timeout expired. Please try again later")
}

/// Only a page of rows has a link.
fn self_next_link(body: &mut Value, uri: &Uri) {
    let Some(page) = body
        .as_object_mut()
        .filter(|object| object.contains_key("value"))
    else {
        return;
    };
    let context = page
        .get("@odata.context")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let base = context.split("/v3/").next().unwrap_or_default();
    let link = format!("{base}{uri}");
    page.insert("@odata.nextLink".to_owned(), Value::String(link));
}

/// A reply whose body is JSON already.
fn raw_json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The number in a path. What is none has no route.
fn number_in(path: &str) -> Result<i64, Refusal> {
    path.parse().map_err(|_| Refusal::NotYetThere)
}

/// The caller's own work order, or that there is none.
fn own_order<'a>(
    rows: &'a Rows,
    caller: &Caller,
    id: WorkOrderId,
) -> Result<&'a super::model::WorkOrder, Refusal> {
    rows.work_order(id)
        .filter(|order| order.provider == caller.provider)
        .ok_or(Refusal::UnknownWorkOrder(id))
}
