//! The query options of one request.

use super::filter::Expr;
use super::{Error, Property};
use crate::sandbox::servicechannel::json::Members;

/// Rows in one page, whatever `$top` says.
pub(in super::super) const PAGE: usize = 50;

/// What a client asked of an entity set.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Options<P> {
    pub(in super::super) filter: Option<Expr<P>>,
    pub(in super::super) order: Vec<(P, Direction)>,
    pub(in super::super) select: Option<Members>,
    pub(in super::super) expand: Vec<Expand>,
    pub(in super::super) top: Option<usize>,
    pub(in super::super) skip: usize,
    pub(in super::super) count: Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Direction {
    Ascending,
    Descending,
}

/// Whether the reply says how many rows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Count {
    Wanted,
    NotWanted,
}

/// A navigation property to show, and which of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Expand {
    pub(in super::super) name: &'static str,
    pub(in super::super) select: Option<Members>,
}

impl<P: Property> Options<P> {
    /// Reads decoded query pairs. Names without `$` are not ours and are ignored, as observed.
    pub(in super::super) fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let mut options = Self {
            filter: None,
            order: Vec::new(),
            select: None,
            expand: Vec::new(),
            top: None,
            skip: 0,
            count: Count::NotWanted,
        };
        for (index, (name, value)) in pairs.iter().enumerate() {
            if !name.starts_with('$') {
                continue;
            }
            if pairs.iter().take(index).any(|(before, _)| before == name) {
                return Err(Error::Twice(name.clone()));
            }
            match name.as_str() {
                "$filter" => options.filter = Some(Expr::parse(value)?),
                "$orderby" => options.order = order(value)?,
                "$select" => options.select = Some(select(value, P::MEMBERS)?),
                "$expand" => options.expand = expand::<P>(value)?,
                "$top" => options.top = Some(number("$top", value)?),
                "$skip" => options.skip = number("$skip", value)?,
                "$count" => options.count = count(value)?,
                _ => return Err(Error::Option(name.clone())),
            }
        }
        // A navigation property that is expanded is shown although it is not selected.
        if let Some(select) = &mut options.select {
            select.extend(options.expand.iter().map(|expand| expand.name.to_owned()));
        }
        Ok(options)
    }

    /// How many rows this page may have.
    pub(in super::super) fn page(&self) -> usize {
        self.top.unwrap_or(PAGE).min(PAGE)
    }

    /// Whether a link to the next page is given when there is more: only when it is the server
    /// that cut the page short.
    pub(in super::super) fn links(&self) -> bool {
        self.top.is_none_or(|top| top > PAGE)
    }

    /// What to expand under this name.
    pub(in super::super) fn expanded(&self, name: &str) -> Option<&Expand> {
        self.expand.iter().find(|expand| expand.name == name)
    }
}

/// The query of the next page: all that was asked, and `$skip` at the end.
pub(in super::super) fn next_query(pairs: &[(String, String)], skip: usize) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        let value = match name.as_str() {
            "$skip" => continue,
            "$top" => {
                let top = value
                    .parse::<usize>()
                    .unwrap_or_default()
                    .saturating_sub(PAGE);
                top.to_string()
            }
            _ => encoded(value),
        };
        query.push_str(name);
        query.push('=');
        query.push_str(&value);
        query.push('&');
    }
    query.push_str("$skip=");
    query.push_str(&skip.to_string());
    query
}

/// Percent-encodes what cannot stand in a query value, as the vendor's sample does: quotes stay.
fn encoded(value: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~!*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string takes all that is written");
        }
    }
    out
}

fn number(option: &'static str, value: &str) -> Result<usize, Error> {
    value.parse().map_err(|_| Error::Value {
        option,
        value: value.to_owned(),
    })
}

fn count(value: &str) -> Result<Count, Error> {
    match value {
        "true" => Ok(Count::Wanted),
        "false" => Ok(Count::NotWanted),
        _ => Err(Error::Value {
            option: "$count",
            value: value.to_owned(),
        }),
    }
}

fn order<P: Property>(value: &str) -> Result<Vec<(P, Direction)>, Error> {
    let bad = || Error::Value {
        option: "$orderby",
        value: value.to_owned(),
    };
    value
        .split(',')
        .map(|part| {
            let mut words = part.split_whitespace();
            let path = words.next().ok_or_else(bad)?;
            let direction = match words.next() {
                None | Some("asc") => Direction::Ascending,
                Some("desc") => Direction::Descending,
                Some(_) => return Err(bad()),
            };
            if words.next().is_some() {
                return Err(bad());
            }
            let property = P::named(path).ok_or_else(|| Error::Property(path.to_owned()))?;
            Ok((property, direction))
        })
        .collect()
}

fn select(value: &str, members: &[&str]) -> Result<Members, Error> {
    let selected = value.split(',').map(str::trim).map(|name| {
        let known = members.contains(&name);
        if known {
            Ok(name.to_owned())
        } else {
            Err(Error::Property(name.to_owned()))
        }
    });
    selected.collect()
}

fn expand<P: Property>(value: &str) -> Result<Vec<Expand>, Error> {
    let bad = || Error::Value {
        option: "$expand",
        value: value.to_owned(),
    };
    let mut expands = Vec::new();
    for item in split_outside(value).ok_or_else(bad)? {
        let (name, inside) = match item.split_once('(') {
            Some((name, inside)) => (name, Some(inside.strip_suffix(')').ok_or_else(bad)?)),
            None => (item, None),
        };
        let name = name.trim();
        if P::BROKEN
            .iter()
            .any(|broken| broken.eq_ignore_ascii_case(name))
        {
            return Err(Error::BrokenExpand(name.to_owned()));
        }
        let (name, members) = P::NAVIGATION
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| Error::Expand(name.to_owned()))?;
        let inner = match inside {
            None => None,
            Some(inside) => {
                let names = inside.trim().strip_prefix("$select=").ok_or_else(bad)?;
                Some(select(names, members)?)
            }
        };
        expands.push(Expand {
            name,
            select: inner,
        });
    }
    Ok(expands)
}

/// The parts between commas that stand outside of parentheses; none when these do not match.
fn split_outside(value: &str) -> Option<Vec<&str>> {
    let mut depth = 0_usize;
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => {
                parts.push(value.get(begin..at)?.trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(value.get(begin..)?.trim());
    (depth == 0).then_some(parts)
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
