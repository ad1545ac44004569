//! The simulator's own control calls, behind `/_control`: what people do (see `office`), the
//! switches, and what the simulator wrote down.

mod office;

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::ServiceTitan;
use super::journal::{Author, Write};
use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::service::replied;
use super::value::Id;
use super::webhooks::HooksError;
use crate::sandbox::kit::control::{PREFIX, refused};

/// The largest body that is read.
const BODY_CAP: usize = 16 << 20;

/// All control calls. One handler: the paths are few and carry ids.
pub(super) fn routes(titan: ServiceTitan) -> Router {
    Router::new().fallback(handle).with_state(Arc::new(titan))
}

/// Why a control call failed.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The body is not what the call needs.
    #[error("the body is wrong: {0}")]
    Body(#[from] serde_json::Error),
    /// What was asked is against the rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Webhooks cannot go there.
    #[error(transparent)]
    Hooks(#[from] HooksError),
    /// There is no such call.
    #[error("there is no control call {method} {path}")]
    Unknown {
        /// Method of the call.
        method: String,
        /// Path of the call.
        path: String,
    },
}

/// One control call.
pub(super) struct Call<'a> {
    pub(super) method: &'a str,
    /// What follows `/_control`, in parts.
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

async fn handle(State(titan): State<Arc<ServiceTitan>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_CAP).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path();
    let path = path.strip_prefix(PREFIX).unwrap_or(path);
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let method = parts.method.as_str();
    if let ["office", module, rest @ ..] = segments.as_slice() {
        return match titan.office_raw(method, module, rest, parts.uri.query(), &body) {
            Ok(reply) => replied(reply),
            Err(error) => refused(&error),
        };
    }
    let call = Call {
        method,
        path: &segments,
        query: parts.uri.query().unwrap_or_default(),
        body: &body,
    };
    match act(&titan, &call) {
        Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
        Ok(value) => axum::Json(value).into_response(),
        Err(error) => refused(&error),
    }
}

/// Carries out a control call.
pub(super) fn act(titan: &ServiceTitan, call: &Call<'_>) -> Result<Value, ControlError> {
    match (call.method, call.path) {
        ("GET", ["creations"]) => Ok(json!(titan.kit().audit.creations())),
        ("GET", ["journal"]) => journal(titan, call.query),
        ("GET", ["switches"]) => Ok(json!(titan.switches())),
        // Members that are not sent stay as they are.
        ("PUT", ["switches"]) => {
            let mut switches = json!(titan.switches());
            merge(&mut switches, call.body)?;
            titan.set_switches(serde_json::from_value(switches)?);
            Ok(json!(titan.switches()))
        }
        ("GET", ["webhooks"]) => Ok(json!(titan.hooks())),
        ("PUT", ["webhooks"]) => {
            let mut hooks = json!(titan.hooks());
            merge(&mut hooks, call.body)?;
            titan.set_hooks(serde_json::from_value(hooks)?)?;
            Ok(json!(titan.hooks()))
        }
        ("GET", ["webhooks", "log"]) => Ok(json!(titan.0.outbox.log())),
        ("POST", ["webhooks", "replay"]) => {
            let now = titan.kit().clock.now();
            Ok(json!({ "replayed": titan.0.outbox.replay(now) }))
        }
        ("POST", ["tokens", "revoke"]) => {
            titan.revoke_tokens();
            Ok(Value::Null)
        }
        _ => match office::act(titan, call) {
            Some(answer) => answer,
            None => Err(ControlError::Unknown {
                method: call.method.to_owned(),
                path: call.path.join("/"),
            }),
        },
    }
}

/// Puts the members of a body over those of a document.
fn merge(document: &mut Value, body: &[u8]) -> Result<(), ControlError> {
    let changes: Map<String, Value> = serde_json::from_slice(body)?;
    if let Some(known) = document.as_object_mut() {
        known.extend(changes);
    }
    Ok(())
}

/// Writes, oldest first: of a `collection`, of the row `id`, by `client` or `people`, that changed
/// `field`, with numbers above `after`.
fn journal(titan: &ServiceTitan, query: &str) -> Result<Value, ControlError> {
    let params = Params::parse(query);
    let problems = Problems::default();
    let id: Option<Id> = params.read("id", &problems);
    let after: Option<Id> = params.read("after", &problems);
    problems.settle()?;
    let (collection, field) = (params.text("collection"), params.text("field"));
    let by = params.text("by");
    let keep = |write: &Write| {
        let author = match write.by {
            Author::Client(_) => "client",
            Author::People => "people",
        };
        id.is_none_or(|id| write.id == id)
            && after.is_none_or(|after| i64::try_from(write.number).is_ok_and(|n| n > after.0))
            && collection.is_none_or(|name| write.collection == name)
            && by.is_none_or(|by| author == by)
            && field.is_none_or(|field| write.changes.iter().any(|change| change.field == field))
    };
    Ok(json!(titan.journal().writes(keep)))
}
