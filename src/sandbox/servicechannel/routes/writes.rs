//! What a provider changes about a work order.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{number_in, own_order};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::model::{
    Permissions, Permit, Primary, Status, Subscriber, WorkOrder, WorkOrderId,
};
use crate::sandbox::servicechannel::people::change_status;
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::{NoteDraft, State as Rows};

const CONFIRMED: &str = "DISPATCH CONFIRMED";
const DECLINED: &str = "DECLINED";

/// The JSON of a body.
pub(super) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|_| Refusal::Invalid("the body is not as documented"))
}

/// The JSON of a body that may be missing.
fn optional_body<T: DeserializeOwned + Default>(bytes: &[u8]) -> Result<T, Refusal> {
    if bytes.is_empty() {
        Ok(T::default())
    } else {
        body(bytes)
    }
}

/// Refuses with 401 and code 504 what the subscriber has not granted.
pub(super) fn permitted(
    rows: &Rows,
    id: WorkOrderId,
    which: impl Fn(Permissions) -> Permit,
) -> Result<(), Refusal> {
    match which(subscriber_of(rows, id)?.permissions) {
        Permit::Granted => Ok(()),
        Permit::Denied => Err(Refusal::Denied),
    }
}

fn subscriber_of(rows: &Rows, id: WorkOrderId) -> Result<&Subscriber, Refusal> {
    rows.work_order(id)
        .and_then(|order| rows.subscriber(order.subscriber))
        .ok_or(Refusal::UnknownWorkOrder(id))
}

/// The caller's own work order, not frozen by an invoice.
fn changeable<'a>(
    rows: &'a Rows,
    caller: &Caller,
    id: WorkOrderId,
) -> Result<&'a WorkOrder, Refusal> {
    let order = own_order(rows, caller, id)?;
    if order.invoiced {
        Err(Refusal::Invoiced)
    } else {
        Ok(order)
    }
}

/// Whether the subscriber has this status at all.
fn exists(subscriber: &Subscriber, primary: Primary, below: &str) -> bool {
    below.is_empty()
        || subscriber
            .catalogue
            .iter()
            .filter(|option| option.primary == primary)
            .flat_map(|option| &option.extended)
            .any(|extended| extended.name.eq_ignore_ascii_case(below))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Answer {
    note: Option<String>,
    decline_reason_id: Option<i64>,
    custom_decline_reason: Option<String>,
}

/// `PUT /workorders/{id}/accept`: from OPEN to IN PROGRESS / DISPATCH CONFIRMED.
pub(super) async fn accept(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = answerable(&id)?;
    let answer: Answer = optional_body(&bytes)?;
    let to = Status::of(Primary::InProgress, CONFIRMED);
    answered(&world, &caller, id, answer, to, Refusal::AlreadyAccepted)
}

/// `PUT /workorders/{id}/decline`: from OPEN to OPEN / DECLINED.
pub(super) async fn decline(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = answerable(&id)?;
    let answer: Answer = optional_body(&bytes)?;
    let known = answer
        .decline_reason_id
        .is_none_or(|reason| (1..=6).contains(&reason));
    if !known {
        return Err(Refusal::DeclineReason);
    }
    let to = Status::of(Primary::Open, DECLINED);
    answered(&world, &caller, id, answer, to, Refusal::AlreadyDeclined)
}

/// Ids no work order can have are 404 here, unlike elsewhere.
fn answerable(path: &str) -> Result<WorkOrderId, Refusal> {
    match number_in(path)? {
        id if id > 0 => Ok(WorkOrderId(id)),
        _ => Err(Refusal::NotYetThere),
    }
}

fn answered(
    world: &World,
    caller: &Caller,
    id: WorkOrderId,
    answer: Answer,
    to: Status,
    already: Refusal,
) -> Result<Response, Refusal> {
    let now = world.kit().clock.now();
    world.with_state(|rows| {
        let order = changeable(rows, caller, id)?;
        if order.status == to {
            return Err(already);
        }
        if order.status.primary != Primary::Open {
            return Err(Refusal::NotOpen(order.status.clone()));
        }
        let subscriber = subscriber_of(rows, id)?;
        match subscriber.permissions.other_statuses {
            Permit::Granted => {}
            Permit::Denied => return Err(Refusal::NoPermission),
        }
        if !exists(subscriber, to.primary, to.below()) {
            return Err(Refusal::StatusNotAllowed(to));
        }
        change_status(rows, id, now, to).ok_or(Refusal::UnknownWorkOrder(id))?;
        for text in [answer.custom_decline_reason, answer.note]
            .into_iter()
            .flatten()
        {
            rows.add_note(id, now, NoteDraft::user(text, &caller.user));
        }
        Ok(StatusCode::OK.into_response())
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatusRequest {
    status: StatusBody,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatusBody {
    primary: String,
    #[serde(default)]
    extended: Option<String>,
}

/// `PUT /workorders/{id}/status`.
pub(super) async fn status(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: StatusRequest = body(&bytes)?;
    let written = &request.status.primary;
    let primary = Primary::read(written).ok_or_else(|| Refusal::UnknownStatus(written.clone()))?;
    let below = request.status.extended.unwrap_or_default().to_uppercase();
    let now = world.kit().clock.now();
    world.with_state(|rows| {
        let order = changeable(rows, &caller, id)?;
        let subscriber = subscriber_of(rows, id)?;
        let to = Status {
            primary,
            extended: Some(below).filter(|below| !below.is_empty()),
        };
        if !exists(subscriber, primary, to.below())
            || subscriber.permissions.status(primary, to.below()) == Permit::Denied
        {
            return Err(Refusal::StatusNotAllowed(to));
        }
        let result = format!(
            "Status has been changed from '<b>{}</b>' to '<b>{to}</b>'",
            order.status
        );
        change_status(rows, id, now, to).ok_or(Refusal::UnknownWorkOrder(id))?;
        if let Some(text) = request.note.filter(|text| !text.is_empty()) {
            rows.add_note(id, now, NoteDraft::user(text, &caller.user));
        }
        Ok(Json(json!({ "result": result, "id": id })).into_response())
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ValueRequest {
    value: Value,
}

/// `PUT /workorders/{id}/scheduledate`. Only ISO 8601 with an offset is taken: other forms are
/// not documented.
pub(super) async fn scheduled_date(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: ValueRequest = body(&bytes)?;
    let now = world.kit().clock.now();
    world.with_state(|rows| {
        let order = changeable(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.notes_and_schedule)?;
        let at = request
            .value
            .as_str()
            .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
            .ok_or(Refusal::ScheduledDate("its format is unknown"))?
            .to_utc();
        if at < order.call_date {
            return Err(Refusal::ScheduledDate("it is before the call date"));
        }
        if order.expiration_date.is_some_and(|end| at > end) {
            return Err(Refusal::ScheduledDate("it is after the expiration date"));
        }
        let text = format!("Scheduled date has been changed to '{}'", at.to_rfc3339());
        rows.add_note(id, now, NoteDraft::system(text));
        rows.change(id, now, |order| order.scheduled_date = Some(at));
        Ok(Json(json!({ "id": id })).into_response())
    })
}

/// `PUT /workorders/{id}/nte`: the amount is a text.
pub(super) async fn nte(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: ValueRequest = body(&bytes)?;
    let now = world.kit().clock.now();
    world.with_state(|rows| {
        changeable(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.full_edit)?;
        let amount = request
            .value
            .as_str()
            .and_then(|text| text.parse::<f64>().ok());
        let amount = amount.filter(|amount| amount.is_finite() && *amount >= 0.0);
        let amount = amount.ok_or(Refusal::Nte)?;
        rows.add_note(
            id,
            now,
            NoteDraft::system(format!("NTE has been changed to '{amount:.2}'")),
        );
        rows.change(id, now, |order| order.nte = Some(amount));
        Ok(Json(json!({ "id": id })).into_response())
    })
}
