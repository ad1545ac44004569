//! `decimal add sub mul sum money`: exact amounts.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Args, Cx, Filter, Typing, attribute, optional, required};
use crate::lang::expr::error::{Kind, Problem, excerpt};
use crate::lang::expr::types::{IssueKind, Type};
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "decimal",
        params: &[],
        run: decimal,
        ty: reads,
    },
    Filter {
        name: "add",
        params: &[required("other")],
        run: add,
        ty: calculates,
    },
    Filter {
        name: "sub",
        params: &[required("other")],
        run: sub,
        ty: calculates,
    },
    Filter {
        name: "mul",
        params: &[required("other")],
        run: mul,
        ty: calculates,
    },
    Filter {
        name: "sum",
        params: &[optional("attribute")],
        run: sum,
        ty: sums,
    },
    Filter {
        name: "money",
        params: &[optional("digits")],
        run: money,
        ty: prints,
    },
];

const NUMERIC: &[Kind] = &[Kind::Int, Kind::Float, Kind::Decimal];
const READABLE: &[Kind] = &[Kind::Int, Kind::Float, Kind::Decimal, Kind::Text];

fn reads(typing: &mut Typing<'_>) -> Type {
    typing.need(READABLE, "a number or text");
    Type::Decimal
}

fn prints(typing: &mut Typing<'_>) -> Type {
    typing.need(READABLE, "a number or text");
    Type::Text
}

fn calculates(typing: &mut Typing<'_>) -> Type {
    typing.need(NUMERIC, "a number");
    if let Some(arg) = typing.arg(0).cloned()
        && !arg.ty.may_be(NUMERIC)
    {
        let callee = typing.callee.to_owned();
        typing.report(
            IssueKind::Input {
                callee,
                needs: "a number",
                got: arg.ty,
            },
            arg.range,
        );
    }
    Type::Decimal
}

fn sums(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    let item = if typing.arg(0).is_some() {
        typing.attribute(&item, 0)
    } else {
        item
    };
    if !item.may_be(NUMERIC) {
        let callee = typing.callee.to_owned();
        let kind = IssueKind::Input {
            callee,
            needs: "a list of numbers",
            got: item,
        };
        typing.report(kind, typing.input_range.clone());
    }
    Type::Decimal
}

/// Text in full, floats by their shortest digits. Null stays null.
fn decimal<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    to_decimal(&input, "decimal").map(Val::Decimal)
}

fn to_decimal(value: &Val<'_>, filter: &'static str) -> Result<Decimal, Problem> {
    if let Val::Text(text) = value {
        return read(text.trim()).ok_or_else(|| Problem::Unreadable {
            filter,
            needs: "a decimal",
            text: excerpt(text),
        });
    }
    number(value, filter)
}

fn read(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text)
        .or_else(|_| Decimal::from_scientific(text))
        .ok()
}

/// A number as a decimal; text is not taken for one.
fn number(value: &Val<'_>, filter: &'static str) -> Result<Decimal, Problem> {
    if let Val::Decimal(value) = value {
        return Ok(*value);
    }
    if let Val::Int(int) = value {
        return Decimal::try_from_i128_with_scale(*int, 0).map_err(|_| Problem::OutOfRange);
    }
    if let Val::Float(float) = value {
        return read(&float.to_string()).ok_or(Problem::OutOfRange);
    }
    Err(Problem::Input {
        filter,
        needs: "a number",
        got: value.kind(),
    })
}

fn add<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    calculate(&input, args, "add", Decimal::checked_add)
}

fn sub<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    calculate(&input, args, "sub", Decimal::checked_sub)
}

fn mul<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    calculate(&input, args, "mul", Decimal::checked_mul)
}

fn calculate<'v>(
    input: &Val<'v>,
    args: &Args<'v>,
    filter: &'static str,
    calculate: fn(Decimal, Decimal) -> Option<Decimal>,
) -> Result<Val<'v>, Problem> {
    let (left, right) = (number(input, filter)?, number(&args.need(0), filter)?);
    calculate(left, right)
        .map(Val::Decimal)
        .ok_or(Problem::OutOfRange)
}

/// The sum of a list of numbers, or of an attribute of its items: always a decimal, 0 for none.
fn sum<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let path = args.text(0, "sum")?;
    let mut total = Decimal::ZERO;
    for item in cx.items(&input)? {
        let value = path.map_or(item.clone(), |path| attribute(&item, path));
        total = total
            .checked_add(number(&value, "sum")?)
            .ok_or(Problem::OutOfRange)?;
    }
    Ok(Val::Decimal(total))
}

/// Text with exactly `digits` digits after the point, halves away from zero. Null stays null.
fn money<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    let digits = args.count(0, "money")?.unwrap_or(2);
    let scale = u32::try_from(digits.min(28)).unwrap_or(28);
    let amount = to_decimal(&input, "money")?
        .round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero);
    Ok(Val::from(format!(
        "{amount:.digits$}",
        digits = digits.min(28)
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn decimals_are_exact() {
        assert_eq!(
            eval("'0.1' | decimal | add('0.2' | decimal)", Value::Null),
            json!(0.3)
        );
        assert_eq!(eval("x | decimal | string", json!("12.50")), "12.50");
        assert_eq!(eval("x | decimal | string", json!(1e-7)), "0.0000001");
        assert_eq!(eval("x | decimal", json!("1.5E3")), json!(1500));
        assert_eq!(eval("x | decimal", Value::Null), Value::Null);
        assert_eq!(
            eval("x | decimal | mul(3) | sub(0.5)", json!("2.25")),
            json!(6.25)
        );
        assert_eq!(
            error("x | decimal", json!("12,5")),
            "`decimal` cannot read `12,5` as a decimal"
        );
    }

    #[test]
    fn operators_and_comparisons_do_not_convert() {
        assert_eq!(
            error("x | decimal + 1", json!("1")),
            "`+` is not for a decimal and a whole number; use `add`, `sub` or `mul`"
        );
        assert_eq!(
            error("x | decimal == 0", json!("0")),
            "a decimal cannot be compared with a whole number; make both decimals with `decimal`"
        );
        assert_eq!(
            eval("x | decimal == 0 | decimal", json!("0.00")),
            json!(true)
        );
        assert_eq!(
            eval("x | decimal > 850.0 | decimal", json!("850.01")),
            json!(true)
        );
        assert_eq!(
            error("x | add('1')", json!(1)),
            "`add` needs a number, not text"
        );
        assert_eq!(
            error("x | add(1)", Value::Null),
            "`add` needs a number, not null"
        );
    }

    #[test]
    fn sum_is_a_decimal_even_of_nothing() {
        assert_eq!(
            eval(
                "x | sum('amount')",
                json!([{ "amount": 0.1 }, { "amount": 0.2 }])
            ),
            json!(0.3)
        );
        assert_eq!(eval("[] | sum == 0 | decimal", Value::Null), json!(true));
        assert_eq!(
            eval("x | sum(attribute='a.b')", json!([{ "a": { "b": 2 } }])),
            json!(2)
        );
        assert_eq!(
            error("x | sum('amount')", json!([{}])),
            "`sum` needs a number, not null"
        );
    }

    #[test]
    fn money_has_its_digits() {
        assert_eq!(eval("x | money(2)", json!(850.0)), "850.00");
        assert_eq!(eval("x | money", json!("1.005")), "1.01");
        assert_eq!(eval("x | money(0)", json!(-2.5)), "-3");
        assert_eq!(eval("x | money(2)", Value::Null), Value::Null);
    }

    proptest! {
        #[test]
        fn adding_and_taking_away_changes_nothing(a in -1_000_000_i64..1_000_000, b in -1_000_000_i64..1_000_000) {
            let expression = format!("'{}' | decimal | mul(0.01) | add({b}) | sub({b}) | mul(100)", a);
            prop_assert_eq!(eval(&expression, Value::Null), json!(a));
        }
    }
}
