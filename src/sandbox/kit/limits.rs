//! Request windows: so many requests per key and period, counted from fixed boundaries.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::time;

/// So many requests in each period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many requests pass.
    pub requests: u32,
    /// How long a window lasts.
    pub per: Duration,
}

/// The form in which a 429 says how long to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// `Retry-After: 17`.
    #[default]
    Seconds,
    /// `Retry-After: Mon, 02 Nov 2026 08:01:00 GMT`.
    HttpDate,
}

/// A refused request: what a vendor's 429 is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Which limit was hit; none when a fault says so.
    pub breach: Option<Breach>,
    /// When it was refused.
    pub at: DateTime<Utc>,
    /// When a request passes again.
    pub until: DateTime<Utc>,
}

/// The window that was full, and whose it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The vendor's word for what is counted, as it stands in the reply.
    pub scope: &'static str,
    /// The window.
    pub window: Window,
}

impl Throttled {
    /// The value of `Retry-After`: whole seconds, rounded up.
    pub fn retry_after(&self, form: RetryAfter) -> HeaderValue {
        let wait = (self.until - self.at).to_std().unwrap_or_default();
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        match form {
            RetryAfter::Seconds => HeaderValue::from(seconds),
            RetryAfter::HttpDate => {
                let whole = time::later(self.until, Duration::from_nanos(999_999_900));
                HeaderValue::from_str(&httpdate::fmt_http_date(whole.into()))
                    .expect("an HTTP date is ASCII")
            }
        }
    }
}

/// Counts requests per key in fixed windows.
#[derive(Debug)]
pub struct Limits {
    scope: &'static str,
    window: Window,
    counts: Mutex<HashMap<String, Count>>,
}

#[derive(Debug)]
struct Count {
    since: DateTime<Utc>,
    taken: u32,
}

impl Limits {
    /// No key may send more than `window` says; `scope` names in replies what a key stands for.
    pub fn new(scope: &'static str, window: Window) -> Self {
        Self {
            scope,
            window,
            counts: Mutex::default(),
        }
    }

    /// Takes one request of `key` at `now`, or says until when there is none.
    pub fn take(&self, key: &str, now: DateTime<Utc>) -> Result<(), Throttled> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let per = TimeDelta::from_std(self.window.per).unwrap_or(TimeDelta::MAX);
        if let Some(count) = counts.get_mut(key) {
            if now - count.since >= per {
                *count = Count {
                    since: now,
                    taken: 1,
                };
            } else if count.taken >= self.window.requests {
                let breach = Some(Breach {
                    scope: self.scope,
                    window: self.window,
                });
                let until = time::later(count.since, self.window.per);
                return Err(Throttled {
                    breach,
                    at: now,
                    until,
                });
            } else {
                count.taken += 1;
            }
        } else {
            counts.insert(
                key.to_owned(),
                Count {
                    since: now,
                    taken: 1,
                },
            );
        }
        Ok(())
    }

    /// Forgets every count.
    pub fn reset(&self) {
        self.counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_refuses_until_it_ends() {
        let window = Window {
            requests: 2,
            per: Duration::from_secs(60),
        };
        let limits = Limits::new("Application", window);
        let at: DateTime<Utc> = "2026-11-02T08:00:00.5Z".parse().unwrap();
        let after = |seconds| time::later(at, Duration::from_secs(seconds));

        assert!(limits.take("a", at).is_ok());
        assert!(limits.take("a", after(30)).is_ok());
        let refused = limits.take("a", after(40)).unwrap_err();
        assert_eq!(refused.until, after(60));
        assert_eq!(refused.retry_after(RetryAfter::Seconds), "20");
        assert_eq!(
            refused.retry_after(RetryAfter::HttpDate),
            "Mon, 02 Nov 2026 08:01:01 GMT"
        );
        assert!(
            limits.take("b", after(40)).is_ok(),
            "another key has its own window"
        );
        assert!(limits.take("a", after(60)).is_ok(), "the next window");
    }
}
