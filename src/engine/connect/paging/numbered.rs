//! Numbered pages.

use super::error::PagingError;
use super::passes::{AfterPass, PageIs, Passes};
use super::row::Row;
use super::{NumberedStyle, PageNumber, PageRequest, Place, ReplyFacts, Turn};

/// Where a scan of numbered pages stands. It keeps no position: what moved while the process was down would not
/// show, so a restart begins at the first page.
#[derive(Clone, Debug)]
pub(super) struct Numbered {
    style: NumberedStyle,
    number: u32,
    passes: Passes,
}

impl Numbered {
    pub(super) fn start(style: NumberedStyle) -> Self {
        Self {
            number: style.first,
            style,
            passes: Passes::default(),
        }
    }

    pub(super) fn seek(&self) -> PageRequest {
        let mut seek = PageRequest {
            number: Some(PageNumber {
                param: self.style.param.clone(),
                number: self.number,
                size: self.style.size,
            }),
            ..PageRequest::default()
        };
        if let Some(param) = &self.style.size_param {
            seek.query
                .push((param.clone(), self.style.size.to_string()));
        }
        seek
    }

    pub(super) fn place(&self) -> Place {
        Place::default()
    }

    pub(super) fn take(
        &mut self,
        rows: &[Row],
        facts: &ReplyFacts,
        number: u32,
    ) -> Result<Turn, PagingError> {
        let more = facts.more.unwrap_or(rows.len() >= self.style.size as usize);
        if self.passes.take(rows, number, &self.style.param)? == PageIs::Repeated && more {
            return Ok(Turn::again(None));
        }
        if more {
            self.number += 1;
            return Ok(Turn::again(None));
        }
        self.number = self.style.first;
        Ok(match self.passes.end()? {
            AfterPass::Done => Turn::end(None),
            AfterPass::Again => Turn::again(None),
        })
    }
}
