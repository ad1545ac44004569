//! `int bool abs round`.

use rust_decimal::RoundingStrategy;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Args, Cx, Filter, Typing, optional};
use crate::lang::expr::error::{Kind, Problem, excerpt};
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "int",
        params: &[],
        run: int,
        ty: to_int,
    },
    Filter {
        name: "bool",
        params: &[],
        run: bool,
        ty: to_bool,
    },
    Filter {
        name: "abs",
        params: &[],
        run: abs,
        ty: same_number,
    },
    Filter {
        name: "round",
        params: &[optional("precision")],
        run: round,
        ty: same_number,
    },
];

const NUMERIC: &[Kind] = &[Kind::Int, Kind::Float, Kind::Decimal];

fn to_int(typing: &mut Typing<'_>) -> Type {
    typing.need(
        &[
            Kind::Int,
            Kind::Float,
            Kind::Decimal,
            Kind::Text,
            Kind::Bool,
        ],
        "a number or text",
    );
    Type::Int
}

fn to_bool(typing: &mut Typing<'_>) -> Type {
    typing.need(
        &[Kind::Bool, Kind::Int, Kind::Text],
        "text or a whole number",
    );
    Type::Bool
}

fn same_number(typing: &mut Typing<'_>) -> Type {
    typing.need(NUMERIC, "a number");
    if typing.input.may_be(NUMERIC) {
        typing.input.clone()
    } else {
        Type::Any
    }
}

/// Cuts fractions off; text must be a whole number.
fn int<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    let needs = "a whole number";
    match &input {
        Val::Null | Val::Absent(_) => Ok(Val::Null),
        Val::Int(_) => Ok(input),
        Val::Bool(value) => Ok(Val::Int(i128::from(*value))),
        Val::Float(float) => float
            .trunc()
            .to_i128()
            .map(Val::Int)
            .ok_or(Problem::OutOfRange),
        Val::Decimal(value) => value
            .trunc()
            .to_i128()
            .map(Val::Int)
            .ok_or(Problem::OutOfRange),
        Val::Text(text) => text
            .trim()
            .parse()
            .map(Val::Int)
            .map_err(|_| Problem::Unreadable {
                filter: "int",
                needs,
                text: excerpt(text),
            }),
        Val::Date(_) | Val::List(_) | Val::Map(_) | Val::Function(_) | Val::Omit | Val::Keep => {
            Err(Problem::Input {
                filter: "int",
                needs,
                got: input.kind(),
            })
        }
    }
}

/// Text must say it: `true`, `yes`, `1`, `false`, `no`, `0`.
fn bool<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    let needs = "true or false";
    match &input {
        Val::Null | Val::Absent(_) => Ok(Val::Null),
        Val::Bool(_) => Ok(input),
        Val::Int(value) => Ok(Val::Bool(*value != 0)),
        Val::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(Val::Bool(true)),
            "false" | "no" | "0" => Ok(Val::Bool(false)),
            _ => Err(Problem::Unreadable {
                filter: "bool",
                needs,
                text: excerpt(text),
            }),
        },
        Val::Float(_)
        | Val::Date(_)
        | Val::Decimal(_)
        | Val::List(_)
        | Val::Map(_)
        | Val::Function(_)
        | Val::Omit
        | Val::Keep => Err(Problem::Input {
            filter: "bool",
            needs,
            got: input.kind(),
        }),
    }
}

fn abs<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    numeric(
        &input,
        "abs",
        |int| int.checked_abs(),
        f64::abs,
        |decimal| decimal.abs(),
    )
}

/// To `precision` digits after the point, halves away from zero.
fn round<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let digits = args.count(0, "round")?.unwrap_or(0);
    let digits = u32::try_from(digits.min(28)).unwrap_or(28);
    let factor = 10_f64.powi(i32::try_from(digits).unwrap_or(28));
    numeric(
        &input,
        "round",
        Some,
        |float| (float * factor).round() / factor,
        |decimal| decimal.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero),
    )
}

fn numeric<'v>(
    input: &Val<'v>,
    filter: &'static str,
    int: impl Fn(i128) -> Option<i128>,
    float: impl Fn(f64) -> f64,
    decimal: impl Fn(&rust_decimal::Decimal) -> rust_decimal::Decimal,
) -> Result<Val<'v>, Problem> {
    match input {
        Val::Null | Val::Absent(_) => Ok(Val::Null),
        Val::Int(value) => int(*value).map(Val::Int).ok_or(Problem::OutOfRange),
        Val::Float(value) => Ok(Val::Float(float(*value))),
        Val::Decimal(value) => Ok(Val::Decimal(decimal(value))),
        Val::Bool(_)
        | Val::Text(_)
        | Val::Date(_)
        | Val::List(_)
        | Val::Map(_)
        | Val::Function(_)
        | Val::Omit
        | Val::Keep => Err(Problem::Input {
            filter,
            needs: "a number",
            got: input.kind(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn int_reads_whole_numbers_exactly() {
        assert_eq!(
            eval("x | int", json!(" 9007199254740993 ")),
            json!(9_007_199_254_740_993_i64)
        );
        assert_eq!(eval("x | int", json!(-2.9)), json!(-2));
        assert_eq!(eval("x | decimal | int", json!("12.50")), json!(12));
        assert_eq!(eval("x | int", json!(true)), json!(1));
        assert_eq!(eval("x | int", Value::Null), Value::Null);
        assert_eq!(
            error("x | int", json!("12a")),
            "`int` cannot read `12a` as a whole number"
        );
        assert_eq!(
            error("x | int", json!([])),
            "`int` needs a whole number, not a list"
        );
    }

    #[test]
    fn bool_does_not_take_the_text_false_for_true() {
        assert_eq!(eval("x | bool", json!("False")), json!(false));
        assert_eq!(eval("x | bool", json!("yes")), json!(true));
        assert_eq!(eval("x | bool", json!(0)), json!(false));
        assert_eq!(
            error("x | bool", json!("maybe")),
            "`bool` cannot read `maybe` as true or false"
        );
    }

    #[test]
    fn abs_and_round_keep_the_kind_of_number() {
        assert_eq!(eval("x | abs", json!(-3)), json!(3));
        assert_eq!(eval("x | round", json!(2.5)), json!(3.0));
        assert_eq!(eval("x | round(1)", json!(2.25)), json!(2.3));
        assert_eq!(eval("x | round", json!(7)), json!(7));
        assert_eq!(
            eval("x | decimal | round(2) | string", json!("1.005")),
            "1.01"
        );
        assert_eq!(
            error("x | abs", json!("1")),
            "`abs` needs a number, not text"
        );
    }
}
