//! Comparison and arithmetic, without any silent conversion.

use std::cmp::Ordering;

use super::error::Problem;
use super::ir::{CompareOp, MathOp};
use super::val::Val;

/// `left op right`.
#[inline]
pub(crate) fn compare(op: CompareOp, left: &Val<'_>, right: &Val<'_>) -> Result<bool, Problem> {
    Ok(match op {
        CompareOp::Eq => equal(left, right)?,
        CompareOp::Ne => !equal(left, right)?,
        CompareOp::Lt => order(left, right)?.is_lt(),
        CompareOp::Le => order(left, right)?.is_le(),
        CompareOp::Gt => order(left, right)?.is_gt(),
        CompareOp::Ge => order(left, right)?.is_ge(),
        CompareOp::In => contains(right, left)?,
        CompareOp::NotIn => !contains(right, left)?,
    })
}

/// Values of different types differ, except that a date or decimal beside another type is a
/// mistake: it was meant to be converted.
pub(crate) fn equal(left: &Val<'_>, right: &Val<'_>) -> Result<bool, Problem> {
    if left.is_null() || right.is_null() {
        return Ok(left.is_null() && right.is_null());
    }
    Ok(match (left, right) {
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Text(left), Val::Text(right)) => left == right,
        (Val::Int(_) | Val::Float(_), Val::Int(_) | Val::Float(_)) => {
            number_order(left, right) == Some(Ordering::Equal)
        }
        (Val::Date(left), Val::Date(right)) => left == right,
        (Val::Decimal(left), Val::Decimal(right)) => left == right,
        (Val::Omit, Val::Omit) | (Val::Keep, Val::Keep) => true,
        // A map answers `keep` or a value, so either side may be anything.
        (Val::Omit | Val::Keep, _) | (_, Val::Omit | Val::Keep) => false,
        (Val::Date(_) | Val::Decimal(_), _) | (_, Val::Date(_) | Val::Decimal(_)) => {
            return Err(Problem::Compare {
                left: left.kind(),
                right: right.kind(),
            });
        }
        _ => return containers_equal(left, right),
    })
}

fn containers_equal(left: &Val<'_>, right: &Val<'_>) -> Result<bool, Problem> {
    if let (Val::List(items), Val::List(others)) = (left, right) {
        if items.len() != others.len() {
            return Ok(false);
        }
        for (left, right) in items.iter().zip(others.iter()) {
            if !equal(&left, &right)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let (Val::Map(members), Val::Map(others)) = (left, right) else {
        return Ok(false);
    };
    if members.len() != others.len() {
        return Ok(false);
    }
    for (name, member) in members.pairs() {
        match others.get(&name) {
            Some(other) if equal(&member, &other)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Only values of one type have an order; null has none.
pub(crate) fn order(left: &Val<'_>, right: &Val<'_>) -> Result<Ordering, Problem> {
    let order = match (left, right) {
        (Val::Int(_) | Val::Float(_), Val::Int(_) | Val::Float(_)) => number_order(left, right),
        (Val::Text(left), Val::Text(right)) => Some(left.cmp(right)),
        (Val::Date(left), Val::Date(right)) => Some(left.cmp(right)),
        (Val::Decimal(left), Val::Decimal(right)) => Some(left.cmp(right)),
        (Val::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
        _ => None,
    };
    order.ok_or_else(|| Problem::Compare {
        left: left.kind(),
        right: right.kind(),
    })
}

fn number_order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Int(left), Val::Int(right)) => Some(left.cmp(right)),
        (Val::Float(left), Val::Float(right)) => left.partial_cmp(right),
        (Val::Int(left), Val::Float(right)) => int_float_order(*left, *right),
        (Val::Float(left), Val::Int(right)) => {
            int_float_order(*right, *left).map(Ordering::reverse)
        }
        _ => None,
    }
}

/// Compares without rounding the whole number to a double.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the float is whole and in range when it is cut, and huge otherwise"
)]
fn int_float_order(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float.abs() >= i128::MAX as f64 {
        return Some(if float > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    }
    let floor = float.floor();
    Some(int.cmp(&(floor as i128)).then(if float > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}

/// Whether text contains text, a list an item, a mapping a key. Null contains nothing.
pub(crate) fn contains(container: &Val<'_>, item: &Val<'_>) -> Result<bool, Problem> {
    match (container, item) {
        (Val::Null | Val::Absent(_), _) => Ok(false),
        (Val::Text(_), Val::Null | Val::Absent(_)) => Ok(false),
        (Val::Text(text), Val::Text(part)) => Ok(text.contains(part.as_ref())),
        (Val::Map(members), Val::Text(name)) => Ok(members.get(name).is_some()),
        (Val::List(items), _) => {
            for candidate in items.iter() {
                if equal(&candidate, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => Err(Problem::Compare {
            left: item.kind(),
            right: container.kind(),
        }),
    }
}

/// `left op right` on numbers, text (`+`, `~`) and lists (`+`).
pub(crate) fn math<'v>(op: MathOp, left: &Val<'v>, right: &Val<'v>) -> Result<Val<'v>, Problem> {
    match (op, left, right) {
        (MathOp::Concat, _, _) => concat(left, right),
        (_, Val::Int(left), Val::Int(right)) => int_math(op, *left, *right),
        (_, Val::Int(_) | Val::Float(_), Val::Int(_) | Val::Float(_)) => {
            let result = float_math(op, as_float(left), as_float(right))?;
            if result.is_finite() {
                Ok(Val::Float(result))
            } else {
                Err(Problem::OutOfRange)
            }
        }
        (MathOp::Add, Val::Text(_), Val::Text(_)) => concat(left, right),
        (MathOp::Add, Val::List(_), Val::List(_)) => {
            let mut items = left.items()?;
            items.extend(right.items()?);
            Ok(Val::from(items))
        }
        _ => Err(Problem::Operator {
            op: op.symbol(),
            left: left.kind(),
            right: right.kind(),
        }),
    }
}

fn concat<'v>(left: &Val<'v>, right: &Val<'v>) -> Result<Val<'v>, Problem> {
    let mut out = String::new();
    left.write(&mut out)?;
    right.write(&mut out)?;
    Ok(Val::from(out))
}

#[expect(clippy::cast_precision_loss, reason = "a sum with a float is a float")]
fn as_float(number: &Val<'_>) -> f64 {
    if let Val::Int(int) = number {
        return *int as f64;
    }
    if let Val::Float(float) = number {
        *float
    } else {
        f64::NAN
    }
}

/// Whole numbers stay whole: `/` gives a float only where the quotient is not whole.
fn int_math<'v>(op: MathOp, left: i128, right: i128) -> Result<Val<'v>, Problem> {
    let result = match op {
        MathOp::Add => left.checked_add(right),
        MathOp::Sub => left.checked_sub(right),
        MathOp::Mul => left.checked_mul(right),
        MathOp::Div | MathOp::FloorDiv | MathOp::Rem if right == 0 => {
            return Err(Problem::DivisionByZero);
        }
        MathOp::Div => match left.checked_rem(right) {
            Some(0) => left.checked_div(right),
            _ => {
                let quotient = as_float(&Val::Int(left)) / as_float(&Val::Int(right));
                return Ok(Val::Float(quotient));
            }
        },
        MathOp::FloorDiv => floor_div(left, right),
        MathOp::Rem => floor_div(left, right)
            .and_then(|quotient| quotient.checked_mul(right))
            .and_then(|whole| left.checked_sub(whole)),
        MathOp::Pow => u32::try_from(right)
            .ok()
            .and_then(|right| left.checked_pow(right)),
        MathOp::Concat => None,
    };
    result.map(Val::Int).ok_or(Problem::OutOfRange)
}

fn floor_div(left: i128, right: i128) -> Option<i128> {
    let quotient = left.checked_div(right)?;
    let exact = left.checked_rem(right)? == 0;
    if exact || (left < 0) == (right < 0) {
        Some(quotient)
    } else {
        quotient.checked_sub(1)
    }
}

fn float_math(op: MathOp, left: f64, right: f64) -> Result<f64, Problem> {
    Ok(match op {
        MathOp::Add => left + right,
        MathOp::Sub => left - right,
        MathOp::Mul => left * right,
        MathOp::Div | MathOp::FloorDiv | MathOp::Rem if right == 0.0 => {
            return Err(Problem::DivisionByZero);
        }
        MathOp::Div => left / right,
        MathOp::FloorDiv => (left / right).floor(),
        MathOp::Rem => left - (left / right).floor() * right,
        MathOp::Pow => left.powf(right),
        MathOp::Concat => f64::NAN,
    })
}

/// `-value`.
pub(crate) fn negate<'v>(value: &Val<'v>) -> Result<Val<'v>, Problem> {
    if let Val::Int(int) = value {
        return int.checked_neg().map(Val::Int).ok_or(Problem::OutOfRange);
    }
    if let Val::Float(float) = value {
        return Ok(Val::Float(-float));
    }
    Err(Problem::Operator {
        op: "-",
        left: value.kind(),
        right: value.kind(),
    })
}
