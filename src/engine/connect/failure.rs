//! What comes back: a reply that means success, or a failure that says whether anything may have happened.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use thiserror::Error;

use super::health::Pause;
use crate::engine::clock::Timestamp;
use crate::engine::telemetry::HttpClass;
use crate::lang::plan::Origin;

/// A reply that means success.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: ReplyBody,
    /// The server's clock when it answered.
    pub date: Option<Timestamp>,
    /// When the request was sent, by our clock.
    pub started: Timestamp,
    /// From sending to the last byte of the reply.
    pub took: Duration,
    /// Whether this request brought it about.
    pub standing: Standing,
}

impl Reply {
    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<&Arc<Value>> {
        match &self.body {
            ReplyBody::Json(value) => Some(value),
            ReplyBody::Text(_) | ReplyBody::Empty => None,
        }
    }

    /// When the request was sent, by the server's clock where the reply tells it; at most a second early, because
    /// `Date` has whole seconds.
    pub fn asked(&self) -> Timestamp {
        self.date.map_or(self.started, |date| date.minus(self.took))
    }
}

/// The body of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyBody {
    /// JSON.
    Json(Arc<Value>),
    /// Anything else.
    Text(Arc<str>),
    /// Nothing.
    Empty,
}

/// Whether a request brought about what it wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It did.
    Now,
    /// It was so before: an error rule of class `done`.
    Before,
}

/// The kind of a failure: all that the life of a record looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Too many requests.
    Throttled {
        /// When to ask again.
        retry_at: Timestamp,
    },
    /// May work later by itself.
    Transient,
    /// The credentials are not accepted.
    Unauthorized,
    /// Refused; the same request will be refused again.
    Rejected,
    /// What the request names is not there.
    Missing,
    /// The wanted state already holds. Given out as a [`Reply`] with [`Standing::Before`], never in a failure.
    Done,
}

impl Class {
    /// How metrics count it.
    pub(super) fn counts_as(self) -> HttpClass {
        match self {
            Self::Throttled { .. } => HttpClass::Throttled,
            Self::Transient => HttpClass::Transient,
            Self::Unauthorized => HttpClass::Unauthorized,
            Self::Rejected => HttpClass::Rejected,
            Self::Missing => HttpClass::Missing,
            Self::Done => HttpClass::Done,
        }
    }
}

impl Class {
    /// As `catch` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled { .. } => "throttled",
            Self::Transient => "transient",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::Missing => "missing",
            Self::Done => "done",
        }
    }
}

/// What is known of the effect of a request that failed (S2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// No byte of it left.
    NotSent,
    /// The reply proves that nothing happened.
    Refused,
    /// It may have taken effect.
    Unknown,
}

/// A request that failed. Its texts hold no secret (P9).
#[derive(Clone, Debug, Error)]
#[error("{origin}: {message}")]
pub struct Failure {
    /// Its kind.
    pub class: Class,
    /// The API's code, for `catch`.
    pub code: Option<Arc<str>>,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// What happened, for people: one sentence without a full stop.
    pub message: Arc<str>,
    /// The param that is wrong.
    pub blame: Option<Arc<str>>,
    /// Whether it may have taken effect.
    pub wire: Wire,
    /// The YAML that caused the request.
    pub origin: Origin,
    /// When the request was sent, if it may have been.
    pub sent: Option<Timestamp>,
    /// What came back, for the dead letter; boxed, because most failures have none.
    pub reply: Option<Box<Reply>>,
    /// Set when this is a failure of the account, not of the record: it costs the record no attempt (S21).
    pub pause: Option<Pause>,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
