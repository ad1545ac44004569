//! What is refused when an expression is compiled, with its exact text and place.

use crate::lang::expr::{Condition, ExprEnv, ExprErrorKind, Query, Template};

#[track_caller]
fn refused(text: &str) -> (String, String) {
    let error = Template::compile(&ExprEnv::new(), text).unwrap_err();
    (error.message, text.get(error.range).unwrap().to_owned())
}

fn pair(message: &str, at: &str) -> (String, String) {
    (message.to_owned(), at.to_owned())
}

#[test]
fn syntax_errors_have_a_place() {
    let error = Template::compile(&ExprEnv::new(), "a {{ record. }}").unwrap_err();
    assert_eq!(error.kind, ExprErrorKind::Syntax);
    assert_eq!(
        error.message,
        "unexpected end of variable block, expected identifier or integer"
    );
    assert_eq!(error.range, 13..15);
    assert_eq!(
        Template::compile(&ExprEnv::new(), "{{ 'a }}")
            .unwrap_err()
            .kind,
        ExprErrorKind::Syntax
    );
    assert_eq!(
        Template::compile(&ExprEnv::new(), "{% if x %}")
            .unwrap_err()
            .kind,
        ExprErrorKind::Syntax
    );
}

#[test]
fn what_the_language_leaves_out_is_said() {
    assert_eq!(
        refused("{% include 'x' %}").0,
        "`{% include %}` is not part of the language; build values with `transform`"
    );
    assert_eq!(
        refused("{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1) }}").0,
        "`{% macro %}` is not part of the language; build values with `transform`"
    );
    assert_eq!(
        refused("{% set ns.x = 1 %}"),
        pair(
            "setting a member is not part of the language; set a name of its own",
            "x"
        )
    );
}

#[test]
fn arguments_are_counted_and_named() {
    assert_eq!(
        refused("{{ x | lower(1) }}"),
        pair("`lower` takes at most 0 arguments", "1")
    );
    assert_eq!(
        refused("{{ x | plus }}"),
        pair("`plus` needs `duration`", "plus")
    );
    assert_eq!(
        refused("{{ x | sort(attr='a') }}"),
        pair("`sort` has no argument `attr`", "attr")
    );
    assert_eq!(
        refused("{{ x | sort('a', attribute='b') }}"),
        pair("`sort` is given `attribute` twice", "attribute")
    );
    assert_eq!(
        refused("{{ x is containing }}"),
        pair("`containing` needs `other`", "containing")
    );
}

#[test]
fn templates_in_conditions_come_with_the_fix() {
    let error = Condition::compile(&ExprEnv::new(), "{{ link.job }} and not {{ x }}").unwrap_err();
    assert_eq!(
        error.kind,
        ExprErrorKind::TemplateInCondition {
            fix: "link.job and not x".into()
        }
    );
    assert_eq!(
        error.message,
        "a condition is a bare expression: `link.job and not x`"
    );
    assert_eq!(error.range, 0..30);
    assert!(Condition::compile(&ExprEnv::new(), "'{{' in record.text").is_ok());
    let error = Condition::compile(&ExprEnv::new(), "$.Status == 'OPEN'").unwrap_err();
    assert_eq!(error.kind, ExprErrorKind::PathInExpression);
    assert_eq!(
        error.message,
        "an expression has no JSONPath; write `record.Name` for `$.Name`"
    );
}

#[test]
fn paths_are_refused_where_they_go_wrong() {
    let error = Query::compile("$.data[?@.status = 'won']").unwrap_err();
    assert_eq!(error.kind, ExprErrorKind::Path);
    assert_eq!(error.message, "not a JSONPath (RFC 9535) from here on");
    assert_eq!(error.range, 17..25);
    let error = Query::compile("$.odata-count").unwrap_err();
    assert_eq!(
        error.message,
        "not a JSONPath; a name with other characters is written `['the-name']`"
    );
    let error = Query::compile("$.a[?match(@.b, '[')]").unwrap_err();
    assert_eq!(error.kind, ExprErrorKind::Regex);
    assert_eq!(
        error.message,
        "the regular expression does not compile: unclosed character class"
    );
    assert_eq!(error.range, 17..18);
    let error = Query::compile("$.a[?lower(@.b) == 'x']").unwrap_err();
    assert_eq!(error.kind, ExprErrorKind::Path);
}
