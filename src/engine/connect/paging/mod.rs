//! Reading lists page by page, as pure state machines: a [`Scan`] says what to ask for, is given the page, and says
//! what to keep and what follows.
//!
//! A scan fixes its lower bound when it begins and gives its position with every page (S14). The watermark is apart
//! from it: it moves with a page only where rows are verified to come in ascending order (`keyset`, and feeds that
//! keep their token), elsewhere at the scan's end. It is the highest value seen, never our clock, never past the
//! start of the request that saw it, and never moves back. Rows of a page that is read again because rows moved are
//! given out again: the inbox knows them by key and version.

mod error;
mod facts;
mod keyset;
mod next_link;
mod numbered;
mod offset;
mod overlap;
mod passes;
mod row;
mod stepper;
mod style;
mod token;
mod value;

#[cfg(test)]
mod model;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use error::PagingError;
pub use facts::{page_number, read_row, reply_facts};
pub use next_link::LinkRules;
pub use overlap::Overlap;
pub use row::{Row, Tie, content_hash};
pub use style::{CursorRules, KeysetStyle, NumberedStyle, OffsetStyle, Style, TokenStyle};
pub use value::CursorValue;

use crate::engine::clock::Timestamp;
use crate::lang::expr::Datum;
use keyset::Keyset;
use next_link::NextLink;
use numbered::Numbered;
use offset::Offset;
use token::Token;

/// What to ask for next, beside the request itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Query parameters to add.
    pub query: Vec<(Arc<str>, String)>,
    /// The number of the page, to be written with the style's format.
    pub number: Option<PageNumber>,
    /// `cursor.value`.
    pub value: Option<CursorValue>,
    /// `cursor.tie`.
    pub tie: Option<Tie>,
    /// The whole address, in place of the request's own.
    pub url: Option<Url>,
}

impl PageRequest {
    /// What the name `cursor` holds.
    pub fn cursor(&self) -> Datum {
        Datum::map([
            (
                "value",
                Datum::from(self.value.as_ref().map(CursorValue::as_str)),
            ),
            ("tie", Datum::from(self.tie.as_ref().map(Tie::as_str))),
        ])
    }
}

/// The number of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageNumber {
    /// The parameter that takes it.
    pub param: Arc<str>,
    /// The number.
    pub number: u32,
    /// Rows on a full page.
    pub size: u32,
}

/// What a reply says beside its rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyFacts {
    /// Whether there are more pages, where the style says where that stands.
    pub more: Option<bool>,
    /// The next link or token.
    pub next: Option<String>,
}

/// A page as it came.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its rows, in order.
    pub rows: Vec<Row>,
    /// What else the reply says.
    pub facts: ReplyFacts,
    /// When its request was sent, by the source's clock where that is known.
    pub asked: Timestamp,
}

/// A value to remember: verbatim, and its instant if it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// As the source gave it.
    pub text: Arc<str>,
    /// The instant it stands for; none for tokens and numbers.
    pub at: Option<Timestamp>,
}

impl From<&CursorValue> for Mark {
    fn from(value: &CursorValue) -> Self {
        Self {
            text: value.as_str().into(),
            at: value.instant(),
        }
    }
}

/// Where a scan stands: enough to go on after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Where.
    pub place: Place,
    /// The highest value seen, which is the watermark at the scan's end.
    pub highest: Option<Mark>,
}

/// The place of a [`Position`], as text that the store keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The cursor value to go on from, verbatim.
    pub at: Option<String>,
    /// The tie to go on from.
    pub tie: Option<String>,
    /// The row number with the row it should find, or the token.
    pub page: Option<String>,
}

/// What a page means for the scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Where the scan stands now; to be stored with the page's rows.
    pub position: Position,
    /// The new watermark, if it moves; to be stored with the page's rows.
    pub watermark: Option<Mark>,
    /// What follows.
    pub then: Then,
}

/// What follows a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Another page.
    Again,
    /// The scan is complete.
    Finished {
        /// How long the feed rests before it is asked again.
        rest: Option<Duration>,
    },
}

/// What a style made of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    /// Everything up to this value was read, in ascending order.
    verified: Option<CursorValue>,
    ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Yes,
    No,
}

impl Turn {
    fn again(verified: Option<CursorValue>) -> Self {
        Self {
            verified,
            ended: Ended::No,
        }
    }

    fn end(verified: Option<CursorValue>) -> Self {
        Self {
            verified,
            ended: Ended::Yes,
        }
    }
}

/// What a scan is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// New and changed rows: moves the watermark.
    Poll,
    /// Rows of a window that were missed, up to a value (S15): moves nothing.
    Sweep {
        /// The watermark when the sweep began.
        until: Option<CursorValue>,
    },
}

/// How a scan begins.
#[derive(Clone, Debug)]
pub struct ScanStart {
    /// The style of paging.
    pub style: Style,
    /// The cursor and the lower bound, if the fetch has one.
    pub cursor: Option<(CursorRules, CursorValue)>,
    /// The watermark as stored; of a feed that keeps its token, the token.
    pub watermark: Option<Arc<str>>,
    /// Where the scan stood when the process ended, if it did not end itself.
    pub position: Option<Position>,
    /// When it began, by the source's clock where that is known.
    pub started: Timestamp,
    /// What it is for.
    pub purpose: Purpose,
}

/// One pass over a source.
#[derive(Clone, Debug)]
pub struct Scan {
    mode: Mode,
    rules: Option<CursorRules>,
    lower: Option<CursorValue>,
    watermark: Option<CursorValue>,
    highest: Option<CursorValue>,
    started: Timestamp,
    purpose: Purpose,
    pages: u32,
    max_pages: u32,
}

#[derive(Clone, Debug)]
enum Mode {
    Single,
    Keyset(Box<Keyset>),
    Offset(Offset),
    Numbered(Numbered),
    Next(Box<NextLink>),
    Token(Token),
}

impl Scan {
    /// Begins a scan, or goes on with one that a restart cut off.
    ///
    /// # Errors
    /// [`PagingError::PositionUnreadable`] for a stored position of another style.
    pub fn start(start: ScanStart) -> Result<Self, PagingError> {
        let ScanStart {
            style,
            cursor,
            watermark,
            position,
            started,
            purpose,
        } = start;
        let (rules, lower) = cursor.unzip();
        let max_pages = style.max_pages();
        let highest = position
            .as_ref()
            .and_then(|position| position.highest.as_ref());
        let highest = highest.and_then(|mark| CursorValue::parse(&mark.text));
        let place = position.map(|position| position.place);
        let unreadable = |place: &Place| PagingError::PositionUnreadable {
            text: [&place.at, &place.tie, &place.page]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" "),
        };
        let mode = match style {
            Style::Single => Mode::Single,
            Style::Keyset(style) => {
                let rules = rules.expect("the plan gives every keyset a cursor");
                let lower = lower.as_ref().expect("a cursor comes with its lower bound");
                let until = match &purpose {
                    Purpose::Poll => None,
                    Purpose::Sweep { until } => until.clone(),
                };
                let place = place.filter(|place| *place != Place::default());
                Mode::Keyset(Box::new(match place {
                    None => Keyset::start(style, rules, lower, until),
                    Some(place) => Keyset::resume(style, rules, &place, until)
                        .ok_or_else(|| unreadable(&place))?,
                }))
            }
            Style::Offset(style) => Mode::Offset(match place {
                None => Offset::start(style),
                Some(place) => Offset::resume(style, &place).ok_or_else(|| unreadable(&place))?,
            }),
            Style::Numbered(style) => Mode::Numbered(Numbered::start(style)),
            Style::Next { rules, .. } => Mode::Next(Box::new(NextLink::start(rules))),
            Style::Token(style) => {
                let stored = place.and_then(|place| place.page).map(Arc::from);
                let kept = watermark.clone().filter(|_| style.keep);
                let token = stored.or(kept).or_else(|| style.from.clone());
                Mode::Token(Token::start(style, token))
            }
        };
        Ok(Self {
            mode,
            rules,
            lower,
            watermark: watermark.as_deref().and_then(CursorValue::parse),
            highest,
            started,
            purpose,
            pages: 0,
            max_pages,
        })
    }

    /// What to ask for next.
    ///
    /// # Errors
    /// [`PagingError::PageCap`] when as many pages were read as may be.
    pub fn next(&self) -> Result<PageRequest, PagingError> {
        if self.pages >= self.max_pages {
            return Err(PagingError::PageCap { pages: self.pages });
        }
        let mut request = match &self.mode {
            Mode::Single => PageRequest::default(),
            Mode::Keyset(keyset) => keyset.seek(),
            Mode::Offset(offset) => offset.seek(),
            Mode::Numbered(numbered) => numbered.seek(),
            Mode::Next(next) => next.seek(),
            Mode::Token(token) => token.seek(),
        };
        if request.value.is_none() {
            let precision = self.rules.and_then(|rules| rules.precision);
            request.value = self.lower.as_ref().map(|lower| lower.floored(precision));
        }
        Ok(request)
    }

    /// Takes the page that [`next`](Self::next) asked for.
    ///
    /// # Errors
    /// Why the scan cannot go on; nothing of the page is kept then, and the position stays.
    pub fn accept(&mut self, page: &Page) -> Result<Verdict, PagingError> {
        let number = self.pages + 1;
        let turn = match &mut self.mode {
            Mode::Single => Turn::end(None),
            Mode::Keyset(keyset) => keyset.take(&page.rows, number)?,
            Mode::Offset(offset) => offset.take(&page.rows, number)?,
            Mode::Numbered(numbered) => numbered.take(&page.rows, &page.facts, number)?,
            Mode::Next(next) => next.take(&page.rows, &page.facts, number)?,
            Mode::Token(token) => token.take(&page.facts, number)?,
        };
        self.pages = number;
        let watermark = self.watermark_after(&turn, page);
        let then = match (turn.ended, &self.mode) {
            (Ended::No, _) => Then::Again,
            (Ended::Yes, Mode::Token(token)) => Then::Finished { rest: token.rest() },
            (
                Ended::Yes,
                Mode::Single
                | Mode::Keyset(_)
                | Mode::Offset(_)
                | Mode::Numbered(_)
                | Mode::Next(_),
            ) => Then::Finished { rest: None },
        };
        Ok(Verdict {
            position: self.position(),
            watermark,
            then,
        })
    }

    /// Where the scan stands.
    pub fn position(&self) -> Position {
        let place = match &self.mode {
            Mode::Single => Place::default(),
            Mode::Keyset(keyset) => keyset.place(),
            Mode::Offset(offset) => offset.place(),
            Mode::Numbered(numbered) => numbered.place(),
            Mode::Next(next) => next.place(),
            Mode::Token(token) => token.place(),
        };
        Position {
            place,
            highest: self.highest.as_ref().map(Mark::from),
        }
    }

    /// Pages taken since the scan began or the process started.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    fn watermark_after(&mut self, turn: &Turn, page: &Page) -> Option<Mark> {
        if let Mode::Token(token) = &self.mode
            && let Some(kept) = token.kept()
        {
            return Some(Mark {
                text: Arc::clone(kept),
                at: None,
            });
        }
        let ordered = matches!(self.mode, Mode::Keyset(_));
        // Rows that changed after the scan passed them are behind the watermark of an unordered list, unless it
        // stays before the scan's own start.
        let latest = if ordered { page.asked } else { self.started };
        let reached = |value: &&CursorValue| match value.instant() {
            Some(at) => at <= latest,
            None => true,
        };
        if !ordered || turn.verified.is_some() {
            let values = page.rows.iter().filter_map(|row| row.cursor.as_ref());
            let highest = values.filter(reached).max().cloned();
            self.highest = self.highest.take().max(highest);
        }
        let moves = match (&self.purpose, ordered, turn.ended) {
            (Purpose::Sweep { .. }, _, _) | (Purpose::Poll, false, Ended::No) => false,
            (Purpose::Poll, true, _) => turn.verified.is_some(),
            (Purpose::Poll, false, Ended::Yes) => true,
        };
        let highest = self.highest.as_ref().filter(|_| moves)?;
        if self
            .watermark
            .as_ref()
            .is_some_and(|watermark| highest <= watermark)
        {
            return None;
        }
        self.watermark = Some(highest.clone());
        Some(Mark::from(highest))
    }
}
