//! What a provider changes about a work order besides its status.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::writes::{body, changeable, permitted};
use super::{number_in, own_order};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::changes::{self, Text};
use crate::sandbox::servicechannel::ledger::{Entry, Pen, What};
use crate::sandbox::servicechannel::model::{Primary, SubscriberId, WorkOrder, WorkOrderId};
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::State as Rows;

/// The longest number a provider can give a work order.
const NUMBER_CAP: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ValueRequest {
    value: Value,
}

/// Why a scheduled date is refused, if it is.
pub(super) fn schedulable(order: &WorkOrder, at: DateTime<Utc>) -> Result<(), Refusal> {
    if at < order.call_date {
        return Err(Refusal::ScheduledDate("it is before the call date"));
    }
    if order.expiration_date.is_some_and(|end| at > end) {
        return Err(Refusal::ScheduledDate("it is after the expiration date"));
    }
    Ok(())
}

/// `PUT /workorders/{id}/scheduledate`. Only ISO 8601 with an offset is taken: other forms are
/// not documented.
pub(super) async fn scheduled_date(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: ValueRequest = body(&bytes)?;
    let reason = pairs
        .iter()
        .find(|(name, _)| name == "rescheduleReasonCode");
    if reason.is_some_and(|(_, code)| !REASONS.iter().any(|(id, _)| id.to_string() == *code)) {
        return Err(Refusal::Invalid("the reason is unknown"));
    }
    world.with_state(|rows| {
        let order = changeable(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.notes_and_schedule)?;
        let at = request
            .value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .ok_or(Refusal::ScheduledDate("its format is unknown"))?
            .to_utc();
        schedulable(order, at)?;
        changes::scheduled_date(rows, id, &pen, at);
        Ok(Json(json!({ "id": id })).into_response())
    })
}

/// Why work is moved to another day: the same for every subscriber here.
const REASONS: &[(i64, &str)] = &[(1, "Weather"), (2, "Parts"), (3, "Asked by the location")];

/// `GET /subscribers/{id}/workOrderRescheduleReasons`.
pub(super) async fn reschedule_reasons(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = SubscriberId(number_in(&id)?);
    world.read_state(|rows| {
        rows.subscriber(id).ok_or(Refusal::UnknownSubscriber)?;
        let reason = |(id, name): &(i64, &str)| json!({ "Id": id, "Description": name });
        let reasons: Vec<_> = REASONS.iter().map(reason).collect();
        Ok(Json(reasons).into_response())
    })
}

/// `PUT /workorders/{id}/nte`: the amount is a text.
pub(super) async fn nte(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: ValueRequest = body(&bytes)?;
    world.with_state(|rows| {
        changeable(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.full_edit)?;
        let amount = request
            .value
            .as_str()
            .and_then(|text| text.parse::<f64>().ok());
        let amount = amount.filter(|amount| amount.is_finite() && *amount >= 0.0);
        changes::nte(rows, id, &pen, amount.ok_or(Refusal::Nte)?);
        Ok(Json(json!({ "id": id })).into_response())
    })
}

/// `PUT /workorders/{id}/wonumber|ponumber|priority|category|trade|description|caller`. Only the
/// first is the provider's own.
pub(super) async fn text(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path((id, member)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let what = match member.as_str() {
        "wonumber" => Text::Number,
        "ponumber" => Text::PurchaseNumber,
        "priority" => Text::Priority,
        "category" => Text::Category,
        "trade" => Text::Trade,
        "description" => Text::Description,
        "caller" => Text::Caller,
        _ => return Err(Refusal::NotYetThere),
    };
    let id = WorkOrderId(number_in(&id)?);
    let request: ValueRequest = body(&bytes)?;
    let value = request.value.as_str().filter(|text| !text.is_empty());
    let value = value.ok_or(Refusal::Invalid("Value is empty"))?;
    world.with_state(|rows| {
        let order = changeable(rows, &caller, id)?;
        match what {
            Text::Number => number_is_free(rows, order, value)?,
            Text::PurchaseNumber
            | Text::Priority
            | Text::Category
            | Text::Trade
            | Text::Description
            | Text::Caller => permitted(rows, id, |permissions| permissions.full_edit)?,
        }
        changes::text(rows, id, &pen, what, value.to_owned());
        Ok(Json(json!({ "id": id })).into_response())
    })
}

fn number_is_free(rows: &Rows, order: &WorkOrder, number: &str) -> Result<(), Refusal> {
    let taken = rows.work_orders().any(|other| {
        other.id != order.id && other.provider == order.provider && other.number == number
    });
    if taken || number.chars().count() > NUMBER_CAP {
        Err(Refusal::Number)
    } else {
        Ok(())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ResolutionRequest {
    resolution: String,
}

/// `POST /workorders/{id}/resolution`. In which statuses it may be written is not documented; here
/// until the work is done.
pub(super) async fn resolution(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: ResolutionRequest = body(&bytes)?;
    world.with_state(|rows| {
        own_order(rows, &caller, id)?;
        let order = changeable(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.notes_and_schedule)?;
        let text = request.resolution;
        if text.trim().is_empty() {
            return Err(Refusal::Invalid("Resolution is empty"));
        }
        let done = order.status.primary == Primary::Completed;
        if done && order.status.below() != "PENDING CONFIRMATION" {
            return Err(Refusal::StatusNotAllowed(order.status.clone()));
        }
        let after = text.clone();
        rows.change(id, pen.now, |order| order.resolution = Some(text));
        rows.record(id, &pen, Entry::new(What::Resolution, after));
        let number = rows.ledger().len();
        let reply = Json(json!({ "id": number }));
        Ok((StatusCode::CREATED, reply).into_response())
    })
}
