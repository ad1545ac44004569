//! Who came and who went.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::number_in;
use super::writes::{body, subscriber_of};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::changes;
use crate::sandbox::servicechannel::ledger::Pen;
use crate::sandbox::servicechannel::model::{
    Half, Location, Primary, Status, Visit, WorkOrder, WorkOrderId,
};
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::State as Rows;
use crate::sandbox::servicechannel::terms::CheckIn;

/// Who comes when nobody is named.
const ALWAYS_THERE: i64 = 4_400_001;
const REPAIR: i64 = 1;
const TRAVEL: i64 = 2;
/// Around a location, in miles.
const RADIUS: f64 = 2.0;
/// Of a degree of latitude.
const MILES: f64 = 69.0;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InRequest {
    work_type_id: i64,
    user_id: Option<i64>,
    techs_count: Option<i64>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    check_in_time: Option<DateTime<Utc>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct OutRequest {
    work_type_id: i64,
    primary_status: Option<String>,
    extended_status: Option<String>,
    action_status: Option<String>,
    resolution: Option<String>,
    user_id: Option<i64>,
    techs_count: Option<i64>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    check_out_time: Option<DateTime<Utc>>,
}

/// Where and when somebody says to be.
struct Claim {
    place: Option<(f64, f64)>,
    at: Option<DateTime<Utc>>,
    half: Half,
}

/// The work order, if somebody may come to it or go from it; and when that was.
fn admitted<'a>(
    rows: &'a Rows,
    (caller, pen): (&Caller, &Pen),
    id: WorkOrderId,
    claim: &Claim,
) -> Result<(&'a WorkOrder, DateTime<Utc>), Refusal> {
    if id.0 <= 0 {
        return Err(Refusal::InvalidTrackingNumber);
    }
    let order = super::own_order(rows, caller, id)?;
    let permissions = subscriber_of(rows, id)?.permissions;
    let blocked = Refusal::CheckBlocked(claim.half);
    let pending = order.status.below() == "PENDING CONFIRMATION";
    let done = order.status.primary == Primary::Completed && !pending;
    let expired = order.category.as_deref() == Some("MAINTENANCE")
        && order.expiration_date.is_some_and(|end| end < pen.now);
    if order.invoiced || done || expired || permissions.check_in == CheckIn::Ivr {
        return Err(blocked);
    }
    let location = rows.location(order.location);
    match permissions.check_in {
        CheckIn::Ivr | CheckIn::Xml => {}
        CheckIn::Gps => {
            if claim.at.is_some() {
                return Err(Refusal::Invalid("the time is that of the location"));
            }
            let place = claim
                .place
                .ok_or(Refusal::Invalid("provide your location"))?;
            if location.is_some_and(|location| miles(location, place) > RADIUS) {
                return Err(Refusal::OutOfRange(claim.half));
            }
        }
    }
    let at = claim.at.unwrap_or(pen.now);
    if at > pen.now {
        return Err(Refusal::Invalid("check-in or check-out is premature"));
    }
    Ok((order, at))
}

/// How far a place is, near enough for a radius of some miles.
fn miles(location: &Location, (latitude, longitude): (f64, f64)) -> f64 {
    let north = (location.latitude - latitude) * MILES;
    let narrower = location.latitude.to_radians().cos();
    let east = (location.longitude - longitude) * MILES * narrower;
    north.hypot(east)
}

/// Whoever came and has not gone.
fn inside(order: &WorkOrder, user: i64, work_type: i64) -> Option<&Visit> {
    let mut own = order.visits.iter().rev();
    own.find(|visit| visit.user == user && visit.work_type == work_type)
        .filter(|visit| visit.half == Half::In)
}

fn known(work_type: i64) -> Result<i64, Refusal> {
    if [REPAIR, TRAVEL].contains(&work_type) {
        Ok(work_type)
    } else {
        Err(Refusal::Invalid("the work type is not found"))
    }
}

/// `POST /workorders/{id}/universalCheckIn`. What a second one without a check-out between does is
/// not documented; here it is refused.
pub(super) async fn check_in(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: InRequest = body(&bytes)?;
    let work_type = known(request.work_type_id)?;
    let claim = Claim {
        place: request.latitude.zip(request.longitude),
        at: request.check_in_time,
        half: Half::In,
    };
    let user = request.user_id.unwrap_or(ALWAYS_THERE);
    world.with_state(|rows| {
        let (order, at) = admitted(rows, (&caller, &pen), id, &claim)?;
        if inside(order, user, work_type).is_some() {
            return Err(Refusal::Invalid("the user has checked in already"));
        }
        let to = if work_type == REPAIR {
            Status::of(Primary::InProgress, "ON SITE")
        } else {
            order.status.clone()
        };
        let mechanic = rows.next_mechanic();
        let visit = Visit {
            mechanic,
            half: Half::In,
            user,
            work_type,
            at,
            techs: request.techs_count.unwrap_or(1),
            status: to,
        };
        changes::visit(rows, id, &pen, visit);
        Ok(Json(json!({ "MechanicId": mechanic })).into_response())
    })
}

/// The status a check-out leads to. Which one below `Completed` is made is not documented; here
/// what the client still has to confirm.
fn leads_to(request: &OutRequest, before: &Status) -> Result<Status, Refusal> {
    let wanted = request
        .primary_status
        .as_deref()
        .unwrap_or("NoStatusChange");
    let below = |name: &str| Status::of(Primary::InProgress, name);
    Ok(match wanted {
        "NoStatusChange" => before.clone(),
        "Completed" => Status::of(Primary::Completed, "PENDING CONFIRMATION"),
        "InProgress" => Status {
            primary: Primary::InProgress,
            extended: request
                .extended_status
                .as_ref()
                .map(|name| name.to_uppercase()),
        },
        "WaitingForQuote" => below("WAITING FOR QUOTE"),
        "PartsOnOrder" => below("PARTS ON ORDER"),
        "Incomplete" => below("INCOMPLETE"),
        _ => return Err(Refusal::Invalid("PrimaryStatus is unknown")),
    })
}

/// `POST /workorders/{id}/universalCheckOut`.
pub(super) async fn check_out(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let request: OutRequest = body(&bytes)?;
    let work_type = known(request.work_type_id)?;
    let half = match request.action_status.as_deref() {
        None | Some("Complete") => Half::Out,
        Some("Cancel") => Half::Cancelled,
        Some(_) => return Err(Refusal::Invalid("ActionStatus is unknown")),
    };
    if work_type == REPAIR && half == Half::Out && request.primary_status.is_none() {
        return Err(Refusal::Invalid("PrimaryStatus is missing"));
    }
    let claim = Claim {
        place: request.latitude.zip(request.longitude),
        at: request.check_out_time,
        half,
    };
    let user = request.user_id.unwrap_or(ALWAYS_THERE);
    world.with_state(|rows| {
        let (order, at) = admitted(rows, (&caller, &pen), id, &claim)?;
        let came = inside(order, user, work_type)
            .ok_or(Refusal::Invalid("the user has not checked in"))?;
        if at < came.at {
            return Err(Refusal::Invalid("check-out is before check-in"));
        }
        let mechanic = came.mechanic;
        let moves = work_type == REPAIR && half == Half::Out;
        let to = if moves {
            leads_to(&request, &order.status)?
        } else {
            order.status.clone()
        };
        if let Some(text) = request.resolution.filter(|text| !text.is_empty()) {
            rows.touch(id, |order| order.resolution = Some(text));
        }
        let visit = Visit {
            mechanic,
            half,
            user,
            work_type,
            at,
            techs: request.techs_count.unwrap_or(1),
            status: to,
        };
        changes::visit(rows, id, &pen, visit);
        Ok(Json(json!({ "MechanicId": mechanic })).into_response())
    })
}

/// `GET /workorders/{id}/GPSRadius`.
pub(super) async fn radius(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    world.read_state(|rows| {
        let order = super::own_order(rows, &caller, id)?;
        let location = rows
            .location(order.location)
            .ok_or(Refusal::UnknownLocation(order.location))?;
        let reply = json!({
            "WorkorderId": id, "LocationID": location.id, "LocLatitude": location.latitude,
            "LocLongitude": location.longitude, "GPSRadius": RADIUS,
        });
        Ok(Json(reply).into_response())
    })
}

/// `GET /worktypes`.
pub(super) async fn work_types() -> Response {
    let types = json!([{ "Id": REPAIR, "Name": "Repair" }, { "Id": TRAVEL, "Name": "Travel" }]);
    Json(types).into_response()
}
