//! What a handler answers with when it does not refuse: status 200, but for links.

use bytes::Bytes;
use serde::Serialize;

/// A file as it is downloaded.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A JSON document.
    Json(Vec<u8>),
    /// No document, but where it is: 302.
    Link(String),
    /// A file.
    File(File),
    /// No body, where the specs document none.
    Empty,
}

impl Reply {
    pub(crate) fn json(body: &impl Serialize) -> Self {
        Self::Json(serde_json::to_vec(body).expect("rows hold nothing that JSON cannot"))
    }
}
