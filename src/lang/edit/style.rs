//! How a file is written, and how a new value is written to look like it.

use serde_json::Value as Json;

use super::super::source::{self, Pointer, ScalarStyle, SourceMap};
use super::page::{Page, Shape};

/// A list that would make a line longer than this gets a line per item.
const WIDTH: usize = 100;

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Spaces per level.
    step: usize,
    /// `{ a: 1 }`, not `{a: 1}`.
    braces: &'static str,
    /// `[ a ]`, not `[a]`.
    brackets: &'static str,
    /// The quotes of texts that need them.
    quote: char,
    pub(super) newline: &'static str,
}

impl Default for Style {
    /// That of the shipped files.
    fn default() -> Self {
        Self {
            step: 2,
            braces: " ",
            brackets: "",
            quote: '"',
            newline: "\n",
        }
    }
}

impl Style {
    /// The style of a file; what it does not show is as in the shipped files. Braces are as those around `near`.
    pub(super) fn of(page: &Page<'_>, near: &Pointer) -> Self {
        let newline = if page.text().contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let (mut step, mut braces, mut brackets, mut quote) = (None, None, None, None);
        let around = std::iter::successors(Some(near.clone()), Pointer::parent);
        for at in around.chain(page.pointers()) {
            let (Some(entry), Some(shape)) = (page.entry(&at), page.shape(&at)) else {
                continue;
            };
            let padding = || {
                let inside = page.slice(entry.value.start + 1..entry.value.end);
                let space = if inside.starts_with(' ') { " " } else { "" };
                (inside.trim().len() > 1).then_some(space)
            };
            match shape {
                Shape::BlockMap => {
                    let first = page.members(&at).first().map(|member| member.key.start);
                    if let (Some(key), Some(first)) = (entry.key, first) {
                        let deeper = page.column(first).checked_sub(page.column(key.start));
                        step = step.or(deeper.filter(|step| *step > 0));
                    }
                }
                Shape::FlowMap => braces = braces.or_else(padding),
                Shape::FlowList => brackets = brackets.or_else(padding),
                Shape::Scalar(ScalarStyle::SingleQuoted) => quote = quote.or(Some('\'')),
                Shape::Scalar(ScalarStyle::DoubleQuoted) => quote = quote.or(Some('"')),
                Shape::Scalar(ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded)
                | Shape::Absent
                | Shape::Alias
                | Shape::BlockList => {}
            }
            let key = entry.key.map(|key| page.slice(key.range()));
            let key = key.and_then(|key| key.chars().next());
            quote = quote.or(key.filter(|first| matches!(first, '"' | '\'')));
        }
        let usual = Self::default();
        Self {
            step: step.unwrap_or(usual.step),
            braces: braces.unwrap_or(usual.braces),
            brackets: brackets.unwrap_or(usual.brackets),
            quote: quote.unwrap_or(usual.quote),
            newline,
        }
    }

    /// The column of what stands under a key at `column`.
    pub(super) fn below(&self, column: usize) -> usize {
        column + self.step
    }

    /// A line break and the space before what stands at `column`.
    pub(super) fn line(&self, column: usize) -> String {
        format!("{}{}", self.newline, " ".repeat(column))
    }

    /// A key. One that would read as a number is quoted.
    pub(super) fn key(&self, key: &str) -> String {
        if is_plain(key) {
            key.to_owned()
        } else {
            quoted(key, self.quote)
        }
    }

    /// A value in place of a scalar: a text keeps the quotes that stood there.
    pub(super) fn instead(&self, value: &Json, of: ScalarStyle) -> String {
        match (value.as_str(), of) {
            (Some(text), ScalarStyle::SingleQuoted) => quoted(text, '\''),
            (Some(text), ScalarStyle::DoubleQuoted) => quoted(text, '"'),
            (Some(_), ScalarStyle::Plain | ScalarStyle::Literal | ScalarStyle::Folded)
            | (None, _) => self.flow(value),
        }
    }

    /// A value on one line.
    pub(super) fn flow(&self, value: &Json) -> String {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
            Json::String(text) if is_plain(text) => text.clone(),
            Json::String(text) => quoted(text, self.quote),
            Json::Array(items) if items.is_empty() => "[]".to_owned(),
            Json::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                let pad = self.brackets;
                format!("[{pad}{}{pad}]", items.join(", "))
            }
            Json::Object(members) if members.is_empty() => "{}".to_owned(),
            Json::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| self.flow_member(key, value))
                    .collect();
                let pad = self.braces;
                format!("{{{pad}{}{pad}}}", members.join(", "))
            }
        }
    }

    /// A member of a mapping in braces.
    pub(super) fn flow_member(&self, key: &str, value: &Json) -> String {
        format!("{}: {}", self.key(key), self.flow(value))
    }

    /// A member of a block mapping whose keys stand at `column`, without the space before its key.
    pub(super) fn member(&self, column: usize, key: &str, value: &Json) -> String {
        let key = self.key(key);
        let on_one_line = || format!("{key}: {}", self.flow(value));
        match value {
            Json::Object(members) if !members.is_empty() => {
                format!("{key}:{}", self.lines(self.below(column), value))
            }
            Json::Array(items) if !items.is_empty() => {
                let line = on_one_line();
                if column + line.chars().count() > WIDTH {
                    format!("{key}:{}", self.lines(self.below(column), value))
                } else {
                    line
                }
            }
            Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => on_one_line(),
        }
    }

    /// A list or mapping with a line for each item or member, at `column`, each after a line break.
    pub(super) fn lines(&self, column: usize, value: &Json) -> String {
        let line = self.line(column);
        match value {
            Json::Object(members) => members
                .iter()
                .map(|(key, value)| format!("{line}{}", self.member(column, key, value)))
                .collect::<Vec<_>>()
                .concat(),
            Json::Array(items) => items
                .iter()
                .map(|item| format!("{line}- {}", self.flow(item)))
                .collect::<Vec<_>>()
                .concat(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                format!("{line}{}", self.flow(value))
            }
        }
    }
}

/// Whether a text reads back as itself without quotes, in braces and outside. Asked of the reader itself.
fn is_plain(text: &str) -> bool {
    let strange = |c: char| c.is_control() || ",[]{}#".contains(c);
    let first = text.chars().next();
    let begins = first.is_some_and(|c| !"-?:=<~&*!|>'\"%@`".contains(c));
    if !begins || text.contains(strange) || text.contains(": ") || text.ends_with(':') {
        return false;
    }
    let reads = |written: String| {
        let source = SourceMap::new().add("value", written);
        let [document] = &source::read(&source)[..] else {
            return false;
        };
        let value = document.value.as_ref().and_then(|value| value.get("v"));
        document.issues.is_empty() && value.and_then(Json::as_str) == Some(text)
    };
    reads(format!("v: {text}\n")) && reads(format!("{{ v: {text} }}\n"))
}

/// A text in quotes: in those of the file, unless the others need no escapes.
fn quoted(text: &str, quote: char) -> String {
    let escapes = text.contains(['"', '\\']);
    if text.contains(char::is_control) {
        // JSON's escapes are YAML's too.
        return Json::from(text).to_string();
    }
    if quote == '\'' || escapes {
        return format!("'{}'", text.replace('\'', "''"));
    }
    format!("\"{text}\"")
}
