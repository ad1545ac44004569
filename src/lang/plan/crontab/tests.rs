//! A year of fire times in several zones, against another implementation.

use std::fmt::Write as _;

use chrono::{DateTime, Offset as _, SecondsFormat, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::Crontab;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn crontab(line: &str, zone: &str) -> Crontab {
    Crontab::parse(line, zone.parse().unwrap()).unwrap()
}

/// Every time a line fires from `from` on and before `to`.
fn fires(crontab: &Crontab, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let before = from - chrono::Duration::seconds(1);
    std::iter::successors(crontab.next(before), |last| crontab.next(*last))
        .take_while(|at| *at < to)
        .collect()
}

/// The same by croner.
fn oracle(line: &str, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let cron: croner::Cron = line.parse().unwrap();
    cron.iter_from(from.with_timezone(&zone), croner::Direction::Forward)
        .map(|at| at.to_utc())
        .take_while(|at| *at < to)
        .collect()
}

const ZONES: [&str; 7] = [
    "America/New_York",
    "Europe/Berlin",
    // Half an hour of daylight saving time.
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "UTC",
    // The clock changes at midnight.
    "America/Havana",
    "America/St_Johns",
];

const LINES: [&str; 40] = [
    "* * * * *",
    "*/15 * * * *",
    "*/7 * * * *",
    "5 * * * *",
    "0 */2 * * *",
    "30 */3 * * *",
    "10-50/20 * * * *",
    "*/15 8-18 * * 1-5",
    "*/20 1,2 * * *",
    "*/10 2 * * *",
    "*/30 0-3 * * *",
    "15-45 3 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "45 1 * * *",
    "0 1 * * *",
    "30 1 * * *",
    "0 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "59 2 * * *",
    "0 3 * * *",
    "30 3 * * *",
    "0 9 * * *",
    "0 9 * * 1",
    "0 9 * * 0",
    "0 9 * * 7",
    "0 9 * * 5-7",
    "0 9 * * MON-FRI",
    "0 9 * * fri-sun",
    "0 9 * * 0,3",
    "0 9 * * */2",
    "30 2 * * 0",
    "0 12 1 * *",
    "0 12 31 * *",
    "0 0 1 1 *",
    "0 6 1,15 JAN-MAR *",
    "0 6 13 * 5",
    "30 2 8-14 3 *",
    "0 0 29 2 *",
];

/// The days around every change of the clock in a year.
fn changes(
    zone: Tz,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let hour = chrono::Duration::hours(1);
    let hours = std::iter::successors(Some(from), |at| Some(*at + hour)).take_while(|at| *at < to);
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    let (day, around) = (hour * 24, |at| offset(at) != offset(at + hour));
    hours
        .filter(|at| around(*at))
        .map(|at| (at - day, at + day * 2))
        .collect()
}

#[test]
fn a_year_of_fire_times_is_that_of_another_implementation() {
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let mut differences = String::new();
    let mut fired = 0;
    for zone in ZONES {
        let zone: Tz = zone.parse().unwrap();
        for line in LINES {
            // Lines that fire all the time show around each change what they do in the rest of the year.
            let spans = match line.split(' ').nth(1) {
                Some("*") => {
                    let mut spans = changes(zone, from, to);
                    spans.push((from, from + chrono::Duration::days(3)));
                    spans
                }
                _ => vec![(from, to)],
            };
            let crontab = Crontab::parse(line, zone).unwrap();
            for (from, to) in spans {
                let (ours, theirs) = (fires(&crontab, from, to), oracle(line, zone, from, to));
                fired += ours.len();
                if ours != theirs {
                    let shown = |at: Option<&_>| at.map_or("none".to_owned(), ToString::to_string);
                    let extra = shown(ours.iter().find(|at| !theirs.contains(at)));
                    let lacking = shown(theirs.iter().find(|at| !ours.contains(at)));
                    writeln!(
                        differences,
                        "{line} in {zone}: {} and {} times; ours alone {extra}, theirs alone {lacking}",
                        ours.len(),
                        theirs.len()
                    )
                    .unwrap();
                }
            }
        }
    }
    assert_eq!(differences, "");
    assert!(fired > 200_000, "{fired}");
}

/// With more than one fixed minute or hour the other implementation takes a line for one that counts intervals: what
/// the clock skips is lost, and what comes twice fires twice. By our rule these are fixed times like others.
#[test]
fn several_fixed_times_are_fixed_times() {
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    // Line, what fires here alone, what fires there alone.
    let differ: [(&str, &[&str], &[&str]); 6] = [
        ("0,30 2 * * *", &["2026-03-08T07:00:00Z"], &[]),
        (
            "0,30 1 * * *",
            &[],
            &["2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"],
        ),
        (
            "15 1,2,3 * * *",
            &["2026-03-08T07:00:00Z"],
            &["2026-11-01T06:15:00Z"],
        ),
        // 02:00 after the gap is 03:00, which fires once.
        ("0 0-5 * * *", &[], &["2026-11-01T06:00:00Z"]),
        ("0 0,12 * * *", &[], &[]),
        ("15-17 2 * * *", &["2026-03-08T07:00:00Z"], &[]),
    ];
    let zone = chrono_tz::America::New_York;
    for (line, here, there) in differ {
        let ours = fires(&Crontab::parse(line, zone).unwrap(), from, to);
        let theirs = oracle(line, zone, from, to);
        let alone = |some: &[DateTime<Utc>], others: &[DateTime<Utc>]| -> Vec<String> {
            let alone = some.iter().filter(|at| !others.contains(at));
            alone
                .map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
                .collect()
        };
        assert_eq!(alone(&ours, &theirs), here, "{line}, here");
        assert_eq!(alone(&theirs, &ours), there, "{line}, there");
    }
}

#[test]
fn a_skipped_time_fires_after_the_gap_and_a_doubled_one_once() {
    let daily = crontab("30 2 * * *", "America/New_York");
    let gap = daily.next(at("2026-03-08T06:59:59Z"));
    assert_eq!(gap, Some(at("2026-03-08T07:00:00Z")), "03:00 EDT");
    assert_eq!(daily.next(gap.unwrap()), Some(at("2026-03-09T06:30:00Z")));
    let doubled = crontab("30 1 * * *", "America/New_York");
    let first = doubled.next(at("2026-11-01T04:00:00Z")).unwrap();
    assert_eq!(first, at("2026-11-01T05:30:00Z"), "01:30 EDT");
    let later = Some(at("2026-11-02T06:30:00Z"));
    assert_eq!(doubled.next(first), later);
    assert_eq!(doubled.next(at("2026-11-01T06:10:00Z")), later, "01:10 EST");
}

#[test]
fn intervals_count_through_both_passes_of_an_overlap_and_not_through_a_gap() {
    let quarter = crontab("*/30 1,2 * * *", "America/New_York");
    assert_eq!(
        fires(
            &quarter,
            at("2026-11-01T04:00:00Z"),
            at("2026-11-01T12:00:00Z")
        ),
        [
            at("2026-11-01T05:00:00Z"),
            at("2026-11-01T05:30:00Z"),
            at("2026-11-01T06:00:00Z"),
            at("2026-11-01T06:30:00Z"),
            at("2026-11-01T07:00:00Z"),
            at("2026-11-01T07:30:00Z"),
        ]
    );
    assert_eq!(
        fires(
            &quarter,
            at("2026-03-08T05:00:00Z"),
            at("2026-03-08T12:00:00Z")
        ),
        [at("2026-03-08T06:00:00Z"), at("2026-03-08T06:30:00Z")]
    );
}

#[test]
fn a_day_that_a_zone_leaves_out_fires_when_the_next_begins() {
    // Samoa went from the evening of 29 December to 31 December.
    let noon = crontab("0 12 * * *", "Pacific/Apia");
    assert_eq!(
        fires(
            &noon,
            at("2011-12-29T00:00:00Z"),
            at("2011-12-31T12:00:00Z")
        ),
        [
            at("2011-12-29T22:00:00Z"),
            at("2011-12-30T10:00:00Z"),
            at("2011-12-30T22:00:00Z"),
        ]
    );
}

#[test]
fn weekdays_are_those_of_crontab() {
    // 2026-04-06 is a Monday.
    let first = |line| crontab(line, "UTC").next(at("2026-04-06T12:00:00Z"));
    assert_eq!(first("0 9 * * 1"), Some(at("2026-04-13T09:00:00Z")));
    assert_eq!(first("0 9 * * 0"), Some(at("2026-04-12T09:00:00Z")));
    assert_eq!(first("0 9 * * 7"), Some(at("2026-04-12T09:00:00Z")));
    assert_eq!(first("0 9 * * 6-7"), Some(at("2026-04-11T09:00:00Z")));
    assert_eq!(first("0 9 * * Tue,thu"), Some(at("2026-04-07T09:00:00Z")));
    assert_eq!(first("0 9 * * fri-SUN"), Some(at("2026-04-10T09:00:00Z")));
    // With a day of the month beside it, a day that fits either.
    assert_eq!(first("0 9 8 * 5"), Some(at("2026-04-08T09:00:00Z")));
    for bad in [
        "0 9 * *",
        "0 9 * * 8",
        "0 9 * * 5-2",
        "0 9 * * */0",
        "0 9 * * jan",
        "x 9 * * *",
    ] {
        assert!(Crontab::parse(bad, chrono_tz::UTC).is_none(), "{bad}");
    }
    assert_eq!(first("0 0 30 2 *"), None);
}
