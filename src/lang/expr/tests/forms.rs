//! The three forms of a value.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{at, order};
use crate::lang::expr::{Datum, ExprEnv, Scope, TextForm, ValueForm};

fn form(value: &Value) -> ValueForm {
    let (form, errors) = ValueForm::compile(&ExprEnv::new(), value);
    assert_eq!(errors, []);
    form
}

#[test]
fn text_has_one_of_three_forms() {
    assert_eq!(TextForm::of("$.Id"), TextForm::Path);
    assert_eq!(TextForm::of("$[*]"), TextForm::Path);
    assert_eq!(TextForm::of("$top {{ x }}"), TextForm::Template);
    assert_eq!(TextForm::of("{% if x %}"), TextForm::Template);
    assert_eq!(TextForm::of("$skip"), TextForm::Literal);
    assert_eq!(TextForm::of("$$.x"), TextForm::Literal);
}

#[test]
fn a_body_is_a_tree_of_values() {
    let body = form(&json!({
        "name": "$.Subscriber.Name",
        "tags": "$.Tags[*]",
        "literal": "$$.not a path",
        "id": "{{ record.Id }}",
        "text": "sc-{{ record.Number }}",
        "extended": "{{ record.Status.Extended | default(omit) }}",
        "absent": "$.Nothing",
        "list": [1, "{{ omit }}", { "$.key": "{{ record.Nte }}" }],
        "constant": { "a": [true, null, 9_007_199_254_740_993_i64] },
    }));
    assert_eq!(
        body.eval(&order()).unwrap(),
        json!({
            "name": "Acme Retail",
            "tags": ["a", "b"],
            "literal": "$.not a path",
            "id": 9_007_199_254_740_993_i64,
            "text": "sc-9007199254740993".replace("9007199254740993", "310000123"),
            "absent": null,
            "list": [1, { "$.key": 850.0 }],
            "constant": { "a": [true, null, 9_007_199_254_740_993_i64] },
        })
    );
}

#[test]
fn constants_are_folded() {
    assert!(form(&json!({ "a": [1, { "b": "$$.x" }] })).is_constant());
    assert_eq!(
        form(&json!(["$$.x", "$$y"])).eval(&Scope::new()).unwrap(),
        json!(["$.x", "$$y"])
    );
    assert!(!form(&json!({ "a": ["$.b"] })).is_constant());
}

#[test]
fn names_keep_dates_and_decimals() {
    let scope = order();
    let vars = form(
        &json!({ "start": "{{ record.CallDate | utc }}", "nte": "{{ record.Nte | decimal }}" }),
    );
    let Datum::Map(members) = vars.eval_datum(&scope).unwrap() else {
        panic!("a mapping")
    };
    assert!(matches!(members["start"], Datum::Date(_)));
    assert!(matches!(members["nte"], Datum::Decimal(_)));
    let later = scope.child().with("vars", Datum::Map(members));
    let body = form(&json!({ "end": "{{ vars.start | plus('2h') }}", "nte": "{{ vars.nte }}" }));
    assert_eq!(
        body.eval(&later).unwrap(),
        json!({ "end": "2026-04-03T01:40:16.53Z", "nte": 850 })
    );
}

#[test]
fn failures_say_where() {
    let body = form(&json!({ "a": { "b/c": ["x", "no {{ record.Nothing }}"] } }));
    let error = body.eval(&order()).unwrap_err();
    assert_eq!(error.path.to_string(), "/a/b~1c/1");
    assert_eq!(error.error.expression, "record.Nothing");
    let (_, errors) = ValueForm::compile(&ExprEnv::new(), &json!({ "a": ["{{ x", "$.[", 1] }));
    let places: Vec<_> = errors.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(places, ["/a/0", "/a/1"]);
    let whole = form(&json!("{{ omit }}")).eval(&order()).unwrap_err();
    assert_eq!(
        whole.to_string(),
        "`{{ omit }}`: `omit` is not a value that can be sent or kept here"
    );
}

#[test]
fn a_path_without_a_document_is_null() {
    assert_eq!(
        form(&json!("$.x")).eval(&Scope::new()).unwrap(),
        Value::Null
    );
    let root = Arc::new(json!({ "x": [1, 2] }));
    let scope = Scope::new().with_root(root);
    assert_eq!(form(&json!("$.x[0]")).eval(&scope).unwrap(), json!(1));
    assert_eq!(
        form(&json!("$.x[?@ > 1]")).eval(&scope).unwrap(),
        json!([2])
    );
}

#[test]
fn uses_tell_what_an_expression_reads() {
    let body = form(&json!({ "a": "{{ vars.nte['x'].y | default(steps.site) }}", "b": "$.Id" }));
    let uses = body.uses();
    let [(path, uses)] = uses.as_slice() else {
        panic!("one template")
    };
    assert_eq!(path.to_string(), "/a");
    let paths: Vec<_> = uses.paths.iter().map(|used| used.path.join(".")).collect();
    assert_eq!(paths, ["vars.nte.x.y", "steps.site"]);
    assert_eq!(uses.filters[0].name, "default");
    assert_eq!(body.queries()[0].0.to_string(), "/b");
    let scope = Scope::new().with("now", at("2026-01-01T00:00:00Z"));
    let native = form(&json!("{{ now }}"));
    assert_eq!(native.eval(&scope).unwrap(), "2026-01-01T00:00:00Z");
}
