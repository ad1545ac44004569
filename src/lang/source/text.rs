//! The text of the user's files, and byte ranges in it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Which file a [`Span`] is in: an index into the [`SourceMap`] that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// One file: the name shown to the user and the text as it was read. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Source {
    id: SourceId,
    name: Arc<str>,
    text: Arc<str>,
    /// Byte offset of the first byte of every line; the first entry is 0.
    lines: Arc<[usize]>,
}

/// Where a byte stands, as people and editors count: both numbers start at 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    /// In characters, not bytes; a tab is one.
    pub column: usize,
}

impl Source {
    fn new(id: SourceId, name: &str, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self {
            id,
            name: shown(name).into(),
            text,
            lines,
        }
    }

    pub fn id(&self) -> SourceId {
        self.id
    }

    /// The path as shown to the user: relative to the workspace, with forward slashes.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// A span of this file, cut to what the file has and moved outward to whole characters.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = floor_boundary(&self.text, range.start);
        let end = ceil_boundary(&self.text, range.end).max(start);
        Span {
            source: self.id,
            start,
            end,
        }
    }

    /// The text a span covers; empty when the span belongs to another file.
    pub fn slice(&self, span: Span) -> &str {
        if span.source == self.id {
            self.text.get(span.range()).unwrap_or_default()
        } else {
            ""
        }
    }

    /// Line and column of a byte offset; an offset past the end gives the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor_boundary(&self.text, offset);
        let line = self.line_of(offset);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        // A byte order mark takes no column: editors do not show it.
        let before = self.text.get(start..offset).unwrap_or_default();
        let before = before.trim_start_matches('\u{feff}');
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// The number of the line a byte is on, from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// The bytes of the line with this number (from 1), without its line break.
    pub fn line(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.lines.get(number.checked_sub(1)?)?;
        let rest = self.text.get(start..)?;
        let line = rest.split('\n').next().unwrap_or_default();
        Some(start..start + line.trim_end_matches('\r').len())
    }
}

/// The last place between two characters that is not behind byte `at`.
pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    let mut places = (0..=at.min(text.len())).rev();
    places.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first place between two characters that is not before byte `at`.
pub(super) fn ceil_boundary(text: &str, at: usize) -> usize {
    (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(text.len())
}

/// Windows paths are shown as everywhere else.
fn shown(name: &str) -> String {
    if std::path::MAIN_SEPARATOR == '\\' {
        name.replace('\\', "/")
    } else {
        name.to_owned()
    }
}

/// Every file of a workspace that was read, in the order it was read.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

impl SourceMap {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in. `name` is the path to show, relative to the workspace.
    pub fn add(&mut self, name: &str, text: impl Into<Arc<str>>) -> Source {
        let id = SourceId(u32::try_from(self.sources.len()).expect("a workspace has few files"));
        let source = Source::new(id, name, text);
        self.sources.push(source.clone());
        source
    }

    /// The file of an id that this map gave out; `None` for one of another map.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(usize::try_from(id.0).ok()?)
    }

    /// The file with this name.
    pub fn find(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name() == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn len(&self) -> usize {
        self.sources.len()
    }
}

/// Bytes `start..end` of one file. An empty span stands between two characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub source: SourceId,
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub fn len(self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, other: Span) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }

    /// The smallest span over both; `self` when they are in different files.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        if self.source != other.source {
            return self;
        }
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            ..self
        }
    }

    /// The empty span at the start of this one.
    #[must_use]
    pub fn at_start(self) -> Span {
        Span {
            end: self.start,
            ..self
        }
    }

    /// The empty span at the end of this one.
    #[must_use]
    pub fn at_end(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.source.0, self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let mut map = SourceMap::new();
        let source = map.add("a.yaml", "a: ü\r\nbß: x\n");
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(3), Position { line: 1, column: 4 });
        assert_eq!(source.position(5), Position { line: 1, column: 5 });
        assert_eq!(source.position(7), Position { line: 2, column: 1 });
        assert_eq!(source.position(10), Position { line: 2, column: 3 });
        assert_eq!(source.position(14), Position { line: 3, column: 1 });
        assert_eq!(source.position(999), Position { line: 3, column: 1 });
    }

    #[test]
    fn lines_come_without_their_break() {
        let mut map = SourceMap::new();
        let source = map.add("a.yaml", "one\r\ntwo\nthree");
        let lines: Vec<_> = (1..=4)
            .map(|n| source.line(n).and_then(|r| source.text().get(r)))
            .collect();
        assert_eq!(lines, [Some("one"), Some("two"), Some("three"), None]);
        assert_eq!(source.line(0), None);
    }

    #[test]
    fn spans_are_cut_to_whole_characters_of_the_file() {
        let mut map = SourceMap::new();
        let source = map.add("a.yaml", "aüb");
        assert_eq!(source.span(2..2).range(), 1..3);
        assert_eq!(source.slice(source.span(2..99)), "üb");
        assert_eq!(source.slice(source.span(50..99)), "");
    }

    #[test]
    fn a_span_of_another_file_has_no_text_here() {
        let mut map = SourceMap::new();
        let first = map.add("a.yaml", "first");
        let second = map.add("b.yaml", "second");
        assert_eq!(second.slice(first.span(0..3)), "");
        assert_eq!(first.span(0..2).to(second.span(3..4)), first.span(0..2));
        assert_eq!(map.get(second.id()).map(Source::name), Some("b.yaml"));
        assert_eq!(map.find("a.yaml").map(Source::id), Some(first.id()));
    }
}
