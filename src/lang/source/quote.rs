//! Writing a text as a quoted YAML scalar, for suggested edits.

/// `text` in quotes, in the style that needs the fewest escapes. Breaks and control characters do
/// not occur in what is quoted here: it is one line of somebody's file.
pub(super) fn quoted(text: &str) -> String {
    let plain_in_double = !text.contains(['"', '\\']);
    if plain_in_double {
        return format!("\"{text}\"");
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn the_style_is_the_one_without_escapes() {
        assert_eq!(quoted("'a' in b"), r#""'a' in b""#);
        assert_eq!(quoted(r#"x == "y""#), r#"'x == "y"'"#);
        assert_eq!(quoted(r#""y" ~ 'z'"#), r#"'"y" ~ ''z'''"#);
        assert_eq!(quoted(r"a\d"), r"'a\d'");
    }
}
