//! The renderer, the order of diagnostics and their JSON.

use serde_json::json;

use super::*;
use crate::lang::source::PointerTarget;

fn draw(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    render_one(sources, diagnostic, Style::default())
}

/// A mistake in the characters `needle` of the text of a scalar.
fn inside(text: &str, route: &str, needle: &str) -> String {
    let (sources, source) = one_file(text);
    let document = read(&source).remove(0);
    assert_eq!(document.issues, []);
    let pointer = Pointer::parse(route);
    let decoded = document
        .index
        .entry(&pointer)
        .unwrap()
        .scalar
        .unwrap()
        .text
        .clone();
    let at = decoded.find(needle).unwrap();
    let span = document
        .index
        .within(&pointer, at..at + needle.len())
        .unwrap();
    let headline = format!("unknown filter `{needle}`");
    draw(
        &sources,
        &Diagnostic::new(Code::UnknownFilter, span, headline).label("no such filter"),
    )
}

#[test]
fn the_form_is_the_one_the_manual_shows() {
    let mut sources = SourceMap::new();
    let text = format!("{}      connector: servicetitn\n", "# a line\n".repeat(17));
    let source = sources.add("pipelines/servicechannel/status.yaml", text);
    let headline = "step `push_status` uses connector `servicetitn`, which does not exist";
    let diagnostic = Diagnostic::new(
        Code::UnknownConnector,
        find(&source, "servicetitn"),
        headline,
    )
    .label("no file in pipelines/connectors has this name")
    .help_opt(suggest::help(
        "servicetitn",
        "connectors",
        ["servicechannel", "servicetitan"],
    ));
    insta::assert_snapshot!(draw(&sources, &diagnostic), @r"
    error[unknown-connector]: step `push_status` uses connector `servicetitn`, which does not exist
      --> pipelines/servicechannel/status.yaml:18:18
       |
    18 |       connector: servicetitn
       |                  ^^^^^^^^^^^ no file in pipelines/connectors has this name
       |
       = help: did you mean `servicetitan`?
    ");
}

#[test]
fn carets_find_their_way_into_every_style_of_scalar() {
    let drawn = [
        inside("a: '{{ it''s | monney }}'\n", "/a", "monney"),
        inside("a: \"\\t\\u00e9 {{ x | monney }}\"\n", "/a", "monney"),
        inside("a: x {{ y | monney }}\n", "/a", "monney"),
        inside("a: one\n  two {{ x | monney }}\n", "/a", "monney"),
        inside(
            "a: |\n  one\n    two {{ x | monney }}\n  three\n",
            "/a",
            "monney",
        ),
        inside("a: >-\n  one\n\n  two {{ x | monney }}\n", "/a", "monney"),
        inside(
            "a: {b: [\"x\", '{{ y | monney }}']}\r\n",
            "/a/b/1",
            "monney",
        ),
    ];
    insta::assert_snapshot!(drawn.join("\n\n"));
}

#[test]
fn wide_characters_and_tabs_keep_the_caret_in_place() {
    let drawn = [
        inside("a: \"漢字 🦀 é {{ x | monney }}\"\n", "/a", "monney"),
        inside("a:\t\"one\ttwo {{ x | monney }}\"\n", "/a", "monney"),
        inside("\u{feff}a: monney\n", "/a", "monney"),
    ];
    insta::assert_snapshot!(drawn.join("\n\n"));
}

#[test]
fn long_lines_are_cut_around_the_mark() {
    let filler = "word ".repeat(60);
    insta::assert_snapshot!(inside(
        &format!("a: {filler}monney {filler}\n"),
        "/a",
        "monney"
    ));
}

#[test]
fn the_end_of_the_file_can_be_pointed_at() {
    let mut drawn = Vec::new();
    for text in ["a: b", "a: b\n", ""] {
        let (sources, source) = one_file(text);
        let span = source.span(text.len()..text.len());
        let diagnostic = Diagnostic::new(Code::MissingKey, span, "the key `name` is missing");
        drawn.push(draw(&sources, &diagnostic.label("expected before the end")));
    }
    insta::assert_snapshot!(drawn.join("\n\n"));
}

#[test]
fn several_labels_share_a_line_and_far_ones_fold_the_rest() {
    let text = format!(
        "page: {{ size: 200, parm: page }}\n{}end: x\n",
        "more: lines\n".repeat(30)
    );
    let (sources, source) = one_file(&text);
    let diagnostic = Diagnostic::new(
        Code::UnknownKey,
        find(&source, "parm"),
        "unknown key `parm`",
    )
    .label("not a key of `page`")
    .also(find(&source, "size"), "a key of `page`")
    .also(find(&source, "end"), "the mapping ends before this")
    .help("did you mean `param`?")
    .help("keys of `page`: `param`, `size`");
    insta::assert_snapshot!(draw(&sources, &diagnostic));
}

#[test]
fn a_mistake_can_show_two_files() {
    let mut sources = SourceMap::new();
    let first = sources.add("pipelines/a.yaml", "kind: map\nname: status\n");
    let second = sources.add("pipelines/b.yaml", "kind: map\nname: status\n");
    let diagnostic = Diagnostic::new(
        Code::DuplicateName,
        find(&second, "status"),
        "two maps are named `status`",
    )
    .label("the second one")
    .also(find(&first, "status"), "the first one");
    insta::assert_snapshot!(draw(&sources, &diagnostic));
}

#[test]
fn of_a_value_of_many_lines_the_first_is_marked() {
    let (sources, source) = one_file("write:\n  find:\n    get: /x\n    key: y\n");
    let document = read(&source).remove(0);
    let span = document
        .index
        .span(&Pointer::parse("/write"), PointerTarget::Value);
    let diagnostic = Diagnostic::new(Code::WrongType, span, "`write` is a mapping");
    insta::assert_snapshot!(draw(&sources, &diagnostic));
}

#[test]
fn text_of_the_users_cannot_steer_the_terminal() {
    let (sources, source) = one_file("a: \u{1b}[31mred\n");
    let span = find(&source, "\u{1b}[31mred");
    let diagnostic = Diagnostic::new(Code::BadValue, span, "unknown value `\u{1b}[31mred`")
        .label("\u{1b}[31m")
        .help("not `\u{1b}[31mred`");
    let drawn = draw(&sources, &diagnostic);
    assert!(!drawn.contains('\u{1b}'), "{drawn:?}");
}

#[test]
fn colour_comes_only_when_asked_for() {
    let (sources, source) = one_file("a: b\n");
    let diagnostic = Diagnostic::new(Code::BadValue, find(&source, "b"), "wrong");
    let style = Style {
        color: Color::Ansi,
        ..Style::default()
    };
    assert!(render_one(&sources, &diagnostic, style).contains("\u{1b}["));
    assert!(!draw(&sources, &diagnostic).contains('\u{1b}'));
}

#[test]
fn they_are_sorted_by_file_and_place_and_said_once() {
    let mut sources = SourceMap::new();
    let b = sources.add("b.yaml", "x: 1\ny: 2\n");
    let a = sources.add("a.yaml", "x: 1\n");
    let new = |source: &Source, text: &str, code: Code| {
        Diagnostic::new(code, find(source, text), format!("about `{text}`"))
    };
    let mut list = vec![
        new(&b, "y", Code::UnknownKey),
        new(&b, "x", Code::StepNeverUsed),
        new(&a, "x", Code::UnknownKey),
        new(&b, "y", Code::UnknownKey),
        new(&b, "y", Code::BadName),
    ];
    sort(&sources, &mut list);
    let shown = render(&sources, &list, Style::default());
    let heads: Vec<_> = shown.lines().filter(|line| line.contains("-->")).collect();
    assert_eq!(
        heads,
        [
            " --> a.yaml:1:1",
            " --> b.yaml:1:1",
            " --> b.yaml:2:1",
            " --> b.yaml:2:1"
        ]
    );
    assert_eq!(shown.lines().last(), Some("3 errors, 1 warning in 2 files"));
    assert_eq!(render(&sources, &[], Style::default()), "");
}

#[test]
fn the_last_line_counts_in_words() {
    let summary = |errors, warnings, files| {
        Summary {
            errors,
            warnings,
            files,
        }
        .to_string()
    };
    assert_eq!(summary(1, 0, 1), "1 error in 1 file");
    assert_eq!(summary(0, 2, 1), "2 warnings in 1 file");
    assert_eq!(summary(2, 1, 3), "2 errors, 1 warning in 3 files");
    assert_eq!(summary(0, 0, 0), "no errors");
}

#[test]
fn json_gives_places_in_lines_and_columns_and_bytes() {
    let (sources, source) = one_file("é: x\npage: { parm: page }\n");
    let span = find(&source, "parm");
    let diagnostic = Diagnostic::new(Code::UnknownKey, span, "unknown key `parm`")
        .label("not a key of `page`")
        .also(find(&source, "page"), "this mapping")
        .help("did you mean `param`?")
        .patch(span, "param");
    let report = serde_json::to_value(json::report(&sources, &[diagnostic])).unwrap();
    let place = |line, column, end_column, start, end| {
        json!({"file": "pipelines/a.yaml", "line": line, "column": column, "end_line": line,
               "end_column": end_column, "start": start, "end": end})
    };
    let with = |mut members: serde_json::Value, place: serde_json::Value| {
        members
            .as_object_mut()
            .unwrap()
            .extend(place.as_object().unwrap().clone());
        members
    };
    let expected = with(
        json!({
            "code": "unknown-key", "severity": "error", "message": "unknown key `parm`",
            "label": "not a key of `page`", "help": ["did you mean `param`?"],
            "related": [with(json!({"message": "this mapping"}), place(2, 1, 5, 6, 10))],
            "suggestion": with(json!({"replacement": "param"}), place(2, 9, 13, 14, 18)),
        }),
        place(2, 9, 13, 14, 18),
    );
    assert_eq!(
        report,
        json!({"errors": 1, "warnings": 0, "diagnostics": [expected]})
    );
}
