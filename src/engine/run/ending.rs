//! How an attempt ends, decided from what happened: pure, so that every rule is a line of a table in its tests.

use std::time::Duration;

use super::failure::{Class, Failure, Stop};
use crate::engine::clock::Timestamp;
use crate::engine::connect::{Jitter, NextAttempt, next_attempt};
use crate::engine::store::{Death, End, Outcome, Until, Verdict, WaitKind, WaitsOn};
use crate::lang::plan::{ErrorClass, Retry};

/// Longest wait between two looks at a held record (S33).
const LONGEST_HOLD: Duration = Duration::from_secs(3_600);

/// What is known when an attempt is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Attempts that were spent on the present failure before this one.
    pub(crate) attempts: u32,
    /// What the first version came to, if it was judged (S23).
    pub(crate) verdict: Option<Verdict>,
    /// Whether anything was sent and confirmed.
    pub(crate) wrote: Wrote,
    /// When.
    pub(crate) now: Timestamp,
    /// How the connector at fault wants to be tried again.
    pub(crate) retry: Retry,
    /// Spreads retries: any number.
    pub(crate) jitter: u64,
}

/// Whether an attempt sent anything that was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Something,
    Nothing,
    /// Nothing, and it equals what we wrote (S16).
    Echo,
}

/// How an attempt ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ending {
    /// What is stored.
    pub(crate) end: End,
    /// Attempts to remember.
    pub(crate) attempts: u32,
    /// What is remembered of the first version.
    pub(crate) verdict: Option<Verdict>,
}

/// How an attempt ends that stopped at `stop`, or ran to its last step. `None` when nothing is to be stored: the
/// record stays ready as it is.
pub(crate) fn decide(facts: Facts, stop: Option<&Stop>) -> Option<Ending> {
    let judged = facts.verdict.unwrap_or(Verdict::Eligible);
    let verdict = facts.verdict.is_none().then_some(judged);
    let spent = facts.attempts.saturating_add(1);
    let ending = |end, attempts| {
        Some(Ending {
            end,
            attempts,
            verdict,
        })
    };
    match stop {
        None => {
            let outcome = match facts.wrote {
                Wrote::Something => Outcome::Written,
                Wrote::Nothing => Outcome::Unchanged,
                Wrote::Echo => Outcome::Echo,
            };
            ending(
                End::Done {
                    outcome,
                    reason: None,
                },
                0,
            )
        }
        Some(Stop::Skip {
            reason,
            forever,
            echo,
        }) => {
            let outcome = match (facts.wrote, echo) {
                (Wrote::Something, _) => Outcome::Written,
                (Wrote::Nothing | Wrote::Echo, true) => Outcome::Echo,
                (Wrote::Nothing | Wrote::Echo, false) => Outcome::Skipped,
            };
            let never = *forever && facts.verdict.is_none();
            Some(Ending {
                end: End::Done {
                    outcome,
                    reason: Some(reason.clone()),
                },
                attempts: 0,
                verdict: if never { Some(Verdict::Never) } else { verdict },
            })
        }
        Some(Stop::Hold { reason, recheck }) => {
            let due = recheck.map(|first| facts.now.plus(doubled(first, facts.attempts)));
            ending(
                End::Held {
                    due,
                    on: None,
                    reason: reason.clone(),
                },
                spent,
            )
        }
        Some(Stop::Park(link)) => ending(
            End::Waiting {
                due: None,
                kind: WaitKind::Transient,
                on: Some(WaitsOn {
                    link: (**link).clone(),
                    until: Until::Settled,
                }),
                reason: format!("waits until the {} of {} is settled", link.entity, link.key),
                detail: None,
            },
            facts.attempts,
        ),
        Some(Stop::Fail(failure)) => {
            let (end, attempts) = failed(facts, failure, spent);
            ending(end, attempts)
        }
        Some(Stop::Off | Stop::Superseded | Stop::Store(_)) => None,
    }
}

fn failed(facts: Facts, failure: &Failure, spent: u32) -> (End, u32) {
    let waits = |due: Timestamp, kind| End::Waiting {
        due: Some(failure.retry_at.map_or(due, |at| due.max(at))),
        kind,
        on: None,
        reason: failure.cause(),
        detail: Some(failure.detail()),
    };
    let dead = || {
        End::Dead(Death {
            cause: failure.cause(),
            detail: failure.detail(),
        })
    };
    let later =
        |kind| match next_attempt(facts.retry, spent, None, &mut Jitter::seeded(facts.jitter)) {
            NextAttempt::After(wait) => (waits(facts.now.plus(wait), kind), spent),
            NextAttempt::Never => (dead(), spent),
        };
    match failure.class {
        // The account is out, not the record: it costs no attempt and makes no letter (S21).
        Class::Reply(ErrorClass::Throttled | ErrorClass::Unauthorized) => {
            let rests = failure.rests.unwrap_or(facts.now.plus(facts.retry.first));
            (waits(rests, WaitKind::Transient), facts.attempts)
        }
        Class::Reply(ErrorClass::Transient) => match failure.rests {
            Some(rests) => (waits(rests, WaitKind::Transient), facts.attempts),
            None => later(WaitKind::Transient),
        },
        // It may be visible a little later; after its attempts the content is at fault.
        Class::Reply(ErrorClass::Missing) | Class::Paging => later(WaitKind::Rejected),
        Class::Reply(ErrorClass::Rejected | ErrorClass::Done) | Class::Own | Class::Broken => {
            (dead(), spent)
        }
    }
}

/// `first`, doubled for every look before, at most an hour.
fn doubled(first: Duration, looks: u32) -> Duration {
    first
        .saturating_mul(1_u32 << looks.min(16))
        .min(LONGEST_HOLD)
        .max(first.min(LONGEST_HOLD))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 3,
        first: Duration::from_secs(2),
        max: Duration::from_mins(5),
    };

    fn facts() -> Facts {
        Facts {
            attempts: 0,
            verdict: None,
            wrote: Wrote::Nothing,
            now: Timestamp::from_unix_seconds(1_000),
            retry: RETRY,
            jitter: 7,
        }
    }

    fn fail(class: Class) -> Stop {
        Stop::from(Failure::of(class, "no".to_owned(), None))
    }

    #[test]
    fn a_transient_failure_is_tried_three_times() {
        let transient = fail(Class::Reply(ErrorClass::Transient));
        let first = decide(facts(), Some(&transient)).unwrap();
        assert!(
            matches!(first.end, End::Waiting { due: Some(due), .. } if due >= facts().now),
            "{first:?}"
        );
        assert_eq!(first.attempts, 1);
        let last = decide(
            Facts {
                attempts: 2,
                ..facts()
            },
            Some(&transient),
        )
        .unwrap();
        assert!(matches!(last.end, End::Dead(_)), "{last:?}");
    }

    #[test]
    fn s21_an_outage_costs_no_attempt() {
        let rests = facts().now.plus(Duration::from_secs(30));
        let facts = Facts {
            attempts: 2,
            ..facts()
        };
        for class in [
            ErrorClass::Transient,
            ErrorClass::Throttled,
            ErrorClass::Unauthorized,
        ] {
            let mut failure = Failure::of(Class::Reply(class), "no".to_owned(), None);
            failure.rests = Some(rests);
            let ending = decide(facts, Some(&Stop::from(failure))).unwrap();
            assert_eq!(ending.attempts, 2);
            assert!(
                matches!(ending.end, End::Waiting { due: Some(due), .. } if due == rests),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn s23_the_first_verdict_stands() {
        let skip = Stop::Skip {
            reason: "started".into(),
            forever: true,
            echo: false,
        };
        assert_eq!(
            decide(facts(), Some(&skip)).unwrap().verdict,
            Some(Verdict::Never)
        );
        let judged = Facts {
            verdict: Some(Verdict::Eligible),
            ..facts()
        };
        assert_eq!(decide(judged, Some(&skip)).unwrap().verdict, None);
        assert_eq!(
            decide(facts(), None).unwrap().verdict,
            Some(Verdict::Eligible)
        );
    }

    #[test]
    fn a_hold_doubles_to_an_hour() {
        let hold = Stop::Hold {
            reason: "held".into(),
            recheck: Some(Duration::from_mins(15)),
        };
        for (attempts, minutes) in [(0, 15), (1, 30), (2, 60), (9, 60)] {
            let ending = decide(
                Facts {
                    attempts,
                    ..facts()
                },
                Some(&hold),
            )
            .unwrap();
            let due = facts().now.plus(Duration::from_mins(minutes));
            assert!(
                matches!(ending.end, End::Held { due: Some(at), .. } if at == due),
                "{ending:?}"
            );
        }
    }

    #[test]
    fn what_was_refused_is_dead_at_once() {
        let ending = decide(facts(), Some(&fail(Class::Reply(ErrorClass::Rejected)))).unwrap();
        assert_eq!(
            ending.end,
            End::Dead(Death {
                cause: "rejected".into(),
                detail: "no".into()
            })
        );
    }

    #[test]
    fn off_decides_nothing() {
        assert_eq!(decide(facts(), Some(&Stop::Off)), None);
        assert_eq!(decide(facts(), Some(&Stop::Superseded)), None);
    }
}
