//! The part of `OData` v4 which the simulated ServiceChannel understands. What is not known to
//! work there is refused with 400, so that a pipeline cannot come to depend on it here.

pub(super) mod filter;
mod lex;
pub(super) mod options;

use chrono::{DateTime, Utc};

/// What a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Number,
    Text,
    Time,
    Bool,
}

/// The value of a property of one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Int(i64),
    Number(f64),
    Text(&'a str),
    Time(DateTime<Utc>),
    Bool(bool),
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        value.map_or(Value::Null, Value::Text)
    }
}

impl From<Option<DateTime<Utc>>> for Value<'_> {
    fn from(value: Option<DateTime<Utc>>) -> Self {
        value.map_or(Value::Null, Value::Time)
    }
}

/// A property that can stand in `$filter` and `$orderby`.
pub(super) trait Property: Copy + Eq {
    /// Members that can stand in `$select`.
    const MEMBERS: &'static [&'static str];
    /// Members that are absent until they are expanded, with their own members.
    const NAVIGATION: &'static [(&'static str, &'static [&'static str])];
    /// Members whose expansion fails on the server.
    const BROKEN: &'static [&'static str];

    /// The property at `path`, such as `Status/Primary`.
    fn named(path: &str) -> Option<Self>;
    /// What it holds.
    fn kind(self) -> Kind;
}

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Error {
    #[error("The query option '{0}' is not supported")]
    Option(String),
    #[error("The query option '{0}' is given twice")]
    Twice(String),
    #[error("The value of '{option}' is not valid: '{value}'")]
    Value { option: &'static str, value: String },
    #[error("Could not find a property named '{0}'")]
    Property(String),
    #[error("Syntax error at position {at} in '$filter': {found} where {wanted} was expected")]
    Syntax {
        at: usize,
        found: String,
        wanted: &'static str,
    },
    #[error("Syntax error at position {at} in '$filter': '{operator}' is not supported")]
    Unsupported { at: usize, operator: String },
    #[error("Syntax error at position {at} in '$filter': '{literal}' is no value for '{property}'")]
    Literal {
        at: usize,
        literal: String,
        property: String,
    },
    #[error("The filter is nested too deeply")]
    Depth,
    #[error("Property '{0}' cannot be expanded")]
    Expand(String),
    /// Not the client's mistake, and a 500: the server cannot do what its model offers.
    #[error("'{0}' cannot be expanded")]
    BrokenExpand(String),
}
