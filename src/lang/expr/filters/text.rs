//! `lower upper trim title capitalize replace split lines digits string`.

use std::borrow::Cow;

use super::{Args, Cx, Filter, TEXTUAL, Typing, optional, required};
use crate::lang::expr::error::Problem;
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "lower",
        params: &[],
        run: lower,
        ty: text_to_text,
    },
    Filter {
        name: "upper",
        params: &[],
        run: upper,
        ty: text_to_text,
    },
    Filter {
        name: "trim",
        params: &[optional("chars")],
        run: trim,
        ty: text_to_text,
    },
    Filter {
        name: "title",
        params: &[],
        run: title,
        ty: text_to_text,
    },
    Filter {
        name: "capitalize",
        params: &[],
        run: capitalize,
        ty: text_to_text,
    },
    Filter {
        name: "replace",
        params: &[required("old"), required("new")],
        run: replace,
        ty: text_to_text,
    },
    Filter {
        name: "split",
        params: &[optional("sep"), optional("maxsplit")],
        run: split,
        ty: text_to_list,
    },
    Filter {
        name: "lines",
        params: &[],
        run: lines,
        ty: text_to_list,
    },
    Filter {
        name: "digits",
        params: &[],
        run: digits,
        ty: text_to_text,
    },
    Filter {
        name: "string",
        params: &[],
        run: string,
        ty: text_to_text,
    },
];

pub(super) fn text_to_text(typing: &mut Typing<'_>) -> Type {
    typing.need(TEXTUAL, "text");
    Type::Text
}

fn text_to_list(typing: &mut Typing<'_>) -> Type {
    typing.need(TEXTUAL, "text");
    Type::list(Type::Text)
}

/// Applies `change` to text; null stays null.
pub(super) fn on_text<'v>(
    input: &Val<'v>,
    change: impl FnOnce(Cow<'v, str>) -> Result<Val<'v>, Problem>,
) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    change(input.to_text()?)
}

fn lower<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| Ok(Val::from(text.to_lowercase())))
}

fn upper<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| Ok(Val::from(text.to_uppercase())))
}

fn trim<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let chars = args.text(0, "trim")?;
    on_text(&input, |text| {
        let trimmed = match chars {
            Some(chars) => text.trim_matches(|char| chars.contains(char)),
            None => text.trim(),
        };
        Ok(Val::from(trimmed.to_owned()))
    })
}

/// Every word with a capital letter, the rest of it small.
fn title<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| {
        let mut out = String::with_capacity(text.len());
        let mut inside = false;
        for char in text.chars() {
            if inside {
                out.extend(char.to_lowercase());
            } else {
                out.extend(char.to_uppercase());
            }
            inside = char.is_alphanumeric() || char == '\'';
        }
        Ok(Val::from(out))
    })
}

fn capitalize<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| {
        let mut chars = text.chars();
        let first: String = chars
            .next()
            .map(|char| char.to_uppercase().collect())
            .unwrap_or_default();
        Ok(Val::from(first + &chars.as_str().to_lowercase()))
    })
}

fn replace<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let (old, new) = (args.need(0).to_text()?, args.need(1).to_text()?);
    on_text(&input, |text| {
        let found = text.matches(old.as_ref()).count();
        cx.fits(text.len().saturating_add(found.saturating_mul(new.len())))?;
        Ok(Val::from(text.replace(old.as_ref(), &new)))
    })
}

/// Without a separator, at white space; else at each separator, empty parts included.
fn split<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let most = args
        .count(1, "split")?
        .map_or(usize::MAX, |splits| splits.saturating_add(1));
    let separator = match args.get(0) {
        Some(Val::Null) | None => None,
        Some(_) => args.text(0, "split")?,
    };
    on_text(&input, |text| {
        let owned = |part: &str| Val::from(part.to_owned());
        let parts: Vec<Val<'v>> = match separator {
            Some(separator) => text.splitn(most, separator).map(owned).collect(),
            None => text.split_whitespace().map(owned).collect(),
        };
        cx.spend(parts.len())?;
        Ok(Val::from(parts))
    })
}

/// The lines of a text, trimmed, without the empty ones.
fn lines<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| {
        let lines: Vec<Val<'v>> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(|line| Val::from(line.to_owned()))
            .collect();
        cx.spend(lines.len())?;
        Ok(Val::from(lines))
    })
}

/// The digits of a text, and nothing else: `(818) 555-0100` is `8185550100`.
fn digits<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| {
        Ok(Val::from(
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>(),
        ))
    })
}

fn string<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| Ok(Val::Text(text)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn cases_change_and_null_stays_null() {
        assert_eq!(eval("x | lower", json!("PARTS ÄÖ")), "parts äö");
        assert_eq!(eval("x | upper", json!("a")), "A");
        assert_eq!(
            eval("x | title", json!("acme rETAIL o'neil")),
            "Acme Retail O'neil"
        );
        assert_eq!(eval("x | capitalize", json!("élan VITAL")), "Élan vital");
        for filter in [
            "lower",
            "upper",
            "trim",
            "title",
            "capitalize",
            "lines",
            "digits",
            "string",
        ] {
            assert_eq!(
                eval(&format!("x | {filter}"), Value::Null),
                Value::Null,
                "{filter}"
            );
        }
        assert_eq!(
            error("x | lower", json!([1])),
            "is a list inside text; use `join` or `tojson`"
        );
    }

    #[test]
    fn trim_takes_white_space_or_given_characters() {
        assert_eq!(eval("x | trim", json!("  a b\n")), "a b");
        assert_eq!(eval("x | trim('-/')", json!("-/a-b/")), "a-b");
    }

    #[test]
    fn replace_takes_numbers_too() {
        assert_eq!(eval("x | replace('.', ' ')", json!("job.Done")), "job Done");
        assert_eq!(eval("x | replace(1, 2)", json!("101")), "202");
        assert_eq!(
            error("x | replace('a', none)", json!("a")),
            "is null inside text; give it a `default('…')`, or ask for it in `when`"
        );
    }

    #[test]
    fn split_keeps_empty_parts_only_between_separators() {
        assert_eq!(eval("x | split('/')", json!("A//B")), json!(["A", "", "B"]));
        assert_eq!(
            eval("x | split('/', 1)", json!("A/B/C")),
            json!(["A", "B/C"])
        );
        assert_eq!(eval("x | split", json!(" a  b ")), json!(["a", "b"]));
        assert_eq!(
            eval("(x | split('/'))[1] | default('none')", json!("A")),
            "none"
        );
    }

    #[test]
    fn lines_are_trimmed_and_never_empty() {
        assert_eq!(
            eval("x | lines", json!("OPEN\n\n  OPEN/DECLINED \r\n")),
            json!(["OPEN", "OPEN/DECLINED"])
        );
    }

    #[test]
    fn digits_and_string() {
        assert_eq!(
            eval("x | digits", json!("+1 (818) 555-0100")),
            "18185550100"
        );
        assert_eq!(
            eval("x | string", json!(9_007_199_254_740_993_i64)),
            "9007199254740993"
        );
        assert_eq!(eval("x | string", json!(true)), "true");
    }
}
