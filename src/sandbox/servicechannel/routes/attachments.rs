//! Files of a work order: sent in parts, and never held whole when they are large.

use axum::Json;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use ring::digest;
use serde::Deserialize;
use serde_json::json;

use super::writes::{changeable, permitted};
use super::{number_in, own_order};
use crate::sandbox::servicechannel::World;
use crate::sandbox::servicechannel::auth::Caller;
use crate::sandbox::servicechannel::changes;
use crate::sandbox::servicechannel::files::{KEPT, hex};
use crate::sandbox::servicechannel::ledger::Pen;
use crate::sandbox::servicechannel::model::{
    Attachment, AttachmentId, Content, NoteId, WorkOrderId,
};
use crate::sandbox::servicechannel::refusal::Refusal;

/// All files of one request together; the vendor's own limit is not documented.
const SIZE_CAP: u64 = 100 << 20;
/// The description of what is sent.
const DESCRIPTION_CAP: usize = 64 << 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct AddRequest {
    attachments: Vec<Meta>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Meta {
    name: String,
    description: Option<String>,
    visibility: Option<u8>,
    is_invoice_digital_copy: bool,
}

/// What was sent.
struct Parts {
    metas: Vec<Meta>,
    /// Each file with the name it had itself.
    files: Vec<(String, Content)>,
}

/// `POST /workorders/{id}/attachments`.
pub(super) async fn add(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path(id): Path<String>,
    parts: Multipart,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let ids = attach(&world, (&caller, &pen), id, None, parts).await?;
    let reply = Json(json!({ "id": ids.first() }));
    Ok((StatusCode::CREATED, reply).into_response())
}

/// `POST /workorders/{id}/notes/{noteId}/attachments`: says the ids of all.
pub(super) async fn add_to_note(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path((id, note)): Path<(String, String)>,
    parts: Multipart,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let note = Some(NoteId(number_in(&note)?));
    let ids = attach(&world, (&caller, &pen), id, note, parts).await?;
    Ok((StatusCode::CREATED, Json(ids)).into_response())
}

async fn attach(
    world: &World,
    (caller, pen): (&Caller, &Pen),
    id: WorkOrderId,
    note: Option<NoteId>,
    parts: Multipart,
) -> Result<Vec<AttachmentId>, Refusal> {
    // Asked before the body is read, as whoever is refused need not send it all; and again after.
    world.read_state(|rows| {
        changeable(rows, caller, id)?;
        permitted(rows, id, |permissions| permissions.attachments)
    })?;
    let Parts { metas, files } = read(parts).await?;
    if files.is_empty() {
        return Err(Refusal::Invalid("there is no file"));
    }
    world.with_state(|rows| {
        let order = changeable(rows, caller, id)?;
        permitted(rows, id, |permissions| permissions.attachments)?;
        if let Some(note) = note
            && !order.notes.iter().any(|own| own.id == note)
        {
            return Err(Refusal::Invalid("the note is unknown"));
        }
        let mut ids = Vec::new();
        for (index, (name, content)) in files.into_iter().enumerate() {
            let meta = metas.get(index).cloned().unwrap_or_default();
            let file = Attachment {
                id: AttachmentId(0),
                note,
                name: if meta.name.is_empty() {
                    name
                } else {
                    meta.name
                },
                description: meta.description.unwrap_or_default(),
                created: pen.now,
                created_by: caller.user.to_string(),
                own: true,
                visibility: meta.visibility.unwrap_or_default(),
                invoice_copy: meta.is_invoice_digital_copy,
                content,
            };
            ids.extend(changes::attach(rows, id, pen, file));
        }
        Ok(ids)
    })
}

/// Reads the parts one after another.
async fn read(mut parts: Multipart) -> Result<Parts, Refusal> {
    let mut read = Parts {
        metas: Vec::new(),
        files: Vec::new(),
    };
    let mut total = 0;
    while let Some(mut field) = parts.next_field().await.map_err(broken)? {
        if field.name() == Some("AddAttachmentsRequest") {
            let mut text = BytesMut::new();
            while let Some(chunk) = field.chunk().await.map_err(broken)? {
                text.extend_from_slice(&chunk);
                if text.len() > DESCRIPTION_CAP {
                    return Err(Refusal::Invalid("AddAttachmentsRequest is too long"));
                }
            }
            let request: AddRequest = super::writes::body(&text)?;
            read.metas = request.attachments;
            if read
                .metas
                .iter()
                .any(|meta| too_long(meta.description.as_deref()))
            {
                return Err(Refusal::Invalid("Description is longer than 200"));
            }
        } else {
            let name = field.file_name().unwrap_or_default().to_owned();
            read.files.push((name, weighed(field, &mut total).await?));
        }
    }
    Ok(read)
}

fn too_long(description: Option<&str>) -> bool {
    description.is_some_and(|text| text.chars().count() > 200)
}

fn broken<E>(_: E) -> Refusal {
    Refusal::Invalid("the parts are not as documented")
}

/// The bytes of a file while they are few; of more, only size and hash.
async fn weighed(mut field: Field<'_>, total: &mut u64) -> Result<Content, Refusal> {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut kept = BytesMut::new();
    let mut size = 0;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        let length = chunk.len() as u64;
        size += length;
        *total += length;
        if *total > SIZE_CAP {
            return Err(Refusal::AttachmentsSize);
        }
        hash.update(&chunk);
        if size <= KEPT as u64 {
            kept.extend_from_slice(&chunk);
        }
    }
    if size <= KEPT as u64 {
        return Ok(Content::Sent(Bytes::from(kept)));
    }
    let sha256 = hex(hash.finish().as_ref());
    Ok(Content::Weighed { size, sha256 })
}

/// `DELETE /workorders/{id}/attachments/{attachmentId}`.
pub(super) async fn remove(
    State(world): State<World>,
    Extension(caller): Extension<Caller>,
    Extension(pen): Extension<Pen>,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let id = WorkOrderId(number_in(&id)?);
    let file = AttachmentId(number_in(&file)?);
    world.with_state(|rows| {
        own_order(rows, &caller, id)?;
        permitted(rows, id, |permissions| permissions.attachments)?;
        changes::detach(rows, id, &pen, file)
            .ok_or(Refusal::Invalid("the attachment is unknown"))?;
        Ok(Json(json!({ "WorkOrderId": id })).into_response())
    })
}
