//! The tests: what stands behind `is`.

use super::error::{Kind, Problem};
use super::filters::{Args, Param, required};
use super::ir::CompareOp;
use super::ops;
use super::val::Val;

/// A test of the language.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    pub(crate) run: for<'v> fn(&Val<'v>, &Args<'v>) -> Result<bool, Problem>,
}

const fn plain(
    name: &'static str,
    run: for<'v> fn(&Val<'v>, &Args<'v>) -> Result<bool, Problem>,
) -> Predicate {
    Predicate {
        name,
        params: &[],
        run,
    }
}

const OTHER: &[Param] = &[required("other")];

const fn with(
    name: &'static str,
    run: for<'v> fn(&Val<'v>, &Args<'v>) -> Result<bool, Problem>,
) -> Predicate {
    Predicate {
        name,
        params: OTHER,
        run,
    }
}

impl Predicate {
    /// The operator that it is another way to write.
    pub(crate) fn compares(&self) -> Option<CompareOp> {
        Some(match self.name {
            "equalto" | "eq" | "==" => CompareOp::Eq,
            "ne" | "!=" => CompareOp::Ne,
            "lessthan" | "lt" | "<" => CompareOp::Lt,
            "le" | "<=" => CompareOp::Le,
            "greaterthan" | "gt" | ">" => CompareOp::Gt,
            "ge" | ">=" => CompareOp::Ge,
            "in" => CompareOp::In,
            _ => return None,
        })
    }
}

/// `undefined` and `none` are one: what is absent is null.
const PREDICATES: &[Predicate] = &[
    plain("none", |value, _| Ok(value.is_null())),
    plain("undefined", |value, _| Ok(value.is_null())),
    plain("defined", |value, _| Ok(!value.is_null())),
    plain("true", |value, _| Ok(matches!(value, Val::Bool(true)))),
    plain("false", |value, _| Ok(matches!(value, Val::Bool(false)))),
    plain("boolean", |value, _| Ok(value.kind() == Kind::Bool)),
    plain("number", |value, _| {
        Ok(matches!(value.kind(), Kind::Int | Kind::Float))
    }),
    plain("integer", |value, _| Ok(value.kind() == Kind::Int)),
    plain("string", |value, _| Ok(value.kind() == Kind::Text)),
    plain("date", |value, _| Ok(value.kind() == Kind::Date)),
    plain("decimal", |value, _| Ok(value.kind() == Kind::Decimal)),
    plain("sequence", |value, _| Ok(value.kind() == Kind::List)),
    plain("mapping", |value, _| Ok(value.kind() == Kind::Map)),
    plain("odd", |value, _| Ok(whole(value, "odd")? % 2 != 0)),
    plain("even", |value, _| Ok(whole(value, "even")? % 2 == 0)),
    with("divisibleby", |value, args| {
        let divisor = whole(&args.need(0), "divisibleby")?;
        let value = whole(value, "divisibleby")?;
        value
            .checked_rem(divisor)
            .map(|rest| rest == 0)
            .ok_or(Problem::DivisionByZero)
    }),
    with("in", |value, args| {
        ops::compare(CompareOp::In, value, &args.need(0))
    }),
    with("containing", |value, args| {
        ops::contains(value, &args.need(0))
    }),
    with("startingwith", |value, args| {
        affix(value, args, "startingwith", |t, a| t.starts_with(a))
    }),
    with("endingwith", |value, args| {
        affix(value, args, "endingwith", |t, a| t.ends_with(a))
    }),
    with("equalto", |value, args| ops::equal(value, &args.need(0))),
    with("eq", |value, args| ops::equal(value, &args.need(0))),
    with("==", |value, args| ops::equal(value, &args.need(0))),
    with("ne", |value, args| Ok(!ops::equal(value, &args.need(0))?)),
    with("!=", |value, args| Ok(!ops::equal(value, &args.need(0))?)),
    with("lessthan", |value, args| {
        ops::compare(CompareOp::Lt, value, &args.need(0))
    }),
    with("lt", |value, args| {
        ops::compare(CompareOp::Lt, value, &args.need(0))
    }),
    with("<", |value, args| {
        ops::compare(CompareOp::Lt, value, &args.need(0))
    }),
    with("le", |value, args| {
        ops::compare(CompareOp::Le, value, &args.need(0))
    }),
    with("<=", |value, args| {
        ops::compare(CompareOp::Le, value, &args.need(0))
    }),
    with("greaterthan", |value, args| {
        ops::compare(CompareOp::Gt, value, &args.need(0))
    }),
    with("gt", |value, args| {
        ops::compare(CompareOp::Gt, value, &args.need(0))
    }),
    with(">", |value, args| {
        ops::compare(CompareOp::Gt, value, &args.need(0))
    }),
    with("ge", |value, args| {
        ops::compare(CompareOp::Ge, value, &args.need(0))
    }),
    with(">=", |value, args| {
        ops::compare(CompareOp::Ge, value, &args.need(0))
    }),
];

/// The test with this name.
pub(crate) fn find(name: &str) -> Option<&'static Predicate> {
    PREDICATES.iter().find(|predicate| predicate.name == name)
}

/// The names of all tests, sorted.
pub fn predicate_names() -> Vec<&'static str> {
    let mut names: Vec<_> = PREDICATES.iter().map(|predicate| predicate.name).collect();
    names.sort_unstable();
    names
}

fn whole(value: &Val<'_>, test: &'static str) -> Result<i128, Problem> {
    if let Val::Int(value) = value {
        return Ok(*value);
    }
    Err(Problem::Input {
        filter: test,
        needs: "a whole number",
        got: value.kind(),
    })
}

fn affix(
    value: &Val<'_>,
    args: &Args<'_>,
    test: &'static str,
    has: fn(&str, &str) -> bool,
) -> Result<bool, Problem> {
    if value.is_null() {
        return Ok(false);
    }
    let affix = args.text(0, test)?.unwrap_or_default();
    Ok(has(&value.to_text()?, affix))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn null_and_undefined_are_alike() {
        for (test, expected) in [("none", true), ("undefined", true), ("defined", false)] {
            assert_eq!(eval(&format!("x is {test}"), Value::Null), json!(expected));
            assert_eq!(
                eval(&format!("x.a.b is {test}"), json!({})),
                json!(expected)
            );
            assert_eq!(
                eval(&format!("x is not {test}"), Value::Null),
                json!(!expected)
            );
        }
    }

    #[test]
    fn kinds() {
        assert_eq!(
            eval(
                "[x is integer, x is number, x is string, x is boolean, x is mapping]",
                json!(1)
            ),
            json!([true, true, false, false, false])
        );
        assert_eq!(
            eval("[x is sequence, x | utc is date]", Value::Null),
            json!([false, false])
        );
        assert_eq!(
            eval("[x | decimal is decimal, x | utc is date]", json!("2026")),
            Value::from(json!({"error": "`utc` cannot read `2026` as a date"}))
        );
        assert_eq!(eval("x is true", json!(1)), json!(false));
    }

    #[test]
    fn containing_and_affixes() {
        assert_eq!(
            eval("x is containing('jobTypeId')", json!("bad jobTypeId 5")),
            json!(true)
        );
        assert_eq!(eval("x is containing 3", json!([1, 3])), json!(true));
        assert_eq!(eval("x is containing('a')", Value::Null), json!(false));
        assert_eq!(
            eval(
                "x is startingwith 'sc-' and x is endingwith '1'",
                json!("sc-1")
            ),
            json!(true)
        );
    }

    #[test]
    fn numbers_and_comparisons() {
        assert_eq!(
            eval("[x is odd, x is even, x is divisibleby 3]", json!(9)),
            json!([true, false, true])
        );
        assert_eq!(
            eval("[x is gt 8, x is le(9), x is in [9], x is ne 9]", json!(9)),
            json!([true, true, true, false])
        );
        assert_eq!(
            error("x is odd", json!("9")),
            "`odd` needs a whole number, not text"
        );
        assert_eq!(
            error("x is lt 'a'", json!(1)),
            "a whole number cannot be compared with text"
        );
        assert_eq!(error("x is divisibleby 0", json!(1)), "division by zero");
    }
}
