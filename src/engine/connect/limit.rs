//! One rate window (S39), as a pure machine over monotonic time.

use std::collections::VecDeque;
use std::time::Duration;

/// Parts a window is counted in. A request counts until the end of its part, so that never more than the limit
/// falls into any stretch of one window's length.
const PARTS: u32 = 50;
/// Of ten requests of a first window, so many are taken for spent: a process that died just now may have sent them.
const SPENT_OF_TEN: u64 = 9;

/// So many requests in such a time, wherever that time begins.
#[derive(Clone, Debug)]
pub(super) struct Window {
    rate: Rate,
    /// When requests stop counting, and how many.
    parts: VecDeque<(Duration, u32)>,
    used: u32,
    stopped: Duration,
}

/// Requests in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) requests: u32,
    pub(super) per: Duration,
}

impl Rate {
    /// Whether this allows less over time than `other`.
    pub(super) fn is_stricter(self, other: Self) -> bool {
        u128::from(self.requests) * other.per.as_nanos()
            < u128::from(other.requests) * self.per.as_nanos()
    }

    fn part(self) -> Duration {
        (self.per / PARTS).max(Duration::from_millis(1))
    }
}

impl Window {
    /// As after a restart: nine tenths are taken for spent evenly over the last window, so there is no burst.
    pub(super) fn new(rate: Rate, now: Duration) -> Self {
        let spent = |part: u32| {
            u64::from(rate.requests) * SPENT_OF_TEN * u64::from(part) / 10 / u64::from(PARTS)
        };
        let parts: VecDeque<(Duration, u32)> = (0..PARTS)
            .map(|part| {
                let count = u32::try_from(spent(part + 1) - spent(part)).expect("below the limit");
                (now + rate.per * (part + 1) / PARTS, count)
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        let used = parts.iter().map(|(_, count)| count).sum();
        Self {
            rate,
            parts,
            used,
            stopped: Duration::ZERO,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }

    /// Another limit from now on.
    pub(super) fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// Nothing passes until then.
    pub(super) fn stop(&mut self, until: Duration) {
        self.stopped = self.stopped.max(until);
    }

    /// Whether a request may pass; else when to ask again.
    pub(super) fn room(&mut self, now: Duration) -> Result<(), Duration> {
        while self.parts.front().is_some_and(|(until, _)| *until <= now) {
            let (_, count) = self.parts.pop_front().expect("there is a first part");
            self.used -= count;
        }
        if now < self.stopped {
            return Err(self.stopped);
        }
        if self.used < self.rate.requests {
            return Ok(());
        }
        Err(self
            .parts
            .front()
            .map_or(now + self.rate.part(), |(until, _)| *until))
    }

    /// Requests that may pass at once.
    pub(super) fn left(&mut self, now: Duration) -> u32 {
        match self.room(now) {
            Ok(()) => self.rate.requests - self.used,
            Err(_) => 0,
        }
    }

    /// Counts a request.
    pub(super) fn take(&mut self, now: Duration) {
        let part = self.rate.part();
        let index = now.as_nanos() / part.as_nanos() + 1;
        let end = Duration::from_nanos(u64::try_from(index * part.as_nanos()).unwrap_or(u64::MAX));
        let until = end + self.rate.per;
        self.used += 1;
        match self.parts.back_mut() {
            Some((of, count)) if *of == until => *count += 1,
            Some(_) | None => self.parts.push_back((until, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn drain(window: &mut Window, now: Duration) -> u32 {
        let mut taken = 0;
        while window.room(now).is_ok() {
            window.take(now);
            taken += 1;
        }
        taken
    }

    #[test]
    fn there_is_no_burst_after_start_and_the_full_rate_comes_with_time() {
        let mut window = Window::new(
            Rate {
                requests: 300,
                per: MINUTE,
            },
            Duration::ZERO,
        );
        assert_eq!(drain(&mut window, Duration::ZERO), 30);
        let half = drain(&mut window, MINUTE / 2);
        assert!((130..=136).contains(&half), "{half}");
        let mut idle = Window::new(
            Rate {
                requests: 300,
                per: MINUTE,
            },
            Duration::ZERO,
        );
        assert_eq!(drain(&mut idle, MINUTE), 300);
        assert_eq!(drain(&mut idle, MINUTE), 0);
        assert_eq!(drain(&mut idle, 2 * MINUTE + MINUTE / 10), 300);
    }

    #[test]
    fn a_stop_holds_and_says_until_when() {
        let mut window = Window::new(
            Rate {
                requests: 10,
                per: MINUTE,
            },
            Duration::ZERO,
        );
        window.stop(MINUTE * 2);
        window.stop(MINUTE);
        assert_eq!(window.room(MINUTE), Err(MINUTE * 2));
        assert_eq!(window.room(MINUTE * 2), Ok(()));
    }

    #[test]
    fn a_lower_rate_is_stricter_whatever_its_window() {
        let rate = |requests, seconds| Rate {
            requests,
            per: Duration::from_secs(seconds),
        };
        assert!(rate(40, 60).is_stricter(rate(1, 1)));
        assert!(!rate(60, 60).is_stricter(rate(1, 1)));
    }

    proptest! {
        /// Whenever requests come, no stretch of the window's length holds more than the limit.
        #[test]
        fn never_more_than_the_limit(
            requests in 1_u32..40,
            per in 50_u64..3000,
            waits in prop::collection::vec(0_u64..200, 1..200),
        ) {
            let rate = Rate { requests, per: Duration::from_millis(per) };
            let mut window = Window::new(rate, Duration::ZERO);
            let mut now = Duration::ZERO;
            let mut sent: Vec<Duration> = Vec::new();
            for wait in waits {
                now += Duration::from_millis(wait);
                match window.room(now) {
                    Ok(()) => {
                        window.take(now);
                        sent.push(now);
                    }
                    Err(again) => prop_assert!(again > now, "it says when to ask again"),
                }
            }
            for (index, at) in sent.iter().enumerate() {
                let within = sent[index..].iter().filter(|other| **other < *at + rate.per).count();
                prop_assert!(within <= requests as usize);
            }
        }
    }
}
