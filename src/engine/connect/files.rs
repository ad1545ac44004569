//! Files that are passed on from one API to another: opened where they are, sent on piece by piece, never held whole.
//!
//! A link that a reply gave leads where its API pleases, so it is followed to the connector's `download_hosts` alone, on
//! every hop, over TLS (but for this machine), and no credential goes with it. A call of the API itself is authorised;
//! where it answers with a redirect, that is such a link.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use http::header::LOCATION;
use url::{Host, Url};

use super::auth::{Credential, TokenFailure};
use super::client::{Download, WireError};
use super::connection::Connection;
use super::failure::Class;
use super::health::Sign;
use super::request::{HttpRequest, Place, RenderError};
use super::turnstile::Priority;
use crate::engine::record::PipelineName;
use crate::engine::telemetry::{HttpClass, HttpEndpoint, HttpMethod};
use crate::lang::expr::Scope;
use crate::lang::plan::{FileSource, Origin, PassedOn};

/// Redirects that are followed before it is called a circle.
const HOPS: usize = 5;
/// How much longer than other requests one with a file may take.
pub(super) const PATIENCE: u32 = 10;

/// A file that is passed on.
#[derive(Debug)]
pub struct PassedOnFile {
    /// The account it comes from.
    pub(super) connection: Arc<Connection>,
    /// Where it is.
    pub(super) place: FilePlace,
    /// The most bytes it may have.
    pub(super) max: u64,
}

/// Where a file is.
#[derive(Debug)]
pub(super) enum FilePlace {
    /// Behind a link.
    Link(String),
    /// Behind a call of the API.
    Call(Box<HttpRequest>),
}

/// A file that could not be opened. Nothing of the request it was for has left.
#[derive(Debug)]
pub(super) struct NoFile {
    pub(super) class: Class,
    pub(super) message: String,
}

impl NoFile {
    fn of(class: Class, message: String) -> Self {
        Self { class, message }
    }
}

/// A file that is open.
pub(super) struct OpenFile {
    bytes: Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send + Sync>>,
    left: u64,
    /// How long it is, where that was said.
    pub(super) length: Option<u64>,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Stream for OpenFile {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.bytes.as_mut().poll_next(cx));
        if let Some(Ok(bytes)) = &next {
            match self.left.checked_sub(bytes.len() as u64) {
                Some(left) => self.left = left,
                // The request breaks off here, and what it would have made is not made.
                None => return Poll::Ready(Some(Err(io::Error::other("the file is too large")))),
            }
        }
        Poll::Ready(next)
    }
}

impl PassedOnFile {
    /// Opens it: the head of its reply has come, and it may be sent on.
    pub(super) async fn open(&self) -> Result<OpenFile, NoFile> {
        let mut link = match &self.place {
            FilePlace::Link(link) => self.allowed(link, None)?,
            FilePlace::Call(request) => {
                let lane = PipelineName::from("files");
                let admission = self.connection.admit(Priority::Event, &lane).await;
                let admission = admission.map_err(|pause| {
                    let message = format!("the file's account rests: {}", pause.reason);
                    NoFile::of(Class::Transient, message)
                })?;
                let reply = self.connection.download(request).await;
                // What it tells of the account is told by the requests beside it.
                admission.saw(Sign::Nothing);
                let reply = reply?;
                match self.redirect(&reply, &request.url)? {
                    Some(link) => link,
                    None => return self.taken(reply, &request.url),
                }
            }
        };
        for _ in 0..HOPS {
            let reply = self
                .connection
                .fetched(link.clone(), HeaderMap::new())
                .await?;
            match self.redirect(&reply, &link)? {
                Some(next) => link = next,
                None => return self.taken(reply, &link),
            }
        }
        let message = format!("the file's link was redirected more than {HOPS} times");
        Err(NoFile::of(Class::Rejected, message))
    }

    fn redirect(&self, reply: &Download, from: &Url) -> Result<Option<Url>, NoFile> {
        if !(300..400).contains(&reply.status) {
            return Ok(None);
        }
        let to = reply.headers.get(LOCATION).and_then(|to| to.to_str().ok());
        let to = to.unwrap_or_default();
        self.allowed(to, Some(from)).map(Some)
    }

    fn taken(&self, reply: Download, url: &Url) -> Result<OpenFile, NoFile> {
        let host = url.host_str().unwrap_or_default();
        match reply.status {
            200..=299 => {}
            // A link ends after a while: the next attempt reads a new one.
            status => {
                let message = format!("{host} answers {status} instead of the file");
                return Err(NoFile::of(Class::Transient, message));
            }
        }
        if reply.length.is_some_and(|length| length > self.max) {
            let message = format!(
                "the file has {} bytes, and at most {} are passed on",
                reply.length.unwrap_or_default(),
                self.max
            );
            return Err(NoFile::of(Class::Rejected, message));
        }
        Ok(OpenFile {
            bytes: reply.bytes,
            left: self.max,
            length: reply.length,
        })
    }

    /// A link that may be followed.
    fn allowed(&self, link: &str, from: Option<&Url>) -> Result<Url, NoFile> {
        let refused = |why: String| NoFile::of(Class::Rejected, why);
        let url = match from {
            Some(from) => from.join(link),
            None => Url::parse(link),
        };
        let url = url.map_err(|error| refused(format!("the file's link is none: {error}")))?;
        let host = url.host_str().unwrap_or_default();
        if !self
            .connection
            .download_hosts
            .iter()
            .any(|allowed| fits(allowed, host))
        {
            return Err(refused(format!(
                "the file's link leads to {host}, which is none of the connector's `download_hosts`"
            )));
        }
        if url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url)) {
            return Ok(url);
        }
        Err(refused(format!("the file's link to {host} is not https")))
    }
}

/// `files.example` is itself, `*.example` all below it.
fn fits(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(domain) => host.len().checked_sub(domain.len() + 1).is_some_and(|at| {
            host.is_char_boundary(at) && host.ends_with(domain) && host.as_bytes()[at] == b'.'
        }),
        None => host.eq_ignore_ascii_case(allowed),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Domain(_)) | None => false,
    }
}

fn unreachable(error: &WireError) -> NoFile {
    NoFile::of(Class::Transient, error.to_string())
}

impl Connection {
    /// A file of this account that another request passes on: behind a link, or behind a call.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn file(
        self: &Arc<Self>,
        from: &PassedOn,
        scope: &Scope<'_>,
        origin: &Origin,
    ) -> Result<Arc<PassedOnFile>, RenderError> {
        let place = match &from.source {
            FileSource::Link(link) => {
                let mut text = String::new();
                let rendered = link.render(scope, &mut text);
                self.cleaned(rendered.map_err(|error| RenderError::Eval {
                    origin: origin.clone(),
                    place: Place::Part("from".into()),
                    error: error.into(),
                }))?;
                FilePlace::Link(text)
            }
            FileSource::Call(request) => FilePlace::Call(Box::new(self.render(request, scope)?)),
        };
        Ok(Arc::new(PassedOnFile {
            connection: Arc::clone(self),
            place,
            max: from.max,
        }))
    }

    /// Opens the reply to a call that answers with a file. A refused token is renewed once.
    async fn download(&self, request: &HttpRequest) -> Result<Download, NoFile> {
        let refused = |failure: TokenFailure| NoFile {
            class: Class::Transient,
            message: failure.message.to_string(),
        };
        let authorised = self.authorise(None).await.map_err(refused)?;
        let opened = self.opened(request, &authorised.credential).await?;
        let Some(token) = authorised.token.filter(|_| opened.status == 401) else {
            return Ok(opened);
        };
        let renewed = self.authorise(Some(&token)).await.map_err(refused)?;
        self.opened(request, &renewed.credential).await
    }

    async fn opened(
        &self,
        request: &HttpRequest,
        credential: &Credential,
    ) -> Result<Download, NoFile> {
        let wire = self.wire_request(request, credential, self.connector.timeout);
        self.fetched(wire.url, wire.headers).await
    }

    /// Asks for a file and counts how that went, up to the head of its reply.
    async fn fetched(&self, url: Url, headers: HeaderMap) -> Result<Download, NoFile> {
        let began = self.clock.monotonic();
        let timeout = self.connector.timeout;
        let reply = self.client.download(url, headers, timeout).await;
        let class = match &reply {
            Ok(reply) if reply.status < 400 => HttpClass::Ok,
            Ok(_) => HttpClass::Transient,
            Err(error) => error.counts_as(),
        };
        let took = self.clock.monotonic() - began;
        self.meter
            .observe(HttpEndpoint::File, HttpMethod::Get, class, took);
        reply.map_err(|error| unreachable(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_itself_or_below_a_star() {
        assert!(fits("files.example", "FILES.example"));
        assert!(!fits("files.example", "x.files.example"));
        assert!(fits("*.example", "a.b.example"));
        assert!(!fits("*.example", "example"));
        assert!(!fits("*.example", "badexample"));
    }
}
