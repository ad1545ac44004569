//! Which bytes are spliced, and by what.

use std::ops::Range;

use serde_json::Value as Json;

use super::super::source::{Pointer, ScalarStyle, Span};
use super::page::{Member, Page, Shape};
use super::style::Style;
use super::{Obstacle, Splice};

/// Puts `value` at `at`.
pub(super) fn set(page: &Page<'_>, at: &Pointer, value: &Json) -> Result<Splice, Obstacle> {
    let tokens: Vec<&str> = at.tokens().collect();
    let mut holder = Pointer::root();
    let mut rest = &tokens[..];
    while let Some((token, below)) = rest.split_first() {
        match page.shape(&holder) {
            Some(Shape::BlockMap | Shape::FlowMap) => {}
            Some(Shape::Absent) => return under_absent(page, &holder, &nested(rest, value)),
            Some(Shape::Alias) => return Err(Obstacle::Shared(holder)),
            Some(Shape::Scalar(_)) if page.json(&holder) == Some(&Json::Null) => {
                return replace(page, &holder, &nested(rest, value));
            }
            Some(Shape::Scalar(_) | Shape::FlowList | Shape::BlockList) | None => {
                return Err(Obstacle::NotAMapping(holder));
            }
        }
        let next = holder.key(*token);
        if own(page, &holder, &next).is_none() {
            return insert(page, &holder, token, &nested(below, value));
        }
        holder = next;
        rest = below;
    }
    replace(page, at, value)
}

/// Takes `at` away.
pub(super) fn unset(page: &Page<'_>, at: &Pointer) -> Result<Splice, Obstacle> {
    let mut above = Pointer::root();
    for token in at.tokens() {
        if page.shape(&above) == Some(Shape::Alias) {
            return Err(Obstacle::Shared(above));
        }
        above.push_key(token);
    }
    let holder = at.parent().ok_or(Obstacle::Entangled)?;
    let members = page.members(&holder);
    let Some(place) = members.iter().position(|member| member.at == *at) else {
        // It may be there by `<<`, which others use as well.
        return Err(match page.json(at) {
            Some(_) => Obstacle::Shared(at.clone()),
            None => Obstacle::Missing,
        });
    };
    let inherits = page
        .json(&holder)
        .and_then(Json::as_object)
        .map(serde_json::Map::len)
        != Some(members.len());
    if members.len() == 1 && !inherits {
        return replace(page, &holder, &Json::Object(serde_json::Map::new()));
    }
    match page.shape(&holder) {
        Some(Shape::FlowMap) => Ok(without_flow(page, &members, place)),
        Some(Shape::BlockMap) => without_lines(page, &members[place]),
        Some(
            Shape::Absent | Shape::Scalar(_) | Shape::Alias | Shape::FlowList | Shape::BlockList,
        )
        | None => Err(Obstacle::Missing),
    }
}

fn own(page: &Page<'_>, holder: &Pointer, at: &Pointer) -> Option<Member> {
    let members = page.members(holder);
    members.into_iter().find(|member| member.at == *at)
}

/// `value` under the keys of a route.
fn nested(route: &[&str], value: &Json) -> Json {
    route.iter().rev().fold(value.clone(), |value, key| {
        Json::Object(std::iter::once(((*key).to_owned(), value)).collect())
    })
}

fn is_flow(page: &Page<'_>, at: &Pointer) -> bool {
    page.shape(at) == Some(Shape::FlowMap)
}

/// Puts a mapping where a key has nothing behind its colon.
fn under_absent(page: &Page<'_>, at: &Pointer, value: &Json) -> Result<Splice, Obstacle> {
    let holder = at.parent().ok_or(Obstacle::Entangled)?;
    if is_flow(page, &holder) {
        return replace(page, at, value);
    }
    let style = Style::of(page, at);
    let key = own(page, &holder, at).ok_or(Obstacle::Entangled)?.key;
    let end = page.line_end(key.end);
    Ok(Splice {
        range: end..end,
        text: style.lines(style.below(page.column(key.start)), value),
    })
}

/// Writes another value in place of one.
fn replace(page: &Page<'_>, at: &Pointer, value: &Json) -> Result<Splice, Obstacle> {
    let style = Style::of(page, at);
    let holder = at.parent().ok_or(Obstacle::Entangled)?;
    let entry = page.entry(at).ok_or(Obstacle::Missing)?;
    let key = entry.key.ok_or(Obstacle::Entangled)?;
    let shape = page.shape(at).ok_or(Obstacle::Missing)?;
    let in_place = |span: Span, text: String| {
        let range = span.start..page.end(at);
        let (range, text) = if is_flow(page, &holder) {
            let text = with_comments_in_flow(page, &style, text, &range, key);
            (range, text)
        } else {
            with_comments_below(page, &style, text, range, key)
        };
        Splice { range, text }
    };
    Ok(match shape {
        Shape::Absent => {
            let colon = page.slice(key.end..entry.value.start).contains(':');
            Splice {
                range: entry.value.range(),
                text: format!("{} {}", if colon { "" } else { ":" }, style.flow(value)),
            }
        }
        Shape::Alias => in_place(entry.alias.unwrap_or(entry.value), style.flow(value)),
        Shape::Scalar(
            old @ (ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted),
        ) => in_place(entry.value, style.instead(value, old)),
        Shape::FlowMap | Shape::FlowList => in_place(entry.value, style.flow(value)),
        Shape::BlockMap
        | Shape::BlockList
        | Shape::Scalar(ScalarStyle::Literal | ScalarStyle::Folded) => {
            let range = page.after_colon(key)..page.line_end(page.end(at));
            let column = match shape {
                Shape::BlockMap | Shape::BlockList => page.column(entry.value.start),
                Shape::Absent
                | Shape::Scalar(_)
                | Shape::Alias
                | Shape::FlowMap
                | Shape::FlowList => style.below(page.column(key.start)),
            };
            Splice {
                text: instead_of_lines(page, &style, &range, value, column, key),
                range,
            }
        }
    })
}

/// Comments that stood inside a value, on lines of their own below the line of its key; one that stands behind the
/// value stays there.
fn with_comments_below(
    page: &Page<'_>,
    style: &Style,
    mut text: String,
    range: Range<usize>,
    key: Span,
) -> (Range<usize>, String) {
    let inside = page.comments(&range);
    if inside.is_empty() {
        return (range, text);
    }
    let whole = range.start..page.line_end(range.end);
    for (_, comment) in page.comments(&(range.end..whole.end)) {
        text.push(' ');
        text.push_str(comment);
    }
    for (_, comment) in inside {
        text.push_str(&style.line(page.column(key.start)));
        text.push_str(comment);
    }
    (whole, text)
}

/// Comments that stood inside a value in braces: what follows them begins a new line.
fn with_comments_in_flow(
    page: &Page<'_>,
    style: &Style,
    mut text: String,
    range: &Range<usize>,
    key: Span,
) -> String {
    for (number, (_, comment)) in page.comments(range).into_iter().enumerate() {
        if number == 0 {
            text.push(' ');
        }
        text.push_str(comment);
        text.push_str(&style.line(page.column(key.start)));
    }
    text
}

/// What stands behind a colon in place of the lines of a list or mapping.
fn instead_of_lines(
    page: &Page<'_>,
    style: &Style,
    range: &Range<usize>,
    value: &Json,
    column: usize,
    key: Span,
) -> String {
    let comments = page.comments(range);
    let first_line = page.line_end(key.end);
    let beside = comments.iter().filter(|(at, _)| *at < first_line);
    let beside: Vec<String> = beside.map(|(_, comment)| format!(" {comment}")).collect();
    let beside = beside.concat();
    let below = comments.iter().filter(|(at, _)| *at >= first_line);
    let many = match value {
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    };
    let below_at = |column: usize| -> String {
        let lines = below.map(|(_, comment)| format!("{}{comment}", style.line(column)));
        lines.collect::<Vec<_>>().concat()
    };
    if many {
        format!("{beside}{}{}", below_at(column), style.lines(column, value))
    } else {
        let lines = below_at(page.column(key.start));
        format!(" {}{beside}{lines}", style.flow(value))
    }
}

/// Writes a key that is not there.
fn insert(page: &Page<'_>, holder: &Pointer, key: &str, value: &Json) -> Result<Splice, Obstacle> {
    let style = Style::of(page, holder);
    let members = page.members(holder);
    if is_flow(page, holder) {
        return match members.last() {
            Some(last) => Ok(insert_in_flow(page, &style, last, key, value)),
            None => replace(page, holder, &nested(&[key], value)),
        };
    }
    let (Some(first), Some(last)) = (members.first(), members.last()) else {
        return Err(Obstacle::Entangled);
    };
    let column = page.column(first.key.start);
    let end = page.line_end(page.end(&last.at));
    // Sections that stand apart stay apart.
    let apart = value.is_object()
        && members.len() > 1
        && page
            .slice(0..page.line_start(last.key.start))
            .trim_end_matches(' ')
            .ends_with("\n\n");
    let text = format!(
        "{}{}{}",
        if apart { style.newline } else { "" },
        style.line(column),
        style.member(column, key, value)
    );
    Ok(Splice {
        range: end..end,
        text,
    })
}

fn insert_in_flow(
    page: &Page<'_>,
    style: &Style,
    last: &Member,
    key: &str,
    value: &Json,
) -> Splice {
    let end = page.end(&last.at);
    let member = style.flow_member(key, value);
    // A list of members that ends with a comma goes on ending with one.
    let after = page.slice(end..page.text().len());
    let comma = after.len() - after.trim_start().len();
    if after.trim_start().starts_with(',') {
        let at = end + comma + 1;
        return Splice {
            range: at..at,
            text: format!(" {member},"),
        };
    }
    let alone = page.begins_line(last.key.start) && page.line_end(end) == end;
    let between = if alone {
        style.line(page.column(last.key.start))
    } else {
        " ".to_owned()
    };
    Splice {
        range: end..end,
        text: format!(",{between}{member}"),
    }
}

/// Takes the lines of a member away. Its comments stay, on lines of their own.
fn without_lines(page: &Page<'_>, member: &Member) -> Result<Splice, Obstacle> {
    if !page.begins_line(member.key.start) {
        return Err(Obstacle::Entangled);
    }
    let style = Style::of(page, &member.at);
    let mut start = page.line_start(member.key.start);
    let end = page.line_end(page.end(&member.at));
    let next = page.next_line(end);
    let space = " ".repeat(page.column(member.key.start));
    let kept = page.comments(&(start..end)).into_iter();
    let kept: Vec<String> = kept
        .map(|(_, comment)| format!("{space}{comment}{}", style.newline))
        .collect();
    let text = kept.concat();
    // Of two blank lines that come together one goes.
    let rest = page.slice(next..page.text().len());
    let blank_after = rest.is_empty()
        || rest
            .lines()
            .next()
            .is_some_and(|line| line.trim().is_empty());
    if text.is_empty() && start > 0 && blank_after {
        let before = page.line_start(start - 1);
        if page.slice(before..start).trim().is_empty() {
            start = before;
        }
    }
    Ok(Splice {
        range: start..next,
        text,
    })
}

/// Takes a member out of braces, with the comma that parted it from its neighbour.
fn without_flow(page: &Page<'_>, members: &[Member], place: usize) -> Splice {
    let member = &members[place];
    let style = Style::of(page, &member.at);
    let range = match members.get(place + 1) {
        Some(next) => member.key.start..next.key.start,
        None => {
            let before = place.checked_sub(1).and_then(|before| members.get(before));
            before.map_or(member.key.start, |before| page.end(&before.at))..page.end(&member.at)
        }
    };
    let comments = page.comments(&range);
    let mut text = String::new();
    let spaced = page.slice(0..range.start).ends_with(char::is_whitespace);
    if !comments.is_empty() && !spaced {
        text.push(' ');
    }
    for (_, comment) in comments {
        text.push_str(comment);
        text.push_str(&style.line(page.column(member.key.start)));
    }
    Splice { range, text }
}
