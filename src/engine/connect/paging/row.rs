//! What a scan needs to know of a row.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::value::CursorValue;
use crate::engine::record::RecordKey;

/// What a scan needs to know of a row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its key.
    pub key: RecordKey,
    /// Its cursor value; none when it has none that can be read (S34).
    pub cursor: Option<CursorValue>,
    /// What orders rows of equal value.
    pub tie: Option<Tie>,
    /// A hash of its content: a row that changed may stand elsewhere.
    pub content: u64,
}

impl Row {
    /// Identifies the row with this content.
    pub(super) fn mark(&self) -> RowMark {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.key.as_str().as_bytes());
        hasher.update(&self.content.to_le_bytes());
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        RowMark(u64::from_le_bytes(first))
    }
}

/// The hash of a row's content that a [`Row`] carries.
pub fn content_hash(bytes: &[u8]) -> u64 {
    let mut first = [0; 8];
    blake3::Hasher::new()
        .update(bytes)
        .finalize_xof()
        .fill(&mut first);
    u64::from_le_bytes(first)
}

/// A row with its content, in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowMark(pub(super) u64);

impl fmt::Display for RowMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl RowMark {
    pub(super) fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self)
    }
}

/// What orders rows of equal cursor value, as canonical text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie(Arc<str>);

impl Tie {
    /// Below every id that an API gives: used with a value that no row has.
    pub(super) fn lowest() -> Self {
        Self("0".into())
    }

    /// Reads a member of a row: text or a number.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self(text.as_str().into())),
            Value::Number(number) => Some(Self(number.to_string().into())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this number stands above that one; texts are ordered by the source's rules, not ours.
    pub(super) fn falls_below(&self, before: &Self) -> bool {
        match (self.0.parse::<i128>(), before.0.parse::<i128>()) {
            (Ok(own), Ok(before)) => own <= before,
            (Ok(_) | Err(_), _) => false,
        }
    }
}

impl From<&str> for Tie {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}
