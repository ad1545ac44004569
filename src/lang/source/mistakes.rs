//! From the place where a parser gave up to the mistake a person made.
//!
//! A parser stops where the text stops making sense, which is often behind the mistake. For the
//! mistakes people really make this file finds the text that was meant, and the edit that mends
//! it. Where it cannot tell, it says what the parser said.

use std::ops::Range;

use super::align;
use super::build::{Builder, Frame, Notation, Shape};
use super::issue::{SyntaxCause, YamlIssue, YamlIssueKind};
use super::line::{self, Around};
use super::quote::quoted;
use super::text::{Source, Span};
use super::trouble::Trouble;

/// The likely cause of a syntax error at byte `at`.
pub(super) fn diagnose(
    source: &Source,
    at: usize,
    trouble: &Trouble,
    builder: &Builder<'_>,
) -> YamlIssue {
    let scene = Scene::new(source, at, builder);
    if let Some(issue) = scene.tab(trouble) {
        return issue;
    }
    match trouble {
        Trouble::Tab => scene.other("a tab stands where only spaces may"),
        Trouble::AfterQuote { quote } => scene.after_quote(*quote),
        Trouble::OpenQuote => scene.open_quote(),
        Trouble::OpenBracket { closed_by } => scene.open_bracket(*closed_by),
        Trouble::StrayBracket => scene.stray_bracket(),
        Trouble::Separator => scene.separator(),
        Trouble::Colon => scene.colon(),
        Trouble::NoColon => scene.no_colon(),
        Trouble::Indentation => scene.indentation(),
        Trouble::Reserved { character } => scene.reserved(*character),
        Trouble::Escape => scene.escape(),
        Trouble::List => scene.marked(SyntaxCause::ListOnKeyLine),
        Trouble::BlockMark => scene.block_mark(),
        Trouble::TooDeep => {
            let limit = builder.depth_limit();
            YamlIssue::new(YamlIssueKind::TooDeep { limit }, scene.here())
        }
        Trouble::Other { says } => scene.other(says),
    }
}

/// The text around the place where the parser gave up.
struct Scene<'a> {
    source: &'a Source,
    text: &'a str,
    at: usize,
    /// The value that place belongs to.
    value: Span,
    frames: &'a [Frame],
    last_scalar: Option<Span>,
}

impl<'a> Scene<'a> {
    fn new(source: &'a Source, at: usize, builder: &'a Builder<'_>) -> Self {
        let text = source.text();
        let line = line::line_at(text, at);
        let frames = builder.open_frames();
        let open = |frame: &Frame| frame.notation == Notation::Flow && frame.start < line.start;
        let around = if frames.iter().any(open) {
            Around::Flow
        } else {
            Around::Block
        };
        let value = source.span(line::value_at(text, at, around));
        Self {
            source,
            text,
            at,
            value,
            frames,
            last_scalar: builder.last_scalar(),
        }
    }

    fn value_text(&self) -> &str {
        self.source.slice(self.value)
    }

    fn rest(&self, from: usize) -> &str {
        self.text.get(from..).unwrap_or_default()
    }

    /// The character where the parser gave up; nothing at the end of the file.
    fn here(&self) -> Span {
        let next = self
            .rest(self.at)
            .chars()
            .next()
            .filter(|c| !matches!(c, '\n' | '\r'));
        self.source
            .span(self.at..self.at + next.map_or(0, char::len_utf8))
    }

    fn other(&self, says: &str) -> YamlIssue {
        syntax(
            SyntaxCause::Other {
                says: says.to_owned(),
            },
            self.here(),
        )
    }

    /// The whole value, with quotes around it as the fix.
    fn needs_quotes(&self, kind: YamlIssueKind) -> YamlIssue {
        YamlIssue::new(kind, self.value).fix(self.value, quoted(self.value_text()))
    }

    /// Marks from where the parser gave up to the end of the value.
    fn marked(&self, cause: SyntaxCause) -> YamlIssue {
        let line = line::line_at(self.text, self.at);
        let end = self.value.end.max(self.at).min(line.end.max(self.at));
        let span = self.source.span(self.at..end);
        syntax(cause, if span.is_empty() { self.here() } else { span })
    }

    /// An unquoted template is the likeliest reason for whatever went wrong in its value.
    fn template(&self) -> Option<YamlIssue> {
        let value = self.value_text();
        let found = value.contains("{{") || value.contains("{%");
        let quoted = value.starts_with(['"', '\'', '|', '>']);
        (found && !quoted).then(|| self.needs_quotes(YamlIssueKind::UnquotedTemplate))
    }

    fn tab(&self, trouble: &Trouble) -> Option<YamlIssue> {
        let mut starts = vec![line::line_at(self.text, self.at)];
        if *trouble == Trouble::Tab
            && let Some(first) = starts.first()
        {
            // A plain text is read on into the next line before its tab is met.
            let next = self
                .rest(first.end)
                .find('\n')
                .map(|feed| first.end + feed + 1);
            starts.extend(next.map(|next| line::line_at(self.text, next)));
        }
        let found = starts.into_iter().find_map(|line| {
            let line_text = self.text.get(line.clone())?;
            let indent = line_text.len() - line_text.trim_start_matches([' ', '\t']).len();
            let indent = line_text.get(..indent)?;
            let tab = line.start + indent.find('\t')?;
            Some((tab..line.start + indent.len(), indent.matches('\t').count()))
        });
        // A colon or bracket mistake on a line that happens to begin with a tab is its own.
        let (range, tabs) = found.filter(|(range, _)| {
            matches!(trouble, Trouble::Tab | Trouble::Indentation) || self.at <= range.end
        })?;
        let span = self.source.span(range.clone());
        let spaces = " ".repeat(range.len() + tabs);
        Some(YamlIssue::new(YamlIssueKind::TabIndentation, span).fix(span, spaces))
    }

    fn after_quote(&self, quote: char) -> YamlIssue {
        let before = self.text.get(..self.at).unwrap_or_default();
        let starts_quoted = self.value_text().starts_with(quote);
        if before.ends_with(quote) && !self.rest(self.at).starts_with(['"', '\'', '~', '|']) {
            let quote_at = self.source.span(self.at - 1..self.at);
            let cause = SyntaxCause::QuoteInsideQuotes { quote };
            return syntax(cause, quote_at);
        }
        if self.rest(self.at).starts_with(['"', '\'']) && self.in_flow() {
            return syntax(SyntaxCause::MissingComma, self.here());
        }
        if starts_quoted {
            return self.needs_quotes(YamlIssueKind::UnquotedExpression);
        }
        self.marked(SyntaxCause::TrailingText)
    }

    fn in_flow(&self) -> bool {
        self.innermost_flow().is_some()
    }

    fn innermost_flow(&self) -> Option<&Frame> {
        self.frames
            .iter()
            .rfind(|frame| frame.notation == Notation::Flow)
    }

    fn open_quote(&self) -> YamlIssue {
        let quote = self.rest(self.at).chars().next().unwrap_or('"');
        let line = line::line_at(self.text, self.at);
        let text = self.text.get(self.at..line.end).unwrap_or_default();
        let span = self.source.span(self.at..self.at + text.trim_end().len());
        syntax(SyntaxCause::UnclosedQuote { quote }, span)
    }

    fn open_bracket(&self, closed_by: Option<char>) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let open_here = self
            .rest(self.at)
            .chars()
            .next()
            .filter(|c| matches!(c, '[' | '{'));
        let (start, open) = match (open_here, self.innermost_flow()) {
            (Some(open), _) => (self.at, open),
            (None, Some(frame)) => (frame.start, bracket(frame)),
            (None, None) => (self.at, '['),
        };
        let span = self.source.span(start..start + 1);
        let issue = syntax(SyntaxCause::UnclosedBracket { open }, span);
        let closing = closed_by.and_then(|close| Some(start + self.rest(start).find(close)?));
        match closing {
            Some(at) => issue.related(self.source.span(at..at + 1)),
            None => issue,
        }
    }

    fn stray_bracket(&self) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let close = self.rest(self.at).chars().next().unwrap_or(']');
        let issue = syntax(SyntaxCause::StrayBracket { close }, self.here());
        match self.innermost_flow() {
            Some(frame) => issue.related(self.source.span(frame.start..frame.start + 1)),
            None => issue,
        }
    }

    fn separator(&self) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let next = self.rest(self.at).trim_start_matches([' ', '\t']);
        if next.starts_with('[') && self.value_text().starts_with('$') {
            return self.needs_quotes(YamlIssueKind::UnquotedPath);
        }
        if next.starts_with(['[', '{']) && self.value.start < self.at {
            return self.needs_quotes(YamlIssueKind::UnquotedExpression);
        }
        let line = line::line_at(self.text, self.at);
        match self
            .innermost_flow()
            .filter(|frame| frame.start < line.start)
        {
            Some(frame) => {
                let cause = SyntaxCause::UnclosedBracket {
                    open: bracket(frame),
                };
                let span = self.source.span(frame.start..frame.start + 1);
                syntax(cause, span).related(self.here())
            }
            None => syntax(SyntaxCause::MissingComma, self.here()),
        }
    }

    fn colon(&self) -> YamlIssue {
        let line = line::line_at(self.text, self.at);
        let plain = self.last_scalar.filter(|scalar| {
            scalar.end >= line.start && scalar.start < line.start && scalar.end <= self.at
        });
        if let Some(scalar) = plain {
            return self.run_on(scalar, line.start);
        }
        let value = self.value_text();
        let indent = self
            .text
            .get(line.start..self.value.start)
            .unwrap_or_default();
        if indent.trim_start_matches([' ', '-']).is_empty() || value.is_empty() {
            return self.marked(SyntaxCause::Indentation);
        }
        if value.ends_with(':') {
            return syntax(SyntaxCause::ColonInText, self.value);
        }
        self.needs_quotes(YamlIssueKind::Syntax(SyntaxCause::ColonInText))
    }

    /// A plain text that ran on into a line which has a colon.
    fn run_on(&self, scalar: Span, line_start: usize) -> YamlIssue {
        let first_line = line::line_at(self.text, scalar.start);
        let before = self
            .text
            .get(first_line.start..scalar.start)
            .unwrap_or_default();
        if before.trim_start_matches([' ', '-']).is_empty() {
            return self.missing_colon(scalar.start..first_line.end);
        }
        let line = self.rest(line_start);
        let indent = line.len() - line.trim_start_matches(' ').len();
        let key = self.source.span(line_start + indent..self.at);
        let key = if key.is_empty() { self.here() } else { key };
        syntax(SyntaxCause::Indentation, key).related(
            self.source
                .span(scalar.start..scalar.start + first_line.end.saturating_sub(scalar.start)),
        )
    }

    fn no_colon(&self) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let line = line::line_at(self.text, self.at);
        let text = self.text.get(line.clone()).unwrap_or_default();
        let indent = text.len() - text.trim_start().len();
        self.missing_colon(line.start + indent..line.end)
    }

    /// A line of text where a key is expected: without a colon, or with a colon that YAML reads
    /// as part of the text because no space follows.
    fn missing_colon(&self, line: Range<usize>) -> YamlIssue {
        let text = self.text.get(line.clone()).unwrap_or_default().trim_end();
        let span = self.source.span(line.start..line.start + text.len());
        let Some(colon) = text.find(':').filter(|_| !text.contains("://")) else {
            return syntax(SyntaxCause::MissingColon, span);
        };
        let colon = self.source.span(line.start + colon..line.start + colon + 1);
        let issue = syntax(SyntaxCause::NoSpaceAfterColon, colon);
        issue.fix(colon, ": ".to_owned())
    }

    fn indentation(&self) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let line = line::line_at(self.text, self.at);
        let before = self.text.get(line.start..self.at).unwrap_or_default();
        if !before.trim_start_matches([' ', '-']).is_empty() {
            return self.marked(SyntaxCause::TrailingText);
        }
        let text = self.text.get(line.clone()).unwrap_or_default();
        let start = line.start + text.len() - text.trim_start_matches(' ').len();
        let word = self
            .rest(start)
            .split([':', ' ', '\n', '\r'])
            .next()
            .unwrap_or_default();
        let span = self.source.span(start..start + word.len());
        syntax(
            SyntaxCause::Indentation,
            if span.is_empty() { self.here() } else { span },
        )
    }

    fn reserved(&self, character: char) -> YamlIssue {
        if let Some(issue) = self.template() {
            return issue;
        }
        let value = self.value_text();
        if value.starts_with('$') {
            return self.needs_quotes(YamlIssueKind::UnquotedPath);
        }
        let character = value
            .chars()
            .next()
            .filter(|c| "*&!%@`".contains(*c))
            .unwrap_or(character);
        self.needs_quotes(YamlIssueKind::Syntax(SyntaxCause::ReservedStart {
            character,
        }))
    }

    fn escape(&self) -> YamlIssue {
        let mut chars = self.rest(self.at).char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                continue;
            }
            let Some((_, letter)) = chars.next() else {
                break;
            };
            let start = self.at + at;
            let digits = self.rest(start + 1 + letter.len_utf8());
            let wanted = align::hex_digits(letter);
            let good = digits
                .chars()
                .take(wanted)
                .take_while(char::is_ascii_hexdigit)
                .count();
            if !align::is_escape(letter) || good < wanted {
                let shown = digits
                    .chars()
                    .take(wanted)
                    .take_while(|c| *c != '"' && *c != '\n');
                let length = 1 + letter.len_utf8() + shown.map(char::len_utf8).sum::<usize>();
                let span = self.source.span(start..start + length);
                return syntax(SyntaxCause::UnknownEscape, span);
            }
        }
        self.open_quote()
    }

    /// `when: > 5` meant a text, `text: | more` meant a block.
    fn block_mark(&self) -> YamlIssue {
        self.needs_quotes(YamlIssueKind::Syntax(SyntaxCause::TextAfterBlockMark))
    }
}

fn bracket(frame: &Frame) -> char {
    match frame.shape {
        Shape::Seq => '[',
        Shape::Map => '{',
    }
}

fn syntax(cause: SyntaxCause, span: Span) -> YamlIssue {
    YamlIssue::new(YamlIssueKind::Syntax(cause), span)
}
