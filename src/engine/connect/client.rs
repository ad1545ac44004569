//! The only file that knows reqwest: sends one request, reads one reply, and knows whether a byte may have left.
//!
//! HTTP/1.1 with kept connections, no proxies of the environment, no redirects, no retries of its own: what is sent
//! again is decided where it is written down.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{Stream, TryStreamExt as _};
use http::{HeaderMap, Method};
use http_body::{Body, Frame, SizeHint};
use thiserror::Error;
use tokio::sync::oneshot;
use url::Url;

use super::files::OpenFile;
use super::script::{Answer, Asked, Script};
use crate::engine::clock::Clock;
use crate::engine::crash::{self, CrashPoint};
use crate::engine::telemetry::HttpClass;

/// Time to reach a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Servers close idle connections after a minute or two; ours go first, so that fewer requests meet a closed one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// As many as the highest `concurrency`.
const IDLE_CONNECTIONS: usize = 1024;

/// Sends requests.
#[derive(Clone, Debug)]
pub(super) struct Client {
    wire: Wire,
    clock: Clock,
}

#[derive(Clone, Debug)]
enum Wire {
    Http {
        /// Follows nothing.
        plain: reqwest::Client,
        /// Follows redirects on the same host.
        following: reqwest::Client,
    },
    /// No byte leaves.
    Script(Arc<dyn Script>),
}

/// Whether redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redirects {
    /// They are an answer.
    Refused,
    /// On the same scheme, host and port; a body is not sent twice.
    SameOrigin,
}

/// A request with everything it needs.
#[derive(Debug)]
pub(super) struct WireRequest {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
    pub(super) timeout: Duration,
    pub(super) max_body: usize,
    pub(super) redirects: Redirects,
}

/// What a request says, in order: bytes, and files that are read while they are sent.
#[derive(Debug, Default)]
pub(super) struct Payload(VecDeque<Piece>);

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    File(OpenFile),
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        let piece = Some(bytes).filter(|bytes| !bytes.is_empty());
        Self(piece.map(Piece::Bytes).into_iter().collect())
    }
}

impl Payload {
    /// Files between pieces of text: one piece more than files.
    pub(super) fn with_files(pieces: &[Bytes], files: Vec<OpenFile>) -> Self {
        let mut files = files.into_iter();
        let mut all = VecDeque::new();
        for piece in pieces {
            all.push_back(Piece::Bytes(piece.clone()));
            all.extend(files.next().map(Piece::File));
        }
        Self(all)
    }

    /// Its length, where all of it is known.
    fn length(&self) -> Option<u64> {
        let of = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => Some(bytes.len() as u64),
            Piece::File(file) => file.length,
        };
        self.0.iter().map(of).sum()
    }

    /// Its text, for tests.
    #[cfg(test)]
    pub(super) fn as_text(&self) -> &str {
        match self.0.front() {
            Some(Piece::Bytes(bytes)) => std::str::from_utf8(bytes).unwrap(),
            Some(Piece::File(_)) | None => "",
        }
    }

    /// Its bytes, where it passes on no file.
    fn bytes(self) -> Bytes {
        let bytes = |piece| match piece {
            Piece::Bytes(bytes) => Some(bytes),
            Piece::File(_) => None,
        };
        self.0.into_iter().find_map(bytes).unwrap_or_default()
    }
}

/// A reply whose body is read by somebody else.
pub(super) struct Download {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// How long it is, where that is said.
    pub(super) length: Option<u64>,
    pub(super) bytes: Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send + Sync>>,
}

/// A reply as it came.
#[derive(Debug)]
pub(super) struct WireReply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is no reply.
#[derive(Debug, Error)]
pub(super) enum WireError {
    /// No connection: no byte left.
    #[error("no connection to {host}: {cause}")]
    NoConnection { host: String, cause: String },
    /// The time was over before a connection took the request.
    #[error("no connection to {host} within {} s", .after.as_secs_f64())]
    NotTaken { host: String, after: Duration },
    /// The time was over; the request may have been taken.
    #[error("no reply from {host} within {} s", .after.as_secs_f64())]
    Timeout { host: String, after: Duration },
    /// The connection broke; the request may have been taken.
    #[error("the connection to {host} broke before the reply was complete: {cause}")]
    Broken { host: String, cause: String },
    /// The reply is longer than may be.
    #[error("the reply of {host} is longer than {limit} bytes")]
    TooLong { host: String, limit: usize },
}

impl WireError {
    /// How metrics count it.
    pub(super) fn counts_as(&self) -> HttpClass {
        match self {
            Self::NoConnection { .. } | Self::NotTaken { .. } => HttpClass::NoConnection,
            Self::Timeout { .. } => HttpClass::Timeout,
            Self::Broken { .. } => HttpClass::Broken,
            Self::TooLong { .. } => HttpClass::TooLong,
        }
    }

    /// Whether no byte of the request left.
    pub(super) fn not_sent(&self) -> bool {
        match self {
            Self::NoConnection { .. } | Self::NotTaken { .. } => true,
            Self::Timeout { .. } | Self::Broken { .. } | Self::TooLong { .. } => false,
        }
    }
}

impl Client {
    /// Builds the client.
    ///
    /// # Errors
    /// When the machine's root certificates cannot be loaded.
    pub(super) fn new(clock: Clock) -> Result<Self, ClientError> {
        // Another part of the process may have chosen a provider before: it is as good.
        let chosen = rustls::crypto::ring::default_provider().install_default();
        drop(chosen);
        let build = |redirects| {
            reqwest::Client::builder()
                .http1_only()
                .redirect(redirects)
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .gzip(true)
                .tcp_nodelay(true)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .user_agent(concat!("syncline/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| ClientError {
                    cause: causes(&error),
                })
        };
        let same_origin = reqwest::redirect::Policy::custom(|attempt| {
            let from = attempt.previous().last();
            let stays = from.is_some_and(|from| from.origin() == attempt.url().origin());
            if stays && attempt.previous().len() <= 5 {
                attempt.follow()
            } else {
                attempt.stop()
            }
        });
        Ok(Self {
            wire: Wire::Http {
                plain: build(reqwest::redirect::Policy::none())?,
                following: build(same_origin)?,
            },
            clock,
        })
    }

    /// A client that sends nothing: a script answers.
    pub(super) fn scripted(clock: Clock, script: Arc<dyn Script>) -> Self {
        Self {
            wire: Wire::Script(script),
            clock,
        }
    }

    /// Whether a script answers.
    pub(super) fn is_scripted(&self) -> bool {
        matches!(self.wire, Wire::Script(_))
    }

    /// Asks for a file, without following anything, and leaves its bytes to be read.
    pub(super) async fn download(
        &self,
        url: Url,
        headers: HeaderMap,
        timeout: Duration,
    ) -> Result<Download, WireError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let Wire::Http { plain, .. } = &self.wire else {
            let cause = "a script has no files".to_owned();
            return Err(WireError::NoConnection { host, cause });
        };
        let mut request = reqwest::Request::new(Method::GET, url);
        *request.headers_mut() = headers;
        let reply = tokio::select! {
            biased;
            reply = plain.execute(request) => reply,
            () = self.clock.sleep(timeout) => {
                return Err(WireError::Timeout { host, after: timeout });
            }
        };
        let reply = reply.map_err(|error| WireError::NoConnection {
            host,
            cause: causes(&error.without_url()),
        })?;
        let broken = |error: reqwest::Error| io::Error::other(causes(&error.without_url()));
        Ok(Download {
            status: reply.status().as_u16(),
            headers: reply.headers().clone(),
            length: reply.content_length(),
            bytes: Box::pin(reply.bytes_stream().map_err(broken)),
        })
    }

    /// Sends a request and reads the whole reply. Passes the three crash points of a request.
    pub(super) async fn exchange(&self, request: WireRequest) -> Result<WireReply, WireError> {
        let WireRequest {
            method,
            url,
            headers,
            body,
            timeout,
            max_body,
            redirects,
        } = request;
        let host = url.host_str().unwrap_or_default().to_owned();
        let (plain, following) = match &self.wire {
            Wire::Http { plain, following } => (plain, following),
            Wire::Script(script) => {
                let body = body.bytes();
                let answer = script.answer(Asked { method, url, body });
                return scripted(answer, host);
            }
        };
        let taken = Arc::new(AtomicBool::new(false));
        let (released, handed_over) = oneshot::channel();
        let mut request = reqwest::Request::new(method, url);
        *request.headers_mut() = headers;
        *request.body_mut() = Some(reqwest::Body::wrap(Tracked {
            payload: body,
            taken: Arc::clone(&taken),
            _released: released,
        }));
        let client = match redirects {
            Redirects::Refused => plain,
            Redirects::SameOrigin => following,
        };
        crash::pass(CrashPoint::BeforeSocket);
        let talk = async {
            let response = watched(client.execute(request), handed_over).await?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            Ok((status, headers, read(response, max_body).await?))
        };
        let result = tokio::select! {
            biased;
            result = talk => result,
            () = self.clock.sleep(timeout) => Err(Trouble::Time),
        };
        let taken = taken.load(Ordering::Acquire);
        match result {
            Ok((status, headers, body)) => {
                crash::pass(CrashPoint::AfterReply);
                Ok(WireReply {
                    status,
                    headers,
                    body,
                })
            }
            Err(Trouble::Time) if taken => Err(WireError::Timeout {
                host,
                after: timeout,
            }),
            Err(Trouble::Time) => Err(WireError::NotTaken {
                host,
                after: timeout,
            }),
            Err(Trouble::TooLong) => Err(WireError::TooLong {
                host,
                limit: max_body,
            }),
            Err(Trouble::Http(error)) => {
                let cause = causes(&error.without_url());
                // A request that no connection began to write is dropped unread by the pool.
                Err(if taken {
                    WireError::Broken { host, cause }
                } else {
                    WireError::NoConnection { host, cause }
                })
            }
        }
    }
}

fn scripted(answer: Answer, host: String) -> Result<WireReply, WireError> {
    let cause = "the case says so".to_owned();
    match answer {
        Answer::Reply {
            status,
            headers,
            body,
        } => Ok(WireReply {
            status,
            headers,
            body,
        }),
        Answer::Lost => Err(WireError::Broken { host, cause }),
        Answer::NotSent => Err(WireError::NoConnection { host, cause }),
    }
}

/// The client cannot be built.
#[derive(Debug, Error)]
#[error("HTTP cannot be used on this machine: {cause}")]
pub struct ClientError {
    cause: String,
}

/// Sends what is told to operators, such as traces: beside the accounts, their limits and their metrics.
#[cfg(feature = "otlp")]
#[derive(Clone, Debug)]
pub struct Courier(reqwest::Client);

/// What a courier could not bring.
#[cfg(feature = "otlp")]
#[derive(Debug, Error)]
#[error("it could not be sent: {cause}")]
pub struct Undelivered {
    cause: String,
}

#[cfg(feature = "otlp")]
impl Courier {
    /// Builds one.
    ///
    /// # Errors
    /// When the machine's root certificates cannot be loaded.
    pub fn new() -> Result<Self, ClientError> {
        match Client::new(Clock::real())?.wire {
            Wire::Http { plain, .. } => Ok(Self(plain)),
            Wire::Script(_) => unreachable!("a client is of HTTP unless it is given a script"),
        }
    }

    /// Brings a request and reads its reply, within 10 s.
    ///
    /// # Errors
    /// When there is no reply.
    pub async fn bring(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Undelivered> {
        let failed = |error: reqwest::Error| Undelivered {
            cause: causes(&error.without_url()),
        };
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        *request.timeout_mut() = Some(CONNECT_TIMEOUT);
        let reply = self.0.execute(request).await.map_err(failed)?;
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = reply.status();
        *response.body_mut() = reply.bytes().await.map_err(failed)?;
        Ok(response)
    }
}

enum Trouble {
    Time,
    TooLong,
    Http(reqwest::Error),
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

/// Waits for the head of the reply and passes [`CrashPoint::AfterSocket`] when the connection has let go of the body:
/// the connection's task does so when it has written all of it, and flushes before another task can run on its thread.
async fn watched(
    reply: impl Future<Output = Result<reqwest::Response, reqwest::Error>>,
    handed_over: oneshot::Receiver<Infallible>,
) -> Result<reqwest::Response, reqwest::Error> {
    let mut reply = std::pin::pin!(reply);
    tokio::select! {
        biased;
        reply = &mut reply => return reply,
        _ = handed_over => crash::pass(CrashPoint::AfterSocket),
    }
    reply.await
}

/// The body of a reply, if it is not longer than `limit` after decompression.
async fn read(mut response: reqwest::Response, limit: usize) -> Result<Bytes, Trouble> {
    let Some(first) = response.chunk().await? else {
        return Ok(Bytes::new());
    };
    if first.len() > limit {
        return Err(Trouble::TooLong);
    }
    let Some(second) = response.chunk().await? else {
        return Ok(first);
    };
    let mut body = BytesMut::with_capacity(first.len() * 2 + second.len());
    body.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if body.len() + chunk.len() > limit {
            return Err(Trouble::TooLong);
        }
        body.extend_from_slice(&chunk);
        next = response.chunk().await?;
    }
    Ok(body.freeze())
}

/// An error with its causes, which is where the reason stands.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// The body of a request, which tells when a connection has begun to write the request and when it let go of it.
struct Tracked {
    payload: Payload,
    taken: Arc<AtomicBool>,
    /// Dropped with the body.
    _released: oneshot::Sender<Infallible>,
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        self.taken.store(true, Ordering::Release);
        loop {
            let next = match self.payload.0.front_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => Some(Ok(std::mem::take(bytes))),
                Some(Piece::File(file)) => {
                    let next = std::task::ready!(Pin::new(file).poll_next(cx));
                    if let Some(next) = next {
                        return Poll::Ready(Some(next.map(Frame::data)));
                    }
                    None
                }
            };
            self.payload.0.pop_front();
            if let Some(next) = next {
                return Poll::Ready(Some(next.map(Frame::data)));
            }
        }
    }

    /// Asked by the connection when it encodes the head, and by nothing before it.
    fn is_end_stream(&self) -> bool {
        self.taken.store(true, Ordering::Release);
        self.payload.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload
            .length()
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
