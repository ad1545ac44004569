//! Why a scan cannot go on (P5).

use thiserror::Error;

use crate::engine::record::RecordKey;

/// Why a scan cannot go on. Each has a name that stays.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PagingError {
    /// The same page came again and again.
    #[error(
        "page-repeats: page {page} came {times} times with the same rows; the API seems to ignore `{param}`"
    )]
    PageRepeats {
        /// Which page, from 1.
        page: u32,
        /// How often it came.
        times: u32,
        /// What should have moved it.
        param: String,
    },
    /// The next link was used before.
    #[error(
        "next-link-loop: the next link of page {page} leads back to a page that was read: {link}"
    )]
    NextLinkLoop {
        /// Which page, from 1.
        page: u32,
        /// Where it leads, without its query.
        link: String,
    },
    /// The next link leads to another origin.
    #[error(
        "next-link-foreign: the next link of page {page} leads to {link}, which is not the API at {own}; it was not followed"
    )]
    NextLinkForeign {
        /// Which page, from 1.
        page: u32,
        /// Where it leads, without its query.
        link: String,
        /// The API's own origin.
        own: String,
    },
    /// The next link is no address.
    #[error("next-link-unreadable: the next link of page {page} is no address")]
    NextLinkUnreadable {
        /// Which page, from 1.
        page: u32,
    },
    /// The scan did not end within its cap.
    #[error(
        "page-cap: {pages} pages were read without an end; raise `max_pages`, or find out why the list has none"
    )]
    PageCap {
        /// Pages read.
        pages: u32,
    },
    /// No row of a full page says where the next one starts.
    #[error(
        "cursor-missing: page {page} has {rows} rows and none has a cursor value that can be read, so the next page cannot be asked for"
    )]
    CursorMissing {
        /// Which page, from 1.
        page: u32,
        /// Rows on it.
        rows: usize,
    },
    /// Rows do not come in the order that a keyset needs.
    #[error(
        "order-violated: row {key} has cursor value {value} after {before}; a keyset needs rows in ascending order, so ask for it in the request"
    )]
    OrderViolated {
        /// The row.
        key: RecordKey,
        /// Its value.
        value: String,
        /// The value before it.
        before: String,
    },
    /// Rows below the lower bound came.
    #[error(
        "bound-ignored: row {key} has cursor value {value}, and {asked} or later was asked for; the request does not filter by `cursor.value`"
    )]
    BoundIgnored {
        /// The row.
        key: RecordKey,
        /// Its value.
        value: String,
        /// What was asked for.
        asked: String,
    },
    /// More rows share a value than a page holds, and nothing steps through them.
    #[error(
        "tie-too-long: more than {size} rows have the cursor value {value}; give `offset_param` in the paging style, or seek by `cursor.tie`"
    )]
    TieTooLong {
        /// The value.
        value: String,
        /// Rows on a page.
        size: u32,
    },
    /// Rows moved whenever they were read.
    #[error(
        "rows-unstable: rows moved {times} times while they were read; order them by a member that does not change"
    )]
    RowsUnstable {
        /// How often.
        times: u32,
    },
    /// A token feed says that there is more and gives no token.
    #[error("token-missing: page {page} says that there is more and gives no token for it")]
    TokenMissing {
        /// Which page, from 1.
        page: u32,
    },
    /// A stored position that cannot be read, or a style that lacks what it needs.
    #[error("position-unreadable: the stored position `{text}` is not of this paging style")]
    PositionUnreadable {
        /// As stored.
        text: String,
    },
}

impl PagingError {
    /// The name at the beginning of the message, for counting.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PageRepeats { .. } => "page-repeats",
            Self::NextLinkLoop { .. } => "next-link-loop",
            Self::NextLinkForeign { .. } => "next-link-foreign",
            Self::NextLinkUnreadable { .. } => "next-link-unreadable",
            Self::PageCap { .. } => "page-cap",
            Self::CursorMissing { .. } => "cursor-missing",
            Self::OrderViolated { .. } => "order-violated",
            Self::BoundIgnored { .. } => "bound-ignored",
            Self::TieTooLong { .. } => "tie-too-long",
            Self::RowsUnstable { .. } => "rows-unstable",
            Self::TokenMissing { .. } => "token-missing",
            Self::PositionUnreadable { .. } => "position-unreadable",
        }
    }
}
