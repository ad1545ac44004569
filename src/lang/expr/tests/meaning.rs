//! Types, absence, text, operators, statements, limits.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{at, failure, order, template, value};
use crate::lang::expr::{
    Condition, Datum, ExprEnv, FunctionError, Limits, Problem, Scope, Template,
};

#[test]
fn one_expression_keeps_its_type_and_anything_around_it_makes_text() {
    let scope = order();
    assert_eq!(
        value("{{ record.Id }}", &scope),
        json!(9_007_199_254_740_993_i64)
    );
    assert_eq!(
        value("{{ record.Id }}\n", &scope),
        json!(9_007_199_254_740_993_i64)
    );
    assert_eq!(value("sc-{{ record.Id }}", &scope), "sc-9007199254740993");
    assert_eq!(value(" {{ record.Id }}", &scope), " 9007199254740993");
    assert_eq!(value("{{ record.Tags }}", &scope), json!(["a", "b"]));
    assert_eq!(
        value("{{ record.Subscriber }}", &scope),
        json!({ "Id": 2_010_000_001, "Name": "Acme Retail" })
    );
    assert_eq!(value("{{ record.Nte }}", &scope), json!(850.0));
    assert_eq!(
        value("{{ record.Number }}{{ true }}", &scope),
        "310000123true"
    );
    assert_eq!(value("{% if true %}{{ 5 }}{% endif %}", &scope), "5");
}

#[test]
fn whole_numbers_never_become_floats() {
    let scope = order();
    assert_eq!(
        value("{{ record.Id + 1 }}", &scope),
        json!(9_007_199_254_740_994_i64)
    );
    assert_eq!(
        value("{{ record.Id == 9007199254740993 }}", &scope),
        json!(true)
    );
    assert_eq!(
        value("{{ record.Id == 9007199254740992.0 }}", &scope),
        json!(false)
    );
    assert_eq!(
        value(
            "{{ [6 / 2, 7 / 2, 7 // 2, -7 // 2, -7 % 3, 2 ** 10] }}",
            &scope
        ),
        json!([3, 3.5, 3, -4, 2, 1024])
    );
    assert_eq!(value("{{ 18446744073709551615 }}", &scope), json!(u64::MAX));
    assert_eq!(
        failure("{{ 2 ** 70 }}", &scope).problem,
        Problem::OutOfRange
    );
    assert_eq!(
        failure("{{ 1 / 0 }}", &scope).problem,
        Problem::DivisionByZero
    );
}

#[test]
fn absence_is_null_along_a_chain() {
    let scope = order().with("link", Datum::map([("job", Datum::Null)]));
    assert_eq!(value("{{ record.Nothing }}", &scope), Value::Null);
    assert_eq!(value("{{ record.Nothing.at.all }}", &scope), Value::Null);
    assert_eq!(value("{{ link.job.key }}", &scope), Value::Null);
    assert_eq!(
        value(
            "{{ record.Status.Extended is none and record.Nothing is none }}",
            &scope
        ),
        json!(true)
    );
    assert_eq!(value("{{ record.Nothing.x | default('d') }}", &scope), "d");
    assert_eq!(
        value(
            "{{ record.Tags[7] is none and record.Tags[-1] == 'b' }}",
            &scope
        ),
        json!(true)
    );
    assert_eq!(value("{{ 'x' in record.Nothing }}", &scope), json!(false));
    assert_eq!(
        value(
            "{% for x in record.Nothing %}{{ x }}{% else %}none{% endfor %}",
            &scope
        ),
        "none"
    );
}

#[test]
fn null_in_text_is_an_error_that_names_the_expression() {
    let scope = order();
    let error = failure("status {{ record.Status.Extended | lower }}", &scope);
    assert_eq!(
        error.to_string(),
        "`record.Status.Extended | lower`: is null inside text; give it a `default('…')`, or ask for it in `when`"
    );
    assert_eq!(error.range, 10..40);
    let error = failure("{{ 'NTE ' ~ record.Nothing ~ '!' }}", &scope);
    assert_eq!(
        (error.expression.as_str(), error.problem),
        ("record.Nothing", Problem::NullInText)
    );
    let error = failure("a {{ record.Tags }}", &scope);
    assert_eq!(
        error.to_string(),
        "`record.Tags`: is a list inside text; use `join` or `tojson`"
    );
}

#[test]
fn dates_and_decimals_are_values_of_their_own() {
    let scope = order().with(
        "activation",
        Datum::map([("at", at("2026-04-01T00:00:00Z"))]),
    );
    assert_eq!(
        value("{{ record.CallDate | utc < activation.at }}", &scope),
        json!(false)
    );
    assert_eq!(
        value("{{ record.CallDate | utc | plus('2h') }}", &scope),
        "2026-04-03T01:40:16.53Z"
    );
    assert_eq!(
        value("from {{ activation.at }}", &scope),
        "from 2026-04-01T00:00:00Z"
    );
    let error = failure("{{ record.CallDate < activation.at }}", &scope);
    assert_eq!(
        error.to_string(),
        "`record.CallDate < activation.at`: text cannot be compared with a date; make both dates with `utc`"
    );
    let error = failure(
        "{{ [record.CallDate] | sort | first in [activation.at] }}",
        &scope,
    );
    assert!(matches!(error.problem, Problem::Compare { .. }));
    let error = failure("{{ (record.Nte | decimal) * 2 }}", &scope);
    assert_eq!(
        error.to_string(),
        "`(record.Nte | decimal) * 2`: `*` is not for a decimal and a whole number; use `add`, `sub` or `mul`"
    );
    let kept = template("{{ record.CallDate | utc }}")
        .eval(&scope)
        .unwrap();
    assert!(matches!(kept, Datum::Date(_)), "{kept:?}");
}

#[test]
fn null_that_says_why() {
    let refused = Datum::absent([("refused", Datum::from("COMPLETED"))]);
    let scope = Scope::new().with("steps", Datum::map([("target", refused)]));
    assert_eq!(value("{{ steps.target is none }}", &scope), json!(true));
    assert_eq!(value("{{ steps.target.refused }}", &scope), "COMPLETED");
    assert_eq!(value("{{ steps.target }}", &scope), Value::Null);
    let chosen = Scope::new().with("steps", Datum::map([("target", Datum::from("OPEN"))]));
    assert_eq!(value("{{ steps.target.refused }}", &chosen), Value::Null);
}

#[test]
fn keep_and_omit_are_words() {
    let keep = Scope::new().with("steps", Datum::map([("target", Datum::Keep)]));
    assert_eq!(value("{{ steps.target == keep }}", &keep), json!(true));
    let open = Scope::new().with(
        "steps",
        Datum::map([("target", at("2026-01-01T00:00:00Z"))]),
    );
    assert_eq!(value("{{ steps.target == keep }}", &open), json!(false));
    assert_eq!(value("{{ [1, omit, 2] }}", &open), json!([1, 2]));
    assert_eq!(
        failure("{{ omit }}", &open).to_string(),
        "`omit`: `omit` is not a value that can be sent or kept here"
    );
}

#[test]
fn functions_come_from_the_scope() {
    let linked = Datum::function(|call| match call.named("id").map(Datum::to_json) {
        Some(Ok(Value::Number(id))) if id.as_i64() == Some(7) => {
            Ok(Datum::map([("key", "K-7".into()), ("id", Datum::from(7))]))
        }
        Some(_) => Ok(Datum::Null),
        None => Err(FunctionError {
            message: "`linked` needs `id` or `key`".into(),
        }),
    });
    let scope = Scope::new()
        .with("linked", linked)
        .with("note", json!({ "Id": 7 }));
    assert_eq!(
        value("{{ linked('note_out', id=note.Id).key }}", &scope),
        "K-7"
    );
    assert_eq!(
        value("{{ not linked('note_out', id=8) }}", &scope),
        json!(true)
    );
    assert_eq!(
        failure("{{ linked('x') }}", &scope).to_string(),
        "`linked('x')`: `linked` needs `id` or `key`"
    );
    assert_eq!(
        failure("{{ note(1) }}", &scope).to_string(),
        "`note(1)`: a mapping cannot be called"
    );
    assert_eq!(
        failure("{{ nothing }}", &scope).to_string(),
        "`nothing`: there is no `nothing` here"
    );
}

#[test]
fn and_or_give_an_operand_and_stop_early() {
    let scope = order();
    assert_eq!(
        value("{{ record.Nothing or record.Number }}", &scope),
        "310000123"
    );
    assert_eq!(value("{{ '' and unknown }}", &scope), "");
    assert_eq!(value("{{ 1 or unknown }}", &scope), json!(1));
    assert_eq!(
        value("{{ 1 < 2 < 3 and not 1 < 2 < 2 }}", &scope),
        json!(true)
    );
    assert_eq!(value("{{ 'x' if false }}", &scope), Value::Null);
    assert_eq!(
        value("{{ record.Number not in ['1', '2'] }}", &scope),
        json!(true)
    );
}

#[test]
fn slices() {
    let scope = Scope::new().with("x", json!([1, 2, 3, 4]));
    assert_eq!(
        value("{{ [x[1:], x[:-1], x[::2], x[::-1], x[-2:9]] }}", &scope),
        json!([[2, 3, 4], [1, 2, 3], [1, 3], [4, 3, 2, 1], [3, 4]])
    );
    assert_eq!(value("{{ 'äbc'[1:] ~ 'abc'[::-1] }}", &scope), "bccba");
    assert_eq!(value("{{ none[1:] }}", &scope), Value::Null);
}

#[test]
fn statements() {
    let scope = order();
    let loops = "{% for tag in record.Tags if tag != 'c' %}{{ loop.index }}/{{ loop.length }}{{ tag }}{% if not loop.last %},{% endif %}{% endfor %}";
    assert_eq!(value(loops, &scope), "1/2a,2/2b");
    assert_eq!(
        value(
            "{% for k, v in {'a': 1} | items %}{{ k }}={{ v }}{% endfor %}",
            &scope
        ),
        "a=1"
    );
    assert_eq!(
        value(
            "{% set x = 1 %}{% for i in range(3) %}{% set x = i %}{% endfor %}{{ x }}",
            &scope
        ),
        "1"
    );
    assert_eq!(
        value(
            "{% if false %}a{% elif record.Nte %}{% set y = 2 %}b{% else %}c{% endif %}{{ y }}",
            &scope
        ),
        "b2"
    );
    assert_eq!(
        value(
            "{% set t %}<{{ record.Number }}>{% endset %}{{ t }}{{ t }}",
            &scope
        ),
        "<310000123><310000123>"
    );
    assert_eq!(
        value("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", &scope),
        "3"
    );
    assert_eq!(
        value("{# note #}{% raw %}{{ x }}{% endraw %}", &scope),
        "{{ x }}"
    );
    assert_eq!(
        value("a\n{%- if true %} b {% endif -%}\n c\n", &scope),
        "a b c\n"
    );
}

#[test]
fn work_is_limited() {
    let scope = Scope::new().with("x", json!([1, 2, 3]));
    let env = ExprEnv::with_limits(Limits {
        steps: 1000,
        text: 64,
    });
    let failing = |text: &str| {
        Template::compile(&env, text)
            .unwrap()
            .eval(&scope)
            .unwrap_err()
            .problem
    };
    let nested = "{% for a in range(9) %}{% for b in range(9) %}{{ a }}{% endfor %}{% endfor %}";
    assert_eq!(failing(nested), Problem::TooLong(64));
    let silent =
        "{% for a in range(99) %}{% for b in range(99) %}{% set z = b %}{% endfor %}{% endfor %}";
    assert_eq!(failing(silent), Problem::Fuel(1000));
    assert_eq!(failing("{{ range(99999999999) }}"), Problem::OutOfRange);
    let doubled = "{% set a = 'xxxxxxxx' %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{% set a = a ~ a %}{{ a }}";
    assert_eq!(failing(doubled), Problem::TooLong(64));
    assert_eq!(
        failing("{{ 'aaaaaaaaaa' | replace('a', 'bbbbbbbbbb') }}"),
        Problem::TooLong(64)
    );
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(Template::compile(&env, &deep).is_err());
}

#[test]
fn values_are_encoded_for_their_place() {
    fn brackets(text: &str, out: &mut String) {
        out.push('<');
        out.push_str(text);
        out.push('>');
    }
    let scope = order();
    let mut out = String::from("/");
    template("notes/{{ record.Number }}/{% for t in record.Tags %}{{ t }}{% endfor %}")
        .render_encoded(&scope, &mut out, brackets)
        .unwrap();
    assert_eq!(out, "/notes/<310000123>/<a><b>");
    let mut out = String::new();
    template("{{ record.Number }}")
        .render_encoded(&scope, &mut out, brackets)
        .unwrap();
    assert_eq!(out, "<310000123>");
}

#[test]
fn conditions_are_true_or_false() {
    let env = ExprEnv::new();
    let scope = order();
    let holds = |text: &str| {
        Condition::compile(&env, text)
            .unwrap()
            .holds(&scope)
            .unwrap()
    };
    assert!(holds(
        "record.Status.Primary == 'OPEN' and not record.Status.Extended"
    ));
    assert!(!holds("record.Nothing"));
    assert!(holds("record.Nte | decimal > 800 | decimal"));
    assert!(Condition::constant(&env, true).holds(&scope).unwrap());
}

#[test]
fn lazy_names_are_made_only_when_asked_for() {
    let scope = order().with_lazy("never", || panic!("asked for"));
    assert_eq!(value("{{ record.Number or never }}", &scope), "310000123");
    let shared = Arc::new(json!({ "a": 1 }));
    let copy = Arc::clone(&shared);
    let lazy = Scope::new().with_lazy("x", move || Datum::from(Arc::clone(&copy)));
    assert_eq!(value("{{ x.a }}", &lazy), json!(1));
}
