//! What is wrong with the user's files.
//!
//! A [`Diagnostic`] says what ([`Code`], headline), where (labels over spans) and what to do
//! (help). Passes collect them, never stop at the first, and hand them to whoever shows them: the
//! terminal ([`render()`]), programs ([`json`]), the admin API and editors see the same list.

mod code;
mod diagnostic;
pub mod json;
mod list;
mod render;
pub mod suggest;
mod yaml;

#[cfg(test)]
mod tests;

pub use code::{Code, UnknownCode, explain};
pub use diagnostic::{Diagnostic, Label, Patch, Severity};
pub use list::{Summary, sort};
pub use render::{Color, Style, render, render_one};
pub use yaml::from_issue;
