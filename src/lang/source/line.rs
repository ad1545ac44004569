//! Finding the value somebody meant on a line that is not YAML.

use std::ops::Range;

use super::text::floor_boundary;

/// How many bytes before the place in question may belong to its value.
const LOOK_BACK: usize = 4096;

/// Whether a bracket is open before the line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    Block,
    Flow,
}

/// The value a byte of the file belongs to: from behind the last `key: `, `- `, bracket or comma
/// before it to where such a value would end.
pub(super) fn value_at(text: &str, at: usize, around: Around) -> Range<usize> {
    let mut line = line_at(text, at);
    // What stands far before the byte on an endless line is not what was meant.
    line.start = line
        .start
        .max(floor_boundary(text, at.saturating_sub(LOOK_BACK)));
    let mut scan = Scan {
        text,
        line,
        depth: usize::from(around == Around::Flow),
    };
    let start = scan.start(at);
    let end = if scan.depth > 0 {
        scan.flow_end(start)
    } else {
        scan.block_end(start)
    };
    start..end.max(start)
}

/// The line a byte is on, without its break.
pub(super) fn line_at(text: &str, at: usize) -> Range<usize> {
    let at = floor_boundary(text, at);
    let (before, after) = text.split_at(at);
    let start = before.rfind('\n').map_or(0, |feed| feed + 1);
    let end = after.find('\n').map_or(text.len(), |feed| at + feed);
    let line = text.get(start..end).unwrap_or_default();
    start..start + line.trim_end_matches('\r').len()
}

struct Scan<'a> {
    text: &'a str,
    line: Range<usize>,
    /// Brackets that are open at the place reached.
    depth: usize,
}

impl Scan<'_> {
    fn rest(&self, from: usize) -> &str {
        self.text.get(from..self.line.end).unwrap_or_default()
    }

    fn skip_blanks(&self, from: usize) -> usize {
        let rest = self.rest(from);
        from + rest.len() - rest.trim_start_matches([' ', '\t']).len()
    }

    /// Walks the line up to `at` and returns where the value under way there began.
    fn start(&mut self, at: usize) -> usize {
        let mut start = self.skip_blanks(self.line.start);
        while self.rest(start).starts_with("- ") {
            start = self.skip_blanks(start + 1);
        }
        let mut here = start;
        while here < at {
            let rest = self.rest(here);
            let Some(c) = rest.chars().next() else { break };
            let next = rest.chars().nth(1);
            let ends_word = next.is_none_or(|next| next == ' ' || next == '\t');
            here += c.len_utf8();
            match c {
                '\'' | '"' if here - 1 == start => match self.closing_quote(here, c) {
                    Some(end) if end <= at => here = end,
                    Some(_) | None => break,
                },
                ':' if ends_word => start = self.skip_blanks(here),
                '{' | '[' if here - 1 == start && !is_template(rest) => {
                    self.depth += 1;
                    start = self.skip_blanks(here);
                }
                '}' | ']' if self.depth > 0 && self.balanced(start, here - 1) => {
                    self.depth -= 1;
                    start = self.skip_blanks(here);
                }
                ',' if self.depth > 0 && self.balanced(start, here - 1) => {
                    start = self.skip_blanks(here);
                }
                _ => {}
            }
            here = here.max(start);
        }
        start
    }

    /// The byte behind the quote that closes a quoted text.
    fn closing_quote(&self, from: usize, quote: char) -> Option<usize> {
        let mut chars = self.rest(from).char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if c == '\\' && quote == '"' {
                chars.next();
            } else if c == quote {
                let doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'');
                if !doubled {
                    return Some(from + at + 1);
                }
                chars.next();
            }
        }
        None
    }

    /// True if no bracket that opened behind `from` is open at `to`.
    fn balanced(&self, from: usize, to: usize) -> bool {
        let inside = self.text.get(from..to).unwrap_or_default();
        let count = |brackets: [char; 3]| inside.matches(brackets).count();
        count(['[', '{', '(']) <= count([']', '}', ')'])
    }

    /// A plain value in block notation runs to the comment or the end of the line.
    fn block_end(&self, start: usize) -> usize {
        let rest = self.rest(start);
        let comment = rest.find(" #").unwrap_or(rest.len());
        start + rest.get(..comment).unwrap_or_default().trim_end().len()
    }

    /// In flow notation it runs to the comma or bracket that is not its own.
    fn flow_end(&self, start: usize) -> usize {
        let rest = self.rest(start);
        let mut depth = 0_usize;
        let mut quote = None;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                _ if quote == Some(c) => quote = None,
                _ if quote.is_some() => {}
                '\'' | '"' => quote = Some(c),
                '[' | '{' | '(' => depth += 1,
                ']' | '}' | ')' if depth > 0 => depth -= 1,
                ']' | '}' | ',' if depth == 0 => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        start + rest.get(..end).unwrap_or_default().trim_end().len()
    }
}

/// True for text that begins with the brackets of a template.
pub(super) fn is_template(text: &str) -> bool {
    text.starts_with("{{") || text.starts_with("{%")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `^` marks the byte; the value comes back.
    fn value(line: &str, around: Around) -> String {
        let at = line.find('^').unwrap();
        let text = line.replace('^', "");
        text.get(value_at(&text, at, around)).unwrap().to_owned()
    }

    #[test]
    fn the_value_under_a_byte_is_found() {
        let cases = [
            ("when: 'a' ^in b", "'a' in b"),
            ("  - when: 'a' ^in b  # c", "'a' in b"),
            ("  - - 'a' ^in b", "'a' in b"),
            ("id: {{ x }}^/foo", "{{ x }}/foo"),
            ("a: { id: sc-^{{ x }}, b: c }", "sc-{{ x }}"),
            ("a: { get: x, records: $.data^[*] }", "$.data[*]"),
            ("a: [$.data^[0], b]", "$.data[0]"),
            ("a: { when: x in ^[1, 2], class: y }", "x in [1, 2]"),
            ("a: {b: [c, d], e: 'f' ^in g}", "'f' in g"),
            ("a: \"x: y\" ^z", "\"x: y\" z"),
            ("a: {x: y} ^z", "z"),
            ("cron: */5 ^* * * *", "*/5 * * * *"),
            ("url: http://x/^y", "http://x/y"),
        ];
        for (line, expected) in cases {
            assert_eq!(value(line, Around::Block), expected, "{line}");
        }
    }

    #[test]
    fn a_bracket_opened_above_makes_commas_count() {
        assert_eq!(value("  b: $.x^[0], c: d }", Around::Flow), "$.x[0]");
        assert_eq!(value("  b: c, d: 'e' ^in f }", Around::Flow), "'e' in f");
    }

    #[test]
    fn only_the_line_of_the_byte_counts() {
        let text = "a: b\r\nc: 'd' e\r\nf: g\r\n";
        assert_eq!(text.get(line_at(text, 9)), Some("c: 'd' e"));
        assert_eq!(text.get(value_at(text, 13, Around::Block)), Some("'d' e"));
    }
}
