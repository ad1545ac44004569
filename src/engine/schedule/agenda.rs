//! Which passes start when: a machine over instants, without a clock, a store or a task. The dispatcher tells it
//! what time it is and which passes ended, and starts those it names.
//!
//! Times are those of the wall clock, for `cron` lines speak of it. Each source has at most one pass at a time.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::timing::{Rhythm, next_cron};
use crate::engine::clock::Timestamp;
use crate::lang::plan::{IfRunning, Missed};

/// A `cron` time that is met later than this was missed: the machine slept, or its clock was set.
const ON_TIME: Duration = Duration::from_secs(300);

/// A clock that is set back by less than this does not make a `cron` line fire twice: it waits until its next time.
const SET_BACK: Duration = Duration::from_secs(3 * 3600);

/// What is said of a source.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What its times follow.
    pub(super) rhythm: Rhythm,
    /// What becomes of a time that comes while a pass runs.
    pub(super) if_running: IfRunning,
    /// What becomes of `cron` times that passed while nothing ran.
    pub(super) missed: Missed,
    /// How long after the start its first pass waits.
    pub(super) offset: Duration,
    /// Up to where its `cron` times were met before the start; none when it was never seen.
    pub(super) met: Option<Timestamp>,
}

impl Entry {
    /// Whether where it stands must survive a stop.
    pub(super) fn is_remembered(&self) -> bool {
        matches!(self.rhythm, Rhythm::Cron(_)) && self.missed == Missed::One
    }
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The source was read to its end; from when on it wants to be read again, if it says so.
    Read(Option<Timestamp>),
    /// It was not; it is to be tried again then.
    Again(Timestamp),
    /// It was not, and its next time is waited for.
    Given,
}

/// The sources of a tenant and when each is read.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    sources: Vec<Source>,
    seen: Timestamp,
}

#[derive(Debug)]
struct Source {
    rhythm: Rhythm,
    if_running: IfRunning,
    missed: Missed,
    /// The next time its rhythm names.
    due: Option<Timestamp>,
    wanted: Wanted,
    /// It is not read before this, wanted or not.
    not_before: Option<Timestamp>,
    /// When the pass that runs was started.
    running: Option<Timestamp>,
    paused: Paused,
}

/// Whether people have paused a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paused {
    No,
    Yes,
}

/// Whether a pass is to start as soon as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    No,
    Yes,
}

impl Agenda {
    /// The agenda of a start at `now`.
    #[cfg(test)]
    pub(super) fn new(entries: impl IntoIterator<Item = Entry>, now: Timestamp) -> Self {
        let sources = entries.into_iter().map(|entry| Source::new(entry, now));
        Self {
            sources: sources.collect(),
            seen: now,
        }
    }

    /// The agenda of another plan: each entry with the place its source had before, if it had one. What is the same
    /// there goes on, a pass that runs is still waited for.
    pub(super) fn replace(
        &mut self,
        entries: impl IntoIterator<Item = (Entry, Option<usize>)>,
        now: Timestamp,
    ) {
        self.follow(now);
        let mut before: Vec<Option<Source>> = self.sources.drain(..).map(Some).collect();
        let places = entries.into_iter().map(|(entry, place)| {
            match place.and_then(|place| before.get_mut(place)?.take()) {
                Some(known) => known.under(entry, now),
                None => Source::new(entry, now),
            }
        });
        self.sources = places.collect();
    }

    /// A paused source starts no passes. What comes meanwhile was missed when it goes on.
    pub(super) fn pause(&mut self, source: usize, paused: Paused, now: Timestamp) {
        let source = &mut self.sources[source];
        source.come(now);
        source.paused = paused;
    }

    /// A person asks for a pass: it starts at once, or right after the one that runs.
    pub(super) fn ask(&mut self, source: usize) {
        let source = &mut self.sources[source];
        source.wanted = Wanted::Yes;
        source.not_before = None;
    }

    /// The sources whose passes start now. They run until [`Agenda::ended`] is told.
    pub(super) fn starts(&mut self, now: Timestamp) -> Vec<usize> {
        self.follow(now);
        let mut starting = Vec::new();
        for (index, source) in self.sources.iter_mut().enumerate() {
            source.come(now);
            let may = source.paused == Paused::No && source.not_before.is_none_or(|at| at <= now);
            if source.running.is_none() && source.wanted == Wanted::Yes && may {
                source.wanted = Wanted::No;
                source.not_before = None;
                source.running = Some(now);
                starting.push(index);
            }
        }
        starting
    }

    /// A pass ended. Answers up to where the `cron` times of its source are met, where that is to be remembered.
    pub(super) fn ended(
        &mut self,
        source: usize,
        ended: Ended,
        now: Timestamp,
    ) -> Option<Timestamp> {
        self.follow(now);
        let source = &mut self.sources[source];
        source.come(now);
        let started = source.running.take()?;
        match ended {
            Ended::Read(rests) => source.not_before = rests,
            Ended::Again(at) => {
                source.wanted = Wanted::Yes;
                source.not_before = Some(at);
            }
            Ended::Given => {}
        }
        let read = matches!(ended, Ended::Read(_));
        // A time that came meanwhile is met by the pass that follows, and not before.
        let met = match source.wanted {
            Wanted::Yes => started,
            Wanted::No => now,
        };
        (read && source.remembers()).then_some(met)
    }

    /// When it is to be asked again at the latest, which is at once for a pass that may start already. A time that
    /// comes while a pass runs is to be told as well: asked later, it would seem to be missed.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let going = self.sources.iter().filter(|one| one.paused == Paused::No);
        going
            .filter_map(|source| match (source.running, source.wanted) {
                (None, Wanted::Yes) => Some(source.not_before.unwrap_or(Timestamp::EPOCH)),
                (Some(_), _) | (None, Wanted::No) => source.due,
            })
            .min()
    }

    /// When a source is read next, as far as is known at `now`; none while it is read.
    pub(super) fn next_of(&self, source: usize, now: Timestamp) -> Option<Timestamp> {
        let source = &self.sources[source];
        match (source.running, source.wanted) {
            (Some(_), _) => None,
            (None, Wanted::Yes) => Some(source.not_before.unwrap_or(now)),
            (None, Wanted::No) => source.due,
        }
    }

    /// Whether a source is being read.
    pub(super) fn is_running(&self, source: usize) -> bool {
        self.sources[source].running.is_some()
    }

    /// Whether no pass runs, and none is to start but of sources that are paused.
    pub(super) fn is_at_rest(&self) -> bool {
        let mut sources = self.sources.iter();
        sources.all(|source| {
            let starts = source.wanted == Wanted::Yes && source.paused == Paused::No;
            source.running.is_none() && !starts
        })
    }

    /// Follows a clock that was set back: distances stay, but for the times of `cron` lines.
    fn follow(&mut self, now: Timestamp) {
        let back = self.seen.since(now);
        self.seen = now;
        if back.is_zero() {
            return;
        }
        for source in &mut self.sources {
            for at in [&mut source.not_before, &mut source.running] {
                *at = at.map(|at| at.minus(back));
            }
            match &source.rhythm {
                Rhythm::Cron(crontab) if back >= SET_BACK => source.due = next_cron(crontab, now),
                Rhythm::Cron(_) => {}
                Rhythm::Every(_) | Rhythm::AtStart | Rhythm::ByHand => {
                    source.due = source.due.map(|due| due.minus(back));
                }
            }
        }
    }
}

impl Source {
    fn new(entry: Entry, now: Timestamp) -> Self {
        let begins = now.plus(entry.offset);
        let mut source = Self {
            rhythm: entry.rhythm,
            if_running: entry.if_running,
            missed: entry.missed,
            due: None,
            wanted: Wanted::No,
            not_before: None,
            running: None,
            paused: Paused::No,
        };
        match &source.rhythm {
            Rhythm::Every(_) => source.due = Some(begins),
            Rhythm::Cron(crontab) => {
                source.due = next_cron(crontab, now);
                let before = entry
                    .met
                    .and_then(|met| next_cron(crontab, met))
                    .is_some_and(|time| time <= now);
                if before && source.missed == Missed::One {
                    source.want_from(begins);
                }
            }
            Rhythm::AtStart => source.want_from(begins),
            Rhythm::ByHand => {}
        }
        source
    }

    /// The same source as another plan has it: its times go on unless they are others there.
    fn under(self, entry: Entry, now: Timestamp) -> Self {
        if self.rhythm == entry.rhythm {
            return Self {
                if_running: entry.if_running,
                missed: entry.missed,
                ..self
            };
        }
        Self {
            running: self.running,
            paused: self.paused,
            ..Self::new(entry, now)
        }
    }

    fn want_from(&mut self, at: Timestamp) {
        self.wanted = Wanted::Yes;
        self.not_before = Some(at);
    }

    /// Whether where it stands must survive a stop.
    fn remembers(&self) -> bool {
        matches!(self.rhythm, Rhythm::Cron(_)) && self.missed == Missed::One
    }

    /// Lets the times come that have passed until `now`: however many there are, they are one.
    fn come(&mut self, now: Timestamp) {
        let Some(due) = self.due.filter(|due| *due <= now) else {
            return;
        };
        self.due = self.rhythm.after(due, now);
        let counts = match self.rhythm {
            Rhythm::Cron(_) if self.missed == Missed::Skip => {
                self.paused == Paused::No && self.is_on_time(now)
            }
            Rhythm::Cron(_) | Rhythm::Every(_) | Rhythm::AtStart | Rhythm::ByHand => true,
        };
        if counts && (self.running.is_none() || self.if_running == IfRunning::Coalesce) {
            self.wanted = Wanted::Yes;
        }
    }

    /// Whether the last time until `now` was just now.
    fn is_on_time(&self, now: Timestamp) -> bool {
        match &self.rhythm {
            Rhythm::Cron(crontab) => {
                next_cron(crontab, now.minus(ON_TIME)).is_some_and(|last| last <= now)
            }
            Rhythm::Every(_) | Rhythm::AtStart | Rhythm::ByHand => true,
        }
    }
}
