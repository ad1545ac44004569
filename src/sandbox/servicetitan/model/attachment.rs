//! Files on jobs.

use bytes::Bytes;
use serde::Serialize;

use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant};

/// A file row.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) id: Id,
    pub(crate) job_id: Id,
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
    pub(crate) created_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) modified_on: Instant,
}
row!(Attachment);

/// A row of the list. The vendor does not document its members; these are the least that a reader
/// needs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachmentView<'a> {
    id: Id,
    file_name: &'a str,
    created_on: Instant,
    created_by_id: Id,
}

impl<'a> AttachmentView<'a> {
    pub(crate) fn new(row: &'a Attachment) -> Self {
        Self {
            id: row.id,
            file_name: &row.file_name,
            created_on: row.created_on,
            created_by_id: row.created_by_id,
        }
    }
}

/// `AttachmentResponse`: a creator learns no id.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attached<'a> {
    pub(crate) file_name: &'a str,
}

/// A file as it comes in.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) file_name: String,
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
}
