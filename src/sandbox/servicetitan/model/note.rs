//! Notes on jobs. Append only; the reply to a reader has no id, the export feed has one.

use serde::Serialize;

use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant};

/// A note row.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) id: Id,
    pub(crate) job_id: Id,
    pub(crate) text: String,
    pub(crate) is_pinned: bool,
    pub(crate) created_by_id: Id,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    /// False once someone deleted it; then only the feed shows it.
    pub(crate) active: bool,
}
row!(Note, active: active);

/// `NoteResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NoteView<'a> {
    text: &'a str,
    is_pinned: bool,
    created_by_id: Id,
    created_on: Instant,
    modified_on: Instant,
}

impl<'a> NoteView<'a> {
    pub(crate) fn new(note: &'a Note) -> Self {
        Self {
            text: &note.text,
            is_pinned: note.is_pinned,
            created_by_id: note.created_by_id,
            created_on: note.created_on,
            modified_on: note.modified_on,
        }
    }
}

/// `ExportJobNotesResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedNote<'a> {
    id: Id,
    job_id: Id,
    active: bool,
    #[serde(flatten)]
    note: NoteView<'a>,
}

impl<'a> ExportedNote<'a> {
    pub(crate) fn new(note: &'a Note) -> Self {
        Self {
            id: note.id,
            job_id: note.job_id,
            active: note.active,
            note: NoteView::new(note),
        }
    }
}
