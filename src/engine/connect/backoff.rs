//! When to try again: exponential backoff with full jitter.

use std::time::Duration;

use crate::lang::plan::Retry;

/// Pseudo-random numbers with a seed of one's own (SplitMix64): spread, not secrecy.
#[derive(Clone, Debug)]
pub struct Jitter(u64);

impl Jitter {
    /// The same seed gives the same numbers.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed from a name, so that accounts that fail together do not come back together.
    pub fn named(name: &str) -> Self {
        Self(super::paging::content_hash(name.as_bytes()))
    }

    /// A duration between nothing and `longest`, both included.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let longest = u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX);
        let scaled = (u128::from(bits) * (u128::from(longest) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).expect("at most the longest"))
    }
}

/// The longest wait before attempt `attempt + 1`, when `attempt` have failed: it doubles from `first` to `max`.
pub fn ceiling(first: Duration, max: Duration, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(max)
}

/// What follows the failure of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextAttempt {
    /// Another, after this wait.
    After(Duration),
    /// None: the record is dead.
    Never,
}

/// What follows when `attempt` attempts (from 1) have failed. The wait is never shorter than what the server asked
/// for in `Retry-After`.
pub fn next_attempt(
    retry: Retry,
    attempt: u32,
    asked: Option<Duration>,
    jitter: &mut Jitter,
) -> NextAttempt {
    if attempt >= retry.attempts {
        return NextAttempt::Never;
    }
    let wait = jitter.up_to(ceiling(retry.first, retry.max, attempt));
    NextAttempt::After(asked.map_or(wait, |asked| asked.saturating_add(wait)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RETRY: Retry = Retry {
        attempts: 6,
        first: Duration::from_secs(2),
        max: Duration::from_secs(300),
    };

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits =
            [1, 2, 3, 8, 9, 40].map(|attempt| ceiling(RETRY.first, RETRY.max, attempt).as_secs());
        assert_eq!(waits, [2, 4, 8, 256, 300, 300]);
    }

    #[test]
    fn the_last_attempt_has_no_next() {
        let mut jitter = Jitter::seeded(1);
        assert_ne!(
            next_attempt(RETRY, 5, None, &mut jitter),
            NextAttempt::Never
        );
        assert_eq!(
            next_attempt(RETRY, 6, None, &mut jitter),
            NextAttempt::Never
        );
    }

    #[test]
    fn jitter_fills_the_whole_range_and_repeats_with_its_seed() {
        let draw = |seed| {
            let mut jitter = Jitter::seeded(seed);
            (0..1000)
                .map(|_| jitter.up_to(Duration::from_millis(1000)))
                .collect::<Vec<_>>()
        };
        let draws = draw(7);
        assert_eq!(draws, draw(7));
        assert_ne!(draws, draw(8));
        assert!(draws.iter().min().unwrap() < &Duration::from_millis(20));
        assert!(draws.iter().max().unwrap() > &Duration::from_millis(980));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_asked_nor_longer_than_both(
            attempt in 1_u32..6, asked in 0_u64..4000, seed: u64,
        ) {
            let asked = Duration::from_secs(asked);
            let next = next_attempt(RETRY, attempt, Some(asked), &mut Jitter::seeded(seed));
            let NextAttempt::After(wait) = next else { panic!("attempts are left") };
            prop_assert!(wait >= asked && wait <= asked + RETRY.max);
        }
    }
}
