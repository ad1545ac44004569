//! Diagnostics for programs. The form is stable: members are added, never changed or removed.

use serde::Serialize;

use super::diagnostic::{Diagnostic, Label};
use super::list::Summary;
use crate::lang::source::{SourceMap, Span};

/// Everything that was found, as `validate --format json` prints it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub errors: usize,
    pub warnings: usize,
    pub diagnostics: Vec<Item>,
}

/// One diagnostic.
#[derive(Debug, Serialize)]
pub struct Item {
    pub code: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
    pub message: String,
    #[serde(flatten)]
    pub place: Place,
    /// What is at the place itself; empty when the message says it all.
    pub label: String,
    /// Other places that explain it.
    pub related: Vec<Related>,
    pub help: Vec<String>,
    /// The edit that would mend it.
    pub suggestion: Option<Suggestion>,
}

/// Where something is. Lines and columns start at 1, columns count characters, ends are
/// exclusive; `start` and `end` are bytes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Serialize)]
pub struct Related {
    pub message: String,
    #[serde(flatten)]
    pub place: Place,
}

#[derive(Debug, Serialize)]
pub struct Suggestion {
    pub replacement: String,
    #[serde(flatten)]
    pub place: Place,
}

/// The list as plain data.
pub fn report(sources: &SourceMap, diagnostics: &[Diagnostic]) -> Report {
    let Summary {
        errors,
        warnings,
        files: _,
    } = Summary::of(diagnostics);
    let diagnostics = diagnostics.iter().map(|one| item(sources, one)).collect();
    Report {
        errors,
        warnings,
        diagnostics,
    }
}

fn item(sources: &SourceMap, diagnostic: &Diagnostic) -> Item {
    let related = |label: &Label| Related {
        message: label.text.clone(),
        place: place(sources, label.span),
    };
    Item {
        code: diagnostic.code.name(),
        severity: diagnostic.severity.name(),
        message: diagnostic.headline.clone(),
        place: place(sources, diagnostic.primary.span),
        label: diagnostic.primary.text.clone(),
        related: diagnostic.secondary.iter().map(related).collect(),
        help: diagnostic.help.clone(),
        suggestion: diagnostic.patch.as_ref().map(|patch| Suggestion {
            replacement: patch.replacement.clone(),
            place: place(sources, patch.span),
        }),
    }
}

/// A span in lines and columns; of a file that is not in the map, its bytes alone.
pub fn place(sources: &SourceMap, span: Span) -> Place {
    let Span { source, start, end } = span;
    let Some(source) = sources.get(source) else {
        let file = String::new();
        return Place {
            file,
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
            start,
            end,
        };
    };
    let (from, to) = (source.position(start), source.position(end));
    Place {
        file: source.name().to_owned(),
        line: from.line,
        column: from.column,
        end_line: to.line,
        end_column: to.column,
        start,
        end,
    }
}
