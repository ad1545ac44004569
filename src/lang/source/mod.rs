//! Text and where things stand in it.
//!
//! [`read`] turns a file into documents: each a JSON value, a [`SpanIndex`] that knows the bytes
//! of every key and value in it, and the [`YamlIssue`]s found on the way. Everything later names
//! a place by its [`Pointer`] and asks the index for a [`Span`] when it has something to say.
//!
//! What does not live here: the texts of the diagnostics (`lang::diag`) and everything the
//! language means.

mod align;
mod build;
mod index;
mod issue;
mod line;
mod mapping;
mod mistakes;
mod node;
mod pointer;
mod quote;
mod scalar;
mod text;
mod trouble;
mod yaml;

#[cfg(test)]
mod tests;

pub use index::{Entry, SpanIndex};
pub use issue::{Fix, SyntaxCause, YamlIssue, YamlIssueKind};
pub use node::{Scalar, ScalarStyle};
pub use pointer::{Pointer, PointerTarget};
pub use scalar::NumberProblem;
pub use text::{Position, Source, SourceId, SourceMap, Span};
pub use yaml::{Limits, ParsedDocument, read, read_within};
