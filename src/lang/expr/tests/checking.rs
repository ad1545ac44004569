//! What `validate` learns of an expression: unknown names and members, wrong types, results.

use serde_json::json;

use super::template;
use crate::lang::expr::{
    Condition, ExprEnv, FunctionType, IssueKind, Query, ScopeTypes, Type, ValueForm,
};

fn scope() -> ScopeTypes {
    let schema = json!({
        "type": "object",
        "properties": {
            "Id": { "type": "integer" },
            "Nte": { "type": ["number", "null"] },
            "CallDate": { "type": "string", "format": "date-time" },
            "Status": { "type": "object", "properties": {
                "Primary": { "enum": ["OPEN", "COMPLETED"] }, "Extended": { "type": "string" } } },
            "Lines": { "type": "array", "items": { "type": "object", "properties": {
                "kind": { "type": "string" }, "amount": { "type": "number" } } } },
            "Loose": {},
        },
    });
    let record = Type::from_json_schema(&schema, &schema);
    let linked = FunctionType {
        named: vec!["id".into()],
        positional: 1,
        returns: Type::Any,
        by_word: Vec::new(),
    };
    ScopeTypes::new()
        .with_root(record.clone())
        .with("record", record)
        .with("activation", Type::object([("at", Type::Date)]))
        .with("linked", Type::function(linked))
        .with_elsewhere("found", "inside `update`")
}

/// The issues of a template as `text | bytes`.
#[track_caller]
fn issues(text: &str) -> Vec<String> {
    template(text)
        .check(&scope())
        .issues
        .into_iter()
        .map(|issue| format!("{} | {}", issue.kind, text.get(issue.range).unwrap()))
        .collect()
}

fn ty(text: &str) -> Type {
    let checked = template(text).check(&scope());
    assert_eq!(checked.issues, [], "{text}");
    checked.ty
}

#[test]
fn unknown_names_and_members() {
    assert_eq!(
        issues("{{ recrod.Id }}"),
        ["there is no `recrod` here | recrod"]
    );
    assert_eq!(
        issues("x {{ found.Id }}"),
        ["`found` is known only inside `update` | found"]
    );
    assert_eq!(
        issues("{{ record.Staus }}"),
        ["`record` has no member `Staus` | Staus"]
    );
    assert_eq!(
        issues("{{ (record.Status.Primry | lower) ~ record['Ide'] }}"),
        [
            "`record.Status` has no member `Primry` | Primry",
            "`record` has no member `Ide` | 'Ide'"
        ]
    );
    assert_eq!(
        issues("{{ record.Id.x }}"),
        ["`record.Id` is a whole number and has no member `x` | x"]
    );
    assert_eq!(issues("{{ record.Loose.any.thing[0].x }}"), [""; 0]);
    let checked = template("{{ record.Staus }}").check(&scope());
    let IssueKind::UnknownMember { known, .. } = &checked.issues[0].kind else {
        panic!()
    };
    assert_eq!(
        known,
        &["Id", "Nte", "CallDate", "Status", "Lines", "Loose"]
    );
}

#[test]
fn unknown_filters_tests_functions_and_arguments() {
    assert_eq!(
        issues("{{ record.Id | lowr }}"),
        ["there is no filter `lowr` | lowr"]
    );
    assert_eq!(
        issues("{{ record.Id is nul }}"),
        ["there is no test `nul` | nul"]
    );
    assert_eq!(
        issues("{{ lnked('x', id=1) }}"),
        ["there is no function `lnked` | lnked"]
    );
    assert_eq!(
        issues("{{ linked('x', idd=1) }}"),
        ["`linked` has no argument `idd` | idd"]
    );
    assert_eq!(
        issues("{{ linked('x', 1) }}"),
        ["`linked` takes at most 1 argument without a name | linked"]
    );
    assert_eq!(
        issues("{{ record.Lines | map('lowr') }}"),
        ["there is no filter `lowr` | 'lowr'"]
    );
    assert_eq!(
        issues("{{ record.Lines | selectattr('kind', 'is', 'x') }}"),
        ["there is no test `is` | 'is'"]
    );
    assert_eq!(
        issues("{{ range(3) | list }}{{ linked('x', id=1).key }}"),
        ["a list cannot be put into text | range(3) | list"]
    );
}

#[test]
fn types_that_do_not_go_together() {
    assert_eq!(
        issues("{{ record.CallDate < activation.at }}"),
        ["text cannot be compared with a date | record.CallDate < activation.at"]
    );
    assert_eq!(
        issues("{{ record.Id == '5' }}"),
        ["a whole number cannot be compared with text | record.Id == '5'"]
    );
    assert_eq!(
        issues("{{ record.Id in ['5'] }}"),
        ["a whole number cannot be compared with a list | record.Id in ['5']"]
    );
    assert_eq!(
        issues("{{ record.Nte | decimal == 0 }}"),
        ["a decimal cannot be compared with a whole number | record.Nte | decimal == 0"]
    );
    assert_eq!(
        issues("{{ record.Nte | decimal + 1 }}"),
        ["`+` is not for a decimal and a whole number | record.Nte | decimal + 1"]
    );
    assert_eq!(
        issues("{{ activation.at | lower | plus('2h') }}"),
        ["`plus` needs a date; make one with `utc`, not text | activation.at | lower"]
    );
    assert_eq!(
        issues("{{ record.Status | utc }}"),
        ["`utc` needs a date or text, not a mapping | record.Status"]
    );
    assert_eq!(
        issues("a {{ record.Lines }}"),
        ["a list cannot be put into text | record.Lines"]
    );
    assert_eq!(
        issues("{{ 'a' ~ record.Status }}"),
        ["a mapping cannot be put into text | record.Status"]
    );
    assert_eq!(
        issues("{% for x in record.Id %}{% endfor %}"),
        ["a whole number is not a list | record.Id"]
    );
    assert_eq!(
        issues("{{ record.CallDate is lt activation.at }}"),
        ["text cannot be compared with a date | record.CallDate is lt activation.at"]
    );
}

#[test]
fn constants_that_cannot_be_read() {
    assert_eq!(
        issues("{{ activation.at | in_zone('Amerika') }}"),
        ["`in_zone` cannot read `Amerika` as a time zone | 'Amerika'"]
    );
    assert_eq!(
        issues("{{ activation.at | plus('2 hours') }}"),
        ["`plus` cannot read `2 hours` as a duration | '2 hours'"]
    );
    assert_eq!(
        issues("{{ activation.at | date('%Q') }}"),
        ["`date` cannot read `%Q` as a date format | '%Q'"]
    );
    assert_eq!(
        issues("{{ record | at('Id') }}"),
        ["`at` cannot read `Id` as a path | 'Id'"]
    );
}

#[test]
fn lists_know_their_items() {
    assert_eq!(
        issues("{{ record.Lines | map(attribute='knd') | list }}"),
        ["`each item of record.Lines` has no member `knd` | 'knd'"]
    );
    assert_eq!(
        issues("{{ record.Lines | sum('kind') }}"),
        ["`sum` needs a list of numbers, not text | record.Lines"]
    );
    assert_eq!(
        issues("{% for line in record.Lines %}{{ loop.indx }}{{ line.knd }}{% endfor %}{{ line }}"),
        [
            "`loop` has no member `indx` | indx",
            "`line` has no member `knd` | knd",
            "there is no `line` here | line",
        ]
    );
}

#[test]
fn types_of_results() {
    assert_eq!(ty("{{ record.Id }}"), Type::Int);
    assert_eq!(ty("sc-{{ record.Id }}"), Type::Text);
    assert_eq!(ty("{{ record.CallDate | utc | plus('2h') }}"), Type::Date);
    assert_eq!(ty("{{ record.Nte | decimal | add(1) }}"), Type::Decimal);
    assert_eq!(ty("{{ record.Nte | money(2) }}"), Type::Text);
    assert_eq!(
        ty("{{ record.Lines | map(attribute='kind') | list }}"),
        Type::list(Type::Text)
    );
    assert_eq!(
        ty("{{ record.Lines | map('tojson') }}"),
        Type::list(Type::Text)
    );
    assert_eq!(
        ty("{{ (record.Lines | sort(attribute='amount') | first).amount }}"),
        Type::Number
    );
    assert_eq!(ty("{{ record.Lines[0].kind }}"), Type::Text);
    assert_eq!(
        ty("{{ record.Lines[1:] }}").item().unwrap().to_string(),
        "a mapping"
    );
    assert_eq!(
        ty("{{ record.Status.Extended | default(omit) }}"),
        Type::Text
    );
    assert_eq!(
        ty("{{ record.Nte or 'x' }}").to_string(),
        "a number or text"
    );
    assert_eq!(ty("{{ record.Id if record.Nte else none }}"), Type::Int);
    assert_eq!(
        ty("{{ {'a': record.Id, 'b': [true]} }}"),
        Type::object([("a", Type::Int), ("b", Type::list(Type::Bool))])
    );
    assert_eq!(ty("{{ record | at('$.Lines[0].kind') }}"), Type::Text);
    assert_eq!(ty("{{ 1 + 2 }}"), Type::Int);
    assert_eq!(ty("{{ 1 / 2 }}"), Type::Number);
}

#[test]
fn unsure_means_silent() {
    for text in [
        "{{ record.Loose < activation.at }}",
        "{{ record.Loose | utc | plus(record.Loose) }}",
        "{{ (record.Id if record.Loose else 'x') == 'x' }}",
        "{{ record.Nte == none }}",
        "{{ record.Lines | map(attribute=record.Loose) | first }}",
        "{{ record[record.Loose] }}",
        "{% if record.Loose %}{% set a = 1 %}{% endif %}{{ a }}",
        "{{ record.Status.Primary in ['OPEN', 5] }}",
    ] {
        assert_eq!(issues(text), [""; 0], "{text}");
    }
}

#[test]
fn conditions_are_checked_too() {
    let condition = Condition::compile(&ExprEnv::new(), "record.Status.Primry == 'OPEN'").unwrap();
    let checked = condition.check(&scope());
    assert_eq!(checked.ty, Type::Bool);
    assert_eq!(checked.issues[0].range, 14..20);
}

#[test]
fn paths_are_checked_by_segment() {
    let check = |text: &str| {
        let checked = Query::compile(text).unwrap().check(scope().root());
        let issues: Vec<_> = checked
            .issues
            .iter()
            .map(|issue| {
                format!(
                    "{} | {}",
                    issue.kind,
                    text.get(issue.range.clone()).unwrap()
                )
            })
            .collect();
        (checked.ty, issues)
    };
    assert_eq!(check("$.Status.Primary"), (Type::Text, vec![]));
    assert_eq!(
        check("$.Lines[*].amount"),
        (Type::list(Type::Number), vec![])
    );
    assert_eq!(
        check("$.Lines[?@.kind == 'x'].amount"),
        (Type::list(Type::Number), vec![])
    );
    assert_eq!(check("$.Lines[0:2]['kind','amount']").1, [""; 0]);
    assert_eq!(check("$..kind"), (Type::list(Type::Any), vec![]));
    assert_eq!(check("$.Loose.x[3]"), (Type::Any, vec![]));
    assert_eq!(
        check("$.Status.Primry").1,
        ["`$.Status` has no member `Primry` | Primry"]
    );
    assert_eq!(
        check("$['Staus']").1,
        ["`$` has no member `Staus` | ['Staus']"]
    );
    assert_eq!(
        check("$.Lines[*].knd").1,
        ["`$.Lines[*]` has no member `knd` | knd"]
    );
    assert_eq!(
        check("$.Id.x").1,
        ["`$.Id` is a whole number and has no member `x` | x"]
    );
    assert_eq!(check("$.Id[0]").1, ["a whole number is not a list | [0]"]);
    assert_eq!(
        check("$.Lines.kind").1,
        ["`$.Lines` is a list and has no member `kind` | kind"]
    );
}

#[test]
fn forms_are_checked_with_their_places() {
    let value =
        json!({ "a": "$.Idd", "b": ["x", "{{ record.Nope }}"], "c": "{{ record.Id }}", "d": 5 });
    let (form, errors) = ValueForm::compile(&ExprEnv::new(), &value);
    assert_eq!(errors, []);
    let (ty, issues) = form.check(&scope());
    let places: Vec<_> = issues.iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(places, ["/a", "/b/1"]);
    let expected = Type::object([
        ("a", Type::Any),
        ("b", Type::list(Type::Any)),
        ("c", Type::Int),
        ("d", Type::Int),
    ]);
    assert_eq!(ty, expected);
}
