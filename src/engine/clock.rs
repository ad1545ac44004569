//! Time: instants in 100 ns ticks, the real clock, and one that runs faster for tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant in ticks of 100 ns since 1970-01-01T00:00:00Z: the finest precision a source gives (S36).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

const TICKS_PER_SECOND: i64 = 10_000_000;

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(0);

    /// From ticks of 100 ns since 1970.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Ticks of 100 ns since 1970.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From seconds since 1970.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds * TICKS_PER_SECOND)
    }

    /// Reads an RFC 3339 instant. Fractions finer than 100 ns are cut off.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| Self::from_chrono(at.to_utc()))
    }

    /// From a chrono instant; finer parts than 100 ns are cut off.
    pub fn from_chrono(at: DateTime<Utc>) -> Self {
        Self(at.timestamp() * TICKS_PER_SECOND + i64::from(at.timestamp_subsec_nanos()) / 100)
    }

    /// As a chrono instant.
    pub fn to_chrono(self) -> DateTime<Utc> {
        let seconds = self.0.div_euclid(TICKS_PER_SECOND);
        let nanos = self.0.rem_euclid(TICKS_PER_SECOND) * 100;
        DateTime::from_timestamp(seconds, u32::try_from(nanos).expect("below one second"))
            .unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// This instant and `duration` later, saturating.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ticks_of(duration)))
    }

    /// This instant less `duration`, saturating.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(ticks_of(duration)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0);
        Duration::from_nanos(ticks.saturating_mul(100))
    }
}

fn ticks_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos() / 100).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            &self
                .to_chrono()
                .to_rfc3339_opts(SecondsFormat::AutoSi, true),
        )
    }
}

/// What a clock's wall time is.
#[derive(Clone, Copy, Debug)]
enum Follows {
    Machine,
    Itself,
}

/// Where the engine gets its time and its waiting from.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    wall_start: Timestamp,
    mono_start: tokio::time::Instant,
    rate: u32,
    follows: Follows,
    /// For a clock that stands: nanoseconds it was moved by.
    moved: Option<AtomicU64>,
}

impl Clock {
    /// The machine's clock.
    pub fn real() -> Self {
        Self::made(wall_now(), 1, Follows::Machine, None)
    }

    /// A clock that starts at `start` and runs `rate` times as fast as the machine's, for tests and demonstrations.
    pub fn starting(start: Timestamp, rate: u32) -> Self {
        Self::made(start, rate, Follows::Itself, None)
    }

    /// A clock that stands at `start`. Whoever waits moves it by as much and goes on at once, so that a run over it
    /// is the same every time: for one task alone.
    pub fn standing(start: Timestamp) -> Self {
        Self::made(start, 1, Follows::Itself, Some(AtomicU64::new(0)))
    }

    fn made(start: Timestamp, rate: u32, follows: Follows, moved: Option<AtomicU64>) -> Self {
        Self(Arc::new(Inner {
            wall_start: start,
            mono_start: tokio::time::Instant::now(),
            rate: rate.max(1),
            follows,
            moved,
        }))
    }

    /// The present instant. Never goes backwards while the process lives.
    pub fn now(&self) -> Timestamp {
        self.0.wall_start.plus(self.monotonic())
    }

    /// What the machine's wall clock shows: it follows what is set there and goes on while the machine sleeps, so it
    /// may jump either way. For times that people say, such as those of `cron` lines.
    pub fn wall(&self) -> Timestamp {
        match self.0.follows {
            Follows::Machine => wall_now(),
            Follows::Itself => self.now(),
        }
    }

    /// Time since this clock was made; does not follow changes of the machine's wall clock.
    pub fn monotonic(&self) -> Duration {
        match &self.0.moved {
            Some(moved) => Duration::from_nanos(moved.load(Ordering::SeqCst)),
            None => self.0.mono_start.elapsed().saturating_mul(self.0.rate),
        }
    }

    /// Waits for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        if let Some(moved) = &self.0.moved {
            let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
            moved.fetch_add(nanos, Ordering::SeqCst);
            return tokio::task::yield_now().await;
        }
        tokio::time::sleep(duration / self.0.rate).await;
    }

    /// Waits until `at`; returns at once when it has passed.
    pub async fn sleep_until(&self, at: Timestamp) {
        self.sleep(at.since(self.now())).await;
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the machine's clock"
)]
fn wall_now() -> Timestamp {
    Timestamp::from_chrono(Utc::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_digits_survive() {
        let at = Timestamp::parse("2026-04-13T14:27:38.9437189Z").unwrap();
        assert_eq!(at.ticks() % 10_000_000, 9_437_189);
        assert_eq!(
            Timestamp::parse("2026-04-13T10:27:38.9437189-04:00"),
            Some(at)
        );
    }

    #[tokio::test]
    async fn a_standing_clock_moves_by_what_is_waited_for() {
        let start = Timestamp::from_unix_seconds(10);
        let clock = Clock::standing(start);
        assert_eq!(clock.now(), start);
        clock.sleep(Duration::from_secs(3600)).await;
        clock.sleep_until(start).await;
        assert_eq!(clock.now(), start.plus(Duration::from_secs(3600)));
    }

    #[test]
    fn since_is_never_negative() {
        let early = Timestamp::from_unix_seconds(10);
        let late = early.plus(Duration::from_secs(5));
        assert_eq!(late.since(early), Duration::from_secs(5));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.minus(Duration::from_secs(5)), early);
    }
}
