//! The simulators' own clock: it starts where a test wants it and runs as fast as a test wants it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::time::Instant;

/// A clock with a start, a rate and jumps forward. Cheap to clone: every clone is the same clock.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: DateTime<Utc>,
    started: Instant,
    rate: u32,
    /// The sum of all jumps. Sleepers listen to it.
    ahead: watch::Sender<Duration>,
}

impl SimClock {
    /// The machine's time.
    pub fn real() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the simulators have their own clock; this is its one reading of the machine's"
        )]
        let now = Utc::now();
        Self::starting(now, 1)
    }

    /// Starts at `start` and runs `rate` times as fast as the machine's clock (0 counts as 1).
    pub fn starting(start: DateTime<Utc>, rate: u32) -> Self {
        let (ahead, _) = watch::channel(Duration::ZERO);
        Self(Arc::new(Inner {
            start,
            started: Instant::now(),
            rate: rate.max(1),
            ahead,
        }))
    }

    /// The present instant, cut to 100 ns as the vendors do. Never goes backwards.
    pub fn now(&self) -> DateTime<Utc> {
        let run = self.0.started.elapsed().saturating_mul(self.0.rate);
        let ahead = *self.0.ahead.borrow();
        later(self.0.start, run.saturating_add(ahead))
    }

    /// How many times faster than the machine's this clock runs.
    pub fn rate(&self) -> u32 {
        self.0.rate
    }

    /// Jumps forward. Whoever sleeps on this clock wakes when the jump reaches their time.
    pub fn advance(&self, by: Duration) {
        self.0
            .ahead
            .send_modify(|ahead| *ahead = ahead.saturating_add(by));
    }

    /// Waits for `duration` of this clock's time, jumps included.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(later(self.now(), duration)).await;
    }

    /// Waits until this clock shows `until`.
    pub async fn sleep_until(&self, until: DateTime<Utc>) {
        let mut jumps = self.0.ahead.subscribe();
        loop {
            let Ok(left) = (until - self.now()).to_std() else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left / self.0.rate) => {}
                _ = jumps.changed() => {}
            }
        }
    }
}

/// `at` and `duration` later, cut to 100 ns; the end of time when that is past it.
pub fn later(at: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(duration)
        .ok()
        .and_then(|delta| at.checked_add_signed(delta))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
        .trunc_subsecs(7)
}

/// `at` and `duration` earlier, cut to 100 ns; the beginning of time when that is before it.
pub fn earlier(at: DateTime<Utc>, duration: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(duration)
        .ok()
        .and_then(|delta| at.checked_sub_signed(delta))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
        .trunc_subsecs(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> DateTime<Utc> {
        "2026-11-02T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn it_starts_where_it_is_told_and_jumps() {
        let clock = SimClock::starting(start(), 1);
        clock.advance(Duration::from_secs(3_600));
        let gone = clock.now() - start();
        assert!((3_600..3_660).contains(&gone.num_seconds()), "{gone}");
    }

    #[test]
    fn it_has_a_granularity_of_100_ns() {
        let clock = SimClock::starting(start(), 7);
        assert!((0..100).all(|_| clock.now().timestamp_subsec_nanos().is_multiple_of(100)));
    }

    #[tokio::test]
    async fn a_jump_wakes_a_sleeper() {
        let clock = SimClock::starting(start(), 1);
        let sleep = clock.sleep(Duration::from_secs(86_400));
        let jump = async { clock.advance(Duration::from_secs(86_401)) };
        tokio::join!(sleep, jump);
        assert!(clock.now() >= later(start(), Duration::from_secs(86_400)));
    }
}
