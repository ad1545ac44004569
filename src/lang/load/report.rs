//! What [`super::check`] found, in words.

use serde_json::Value as Json;

use super::check::{Belongs, Finding, FindingKind};
use super::shape::Type;
use crate::lang::config::VERBS;
use crate::lang::diag::{Code, Diagnostic, suggest};
use crate::lang::source::{Pointer, PointerTarget, ScalarStyle, Span, SpanIndex};

/// A finding as people read it.
pub(super) fn diagnostic(finding: &Finding, index: &SpanIndex) -> Diagnostic {
    let place = Place {
        at: &finding.at,
        index,
        span: index.span(&finding.at, finding.target),
    };
    match &finding.kind {
        FindingKind::UnknownKey {
            key,
            known,
            belongs,
        } => place.unknown_key(key, known, belongs.as_ref()),
        FindingKind::MissingKey {
            key,
            about,
            example,
        } => place.missing_key(key, about, example.as_ref()),
        FindingKind::WrongType {
            expected,
            got,
            example,
        } => place.wrong_type(expected, got, example.as_ref()),
        FindingKind::UnknownWord { word, words } => place.unknown_word(word, words),
        FindingKind::Form {
            text,
            about,
            example,
        } => place.form(text, about, example.as_ref()),
        FindingKind::NoneOf { keys } => place.none_of(keys),
        FindingKind::SeveralOf { written } => place.several_of(written),
        FindingKind::Range {
            got,
            minimum,
            maximum,
        } => {
            let limit = match (minimum, maximum) {
                (Some(least), Some(most)) => format!("from {least} to {most}"),
                (Some(least), None) => format!("{least} or more"),
                (None, Some(most)) => format!("{most} or less"),
                (None, None) => "another number".into(),
            };
            let within_limits = finding.at.tokens().any(|token| token == "limits");
            let code = if within_limits {
                Code::LimitInvalid
            } else {
                Code::BadNumberRange
            };
            place
                .fault(
                    code,
                    format!("`{}` is {got}, out of its range", place.name()),
                )
                .label(format!("must be {limit}"))
        }
        FindingKind::Empty { what: Type::List } => place
            .fault(
                Code::EmptyList,
                format!("`{}` is an empty list", place.name()),
            )
            .label("needs at least one item"),
        FindingKind::Empty { .. } => place
            .fault(Code::BadValue, format!("`{}` is empty", place.name()))
            .label("needs some text"),
    }
}

struct Place<'a> {
    at: &'a Pointer,
    index: &'a SpanIndex,
    span: Span,
}

impl Place<'_> {
    fn fault(&self, code: Code, headline: String) -> Diagnostic {
        Diagnostic::new(code, self.span, headline)
    }

    /// What the place is called: its key, or that of the list it stands in.
    fn name(&self) -> String {
        named(self.at)
    }

    fn unknown_key(&self, key: &str, known: &[String], belongs: Option<&Belongs>) -> Diagnostic {
        let holder = self.at.parent().unwrap_or_default();
        let place = holder_name(&holder);
        let mut found = self
            .fault(Code::UnknownKey, format!("unknown key `{key}` in {place}"))
            .label(format!("not a key of {place}"));
        match belongs {
            Some(Belongs::Above(outer)) => {
                found = found.help(format!("`{key}` belongs in {}", holder_name(outer)));
            }
            Some(Belongs::Below(inner)) => {
                found = found.help(format!("`{key}` belongs in `{inner}`"));
            }
            None => {
                let names = known.iter().map(String::as_str);
                if let Some(near) = suggest::nearest(key, names.clone()) {
                    found = found.patch(self.span, near);
                }
                found = found.help_opt(suggest::help(key, &format!("keys of {place}"), names));
            }
        }
        found
    }

    fn missing_key(&self, key: &str, about: &str, example: Option<&Json>) -> Diagnostic {
        let place = holder_name(self.at);
        let mut found = self
            .fault(
                missing_code(self.at, key),
                format!("{place} has no `{key}`"),
            )
            .label(format!("`{key}` is needed here"));
        if !about.is_empty() {
            found = found.help(format!("`{key}`: {}", sentence(about)));
        }
        found.help_opt(example.map(|example| format!("for example `{key}: {}`", flow(example))))
    }

    fn wrong_type(&self, expected: &[Type], got: &Json, example: Option<&Json>) -> Diagnostic {
        let wanted = either(expected);
        let is = if got.is_null() {
            "is empty".to_owned()
        } else {
            format!("is {}", Type::of(got))
        };
        let found = self
            .fault(
                Code::WrongType,
                format!("`{}` {is} where {wanted} is expected", self.name()),
            )
            .label(format!("must be {wanted}"));
        let plain = self.index.entry(self.at).and_then(|entry| entry.scalar);
        let written = plain.filter(|scalar| scalar.style == ScalarStyle::Plain);
        let text = written
            .map(|scalar| scalar.text.to_string())
            .unwrap_or_default();
        let wants_boolean = expected.contains(&Type::Boolean) && matches!(got, Json::String(_));
        if wants_boolean && let Some(meant) = yaml_1_1(&text) {
            return found
                .help(format!("YAML 1.2 reads `{text}` as text; write `{meant}`"))
                .patch(self.span, meant);
        }
        if expected == [Type::Text] && !text.is_empty() && !matches!(got, Json::Null) {
            let quoted = format!("\"{text}\"");
            return found
                .help(format!("put it in quotes to make it text: `{quoted}`"))
                .patch(self.span, quoted);
        }
        if expected.contains(&Type::Integer)
            && got.as_str().is_some_and(|text| text.parse::<i64>().is_ok())
        {
            return found.help("leave the quotes away to make it a number");
        }
        found.help_opt(example.map(|example| format!("for example `{}`", flow(example))))
    }

    fn unknown_word(&self, word: &str, words: &[String]) -> Diagnostic {
        let names = words.iter().map(String::as_str);
        let mut found = self
            .fault(
                Code::BadValue,
                format!("`{word}` is not a value of `{}`", self.name()),
            )
            .label(format!("must be {}", alternatives(words)));
        if let Some(near) = suggest::nearest(word, names) {
            found = found
                .help(format!("did you mean `{near}`?"))
                .patch(self.span, near);
        }
        found
    }

    fn form(&self, text: &str, about: &str, example: Option<&Json>) -> Diagnostic {
        let (code, what) = match about.split([' ', ':']).nth(1) {
            Some("duration") => (Code::BadDuration, "a duration"),
            Some("name") => (Code::BadName, "a name"),
            Some("JSONPath") => (Code::PathSyntax, "a JSONPath"),
            Some("date") => (Code::BadDate, "a date"),
            _ if self.at.last() == Some("name") || self.at.last() == Some("as") => {
                (Code::BadName, "a name")
            }
            _ => (Code::BadValue, "a value of the right form"),
        };
        let form = if code == Code::BadName && !about.starts_with("A name") {
            "a small letter, then small letters, digits or `_`".into()
        } else {
            let form = sentence(about);
            form.split_once(": ")
                .map_or(form.clone(), |(_, form)| form.to_owned())
        };
        self.fault(code, format!("`{text}` is not {what}"))
            .label(format!("must be {form}"))
            .help_opt(example.map(|example| format!("for example `{}`", flow(example))))
    }

    fn none_of(&self, keys: &[String]) -> Diagnostic {
        let (code, what) = choice_of(keys);
        self.fault(code, format!("{} has no {what}", holder_name(self.at)))
            .label(format!("needs one of {}", alternatives(keys)))
    }

    fn several_of(&self, written: &[String]) -> Diagnostic {
        let holder = self.at.parent().unwrap_or_default();
        let code = if written.iter().all(|key| VERBS.contains(&key.as_str())) {
            Code::NotExactlyOneVerb
        } else if written.iter().all(|key| key == "key" || key == "id") {
            Code::TwoLinksSameEntity
        } else {
            Code::TooManyChoices
        };
        let mut found = self
            .fault(
                code,
                format!("{} has both {}", holder_name(&holder), both(written)),
            )
            .label("only one of them may stand here");
        if let Some(first) = written.first() {
            found = found.also(
                self.index
                    .span(&holder.key(first.as_str()), PointerTarget::Key),
                "the first one",
            );
        }
        if code == Code::NotExactlyOneVerb {
            found = found.help("make two steps of it, or a group with `do`");
        }
        if code == Code::TwoLinksSameEntity {
            found = found
                .help("`key` is for the end that was there first, `id` for the one that was made");
        }
        found
    }
}

fn choice_of(keys: &[String]) -> (Code, &'static str) {
    if keys.iter().any(|key| key == "transform") {
        (Code::NotExactlyOneVerb, "verb")
    } else if keys.iter().any(|key| key == "oauth2") {
        (Code::AuthIncomplete, "way to prove who one is")
    } else if keys.iter().any(|key| key == "keyset") {
        (Code::PagingStyleIncomplete, "style")
    } else if keys.iter().any(|key| key == "patch") {
        (Code::MissingKey, "method")
    } else {
        (Code::MissingKey, "choice")
    }
}

/// Some keys are missed so often, or for so good a reason, that a page is about them alone.
fn missing_code(holder: &Pointer, key: &str) -> Code {
    let inside: Vec<&str> = holder.tokens().collect();
    match (inside.as_slice(), key) {
        ([], "identity") => Code::IdentityMissing,
        (["auth", ..], _) => Code::AuthIncomplete,
        (["paging", ..], "page_size") => Code::PagingEndless,
        (["paging", ..], _) => Code::PagingStyleIncomplete,
        (["fetch", "cursor"], "start") => Code::CursorWithoutStart,
        ([.., "create"], "id") => Code::CreateWithoutId,
        _ => Code::MissingKey,
    }
}

/// What the words of YAML 1.1 meant that YAML 1.2 reads as text.
fn yaml_1_1(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some("true"),
        "no" | "off" | "n" | "false" => Some("false"),
        _ => None,
    }
}

/// The last key of a route; of an item, the key of its list.
fn named(at: &Pointer) -> String {
    let key = at
        .tokens()
        .rev()
        .find(|token| !token.bytes().all(|byte| byte.is_ascii_digit()));
    key.unwrap_or("document").to_owned()
}

/// A mapping by the key it stands under: `` `fetch` ``, a step, the document.
pub(super) fn holder_name(at: &Pointer) -> String {
    let in_list = at
        .last()
        .is_some_and(|token| token.bytes().all(|byte| byte.is_ascii_digit()));
    match (at.is_root(), in_list, named(at)) {
        (true, ..) => "the document".into(),
        (_, true, list) if list == "steps" || list == "do" || list == "on_activate" => {
            "the step".into()
        }
        (_, true, list) => format!("this item of `{list}`"),
        (_, false, key) => format!("`{key}`"),
    }
}

fn either(types: &[Type]) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in types.iter().map(ToString::to_string) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    joined(&words, "or")
}

fn alternatives(words: &[String]) -> String {
    joined(&quoted(words), "or")
}

fn both(words: &[String]) -> String {
    joined(&quoted(words), "and")
}

fn quoted(words: &[String]) -> Vec<String> {
    words.iter().map(|word| format!("`{word}`")).collect()
}

fn joined(words: &[String], last: &str) -> String {
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

/// The first sentence of a description, as help is written: without capital and full stop.
fn sentence(about: &str) -> String {
    let first = about
        .split_inclusive(". ")
        .next()
        .unwrap_or(about)
        .trim()
        .trim_end_matches('.');
    let mut letters = first.chars();
    let begins_a_word =
        first.chars().nth(1).is_some_and(char::is_lowercase) || first.starts_with("A ");
    match letters.next() {
        Some(letter) if begins_a_word => letter.to_lowercase().chain(letters).collect(),
        _ => first.to_owned(),
    }
}

/// JSON as YAML's flow style writes it.
fn flow(value: &Json) -> String {
    match value {
        Json::String(text) if text.contains([':', '{', '[', '#', ',', '$', '\'']) => {
            format!("\"{text}\"")
        }
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}
