//! What goes wrong, and how often. Rules can be changed while the simulator runs.

mod preset;
mod rule;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use serde::Serialize;

pub use preset::Preset;
pub use rule::{Action, Error, FailBody, Matcher, Rule};

use super::rng::Rng;

/// What one request can see of rows that were just written. A simulator finds it among the
/// extensions of each request; it is empty while no fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Rows younger than this are not seen by lists and finds.
    pub read_lag: Option<Duration>,
    /// A row which this request writes comes into lists only this much later.
    pub late_row: Option<Duration>,
}

/// What happens to one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) latency: Duration,
    pub(super) sight: Sight,
    /// The one thing that is done to it. Never `Latency`, `ReadLag` or `LateRow`.
    pub(super) fate: Option<Action>,
}

/// A rule with what it has done so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Struck {
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many requests matched.
    pub seen: u64,
    /// How many it struck.
    pub struck: u64,
}

/// The faults of one simulator. Cheap to clone: every clone is the same list.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Spares the lock while there is no rule.
    any: AtomicBool,
    rules: Mutex<Rules>,
}

#[derive(Debug)]
struct Rules {
    armed: Vec<Armed>,
    rng: Rng,
}

#[derive(Debug)]
struct Armed {
    rule: Rule,
    regex: Option<Regex>,
    seen: u64,
    struck: u64,
}

impl Faults {
    /// Nothing goes wrong; `seed` decides the chances of rules that come later.
    pub fn none(seed: u64) -> Self {
        let rules = Rules {
            armed: Vec::new(),
            rng: Rng::seeded(seed),
        };
        Self(Arc::new(Inner {
            any: AtomicBool::new(false),
            rules: Mutex::new(rules),
        }))
    }

    /// Replaces all rules; counts begin anew, the chances go on.
    pub fn set(&self, rules: Vec<Rule>) -> Result<(), Error> {
        let armed = rules
            .into_iter()
            .enumerate()
            .map(|(index, rule)| Armed::new(index + 1, rule))
            .collect::<Result<Vec<_>, _>>()?;
        self.0.any.store(!armed.is_empty(), Ordering::Release);
        self.with(|rules| rules.armed = armed);
        Ok(())
    }

    /// Replaces all rules by those of a preset.
    pub fn preset(&self, preset: Preset) {
        self.set(preset.rules())
            .expect("presets hold no expression and only good statuses");
    }

    /// Begins the sequence of chances anew.
    pub fn reseed(&self, seed: u64) {
        self.with(|rules| rules.rng = Rng::seeded(seed));
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.preset(Preset::None);
    }

    /// The rules and what they have done.
    pub fn rules(&self) -> Vec<Struck> {
        self.with(|rules| {
            let show = |armed: &Armed| Struck {
                rule: armed.rule.clone(),
                seen: armed.seen,
                struck: armed.struck,
            };
            rules.armed.iter().map(show).collect()
        })
    }

    /// How late a row comes into lists that people wrote without a request of a client, as if by
    /// `method` on `path`.
    pub fn late_row(&self, method: &str, path: &str) -> Option<Duration> {
        if !self.0.any.load(Ordering::Acquire) {
            return None;
        }
        self.with(|Rules { armed, rng }| {
            let mut late = None;
            for armed in armed.iter_mut() {
                if let Action::LateRow { delay } = armed.rule.action
                    && armed.strikes(method, path, rng)
                {
                    late = late.max(Some(delay));
                }
            }
            late
        })
    }

    /// What happens to this request.
    pub(super) fn judge(&self, method: &str, path_and_query: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if !self.0.any.load(Ordering::Acquire) {
            return verdict;
        }
        self.with(|Rules { armed, rng }| {
            for armed in armed.iter_mut() {
                let reads = method == "GET";
                match armed.rule.action {
                    Action::Latency { base, jitter } => {
                        if armed.strikes(method, path_and_query, rng) {
                            let most = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX);
                            let more = Duration::from_micros(rng.below(most.saturating_add(1)));
                            verdict.latency += base + more;
                        }
                    }
                    Action::ReadLag { lag } => {
                        if armed.strikes(method, path_and_query, rng) {
                            verdict.sight.read_lag = verdict.sight.read_lag.max(Some(lag));
                        }
                    }
                    Action::LateRow { delay } => {
                        if !reads && armed.strikes(method, path_and_query, rng) {
                            verdict.sight.late_row = verdict.sight.late_row.max(Some(delay));
                        }
                    }
                    Action::Throttle { .. }
                    | Action::Fail { .. }
                    | Action::DropBefore
                    | Action::CommitThenDrop
                    | Action::CommitThenFail { .. }
                    | Action::LateCommit { .. }
                    | Action::TruncateBody
                    | Action::HtmlError { .. }
                    | Action::RepeatPage
                    | Action::SelfNextLink
                    | Action::Unauthorized => {
                        if verdict.fate.is_none() && armed.strikes(method, path_and_query, rng) {
                            verdict.fate = Some(armed.rule.action.clone());
                        }
                    }
                }
            }
        });
        verdict
    }

    /// Whether replies of lists must be kept because one may be repeated.
    pub(super) fn repeats_pages(&self) -> bool {
        self.0.any.load(Ordering::Acquire)
            && self.with(|rules| {
                rules
                    .armed
                    .iter()
                    .any(|armed| armed.rule.action == Action::RepeatPage)
            })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Rules) -> T) -> T {
        act(&mut self.0.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Armed {
    fn new(index: usize, rule: Rule) -> Result<Self, Error> {
        let failing = match rule.action {
            // A row that is there and not found yet.
            Action::Fail { status: 404, .. } => None,
            Action::Fail { status, .. } | Action::CommitThenFail { status } => {
                Some((status, 500..=599))
            }
            Action::HtmlError { status } => Some((status, 200..=599)),
            Action::Latency { .. }
            | Action::Throttle { .. }
            | Action::DropBefore
            | Action::CommitThenDrop
            | Action::LateCommit { .. }
            | Action::TruncateBody
            | Action::RepeatPage
            | Action::SelfNextLink
            | Action::ReadLag { .. }
            | Action::LateRow { .. }
            | Action::Unauthorized => None,
        };
        if let Some((status, good)) = failing
            && !good.contains(&status)
        {
            return Err(Error::Status { index, status });
        }
        let regex = rule.when.regex.as_ref().map(|pattern| {
            Regex::new(pattern).map_err(|source| Error::Regex {
                index,
                pattern: pattern.clone(),
                source: Box::new(source),
            })
        });
        Ok(Self {
            regex: regex.transpose()?,
            rule,
            seen: 0,
            struck: 0,
        })
    }

    fn strikes(&mut self, method: &str, path_and_query: &str, rng: &mut Rng) -> bool {
        let when = &self.rule.when;
        if when
            .method
            .as_ref()
            .is_some_and(|only| !only.eq_ignore_ascii_case(method))
            || when
                .path
                .as_ref()
                .is_some_and(|prefix| !path_and_query.starts_with(prefix))
            || self
                .regex
                .as_ref()
                .is_some_and(|regex| !regex.is_match(path_and_query))
        {
            return false;
        }
        self.seen += 1;
        let strikes = when.nth.is_none_or(|nth| nth == self.seen)
            && when.limit.is_none_or(|limit| self.struck < limit)
            && when
                .probability
                .is_none_or(|probability| rng.chance(probability));
        self.struck += u64::from(strikes);
        strikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(faults: &Faults, requests: &[(&str, &str)]) -> Vec<bool> {
        requests
            .iter()
            .map(|(method, path)| faults.judge(method, path).fate.is_some())
            .collect()
    }

    #[test]
    fn a_rule_strikes_what_it_matches_and_no_more_often_than_it_says() {
        let faults = Faults::none(1);
        let rule = Rule::under("/v3/odata", Action::DropBefore)
            .method("get")
            .at_most(2);
        faults.set(vec![rule]).unwrap();
        let requests = [
            ("POST", "/v3/odata/workorders"),
            ("GET", "/v3/workorders"),
            ("GET", "/v3/odata/workorders"),
            ("GET", "/v3/odata/locations"),
            ("GET", "/v3/odata/workorders"),
        ];
        assert_eq!(fates(&faults, &requests), [false, false, true, true, false]);
        let rules = faults.rules();
        assert_eq!((rules[0].seen, rules[0].struck), (3, 2));
    }

    #[test]
    fn the_nth_match_counts_matches_only() {
        let faults = Faults::none(1);
        let rule = Rule::under("/a", Action::CommitThenDrop).nth(2);
        faults.set(vec![rule]).unwrap();
        let requests = [("GET", "/a"), ("GET", "/b"), ("GET", "/a"), ("GET", "/a")];
        assert_eq!(fates(&faults, &requests), [false, false, true, false]);
    }

    #[test]
    fn slowness_goes_together_with_another_fault() {
        let faults = Faults::none(1);
        let base = Duration::from_millis(20);
        faults
            .set(vec![
                Rule::always(Action::Latency {
                    base,
                    jitter: Duration::ZERO,
                }),
                Rule::always(Action::ReadLag {
                    lag: Duration::from_secs(3),
                }),
                Rule::always(Action::DropBefore),
                Rule::always(Action::Unauthorized),
            ])
            .unwrap();
        let verdict = faults.judge("GET", "/");
        assert_eq!(verdict.latency, base);
        assert_eq!(verdict.sight.read_lag, Some(Duration::from_secs(3)));
        assert_eq!(verdict.fate, Some(Action::DropBefore));
    }

    #[test]
    fn rules_are_read_from_json_and_wrong_ones_are_refused() {
        let rules: Vec<Rule> = serde_json::from_str(
            r#"[{"when": {"method": "POST", "regex": "skip=\\d+", "probability": 0.5},
                 "action": {"late_commit": {"after": "1m 30s"}}},
                {"action": "commit_then_drop"},
                {"action": {"commit_then_5xx": {"status": 503}}},
                {"action": {"read_lag": {"for": "5s"}}}]"#,
        )
        .unwrap();
        assert_eq!(
            rules[0].action,
            Action::LateCommit {
                after: Duration::from_secs(90)
            }
        );
        let again: Vec<Rule> =
            serde_json::from_value(serde_json::to_value(&rules).unwrap()).unwrap();
        assert_eq!(again, rules);

        let mut wrong = Rule::always(Action::DropBefore);
        wrong.when.regex = Some("(".to_owned());
        let error = Faults::none(1).set(vec![wrong]).unwrap_err().to_string();
        assert!(
            error.starts_with("rule 1: `(` is no regular expression: "),
            "{error}"
        );
        let wrong = Rule::always(Action::Fail {
            status: 200,
            body: FailBody::Empty,
        });
        let error = Faults::none(1).set(vec![wrong]).unwrap_err().to_string();
        assert_eq!(error, "rule 1: 200 is no status for this action");
    }

    #[test]
    fn a_flaky_day_has_five_percent_of_each_trouble() {
        let faults = Faults::none(42);
        faults.preset(Preset::Flaky);
        for _ in 0..10_000 {
            faults.judge("GET", "/v3/workorders");
        }
        for struck in faults.rules() {
            assert!((350..650).contains(&struck.struck), "{struck:?}");
        }
    }
}
