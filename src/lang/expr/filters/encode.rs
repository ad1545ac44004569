//! `urlencode` and `tojson`.

use super::text::{on_text, text_to_text};
use super::{Args, Cx, Filter};
use crate::lang::expr::error::Problem;
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "urlencode",
        params: &[],
        run: urlencode,
        ty: text_to_text,
    },
    Filter {
        name: "tojson",
        params: &[],
        run: tojson,
        ty: |_| Type::Text,
    },
];

/// Everything but letters, digits and `-._~` as `%XX` of its UTF-8.
fn urlencode<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    on_text(&input, |text| {
        cx.fits(text.len().saturating_mul(3))?;
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
        Ok(Val::from(out))
    })
}

/// JSON as it is, not escaped for HTML.
fn tojson<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    let text = input.to_json()?.to_string();
    cx.fits(text.len())?;
    Ok(Val::from(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lang::expr::filters::testing::eval;

    #[test]
    fn urlencode_leaves_only_the_unreserved() {
        assert_eq!(eval("x | urlencode", json!("a b/ä~1")), "a%20b%2F%C3%A4~1");
    }

    #[test]
    fn tojson_does_not_escape_for_html() {
        assert_eq!(
            eval("x | tojson", json!({ "b": "<&'>", "a": null })),
            r#"{"b":"<&'>","a":null}"#
        );
    }
}
