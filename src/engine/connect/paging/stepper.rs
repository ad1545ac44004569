//! Stepping through rows by their number while rows move.
//!
//! A page is *linked* when it holds a row of the page before it, unchanged: rows that did not change keep their
//! order among each other, so everything before that row was read. A page that is not linked proves that rows
//! moved, and the step goes back until a page is linked, at worst to row 0, which needs no link. So a pass ends
//! only when every unchanged row was read, which is more than that a pass brought nothing new (S13).

use std::collections::HashSet;

use super::error::PagingError;
use super::row::RowMark;

/// How often a page may come again before it is an error.
const REPEATS: u32 = 3;
/// How often rows may have moved in one pass.
const MOVES: u32 = 1000;

/// Where a walk by row number stands.
#[derive(Clone, Debug)]
pub(super) struct Stepper {
    size: u64,
    offset: u64,
    overlap: u64,
    back: u64,
    moves: u32,
    repeats: u32,
    previous: HashSet<RowMark>,
    previous_page: Vec<RowMark>,
}

/// What a page meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Everything up to its last row was read.
    Holds,
    /// Rows moved, or the same page came again: the next request reads further up.
    Broken,
}

impl Stepper {
    /// From row 0.
    pub(super) fn new(size: u32) -> Self {
        let size = u64::from(size.max(1));
        Self {
            size,
            offset: 0,
            overlap: u64::from(size > 1),
            back: size,
            moves: 0,
            repeats: 0,
            previous: HashSet::new(),
            previous_page: Vec::new(),
        }
    }

    /// From `offset`, whose page must hold one of `known`.
    pub(super) fn resumed(
        size: u32,
        offset: u64,
        known: impl IntoIterator<Item = RowMark>,
    ) -> Self {
        Self {
            offset,
            previous: known.into_iter().collect(),
            ..Self::new(size)
        }
    }

    /// After a page that ended with `known`, all rows of one tie: from the last of them.
    pub(super) fn after(size: u32, known: &[RowMark]) -> Self {
        let fresh = Self::new(size);
        let offset = (known.len() as u64).saturating_sub(fresh.overlap);
        Self {
            offset,
            previous: known.iter().copied().collect(),
            ..fresh
        }
    }

    /// The number of the row that the next page starts with.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes a page: whether everything up to its last row is known to be read. Does not move on.
    pub(super) fn take(
        &mut self,
        page: &[RowMark],
        number: u32,
        param: &str,
    ) -> Result<Link, PagingError> {
        if page.len() > 1 && page == self.previous_page {
            self.repeats += 1;
            if self.repeats >= REPEATS - 1 {
                return Err(PagingError::PageRepeats {
                    page: number,
                    times: self.repeats + 1,
                    param: param.to_owned(),
                });
            }
            return Ok(Link::Broken);
        }
        self.repeats = 0;
        let linked = self.offset == 0
            || self.overlap == 0
            || page.iter().any(|row| self.previous.contains(row));
        if linked {
            self.back = self.size;
            self.previous = page.iter().copied().collect();
            self.previous_page = page.to_vec();
            return Ok(Link::Holds);
        }
        // Further up the very page before may stand again, and rightly so.
        self.previous_page.clear();
        self.moves += 1;
        if self.moves > MOVES {
            return Err(PagingError::RowsUnstable { times: self.moves });
        }
        self.overlap = (self.overlap * 2).min((self.size / 2).max(1));
        self.offset = self.offset.saturating_sub(self.back);
        self.back = self.back.saturating_mul(2);
        Ok(Link::Broken)
    }

    /// Moves behind a linked page of `rows` rows.
    pub(super) fn advance(&mut self, rows: usize) {
        let step = (rows as u64).saturating_sub(self.overlap).max(1);
        self.offset += step;
    }
}
