//! Reading by REST.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::{number_in, own_order, raw_json};
use crate::sandbox::kit::faults::Sight;
use crate::sandbox::kit::time::earlier;
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::catalogue;
use crate::sandbox::servicechannel::json::{Object, write_list};
use crate::sandbox::servicechannel::model::{LocationId, SubscriberId, WorkOrder, WorkOrderId};
use crate::sandbox::servicechannel::query::Scope;
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::State as Rows;
use crate::sandbox::servicechannel::terms::StatusOption;
use crate::sandbox::servicechannel::wire::{self, Face};

const PAGE: usize = 50;

/// `GET /workorders`: no filter by change, 50 at most. Ordered by id, as nothing is documented.
pub(super) async fn list(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(sight): Extension<Sight>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let mut tests = Vec::new();
    let (mut page, mut size) = (1, PAGE);
    for (name, value) in &pairs {
        let number = || value.parse::<usize>().ok().filter(|number| *number > 0);
        match name.as_str() {
            "page" => page = number().ok_or_else(|| Refusal::Paging(value.clone()))?,
            "pageSize" => {
                size = number()
                    .ok_or_else(|| Refusal::Paging(value.clone()))?
                    .min(PAGE);
            }
            "scheduledDate" | "expirationDate" | "callDate" | "sort" => {
                return Err(Refusal::Invalid(
                    "the sandbox knows no syntax for this parameter",
                ));
            }
            _ => tests.push((name.as_str(), value.as_str())),
        }
    }
    let settings = world.settings();
    let scope = Scope {
        provider: caller.provider,
        now: world.kit().clock.now(),
        sight,
    };
    Ok(world.read_state(|rows| {
        let found = rows
            .work_orders()
            .filter(|order| scope.shows(order))
            .filter(|order| {
                tests
                    .iter()
                    .all(|(name, value)| passes(rows, order, name, value))
            })
            .skip((page - 1).saturating_mul(size))
            .take(size);
        let mut out = Vec::with_capacity(size * 2_048);
        write_list(
            &mut out,
            found,
            settings.null_members,
            None,
            |object, order| {
                wire::work_order(object, order, rows, Face::Rest);
            },
        );
        raw_json(out)
    }))
}

/// Parameters nobody knows are ignored, as observed.
fn passes(rows: &Rows, order: &WorkOrder, name: &str, value: &str) -> bool {
    let same = |text: &str| text.eq_ignore_ascii_case(value);
    let begins = |text: &str| text.to_lowercase().starts_with(&value.to_lowercase());
    match name {
        "id" => value.split(',').any(|id| id.trim() == order.id.to_string()),
        "locationId" => value == order.location.to_string(),
        "storeId" => rows
            .location(order.location)
            .is_some_and(|found| found.store_id == value),
        "status" => same(order.status.primary.wire()),
        "extendedStatus" => same(order.status.below()),
        "category" => order.category.as_deref().is_some_and(same),
        "priority" => order.priority.as_deref().is_some_and(same),
        "trade" => order.trade.as_deref().is_some_and(begins),
        "number" => begins(&order.number),
        "purchaseNumber" => begins(&order.purchase_number),
        _ => true,
    }
}

/// `GET /workorders/{id}`. Right after a creation a lagging server does not know it yet.
pub(super) async fn one(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(sight): Extension<Sight>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let nulls = world.settings().null_members;
    let now = world.kit().clock.now();
    world.read_state(|rows| {
        let order = own_order(rows, &caller, id)?;
        if sight
            .read_lag
            .is_some_and(|lag| order.created_date > earlier(now, lag))
        {
            return Err(Refusal::NotYetThere);
        }
        let mut out = Vec::with_capacity(3_000);
        Object::write(&mut out, None, nulls, |object| {
            wire::work_order(object, order, rows, Face::Rest);
        });
        Ok(raw_json(out))
    })
}

/// `GET /workorders/{id}/statuses`: what this caller may set on it.
pub(super) async fn statuses(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    world.read_state(|rows| {
        let order = own_order(rows, &caller, id)?;
        let subscriber = rows
            .subscriber(order.subscriber)
            .ok_or(Refusal::UnknownSubscriber)?;
        Ok(status_list(&world, &catalogue::offered(order, subscriber)))
    })
}

/// `GET /workorders/statuses?subscriberId=`: all the subscriber has.
pub(super) async fn subscriber_statuses(
    State(world): State<World>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let given = pairs.iter().find(|(name, _)| name == "subscriberId");
    let id = given
        .and_then(|(_, id)| id.parse().ok().map(SubscriberId))
        .ok_or(Refusal::Invalid("subscriberId is missing"))?;
    world.read_state(|rows| {
        let subscriber = rows.subscriber(id).ok_or(Refusal::UnknownSubscriber)?;
        Ok(status_list(&world, &subscriber.catalogue))
    })
}

fn status_list(world: &World, options: &[StatusOption]) -> Response {
    let mut out = Vec::new();
    let nulls = world.settings().null_members;
    write_list(&mut out, options.iter(), nulls, None, wire::status_option);
    raw_json(out)
}

/// `GET /locations/{id}`: the whole address.
pub(super) async fn location(
    State(world): State<World>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = LocationId(number_in(&id)?);
    let nulls = world.settings().null_members;
    world.read_state(|rows| {
        let location = rows.location(id).ok_or(Refusal::UnknownLocation(id))?;
        let mut out = Vec::with_capacity(1_000);
        Object::write(&mut out, None, nulls, |object| {
            wire::full_location(object, location, rows);
        });
        Ok(raw_json(out))
    })
}

/// `GET /workorders/{id}/attachments`: only POST is there, and this is how the vendor says so.
pub(super) async fn broken_attachments() -> Response {
    let error = json!({
        "Code": "UnsupportedApiVersion",
        "Message": "The HTTP resource that matches the request URI does not support this version.",
    });
    (StatusCode::BAD_REQUEST, Json(json!({ "Error": error }))).into_response()
}
