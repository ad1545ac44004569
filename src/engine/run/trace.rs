//! What an attempt did, for `trace` and for dead letters: a short list of what happened, as JSON.
//!
//! Requests are noted before credentials are added to them, so no secret can stand here (P9).

use serde_json::{Value as Json, json};

use super::lists::path_and_query;
use crate::engine::clock::Timestamp;
use crate::engine::connect::{HttpRequest, Reply, ReplyBody};
use crate::lang::plan::Origin;

/// Longest body that is kept of a failed exchange, in bytes of JSON text.
const BODY: usize = 4_096;

/// What an attempt did.
#[derive(Debug, Default)]
pub(crate) struct Trace(Vec<Json>);

impl Trace {
    /// A step came to something.
    pub(crate) fn step(&mut self, name: &str, what: &str) {
        self.0.push(json!({ "step": name, "did": what }));
    }

    /// A request was sent for a write.
    pub(crate) fn wrote(&mut self, name: &str, what: &str, request: &HttpRequest, id: &str) {
        self.0.push(json!({
            "step": name,
            "did": what,
            "request": format!("{} {}", request.method, path_and_query(request)),
            "id": id,
            "origin": request.origin.to_string(),
        }));
    }

    /// A step failed, with the exchange that shows why.
    pub(crate) fn failed(
        &mut self,
        message: &str,
        origin: Option<&Origin>,
        exchange: Option<&Json>,
    ) {
        let mut row = json!({ "failed": message, "origin": origin.map(ToString::to_string) });
        if let (Some(row), Some(exchange)) = (row.as_object_mut(), exchange) {
            row.insert("exchange".to_owned(), exchange.clone());
        }
        self.0.push(row);
    }

    /// The row to store.
    pub(crate) fn finish(self, version: Option<&str>, at: Timestamp, came_to: &str) -> String {
        json!({ "version": version, "at": at.to_string(), "came_to": came_to, "steps": self.0 })
            .to_string()
    }
}

/// A request and its reply as a dead letter shows them.
pub(crate) fn exchange(request: &HttpRequest, reply: Option<&Reply>) -> Json {
    let mut shown = json!({
        "method": request.method.as_str(),
        "path": path_and_query(request),
        "body": short(Some(&*String::from_utf8_lossy(&request.body)).filter(|body| !body.is_empty())),
    });
    if let (Some(shown), Some(reply)) = (shown.as_object_mut(), reply) {
        shown.insert("status".to_owned(), json!(reply.status));
        shown.insert("reply".to_owned(), short(text_of(reply).as_deref()));
    }
    shown
}

fn text_of(reply: &Reply) -> Option<String> {
    match &reply.body {
        ReplyBody::Json(body) => Some(body.to_string()),
        ReplyBody::Text(text) => Some(text.to_string()),
        ReplyBody::Empty => None,
    }
}

fn short(text: Option<&str>) -> Json {
    match text {
        None => Json::Null,
        Some(text) if text.len() <= BODY => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
        }
        Some(text) => {
            let end = (0..=BODY)
                .rev()
                .find(|end| text.is_char_boundary(*end))
                .unwrap_or(0);
            Json::String(format!(
                "{}… ({} bytes)",
                text.get(..end).unwrap_or_default(),
                text.len()
            ))
        }
    }
}
