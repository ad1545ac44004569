//! What a handler answers with when it does not refuse: always status 200.

use serde::Serialize;

/// The body of a 200.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A JSON document.
    Json(Vec<u8>),
    /// No body, where the specs document none.
    Empty,
}

impl Reply {
    pub(crate) fn json(body: &impl Serialize) -> Self {
        Self::Json(serde_json::to_vec(body).expect("rows hold nothing that JSON cannot"))
    }
}
