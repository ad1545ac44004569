//! Requests before they are authorised: rendered from the plan, every value encoded for its place.

mod body;
mod text;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use thiserror::Error;
use url::Url;

pub(super) use body::{Said, body};
use text::{Texts, scalar, texts};

use super::encode;
use super::files::PassedOnFile;
use super::paging::PageRequest;
use super::redact::Redactor;
use crate::lang::expr::{EvalError, Problem, Scope};
use crate::lang::plan::{self, Origin, PathPiece, PathTemplate, QueryLists, Request};

/// A request without credentials: what the journal and letters may hold (S25).
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Headers of this request, beside the connector's.
    pub headers: HeaderMap,
    /// The body; where files are passed on, with a word in the place of each.
    pub body: Bytes,
    /// Where files are passed on, what comes before, between and after them.
    pub(super) pieces: Vec<Bytes>,
    /// The files, in the order of their places.
    pub(super) files: Vec<Arc<PassedOnFile>>,
    /// Where it was said.
    pub origin: Origin,
}

impl HttpRequest {
    /// A request without files.
    pub fn plain(
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        origin: Origin,
    ) -> Self {
        Self {
            method,
            url,
            headers,
            body: body.into(),
            pieces: Vec::new(),
            files: Vec::new(),
            origin,
        }
    }

    /// With the files that it passes on, in the order of their parts.
    #[must_use]
    pub fn with_files(mut self, files: Vec<Arc<PassedOnFile>>) -> Self {
        self.files = files;
        self
    }

    /// The same for requests that would do the same: method, address, media type and body.
    pub fn fingerprint(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let content_type = self
            .headers
            .get(CONTENT_TYPE)
            .map_or(&[][..], HeaderValue::as_bytes);
        for part in [
            self.method.as_str().as_bytes(),
            self.url.as_str().as_bytes(),
            content_type,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(&self.body);
        hasher.finalize()
    }
}

/// Why a request could not be rendered. Nothing was sent; the same values fail again.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RenderError {
    /// An expression failed.
    #[error("{origin}: {place}: {error}")]
    Eval {
        /// Of the request.
        origin: Origin,
        /// In which part of it.
        place: Place,
        /// What failed.
        error: Box<EvalError>,
    },
    /// A value that has no text.
    #[error("{origin}: {place} is {what}; {help}")]
    Value {
        /// Of the request.
        origin: Origin,
        /// In which part of it.
        place: Place,
        /// What the value is.
        what: &'static str,
        /// What to do.
        help: &'static str,
    },
}

impl RenderError {
    /// The same, with secrets taken out of the texts that values left in it.
    pub(super) fn without_secrets(self, redactor: &Redactor) -> Self {
        match self {
            Self::Eval {
                origin,
                place,
                error,
            } => {
                let said = error.problem.to_string();
                let clean = redactor.clean(&said);
                let problem = if clean == said {
                    error.problem
                } else {
                    Problem::Function(clean)
                };
                Self::Eval {
                    origin,
                    place,
                    error: EvalError { problem, ..*error }.into(),
                }
            }
            Self::Value { .. } => self,
        }
    }
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value in the path.
    Path,
    /// A query parameter.
    Query(Arc<str>),
    /// A header.
    Header(Arc<str>),
    /// The JSON body, with the place in it as a JSON pointer.
    Body(String),
    /// A field of a form.
    Form(Arc<str>),
    /// A part of a multipart body.
    Part(Arc<str>),
    /// The number of a page.
    PageNumber,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path => f.write_str("a value in the path"),
            Self::Query(name) => write!(f, "query parameter `{name}`"),
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Body(pointer) if pointer.is_empty() => f.write_str("the body"),
            Self::Body(pointer) => write!(f, "`{pointer}` of the body"),
            Self::Form(name) => write!(f, "form field `{name}`"),
            Self::Part(name) => write!(f, "part `{name}`"),
            Self::PageNumber => f.write_str("the page number"),
        }
    }
}

/// What a connector's requests have in common.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// Address that paths without a root are put behind, without a slash at its end.
    pub(super) plain: String,
    /// The same with each root behind it.
    pub(super) roots: Vec<(Arc<str>, String)>,
    query_lists: QueryLists,
    /// Scheme and host, parsed once for all requests.
    origin: Url,
    /// Bytes of scheme and host in the addresses above.
    origin_end: usize,
}

impl Base {
    /// All addresses begin with `plain`, which is `base_url` without a slash at its end.
    pub(super) fn new(
        base_url: &Url,
        plain: String,
        roots: Vec<(Arc<str>, String)>,
        query_lists: QueryLists,
    ) -> Self {
        let mut origin = base_url.clone();
        origin.set_path("");
        origin.set_query(None);
        let host = plain.find("://").map_or(0, |scheme| scheme + 3);
        let path = plain.get(host..).and_then(|rest| rest.find('/'));
        Self {
            origin_end: path.map_or(plain.len(), |path| host + path),
            plain,
            roots,
            query_lists,
            origin,
        }
    }

    /// The address that [`address`](Self::address) and [`query`](Self::query) wrote.
    fn url(&self, address: &str) -> Url {
        let rest = address.get(self.origin_end..).unwrap_or_default();
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let mut url = self.origin.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// What tells a request from another one: method, address and body, without headers.
    pub(super) fn signature(
        &self,
        request: &Request,
        scope: &Scope<'_>,
    ) -> Result<String, RenderError> {
        let mut address = self.address(&request.path, &request.origin, scope)?;
        self.query(request, scope, None, None, &mut address)?;
        let body = body(request, scope, &mut HeaderMap::new())?;
        let method = method(request.method);
        Ok(format!(
            "{method} {address} {}",
            String::from_utf8_lossy(&body.body)
        ))
    }

    /// Renders a request; `page` adds to it or replaces its address.
    pub(super) fn render(
        &self,
        request: &Request,
        scope: &Scope<'_>,
        page: Option<&PageRequest>,
        page_number: Option<(&Arc<str>, String)>,
    ) -> Result<HttpRequest, RenderError> {
        let origin = &request.origin;
        let url = match page.and_then(|page| page.url.clone()) {
            Some(url) => url,
            None => {
                let mut address = self.address(&request.path, origin, scope)?;
                self.query(request, scope, page, page_number, &mut address)?;
                self.url(&address)
            }
        };
        let mut headers = HeaderMap::new();
        for (name, form) in &request.headers {
            let place = || Place::Header(Arc::clone(name));
            if let Some(text) = scalar(form, scope, origin, &place)? {
                let (name, value) = header(name, &text).ok_or_else(|| RenderError::Value {
                    origin: origin.clone(),
                    place: place(),
                    what: "no legal header",
                    help: "a header has no line ends and no control characters",
                })?;
                headers.insert(name, value);
            }
        }
        let Said { body, pieces } = body(request, scope, &mut headers)?;
        Ok(HttpRequest {
            method: method(request.method),
            url,
            headers,
            body,
            pieces,
            files: Vec::new(),
            origin: origin.clone(),
        })
    }

    fn address(
        &self,
        path: &PathTemplate,
        origin: &Origin,
        scope: &Scope<'_>,
    ) -> Result<String, RenderError> {
        let base = match &path.root {
            None => &self.plain,
            Some(root) => {
                let found = self.roots.iter().find(|(name, _)| name == root);
                &found.expect("the plan knows every root").1
            }
        };
        let mut address = String::with_capacity(base.len() + 64);
        address.push_str(base);
        let base_end = address.len();
        for piece in &path.pieces {
            match piece {
                PathPiece::Text(text) => address.push_str(text),
                PathPiece::Value(template) => {
                    let before = address.len();
                    template
                        .render_encoded(scope, &mut address, encode::segment)
                        .map_err(|error| RenderError::Eval {
                            origin: origin.clone(),
                            place: Place::Path,
                            error: error.into(),
                        })?;
                    if address.len() == before {
                        return Err(RenderError::Value {
                            origin: origin.clone(),
                            place: Place::Path,
                            what: "empty",
                            help: "it would address another resource",
                        });
                    }
                }
            }
        }
        let written = address.get(base_end..).unwrap_or_default();
        if !written.is_empty() && !written.starts_with('/') {
            address.insert(base_end, '/');
        }
        // A URL parser takes these for steps between folders, encoded or not.
        let steps = address.get(base_end..).unwrap_or_default().split('/');
        if steps.clone().any(|segment| matches!(segment, "." | "..")) {
            return Err(RenderError::Value {
                origin: origin.clone(),
                place: Place::Path,
                what: "`.` or `..`",
                help: "it would address another resource",
            });
        }
        Ok(address)
    }

    fn query(
        &self,
        request: &Request,
        scope: &Scope<'_>,
        page: Option<&PageRequest>,
        page_number: Option<(&Arc<str>, String)>,
        address: &mut String,
    ) -> Result<(), RenderError> {
        let paged = page.map_or(&[][..], |page| &page.query);
        let number = page_number
            .as_ref()
            .map(|(name, text)| (*name, text.as_str()));
        let added = || {
            paged
                .iter()
                .map(|(name, text)| (name, text.as_str()))
                .chain(number)
        };
        let mut separator = if address.contains('?') { '&' } else { '?' };
        let mut parameter = |name: &str, address: &mut String| {
            address.push(separator);
            separator = '&';
            encode::query_name(name, address);
            address.push('=');
        };
        for (name, form) in &request.query {
            if added().any(|(paged, _)| paged == name) {
                continue;
            }
            let place = || Place::Query(Arc::clone(name));
            match texts(form, scope, &request.origin, &place)? {
                Texts::None => {}
                Texts::One(text) => {
                    parameter(name, address);
                    encode::query_value(&text, address);
                }
                Texts::Several(items) => match self.query_lists {
                    QueryLists::Comma => {
                        parameter(name, address);
                        for (index, item) in items.iter().enumerate() {
                            if index > 0 {
                                address.push(',');
                            }
                            encode::query_value(item, address);
                        }
                    }
                    QueryLists::Repeat => {
                        for item in &items {
                            parameter(name, address);
                            encode::query_value(item, address);
                        }
                    }
                },
            }
        }
        for (name, text) in added() {
            parameter(name, address);
            encode::query_value(text, address);
        }
        Ok(())
    }
}

/// A header, if name and value are legal: no line ends, no control characters.
pub(super) fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((
        HeaderName::try_from(name).ok()?,
        HeaderValue::from_str(value).ok()?,
    ))
}

fn method(method: plan::Method) -> Method {
    match method {
        plan::Method::Get => Method::GET,
        plan::Method::Post => Method::POST,
        plan::Method::Put => Method::PUT,
        plan::Method::Patch => Method::PATCH,
        plan::Method::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests;
