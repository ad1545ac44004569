//! A fault as it is written in JSON: when it strikes, and what it does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::sandbox::kit::duration;
use crate::sandbox::kit::limits::RetryAfter;

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests it strikes; all of them when it says nothing.
    #[serde(default)]
    pub when: Matcher,
    /// What it does to them.
    pub action: Action,
}

impl Rule {
    /// Strikes every request.
    pub fn always(action: Action) -> Self {
        Self {
            when: Matcher::default(),
            action,
        }
    }

    /// Strikes requests whose path begins with `prefix`.
    pub fn under(prefix: &str, action: Action) -> Self {
        let when = Matcher {
            path: Some(prefix.to_owned()),
            ..Matcher::default()
        };
        Self { when, action }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.when.method = Some(method.to_owned());
        self
    }

    /// Only the `nth` matching request, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.when.nth = Some(nth);
        self
    }

    /// Only this share of the matching requests.
    #[must_use]
    pub fn chance(mut self, probability: f64) -> Self {
        self.when.probability = Some(probability);
        self
    }

    /// No more often than this.
    #[must_use]
    pub fn at_most(mut self, limit: u64) -> Self {
        self.when.limit = Some(limit);
        self
    }
}

/// Which requests a fault strikes. Every member narrows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    /// Only this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only paths that begin with this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only where this regular expression is found in path and query, both as they came
    /// (percent-encoded).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Only the n-th match, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Only this share of the matches, 0.0 to 1.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// No more often than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// What a fault does. `latency`, `read_lag` and `late_row` go together with others; of the rest
/// the first that strikes wins.
///
/// Times are of the simulator's clock, but for latency, which is of the machine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The request waits before anything is done.
    Latency {
        /// At least this long.
        #[serde(with = "duration")]
        base: Duration,
        /// And up to this much more.
        #[serde(with = "duration", default)]
        jitter: Duration,
    },
    /// 429 with the vendor's body.
    Throttle {
        /// How long `Retry-After` says.
        #[serde(with = "duration")]
        wait: Duration,
        /// In which form.
        #[serde(default)]
        form: RetryAfter,
    },
    /// A failure without the work being done.
    Fail {
        /// The status: 500 to 599, or 404 for what is there and not found yet.
        status: u16,
        /// What the body is.
        #[serde(default)]
        body: FailBody,
    },
    /// The connection is closed, the work is not done.
    DropBefore,
    /// The work is done, then the connection is closed.
    CommitThenDrop,
    /// The work is done, the reply is a failure with the vendor's body.
    #[serde(rename = "commit_then_5xx")]
    CommitThenFail {
        /// The status, 500 to 599.
        status: u16,
    },
    /// The connection is closed now, the work is done later.
    LateCommit {
        /// How much later.
        #[serde(with = "duration")]
        after: Duration,
    },
    /// The work is done, the reply breaks off in the middle of its body.
    TruncateBody,
    /// An HTML page in place of the reply, the work is not done.
    HtmlError {
        /// Its status; a gateway's page may well say 200.
        status: u16,
    },
    /// The page before is given once more: a page of a list comes twice. Strikes only where a
    /// request is for another page of a list whose last page is known.
    RepeatPage,
    /// The page's link to the next page leads to itself.
    SelfNextLink,
    /// Rows younger than this are not seen.
    ReadLag {
        /// How young.
        #[serde(with = "duration", rename = "for")]
        lag: Duration,
    },
    /// The row that is written comes into lists only later, with the time of its writing.
    LateRow {
        /// How much later.
        #[serde(with = "duration", rename = "for")]
        delay: Duration,
    },
    /// 401 with the vendor's body.
    Unauthorized,
}

/// The body of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailBody {
    /// None.
    #[default]
    Empty,
    /// A page for people.
    Html,
    /// The vendor's own.
    Json,
}

/// Which way a rule was found wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The expression is none.
    #[error("rule {index}: `{pattern}` is no regular expression: {source}")]
    Regex {
        /// Which rule, from 1.
        index: usize,
        /// What was written.
        pattern: String,
        /// Why.
        source: Box<regex::Error>,
    },
    /// A status no reply can have, or which is no failure.
    #[error("rule {index}: {status} is no status for this action")]
    Status {
        /// Which rule, from 1.
        index: usize,
        /// What was written.
        status: u16,
    },
}
