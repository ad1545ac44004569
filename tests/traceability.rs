//! The table of requirements in `docs/servicechannel.md`: every requirement has a row, what a row links to stands at
//! the line it names, and the tests it names are there.
//!
//! A link into a YAML file says in its title what is meant: `[bookings.yaml:38](../pipelines/…#L38 "steps > answer")`.
//! The words between `>` are keys, or names of items of a list, from the outside in; some may be left out. The first
//! place that has them all in this order is meant, and what is behind a colon must stand in its text. The line follows
//! from that; `SYNCLINE_UPDATE_DOCS=1` writes the right ones into the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;
use syncline::lang::load::{self, Document, Project};
use syncline::lang::source::Pointer;

const DOC: &str = "docs/servicechannel.md";

/// What everybody may expect, and the wishes that were taken on.
fn required() -> BTreeSet<u32> {
    (1..=67).chain([69, 70, 71, 73, 74]).collect()
}

/// What is said to come later.
const LATER: [u32; 2] = [68, 72];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn doc() -> String {
    fs::read_to_string(root().join(DOC)).unwrap()
}

fn project() -> Project {
    load::read(&root().join("pipelines")).unwrap()
}

/// The words by which a place is known: its keys, and names in place of indexes where the items have names.
fn words(json: &Value, pointer: &Pointer) -> Vec<String> {
    let mut node = json;
    let mut words = Vec::new();
    for token in pointer.tokens() {
        let name = match node {
            Value::Array(items) => {
                node = token
                    .parse()
                    .ok()
                    .and_then(|at: usize| items.get(at))
                    .unwrap_or(&Value::Null);
                node.get("name").and_then(Value::as_str)
            }
            Value::Object(members) => {
                node = members.get(token).unwrap_or(&Value::Null);
                Some(token)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        words.extend(name.map(ToOwned::to_owned));
    }
    words
}

/// The line, counted from one, of the first place that is meant.
fn line_of(document: &Document, place: &str) -> Option<usize> {
    let (route, text) = place
        .split_once(": ")
        .map_or((place, None), |(route, text)| (route, Some(text)));
    let route: Vec<&str> = route.split(" > ").collect();
    let is_meant = |pointer: &Pointer| {
        let words = words(&document.json, pointer);
        let mut left = words.iter();
        let all = route.iter().all(|word| left.any(|one| one == word));
        let ends = left.len() == 0 && named_itself(&document.json, pointer);
        let says = text.is_none_or(|text| {
            let value = document.json.pointer(&pointer.to_string());
            value
                .and_then(Value::as_str)
                .is_some_and(|value| value.contains(text))
        });
        all && ends && says
    };
    let pointer = document.index.pointers().into_iter().find(is_meant)?;
    let span = document
        .index
        .key(&pointer)
        .or_else(|| document.index.value(&pointer))?;
    Some(document.source.position(span.range().start).line)
}

/// Whether the last step of a route has a word of its own.
fn named_itself(json: &Value, pointer: &Pointer) -> bool {
    let above = pointer.parent().unwrap_or_default();
    words(json, pointer).len() > words(json, &above).len()
}

/// A link of the document: what it shows, where it leads, and what is meant.
fn link() -> Regex {
    Regex::new(r#"\[([^\[\]]+)\]\(\.\./pipelines/([^)#\s]+)#L(\d+)(?: "([^"]*)")?\)"#).unwrap()
}

#[test]
fn the_links_of_the_document_lead_to_the_lines_they_mean() {
    let (project, doc) = (project(), doc());
    let mut wrong = Vec::new();
    let right = link().replace_all(&doc, |found: &regex::Captures<'_>| {
        let (file, place) = (&found[2], found.get(4).map_or("", |place| place.as_str()));
        let mut documents = project.documents.iter();
        let document = documents.find(|doc| doc.source.name() == file);
        let line = document.and_then(|document| line_of(document, place));
        let Some(line) = line else {
            wrong.push(format!("{file} has no place `{place}`"));
            return found[0].to_owned();
        };
        let name = file.rsplit('/').next().unwrap();
        format!(r#"[{name}:{line}](../pipelines/{file}#L{line} "{place}")"#)
    });
    assert_eq!(wrong, [""; 0]);
    if right == doc {
        return;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "asks for the new lines to be written"
    )]
    let update = std::env::var_os("SYNCLINE_UPDATE_DOCS").is_some();
    assert!(
        update,
        "lines moved; `SYNCLINE_UPDATE_DOCS=1 cargo nextest run -E 'test(traceability)'` writes the right ones into {DOC}"
    );
    fs::write(root().join(DOC), right.as_ref()).unwrap();
}

#[test]
fn a_place_is_found_by_what_it_is_called() {
    let mut project = Project::default();
    project.add(
        "a.yaml",
        "kind: routine\nname: a\nsteps:\n  - when: true\n    skip: { reason: not this }\n  - name: second\n    do:\n      \
         - skip:\n          reason: but that\n  - transform: { second: 1 }\n",
    );
    let line = |place: &str| line_of(&project.documents[0], place);
    assert_eq!(line("steps > skip"), Some(5));
    assert_eq!(line("second"), Some(6));
    assert_eq!(line("skip > reason: but"), Some(9));
    assert_eq!(line("transform > second"), Some(10));
    assert_eq!(line("steps > third"), None);
    assert_eq!(line("skip > reason: neither"), None);
}

/// The rows of the table by their cells.
fn rows(doc: &str) -> Vec<[String; 3]> {
    let table = doc.split("\n## Requirements\n").nth(1).unwrap();
    let lines = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    lines
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            let cells: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
            cells
                .try_into()
                .unwrap_or_else(|cells| panic!("three cells: {cells:?}"))
        })
        .collect()
}

/// The numbers of requirements in a text.
fn numbers(text: &str) -> BTreeSet<u32> {
    let number = Regex::new(r"\bR(\d+)\b").unwrap();
    number
        .captures_iter(text)
        .map(|found| found[1].parse().unwrap())
        .collect()
}

/// Every test of `tests/requirements/`, with the numbers in its name.
fn tests() -> BTreeMap<String, BTreeSet<u32>> {
    let test =
        Regex::new(r"(?m)^#\[(?:tokio::)?test\b[^\n]*\]\n(?:#\[[^\n]*\]\n)*(?:async )?fn (\w+)\(")
            .unwrap();
    let number = Regex::new(r"(?:^|_)r(\d+)").unwrap();
    let mut found = BTreeMap::new();
    for file in fs::read_dir(root().join("tests/requirements")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        for test in test.captures_iter(&fs::read_to_string(path).unwrap()) {
            let name = test[1].to_owned();
            let numbers = number
                .captures_iter(&name)
                .map(|found| found[1].parse().unwrap());
            found.insert(name.clone(), numbers.collect());
        }
    }
    found
}

#[test]
fn every_requirement_has_a_row_with_lines_and_a_test() {
    let (doc, tests, link) = (doc(), tests(), link());
    let name = Regex::new(r"`(\w+)`").unwrap();
    let mut wrong = Vec::new();
    let mut proven = BTreeSet::new();
    let mut named = BTreeSet::new();
    for [requirement, said_in, test] in rows(&doc) {
        if !link.is_match(&said_in) {
            wrong.push(format!("{requirement}: no line says it"));
        }
        let names: Vec<&str> = name
            .captures_iter(&test)
            .map(|name| name.get(1).unwrap().as_str())
            .collect();
        if names.is_empty() {
            wrong.push(format!("{requirement}: no test is named"));
        }
        for test in names {
            if !tests.contains_key(test) {
                wrong.push(format!("{requirement}: there is no test `{test}`"));
            }
            named.insert(test.to_owned());
        }
        proven.extend(numbers(&requirement));
    }
    for missing in required().difference(&proven) {
        wrong.push(format!("R{missing} has no row"));
    }
    for (test, numbers) in &tests {
        if !numbers.is_empty() && !named.contains(test) {
            wrong.push(format!("no row names the test `{test}`"));
        }
        for number in numbers.difference(&proven) {
            wrong.push(format!("`{test}` is about R{number}, which has no row"));
        }
    }
    let later = doc
        .split("\n## Requirements\n")
        .nth(1)
        .unwrap()
        .lines()
        .find(|line| line.contains("come later"));
    let later = numbers(later.unwrap_or_default());
    assert_eq!(
        later.into_iter().collect::<Vec<_>>(),
        LATER,
        "what comes later is said"
    );
    assert!(wrong.is_empty(), "{DOC}:\n{}", wrong.join("\n"));
}
