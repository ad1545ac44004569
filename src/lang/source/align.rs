//! From bytes of a scalar's decoded text back to bytes of the file.
//!
//! The walk undoes the scalar a second time, style by style, and keeps for every stretch of text
//! where it came from. If what it finds is not the text that the parser found, it says `None`
//! rather than pointing at the wrong bytes.

use std::ops::Range;

use super::node::{Scalar, ScalarStyle};

/// A stretch of decoded text and the bytes of the file it was made from. When both are equally
/// long the text was copied; else (an escape, a folded line break) the stretch is one character.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Run {
    decoded: Range<usize>,
    raw: Range<usize>,
}

/// Bytes of the file (`whole` is the scalar's own range in it) for a range of its decoded text.
pub(super) fn locate(
    file: &str,
    whole: Range<usize>,
    scalar: &Scalar,
    range: Range<usize>,
) -> Option<Range<usize>> {
    let text = &*scalar.text;
    text.get(range.clone())?;
    if text.is_empty() {
        return Some(whole.start..whole.start);
    }
    let runs = runs(file, whole.clone(), scalar)?;
    let start = match runs.iter().find(|run| run.decoded.end > range.start) {
        Some(run) => inside(run, range.start).0,
        None => runs.last().map_or(whole.start, |run| run.raw.end),
    };
    if range.is_empty() {
        return Some(start..start);
    }
    let last = runs.iter().find(|run| run.decoded.end >= range.end)?;
    Some(start..inside(last, range.end).1.max(start))
}

/// The raw offset for a decoded one, as the start and as the end of a range.
fn inside(run: &Run, offset: usize) -> (usize, usize) {
    if run.decoded.len() == run.raw.len() {
        let raw = run.raw.start + (offset - run.decoded.start);
        return (raw, raw);
    }
    let start = if offset == run.decoded.end {
        run.raw.end
    } else {
        run.raw.start
    };
    let end = if offset == run.decoded.start {
        run.raw.start
    } else {
        run.raw.end
    };
    (start, end)
}

fn runs(file: &str, whole: Range<usize>, scalar: &Scalar) -> Option<Vec<Run>> {
    let mut walk = Walk {
        text: &scalar.text,
        at: 0,
        runs: Vec::new(),
    };
    match scalar.style {
        ScalarStyle::Plain => walk.flow(file, whole, Escapes::None)?,
        ScalarStyle::SingleQuoted => walk.flow(file, unquoted(whole)?, Escapes::Doubled)?,
        ScalarStyle::DoubleQuoted => walk.flow(file, unquoted(whole)?, Escapes::Backslash)?,
        ScalarStyle::Literal | ScalarStyle::Folded => walk.block(file, whole)?,
    }
    Some(walk.runs)
}

fn unquoted(whole: Range<usize>) -> Option<Range<usize>> {
    (whole.len() >= 2).then(|| whole.start + 1..whole.end - 1)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    /// `''` in single quotes.
    Doubled,
    /// `\n`, `\u00e9`, and a backslash before a line break, in double quotes.
    Backslash,
}

struct Walk<'a> {
    text: &'a str,
    /// How much of the decoded text is accounted for.
    at: usize,
    runs: Vec<Run>,
}

impl Walk<'_> {
    /// Plain and quoted scalars: lines are trimmed and folded.
    fn flow(&mut self, file: &str, whole: Range<usize>, escapes: Escapes) -> Option<()> {
        let mut at = whole.start;
        while at < whole.end {
            let rest = file.get(at..whole.end)?;
            let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let ahead = rest.get(blanks..)?;
            if ahead.starts_with(['\n', '\r']) {
                at = self.fold(file, at, whole.end)?;
            } else if escapes == Escapes::Doubled && rest.starts_with("''") {
                at = self.take(at..at + 2, "'")?;
            } else if escapes == Escapes::Backslash && rest.starts_with('\\') {
                at = self.escape(file, at, whole.end)?;
            } else {
                let c = rest.chars().next()?;
                at = self.take(at..at + c.len_utf8(), c.encode_utf8(&mut [0; 4]))?;
            }
        }
        (self.at == self.text.len()).then_some(())
    }

    /// A break with the blanks around it: one break is a space, each further one a line feed.
    fn fold(&mut self, file: &str, at: usize, end: usize) -> Option<usize> {
        let rest = file.get(at..end)?;
        let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let breaks = breaks(rest.get(..gap)?);
        let raw = at..at + gap;
        if breaks == 1 {
            return self.take(raw, " ");
        }
        self.take(raw, &"\n".repeat(breaks - 1))
    }

    fn escape(&mut self, file: &str, at: usize, end: usize) -> Option<usize> {
        let rest = file.get(at + 1..end)?;
        if rest.starts_with(['\n', '\r']) {
            // An escaped break joins the lines; empty lines after it stay line feeds.
            let gap = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            let breaks = breaks(rest.get(..gap)?);
            return self.take(at..at + 1 + gap, &"\n".repeat(breaks - 1));
        }
        let letter = rest.chars().next()?;
        let hex = |len: usize| {
            let digits = rest.get(1..=len)?;
            Some((u32::from_str_radix(digits, 16).ok()?, 2 + len))
        };
        let (code, length) = match hex_digits(letter) {
            0 => (u32::from(named(letter)?), 1 + letter.len_utf8()),
            digits => hex(digits)?,
        };
        if (0xD800..0xDC00).contains(&code) {
            // A surrogate pair is one character, written as two escapes.
            let low = file.get(at + length..end)?.strip_prefix("\\u")?.get(..4)?;
            let low = u32::from_str_radix(low, 16).ok()?;
            let code = 0x1_0000 + ((code - 0xD800) << 10) + low.checked_sub(0xDC00)?;
            let c = char::from_u32(code)?;
            return self.take(at..at + length + 6, c.encode_utf8(&mut [0; 4]));
        }
        let c = char::from_u32(code)?;
        self.take(at..at + length, c.encode_utf8(&mut [0; 4]))
    }

    /// Literal and folded blocks: each line's content stands in the text as it is written.
    fn block(&mut self, file: &str, whole: Range<usize>) -> Option<()> {
        if self.text.bytes().all(|byte| byte == b'\n') {
            // Nothing but breaks: there is no line to find them on.
            self.take(whole.end..whole.end, self.text)?;
            return Some(());
        }
        let before = file.get(..whole.start)?;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let indent = whole.start - line_start;
        let mut line_at = line_start;
        for line in file.get(line_start..whole.end)?.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let blanks = content.len() - content.trim_start_matches(' ').len();
            let content = content.get(blanks.min(indent)..)?;
            if !content.is_empty() {
                let from = line_at + blanks.min(indent);
                self.breaks_until(content, from)?;
                self.take(from..from + content.len(), content)?;
            }
            line_at += line.len();
        }
        let left = self.text.get(self.at..)?;
        let tail = whole.end.max(self.raw_end(whole.start));
        if !left.is_empty() {
            left.bytes().all(|byte| byte == b'\n').then_some(())?;
            self.take(self.raw_end(whole.start)..tail, left)?;
        }
        Some(())
    }

    /// What stands between two lines of a block: line feeds, or the one space they fold to.
    fn breaks_until(&mut self, content: &str, raw: usize) -> Option<()> {
        let rest = self.text.get(self.at..)?;
        let gap = rest.char_indices().map(|(at, _)| at).find(|at| {
            rest.get(*at..)
                .is_some_and(|rest| rest.starts_with(content))
        })?;
        let separator = rest.get(..gap)?;
        separator
            .bytes()
            .all(|byte| byte == b'\n' || byte == b' ')
            .then_some(())?;
        if gap > 0 {
            self.take(self.raw_end(raw)..raw, separator)?;
        }
        Some(())
    }

    fn raw_end(&self, otherwise: usize) -> usize {
        self.runs.last().map_or(otherwise, |run| run.raw.end)
    }

    /// Accounts for `decoded`, made from `raw`. `None` when the text goes on differently.
    fn take(&mut self, raw: Range<usize>, decoded: &str) -> Option<usize> {
        self.text
            .get(self.at..)?
            .starts_with(decoded)
            .then_some(())?;
        let end = raw.end;
        if decoded.is_empty() {
            return Some(end);
        }
        let decoded = self.at..self.at + decoded.len();
        self.at = decoded.end;
        let copied = decoded.len() == raw.len();
        match self.runs.last_mut() {
            Some(last)
                if copied && last.raw.end == raw.start && last.raw.len() == last.decoded.len() =>
            {
                last.raw.end = raw.end;
                last.decoded.end = decoded.end;
            }
            _ => self.runs.push(Run { decoded, raw }),
        }
        Some(end)
    }
}

/// Line breaks in a stretch of white space; `\r\n` is one.
fn breaks(gap: &str) -> usize {
    let feeds = gap.matches('\n').count();
    let returns = gap.matches('\r').count() - gap.matches("\r\n").count();
    feeds + returns
}

/// The character an escape of one letter stands for.
fn named(letter: char) -> Option<char> {
    Some(match letter {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        ' ' => ' ',
        '"' => '"',
        '/' => '/',
        '\\' => '\\',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}

/// How many hexadecimal digits follow the letter of an escape.
pub(super) fn hex_digits(letter: char) -> usize {
    match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    }
}

/// True for a letter that may follow a backslash in double quotes.
pub(super) fn is_escape(letter: char) -> bool {
    matches!(letter, '\n' | '\r') || hex_digits(letter) > 0 || named(letter).is_some()
}
