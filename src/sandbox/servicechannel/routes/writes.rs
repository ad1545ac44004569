//! How a provider moves a work order on.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{number_in, own_order};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::catalogue::{self, DECLINED};
use crate::sandbox::servicechannel::changes;
use crate::sandbox::servicechannel::ledger::{Entry, Pen, What};
use crate::sandbox::servicechannel::model::{Primary, Status, WorkOrder, WorkOrderId};
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::settings::Switch;
use crate::sandbox::servicechannel::state::{NoteDraft, State as Rows};
use crate::sandbox::servicechannel::terms::{Constraint, Permissions, Permit, Subscriber};

const CONFIRMED: &str = "DISPATCH CONFIRMED";
/// The only reason that comes with a text of its own.
const OTHER_REASON: i64 = 5;

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

pub(super) fn subscriber_of(rows: &Rows, id: WorkOrderId) -> Result<&Subscriber, Refusal> {
    rows.work_order(id)
        .and_then(|order| rows.subscriber(order.subscriber))
        .ok_or(Refusal::UnknownWorkOrder(id))
}

/// The caller's own work order, not frozen by an invoice.
pub(super) fn changeable<'a>(
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
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = answerable(&id)?;
    let answer: Answer = optional_body(&bytes)?;
    let to = Status::of(Primary::InProgress, CONFIRMED);
    answered(&world, (&caller, &pen), id, answer, to)
}

/// `PUT /workorders/{id}/decline`: from OPEN to OPEN / DECLINED.
pub(super) async fn decline(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
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
    answered(&world, (&caller, &pen), id, answer, to)
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
    (caller, pen): (&Caller, &Pen),
    id: WorkOrderId,
    answer: Answer,
    to: Status,
) -> Result<Response, Refusal> {
    world.with_state(|rows| {
        or_refused(rows, id, pen, &to, |rows| {
            let order = changeable(rows, caller, id)?;
            if order.status == to {
                return Err(match to.primary {
                    Primary::Open => Refusal::AlreadyDeclined,
                    Primary::InProgress | Primary::Completed => Refusal::AlreadyAccepted,
                });
            }
            if order.status.primary != Primary::Open {
                return Err(Refusal::NotOpen(order.status.clone()));
            }
            let subscriber = subscriber_of(rows, id)?;
            match subscriber.permissions.other_statuses {
                Permit::Granted => {}
                Permit::Denied => return Err(Refusal::NoPermission),
            }
            if catalogue::offers(order, subscriber, &to) {
                Ok(())
            } else {
                Err(Refusal::StatusNotAllowed(to.clone()))
            }
        })?;
        changes::status(rows, id, pen, to.clone()).ok_or(Refusal::UnknownWorkOrder(id))?;
        for text in [answer.custom_decline_reason, answer.note]
            .into_iter()
            .flatten()
        {
            changes::note(rows, id, pen, NoteDraft::user(text, &caller.user));
        }
        Ok(StatusCode::OK.into_response())
    })
}

/// Judges a status before it is set, and writes down that it was refused.
fn or_refused(
    rows: &mut Rows,
    id: WorkOrderId,
    pen: &Pen,
    to: &Status,
    judge: impl FnOnce(&Rows) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let refusal = match judge(rows) {
        Ok(()) => return Ok(()),
        Err(refusal) => refusal,
    };
    let seen = rows.work_order(id).map(|order| {
        let offered = rows
            .subscriber(order.subscriber)
            .map(|subscriber| catalogue::offers(order, subscriber, to));
        (order.status.to_string(), offered)
    });
    if let Some((before, offered)) = seen {
        let entry = Entry {
            offered,
            refused: Some(refusal.code()),
            ..Entry::value(What::Status, before, to.to_string())
        };
        rows.record(id, pen, entry);
    }
    Err(refusal)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatusRequest {
    status: StatusBody,
    #[serde(flatten)]
    answer: Answer,
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
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: bytes::Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let StatusRequest { status, answer } = body(&bytes)?;
    let primary = Primary::read(&status.primary)
        .ok_or_else(|| Refusal::UnknownStatus(status.primary.clone()))?;
    let below = status.extended.unwrap_or_default().to_uppercase();
    let to = Status {
        primary,
        extended: Some(below).filter(|below| !below.is_empty()),
    };
    let constraints = world.settings().status_constraints;
    world.with_state(|rows| {
        or_refused(rows, id, &pen, &to, |rows| {
            let order = changeable(rows, &caller, id)?;
            permitted(rows, id, |permissions| permissions.status_change)?;
            let subscriber = subscriber_of(rows, id)?;
            if !catalogue::offers(order, subscriber, &to) {
                return Err(Refusal::StatusNotAllowed(to.clone()));
            }
            declined_for_a_reason(&to, &answer)?;
            match constraints {
                Switch::On => has_what_it_demands(order, subscriber, &to, &pen),
                Switch::Off => Ok(()),
            }
        })?;
        let before = rows.work_order(id).map(|order| order.status.to_string());
        let result = format!(
            "Status has been changed from '<b>{}</b>' to '<b>{to}</b>'",
            before.unwrap_or_default()
        );
        changes::status(rows, id, &pen, to).ok_or(Refusal::UnknownWorkOrder(id))?;
        for text in [answer.custom_decline_reason, answer.note]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
        {
            changes::note(rows, id, &pen, NoteDraft::user(text, &caller.user));
        }
        Ok(Json(json!({ "result": result, "id": id })).into_response())
    })
}

fn declined_for_a_reason(to: &Status, answer: &Answer) -> Result<(), Refusal> {
    if to.below() != DECLINED {
        return Ok(());
    }
    match answer.decline_reason_id {
        None => Err(Refusal::NoDeclineReason),
        Some(reason) if !(1..=6).contains(&reason) => Err(Refusal::DeclineReason),
        Some(reason) if reason != OTHER_REASON && answer.custom_decline_reason.is_some() => {
            Err(Refusal::DeclineReason)
        }
        Some(_) => Ok(()),
    }
}

/// What the catalogue demands must be part of the work order before the status is set: the call
/// has no place for it. With which code it is refused otherwise is not documented.
fn has_what_it_demands(
    order: &WorkOrder,
    subscriber: &Subscriber,
    to: &Status,
    pen: &Pen,
) -> Result<(), Refusal> {
    let missing = match catalogue::demanded(subscriber, to) {
        None => None,
        Some(Constraint::ResolutionText) => {
            let there = order.resolution.as_deref().unwrap_or_default();
            there.is_empty().then_some("a resolution text is required")
        }
        Some(Constraint::ScheduledDate) => {
            let to_come = order.scheduled_date.is_some_and(|at| at > pen.now);
            (!to_come).then_some("a scheduled date that is to come is required")
        }
    };
    missing.map_or(Ok(()), |what| Err(Refusal::Invalid(what)))
}
