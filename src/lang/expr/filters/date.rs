//! `utc in_zone plus date`: instants.

use std::fmt::Write as _;

use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Args, Cx, Filter, Typing, required};
use crate::lang::expr::error::{Kind, Problem, excerpt};
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "utc",
        params: &[],
        run: utc,
        ty: reads,
    },
    Filter {
        name: "in_zone",
        params: &[required("zone")],
        run: in_zone,
        ty: moves,
    },
    Filter {
        name: "plus",
        params: &[required("duration")],
        run: plus,
        ty: shifts,
    },
    Filter {
        name: "date",
        params: &[required("format")],
        run: date,
        ty: prints,
    },
];

fn reads(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::Text, Kind::Date], "a date or text");
    Type::Date
}

fn moves(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::Date], "a date; make one with `utc`");
    typing.readable(0, "a time zone", |zone| zone.parse::<Tz>().is_ok());
    Type::Date
}

fn shifts(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::Date], "a date; make one with `utc`");
    typing.readable(0, "a duration", |text| duration(text).is_some());
    Type::Date
}

fn prints(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::Date], "a date; make one with `utc`");
    typing.readable(0, "a date format", is_format);
    Type::Text
}

/// Reads RFC 3339 and moves it to UTC. Text without a zone is taken for UTC, and a date without
/// a time for its midnight. Null stays null.
fn utc<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    if let Val::Date(at) = &input {
        return Ok(Val::Date(at.with_timezone(&Utc).fixed_offset()));
    }
    if let Val::Text(text) = &input {
        return read(text.trim())
            .map(|at| Val::Date(at.fixed_offset()))
            .ok_or_else(|| Problem::Unreadable {
                filter: "utc",
                needs: "a date",
                text: excerpt(text),
            });
    }
    if input.is_null() {
        return Ok(Val::Null);
    }
    Err(Problem::Input {
        filter: "utc",
        needs: "a date or text",
        got: input.kind(),
    })
}

fn read(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    if let Ok(at) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z") {
        return Some(at.to_utc());
    }
    let naive = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
    ]
    .iter()
    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    .or_else(|| {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_time(NaiveTime::MIN))
    })?;
    Some(naive.and_utc())
}

fn need_date(input: &Val<'_>, filter: &'static str) -> Result<DateTime<FixedOffset>, Problem> {
    if let Val::Date(at) = input {
        return Ok(*at);
    }
    Err(Problem::Input {
        filter,
        needs: "a date (make one with `utc`)",
        got: input.kind(),
    })
}

/// The same instant as clocks of the zone show it. Null stays null.
fn in_zone<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    let at = need_date(&input, "in_zone")?;
    let name = args.text(0, "in_zone")?.unwrap_or_default();
    let zone: Tz = name.parse().map_err(|_| Problem::Unreadable {
        filter: "in_zone",
        needs: "a time zone",
        text: excerpt(name),
    })?;
    Ok(Val::Date(at.with_timezone(&zone).fixed_offset()))
}

/// Later by a duration such as `2h`, or earlier with `-365d`. Null stays null.
fn plus<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    let at = need_date(&input, "plus")?;
    let text = args.text(0, "plus")?.unwrap_or_default();
    let by = duration(text).ok_or_else(|| Problem::Unreadable {
        filter: "plus",
        needs: "a duration",
        text: excerpt(text),
    })?;
    at.checked_add_signed(by)
        .map(Val::Date)
        .ok_or(Problem::OutOfRange)
}

/// A whole number with a unit: `500ms`, `90s`, `2m`, `1h`, `-365d`, `1w`.
fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let unit_at = text.find(|char: char| char.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let number: i64 = number.parse().ok()?;
    match unit {
        "ms" => TimeDelta::try_milliseconds(number),
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    }
}

fn is_format(format: &str) -> bool {
    StrftimeItems::new(format).all(|item| !matches!(item, Item::Error))
}

/// Text in a format such as `%Y-%m-%d`. Null stays null.
fn date<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    if input.is_null() {
        return Ok(Val::Null);
    }
    let at = need_date(&input, "date")?;
    let format = args.text(0, "date")?.unwrap_or_default();
    let unreadable = || Problem::Unreadable {
        filter: "date",
        needs: "a date format",
        text: excerpt(format),
    };
    if !is_format(format) {
        return Err(unreadable());
    }
    let mut out = String::new();
    write!(out, "{}", at.format(format)).map_err(|_| unreadable())?;
    Ok(Val::from(out))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn utc_reads_every_form_a_source_sends() {
        for (text, expected) in [
            ("2026-04-02T23:40:16.53Z", "2026-04-02T23:40:16.53Z"),
            (
                "2026-04-02T19:40:16.5300000-04:00",
                "2026-04-02T23:40:16.53Z",
            ),
            (
                "2026-04-13T14:27:38.9437189Z",
                "2026-04-13T14:27:38.9437189Z",
            ),
            ("2026-04-02T19:40:16-0400", "2026-04-02T23:40:16Z"),
            ("2026-04-02T23:40:16.53", "2026-04-02T23:40:16.53Z"),
            ("2026-04-02 23:40:16", "2026-04-02T23:40:16Z"),
            ("2026-04-02T23:40", "2026-04-02T23:40:00Z"),
            ("2026-04-02", "2026-04-02T00:00:00Z"),
        ] {
            assert_eq!(eval("x | utc", json!(text)), expected, "{text}");
        }
        assert_eq!(eval("x | utc", Value::Null), Value::Null);
        assert_eq!(
            error("x | utc", json!("soon")),
            "`utc` cannot read `soon` as a date"
        );
        assert_eq!(
            error("x | utc", json!(5)),
            "`utc` needs a date or text, not a whole number"
        );
    }

    #[test]
    fn in_zone_shows_the_clock_of_the_zone() {
        assert_eq!(
            eval(
                "x | utc | in_zone('America/New_York')",
                json!("2026-04-02T23:40:16Z")
            ),
            "2026-04-02T19:40:16-04:00"
        );
        assert_eq!(
            eval(
                "x | utc | in_zone('America/New_York') | date('%d.%m.%Y %H:%M')",
                json!("2026-01-01T03:00:00Z")
            ),
            "31.12.2025 22:00"
        );
        assert_eq!(
            eval(
                "x | utc | in_zone('Asia/Tokyo') == x | utc",
                json!("2026-01-01T03:00:00Z")
            ),
            json!(true)
        );
        assert_eq!(
            error("x | utc | in_zone('Mars')", json!("2026-01-01")),
            "`in_zone` cannot read `Mars` as a time zone"
        );
    }

    #[test]
    fn plus_goes_both_ways() {
        assert_eq!(
            eval("x | utc | plus('2h')", json!("2026-04-02T23:00:00Z")),
            "2026-04-03T01:00:00Z"
        );
        assert_eq!(
            eval("x | utc | plus('-365d')", json!("2026-04-02T00:00:00Z")),
            "2025-04-02T00:00:00Z"
        );
        assert_eq!(
            eval("x | utc | plus('500ms')", json!("2026-04-02T00:00:00Z")),
            "2026-04-02T00:00:00.5Z"
        );
        assert_eq!(eval("x | utc | plus('1h')", Value::Null), Value::Null);
        assert_eq!(
            error("x | utc | plus('2 hours')", json!("2026-01-01")),
            "`plus` cannot read `2 hours` as a duration"
        );
        assert_eq!(
            error("x | plus('2h')", json!("2026-01-01")),
            "`plus` needs a date (make one with `utc`), not text"
        );
    }

    #[test]
    fn date_refuses_a_format_it_does_not_know() {
        assert_eq!(
            eval("x | utc | date('%Y-%m-%d')", json!("2026-04-02T23:40:16Z")),
            "2026-04-02"
        );
        assert_eq!(
            error("x | utc | date('%Q')", json!("2026-01-01")),
            "`date` cannot read `%Q` as a date format"
        );
    }

    #[test]
    fn dates_compare_with_dates_only() {
        assert_eq!(
            eval(
                "x | utc < '2026-04-03' | utc",
                json!("2026-04-02T23:40:16Z")
            ),
            json!(true)
        );
        assert_eq!(
            error("x | utc < '2026-04-03'", json!("2026-04-02T23:40:16Z")),
            "a date cannot be compared with text; make both dates with `utc`"
        );
        assert_eq!(
            error("x | utc == '2026-04-03'", json!("2026-04-02T23:40:16Z")),
            "a date cannot be compared with text; make both dates with `utc`"
        );
        assert_eq!(eval("x | utc == none", json!("2026-04-02")), json!(false));
        assert_eq!(
            error("x | utc < '2026-04-03' | utc", Value::Null),
            "null cannot be compared with a date; give it a `default`, or ask `is none` first"
        );
    }
}
