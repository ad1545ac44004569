//! Crontab lines of five fields in an IANA zone: when they fire. The only file that knows the `cron` crate.
//!
//! The crate wants six fields, counts Sunday as 1, joins the day of the month and the weekday by "and", and knows
//! nothing good about clock changes. Here the five fields people know are translated, and the crate sees wall times
//! only. What a change of the clock means is decided here:
//!
//! - A line names **fixed times** unless its minute or hour has a `*` or a step. A fixed time that the clock skips
//!   fires at the first instant after the gap; one that comes twice fires the first time.
//! - Other lines count **intervals** and fire whenever the wall clock shows what they say, in true order: not in a gap,
//!   and in both passes of an overlap.

#[cfg(test)]
mod tests;

use std::str::FromStr as _;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Offset as _, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// How far ahead a change of the clock is looked for at once; two changes are further apart.
const PROBE: i64 = 86_400;

const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A crontab line in a zone.
#[derive(Clone, Debug)]
pub struct Crontab {
    line: Arc<str>,
    zone: Tz,
    names: Names,
    /// Two where the line names both days of the month and weekdays: a day that fits either will do.
    schedules: Vec<Schedule>,
}

/// What the minute and hour of a line say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    FixedTimes,
    Intervals,
}

impl PartialEq for Crontab {
    fn eq(&self, other: &Self) -> bool {
        self.line == other.line && self.zone == other.zone
    }
}

impl Eq for Crontab {}

impl Crontab {
    /// Reads a line of five fields: minute, hour, day of the month, month, weekday (0 and 7 are Sunday). None when it
    /// cannot be read.
    pub fn parse(line: &str, zone: Tz) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return None;
        };
        let weekdays = weekdays(weekday)?;
        let days: &[(&str, &str)] = match (day, weekday) {
            (_, "*") | ("*", _) => &[(day, &weekdays)],
            _ => &[(day, "*"), ("*", &weekdays)],
        };
        let schedules = days
            .iter()
            .map(|(day, weekdays)| {
                Schedule::from_str(&format!("0 {minute} {hour} {day} {month} {weekdays}")).ok()
            })
            .collect::<Option<Vec<_>>>()?;
        let names = if [minute, hour]
            .iter()
            .any(|field| field.contains(['*', '/']))
        {
            Names::Intervals
        } else {
            Names::FixedTimes
        };
        Some(Self {
            line: line.into(),
            zone,
            names,
            schedules,
        })
    }

    /// The line as it was written.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The zone whose wall clock it follows.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant after `after` at which it fires; none when there is no such day before the year 2100.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Seconds since 1970: nothing is looked for up to `at`, where the wall clock shows `wall`.
        let mut at = after.timestamp();
        let mut wall = at + self.offset(at);
        loop {
            let offset = self.offset(at);
            let fires = self.next_wall(wall)?;
            let Some(change) = self.change(at, fires - offset) else {
                if self.is_meant(fires, fires - offset) {
                    return DateTime::from_timestamp(fires - offset, 0);
                }
                (at, wall) = (fires - offset, fires);
                continue;
            };
            let (gap, resumes) = (change + offset, change + self.offset(change));
            let skips = self.next_wall(gap - 1).is_some_and(|fires| fires < resumes);
            if self.names == Names::FixedTimes && skips {
                return DateTime::from_timestamp(change, 0);
            }
            (at, wall) = (change, resumes - 1);
        }
    }

    /// Whether a wall time that the clock shows at `at` fires then, though it may have been shown before.
    fn is_meant(&self, wall: i64, at: i64) -> bool {
        self.names == Names::Intervals
            || self
                .zone
                .from_local_datetime(&civil(wall))
                .earliest()
                .is_none_or(|first| first.timestamp() == at)
    }

    /// The first wall time after `wall` that the line names.
    fn next_wall(&self, wall: i64) -> Option<i64> {
        let wall = civil(wall).and_utc();
        let next = |schedule: &Schedule| schedule.after(&wall).next();
        self.schedules
            .iter()
            .filter_map(next)
            .min()
            .map(|next| next.timestamp())
    }

    /// By how much the wall clock is ahead of UTC.
    fn offset(&self, at: i64) -> i64 {
        let offset = self.zone.offset_from_utc_datetime(&civil(at)).fix();
        i64::from(offset.local_minus_utc())
    }

    /// The first change of the clock after `from` and not after `to`.
    fn change(&self, from: i64, to: i64) -> Option<i64> {
        let offset = self.offset(from);
        let mut low = from;
        while low < to {
            let mut high = to.min(low + PROBE);
            if self.offset(high) == offset {
                low = high;
                continue;
            }
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if self.offset(middle) == offset {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return Some(high);
        }
        None
    }
}

fn civil(seconds: i64) -> NaiveDateTime {
    let since = TimeDelta::try_seconds(seconds).unwrap_or_default();
    DateTime::UNIX_EPOCH
        .naive_utc()
        .checked_add_signed(since)
        .unwrap_or_default()
}

/// The weekdays of a field as a list of names, which leaves nothing to be counted.
fn weekdays(field: &str) -> Option<String> {
    if field == "*" {
        return Some(field.to_owned());
    }
    let mut named = [false; 7];
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((low, high)) => {
                let (low, high) = (weekday(low)?, weekday(high)?);
                // A range that ends on Sunday ends on the 7th day.
                (low, if high == 0 && low > 0 { 7 } else { high })
            }
            None if part == range => (weekday(range)?, weekday(range)?),
            None => (weekday(range)?, 6),
        };
        if low > high {
            return None;
        }
        for day in (low..=high).step_by(step) {
            named[day % 7] = true;
        }
    }
    let names: Vec<&str> = WEEKDAYS
        .into_iter()
        .zip(named)
        .filter_map(|(name, named)| named.then_some(name))
        .collect();
    Some(names.join(","))
}

/// A weekday by number (0 to 7) or name.
fn weekday(text: &str) -> Option<usize> {
    let by_name = WEEKDAYS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text));
    by_name.or_else(|| text.parse().ok().filter(|day| *day <= 7))
}
