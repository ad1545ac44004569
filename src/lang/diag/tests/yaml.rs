//! Every code that speaks of YAML itself, as people see it.

use super::*;
use crate::lang::source::{Limits, read_within};

#[test]
fn comma_in_flow() {
    insta::assert_snapshot!(shown(
        "steps:\n  - when: not link.job\n    skip: { reason: no job, or off }\n"
    ));
    insta::assert_snapshot!(shown("skip: { a: b, c, d, e: f }\n"));
}

#[test]
fn unquoted_template() {
    insta::assert_snapshot!(shown(
        "body:\n  id: {{ record.Id }}\n  name: {{ record.Name }} # shop\n"
    ));
    insta::assert_snapshot!(shown("get: {{ base }}/orders\n"));
}

#[test]
fn unquoted_expression() {
    insta::assert_snapshot!(shown(
        "steps:\n  - when: 'part' in vars.reason | lower\n    skip: x\n"
    ));
    insta::assert_snapshot!(shown(
        "errors:\n  - { when: body.Code in [502, 601], class: missing }\n"
    ));
    insta::assert_snapshot!(shown("when: \"x\" == record.Kind and 'y' in tags\n"));
}

#[test]
fn unquoted_path() {
    insta::assert_snapshot!(shown(
        "fetch: { get: /orders, records: $.data[*], key: $.id }\n"
    ));
}

#[test]
fn tab_indentation() {
    insta::assert_snapshot!(shown("fetch:\n\tconnector: alpha\n"));
}

#[test]
fn duplicate_key() {
    insta::assert_snapshot!(shown("kind: pipeline\nname: a\nsteps: []\nname: b\n"));
}

#[test]
fn aliases() {
    insta::assert_snapshot!(shown("a: &address { street: x }\nb: *adress\n"));
    insta::assert_snapshot!(shown("b: *address\na: &address 5\n"));
    insta::assert_snapshot!(shown("a: &a\n  - b\n  - *a\n"));
    insta::assert_snapshot!(shown("<<: 5\n"));
}

#[test]
fn tags_keys_and_numbers() {
    insta::assert_snapshot!(shown("a: !secret x\nb: !!int x\n"));
    insta::assert_snapshot!(shown("{ a: b }: c\n? [d]\n: e\n: f\n"));
    insta::assert_snapshot!(shown("a: .inf\nb: 99999999999999999999\n"));
}

#[test]
fn empty_documents() {
    insta::assert_snapshot!(shown(""));
    insta::assert_snapshot!(shown("a: b\n---\n# nothing\n"));
}

#[test]
fn budgets() {
    let limits = Limits {
        bytes: 200,
        nodes: 20,
        depth: 4,
    };
    let shown = |text: &str| {
        let (sources, source) = one_file(text);
        let documents = read_within(&source, limits);
        let issues = documents.iter().flat_map(|document| &document.issues);
        let diagnostics: Vec<_> = issues.map(|issue| from_issue(&source, issue)).collect();
        render(&sources, &diagnostics, Style::default())
    };
    insta::assert_snapshot!(shown("a: &a [1, 2, 3, 4, 5, 6]\nb: [*a, *a, *a]\n"));
    insta::assert_snapshot!(shown(
        "- [1, 2, 3, 4, 5, 6, 7, 8, 9]\n- [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
    ));
    insta::assert_snapshot!(shown("a: [[[[b]]]]\n"));
    insta::assert_snapshot!(shown(&"# a comment\n".repeat(100)));
}

#[test]
fn syntax() {
    let texts = [
        "description: NTE: {{ record.Nte }}\n",
        "a: b:\n  c: d\n",
        "fetch\n  get: /x\n",
        "get:/orders\nkey: $.Id\n",
        "list: ['a' 'b']\n",
        "fetch:\n    get: /x\n  key: $.Id\n",
        "name: orders\n  title: Orders\n",
        "reason: \"not yet\nname: x\n",
        "reason: 'it's over'\n",
        "reason: \"say \"no\" twice\"\n",
        "errors: [rejected, \"904\"\nsteps: []\n",
        "query: { a: 1]\n",
        "records: data]\na: ]\n",
        "cron: */5 * * * *\n",
        "at: @home\n",
        "pattern: \"\\d+\"\n",
        "steps: - name: a\n",
        "when: >= 5\n",
        "fetch: { get: /x } # fine\nmore: { a: b } c\n",
        "%YAML 3.0\n---\na: b\n",
    ];
    let shown: Vec<_> = texts.into_iter().map(shown).collect();
    insta::assert_snapshot!(shown.join("\n"));
}
