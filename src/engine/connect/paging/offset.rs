//! Pages by a number of rows to pass over.

use super::error::PagingError;
use super::row::{Row, RowMark};
use super::stepper::{Link, Stepper};
use super::{OffsetStyle, PageRequest, Place, Turn};

/// Where an offset scan stands.
#[derive(Clone, Debug)]
pub(super) struct Offset {
    style: OffsetStyle,
    stepper: Stepper,
    last_mark: Option<RowMark>,
}

impl Offset {
    pub(super) fn start(style: OffsetStyle) -> Self {
        Self {
            stepper: Stepper::new(style.size),
            style,
            last_mark: None,
        }
    }

    pub(super) fn resume(style: OffsetStyle, place: &Place) -> Option<Self> {
        let Some(page) = place.page.as_deref() else {
            return Some(Self::start(style));
        };
        let (offset, mark) = page.split_once(':')?;
        let mark = RowMark::parse(mark)?;
        let stepper = Stepper::resumed(style.size, offset.parse().ok()?, [mark]);
        Some(Self {
            style,
            stepper,
            last_mark: Some(mark),
        })
    }

    pub(super) fn seek(&self) -> PageRequest {
        let mut seek = PageRequest::default();
        if let Some(param) = &self.style.size_param {
            seek.query
                .push((param.clone(), self.style.size.to_string()));
        }
        if self.stepper.offset() > 0 {
            seek.query
                .push((self.style.param.clone(), self.stepper.offset().to_string()));
        }
        seek
    }

    pub(super) fn place(&self) -> Place {
        let offset = self.stepper.offset();
        let page = self
            .last_mark
            .filter(|_| offset > 0)
            .map(|mark| format!("{offset}:{mark}"));
        Place {
            page,
            ..Place::default()
        }
    }

    pub(super) fn take(&mut self, rows: &[Row], number: u32) -> Result<Turn, PagingError> {
        let marks: Vec<RowMark> = rows.iter().map(Row::mark).collect();
        if self.stepper.take(&marks, number, &self.style.param)? == Link::Broken {
            return Ok(Turn::again(None));
        }
        if rows.len() < self.style.size as usize {
            return Ok(Turn::end(None));
        }
        self.stepper.advance(rows.len());
        self.last_mark = marks.last().copied();
        Ok(Turn::again(None))
    }
}
