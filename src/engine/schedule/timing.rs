//! When the passes of a pipeline start: `every`, or by crontab lines through the `cron` crate.
//!
//! `cron` wants six fields and counts Sunday as 1; here the five fields people know are translated. It iterates in
//! wall time: a time that a clock change skips runs at the first instant after the gap, a time that happens twice
//! runs once.

use std::str::FromStr as _;
use std::time::Duration;

use chrono::{Datelike as _, LocalResult, NaiveDateTime, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use cron::Schedule;

use crate::engine::clock::Timestamp;

/// A crontab line of five fields as the six fields of the `cron` crate, weekdays by name (0 and 7 are Sunday).
pub(crate) fn six_fields(line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields.as_slice() else {
        return None;
    };
    Some(format!(
        "0 {minute} {hour} {day} {month} {}",
        weekdays(weekday)
    ))
}

/// Weekday numbers of crontab (0 to 7, Sunday at both ends) as names, which every library reads alike.
fn weekdays(field: &str) -> String {
    const NAMES: [&str; 8] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
    field
        .split(',')
        .map(|part| {
            let (range, step) = part
                .split_once('/')
                .map_or((part, None), |(range, step)| (range, Some(step)));
            let named = range
                .split('-')
                .map(|end| {
                    end.parse::<usize>()
                        .ok()
                        .and_then(|n| NAMES.get(n))
                        .map_or(end, |name| name)
                })
                .collect::<Vec<_>>()
                .join("-");
            match step {
                Some(step) => format!("{named}/{step}"),
                None => named,
            }
        })
        .collect::<Vec<_>>()
        .join(",")
}

/// The first time after `after` that a crontab line names in a zone.
pub(crate) fn next_cron(line: &str, zone: Tz, after: Timestamp) -> Option<Timestamp> {
    let schedule = Schedule::from_str(&six_fields(line)?).ok()?;
    let after = after.to_chrono();
    // Iterate over wall times as if they were UTC, so that the crate never sees a clock change.
    let mut wall = after.with_timezone(&zone).naive_local();
    for _ in 0..10_000 {
        let next = schedule
            .after(&Utc.from_utc_datetime(&wall))
            .next()?
            .naive_utc();
        let at = instant(zone, next)?;
        if at > after {
            return Some(Timestamp::from_chrono(at));
        }
        wall = next;
    }
    None
}

/// The instant of a wall time: the first after a gap, the earlier of an overlap.
fn instant(zone: Tz, wall: NaiveDateTime) -> Option<chrono::DateTime<Utc>> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
        LocalResult::None => (1..=180).find_map(|minutes| {
            let later = wall + chrono::Duration::minutes(minutes);
            let later = later.with_second(0)?;
            debug_assert!(later.year() >= wall.year(), "minutes only go forward");
            zone.from_local_datetime(&later)
                .earliest()
                .map(|at| at.to_utc())
        }),
    }
}

/// When the next pass starts after one that started at `started`.
pub(crate) fn next_every(every: Duration, started: Timestamp) -> Timestamp {
    started.plus(every)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn weekday_numbers_are_those_of_crontab() {
        assert_eq!(six_fields("0 9 * * 1-5").unwrap(), "0 0 9 * * MON-FRI");
        assert_eq!(six_fields("0 9 * * 0,7").unwrap(), "0 0 9 * * SUN,SUN");
        assert_eq!(six_fields("* * * *"), None);
        // 2026-04-06 is a Monday.
        let next = next_cron("0 9 * * 1", chrono_tz::UTC, at("2026-04-01T00:00:00Z"));
        assert_eq!(next, Some(at("2026-04-06T09:00:00Z")));
    }

    #[test]
    fn a_skipped_time_runs_after_the_gap_and_a_doubled_one_once() {
        let new_york = chrono_tz::America::New_York;
        let gap = next_cron("30 2 * * *", new_york, at("2026-03-08T06:00:00Z"));
        assert_eq!(gap, Some(at("2026-03-08T07:00:00Z")), "03:00 EDT");
        let first = next_cron("30 1 * * *", new_york, at("2026-11-01T04:00:00Z")).unwrap();
        assert_eq!(first, at("2026-11-01T05:30:00Z"), "01:30 EDT");
        assert_eq!(
            next_cron("30 1 * * *", new_york, first),
            Some(at("2026-11-02T06:30:00Z"))
        );
    }
}
