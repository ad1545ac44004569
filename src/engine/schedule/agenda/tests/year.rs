//! A simulated year in three zones: process stops, sleeping machines, passes of any length. The runs equal those that
//! the triggers declare, worked out here another way: fire times by another implementation of crontab lines, then
//! one walk over them.

use std::collections::BTreeSet;

use chrono::DateTime;

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const OFFSET: i64 = 3;
/// 2026-01-01T00:00:00Z.
const FROM: i64 = 1_767_225_600;
const UNTIL: i64 = FROM + 365 * DAY;

/// Numbers that only look like chance.
struct Chance(u64);

impl Chance {
    fn up_to(&mut self, most: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(most).unwrap()).unwrap()
    }
}

/// What a pipeline says, and what happens around it. All in seconds since 1970.
struct Year {
    trigger: Trigger,
    if_running: IfRunning,
    missed: Missed,
    /// From when until when the process ran.
    sessions: Vec<(i64, i64)>,
    /// From when until when the machine slept, inside sessions.
    naps: Vec<(i64, i64)>,
}

#[derive(Clone, Copy)]
enum Trigger {
    Every(i64),
    Cron(&'static str, &'static str),
}

impl Year {
    fn new(trigger: Trigger, if_running: IfRunning, missed: Missed, seed: u64) -> Self {
        let mut chance = Chance(seed);
        let (mut sessions, mut naps) = (Vec::new(), Vec::new());
        let mut now = FROM;
        while now < UNTIL {
            let lasts = match chance.up_to(4) {
                0 => 60 + chance.up_to(2 * HOUR),
                1 => chance.up_to(2 * DAY) + 60,
                _ => chance.up_to(20 * DAY) + 60,
            };
            let end = (now + lasts).min(UNTIL);
            let mut nap = now + chance.up_to(5 * DAY) + 60;
            while nap < end {
                let most = if chance.up_to(2) == 0 { 900 } else { 10 * HOUR };
                let wakes = nap + 10 + chance.up_to(most);
                if wakes < end {
                    naps.push((nap, wakes));
                }
                nap = wakes + 60 + chance.up_to(8 * DAY);
            }
            sessions.push((now, end));
            let most = if chance.up_to(3) == 0 {
                3 * DAY
            } else {
                2 * HOUR
            };
            now = end + 1 + chance.up_to(most);
        }
        Self {
            trigger,
            if_running,
            missed,
            sessions,
            naps,
        }
    }

    /// How long a pass lasts that starts at `start`.
    fn lasts(start: i64) -> i64 {
        let mut chance = Chance(u64::try_from(start).unwrap());
        chance.up_to(7);
        match chance.up_to(20) {
            0 => 1 + chance.up_to(5 * HOUR),
            1..=4 => 1 + chance.up_to(HOUR),
            _ => 1 + chance.up_to(60),
        }
    }

    /// When what happens at `time` is noticed: a machine that sleeps notices nothing.
    fn noticed(&self, time: i64) -> i64 {
        let nap = self.naps.partition_point(|(_, wakes)| *wakes <= time);
        match self.naps.get(nap) {
            Some((from, wakes)) if *from < time => *wakes,
            _ => time,
        }
    }

    /// When passes start by the machine.
    fn runs(&self) -> Vec<i64> {
        let seconds = |at: Timestamp| at.ticks() / 10_000_000;
        let (mut runs, mut met) = (Vec::new(), None);
        for (from, until) in &self.sessions {
            let mut now = *from;
            let mut entry = Entry {
                rhythm: match self.trigger {
                    Trigger::Every(every) => {
                        Rhythm::Every(Duration::from_secs(every.unsigned_abs()))
                    }
                    Trigger::Cron(line, zone) => {
                        Rhythm::Cron(Crontab::parse(line, zone.parse().unwrap()).unwrap())
                    }
                },
                if_running: self.if_running,
                missed: self.missed,
                offset: Duration::from_secs(OFFSET.unsigned_abs()),
                met,
            };
            if entry.is_remembered() && entry.met.is_none() {
                met = Some(Timestamp::from_unix_seconds(now));
                entry.met = met;
            }
            let mut agenda = Agenda::new([entry], Timestamp::from_unix_seconds(now));
            let mut ends = None;
            loop {
                let at = Timestamp::from_unix_seconds(now);
                if ends == Some(now) {
                    ends = None;
                    met = agenda.ended(0, Ended::Read(None), at).or(met);
                }
                for _ in agenda.starts(at) {
                    runs.push(now);
                    ends = Some(self.noticed(now + Self::lasts(now)));
                }
                let next = agenda.next().map(|next| self.noticed(seconds(next)));
                match [next, ends].into_iter().flatten().min() {
                    Some(next) if next < *until => now = next.max(now),
                    Some(_) | None => break,
                }
            }
        }
        runs
    }

    /// When passes start by what the trigger declares.
    fn declared(&self, all: &[i64]) -> Vec<i64> {
        let is_cron = matches!(self.trigger, Trigger::Cron(..));
        let (mut runs, mut met) = (Vec::new(), FROM);
        for (from, until) in &self.sessions {
            let times = if is_cron {
                all.to_vec()
            } else {
                times(self.trigger, *from, *until)
            };
            // When a pass is to start, whatever the reason; times that are noticed at once are one.
            let mut calls = BTreeSet::new();
            for time in times.iter().filter(|time| *from < **time && *time < until) {
                let noticed = self.noticed(*time);
                let late = noticed - time >= 300;
                if !is_cron || self.missed == Missed::One || !late {
                    calls.insert(noticed);
                }
            }
            let missed = times.iter().any(|time| met < *time && time <= from);
            // Until when no pass can start, since when the last one runs, and whether one more follows.
            let (mut busy, mut since, mut follows) = (*from, None, false);
            if is_cron && self.missed == Missed::One && missed {
                (busy, follows) = (from + OFFSET, true);
            }
            for call in calls.into_iter().chain([i64::MAX]) {
                while busy < call && busy < *until && (since.is_some() || follows) {
                    if let Some(start) = since.take() {
                        met = if follows { start } else { busy };
                    }
                    if follows {
                        follows = false;
                        let start = self.noticed(busy);
                        runs.push(start);
                        (busy, since) = (self.noticed(start + Self::lasts(start)), Some(start));
                    }
                }
                if call >= *until || busy >= *until {
                    break;
                }
                if since.is_some() || follows {
                    follows |= self.if_running == IfRunning::Coalesce;
                } else {
                    runs.push(call);
                    (busy, since) = (self.noticed(call + Self::lasts(call)), Some(call));
                }
            }
        }
        runs
    }
}

/// The times that the trigger names, by another implementation.
fn times(trigger: Trigger, from: i64, until: i64) -> Vec<i64> {
    match trigger {
        Trigger::Every(every) => {
            let mut times = Vec::new();
            let mut time = from + OFFSET;
            while time < until {
                times.push(time);
                time += every;
            }
            times
        }
        Trigger::Cron(line, zone) => {
            let cron: croner::Cron = line.parse().unwrap();
            let zone: chrono_tz::Tz = zone.parse().unwrap();
            let from = DateTime::from_timestamp(from, 0)
                .unwrap()
                .with_timezone(&zone);
            cron.iter_from(from, croner::Direction::Forward)
                .map(|time| time.timestamp())
                .take_while(|time| *time < until)
                .collect()
        }
    }
}

#[test]
fn the_runs_of_a_year_are_those_that_triggers_declare() {
    let zones = ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"];
    let lines = [
        "*/30 * * * *",
        "*/20 8-18 * * 1-5",
        "0 */6 * * *",
        "30 2 * * *",
        "30 1 * * *",
        "15 3 * * 0",
        "0 9 1 * *",
    ];
    let crons = zones
        .iter()
        .flat_map(|zone| lines.iter().map(|line| Trigger::Cron(line, zone)));
    let everies = [1800, 3600, DAY].into_iter().map(Trigger::Every);
    let (mut seed, mut total) = (0, 0);
    for trigger in crons.chain(everies) {
        let all = times(trigger, FROM, UNTIL);
        for if_running in [IfRunning::Coalesce, IfRunning::Skip] {
            for missed in [Missed::One, Missed::Skip] {
                seed += 1;
                let year = Year::new(trigger, if_running, missed, seed);
                let (runs, declared) = (year.runs(), year.declared(&all));
                let differs = runs
                    .iter()
                    .zip(&declared)
                    .position(|(one, other)| one != other);
                let around = |runs: &[i64]| -> Vec<String> {
                    let first = differs.unwrap_or(runs.len()).saturating_sub(2);
                    let times = runs.iter().skip(first).take(5);
                    times
                        .map(|time| Timestamp::from_unix_seconds(*time).to_string())
                        .collect()
                };
                let what = match trigger {
                    Trigger::Every(every) => format!("every {every}s"),
                    Trigger::Cron(line, zone) => format!("{line} in {zone}"),
                };
                assert_eq!(
                    around(&runs),
                    around(&declared),
                    "{what}, {if_running:?}, {missed:?}, seed {seed}"
                );
                assert_eq!(runs, declared, "{what}");
                total += runs.len();
            }
        }
    }
    assert!(total > 200_000, "{total} runs");
}
