//! Lists whose pages do not hold on to each other: numbered pages, and next links that may count rows.
//!
//! When rows move between two such pages, a row may slip from the next page to the one that was just read, and
//! nothing on the pages shows it. So a list of more than one page is read again until a pass brings no key that was
//! not seen, and none twice: a row that came twice moved behind the reader, and others slipped. The keys are
//! remembered as 64-bit hashes for one scan.

use std::collections::HashSet;

use super::error::PagingError;
use super::row::{Row, RowMark, content_hash};

/// Passes after which a list is called unstable.
const PASSES: u32 = 20;
/// How often a page may come in place of another.
const REPEATS: u32 = 3;

/// The passes over a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Passes {
    seen: HashSet<u64>,
    in_pass: HashSet<u64>,
    pass: u32,
    pages: u32,
    moved: bool,
    repeats: u32,
    previous: Vec<RowMark>,
}

/// What follows a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterPass {
    /// Everything was read.
    Done,
    /// The list is read once more.
    Again,
}

/// Whether a page is another one than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageIs {
    Another,
    /// The same rows came again: ask for it once more.
    Repeated,
}

impl Passes {
    /// Takes a page of a pass.
    pub(super) fn take(
        &mut self,
        rows: &[Row],
        number: u32,
        param: &str,
    ) -> Result<PageIs, PagingError> {
        let marks: Vec<RowMark> = rows.iter().map(Row::mark).collect();
        if !marks.is_empty() && marks == self.previous {
            self.repeats += 1;
            if self.repeats >= REPEATS - 1 {
                return Err(PagingError::PageRepeats {
                    page: number,
                    times: self.repeats + 1,
                    param: param.to_owned(),
                });
            }
            return Ok(PageIs::Repeated);
        }
        self.repeats = 0;
        self.previous = marks;
        self.pages += 1;
        for row in rows {
            let key = content_hash(row.key.as_str().as_bytes());
            let new = self.seen.insert(key);
            let twice = !self.in_pass.insert(key);
            self.moved |= new || twice;
        }
        Ok(PageIs::Another)
    }

    /// The list has ended: whether it must be read again.
    pub(super) fn end(&mut self) -> Result<AfterPass, PagingError> {
        self.pass += 1;
        let complete = self.pages <= 1 || (self.pass > 1 && !self.moved);
        if complete {
            return Ok(AfterPass::Done);
        }
        if self.pass >= PASSES {
            return Err(PagingError::RowsUnstable { times: self.pass });
        }
        self.pages = 0;
        self.moved = false;
        self.in_pass.clear();
        self.previous.clear();
        Ok(AfterPass::Again)
    }
}
