//! Paths of names and indexes only: `$.a['b'][0]`.

use std::ops::Range;

use serde_json::Value;

use crate::lang::expr::val::Val;

/// A step of a singular path, with its bytes in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it leads.
    pub step: Step,
    /// The name or index, with its quotes.
    pub range: Range<usize>,
}

/// Where a [`Segment`] leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To a member.
    Name(String),
    /// To an item, counted from the end when negative.
    Index(i64),
}

impl Step {
    pub(super) fn of<'v>(&self, node: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Name(name) => node.as_object()?.get(name),
            Self::Index(index) => {
                let items = node.as_array()?;
                let index = match usize::try_from(*index) {
                    Ok(index) => index,
                    Err(_) => items
                        .len()
                        .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)?,
                };
                items.get(index)
            }
        }
    }
}

impl Segment {
    pub(crate) fn of<'v>(&self, value: &Val<'v>) -> Val<'v> {
        match &self.step {
            Step::Name(name) => value.member(name),
            Step::Index(index) => value.item(&Val::Int(i128::from(*index))),
        }
    }
}

/// RFC 9535 keeps indexes within what every JSON implementation can count.
const MAX_INDEX: i64 = (1 << 53) - 1;

/// The segments of a path, or nothing when it is not surely a singular one.
pub(super) fn parse(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut rest = text.strip_prefix('$')?;
    while !rest.is_empty() {
        let start = text.len() - rest.len();
        let (step, from, after) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(|char| !is_name_char(char)).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if !name.starts_with(|char: char| is_name_char(char) && !char.is_ascii_digit()) {
                return None;
            }
            (Step::Name(name.to_owned()), start + 1, after)
        } else {
            let (step, after) = bracket(rest)?;
            (step, start, after)
        };
        segments.push(Segment {
            step,
            range: from..text.len() - after.len(),
        });
        rest = after;
    }
    Some(segments)
}

fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || !char.is_ascii()
}

/// `['name']`, `["name"]` or `[0]`. Names with escapes are left to the full parser.
fn bracket(text: &str) -> Option<(Step, &str)> {
    let inside = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        let Some(name) = inside.strip_prefix(quote) else {
            continue;
        };
        let (name, after) = name.split_once(quote)?;
        if name.contains(|char: char| char == '\\' || char < ' ') {
            return None;
        }
        return Some((Step::Name(name.to_owned()), after.strip_prefix(']')?));
    }
    let (index, after) = inside.split_once(']')?;
    let digits = index.strip_prefix('-').unwrap_or(index);
    let canonical = index == "0" || (!digits.starts_with('0') && !digits.is_empty());
    if !canonical || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let index: i64 = index.parse().ok()?;
    (index.abs() <= MAX_INDEX).then_some((Step::Index(index), after))
}
