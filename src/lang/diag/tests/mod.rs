//! Exact texts: every mistake of YAML, the renderer over every style of scalar, JSON.

use super::*;
use crate::lang::source::{Pointer, Source, SourceMap, Span, read};

mod pages;
mod places;
mod yaml;

fn one_file(text: &str) -> (SourceMap, Source) {
    let mut sources = SourceMap::new();
    let source = sources.add("pipelines/a.yaml", text);
    (sources, source)
}

/// What is shown for the YAML mistakes of a text.
fn shown(text: &str) -> String {
    let (sources, source) = one_file(text);
    let documents = read(&source);
    let issues = documents.iter().flat_map(|document| &document.issues);
    let mut diagnostics: Vec<_> = issues.map(|issue| from_issue(&source, issue)).collect();
    sort(&sources, &mut diagnostics);
    render(&sources, &diagnostics, Style::default())
}

/// The bytes of the first `needle` in a file.
fn find(source: &Source, needle: &str) -> Span {
    let at = source.text().find(needle).unwrap();
    source.span(at..at + needle.len())
}
