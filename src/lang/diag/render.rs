//! Diagnostics for people: the form of rustc, drawn by annotate-snippets.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Renderer, Snippet, normalize_untrusted_str,
};

use super::diagnostic::{Diagnostic, Label, Severity};
use super::list::Summary;
use crate::lang::source::{Source, SourceId, SourceMap, Span};

/// Whether the text may carry ANSI escapes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Plain,
    Ansi,
}

/// How diagnostics are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: Color,
    /// In columns; longer lines of the user's files are cut around what is marked.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: Color::Plain,
            width: 120,
        }
    }
}

/// All diagnostics with a line between them, then how many there are. Empty for none.
pub fn render(sources: &SourceMap, diagnostics: &[Diagnostic], style: Style) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&render_one(sources, diagnostic, style));
        text.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        writeln!(text, "{}", Summary::of(diagnostics)).expect("a string takes all that is written");
    }
    text
}

/// One diagnostic, without a line break at its end.
pub fn render_one(sources: &SourceMap, diagnostic: &Diagnostic, style: Style) -> String {
    let renderer = match style.color {
        Color::Plain => Renderer::plain(),
        Color::Ansi => Renderer::styled(),
    };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(&diagnostic.headline)
        .id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(diagnostic) {
        // A span of a file that is not in the map has nothing to show.
        let Some(source) = sources.get(file) else {
            continue;
        };
        group = group.element(snippet(source, diagnostic, &labels));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    let drawn = renderer.term_width(style.width).render(&[group]);
    // Lines without text are drawn with blanks at their end.
    let lines: Vec<_> = drawn.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// The labels of each file, the file of the primary label first.
fn by_file(diagnostic: &Diagnostic) -> Vec<(SourceId, Vec<&Label>)> {
    let mut files = vec![(diagnostic.primary.span.source, vec![&diagnostic.primary])];
    for label in &diagnostic.secondary {
        match files
            .iter_mut()
            .find(|(file, _)| *file == label.span.source)
        {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.source, vec![label])),
        }
    }
    files
}

/// The lines that the labels are on. Only these are handed to the renderer, which would
/// otherwise walk the whole file for each diagnostic.
fn snippet<'a>(
    source: &'a Source,
    diagnostic: &Diagnostic,
    labels: &[&'a Label],
) -> Snippet<'a, Annotation<'a>> {
    let shown: Vec<Span> = labels
        .iter()
        .map(|label| to_draw(source, label.span))
        .collect();
    let first = shown
        .iter()
        .map(|span| span.start)
        .min()
        .unwrap_or_default();
    let last = shown.iter().map(|span| span.end).max().unwrap_or_default();
    let line = source.position(first).line;
    let window = window(source, line, last);
    let text = source.text().get(window.clone()).unwrap_or_default();
    let snippet = Snippet::source(text).path(source.name()).line_start(line);
    snippet.annotations(labels.iter().zip(&shown).map(|(label, span)| {
        let primary = **label == diagnostic.primary;
        let kind = if primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let annotation = kind.span(span.start - window.start..span.end - window.start);
        if label.text.is_empty() {
            annotation
        } else {
            annotation.label(normalize_untrusted_str(&label.text))
        }
    }))
}

/// What is underlined: of a value of many lines only the first, because a whole mapping under a
/// bracket says less than its beginning.
fn to_draw(source: &Source, span: Span) -> Span {
    let text = source.slice(span);
    match text.find('\n') {
        Some(feed) => {
            let line = text.get(..feed).unwrap_or_default().trim_end();
            Span {
                end: span.start + line.len(),
                ..span
            }
        }
        None => span,
    }
}

/// From the start of line `first` to the end of the line that byte `last` is on.
fn window(source: &Source, first: usize, last: usize) -> Range<usize> {
    let start = source.line(first).map_or(0, |line| line.start);
    let last = source.line(source.position(last).line);
    let end = last.map_or(source.text().len(), |line| line.end);
    start..end.max(start)
}
