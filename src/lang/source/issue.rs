//! What can be wrong with a file as YAML. `lang::diag` turns these into texts.

use super::scalar::NumberProblem;
use super::text::{Source, Span};

/// One mistake at the level of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlIssue {
    pub kind: YamlIssueKind,
    /// The smallest piece of text that is wrong.
    pub span: Span,
    /// A second place that explains the first: the earlier key, the opening bracket.
    pub related: Option<Span>,
    /// The edit that would mend it, when there is one likely edit.
    pub fix: Option<Fix>,
}

/// Bytes to replace and what to put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum YamlIssueKind {
    /// The text is not YAML, for a reason below.
    Syntax(SyntaxCause),
    TabIndentation,
    /// A key that its mapping already has. `related` is the first one.
    DuplicateKey {
        key: String,
    },
    /// `{ reason: no job, or off }`: the text after the comma became a key. `related` is the
    /// value before the comma.
    CommaInFlow,
    UnquotedTemplate,
    UnquotedExpression,
    UnquotedPath,
    /// Aliases expand to more than the budget. The span is the alias that crossed it.
    AliasBomb {
        limit: usize,
    },
    /// The file itself has more values than the budget.
    TooMany {
        limit: usize,
    },
    TooDeep {
        limit: usize,
    },
    TooLarge {
        bytes: usize,
        limit: usize,
    },
    UnknownTag {
        tag: String,
    },
    /// An alias without an anchor above it in the same document.
    UnknownAnchor {
        name: String,
        /// The last anchors that stand above it, at most twenty.
        anchors: Vec<String>,
    },
    /// An alias inside the value it stands for. `related` is that value.
    AliasLoop {
        name: String,
    },
    /// `<<` with something that is neither a mapping nor a list of mappings.
    BadMergeKey,
    /// A list, a mapping or nothing where a key is expected.
    NonTextKey,
    EmptyDocument,
    BadNumber {
        text: String,
        problem: NumberProblem,
    },
}

/// The likely reason why the text is not YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxCause {
    /// `a: b: c`
    ColonInText,
    /// A key without its colon: the line is read as text and runs on into the next.
    MissingColon,
    /// `key:value`: to YAML that is one text.
    NoSpaceAfterColon,
    /// Two values in a flow list or mapping without a comma between them.
    MissingComma,
    /// Deeper or shallower than any block that is open.
    Indentation,
    /// `"` or `'` that is never closed.
    UnclosedQuote { quote: char },
    /// `'it's'`
    QuoteInsideQuotes { quote: char },
    /// `[` or `{` that is never closed.
    UnclosedBracket { open: char },
    /// `[ }`, or a closing bracket without an opening one.
    StrayBracket { close: char },
    /// A plain text that begins with a character YAML keeps for itself.
    ReservedStart { character: char },
    /// `\q` inside double quotes.
    UnknownEscape,
    /// `key: - item`
    ListOnKeyLine,
    /// `key: | text`, `key: > 5`
    TextAfterBlockMark,
    /// Something after a value that is already complete.
    TrailingText,
    /// None of the above; what the parser says.
    Other { says: String },
}

impl YamlIssue {
    pub(super) fn new(kind: YamlIssueKind, span: Span) -> Self {
        Self {
            kind,
            span,
            related: None,
            fix: None,
        }
    }

    pub(super) fn related(mut self, span: Span) -> Self {
        self.related = Some(span);
        self
    }

    pub(super) fn fix(mut self, span: Span, replacement: String) -> Self {
        self.fix = Some(Fix { span, replacement });
        self
    }

    /// True if another issue stands on the line of this one: it came of the same mistake.
    pub(super) fn covers_line_of(&self, other: &YamlIssue, source: &Source) -> bool {
        source.line_of(self.span.start) == source.line_of(other.span.start)
    }

    /// True if the document cannot be used at all, so that nothing else is said about it.
    pub fn is_fatal(&self) -> bool {
        match self.kind {
            YamlIssueKind::Syntax(_)
            | YamlIssueKind::TabIndentation
            | YamlIssueKind::AliasBomb { .. }
            | YamlIssueKind::TooMany { .. }
            | YamlIssueKind::TooDeep { .. }
            | YamlIssueKind::TooLarge { .. }
            | YamlIssueKind::EmptyDocument => true,
            YamlIssueKind::DuplicateKey { .. }
            | YamlIssueKind::CommaInFlow
            | YamlIssueKind::UnquotedTemplate
            | YamlIssueKind::UnquotedExpression
            | YamlIssueKind::UnquotedPath
            | YamlIssueKind::UnknownTag { .. }
            | YamlIssueKind::UnknownAnchor { .. }
            | YamlIssueKind::AliasLoop { .. }
            | YamlIssueKind::BadMergeKey
            | YamlIssueKind::NonTextKey
            | YamlIssueKind::BadNumber { .. } => false,
        }
    }
}
