//! The machine over hours, and over a simulated year in three zones against what triggers declare.

mod year;

use std::time::Duration;

use super::*;
use crate::lang::plan::Crontab;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn entry(rhythm: Rhythm) -> Entry {
    Entry {
        rhythm,
        if_running: IfRunning::Coalesce,
        missed: Missed::One,
        offset: Duration::ZERO,
        met: None,
    }
}

fn every(seconds: u64) -> Entry {
    entry(Rhythm::Every(Duration::from_secs(seconds)))
}

fn cron(line: &str) -> Entry {
    entry(Rhythm::Cron(Crontab::parse(line, chrono_tz::UTC).unwrap()))
}

/// Lets the hours pass from `from` on, with passes that take no time, and says when they started.
fn starts(agenda: &mut Agenda, from: &str, until: &str) -> Vec<String> {
    let (mut now, until) = (at(from), at(until));
    let mut started = Vec::new();
    while now < until {
        for source in agenda.starts(now) {
            started.push(now.to_string());
            agenda.ended(source, Ended::Read(None), now);
        }
        now = agenda.next().map_or(until, |next| next.max(now));
    }
    started
}

#[test]
fn every_begins_at_its_offset_and_keeps_its_phase() {
    let now = at("2026-04-13T08:00:00Z");
    let entry = Entry {
        offset: Duration::from_secs(7),
        ..every(120)
    };
    let mut agenda = Agenda::new([entry], now);
    assert_eq!(agenda.starts(now), [0; 0]);
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:00:07Z")));
    // Whoever is asked late is late once, and no later after that.
    assert_eq!(agenda.starts(at("2026-04-13T08:00:31Z")), [0]);
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:02:07Z")));
    let end = at("2026-04-13T08:00:40Z");
    assert_eq!(agenda.ended(0, Ended::Read(None), end), None);
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:02:07Z")));
}

#[test]
fn a_time_that_comes_while_a_pass_runs_follows_it_or_is_nothing() {
    let now = at("2026-04-13T08:00:00Z");
    for (if_running, next) in [
        (IfRunning::Coalesce, Timestamp::EPOCH),
        (IfRunning::Skip, at("2026-04-13T08:08:00Z")),
    ] {
        let mut agenda = Agenda::new(
            [Entry {
                if_running,
                ..every(120)
            }],
            now,
        );
        assert_eq!(agenda.starts(now), [0]);
        // Three times come meanwhile.
        assert_eq!(agenda.starts(at("2026-04-13T08:05:00Z")), [0; 0]);
        let end = at("2026-04-13T08:07:00Z");
        agenda.ended(0, Ended::Read(None), end);
        assert_eq!(agenda.next(), Some(next), "{if_running:?}");
        let follows = agenda.starts(end);
        assert_eq!(
            follows.len(),
            usize::from(if_running == IfRunning::Coalesce)
        );
        if !follows.is_empty() {
            agenda.ended(0, Ended::Read(None), end);
        }
        assert_eq!(agenda.next(), Some(at("2026-04-13T08:08:00Z")), "once");
    }
}

#[test]
fn a_failed_pass_is_tried_again_when_it_says_and_a_rest_is_kept() {
    let now = at("2026-04-13T08:00:00Z");
    let mut agenda = Agenda::new([every(60)], now);
    assert_eq!(agenda.starts(now), [0]);
    let again = at("2026-04-13T08:02:30Z");
    agenda.ended(0, Ended::Again(again), now);
    assert_eq!(agenda.starts(at("2026-04-13T08:01:00Z")), [0; 0]);
    assert_eq!(agenda.next(), Some(again));
    assert_eq!(agenda.starts(again), [0]);
    agenda.ended(0, Ended::Read(None), again);
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:03:00Z")));
    let rests = at("2026-04-13T08:10:00Z");
    assert_eq!(agenda.starts(at("2026-04-13T08:03:00Z")), [0]);
    agenda.ended(0, Ended::Read(Some(rests)), at("2026-04-13T08:03:00Z"));
    assert_eq!(
        starts(&mut agenda, "2026-04-13T08:03:00Z", "2026-04-13T08:12:00Z"),
        ["2026-04-13T08:10:00Z", "2026-04-13T08:11:00Z"]
    );
}

#[test]
fn a_person_is_served_at_once_or_right_after_the_pass_that_runs() {
    let now = at("2026-04-13T08:00:00Z");
    let mut agenda = Agenda::new([entry(Rhythm::ByHand), every(60)], now);
    assert_eq!(agenda.starts(now), [1]);
    agenda.ask(0);
    agenda.ask(1);
    assert_eq!(agenda.starts(now), [0], "the other one still runs");
    let end = at("2026-04-13T08:00:20Z");
    agenda.ended(0, Ended::Read(None), end);
    agenda.ended(1, Ended::Again(at("2026-04-13T09:00:00Z")), end);
    assert!(!agenda.is_at_rest());
    assert_eq!(agenda.next(), Some(at("2026-04-13T09:00:00Z")));
    agenda.ask(1);
    assert_eq!(agenda.starts(end), [1], "whatever it waits for");
    agenda.ended(1, Ended::Read(None), end);
    assert!(agenda.is_at_rest());
}

#[test]
fn webhooks_alone_mean_a_pass_at_start() {
    let now = at("2026-04-13T08:00:00Z");
    let mut agenda = Agenda::new([entry(Rhythm::AtStart), entry(Rhythm::ByHand)], now);
    assert_eq!(agenda.starts(now), [0]);
    agenda.ended(0, Ended::Read(None), now);
    assert_eq!(agenda.next(), None);
}

#[test]
fn what_a_stop_made_it_miss_runs_once_or_not_at_all() {
    let now = at("2026-04-13T08:00:00Z");
    let since = Some(at("2026-04-11T09:10:00Z"));
    let with = |missed, met| {
        let entry = Entry {
            missed,
            met,
            offset: Duration::from_secs(1),
            ..cron("0 9 * * *")
        };
        let mut agenda = Agenda::new([entry], now);
        starts(&mut agenda, "2026-04-13T08:00:00Z", "2026-04-14T00:00:00Z")
    };
    let (late, on_time) = ("2026-04-13T08:00:01Z", "2026-04-13T09:00:00Z");
    assert_eq!(with(Missed::One, since), [late, on_time]);
    assert_eq!(with(Missed::Skip, since), [on_time]);
    assert_eq!(
        with(Missed::One, None),
        [on_time],
        "seen for the first time"
    );
    let met = Some(at("2026-04-12T09:00:00Z"));
    assert_eq!(with(Missed::One, met), [on_time], "the last one was met");
}

#[test]
fn a_machine_that_slept_has_missed_what_passed() {
    let slept = |missed, until: &str| {
        let entry = Entry {
            missed,
            ..cron("0 9 * * *")
        };
        let mut agenda = Agenda::new([entry], at("2026-04-13T08:00:00Z"));
        agenda.starts(at("2026-04-13T08:10:00Z"));
        agenda.starts(at(until)).len()
    };
    assert_eq!(slept(Missed::One, "2026-04-13T11:00:00Z"), 1);
    assert_eq!(slept(Missed::Skip, "2026-04-13T11:00:00Z"), 0);
    assert_eq!(
        slept(Missed::Skip, "2026-04-13T09:00:40Z"),
        1,
        "hardly late"
    );
    assert_eq!(
        slept(Missed::Skip, "2026-04-15T09:00:40Z"),
        1,
        "in time for a later one"
    );
}

#[test]
fn what_a_pass_has_met_is_remembered_when_it_has_read_all() {
    let now = at("2026-04-13T08:59:00Z");
    let nine = at("2026-04-13T09:00:00Z");
    let end = at("2026-04-13T09:20:00Z");
    let met = |line, missed, if_running, ended| {
        let entry = Entry {
            if_running,
            missed,
            ..cron(line)
        };
        let mut agenda = Agenda::new([entry], now);
        assert_eq!(agenda.starts(nine), [0]);
        agenda.ended(0, ended, end)
    };
    let read = Ended::Read(None);
    let (one, coalesce) = (Missed::One, IfRunning::Coalesce);
    assert_eq!(met("0 9 * * *", one, coalesce, read), Some(end));
    // The pass that follows meets what came meanwhile.
    assert_eq!(met("*/15 * * * *", one, coalesce, read), Some(nine));
    assert_eq!(met("*/15 * * * *", one, IfRunning::Skip, read), Some(end));
    assert_eq!(met("0 9 * * *", Missed::Skip, coalesce, read), None);
    assert_eq!(met("0 9 * * *", one, coalesce, Ended::Given), None);
    assert_eq!(met("0 9 * * *", one, coalesce, Ended::Again(end)), None);
}

#[test]
fn a_clock_that_is_set_back_delays_nothing_and_doubles_nothing() {
    let now = at("2026-04-13T08:59:00Z");
    let mut agenda = Agenda::new([cron("0 9 * * *"), every(60)], now);
    assert_eq!(agenda.starts(now), [1]);
    agenda.ended(1, Ended::Read(None), now);
    assert_eq!(agenda.starts(at("2026-04-13T09:00:00Z")), [0, 1]);
    agenda.ended(0, Ended::Read(None), at("2026-04-13T09:00:01Z"));
    agenda.ended(1, Ended::Read(None), at("2026-04-13T09:00:10Z"));
    // Twenty minutes back, where 50 s of the minute are left.
    assert_eq!(agenda.starts(at("2026-04-13T08:40:10Z")), [0; 0]);
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:41:00Z")));
    agenda.starts(at("2026-04-13T08:41:00Z"));
    agenda.ended(1, Ended::Read(None), at("2026-04-13T08:41:00Z"));
    assert_eq!(agenda.starts(at("2026-04-13T09:00:00Z")), [1], "not twice");
    // A clock that was a year ahead is taken at its word.
    agenda.ended(1, Ended::Read(None), at("2026-04-13T09:00:00Z"));
    agenda.starts(at("2025-04-13T08:30:00Z"));
    let mut times = Vec::new();
    while times.is_empty() {
        let next = agenda.next().unwrap();
        for source in agenda.starts(next) {
            agenda.ended(source, Ended::Read(None), next);
            if source == 0 {
                times.push(next);
            }
        }
    }
    assert_eq!(times, [at("2025-04-13T09:00:00Z")]);
}

#[test]
fn a_pause_makes_it_miss_what_comes() {
    let noon = at("2026-04-13T12:00:00Z");
    for (entry, goes_on) in [
        (cron("0 9 * * *"), 1),
        (
            Entry {
                missed: Missed::Skip,
                ..cron("0 9 * * *")
            },
            0,
        ),
        (every(3600), 1),
    ] {
        let now = at("2026-04-13T08:10:00Z");
        let mut agenda = Agenda::new([entry], now);
        agenda.pause(0, Paused::Yes, now);
        assert_eq!(agenda.next(), None);
        // Looked at in time, and yet paused.
        assert_eq!(agenda.starts(at("2026-04-13T09:00:00Z")), [0; 0]);
        agenda.pause(0, Paused::No, noon);
        assert_eq!(agenda.starts(noon).len(), goes_on);
    }
}

#[test]
fn another_plan_changes_only_what_it_says_otherwise() {
    let now = at("2026-04-13T08:00:00Z");
    let mut agenda = Agenda::new([every(3600), every(600), cron("0 9 * * *")], now);
    assert_eq!(agenda.starts(now), [0, 1]);
    agenda.ended(0, Ended::Read(None), now);
    // The first one is gone, the second is still read and will be read more often, the third is as before.
    let later = at("2026-04-13T08:01:00Z");
    agenda.replace(
        [
            (cron("0 9 * * *"), Some(2)),
            (every(60), Some(1)),
            (every(120), None),
        ],
        later,
    );
    assert_eq!(agenda.starts(later), [2], "what is new");
    agenda.ended(2, Ended::Read(None), later);
    assert_eq!(agenda.ended(1, Ended::Read(None), later), None);
    assert_eq!(
        agenda.starts(later),
        [1],
        "its new time came while it was read"
    );
    agenda.ended(1, Ended::Read(None), later);
    assert_eq!(
        starts(&mut agenda, "2026-04-13T08:01:00Z", "2026-04-13T08:03:30Z"),
        [
            "2026-04-13T08:02:00Z",
            "2026-04-13T08:03:00Z",
            "2026-04-13T08:03:00Z"
        ]
    );
    assert_eq!(agenda.next(), Some(at("2026-04-13T08:04:00Z")));
}
