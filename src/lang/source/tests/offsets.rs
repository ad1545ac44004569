//! Bytes of decoded text lead back to the bytes they were written with, in every style.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::super::*;
use super::{one, source};

/// Every character that is not white space maps to itself, or to the escape that made it, and
/// the places come in order.
fn check(source: &Source, document: &ParsedDocument, route: &str) -> Result<(), TestCaseError> {
    let pointer = Pointer::parse(route);
    let entry = document.index.entry(&pointer).unwrap();
    let text = &entry.scalar.unwrap().text;
    let mut before = 0..0;
    for (at, c) in text.char_indices() {
        let span = document.index.within(&pointer, at..at + c.len_utf8());
        prop_assert!(span.is_some(), "no place for {c:?} at {at} of {text:?}");
        let span = span.unwrap();
        let forward = before.start <= span.start && before.end <= span.end;
        prop_assert!(forward, "{c:?} at {at} goes back");
        before = span.range();
        let raw = source.slice(span);
        let escaped = raw.starts_with('\\') || raw == "''";
        if !c.is_whitespace() {
            prop_assert!(
                raw == c.to_string() || escaped,
                "{c:?} at {at} came from {raw:?}"
            );
        }
    }
    Ok(())
}

fn check_text(yaml: &str, expected: Option<&str>) -> Result<(), TestCaseError> {
    let source = source(yaml);
    let documents = read(&source);
    prop_assert_eq!(documents.len(), 1);
    prop_assert_eq!(&documents[0].issues, &[], "{:?}", yaml);
    let entry = documents[0].index.entry(&Pointer::parse("/k")).unwrap();
    if let (Some(expected), Some(scalar)) = (expected, entry.scalar) {
        prop_assert_eq!(&*scalar.text, expected, "{:?}", yaml);
    }
    check(&source, &documents[0], "/k")
}

/// A text in double quotes, with as many kinds of escapes as its characters allow.
fn double_quoted(text: &str, throws: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        let die = throws.get(at % throws.len().max(1)).copied().unwrap_or(0);
        let code = u32::from(c);
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if die == 0 && code < 0x100 => write!(quoted, "\\x{code:02x}").unwrap(),
            _ if die == 1 && code < 0x1_0000 => write!(quoted, "\\u{code:04X}").unwrap(),
            _ if die == 2 => write!(quoted, "\\U{code:08x}").unwrap(),
            // An escaped break vanishes, with the indentation behind it.
            _ if die == 3 && c != ' ' => {
                quoted.push_str("\\\n  ");
                quoted.push(c);
            }
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

proptest! {
    #[test]
    fn in_double_quotes(text in "[a-z \"\\\\\n\t{}é漢🦀]{0,30}", throws in prop::collection::vec(0_u8..9, 1..9)) {
        check_text(&format!("k: {}\n", double_quoted(&text, &throws)), Some(&text))?;
    }

    #[test]
    fn in_single_quotes(lines in prop::collection::vec("([a-z'é漢{}\"]( ?[a-z'#:]){0,8})?", 1..5)) {
        let lines: Vec<_> = lines.iter().map(|line| line.replace('\'', "''")).collect();
        check_text(&format!("k: '{}'\n", lines.join("\n   ")), None)?;
    }

    #[test]
    fn on_plain_lines(lines in prop::collection::vec("[a-zé漢]([ a-z{}'\"]{0,8}[a-z])?", 1..5), gap in 1_usize..3) {
        check_text(&format!("k: {}\n", lines.join(&format!("{}  ", "\n".repeat(gap)))), None)?;
    }

    #[test]
    fn in_literal_blocks(
        lines in prop::collection::vec("[a-z {}é漢#:'\"]{0,9}", 1..6),
        mark in "[-+]?",
        ending in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let body: String = lines.iter().map(|line| {
            if line.is_empty() { ending.to_owned() } else { format!("  {line}{ending}") }
        }).collect();
        let text = format!("{}\n", lines.join("\n"));
        let clipped = text.trim_end_matches('\n');
        let expected = match &*mark {
            "+" => text.clone(),
            "" if !clipped.is_empty() => format!("{clipped}\n"),
            _ => clipped.to_owned(),
        };
        check_text(&format!("k: |2{mark}{ending}{body}"), Some(&expected))?;
    }

    #[test]
    fn in_folded_blocks(
        lines in prop::collection::vec("[ \t]{0,2}[a-z {}é#:'\"]{0,9}", 1..8),
        mark in "[-+]?",
    ) {
        let body = lines.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat();
        check_text(&format!("k: >2{mark}\n{body}"), None)?;
    }

    #[test]
    fn in_blocks_that_find_their_own_indentation(
        first in "[a-z]{1,5}",
        lines in prop::collection::vec("( {3,5}[a-z {}]{1,6})?", 0..6),
        style in "[|>][-+]?",
        blank in "\n{0,2}",
    ) {
        let body = lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
        check_text(&format!("k: {style}\n{blank}   {first}\n{body}"), None)?;
    }
}

/// What each decoded character of `/k` was written as.
fn written(yaml: &str, needle: &str) -> String {
    let (source, document) = one(yaml);
    let pointer = Pointer::parse("/k");
    let text = &document.index.entry(&pointer).unwrap().scalar.unwrap().text;
    let at = text.find(needle).unwrap();
    source
        .slice(
            document
                .index
                .within(&pointer, at..at + needle.len())
                .unwrap(),
        )
        .to_owned()
}

#[test]
fn a_stretch_covers_all_it_was_written_with() {
    assert_eq!(
        written("k: \"\\t\\u00e9 {{ nope }}\"\n", "é {{ nope }}"),
        "\\u00e9 {{ nope }}"
    );
    assert_eq!(written("k: 'it''s x'\n", "t's x"), "t''s x");
    assert_eq!(written("k: |\n  one\n  {{ two }}\n", "two"), "two");
    assert_eq!(written("k: >-\n  one\n  two\n", "one two"), "one\n  two");
    assert_eq!(written("k: one\n  two\n", "e t"), "e\n  t");
    assert_eq!(written("k: \"\\ud83e\\udd80!\"\n", "🦀"), "\\ud83e\\udd80");
}

#[test]
fn an_empty_stretch_is_a_place_between_characters() {
    let (source, document) = one("k: |\n  {{ x\n  y\n");
    let pointer = Pointer::parse("/k");
    let at = |offset: usize| {
        document
            .index
            .within(&pointer, offset..offset)
            .map(|span| span.start)
    };
    assert_eq!(at(0), Some(7));
    assert_eq!(at(3), Some(10));
    assert_eq!(at(5), Some(14));
    assert_eq!(at(7), Some(15));
    assert_eq!(at(8), None);
    assert_eq!(source.text().get(14..15), Some("y"));
}

#[test]
fn lists_have_no_text_to_point_into() {
    let (_, document) = one("k: [a]\n");
    assert_eq!(document.index.within(&Pointer::parse("/k"), 0..1), None);
    assert_eq!(document.index.within(&Pointer::parse("/k/0"), 0..9), None);
    assert_eq!(document.index.within(&Pointer::parse("/k/7"), 0..0), None);
}
