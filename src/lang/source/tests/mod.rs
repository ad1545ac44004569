//! The module as its users see it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::*;

mod offsets;
mod oracles;

fn source(text: &str) -> Source {
    SourceMap::new().add("a.yaml", text)
}

fn one(text: &str) -> (Source, ParsedDocument) {
    let source = source(text);
    let mut documents = read(&source);
    assert_eq!(documents.len(), 1, "{documents:#?}");
    (source, documents.remove(0))
}

fn value(text: &str) -> Value {
    let (_, document) = one(text);
    assert_eq!(document.issues, [], "{text}");
    document.value.unwrap()
}

/// Kinds, carets and fixes of one text, for snapshots: `kind at "caret" see "x" fix "y" -> z`.
fn issues(text: &str) -> String {
    let source = source(text);
    let issues = read(&source)
        .into_iter()
        .flat_map(|document| document.issues);
    let lines = issues.map(|issue| {
        let related = issue
            .related
            .map(|span| format!(" see {:?}", source.slice(span)));
        let fix = issue.fix.map(|fix| {
            let written = source.slice(fix.span);
            format!(" fix {written:?} -> {}", fix.replacement)
        });
        let (kind, at) = (issue.kind, source.slice(issue.span));
        let (related, fix) = (related.unwrap_or_default(), fix.unwrap_or_default());
        format!("  {kind:?} at {at:?}{related}{fix}\n")
    });
    lines.collect::<Vec<_>>().concat()
}

fn table(texts: &[&str]) -> String {
    let blocks = texts
        .iter()
        .map(|text| format!("{text:?}\n{}", issues(text)));
    blocks.collect::<Vec<_>>().concat()
}

#[test]
fn every_key_and_value_knows_its_bytes() {
    let text = "kind: pipeline\nsteps:\n  - name: site # c\n    fetch: { get: '/x', query: {a: 1} }\n  -\n";
    let (source, document) = one(text);
    let pointers = document.index.pointers();
    let lines = pointers.iter().map(|pointer| {
        let entry = document.index.entry(pointer).unwrap();
        let key = entry.key.map(|key| source.slice(key));
        format!("{pointer} = {key:?} {:?}\n", source.slice(entry.value))
    });
    let shown = lines.collect::<Vec<_>>().concat();
    insta::assert_snapshot!(shown);
}

#[test]
fn a_missing_route_points_at_its_nearest_ancestor() {
    let (source, document) = one("steps:\n  - write:\n      find: x\n");
    let span = |route: &str, target| {
        source
            .slice(document.index.span(&Pointer::parse(route), target))
            .to_owned()
    };
    assert_eq!(span("/steps/0/write/create", PointerTarget::Value), "write");
    assert_eq!(span("/steps/0/write/find", PointerTarget::Value), "x");
    assert_eq!(span("/steps/0/write/find", PointerTarget::Key), "find");
    assert_eq!(span("/steps/0", PointerTarget::Key), "write:");
    assert_eq!(span("/steps/4/x", PointerTarget::Value), "steps");
    assert_eq!(span("/name", PointerTarget::Value), "steps:");
    assert!(
        !document
            .index
            .contains(&Pointer::parse("/steps/0/write/create"))
    );
}

#[test]
fn a_byte_of_the_file_leads_back_to_its_route() {
    let text = "a: &x\n  - b: one\n  - two\nc: *x\nd:\n";
    let (_, document) = one(text);
    let at = |needle: &str| {
        let (pointer, target) = document.index.at(text.find(needle).unwrap()).unwrap();
        (pointer.to_string(), target)
    };
    assert_eq!(at("one"), ("/a/0/b".into(), PointerTarget::Value));
    assert_eq!(at("b:"), ("/a/0/b".into(), PointerTarget::Key));
    assert_eq!(at("two"), ("/a/1".into(), PointerTarget::Value));
    assert_eq!(at("*x"), ("/c".into(), PointerTarget::Value));
    assert_eq!(at("d:"), ("/d".into(), PointerTarget::Key));
}

#[test]
fn an_alias_points_at_what_it_stands_for_and_keeps_its_own_place() {
    let (source, document) = one("a: &x { b: c }\nd: *x\n");
    let entry = document.index.entry(&Pointer::parse("/d")).unwrap();
    assert_eq!(source.slice(entry.value), "{ b: c }");
    assert_eq!(entry.alias.map(|alias| source.slice(alias)), Some("*x"));
    let inner = document.index.value(&Pointer::parse("/d/b")).unwrap();
    assert_eq!(inner.start, 11);
}

#[test]
fn words_of_older_yaml_stay_text_and_keep_their_style() {
    let (_, document) = one("a: no\nb: 'no'\nc: off\nd: 0024\n");
    assert_eq!(
        document.value,
        Some(json!({"a": "no", "b": "no", "c": "off", "d": "0024"}))
    );
    let style = |route: &str| {
        document
            .index
            .entry(&Pointer::parse(route))
            .unwrap()
            .scalar
            .unwrap()
            .style
    };
    assert_eq!(style("/a"), ScalarStyle::Plain);
    assert_eq!(style("/b"), ScalarStyle::SingleQuoted);
}

#[test]
fn keys_are_read_as_the_text_of_the_scalar() {
    let read = value("2010000001: a\ntrue: b\n1.50: c\n0x10: d\n");
    assert_eq!(
        read,
        json!({"2010000001": "a", "true": "b", "1.50": "c", "0x10": "d"})
    );
}

#[test]
fn merge_keys_are_expanded_and_the_nearest_wins() {
    let base = "base: &b { x: 1, y: 2 }\nmore: &m { y: 3, z: 4 }\n";
    let merged = |text: &str| value(&format!("{base}got:\n{text}"))["got"].clone();
    assert_eq!(merged("  <<: *b\n  y: 5\n"), json!({"x": 1, "y": 5}));
    assert_eq!(merged("  y: 5\n  <<: *b\n"), json!({"y": 5, "x": 1}));
    assert_eq!(merged("  <<: [*b, *m]\n"), json!({"x": 1, "y": 2, "z": 4}));
    assert_eq!(merged("  <<: { q: 1 }\n"), json!({"q": 1}));
    assert_eq!(merged("  '<<': *b\n"), json!({"<<": {"x": 1, "y": 2}}));
    let order: Vec<_> = merged("  a: 0\n  <<: *b\n  c: 0\n")
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(order, ["a", "x", "y", "c"]);
}

#[test]
fn a_file_may_hold_several_documents() {
    let source = source("a: 1\n---\nb: [\n--- # third\nc: 2\n...\n--- d\n");
    let documents = read(&source);
    let values: Vec<_> = documents
        .iter()
        .map(|document| document.value.clone())
        .collect();
    assert_eq!(
        values,
        [
            Some(json!({"a": 1})),
            None,
            Some(json!({"c": 2})),
            Some(json!("d"))
        ]
    );
    let wrong: Vec<_> = documents
        .iter()
        .map(|document| document.issues.len())
        .collect();
    assert_eq!(wrong, [0, 1, 0, 0]);
    assert_eq!(source.slice(documents[2].span), "c: 2");
}

#[test]
fn byte_order_marks_and_windows_line_ends_do_not_shift_anything() {
    let (source, document) = one("\u{feff}a: b\r\nc:\r\n  - 'd'\r\ne: |\r\n  f\r\n  g\r\n");
    assert_eq!(
        document.value,
        Some(json!({"a": "b", "c": ["d"], "e": "f\ng\n"}))
    );
    let at = |route: &str| source.slice(document.index.value(&Pointer::parse(route)).unwrap());
    assert_eq!([at("/a"), at("/c/0"), at("/e")], ["b", "'d'", "f\r\n  g"]);
    let g = document.index.within(&Pointer::parse("/e"), 2..3).unwrap();
    assert_eq!(source.slice(g), "g");
}

#[test]
fn mistakes_in_flow_notation_are_found_and_undone() {
    insta::assert_snapshot!(table(&[
        "{ reason: no job, or off }",
        "skip: { a: b, c, d, e: f, g: h, i }",
        "a: { b: one, two # c\n  }",
        "a: { b: 'one', two }",
        "a: { two }",
        "id: {{ x }}",
        "- { id: {{ x | default('y, z') }}, b: c }",
        "a: [{{ x }}, {{ y }}]",
    ]));
    let (_, document) = one("{ reason: no job, or off, forever: true }");
    assert_eq!(
        document.value,
        Some(json!({"reason": "no job, or off", "forever": true}))
    );
    let (_, document) = one("id: {{ x }}");
    assert_eq!(document.value, Some(json!({"id": "{{ x }}"})));
}

#[test]
fn what_needs_quotes_is_named_and_marked_whole() {
    insta::assert_snapshot!(table(&[
        "id: {{ x }}/foo",
        "a: { id: sc-{{ x }}, b: c }",
        "a: {% if x %}b",
        "a: {{ x['y'] }}",
        "a: {{ x",
        "steps:\n  - when: 'a' in b  # why\n    skip: x",
        "when: \"x\" == y and z",
        "a: { when: 'a' in b, c: d }",
        "a: { when: status in [1, 2], class: missing }",
        "a: { get: x, records: $.data[*] }",
        "a: [$.data[0]]",
        "a: {x: 1,\n  y: $.d[?@.e == 'f'].g,\n  z: 2}",
    ]));
}

#[test]
fn tabs_are_marked_where_they_stand() {
    insta::assert_snapshot!(table(&[
        "a:\n\tb: c",
        "a:\n  b: c\n\td: e",
        "a:\n  - b\n \t- c",
        "a: |\n\tb",
    ]));
}

#[test]
fn other_syntax_errors_name_their_likely_cause() {
    insta::assert_snapshot!(table(&[
        "a: b: c",
        "summary: NTE: {{ x }}",
        "a: b:\n  c: d",
        "a\nb: c",
        "a: b\nc\nd: e",
        "key:value\nother: x",
        "a: ['x' 'y']",
        "a: b\n  c: d",
        "a:\n   b: c\n  d: e",
        "a:\n  - b\n - c",
        "  a: b\nc: d",
        "a: \"open\nb: c",
        "a: 'it's me'",
        "a: \"say \"hi\" now\"",
        "a: [x, y\nb: c",
        "a:\n  - {b: c\n  - d",
        "a: {x: 1]",
        "a: ]",
        "cron: */5 * * * *",
        "cron: * * * * *",
        "a: @x",
        "a: `x`",
        "a: %x",
        "a: \"\\q\"",
        "a: \"\\u00zz\"",
        "a: - b",
        "when: >= 5",
        "a: | text",
        "a: {x: y} z",
        "%YAML 3.0\n---\na: b",
    ]));
}

#[test]
fn mistakes_that_do_not_stop_the_reading() {
    insta::assert_snapshot!(table(&[
        "a: 1\nb: 2\na: 3\nc: {x: 1, x: 2, x: 3}",
        "a: !foo x\nb: !!int x\nc: !!set {d: e}\nf: !!str 5",
        "a: &one 1\nb: *onee",
        "&a [1, *a]",
        "<<: 5",
        "a: &x {b: c}\nd: {<<: [*x, 5], <<: *x}",
        "<<: *nope",
        "? [a, b]\n: x",
        "{a: b}: c",
        ": x",
        "a: .inf\nb: 99999999999999999999\nc: &n .nan\nd: *n",
    ]));
}

#[test]
fn an_empty_document_is_one_that_says_nothing() {
    insta::assert_snapshot!(table(&[
        "",
        "# only a comment\n",
        "---\n",
        "a: b\n---\n# nothing\n"
    ]));
    assert_eq!(one("").1.value, None);
}

#[test]
fn text_that_looks_like_two_documents_is_one_broken_one() {
    let (_, document) = one("  a: b\nc: d");
    assert_eq!(document.value, None);
}

#[test]
fn after_a_syntax_error_only_other_lines_are_reported() {
    let (_, document) = one("a: !x 1\ncron: */5 * * * *\n");
    let kinds: Vec<_> = document.issues.iter().map(|issue| &issue.kind).collect();
    assert!(
        matches!(kinds[0], YamlIssueKind::UnknownTag { .. }),
        "{kinds:?}"
    );
    assert!(matches!(kinds[1], YamlIssueKind::Syntax(_)), "{kinds:?}");
    assert_eq!(kinds.len(), 2);
}

#[test]
fn budgets_end_the_reading_with_one_issue() {
    let limits = Limits {
        bytes: 1000,
        nodes: 100,
        depth: 5,
    };
    let read = |text: &str| {
        let documents = read_within(&source(text), limits);
        let last = documents.last().unwrap();
        assert_eq!((last.value.clone(), last.issues.len()), (None, 1));
        (documents.len(), last.issues[0].kind.clone())
    };
    assert_eq!(
        read("[[[[[[1]]]]]]"),
        (1, YamlIssueKind::TooDeep { limit: 5 })
    );
    assert_eq!(
        read("a: &x [[[1]]]\nb: [[[*x]]]"),
        (1, YamlIssueKind::TooDeep { limit: 5 })
    );
    let many = "- 1\n".repeat(101);
    assert_eq!(read(&many), (1, YamlIssueKind::TooMany { limit: 100 }));
    let long = "# comment\n".repeat(101);
    assert_eq!(
        read(&long),
        (
            1,
            YamlIssueKind::TooLarge {
                bytes: 1010,
                limit: 1000
            }
        )
    );
    let bomb = "a: &a [1,2,3,4,5,6,7,8,9]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]\n---\nd: e\n";
    assert_eq!(read(bomb), (1, YamlIssueKind::AliasBomb { limit: 100 }));
    // The budget is the file's, not the document's.
    let spread = "--- [1,2,3,4,5,6,7,8,9]\n".repeat(11);
    assert_eq!(read(&spread).1, YamlIssueKind::TooMany { limit: 100 });
}

#[test]
fn hostile_files_are_refused_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{below}]").unwrap();
    }
    let kinds = |text: &str| {
        one(text)
            .1
            .issues
            .into_iter()
            .map(|i| i.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&bomb), [YamlIssueKind::AliasBomb { limit: 100_000 }]);
    assert_eq!(
        kinds(&"[".repeat(20_000)),
        [YamlIssueKind::TooDeep { limit: 64 }]
    );
    assert_eq!(
        kinds(&"{a: ".repeat(20_000)),
        [YamlIssueKind::TooDeep { limit: 64 }]
    );
    assert_eq!(
        kinds(&"- ".repeat(20_000)),
        [YamlIssueKind::TooDeep { limit: 64 }]
    );
}

proptest::proptest! {
    /// Whatever is in a file, reading it ends, and every place it names is in the file.
    #[test]
    fn no_text_is_too_strange(text in "([ \\t\\n{}\\[\\],:#&*!|>'\"%@`?$~<-]|[a-z0]|\\{\\{|---\\n|é|\\\\){0,60}") {
        let source = source(&text);
        for document in read(&source) {
            proptest::prop_assert!(document.value.is_some() || !document.issues.is_empty());
            for issue in &document.issues {
                let spans = [Some(issue.span), issue.related, issue.fix.as_ref().map(|f| f.span)];
                for span in spans.into_iter().flatten() {
                    proptest::prop_assert!(text.get(span.range()).is_some());
                }
            }
            for pointer in document.index.pointers() {
                let entry = document.index.entry(&pointer).unwrap();
                proptest::prop_assert!(text.get(entry.value.range()).is_some());
                if let Some(scalar) = entry.scalar {
                    let whole = document.index.within(&pointer, 0..scalar.text.len());
                    proptest::prop_assert!(whole.is_some(), "{} {:?}", pointer, scalar);
                }
            }
        }
    }
}
