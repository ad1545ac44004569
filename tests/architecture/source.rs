//! Rust source with its comments and texts blanked out, and the paths that stand in it.

/// The text with comments, strings and characters turned into spaces; lines stay where they are.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, blank) = match first {
            '/' if rest.starts_with("//") => (line(rest), true),
            '/' if rest.starts_with("/*") => {
                (rest.find("*/").map_or(rest.len(), |at| at + 2), true)
            }
            '"' => (quoted(rest, '"'), true),
            'r' if !ends_a_word(&code) && raw(rest).is_some() => (raw(rest).unwrap_or(1), true),
            '\'' => character(rest).map_or((1, false), |length| (length, true)),
            _ => (first.len_utf8(), false),
        };
        let (piece, after) = rest.split_at(length);
        if blank {
            code.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        } else {
            code.push_str(piece);
        }
        rest = after;
    }
    code
}

fn ends_a_word(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

/// The length of a text between quotes, from the first.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`, when it is one.
fn raw(rest: &str) -> Option<usize> {
    let hashes = rest
        .strip_prefix('r')?
        .chars()
        .take_while(|c| *c == '#')
        .count();
    let open = 1 + hashes;
    rest.get(open..)?.strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = rest.get(open + 1..)?.find(&close)?;
    Some(open + 1 + end + close.len())
}

/// The length of `'x'` or `'\n'`, when it is one and no lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.char_indices().skip(1);
    match inside.next()? {
        (_, '\\') => Some(quoted(rest, '\'')),
        (_, _) => match inside.next()? {
            (at, '\'') => Some(at + 1),
            _ => None,
        },
    }
}

/// Every path in `code` that begins with `crate::` or `super::`, groups written out, with the line it begins on. Inside
/// an inline module of tests `super` is the file's own module, and is left out.
pub(super) fn paths(code: &str, module: &[String]) -> Vec<(usize, Vec<String>)> {
    let tests = code.find("\nmod tests {").unwrap_or(code.len());
    let mut found = Vec::new();
    for (at, _) in code
        .match_indices("crate::")
        .chain(code.match_indices("super::"))
    {
        let before = code.get(..at).unwrap_or_default();
        if ends_a_word(before) || before.ends_with("super::") {
            continue;
        }
        let inner = usize::from(at > tests);
        let mut base = module.to_vec();
        base.extend(vec!["tests".to_owned(); inner]);
        let mut rest = code.get(at..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix("crate::") {
            base.clear();
            rest = after;
        }
        while let Some(after) = rest.strip_prefix("super::") {
            base.pop();
            rest = after;
        }
        let line = before.matches('\n').count() + 1;
        let mut spelled = Vec::new();
        tree(rest, base, &mut spelled);
        found.extend(spelled.into_iter().map(|path| (line, path)));
    }
    found
}

/// Reads a use tree, adds the paths in it, and returns what stands behind it.
fn tree<'t>(text: &'t str, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> &'t str {
    let mut rest = text.trim_start();
    loop {
        if let Some(mut inside) = rest.strip_prefix('{') {
            loop {
                inside = tree(inside, path.clone(), found).trim_start();
                match inside.strip_prefix(',') {
                    Some(after) if !after.trim_start().starts_with('}') => inside = after,
                    Some(after) => return after.trim_start().strip_prefix('}').unwrap_or(after),
                    None => return inside.strip_prefix('}').unwrap_or(inside),
                }
            }
        }
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !name.is_empty() && name != "self" {
            path.push(name.to_owned());
        }
        let Some(after) = after.strip_prefix("::") else {
            found.push(path);
            let renamed = after.trim_start().strip_prefix("as ");
            return renamed.map_or(after, |new| {
                new.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_')
            });
        };
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::{code_only, paths};

    fn spelled(code: &str) -> Vec<String> {
        let module = ["engine".to_owned(), "run".to_owned(), "write".to_owned()];
        paths(&code_only(code), &module)
            .into_iter()
            .map(|(_, path)| path.join("::"))
            .collect()
    }

    #[test]
    fn comments_and_texts_are_no_code() {
        let code =
            code_only("a(\"x \\\" // y\"); // b\nlet c = '\"'; /* d */ r#\"e\" f\"# g<'h>()");
        assert_eq!(
            code.split_whitespace().collect::<Vec<_>>(),
            ["a(", ");", "let", "c", "=", ";", "g<'h>()"]
        );
    }

    #[test]
    fn groups_are_written_out() {
        assert_eq!(
            spelled(
                "use crate::{lang::plan::{self, Plan as P}, engine::{clock::Clock,},};\nfn a() { crate::cli::main(); }"
            ),
            [
                "lang::plan",
                "lang::plan::Plan",
                "engine::clock::Clock",
                "cli::main"
            ]
        );
    }

    #[test]
    fn super_climbs_from_the_file_and_from_its_tests() {
        assert_eq!(
            spelled(
                "use super::find;\nuse super::super::store::Row;\nmod tests {\n use super::x;\n use super::super::y; }"
            ),
            [
                "engine::run::find",
                "engine::store::Row",
                "engine::run::write::x",
                "engine::run::y"
            ]
        );
    }
}
