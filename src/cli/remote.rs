//! The daemon that has the store, asked in place of opening it (S41): over plain HTTP, on this machine.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::net::TcpStream;

use super::door::Door;

/// How long a daemon may take to say that it is there. Of the machine's time.
const THERE: Duration = Duration::from_secs(5);

/// A daemon that runs.
pub(super) struct Daemon {
    door: Door,
    by: String,
}

/// Why a daemon did not do what it was asked for.
#[derive(Debug, thiserror::Error, Deserialize)]
#[error("{detail}")]
pub(super) struct Refused {
    #[serde(rename = "type")]
    type_: String,
    detail: String,
    /// What would be wrong with the files, for people.
    pub(super) text: Option<String>,
    /// The same for programs.
    pub(super) report: Option<Json>,
    /// What must be agreed to.
    pub(super) agreement: Option<Agreement>,
}

/// An agreement that must be accepted.
#[derive(Debug, Deserialize)]
pub(super) struct Agreement {
    pub(super) text: String,
}

impl Refused {
    /// The word of the problem.
    pub(super) fn word(&self) -> &str {
        self.type_.rsplit(':').next().unwrap_or_default()
    }
}

impl Daemon {
    /// The daemon that has a store, if one answers. `by` is for whom it is asked, for the audit log. A way in that
    /// leads nowhere is what a crash left behind.
    pub(super) async fn of(store: &Path, by: &str) -> Option<Self> {
        let daemon = Self {
            door: Door::read(store)?,
            by: by.to_owned(),
        };
        let asked = daemon.exchange(Method::GET, "/v1/whoami", None);
        let (status, _) = tokio::time::timeout(THERE, asked).await.ok()?.ok()?;
        (status == StatusCode::OK).then_some(daemon)
    }

    /// Asks for something to be done.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Json,
    ) -> anyhow::Result<T> {
        let (status, reply) = self.exchange(Method::POST, path, Some(body)).await?;
        if status.is_success() {
            return serde_json::from_slice(&reply).context("the daemon answers something else");
        }
        let refused: Refused = serde_json::from_slice(&reply)
            .with_context(|| format!("the daemon answers with status {status}"))?;
        Err(refused.into())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let at = self.door.at;
        let asked = || format!("the daemon at {at} does not answer");
        let stream = TcpStream::connect(at).await.with_context(asked)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .with_context(asked)?;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, at.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.door.token))
            .header("syncline-by", header_text(&self.by));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map(Json::to_string).unwrap_or_default();
        let request = request.body(Whole(Some(Bytes::from(body)).filter(|it| !it.is_empty())))?;
        let exchange = async {
            let reply = sender.send_request(request).await?;
            let status = reply.status();
            Ok::<_, hyper::Error>((status, read(reply.into_body()).await?))
        };
        Ok(beside(exchange, connection).await.with_context(asked)?)
    }
}

/// A name as a header can hold it.
fn header_text(name: &str) -> String {
    name.chars()
        .map(|letter| {
            if (' '..='~').contains(&letter) {
                letter
            } else {
                '?'
            }
        })
        .collect()
}

/// Does `what` while its connection is driven. When the connection ends first, what was read of it is still there.
async fn beside<T>(what: impl Future<Output = T>, connection: impl Future) -> T {
    let (mut what, mut connection) = (pin!(what), pin!(connection));
    tokio::select! {
        biased;
        done = &mut what => return done,
        _ = &mut connection => {}
    }
    what.await
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Ok(data) = frame?.into_data() {
            read.extend_from_slice(&data);
        }
    }
    Ok(read)
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// A part of an address as it is sent.
pub(super) fn part(text: &str) -> String {
    let mut sent = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            sent.push(char::from(byte));
        } else {
            sent.push_str(&format!("%{byte:02X}"));
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_an_address_stays_one() {
        assert_eq!(part("sc:1/2 ü"), "sc%3A1%2F2%20%C3%BC");
    }

    #[test]
    fn a_name_with_other_letters_can_be_sent() {
        assert_eq!(header_text("Zoë\n"), "Zo??");
    }
}
