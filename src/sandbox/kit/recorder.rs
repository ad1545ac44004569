//! A hook that is shown every exchange, so that a test can hold both halves against an OpenAPI file.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::{HeaderMap, Method, StatusCode};
use bytes::Bytes;

/// One request and what the simulator's routes answered. Replies made by faults are not shown:
/// they break the contract on purpose.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The method.
    pub method: Method,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query without `?`, still percent-encoded.
    pub query: Option<String>,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// The reply's status.
    pub status: StatusCode,
    /// The reply's headers.
    pub reply_headers: HeaderMap,
    /// The reply's body.
    pub reply_body: Bytes,
}

type Sink = Arc<dyn Fn(Exchange) + Send + Sync>;

/// Who is shown the exchanges, if anyone. Cheap to clone: every clone is the same recorder.
#[derive(Clone, Default)]
pub struct Recorder(Arc<RwLock<Option<Sink>>>);

impl Recorder {
    /// From now on `sink` is shown every exchange. It runs inside the request: keep it short.
    pub fn record(&self, sink: impl Fn(Exchange) + Send + Sync + 'static) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(sink));
    }

    /// Nobody is shown anything any more.
    pub fn stop(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn sink(&self) -> Option<Sink> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorder")
            .field(&self.sink().is_some())
            .finish()
    }
}
