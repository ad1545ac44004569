//! Named sets of faults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rule::{Action, FailBody, Rule};
use crate::sandbox::kit::limits::RetryAfter;

/// A named set of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Nothing goes wrong.
    #[default]
    None,
    /// Only the time a real network takes.
    Calm,
    /// A bad day: 5 % each of 429, 503, closed before and after the work, slow.
    Flaky,
    /// A bad day for everyone: all of it at once, and lists that mislead.
    Storm,
}

impl Preset {
    /// Its rules, in the order in which they are tried.
    pub fn rules(self) -> Vec<Rule> {
        match self {
            Self::None => Vec::new(),
            Self::Calm => vec![slow(10, 20)],
            Self::Flaky => {
                let mut rules = vec![slow(100, 400).chance(0.05)];
                rules.extend(troubles().map(|action| Rule::always(action).chance(0.05)));
                rules
            }
            Self::Storm => {
                let mut rules = vec![slow(20, 80).chance(0.3), slow(500, 1_500).chance(0.05)];
                rules.extend(troubles().map(|action| Rule::always(action).chance(0.1)));
                rules.extend(
                    [
                        Action::CommitThenFail { status: 502 },
                        Action::LateCommit {
                            after: Duration::from_secs(3),
                        },
                        Action::TruncateBody,
                        Action::HtmlError { status: 502 },
                        Action::Fail {
                            status: 500,
                            body: FailBody::Json,
                        },
                        Action::Unauthorized,
                        Action::RepeatPage,
                        Action::SelfNextLink,
                    ]
                    .map(|action| Rule::always(action).chance(0.02)),
                );
                let lag = Duration::from_secs(5);
                rules.push(
                    Rule::always(Action::ReadLag { lag })
                        .method("GET")
                        .chance(0.1),
                );
                rules.push(Rule::always(Action::LateRow { delay: lag }).chance(0.05));
                rules
            }
        }
    }
}

fn slow(base: u64, jitter: u64) -> Rule {
    Rule::always(Action::Latency {
        base: Duration::from_millis(base),
        jitter: Duration::from_millis(jitter),
    })
}

fn troubles() -> [Action; 4] {
    [
        Action::Throttle {
            wait: Duration::from_secs(2),
            form: RetryAfter::Seconds,
        },
        Action::Fail {
            status: 503,
            body: FailBody::Html,
        },
        Action::CommitThenDrop,
        Action::DropBefore,
    ]
}
