//! Requests and paging, compiled.

use std::sync::Arc;
use std::time::Duration;

use super::Origin;
use crate::lang::config::Method;
use crate::lang::expr::{Query, Template, ValueForm};

/// A request that can be rendered from a scope.
#[derive(Clone, Debug)]
pub struct Request {
    /// The connector it goes to.
    pub connector: Arc<str>,
    /// The method.
    pub method: Method,
    /// The path, with the connector's root before it.
    pub path: PathTemplate,
    /// Query parameters, in order.
    pub query: Vec<(Arc<str>, ValueForm)>,
    /// Headers beside the connector's.
    pub headers: Vec<(Arc<str>, ValueForm)>,
    /// The body.
    pub body: Body,
    /// Where it was said.
    pub origin: Origin,
}

/// A path: the name of a root, and pieces whose values are percent-encoded as one path segment each.
#[derive(Clone, Debug)]
pub struct PathTemplate {
    /// The connector's root, by name.
    pub root: Option<Arc<str>>,
    /// Literal text and expressions, in order.
    pub pieces: Vec<PathPiece>,
}

/// A piece of a path.
#[derive(Clone, Debug)]
pub enum PathPiece {
    /// Text as written.
    Text(Arc<str>),
    /// A value, encoded for its place.
    Value(Template),
}

impl Request {
    /// The files that it passes on, in the order of their parts.
    pub fn files(&self) -> impl Iterator<Item = &PassedOn> {
        let parts = match &self.body {
            Body::Multipart(parts) => parts.as_slice(),
            Body::Empty | Body::Json(_) | Body::Form(_) => &[],
        };
        parts.iter().filter_map(|part| match &part.content {
            Content::File(file) => Some(&**file),
            Content::Value(_) => None,
        })
    }
}

/// The body of a request.
#[derive(Clone, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(ValueForm),
    /// An HTML form.
    Form(Vec<(Arc<str>, ValueForm)>),
    /// multipart/form-data.
    Multipart(Vec<Part>),
}

/// A part of a multipart body.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: Arc<str>,
    /// The file name given with it.
    pub filename: Option<Template>,
    /// Its media type.
    pub content_type: Option<Arc<str>>,
    /// What it holds.
    pub content: Content,
}

/// What a part of a multipart body holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// A value.
    Value(ValueForm),
    /// A file, passed on.
    File(Box<PassedOn>),
}

/// A file that is passed on from an API.
#[derive(Clone, Debug)]
pub struct PassedOn {
    /// Of which connector.
    pub connector: Arc<str>,
    /// Where it is.
    pub source: FileSource,
    /// The most bytes it may have.
    pub max: u64,
}

/// Where a file is that is passed on.
#[derive(Clone, Debug)]
pub enum FileSource {
    /// Behind a link, which is followed without credentials.
    Link(Template),
    /// Behind a call of the API.
    Call(Request),
}

/// A style of paging. `max_pages` ends every style with an error (P5).
#[derive(Clone, Debug)]
pub enum Paging {
    /// Each page starts after the last row of the one before.
    Keyset {
        /// Rows on a full page.
        page_size: u32,
        /// Parameter that asks for the page size.
        size_param: Option<Arc<str>>,
        /// Parameter that passes over rows inside a tie.
        offset_param: Option<Arc<str>>,
        /// Pages after which the fetch fails.
        max_pages: u32,
    },
    /// A number of rows to pass over.
    Offset {
        /// The parameter.
        param: Arc<str>,
        /// Rows on a full page.
        page_size: u32,
        /// Parameter that asks for the page size.
        size_param: Option<Arc<str>>,
        /// Pages after which the fetch fails.
        max_pages: u32,
    },
    /// Numbered pages.
    Page {
        /// The parameter.
        param: Arc<str>,
        /// How it is written, over `page` and `size`.
        format: Option<Template>,
        /// Number of the first page.
        first: u32,
        /// Rows on a full page.
        page_size: u32,
        /// Parameter that asks for the page size.
        size_param: Option<Arc<str>>,
        /// Where the reply says that there is more.
        more: Option<Query>,
        /// Pages after which the fetch fails.
        max_pages: u32,
    },
    /// The reply carries the address of the next page.
    Next {
        /// Where it stands.
        path: Query,
        /// Pages after which the fetch fails.
        max_pages: u32,
    },
    /// The reply carries a token for the next page.
    Token {
        /// The parameter that takes it.
        param: Arc<str>,
        /// Where the reply gives it.
        next: Query,
        /// Where the reply says that there is more.
        more: Option<Query>,
        /// The token is the cursor.
        keep: bool,
        /// Least time between the end of the feed and asking again.
        idle: Option<Duration>,
        /// Pages after which the fetch fails.
        max_pages: u32,
    },
}
