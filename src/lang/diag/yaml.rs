//! The texts of mistakes at the level of YAML.

use super::code::Code;
use super::diagnostic::Diagnostic;
use super::suggest;
use crate::lang::source::{NumberProblem, Source, SyntaxCause, YamlIssue, YamlIssueKind};

/// Says an issue of a file in words.
pub fn from_issue(source: &Source, issue: &YamlIssue) -> Diagnostic {
    let written = source.slice(issue.span);
    let new = |code, headline: &str| Diagnostic::new(code, issue.span, headline);
    let diagnostic = match &issue.kind {
        YamlIssueKind::Syntax(cause) => syntax(source, issue, cause),
        YamlIssueKind::TabIndentation => new(Code::TabIndentation, "a tab in the indentation")
            .label("YAML indents with spaces only")
            .help("replace it with spaces, as many as the lines around it use"),
        YamlIssueKind::DuplicateKey { key } => {
            let headline = format!("the key `{key}` is there twice");
            new(Code::DuplicateKey, &headline).label("the second one")
        }
        YamlIssueKind::CommaInFlow => {
            let headline = format!("`{}` became a key without a value", one_line(written));
            new(Code::CommaInFlow, &headline)
                .label("the comma ends the value before it")
                .help("put the whole text in quotes, or give the key a value")
        }
        YamlIssueKind::UnquotedTemplate => new(Code::UnquotedTemplate, "a template without quotes")
            .label("YAML reads `{` as the start of a mapping"),
        YamlIssueKind::UnquotedExpression => new(
            Code::UnquotedExpression,
            "an expression that YAML cannot read without quotes",
        )
        .label(expression_label(written)),
        YamlIssueKind::UnquotedPath => {
            new(Code::UnquotedPath, "a path without quotes inside brackets")
                .label("inside `{ }` and `[ ]`, YAML reads `[` as the start of a list")
        }
        YamlIssueKind::AliasBomb { limit } => {
            let headline = format!("aliases expand to more than {} values", grouped(*limit));
            new(Code::AliasBomb, &headline)
                .label("this alias goes beyond the limit")
                .help("write out less by alias: an alias to a list of aliases multiplies")
        }
        YamlIssueKind::TooMany { limit } => {
            let headline = format!("the file holds more than {} values", grouped(*limit));
            new(Code::TooLarge, &headline)
                .label("this value goes beyond the limit")
                .help("split it into several files")
        }
        YamlIssueKind::TooLarge { bytes, limit } => {
            let (bytes, limit) = (grouped(*bytes), grouped(*limit));
            new(
                Code::TooLarge,
                &format!("the file has {bytes} bytes; the limit is {limit}"),
            )
            .help("split it into several files")
        }
        YamlIssueKind::TooDeep { limit } => new(
            Code::TooDeep,
            &format!("more than {limit} levels of lists and mappings"),
        )
        .label("this one is too deep")
        .help("look for a bracket that was never closed"),
        YamlIssueKind::UnknownTag { tag } if tag.starts_with("!!") => new(
            Code::UnknownTag,
            &format!("the tag `{tag}` does not fit its value"),
        )
        .label("the value is not of this type")
        .help("remove it: a value has the type it is written as"),
        YamlIssueKind::UnknownTag { tag } => new(
            Code::UnknownTag,
            &format!("the tag `{tag}` means nothing here"),
        )
        .label("YAML calls this a tag")
        .help("remove it; a text that begins with `!` needs quotes"),
        YamlIssueKind::UnknownAnchor { name, anchors } => new(
            Code::UnknownAnchor,
            &format!("no anchor `&{name}` stands above `*{name}`"),
        )
        .label("an alias to nothing")
        .help_opt(anchor_help(name, anchors)),
        YamlIssueKind::AliasLoop { name } => new(
            Code::AliasLoop,
            &format!("`*{name}` stands inside the value it stands for"),
        )
        .label("would repeat without end"),
        YamlIssueKind::BadMergeKey => new(Code::BadMergeKey, "`<<` merges mappings only")
            .label("neither a mapping nor a list of mappings")
            .help("write `<<: *name`, or `<<: [*one, *two]` where the earlier wins"),
        YamlIssueKind::NonTextKey => new(Code::NonTextKey, "a key that is no text")
            .label("a key is a single word or text")
            .help("a number may be a key (`2010000001: x`); a list, a mapping or nothing may not"),
        YamlIssueKind::EmptyDocument => new(Code::EmptyDocument, "the document is empty")
            .help("begin it with `kind:` and `name:`, or remove it"),
        YamlIssueKind::BadNumber { text, problem } => number(issue, text, *problem),
    };
    with_places(source, diagnostic, issue)
}

/// The second place and the edit of an issue, which most kinds share.
fn with_places(source: &Source, mut diagnostic: Diagnostic, issue: &YamlIssue) -> Diagnostic {
    if let Some(related) = issue.related {
        diagnostic = diagnostic.also(related, related_label(&issue.kind));
    }
    let Some(fix) = &issue.fix else {
        return diagnostic;
    };
    let quotes = fix.replacement.len() >= source.slice(fix.span).len() + 2;
    if quotes && issue.kind != YamlIssueKind::TabIndentation {
        diagnostic
            .help
            .insert(0, format!("put it in quotes: `{}`", fix.replacement));
        if issue.kind == YamlIssueKind::CommaInFlow {
            diagnostic.help.truncate(1);
        }
    }
    diagnostic.patch(fix.span, &fix.replacement)
}

fn related_label(kind: &YamlIssueKind) -> &'static str {
    match kind {
        YamlIssueKind::DuplicateKey { .. } => "the first one",
        YamlIssueKind::CommaInFlow => "this value ends at the comma",
        YamlIssueKind::AliasLoop { .. } => "the value begins here",
        YamlIssueKind::Syntax(cause) => match cause {
            SyntaxCause::UnclosedBracket { .. } => "here something else is expected",
            SyntaxCause::StrayBracket { .. } => "this bracket is open",
            SyntaxCause::Indentation => "the key above has this value already",
            SyntaxCause::ColonInText
            | SyntaxCause::MissingColon
            | SyntaxCause::NoSpaceAfterColon
            | SyntaxCause::MissingComma
            | SyntaxCause::UnclosedQuote { .. }
            | SyntaxCause::QuoteInsideQuotes { .. }
            | SyntaxCause::ReservedStart { .. }
            | SyntaxCause::UnknownEscape
            | SyntaxCause::ListOnKeyLine
            | SyntaxCause::TextAfterBlockMark
            | SyntaxCause::TrailingText
            | SyntaxCause::Other { .. } => "",
        },
        YamlIssueKind::TabIndentation
        | YamlIssueKind::UnquotedTemplate
        | YamlIssueKind::UnquotedExpression
        | YamlIssueKind::UnquotedPath
        | YamlIssueKind::AliasBomb { .. }
        | YamlIssueKind::TooMany { .. }
        | YamlIssueKind::TooDeep { .. }
        | YamlIssueKind::TooLarge { .. }
        | YamlIssueKind::UnknownTag { .. }
        | YamlIssueKind::UnknownAnchor { .. }
        | YamlIssueKind::BadMergeKey
        | YamlIssueKind::NonTextKey
        | YamlIssueKind::EmptyDocument
        | YamlIssueKind::BadNumber { .. } => "",
    }
}

fn syntax(source: &Source, issue: &YamlIssue, cause: &SyntaxCause) -> Diagnostic {
    let new = |headline: &str| Diagnostic::new(Code::YamlSyntax, issue.span, headline);
    match cause {
        SyntaxCause::ColonInText if issue.fix.is_none() => new("two keys on one line")
            .label("a key behind a key")
            .help("begin the inner mapping on the next line, two spaces deeper"),
        SyntaxCause::ColonInText => {
            new("a colon and a space inside a text").label("YAML reads this as a key and its value")
        }
        SyntaxCause::MissingColon => new("a key without a colon")
            .label("a key is expected here")
            .help("write `key: value`; a text of several lines needs `|` or `>-` after its key"),
        SyntaxCause::NoSpaceAfterColon => new("a colon without a space behind it")
            .label("to YAML this is one word")
            .help("put a space after the colon"),
        SyntaxCause::MissingComma => new("two values without a comma between them")
            .label("a comma or the closing bracket is expected here")
            .help("put a comma before it; a text with brackets or quotes in it needs quotes"),
        SyntaxCause::Indentation => new("a line that is indented like none around it")
            .label("belongs to no list or mapping that is open here")
            .help("lines of one list or mapping begin in the same column"),
        SyntaxCause::UnclosedQuote { quote } => new("a quote that is never closed")
            .label(format!("no `{quote}` closes this"))
            .help(format!("put `{quote}` at the end of the text")),
        SyntaxCause::QuoteInsideQuotes { quote } => {
            let help = match quote {
                '"' => {
                    "write `\\\"` for a quote inside double quotes, or use single quotes around it"
                }
                _ => "write `''` for a quote inside single quotes, or use double quotes around it",
            };
            new("a quote inside a quoted text")
                .label("the text ends at this quote")
                .help(help)
        }
        SyntaxCause::UnclosedBracket { open } => new("a bracket that is not closed")
            .label(format!("no `{}` closes this", closing(*open)))
            .help(format!(
                "put `{}` where the list or mapping ends",
                closing(*open)
            )),
        SyntaxCause::StrayBracket { close } => new("a closing bracket without an opening one")
            .label(format!(
                "nothing opened with `{}` ends here",
                opening(*close)
            ))
            .help("remove it, or put the text it belongs to in quotes"),
        SyntaxCause::ReservedStart { character } => {
            let headline = format!("a text that begins with `{character}`");
            Diagnostic::new(Code::YamlSyntax, issue.span, headline).label(reserved(*character))
        }
        SyntaxCause::UnknownEscape => {
            let written = source.slice(issue.span);
            let headline = format!("`{written}` is no escape of double quotes");
            Diagnostic::new(Code::YamlSyntax, issue.span, headline)
                .label("a backslash begins an escape here")
                .help("write `\\\\` for a backslash, or put the text in single quotes")
        }
        SyntaxCause::ListOnKeyLine => new("a list on the line of its key")
            .label("the first `-` belongs on the next line")
            .help("begin the list on its own line, or write it in brackets: `[a, b]`"),
        SyntaxCause::TextAfterBlockMark => new("a text on the line of `|` or `>`")
            .label("`|` and `>` at the start of a value announce lines below")
            .help("for a text of several lines, begin it on the next line"),
        SyntaxCause::TrailingText => new("something behind a value that is complete")
            .label("the value ended before this")
            .help("put the whole value in quotes, or remove what is left over"),
        SyntaxCause::Other { says } => new("the text is not YAML").label(says.as_str()),
    }
}

fn number(issue: &YamlIssue, text: &str, problem: NumberProblem) -> Diagnostic {
    let label = match problem {
        NumberProblem::NotFinite => "no JSON can carry this number",
        NumberProblem::TooBig => "an integer has 64 bits at most",
    };
    Diagnostic::new(
        Code::BadNumber,
        issue.span,
        format!("the number `{text}` cannot be used"),
    )
    .label(label)
    .help(format!("if it is a text, put it in quotes: `\"{text}\"`"))
}

fn expression_label(written: &str) -> &'static str {
    match written.chars().next() {
        Some('"' | '\'') => "YAML ends the text at its second quote",
        _ => "inside `{ }` and `[ ]`, YAML reads the bracket as the start of a list or mapping",
    }
}

fn anchor_help(name: &str, anchors: &[String]) -> Option<String> {
    if anchors.is_empty() {
        return Some(
            "an anchor (`key: &name …`) stands above its aliases, in the same document".into(),
        );
    }
    suggest::help(name, "anchors above", anchors.iter().map(String::as_str))
}

fn reserved(character: char) -> &'static str {
    match character {
        '*' => "YAML reads `*` as an alias to an anchor",
        '&' => "YAML reads `&` as an anchor",
        '!' => "YAML reads `!` as a tag",
        '%' => "YAML keeps `%` for directives",
        _ => "YAML keeps this character for itself",
    }
}

fn closing(open: char) -> char {
    if open == '{' { '}' } else { ']' }
}

fn opening(close: char) -> char {
    if close == '}' { '{' } else { '[' }
}

/// The first line of a text, for a headline.
fn one_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}

/// `100000` as people write it: `100 000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}
