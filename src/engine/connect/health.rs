//! Whether an account works (S21): failures that are the account's, not a record's, pause it. While it is paused one
//! probe at a time goes through, after a wait that doubles; the pause costs records no attempts.

use std::fmt;
use std::time::Duration;

use super::backoff::{Jitter, ceiling};
use crate::engine::clock::Timestamp;

/// Server errors in a row after which an account is paused.
const ERRORS_IN_A_ROW: u32 = 5;
/// How far back server errors are counted for an account that works only in part.
const LOOK_BACK: Duration = Duration::from_secs(60);
/// Requests within [`LOOK_BACK`] below which nothing is concluded: one record that always fails makes fewer.
const ENOUGH: u32 = 40;
/// One server error in so many requests makes an account ail.
const ONE_IN: u32 = 7;
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

impl PauseReason {
    /// As metrics and logs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoConnection => "no_connection",
            Self::TokenRefused => "token_refused",
            Self::NoToken => "no_token",
            Self::Unauthorized => "unauthorized",
            Self::Throttled => "throttled",
            Self::ServerErrors => "server_errors",
        }
    }
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
    /// Requests and server errors of the present half of [`LOOK_BACK`], and of the one before.
    spans: [Span; 2],
}

/// What was seen in a span of time.
#[derive(Clone, Copy, Debug)]
struct Span {
    since: Timestamp,
    requests: u32,
    errors: u32,
}

impl Span {
    const fn from(since: Timestamp) -> Self {
        Self {
            since,
            requests: 0,
            errors: 0,
        }
    }
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
            spans: [Span::from(Timestamp::EPOCH); 2],
        }
    }

    /// When to try again what a server error hit, if so many requests are hit that the account is at fault and not the
    /// record (S21). Such an account is not paused: what works goes on.
    pub fn ails(&mut self, now: Timestamp) -> Option<Pause> {
        let [present, before] = self.spans;
        let (requests, errors) = (
            present.requests + before.requests,
            present.errors + before.errors,
        );
        (requests >= ENOUGH && errors * ONE_IN >= requests).then(|| Pause {
            until: now.plus(FIRST_WAIT + self.jitter.up_to(4 * FIRST_WAIT)),
            reason: PauseReason::ServerErrors,
        })
    }

    fn count(&mut self, sign: Sign, now: Timestamp) {
        let [present, before] = &mut self.spans;
        let age = now.since(present.since);
        if age > LOOK_BACK / 2 {
            *before = if age > LOOK_BACK {
                Span::from(present.since)
            } else {
                *present
            };
            *present = Span::from(now);
        }
        match sign {
            Sign::Works => present.requests += 1,
            Sign::ServerError => {
                present.requests += 1;
                present.errors += 1;
            }
            Sign::Nothing | Sign::Trouble(..) => {}
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
        self.count(sign, now);
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
                self.rest(reason, until, 1, now);
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

    /// One request in `one_in` of `requests` fails, spread over a minute.
    fn ailing(requests: u32, one_in: u32) -> Option<Pause> {
        let mut health = health();
        for n in 0..requests {
            let sign = if n % one_in == 0 {
                Sign::ServerError
            } else {
                Sign::Works
            };
            health.saw(sign, Passage::Normal, after(u64::from(n * 59 / requests)));
        }
        health.ails(after(59))
    }

    #[test]
    fn an_account_ails_when_many_requests_of_a_minute_fail() {
        let until = ailing(120, 4).unwrap().until;
        assert!(until >= after(60) && until <= after(64), "{until}");
        assert_eq!(ailing(120, 20), None, "few fail");
        assert_eq!(ailing(12, 2), None, "one record that always fails");
    }

    #[test]
    fn what_ailed_a_minute_ago_does_not_count() {
        let mut health = health();
        for _ in 0..50 {
            health.saw(Sign::ServerError, Passage::Normal, NOW);
            health.saw(Sign::Works, Passage::Normal, NOW);
        }
        assert!(health.ails(NOW).is_some());
        health.saw(Sign::ServerError, Passage::Normal, after(61));
        assert_eq!(health.ails(after(61)), None);
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
