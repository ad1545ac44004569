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

/// A part of a multipart body: name, file name, media type, content.
pub type Part = (Arc<str>, Option<Template>, Option<Arc<str>>, ValueForm);

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
