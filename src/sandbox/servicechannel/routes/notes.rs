//! Notes of a work order.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::writes::{body, permitted};
use super::{number_in, own_order, raw_json};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::changes;
use crate::sandbox::servicechannel::json::Object;
use crate::sandbox::servicechannel::ledger::Pen;
use crate::sandbox::servicechannel::model::{NoteType, WorkOrderId};
use crate::sandbox::servicechannel::refusal::Refusal;
use crate::sandbox::servicechannel::state::NoteDraft;
use crate::sandbox::servicechannel::wire;

const PAGE: usize = 10;

fn order_id(path: &str) -> Result<WorkOrderId, Refusal> {
    let id = number_in(path)?;
    if id > 0 {
        Ok(WorkOrderId(id))
    } else {
        Err(Refusal::InvalidTrackingNumber)
    }
}

/// `GET /workorders/{id}/notes?paging=page:size`, the newest first.
pub(super) async fn list(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let id = order_id(&id)?;
    let paging = pairs
        .iter()
        .find(|(name, _)| name == "paging")
        .map(|(_, value)| value);
    let (page, size) = match paging {
        None => (1, PAGE),
        Some(value) => page_of(value).ok_or_else(|| Refusal::Paging(value.clone()))?,
    };
    let nulls = world.settings().null_members;
    world.read_state(|rows| {
        let order = own_order(rows, &caller, id)?;
        let visible: Vec<_> = order
            .notes
            .iter()
            .rev()
            .filter(|note| note.visible_to_providers())
            .collect();
        let users = visible
            .iter()
            .filter(|note| note.note_type == NoteType::User)
            .count();
        let shown = visible
            .iter()
            .skip((page - 1).saturating_mul(size))
            .take(size);
        let mut out = Vec::new();
        Object::write(&mut out, None, nulls, |object| {
            object.list("Notes", shown, |object, note| {
                wire::note(object, note, &order.attachments, &|file| world.link(file));
            });
            object.value("AllNotesCount", Some(visible.len()));
            object.value("UserNotesCount", Some(users));
            object.value("SystemNotesCount", Some(visible.len() - users));
        });
        Ok(raw_json(out))
    })
}

fn page_of(value: &str) -> Option<(usize, usize)> {
    let (page, size) = value.split_once(':')?;
    let positive = |text: &str| text.parse::<usize>().ok().filter(|number| *number > 0);
    Some((positive(page)?, positive(size)?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct NewNote {
    note: String,
    mailed_to: Option<String>,
    action_required: bool,
    visibility: u8,
    is_pinned: bool,
}

/// `POST /workorders/{id}/notes`.
pub(super) async fn add(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, Refusal> {
    let id = order_id(&id)?;
    let new: NewNote = body(&bytes)?;
    let note_id = world.with_state(|rows| {
        own_order(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.notes_and_schedule)?;
        if new.is_pinned {
            return Err(Refusal::NoPinning);
        }
        if new.note.trim().is_empty() || new.visibility > 3 {
            return Err(Refusal::Invalid(
                "Note is empty or its visibility is unknown",
            ));
        }
        let draft = NoteDraft {
            action_required: new.action_required,
            mailed_to: new.mailed_to.unwrap_or_default(),
            visibility: new.visibility,
            ..NoteDraft::user(new.note, &caller.user)
        };
        changes::note(rows, id, &pen, draft).ok_or(Refusal::UnknownWorkOrder(id))
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": note_id }))).into_response())
}
