//! The simulator's own control calls: what people do, over HTTP.

use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::World;
use super::hooks::HookFaults;
use super::invoices::InvoiceAction;
use super::model::{InvoiceId, ProviderId, Status, SubscriberId, WorkOrderId};
use super::people::{Edit, Error};
use super::people_terms::TermsEdit;
use super::settings::Settings;
use super::state::NoteDraft;
use crate::sandbox::kit::control::refused;

pub(super) fn routes(world: World) -> Router {
    Router::new()
        .route("/settings", get(settings).put(set_settings))
        .route("/subscribers", get(subscribers))
        .route("/subscribers/{id}", patch(subscriber))
        .route("/tokens/expire", post(expire_tokens))
        .route("/writes", get(writes))
        .route("/workorders", get(overview).post(arrive))
        .route("/workorders/same-tick", post(same_tick))
        .route("/workorders/{id}", patch(edit))
        .route("/workorders/{id}/status", post(set_status))
        .route("/workorders/{id}/notes", post(write_note))
        .route("/workorders/{id}/cancel", post(cancel))
        .route(
            "/workorders/{id}/attachments",
            get(attachments).post(attach),
        )
        .route("/workorders/{id}/late", post(appear_late))
        .route("/workorders/{id}/provider", post(move_to))
        .route("/invoices", get(invoices))
        .route("/invoices/{id}", post(act_on_invoice))
        .route("/hooks", get(hooks).post(add_hook))
        .route("/hooks/faults", put(hook_faults))
        .with_state(world)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFile {
    name: String,
    /// How many made-up bytes.
    size: u64,
    /// 0 everyone to 3 the subscriber only.
    #[serde(default)]
    visibility: u8,
}

async fn attach(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(file): Json<NewFile>,
) -> Response {
    match world.attach(id, &file.name, file.size, file.visibility) {
        Ok(_) => (
            StatusCode::CREATED,
            attachments(State(world), Path(id)).await,
        )
            .into_response(),
        Err(error) => refused(&error),
    }
}

async fn attachments(State(world): State<World>, Path(id): Path<WorkOrderId>) -> Response {
    let files = world.attachments(id);
    let files = files.iter().map(|file| {
        json!({ "id": file.id, "name": file.name, "size": file.content.size(), "own": file.own,
                "visibility": file.visibility, "sha256": file.content.sha256(),
                "description": file.description, "note": file.note })
    });
    Json(files.collect::<Vec<_>>()).into_response()
}

async fn invoices(State(world): State<World>) -> Response {
    Json(world.invoices()).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvoiceAct {
    action: InvoiceAction,
    #[serde(default)]
    comments: String,
}

async fn act_on_invoice(
    State(world): State<World>,
    Path(id): Path<InvoiceId>,
    Json(act): Json<InvoiceAct>,
) -> Response {
    done(world.act_on_invoice(id, act.action, &act.comments))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewHook {
    url: Url,
    /// None: everything.
    #[serde(default)]
    events: Vec<String>,
}

async fn add_hook(State(world): State<World>, Json(new): Json<NewHook>) -> Response {
    let id = world.add_hook(new.url, &new.events);
    (StatusCode::CREATED, Json(json!({ "id": id }))).into_response()
}

async fn hooks(State(world): State<World>) -> Response {
    let body = json!({ "key": world.signing_key(), "attempts": world.attempts() });
    Json(body).into_response()
}

async fn hook_faults(State(world): State<World>, Json(faults): Json<HookFaults>) -> StatusCode {
    world.set_hook_faults(faults);
    StatusCode::NO_CONTENT
}

async fn settings(State(world): State<World>) -> Json<Settings> {
    Json(world.settings())
}

async fn set_settings(State(world): State<World>, Json(new): Json<Settings>) -> Json<Settings> {
    world.set(new);
    settings(State(world)).await
}

async fn subscribers(State(world): State<World>) -> Response {
    Json(world.terms()).into_response()
}

async fn subscriber(
    State(world): State<World>,
    Path(id): Path<SubscriberId>,
    Json(edit): Json<TermsEdit>,
) -> Response {
    done(world.edit_terms(id, edit))
}

#[derive(Deserialize)]
struct From {
    /// Writes after this number.
    #[serde(default)]
    after: u64,
}

async fn writes(State(world): State<World>, Query(from): Query<From>) -> Response {
    let mut writes = world.writes();
    writes.retain(|write| write.number > from.after);
    Json(writes).into_response()
}

async fn cancel(State(world): State<World>, Path(id): Path<WorkOrderId>) -> Response {
    stamped(world.cancel(id))
}

async fn expire_tokens(State(world): State<World>) -> StatusCode {
    world.expire_tokens();
    StatusCode::NO_CONTENT
}

async fn overview(State(world): State<World>) -> Response {
    Json(world.overview()).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrive {
    #[serde(default = "one")]
    count: usize,
    /// They were last changed then, and are otherwise as made up.
    updated_date: Option<DateTime<Utc>>,
    #[serde(default)]
    edit: Edit,
}

fn one() -> usize {
    1
}

async fn arrive(State(world): State<World>, Json(arrive): Json<Arrive>) -> Response {
    let ids = match arrive.updated_date {
        Some(updated) => world.insert_at(arrive.count, updated),
        None => world.arrive_as(arrive.count, &arrive.edit),
    };
    (StatusCode::CREATED, Json(json!({ "ids": ids }))).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SameTick {
    ids: Vec<WorkOrderId>,
}

async fn same_tick(State(world): State<World>, Json(tick): Json<SameTick>) -> Response {
    stamped(world.same_tick(&tick.ids))
}

async fn edit(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(edit): Json<Edit>,
) -> Response {
    stamped(world.edit(id, edit))
}

async fn set_status(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(status): Json<Status>,
) -> Response {
    stamped(world.set_status(id, status))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
    /// Who writes; none: whoever is always there.
    #[serde(default)]
    author: String,
    #[serde(default)]
    action_required: bool,
    /// Addresses, `;` between them.
    #[serde(default)]
    mailed_to: String,
    /// 0 everyone to 3 the subscriber only.
    #[serde(default)]
    visibility: u8,
}

async fn write_note(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(note): Json<NewNote>,
) -> Response {
    let draft = NoteDraft {
        action_required: note.action_required,
        mailed_to: note.mailed_to,
        visibility: note.visibility,
        ..NoteDraft::user(note.text, &note.author)
    };
    done(world.write_note_as(id, draft).map(|_| ()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Late {
    /// Such as `30s`.
    #[serde(rename = "for", with = "crate::sandbox::kit::duration")]
    delay: Duration,
}

async fn appear_late(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(late): Json<Late>,
) -> Response {
    done(world.appear_late(id, late.delay))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    provider: ProviderId,
}

async fn move_to(
    State(world): State<World>,
    Path(id): Path<WorkOrderId>,
    Json(place): Json<Move>,
) -> Response {
    done(world.move_to(id, place.provider))
}

fn done(result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}

fn stamped(result: Result<DateTime<Utc>, Error>) -> Response {
    match result {
        Ok(updated) => Json(json!({ "updated_date": updated })).into_response(),
        Err(error) => refused(&error),
    }
}
