//! Whether an account works (S21): failures that are the account's, not a record's, pause it. While it is paused one
//! probe at a time goes through, after a wait that doubles; the pause costs records no attempts.

use std::fmt;
use std::time::Duration;

use super::backoff::{Jitter, ceiling};
use crate::engine::clock::Timestamp;

/// Server errors in a row after which an account is paused.
const ERRORS_IN_A_ROW: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Why an account is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// No connection to the API.
    NoConnection,
    /// The token endpoint refuses the credentials.
    TokenRefused,
    /// The token endpoint gives no token for another reason: throttled, down.
    NoToken,
    /// The API refuses a fresh token.
    Unauthorized,
    /// The API answers 429.
    Throttled,
    /// Several server errors or missing replies in a row.
    ServerErrors,
}

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoConnection => "no connection",
            Self::TokenRefused => "the credentials are refused",
            Self::NoToken => "no token to be had",
            Self::Unauthorized => "a fresh token is refused",
            Self::Throttled => "too many requests",
            Self::ServerErrors => "server errors in a row",
        })
    }
}

/// A pause of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When the next probe may go.
    pub until: Timestamp,
    /// Why.
    pub reason: PauseReason,
}

/// What a request tells of its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It works.
    Works,
    /// Nothing, either way.
    Nothing,
    /// One more server error or missing reply.
    ServerError,
    /// It does not work.
    Trouble(PauseReason, Option<Timestamp>),
}

/// What may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Everything.
    Open,
    /// This one request, as the probe.
    Probe,
    /// Nothing until then.
    Shut(Pause),
}

/// How a request passed the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// As one of many.
    Normal,
    /// As the probe of a paused account.
    Probe,
}

/// The state of an account, as a pure machine.
#[derive(Clone, Debug)]
pub struct AccountHealth {
    state: State,
    jitter: Jitter,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Well {
        errors: u32,
    },
    Paused {
        pause: Pause,
        round: u32,
        probing: Probing,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probing {
    Yes,
    No,
}

impl AccountHealth {
    /// A healthy account.
    pub fn new(jitter: Jitter) -> Self {
        Self {
            state: State::Well { errors: 0 },
            jitter,
        }
    }

    /// The pause, if there is one.
    pub fn pause(&self) -> Option<Pause> {
        match self.state {
            State::Well { .. } => None,
            State::Paused { pause, .. } => Some(pause),
        }
    }

    /// Whether a request may go. One that passes as the probe must be followed by [`saw`](Self::saw).
    pub fn ask(&mut self, now: Timestamp) -> Gate {
        match &mut self.state {
            State::Well { .. } => Gate::Open,
            State::Paused { pause, probing, .. } => {
                if *probing == Probing::No && now >= pause.until {
                    *probing = Probing::Yes;
                    Gate::Probe
                } else {
                    Gate::Shut(*pause)
                }
            }
        }
    }

    /// What became of a request that passed. Only a probe ends a pause: requests that left before it began prove
    /// nothing.
    pub fn saw(&mut self, sign: Sign, passage: Passage, now: Timestamp) {
        match (self.state, sign, passage) {
            (State::Well { .. }, Sign::Works, _) => self.state = State::Well { errors: 0 },
            (State::Well { .. }, Sign::Nothing, _) => {}
            (State::Well { errors }, Sign::ServerError, _) => {
                if errors + 1 < ERRORS_IN_A_ROW {
                    self.state = State::Well { errors: errors + 1 };
                } else {
                    self.rest(PauseReason::ServerErrors, None, 1, now);
                }
            }
            (State::Well { .. }, Sign::Trouble(reason, until), _) => {
                self.rest(reason, until, 1, now)
            }
            (State::Paused { .. }, Sign::Works, Passage::Probe) => {
                self.state = State::Well { errors: 0 };
            }
            (State::Paused { pause, round, .. }, Sign::Nothing, Passage::Probe) => {
                self.state = State::Paused {
                    pause,
                    round,
                    probing: Probing::No,
                };
            }
            (State::Paused { round, .. }, Sign::ServerError, Passage::Probe) => {
                self.rest(
                    PauseReason::ServerErrors,
                    None,
                    round.saturating_add(1),
                    now,
                );
            }
            (State::Paused { round, .. }, Sign::Trouble(reason, until), Passage::Probe) => {
                self.rest(reason, until, round.saturating_add(1), now);
            }
            (
                State::Paused {
                    pause,
                    round,
                    probing,
                },
                Sign::Trouble(_, Some(until)),
                Passage::Normal,
            ) => {
                let pause = Pause {
                    until: pause.until.max(until),
                    ..pause
                };
                self.state = State::Paused {
                    pause,
                    round,
                    probing,
                };
            }
            (
                State::Paused { .. },
                Sign::Works | Sign::Nothing | Sign::ServerError | Sign::Trouble(_, None),
                Passage::Normal,
            ) => {}
        }
    }

    fn rest(&mut self, reason: PauseReason, until: Option<Timestamp>, round: u32, now: Timestamp) {
        let longest = ceiling(FIRST_WAIT, LONGEST_WAIT, round);
        // At least half of it: a probe at once would tell nothing.
        let wait = longest / 2 + self.jitter.up_to(longest / 2);
        let own = now.plus(wait);
        let pause = Pause {
            until: until.map_or(own, |until| until.max(own)),
            reason,
        };
        self.state = State::Paused {
            pause,
            round,
            probing: Probing::No,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1000);

    fn health() -> AccountHealth {
        AccountHealth::new(Jitter::seeded(1))
    }

    fn after(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn single_server_errors_pause_nothing_and_five_in_a_row_do() {
        let mut health = health();
        for _ in 0..4 {
            health.saw(Sign::ServerError, Passage::Normal, NOW);
        }
        health.saw(Sign::Works, Passage::Normal, NOW);
        for _ in 0..4 {
            health.saw(Sign::ServerError, Passage::Normal, NOW);
            assert_eq!(health.ask(NOW), Gate::Open);
        }
        health.saw(Sign::ServerError, Passage::Normal, NOW);
        assert_eq!(health.pause().unwrap().reason, PauseReason::ServerErrors);
    }

    #[test]
    fn a_pause_lets_one_probe_through_and_the_probe_ends_it() {
        let mut health = health();
        health.saw(
            Sign::Trouble(PauseReason::NoConnection, None),
            Passage::Normal,
            NOW,
        );
        let pause = health.pause().unwrap();
        assert!(pause.until > NOW && pause.until <= after(1));
        assert_eq!(health.ask(NOW), Gate::Shut(pause));
        assert_eq!(health.ask(after(2)), Gate::Probe);
        assert_eq!(health.ask(after(2)), Gate::Shut(pause));
        // A request from before the pause succeeds: it proves nothing about now.
        health.saw(Sign::Works, Passage::Normal, after(2));
        assert_eq!(health.ask(after(2)), Gate::Shut(pause));
        health.saw(Sign::Works, Passage::Probe, after(2));
        assert_eq!(health.ask(after(2)), Gate::Open);
    }

    #[test]
    fn failing_probes_wait_longer_each_time() {
        let mut health = health();
        health.saw(
            Sign::Trouble(PauseReason::NoConnection, None),
            Passage::Normal,
            NOW,
        );
        let mut now = NOW;
        for round in 2..=12_u32 {
            now = health.pause().unwrap().until;
            assert_eq!(health.ask(now), Gate::Probe);
            health.saw(
                Sign::Trouble(PauseReason::NoConnection, None),
                Passage::Probe,
                now,
            );
            let waits = health.pause().unwrap().until.since(now);
            let longest = ceiling(FIRST_WAIT, LONGEST_WAIT, round);
            assert!(
                waits >= longest / 2 && waits <= longest,
                "round {round}: {waits:?}"
            );
        }
        assert!(now > NOW);
    }

    #[test]
    fn retry_after_is_honoured_also_from_requests_in_flight() {
        let mut health = health();
        let throttled = |seconds| Sign::Trouble(PauseReason::Throttled, Some(after(seconds)));
        health.saw(throttled(30), Passage::Normal, NOW);
        assert_eq!(health.pause().unwrap().until, after(30));
        health.saw(throttled(40), Passage::Normal, NOW);
        assert_eq!(health.pause().unwrap().until, after(40));
        health.saw(throttled(20), Passage::Normal, NOW);
        assert_eq!(health.pause().unwrap().until, after(40));
    }

    #[test]
    fn a_probe_that_came_to_nothing_leaves_room_for_another() {
        let mut health = health();
        health.saw(
            Sign::Trouble(PauseReason::TokenRefused, None),
            Passage::Normal,
            NOW,
        );
        assert_eq!(health.ask(after(5)), Gate::Probe);
        health.saw(Sign::Nothing, Passage::Probe, after(5));
        assert_eq!(health.ask(after(5)), Gate::Probe);
    }
}
