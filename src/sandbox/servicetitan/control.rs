//! The simulator's own control calls, behind `/_control`: what people do, and switches.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::ServiceTitan;
use super::people::{Conversion, Mark};
use super::refusal::Refusal;
use super::service::replied;
use super::value::{FromText as _, Id};
use crate::sandbox::kit::control::{PREFIX, refused};

/// The largest body that is read.
const BODY_CAP: usize = 1 << 20;

/// All control calls. One handler: the paths are few and carry ids.
pub(super) fn routes(titan: ServiceTitan) -> Router {
    Router::new().fallback(handle).with_state(Arc::new(titan))
}

/// Why a control call failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the body is wrong: {0}")]
    Body(#[from] serde_json::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("there is no control call {method} {path}")]
    Unknown { method: String, path: String },
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
    match act(&titan, method, &segments, &body) {
        Ok(Value::Null) => StatusCode::NO_CONTENT.into_response(),
        Ok(value) => axum::Json(value).into_response(),
        Err(error) => refused(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMark {
    mark: Mark,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Dispatch {
    technician_id: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Dismiss {
    reason_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SetField {
    type_id: i64,
    value: String,
}

fn act(titan: &ServiceTitan, method: &str, path: &[&str], body: &[u8]) -> Result<Value, Failure> {
    let unknown = || Failure::Unknown {
        method: method.to_owned(),
        path: path.join("/"),
    };
    let id = |text: &str| Id::from_text(text).ok_or_else(unknown);
    match (method, path) {
        ("GET", ["creations"]) => return Ok(json!(titan.kit().audit.creations())),
        ("GET", ["switches"]) => return Ok(json!(titan.switches())),
        // Members that are not sent stay as they are.
        ("PUT", ["switches"]) => {
            let mut switches = json!(titan.switches());
            let changes: Map<String, Value> = serde_json::from_slice(body)?;
            if let Some(known) = switches.as_object_mut() {
                known.extend(changes);
            }
            titan.set_switches(serde_json::from_value(switches)?);
            return Ok(json!(titan.switches()));
        }
        ("POST", ["tokens", "revoke"]) => titan.revoke_tokens(),
        ("POST", ["campaigns", row, "activate"]) => titan.set_campaign(id(row)?, Mark::On)?,
        ("POST", ["campaigns", row, "deactivate"]) => titan.set_campaign(id(row)?, Mark::Off)?,
        ("POST", ["customers", row, "do-not-service"]) => {
            let SetMark { mark } = serde_json::from_slice(body)?;
            titan.set_do_not_service(id(row)?, mark)?;
        }
        ("POST", ["customers", row, "merge-into", into]) => {
            titan.merge_customer(id(row)?, id(into)?)?;
        }
        ("POST", ["bookings", row, "accept"]) => titan.accept_booking(id(row)?)?,
        ("POST", ["bookings", row, "dismiss"]) => {
            let Dismiss { reason_id } = read(body)?;
            titan.dismiss_booking(id(row)?, reason_id.map(Id))?;
        }
        ("POST", ["bookings", row, "convert"]) => {
            let choice: Conversion = read(body)?;
            let job = titan.convert_booking(id(row)?, choice)?;
            return Ok(json!({ "jobId": job }));
        }
        ("POST", ["appointments", row, "dispatch"]) => {
            let Dispatch { technician_id } = read(body)?;
            titan.dispatch(id(row)?, technician_id.map(Id))?;
        }
        ("POST", ["appointments", row, "arrive"]) => titan.arrive(id(row)?)?,
        ("POST", ["appointments", row, "done"]) => titan.finish(id(row)?)?,
        ("POST", ["appointments", row, "hold"]) => titan.hold(id(row)?)?,
        ("POST", ["jobs", row, "custom-fields"]) => {
            let SetField { type_id, value } = serde_json::from_slice(body)?;
            titan.set_custom_field(id(row)?, Id(type_id), &value)?;
        }
        _ => return Err(unknown()),
    }
    Ok(Value::Null)
}

/// A body that may be left out.
fn read<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Failure> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        Ok(serde_json::from_slice(body)?)
    }
}
