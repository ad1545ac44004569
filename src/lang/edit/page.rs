//! Where the parts of a document stand as they are written; aliases and merge keys are not followed.

use std::ops::Range;

use serde_json::Value as Json;

use super::super::source::{Entry, Pointer, ScalarStyle, Source, Span, SpanIndex};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `key:` and nothing after it.
    Absent,
    Scalar(ScalarStyle),
    Alias,
    FlowMap,
    FlowList,
    BlockMap,
    BlockList,
}

/// A key that is written in a mapping itself.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) at: Pointer,
    pub(super) key: Span,
}

/// A document with its text.
pub(super) struct Page<'a> {
    source: &'a Source,
    index: &'a SpanIndex,
    value: &'a Json,
    comments: Vec<Range<usize>>,
}

impl<'a> Page<'a> {
    pub(super) fn new(source: &'a Source, index: &'a SpanIndex, value: &'a Json) -> Self {
        let comments = comments(source, std::iter::once(index));
        Self {
            source,
            index,
            value,
            comments,
        }
    }

    pub(super) fn text(&self) -> &'a str {
        self.source.text()
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.source.text().get(range).unwrap_or_default()
    }

    pub(super) fn json(&self, at: &Pointer) -> Option<&'a Json> {
        self.value.pointer(&at.to_string())
    }

    pub(super) fn entry(&self, at: &Pointer) -> Option<Entry<'_>> {
        self.index.entry(at)
    }

    pub(super) fn pointers(&self) -> Vec<Pointer> {
        self.index.pointers()
    }

    pub(super) fn shape(&self, at: &Pointer) -> Option<Shape> {
        let entry = self.entry(at)?;
        if entry.alias.is_some() {
            return Some(Shape::Alias);
        }
        if let Some(scalar) = entry.scalar {
            let absent = entry.value.is_empty();
            return Some(if absent {
                Shape::Absent
            } else {
                Shape::Scalar(scalar.style)
            });
        }
        let list = self.json(at).is_some_and(Json::is_array);
        let begins = self.slice(entry.value.start..self.text().len());
        Some(match (list, begins.chars().next()) {
            (false, Some('{')) => Shape::FlowMap,
            (false, _) => Shape::BlockMap,
            (true, Some('[')) => Shape::FlowList,
            (true, _) => Shape::BlockList,
        })
    }

    /// The keys that are written in a mapping itself, in the order of the text. What `<<` brings stands elsewhere.
    pub(super) fn members(&self, at: &Pointer) -> Vec<Member> {
        let (Some(Json::Object(members)), Some(holder)) = (self.json(at), self.entry(at)) else {
            return Vec::new();
        };
        let mut own: Vec<Member> = members
            .keys()
            .filter_map(|key| {
                let at = at.key(key.as_str());
                let key = self.entry(&at)?.key?;
                (key.start >= holder.value.start).then_some(Member { at, key })
            })
            .collect();
        own.sort_by_key(|member| member.key.start);
        own
    }

    /// The byte behind a value as it is written here.
    pub(super) fn end(&self, at: &Pointer) -> usize {
        let (Some(entry), Some(shape)) = (self.entry(at), self.shape(at)) else {
            return 0;
        };
        match shape {
            Shape::Alias => entry.alias.map_or(entry.value.end, |alias| alias.end),
            Shape::Scalar(style) => scalar(self.text(), entry.value, style).end,
            Shape::Absent | Shape::FlowMap | Shape::FlowList => entry.value.end,
            Shape::BlockMap => {
                let ends = self
                    .members(at)
                    .into_iter()
                    .map(|member| self.end(&member.at));
                ends.fold(entry.value.start, usize::max)
            }
            Shape::BlockList => {
                let items = self.json(at).and_then(Json::as_array).map_or(0, Vec::len);
                let ends = (0..items).map(|item| self.end(&at.index(item)));
                ends.fold(entry.value.start, usize::max)
            }
        }
    }

    /// The byte behind the colon of a key.
    pub(super) fn after_colon(&self, key: Span) -> usize {
        let rest = self.slice(key.end..self.text().len());
        rest.find(':').map_or(key.end, |at| key.end + at + 1)
    }

    pub(super) fn line_start(&self, byte: usize) -> usize {
        self.slice(0..byte).rfind('\n').map_or(0, |at| at + 1)
    }

    /// The end of the line of a byte, before its line break.
    pub(super) fn line_end(&self, byte: usize) -> usize {
        let rest = self.slice(byte..self.text().len());
        let line = rest.split('\n').next().unwrap_or_default();
        byte + line.trim_end_matches('\r').len()
    }

    /// The byte behind the line break that follows, or the end of the text.
    pub(super) fn next_line(&self, byte: usize) -> usize {
        let rest = self.slice(byte..self.text().len());
        rest.find('\n')
            .map_or(self.text().len(), |at| byte + at + 1)
    }

    /// How far from the beginning of its line a byte stands.
    pub(super) fn column(&self, byte: usize) -> usize {
        let before = self.slice(self.line_start(byte)..byte);
        before.trim_start_matches('\u{feff}').chars().count()
    }

    /// Whether nothing but space stands before a byte on its line.
    pub(super) fn begins_line(&self, byte: usize) -> bool {
        let before = self.slice(self.line_start(byte)..byte);
        before.trim_start_matches('\u{feff}').trim().is_empty()
    }

    /// The comments within a range, each with the byte it begins at.
    pub(super) fn comments(&self, within: &Range<usize>) -> Vec<(usize, &'a str)> {
        let inside =
            |comment: &&Range<usize>| within.start <= comment.start && comment.start < within.end;
        let found = self.comments.iter().filter(inside);
        found
            .map(|range| (range.start, self.slice(range.clone())))
            .collect()
    }
}

/// The comments of a file: a `#` at the beginning of a line or behind a space, outside every key and scalar.
pub(super) fn comments<'i>(
    source: &Source,
    documents: impl Iterator<Item = &'i SpanIndex>,
) -> Vec<Range<usize>> {
    let text = source.text();
    let mut opaque: Vec<Range<usize>> = Vec::new();
    for index in documents {
        for at in index.pointers() {
            let Some(entry) = index.entry(&at) else {
                continue;
            };
            opaque.extend(entry.key.map(Span::range));
            if let Some(scalar) = entry.scalar {
                opaque.push(content(text, entry.value, scalar.style));
            }
        }
    }
    opaque.sort_by_key(|range| (range.start, range.end));
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('#')) {
        let at = from + at;
        let before = text.get(..at).unwrap_or_default();
        let apart = before.is_empty() || before.ends_with(char::is_whitespace);
        let covered = opaque.iter().find(|range| range.contains(&at));
        match covered {
            Some(range) => from = range.end.max(at + 1),
            None if apart => {
                let line = text.get(at..).and_then(|rest| rest.split('\n').next());
                let length = line.unwrap_or_default().trim_end().len();
                found.push(at..at + length);
                from = at + length.max(1);
            }
            None => from = at + 1,
        }
    }
    found
}

/// The bytes of a scalar. What the reader gives of a block scalar goes on to the next token.
fn scalar(text: &str, span: Span, style: ScalarStyle) -> Range<usize> {
    match style {
        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => span.range(),
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let written = text.get(span.range()).unwrap_or_default();
            span.start..span.start + written.trim_end().len()
        }
    }
}

/// The bytes of a scalar in which `#` is text. A block scalar begins with a line that may have a comment.
fn content(text: &str, span: Span, style: ScalarStyle) -> Range<usize> {
    let whole = scalar(text, span, style);
    match style {
        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => whole,
        ScalarStyle::Literal | ScalarStyle::Folded => {
            let before = text.get(..whole.start).unwrap_or_default();
            let line = before.rsplit('\n').next().unwrap_or_default();
            if line.trim().is_empty() {
                // The reader begins at the text itself.
                return whole;
            }
            let written = text.get(whole.clone()).unwrap_or_default();
            let header = written.find('\n').map_or(whole.end, |at| whole.start + at);
            header..whole.end
        }
    }
}
