//! `html` writes text into HTML, `text` takes the text out of HTML.

use super::text::{on_text, text_to_text};
use super::{Args, Cx, Filter};
use crate::lang::expr::error::Problem;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "html",
        params: &[],
        run: html,
        ty: text_to_text,
    },
    Filter {
        name: "text",
        params: &[],
        run: text,
        ty: text_to_text,
    },
];

fn html<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |text| {
        if !text.contains(['&', '<', '>', '"', '\'']) {
            return Ok(Val::Text(text));
        }
        let mut out = String::with_capacity(text.len() + 16);
        for char in text.chars() {
            match char {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                other => out.push(other),
            }
        }
        cx.fits(out.len())?;
        Ok(Val::from(out))
    })
}

/// Breaks and the ends of blocks become line ends; other tags go; entities become characters.
fn text<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    on_text(&input, |html| Ok(Val::from(strip(&html))))
}

fn strip(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, special) = rest.split_at(at);
        out.push_str(before);
        let taken = tag(special, &mut out).or_else(|| entity(special, &mut out));
        rest = match taken {
            Some(after) => after,
            None => {
                let mut chars = special.chars();
                out.extend(chars.next());
                chars.as_str()
            }
        };
    }
    out.push_str(rest);
    tidy(&out)
}

/// Reads a tag or comment; a `<` that starts neither is text.
fn tag<'t>(special: &'t str, out: &mut String) -> Option<&'t str> {
    let inside = special.strip_prefix('<')?;
    if let Some(comment) = inside.strip_prefix("!--") {
        return comment.split_once("-->").map(|(_, after)| after);
    }
    if !inside.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/' || char == '!') {
        return None;
    }
    let (tag, after) = inside.split_once('>')?;
    let name = tag.trim_start_matches('/');
    let name = name
        .split(|char: char| !char.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    let name = name.to_ascii_lowercase();
    let closing = tag.starts_with('/');
    match name.as_str() {
        "br" => out.push('\n'),
        "p" | "div" | "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if closing => {
            out.push('\n');
        }
        // What is between these is no text.
        "script" | "style" if !closing => {
            let end = format!("</{name}");
            let at = after.to_ascii_lowercase().find(&end)?;
            return after.get(at..);
        }
        _ => {}
    }
    Some(after)
}

/// Reads an entity; an `&` that starts none is text.
fn entity<'t>(special: &'t str, out: &mut String) -> Option<&'t str> {
    let (name, after) = special.strip_prefix('&')?.split_once(';')?;
    let char = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            if code == 0xA0 {
                ' '
            } else {
                char::from_u32(code)?
            }
        }
    };
    out.push(char);
    Some(after)
}

/// No white space at the ends of lines, no more than one empty line in a row, none at the ends.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if empty > 0 { "\n\n" } else { "\n" });
        }
        empty = 0;
        out.push_str(line);
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::strip;
    use crate::lang::expr::filters::testing::eval;

    #[test]
    fn html_escapes_what_html_reads() {
        assert_eq!(
            eval("x | html", json!("<b>\"A\" & 'B'</b>")),
            "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;"
        );
        assert_eq!(eval("x | html", json!(850.5)), "850.5");
        assert_eq!(eval("x | html", Value::Null), Value::Null);
    }

    #[test]
    fn text_keeps_lines_and_drops_tags() {
        assert_eq!(strip("<p>One</p><p>Two<br/>Three</p>"), "One\nTwo\nThree");
        assert_eq!(strip("a <b class=\"x\">bold</b> word"), "a bold word");
        assert_eq!(
            strip("x<script>if (a < b) { }</script>y<!-- no -->z"),
            "xyz"
        );
        assert_eq!(strip("one\n\n\n\ntwo  \n"), "one\n\ntwo");
    }

    #[test]
    fn text_reads_entities_and_leaves_the_rest() {
        assert_eq!(
            strip("R&amp;D &lt;now&gt; &#8364;&#x41;&nbsp;&apos;"),
            "R&D <now> €A '"
        );
        assert_eq!(
            strip("AT&T; 3 < 4 & 5 > 2 &#xD800;"),
            "AT&T; 3 < 4 & 5 > 2 &#xD800;"
        );
    }

    proptest! {
        #[test]
        fn text_undoes_html(text in "[a-z<>&\"' ]{0,40}") {
            let escaped = eval("x | html", json!(text));
            prop_assert_eq!(strip(escaped.as_str().unwrap()), text.trim());
        }
    }
}
