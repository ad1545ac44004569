//! The styles of paging, without the expressions that read a reply.

use std::sync::Arc;
use std::time::Duration;

use super::next_link::LinkRules;
use crate::lang::plan;

/// A style of paging.
#[derive(Clone, Debug)]
pub enum Style {
    /// One page.
    Single,
    /// Each page starts after the last row of the one before.
    Keyset(KeysetStyle),
    /// A number of rows to pass over.
    Offset(OffsetStyle),
    /// Numbered pages.
    Numbered(NumberedStyle),
    /// A link in the reply.
    Next {
        /// Where links may lead.
        rules: LinkRules,
        /// Pages after which the scan fails.
        max_pages: u32,
    },
    /// A token in the reply.
    Token(TokenStyle),
}

/// See [`plan::Paging::Keyset`].
#[derive(Clone, Debug)]
pub struct KeysetStyle {
    /// Rows on a full page; a shorter page is the last.
    pub size: u32,
    /// Parameter that asks for the page size.
    pub size_param: Option<Arc<str>>,
    /// Parameter that passes over rows inside a tie.
    pub offset_param: Option<Arc<str>>,
    /// Pages after which the scan fails.
    pub max_pages: u32,
}

/// See [`plan::Paging::Offset`].
#[derive(Clone, Debug)]
pub struct OffsetStyle {
    /// The parameter.
    pub param: Arc<str>,
    /// Rows on a full page; a shorter page is the last.
    pub size: u32,
    /// Parameter that asks for the page size.
    pub size_param: Option<Arc<str>>,
    /// Pages after which the scan fails.
    pub max_pages: u32,
}

/// See [`plan::Paging::Page`].
#[derive(Clone, Debug)]
pub struct NumberedStyle {
    /// The parameter.
    pub param: Arc<str>,
    /// Number of the first page.
    pub first: u32,
    /// Rows on a full page; without a fact `more` a shorter page is the last.
    pub size: u32,
    /// Parameter that asks for the page size.
    pub size_param: Option<Arc<str>>,
    /// Pages after which the scan fails.
    pub max_pages: u32,
}

/// See [`plan::Paging::Token`].
#[derive(Clone, Debug)]
pub struct TokenStyle {
    /// The parameter.
    pub param: Arc<str>,
    /// The first token, when none is kept.
    pub from: Option<Arc<str>>,
    /// Whether the token is the cursor.
    pub keep: bool,
    /// Least time between the feed's end and asking again.
    pub idle: Option<Duration>,
    /// Pages after which the scan fails.
    pub max_pages: u32,
}

/// What a scan needs to know of a cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CursorRules {
    /// Whether the request seeks by `cursor.tie`.
    pub seeks_by_tie: bool,
    /// What the source can compare.
    pub precision: Option<Duration>,
}

impl From<&plan::Cursor> for CursorRules {
    fn from(cursor: &plan::Cursor) -> Self {
        Self {
            seeks_by_tie: cursor.seeks_by_tie,
            precision: cursor.precision,
        }
    }
}

impl Style {
    /// The style of a fetch; `from` is the first token of a token feed.
    pub fn new(paging: Option<&plan::Paging>, links: LinkRules, from: Option<Arc<str>>) -> Self {
        use plan::Paging;
        match paging {
            None => Self::Single,
            Some(Paging::Keyset {
                page_size,
                size_param,
                offset_param,
                max_pages,
            }) => Self::Keyset(KeysetStyle {
                size: *page_size,
                size_param: size_param.clone(),
                offset_param: offset_param.clone(),
                max_pages: *max_pages,
            }),
            Some(Paging::Offset {
                param,
                page_size,
                size_param,
                max_pages,
            }) => Self::Offset(OffsetStyle {
                param: Arc::clone(param),
                size: *page_size,
                size_param: size_param.clone(),
                max_pages: *max_pages,
            }),
            Some(Paging::Page {
                param,
                first,
                page_size,
                size_param,
                max_pages,
                ..
            }) => Self::Numbered(NumberedStyle {
                param: Arc::clone(param),
                first: *first,
                size: *page_size,
                size_param: size_param.clone(),
                max_pages: *max_pages,
            }),
            Some(Paging::Next { max_pages, .. }) => Self::Next {
                rules: links,
                max_pages: *max_pages,
            },
            Some(Paging::Token {
                param,
                keep,
                idle,
                max_pages,
                ..
            }) => Self::Token(TokenStyle {
                param: Arc::clone(param),
                from,
                keep: *keep,
                idle: *idle,
                max_pages: *max_pages,
            }),
        }
    }

    pub(super) fn max_pages(&self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Keyset(style) => style.max_pages,
            Self::Offset(style) => style.max_pages,
            Self::Numbered(style) => style.max_pages,
            Self::Next { max_pages, .. } => *max_pages,
            Self::Token(style) => style.max_pages,
        }
    }
}
