//! The only file that knows the YAML library: its events go to the builder, its errors to
//! [`mistakes`] as a [`Trouble`].

use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle as Style, StructureStyle, Tag};
use serde_json::Value;

use super::build::{self, Builder, Notation, Properties, Shape, Stop};
use super::index::SpanIndex;
use super::issue::{YamlIssue, YamlIssueKind};
use super::mistakes;
use super::node::{Node, ScalarStyle};
use super::scalar::CoreTag;
use super::text::{Source, Span, ceil_boundary};
use super::trouble::Trouble;

/// What one file may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub bytes: usize,
    /// Keys and values of all documents of the file, with every alias expanded.
    pub nodes: usize,
    /// Lists and mappings inside each other.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 4 << 20,
            nodes: 100_000,
            depth: 64,
        }
    }
}

/// One document of a file.
#[derive(Clone, Debug)]
pub struct ParsedDocument {
    /// `None` when the document could not be read; one of `issues` says why.
    pub value: Option<Value>,
    pub index: SpanIndex,
    /// The whole document, from its first to its last value.
    pub span: Span,
    pub issues: Vec<YamlIssue>,
}

/// Reads all documents of a file within the default [`Limits`]. There is always at least one.
pub fn read(source: &Source) -> Vec<ParsedDocument> {
    read_within(source, Limits::default())
}

/// Reads all documents of a file. After a syntax error the next document is read on; after a
/// spent budget nothing is.
pub fn read_within(source: &Source, limits: Limits) -> Vec<ParsedDocument> {
    let bytes = source.text().len();
    if bytes > limits.bytes {
        let kind = YamlIssueKind::TooLarge {
            bytes,
            limit: limits.bytes,
        };
        return vec![unreadable(
            source,
            0..0,
            vec![YamlIssue::new(kind, source.span(0..0))],
        )];
    }
    let mut builder = Builder::new(source, limits);
    let mut documents = Vec::new();
    let mut start = Some(0);
    while let Some(from) = start {
        start = read_from(source, from, &mut builder, &mut documents);
    }
    if documents.is_empty() {
        let issue = YamlIssue::new(YamlIssueKind::EmptyDocument, source.span(0..0));
        documents.push(unreadable(source, 0..0, vec![issue]));
    }
    documents
}

/// Reads documents from a byte on, up to the first syntax error; then says where to go on.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum may grow, and has other variants with other features"
)]
fn read_from(
    source: &Source,
    from: usize,
    builder: &mut Builder<'_>,
    documents: &mut Vec<ParsedDocument>,
) -> Option<usize> {
    let text = source.text().get(from..)?;
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
    };
    options.set_emit_comments(false);
    let span = |span: granit_parser::Span| {
        let range = span.byte_range().unwrap_or_default();
        source.span(from + range.start..from + range.end)
    };
    let mut began = from;
    let mut between = false;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, at) = match event {
            Ok((event, at)) => (event, at),
            Err(error) => {
                let offset = from + error.marker().byte_offset().unwrap_or(0);
                let issue = mistakes::diagnose(source, offset, &trouble(error.kind()), builder);
                let (_, mut issues) = builder.take();
                if between && let Some(cut_short) = documents.pop() {
                    // The parser took the start of a document for the whole of it.
                    issues = cut_short.issues;
                    began = cut_short.span.start;
                }
                issues.retain(|earlier| !issue.covers_line_of(earlier, source));
                issues.push(issue);
                documents.push(unreadable(source, began..offset, issues));
                return next_document(source.text(), offset.max(began + 1));
            }
        };
        let properties = |anchor: usize, tag: Option<&Tag>| Properties {
            anchor: (anchor != 0).then_some(anchor),
            tag: tag.map(|tag| build::Tag {
                span: span(at.tag_span().unwrap_or(at)),
                core: tag.core_suffix().and_then(core_tag),
            }),
        };
        let done = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let properties = properties(anchor, tag.as_deref());
                builder.scalar(span(at), &text, scalar_style(style), &properties)
            }
            Event::SequenceStart(style, anchor, tag) => {
                let properties = properties(anchor, tag.as_deref());
                builder.open(span(at).start, Shape::Seq, notation(style), &properties)
            }
            Event::MappingStart(style, anchor, tag) => {
                let properties = properties(anchor, tag.as_deref());
                builder.open(span(at).start, Shape::Map, notation(style), &properties)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                builder.close(span(at).end);
                Ok(())
            }
            Event::Anchor(_, name) => {
                builder.anchor_name(&name);
                Ok(())
            }
            Event::Alias(id) => builder.alias(id, span(at)),
            Event::UnresolvedAlias(_) => builder.unknown_alias(span(at)),
            Event::DocumentStart(..) => {
                began = span(at).start;
                between = false;
                Ok(())
            }
            Event::DocumentEnd => {
                let (root, issues) = builder.take();
                documents.push(document(source, began, root, issues));
                between = true;
                Ok(())
            }
            // The ends of the stream; comments, which are not asked for.
            _ => Ok(()),
        };
        if done == Err(Stop) {
            let (_, issues) = builder.take();
            documents.push(unreadable(source, began..began, issues));
            return None;
        }
    }
    None
}

fn document(
    source: &Source,
    began: usize,
    root: Option<Node>,
    mut issues: Vec<YamlIssue>,
) -> ParsedDocument {
    let root = root.filter(|root| !root.is_absent() || root.is_broken_alias());
    let Some(root) = root else {
        issues.push(YamlIssue::new(
            YamlIssueKind::EmptyDocument,
            source.span(began..began),
        ));
        return unreadable(source, began..began, issues);
    };
    let value = root.to_json(&mut issues);
    issues.sort_by_key(|issue| issue.span);
    // A bad number behind an alias is met once per alias.
    issues.dedup();
    let span = root.span;
    ParsedDocument {
        value: Some(value),
        index: SpanIndex::new(source.clone(), root),
        span,
        issues,
    }
}

/// A document whose content cannot be used.
fn unreadable(source: &Source, range: Range<usize>, issues: Vec<YamlIssue>) -> ParsedDocument {
    let span = source.span(range);
    let index = SpanIndex::new(source.clone(), Node::absent(span.at_start()));
    ParsedDocument {
        value: None,
        index,
        span,
        issues,
    }
}

/// The next line that begins a document. `---` at the start of a line always does, also inside
/// what would be a quoted or block scalar.
fn next_document(text: &str, after: usize) -> Option<usize> {
    let after = ceil_boundary(text, after);
    let starts = text
        .get(after..)?
        .match_indices("\n---")
        .map(|(at, _)| after + at + 1);
    let mut starts = starts.filter(|at| {
        let rest = text.get(at + 3..).unwrap_or_default();
        rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r'])
    });
    starts.next()
}

fn scalar_style(style: Style) -> ScalarStyle {
    match style {
        Style::Plain => ScalarStyle::Plain,
        Style::SingleQuoted => ScalarStyle::SingleQuoted,
        Style::DoubleQuoted => ScalarStyle::DoubleQuoted,
        Style::Literal => ScalarStyle::Literal,
        Style::Folded => ScalarStyle::Folded,
    }
}

fn notation(style: StructureStyle) -> Notation {
    match style {
        StructureStyle::Block => Notation::Block,
        StructureStyle::Flow => Notation::Flow,
    }
}

fn core_tag(suffix: &str) -> Option<CoreTag> {
    Some(match suffix {
        "str" => CoreTag::Str,
        "int" => CoreTag::Int,
        "float" => CoreTag::Float,
        "bool" => CoreTag::Bool,
        "null" => CoreTag::Null,
        "seq" => CoreTag::Seq,
        "map" => CoreTag::Map,
        _ => return None,
    })
}

/// Sorts the parser's errors by what a person has probably done.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum may grow"
)]
fn trouble(kind: &ErrorKind) -> Trouble {
    match kind {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => Trouble::Tab,
        ErrorKind::InvalidTrailingSingleQuotedScalar => Trouble::AfterQuote { quote: '\'' },
        ErrorKind::InvalidTrailingDoubleQuotedScalar => Trouble::AfterQuote { quote: '"' },
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            Trouble::OpenQuote
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => Trouble::OpenBracket { closed_by: None },
        ErrorKind::MismatchedFlowCollectionEnd { close, .. } => Trouble::OpenBracket {
            closed_by: Some(*close),
        },
        ErrorKind::MisplacedFlowCollectionEnd => Trouble::StrayBracket,
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement => Trouble::Separator,
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => {
            Trouble::Colon
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => Trouble::NoColon,
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::ExpectedDocumentStart
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidBlockScalarIndent
        | ErrorKind::InvalidQuotedScalarIndent
        | ErrorKind::InvalidFlowScalarIndent
        | ErrorKind::MappingKeyNotAllowed => Trouble::Indentation,
        ErrorKind::UnexpectedCharacter { character } => Trouble::Reserved {
            character: *character,
        },
        ErrorKind::MissingAnchorOrAliasName => Trouble::Reserved { character: '*' },
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => Trouble::Escape,
        ErrorKind::BlockSequenceEntryNotAllowed | ErrorKind::InvalidBlockEntryWhitespace => {
            Trouble::List
        }
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::ZeroBlockScalarIndent => {
            Trouble::BlockMark
        }
        ErrorKind::RecursionLimitExceeded => Trouble::TooDeep,
        other => Trouble::Other {
            says: other.to_string(),
        },
    }
}
