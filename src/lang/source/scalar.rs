//! What a scalar means: the core schema of YAML 1.2, with two things safer.
//!
//! A run of digits that begins with 0 stays text, because it is a store number or a zip code and
//! never an octal or decimal number that someone meant. Numbers that JSON cannot carry exactly
//! (`.inf`, `.nan`, integers beyond 64 bits) are refused instead of rounded.

use serde_json::{Number, Value};

/// What decides the type of a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    /// Nothing is written.
    Absent,
    /// A plain scalar: its text decides.
    Plain,
    /// A quoted or block scalar, or one tagged `!!str`.
    Text,
}

/// Why a number cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberProblem {
    /// `.inf`, `.nan`, or a decimal beyond the range of a double.
    NotFinite,
    /// An integer that needs more than 64 bits.
    TooBig,
}

/// The type names of the core schema, for `!!int` and its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CoreTag {
    Str,
    Int,
    Float,
    Bool,
    Null,
    Seq,
    Map,
}

pub(super) fn to_json(text: &str, kind: ScalarKind) -> Result<Value, NumberProblem> {
    match kind {
        ScalarKind::Absent => Ok(Value::Null),
        ScalarKind::Text => Ok(text.into()),
        ScalarKind::Plain => plain(text),
    }
}

/// True if a plain scalar with this text has the type the tag names.
pub(super) fn agrees(text: &str, tag: CoreTag) -> bool {
    let value = plain(text);
    match tag {
        CoreTag::Str => true,
        CoreTag::Int => value.is_ok_and(|value| value.is_i64() || value.is_u64()),
        CoreTag::Float => value.is_ok_and(|value| value.is_f64()),
        CoreTag::Bool => value.is_ok_and(|value| value.is_boolean()),
        CoreTag::Null => value.is_ok_and(|value| value.is_null()),
        CoreTag::Seq | CoreTag::Map => false,
    }
}

fn plain(text: &str) -> Result<Value, NumberProblem> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => return Err(NumberProblem::NotFinite),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err(NumberProblem::NotFinite);
    }
    if let Some(integer) = integer(text, unsigned) {
        return integer;
    }
    if is_decimal(unsigned) {
        let number = text.parse().ok().and_then(Number::from_f64);
        return number.map(Value::Number).ok_or(NumberProblem::NotFinite);
    }
    Ok(text.into())
}

/// `None` when the text is not written as an integer.
fn integer(text: &str, unsigned: &str) -> Option<Result<Value, NumberProblem>> {
    let all = |digits: &str, radix| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text
            .strip_prefix(prefix)
            .filter(|digits| all(digits, radix))
        {
            let number = u64::from_str_radix(digits, radix).map(Value::from);
            return Some(number.map_err(|_| NumberProblem::TooBig));
        }
    }
    if !all(unsigned, 10) || (unsigned.len() > 1 && unsigned.starts_with('0')) {
        return None;
    }
    let number = text.parse::<i64>().map(Value::from);
    let number = number.or_else(|_| text.parse::<u64>().map(Value::from));
    Some(number.map_err(|_| NumberProblem::TooBig))
}

/// `1.5`, `.5`, `1.`, `1e3`, `1.5E-3`, without its sign. A leading zero before another digit
/// makes it text, as for integers.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let starts_like_a_code = whole.len() > 1 && whole.starts_with('0');
    // The sign belongs to the whole number: `+` alone and `.` alone are text.
    digits(whole)
        && digits(fraction)
        && exponent_fits
        && !starts_like_a_code
        && !(whole.is_empty() && fraction.is_empty())
        && (mantissa.contains('.') || exponent.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn plain_text_becomes_what_it_looks_like() {
        let cases = [
            ("", json!(null)),
            ("~", json!(null)),
            ("NULL", json!(null)),
            ("true", json!(true)),
            ("False", json!(false)),
            ("no", json!("no")),
            ("on", json!("on")),
            ("yes", json!("yes")),
            ("off", json!("off")),
            ("tRue", json!("tRue")),
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+12", json!(12)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0x", json!("0x")),
            ("0o8", json!("0o8")),
            ("0024", json!("0024")),
            ("00", json!("00")),
            ("01.5", json!("01.5")),
            ("1_000", json!("1_000")),
            ("1.5", json!(1.5)),
            ("850.0", json!(850.0)),
            (".5", json!(0.5)),
            ("1.", json!(1.0)),
            ("-1.5e-3", json!(-0.0015)),
            ("1e3", json!(1000.0)),
            ("1e", json!("1e")),
            (".", json!(".")),
            ("-", json!("-")),
            (".e1", json!(".e1")),
            ("2026-04-01", json!("2026-04-01")),
            ("12:30", json!("12:30")),
            ("1.2.3", json!("1.2.3")),
            ("inf", json!("inf")),
            ("nan", json!("nan")),
        ];
        for (text, value) in cases {
            assert_eq!(plain(text), Ok(value), "{text:?}");
        }
    }

    #[test]
    fn numbers_that_json_cannot_carry_are_refused() {
        for text in [".inf", "-.INF", "+.Inf", ".nan", ".NaN", "1e999", "-1e999"] {
            assert_eq!(plain(text), Err(NumberProblem::NotFinite), "{text:?}");
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "0xFFFFFFFFFFFFFFFFF",
        ] {
            assert_eq!(plain(text), Err(NumberProblem::TooBig), "{text:?}");
        }
    }

    #[test]
    fn a_written_kind_overrules_the_looks() {
        assert_eq!(to_json("5", ScalarKind::Text), Ok(json!("5")));
        assert_eq!(to_json("", ScalarKind::Text), Ok(json!("")));
        assert_eq!(to_json("", ScalarKind::Absent), Ok(json!(null)));
    }
}
