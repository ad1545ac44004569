//! What a test asks both sides, and does in a person's place.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use syncline::sandbox::servicechannel::ledger::{Author, What, Write};
use syncline::sandbox::servicechannel::model::{Primary, Status, SubscriberId, WorkOrderId};
use syncline::sandbox::servicechannel::people::{Edit, Overview};
use syncline::sandbox::servicechannel::people_terms::TermsEdit;
use syncline::sandbox::servicetitan::Id;

use crate::harness::world::TENANT;
use crate::harness::{Flows, Ran, World, WorldConfig};

/// The one subscriber of a small world.
pub(super) const ACME: &str = "2010000001";
/// The second one.
pub(super) const BLUEBIRD: &str = "2010000002";

/// One subscriber with one site.
pub(super) async fn small() -> World {
    let world = World::with(WorldConfig {
        subscribers: 1,
        locations: 1,
        ..WorldConfig::default()
    })
    .await;
    // The shipped tenant overrides a key of this subscriber; what is tested here are defaults.
    world.tenant("/overrides", json!({}));
    world
}

/// Two subscribers with one site each.
pub(super) async fn two() -> World {
    let world = World::with(WorldConfig {
        subscribers: 2,
        locations: 2,
        ..WorldConfig::default()
    })
    .await;
    world.tenant("/overrides", json!({}));
    world
}

/// Chooses a preference of the tenant.
#[track_caller]
pub(super) fn prefer(world: &World, name: &str, value: Value) {
    world.tenant(&format!("/settings/preferences/{name}"), value);
}

/// Changes a file of the workspace as a person would: `from` stands in it once.
#[track_caller]
pub(super) fn retype(world: &World, file: &str, from: &str, to: &str) {
    let path = world.workspace().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(
        text.matches(from).count(),
        1,
        "`{from}` stands once in {file}"
    );
    fs::write(path, text.replace(from, to)).unwrap();
}

/// A client calls in a work order that says what `edit` says.
pub(super) fn call_in(world: &World, edit: &Edit) -> WorkOrderId {
    world.sandbox.servicechannel().arrive_as(1, edit)[0]
}

/// Somebody changes the text of a work order.
#[track_caller]
pub(crate) fn reword(world: &World, order: WorkOrderId, text: &str) {
    let edit = Edit {
        description: Some(text.to_owned()),
        ..Edit::default()
    };
    world.sandbox.servicechannel().edit(order, edit).unwrap();
}

/// A work order as the client sees it.
#[track_caller]
pub(super) fn overview(world: &World, order: WorkOrderId) -> Overview {
    let all = world.sandbox.servicechannel().overview();
    all.into_iter().find(|found| found.id == order).unwrap()
}

/// Work orders by subscriber.
pub(super) fn by_subscriber(
    world: &World,
    orders: &[WorkOrderId],
) -> BTreeMap<String, Vec<WorkOrderId>> {
    let mut found: BTreeMap<String, Vec<WorkOrderId>> = BTreeMap::new();
    for order in orders {
        let SubscriberId(subscriber) = overview(world, *order).subscriber;
        found
            .entry(subscriber.to_string())
            .or_default()
            .push(*order);
    }
    found
}

/// Requests that reached both sides so far.
pub(super) fn requests(world: &World) -> u64 {
    let kits = [
        world.sandbox.servicechannel().kit(),
        world.sandbox.servicetitan().kit(),
    ];
    kits.iter().map(|kit| kit.audit.summary().requests).sum()
}

/// What someone in the office reads.
#[track_caller]
pub(super) fn read(world: &World, path: &str) -> Value {
    world
        .sandbox
        .servicetitan()
        .office("GET", path, None)
        .unwrap()
        .unwrap()
}

/// What someone in the office makes or changes.
#[track_caller]
pub(super) fn act(world: &World, method: &str, path: &str, body: &Value) -> Value {
    world
        .sandbox
        .servicetitan()
        .office(method, path, Some(body))
        .unwrap()
        .unwrap_or_default()
}

/// All rows of a list that fits on a page.
#[track_caller]
pub(super) fn rows(world: &World, path: &str) -> Vec<Value> {
    let page = read(world, path);
    assert_ne!(page["hasMore"], true, "{path} fits on a page");
    page["data"].as_array().cloned().unwrap()
}

/// The bookings of a work order.
pub(super) fn bookings(world: &World, order: WorkOrderId) -> Vec<Value> {
    rows(world, &format!("crm/bookings?externalId=sc-{order}"))
}

/// The one booking of a work order.
#[track_caller]
pub(super) fn booking(world: &World, order: WorkOrderId) -> Value {
    let mut found = bookings(world, order);
    assert_eq!(found.len(), 1, "bookings of work order {order}: {found:?}");
    found.remove(0)
}

/// Whether a work order has a job or a booking.
pub(super) fn came_over(world: &World, order: WorkOrderId) -> bool {
    world.jobs().contains_key(&order.0) || !bookings(world, order).is_empty()
}

/// When the first visit of a job begins.
#[track_caller]
pub(super) fn start_of(world: &World, job: &Value) -> DateTime<Utc> {
    instant(
        &read(
            world,
            &format!("jpm/appointments/{}", job["firstAppointmentId"]),
        )["start"],
    )
}

/// An instant of a reply.
#[track_caller]
pub(super) fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// The value of a custom field of a job.
pub(super) fn field(job: &Value, type_id: i64) -> Option<&str> {
    let fields = job["customFields"].as_array()?;
    fields.iter().find(|field| field["typeId"] == type_id)?["value"].as_str()
}

/// A row id of a reply.
#[track_caller]
pub(crate) fn id_of(row: &Value) -> Id {
    Id(row["id"].as_i64().unwrap())
}

/// The campaigns of the integration's name.
pub(crate) fn campaigns(world: &World) -> Vec<Value> {
    let all = rows(world, "marketing/campaigns?active=Any&pageSize=500");
    all.into_iter()
        .filter(|row| row["name"] == "ServiceChannel")
        .collect()
}

/// The names of records by the reason they stand where they stand, from `status`.
pub(super) async fn counted(world: &World, reason: &str) -> u64 {
    let status = world.status().await;
    let records = status["records"].as_array().unwrap();
    let with = records.iter().filter(|row| row["reason"] == reason);
    with.map(|row| row["records"].as_u64().unwrap()).sum()
}

/// What a run that may fail came to.
pub(super) async fn try_run(world: &World) -> Ran {
    world.cmd(["run", TENANT]).run().await
}

/// Every line of a command's JSON output.
#[track_caller]
pub(super) fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// One subscriber with one site, and every pipeline.
pub(crate) async fn both_ways() -> World {
    let world = World::with(WorldConfig {
        subscribers: 1,
        locations: 1,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.tenant("/overrides", json!({}));
    world
}

/// Two subscribers with one site each, and every pipeline.
pub(super) async fn two_both_ways() -> World {
    let world = World::with(WorldConfig {
        subscribers: 2,
        locations: 2,
        flows: Flows::All,
        ..WorldConfig::default()
    })
    .await;
    world.tenant("/overrides", json!({}));
    world
}

/// A client calls in a work order that nobody has touched.
pub(crate) fn call_in_open(world: &World) -> WorkOrderId {
    let edit = Edit {
        status: Some(Status::plain(Primary::Open)),
        scheduled_date: Some("2026-11-02T07:00:00Z".parse().unwrap()),
        ..Edit::default()
    };
    call_in(world, &edit)
}

/// The subscriber agrees something else with its providers.
#[track_caller]
pub(super) fn agree(world: &World, edit: TermsEdit) {
    let id = SubscriberId(ACME.parse().unwrap());
    world.sandbox.servicechannel().edit_terms(id, edit).unwrap();
}

/// What somebody does on the road or in the office: `jobs/10001/hold`.
#[track_caller]
pub(crate) fn people(world: &World, path: &str, body: &Value) -> Value {
    let titan = world.sandbox.servicetitan();
    titan.control("POST", path, body).unwrap()
}

/// What the integration wrote about a work order.
fn written(world: &World, order: WorkOrderId, what: What) -> Vec<Write> {
    let all = world.sandbox.servicechannel().writes();
    all.into_iter()
        .filter(|write| write.work_order == order && write.what == what)
        .filter(|write| matches!(write.by, Author::Api { .. }))
        .collect()
}

/// Values that the integration set, in their order.
pub(super) fn set(world: &World, order: WorkOrderId, what: What) -> Vec<String> {
    let all = written(world, order, what);
    let set = all.into_iter().filter(|write| write.refused.is_none());
    set.map(|write| write.after).collect()
}

/// Statuses that the integration set, in their order.
pub(crate) fn statuses(world: &World, order: WorkOrderId) -> Vec<String> {
    set(world, order, What::Status)
}

/// Statuses that were refused, with the code.
pub(super) fn refusals(world: &World, order: WorkOrderId) -> Vec<(String, i32)> {
    let all = written(world, order, What::Status);
    all.into_iter()
        .filter_map(|write| Some((write.after, write.refused?)))
        .collect()
}

/// Notes that ask the client to act.
pub(super) fn asked(world: &World, order: WorkOrderId) -> Vec<String> {
    let notes = world.sandbox.servicechannel().notes(order);
    let asking = notes.into_iter().filter(|note| note.action_required);
    asking.map(|note| note.text).collect()
}

/// How far a work order is.
#[track_caller]
pub(crate) fn stands(world: &World, order: WorkOrderId) -> String {
    overview(world, order).status.to_string()
}
