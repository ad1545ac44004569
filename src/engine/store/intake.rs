//! How records come in: scans with their position, pages, hints, re-reads of one key.

use super::tenant::Fence;
use std::sync::Arc;

use super::text::text_id;
use super::work::{RecordId, RecordRow};
use crate::engine::clock::Timestamp;
use crate::engine::record::{Identity, PipelineName, RecordKey, RootKey, TenantName};

text_id! {
    /// Names one scan; a page of another scan is refused.
    ScanId
}

text_id! {
    /// A hash of a record's content, or of a request body: equal text means equal content.
    ContentHash
}

impl ContentHash {
    /// The hash of `bytes`: the first 128 bits of BLAKE3, in hexadecimal.
    pub fn of(bytes: &[u8]) -> Self {
        let hex = blake3::hash(bytes).to_hex();
        Self::from(hex.as_str().get(..32).unwrap_or_default())
    }

    /// Its first 64 bits: enough to tell rows of one scan apart.
    pub fn short(&self) -> u64 {
        let first = self.as_str().get(..16).unwrap_or_default();
        u64::from_str_radix(first, 16).unwrap_or_default()
    }
}

/// A place in a source's order: what the source said, and its instant if it is one (S36).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Verbatim, to be sent back.
    pub text: String,
    /// The instant it stands for; none for opaque tokens and plain numbers.
    pub at: Option<Timestamp>,
}

/// Which cursor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CursorId {
    /// Whose.
    pub tenant: TenantName,
    /// Of which account's data.
    pub identity: Identity,
    /// Of which pipeline.
    pub pipeline: PipelineName,
}

impl CursorId {
    /// The record of this pipeline with `key`.
    pub fn record(&self, key: RecordKey) -> RecordId {
        RecordId {
            tenant: self.tenant.clone(),
            identity: self.identity.clone(),
            pipeline: self.pipeline.clone(),
            key,
        }
    }
}

/// How far a pipeline has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorRow {
    /// The highest value below which nothing is missing (S14).
    pub watermark: Option<Mark>,
    /// The scan that has not ended, if any: a restart goes on with it.
    pub scan: Option<Scan>,
    /// Why the pipeline cannot go on, if it cannot (S34).
    pub stalled: Option<String>,
}

/// One pass over a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Its id.
    pub id: ScanId,
    /// The lower bound, fixed when it began (S14).
    pub lower: Option<String>,
    /// Where it stands.
    pub position: Position,
    /// When it began.
    pub started: Timestamp,
}

/// Where a scan stands after a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The cursor value of the last row, verbatim.
    pub at: Option<String>,
    /// The tie breaker of the last row.
    pub tie: Option<String>,
    /// The next page's number, offset, link or token.
    pub page: Option<String>,
    /// The highest cursor value the scan has seen: the watermark at its end (S14).
    pub highest: Option<Mark>,
}

/// How a scan begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begins {
    /// Its lower bound.
    pub lower: Option<String>,
    /// When.
    pub started: Timestamp,
}

/// T1: what a page brought, and where the scan stands after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakePage {
    /// In which epoch.
    pub fence: Fence,
    /// Whose data.
    pub identity: Identity,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// Of which scan.
    pub scan: ScanId,
    /// The scan that begins with this page, in place of any that stands; none when it stands already.
    pub begins: Option<Begins>,
    /// When the page's request started: decides between equal versions (S9).
    pub request_started: Timestamp,
    /// Its rows, in order.
    pub items: Vec<Item>,
    /// Where the scan stands after it.
    pub position: Position,
    /// The new watermark, when the scan may move it; never moves it back.
    pub watermark: Option<Mark>,
    /// Whether the scan goes on.
    pub then: ScanThen,
}

/// What becomes of a scan after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanThen {
    /// There is a next page.
    GoesOn,
    /// That was the last page.
    Ends,
    /// The next page fails for good (S34): the scan stands where it is.
    Stalls(String),
}

/// One row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub key: RecordKey,
    /// Its version (S9).
    pub version: Option<Mark>,
    /// The hash of its content.
    pub hash: ContentHash,
    /// What its work is serial by.
    pub root: RootKey,
    /// The record as JSON text.
    pub payload: Arc<str>,
    /// Why it cannot be worked at all, if so: it enters as dead (S34).
    pub bad: Option<Death>,
}

/// Why a record is dead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// The cause's code: letters are grouped by it.
    pub cause: String,
    /// The full message.
    pub detail: String,
}

/// What a page came to. The counts add up to its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Keys never seen.
    pub new: u64,
    /// Higher versions, or other content read later.
    pub newer: u64,
    /// Lower versions, or other content read earlier: dropped.
    pub stale: u64,
    /// Nothing new.
    pub seen: u64,
    /// Records that a `forever` verdict keeps out (S23).
    pub never: u64,
}

/// T1h: keys that are to be read again (S10, S12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// In which epoch.
    pub fence: Fence,
    /// Whose data.
    pub identity: Identity,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// The keys, with the version the event spoke of where it said one.
    pub keys: Vec<(RecordKey, Option<Mark>)>,
    /// When the hint came.
    pub at: Timestamp,
}

/// How many keys a hint marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hinted {
    /// Marked dirty.
    pub marked: u64,
    /// Left alone for their verdict.
    pub never: u64,
}

/// T1 for one key: what its re-read brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reread {
    /// In which epoch.
    pub fence: Fence,
    /// Whose data.
    pub identity: Identity,
    /// Of which pipeline.
    pub pipeline: PipelineName,
    /// When the request started: a hint from after it makes the key dirty again.
    pub request_started: Timestamp,
    /// The record as it was read.
    pub item: Item,
    /// What a read below the version the hint named is worth.
    pub below_want: BelowWant,
}

/// What a re-read below the version its hint named is worth (S10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelowWant {
    /// The other side lags: read again.
    ReadAgain,
    /// `lag` has passed: work what there is.
    Work,
}

/// What came of a re-read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RereadResult {
    /// The row holds the latest content; work it under the row's `seq`.
    Work(RecordRow),
    /// It is dead: as before because its content did not change (S9), or because it cannot be worked (S34).
    Dead(RecordRow),
    /// The read is older than what is stored, or than the version the hint named: read again within `lag` (S10).
    Behind(RecordRow),
    /// A `forever` verdict keeps it out.
    Never,
}
