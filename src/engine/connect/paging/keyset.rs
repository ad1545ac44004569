//! Pages that start after the last row of the one before (S13).
//!
//! Where the request seeks by `cursor.tie`, a page starts exactly behind the last row. Elsewhere the request asks
//! for the last row's value or later, and inside a tie the rows are stepped through by their number.

use super::error::PagingError;
use super::row::{Row, RowMark, Tie};
use super::stepper::{Link, Stepper};
use super::value::CursorValue;
use super::{CursorRules, KeysetStyle, PageRequest, Place, Turn};

/// Where a keyset scan stands.
#[derive(Clone, Debug)]
pub(super) struct Keyset {
    style: KeysetStyle,
    rules: CursorRules,
    /// The value the next page asks for, before it is floored.
    value: CursorValue,
    /// The tie the next page asks for; `None` inside a scan that steps by number.
    tie: Option<Tie>,
    stepper: Stepper,
    /// The last row that was read in order.
    last: Option<CursorValue>,
    last_mark: Option<RowMark>,
    /// Where a sweep ends.
    until: Option<CursorValue>,
}

impl Keyset {
    pub(super) fn start(
        style: KeysetStyle,
        rules: CursorRules,
        lower: &CursorValue,
        until: Option<CursorValue>,
    ) -> Self {
        let exact = is_exact(rules);
        // A strict comparison with the bound itself would pass over rows that stand at it.
        let value = if exact {
            lower.just_below()
        } else {
            lower.clone()
        };
        Self {
            stepper: Stepper::new(style.size),
            style,
            rules,
            value,
            tie: exact.then(Tie::lowest),
            last: None,
            last_mark: None,
            until,
        }
    }

    pub(super) fn resume(
        style: KeysetStyle,
        rules: CursorRules,
        place: &Place,
        until: Option<CursorValue>,
    ) -> Option<Self> {
        let value = CursorValue::parse(place.at.as_deref()?)?;
        let tie = place.tie.as_deref().map(Tie::from);
        if is_exact(rules) != tie.is_some() {
            return None;
        }
        let (offset, mark) = match place.page.as_deref() {
            None => (0, None),
            Some(page) => {
                let (offset, mark) = page.split_once(':')?;
                (offset.parse().ok()?, Some(RowMark::parse(mark)?))
            }
        };
        Some(Self {
            stepper: Stepper::resumed(style.size, offset, mark),
            style,
            rules,
            value,
            tie,
            last: None,
            last_mark: mark,
            until,
        })
    }

    pub(super) fn seek(&self) -> PageRequest {
        let mut seek = PageRequest {
            value: Some(self.value.floored(self.rules.precision)),
            tie: self.tie.clone(),
            ..PageRequest::default()
        };
        if let Some(param) = &self.style.size_param {
            seek.query
                .push((param.clone(), self.style.size.to_string()));
        }
        if let Some(param) = self
            .style
            .offset_param
            .as_ref()
            .filter(|_| self.stepper.offset() > 0)
        {
            seek.query
                .push((param.clone(), self.stepper.offset().to_string()));
        }
        seek
    }

    pub(super) fn place(&self) -> Place {
        let offset = self.stepper.offset();
        Place {
            at: Some(self.value.as_str().to_owned()),
            tie: self.tie.as_ref().map(|tie| tie.as_str().to_owned()),
            page: self
                .last_mark
                .filter(|_| offset > 0)
                .map(|mark| format!("{offset}:{mark}")),
        }
    }

    /// Takes a page of `rows`; `number` counts pages from 1.
    pub(super) fn take(&mut self, rows: &[Row], number: u32) -> Result<Turn, PagingError> {
        self.verify(rows)?;
        if self.tie.is_some() {
            self.take_exact(rows, number)
        } else {
            self.take_stepping(rows, number)
        }
    }

    fn take_exact(&mut self, rows: &[Row], number: u32) -> Result<Turn, PagingError> {
        let last = rows
            .iter()
            .rev()
            .find_map(|row| Some((row.cursor.clone()?, row.tie.clone()?)));
        let full = self.is_full(rows);
        let Some((value, tie)) = last else {
            if full {
                return Err(PagingError::CursorMissing {
                    page: number,
                    rows: rows.len(),
                });
            }
            return Ok(Turn::end(None));
        };
        if full && value.as_str() == self.value.as_str() && Some(&tie) == self.tie.as_ref() {
            return Err(self.repeats(number));
        }
        self.value = value.clone();
        self.tie = Some(tie);
        self.last = Some(value.clone());
        Ok(self.turn(full, value))
    }

    fn take_stepping(&mut self, rows: &[Row], number: u32) -> Result<Turn, PagingError> {
        let marks: Vec<RowMark> = rows.iter().map(Row::mark).collect();
        let param = self.style.offset_param.as_deref().unwrap_or("cursor.value");
        if self.stepper.take(&marks, number, param)? == Link::Broken {
            return Ok(Turn::again(None));
        }
        let full = self.is_full(rows);
        let last = rows.iter().rev().find_map(|row| row.cursor.clone());
        let Some(last) = last else {
            if full && self.style.offset_param.is_none() {
                return Err(PagingError::CursorMissing {
                    page: number,
                    rows: rows.len(),
                });
            }
            self.stepper.advance(rows.len());
            self.last_mark = marks.last().copied();
            return Ok(if full {
                Turn::again(None)
            } else {
                Turn::end(None)
            });
        };
        let floor = |value: &CursorValue| value.floored(self.rules.precision);
        if floor(&last) == floor(&self.value) {
            if full && self.style.offset_param.is_none() {
                return Err(PagingError::TieTooLong {
                    value: last.as_str().to_owned(),
                    size: self.style.size,
                });
            }
            self.stepper.advance(rows.len());
        } else {
            let floored = floor(&last);
            let tie_start = rows
                .iter()
                .position(|row| {
                    row.cursor
                        .as_ref()
                        .is_some_and(|value| floor(value) == floored)
                })
                .unwrap_or(0);
            let known = marks.get(tie_start..).unwrap_or_default();
            self.stepper = if self.style.offset_param.is_some() {
                Stepper::after(self.style.size, known)
            } else {
                Stepper::new(self.style.size)
            };
            self.value = last.clone();
        }
        self.last_mark = marks.last().copied();
        self.last = Some(last.clone());
        Ok(self.turn(full, last))
    }

    fn turn(&self, full: bool, last: CursorValue) -> Turn {
        let beyond = self.until.as_ref().is_some_and(|until| last > *until);
        if full && !beyond {
            Turn::again(Some(last))
        } else {
            Turn::end(Some(last))
        }
    }

    fn is_full(&self, rows: &[Row]) -> bool {
        rows.len() >= self.style.size as usize
    }

    fn repeats(&self, page: u32) -> PagingError {
        PagingError::PageRepeats {
            page,
            times: 2,
            param: "cursor.tie".to_owned(),
        }
    }

    /// Rows come in ascending order and not below what was asked for: else the next page would pass over some.
    fn verify(&self, rows: &[Row]) -> Result<(), PagingError> {
        let asked = self.value.floored(self.rules.precision);
        let mut before: Option<(&CursorValue, Option<&Tie>)> = None;
        for row in rows {
            let Some(value) = &row.cursor else { continue };
            if value.clearly_below(&asked) || !value.comparable(&asked) {
                return Err(PagingError::BoundIgnored {
                    key: row.key.clone(),
                    value: value.as_str().to_owned(),
                    asked: asked.as_str().to_owned(),
                });
            }
            if let Some((last, last_tie)) = before {
                let (own, last_floor) = (
                    value.floored(self.rules.precision),
                    last.floored(self.rules.precision),
                );
                let tie_falls = own == last_floor
                    && self.tie.is_some()
                    && matches!((&row.tie, last_tie), (Some(tie), Some(last)) if tie.falls_below(last));
                if own < last_floor || tie_falls {
                    return Err(PagingError::OrderViolated {
                        key: row.key.clone(),
                        value: value.as_str().to_owned(),
                        before: last.as_str().to_owned(),
                    });
                }
            }
            before = Some((value, row.tie.as_ref()));
        }
        Ok(())
    }
}

/// With a precision coarser than its values the source cannot say "equal", so a tie is stepped through.
fn is_exact(rules: CursorRules) -> bool {
    rules.seeks_by_tie && rules.precision.is_none()
}
