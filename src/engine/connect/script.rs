//! Replies without a network: what answers in its place when pipelines are tested.

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// A request as it would have left, without credentials.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// The body.
    pub body: Bytes,
}

/// What comes back.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A reply.
    Reply {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: HeaderMap,
        /// Its body.
        body: Bytes,
    },
    /// The connection breaks after the request has left.
    Lost,
    /// There is no connection.
    NotSent,
}

/// Answers in place of the network.
pub trait Script: std::fmt::Debug + Send + Sync {
    /// What is answered to a request.
    fn answer(&self, asked: Asked) -> Answer;
}
