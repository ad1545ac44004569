//! Answers of `fetch` steps with `cache:` (S42). Keyed by account and request, bounded, never used for find,
//! settle, requires or rechecks of held records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::clock::Timestamp;
use crate::lang::expr::Datum;

/// Answers that are kept; the older half goes when there are more.
const KEPT: usize = 2_048;

/// Answers that may be used again.
#[derive(Debug, Default)]
pub(crate) struct FetchCache(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Arc<str>, Answer>,
    old: HashMap<Arc<str>, Answer>,
}

#[derive(Clone, Debug)]
struct Answer {
    at: Timestamp,
    datum: Datum,
}

impl FetchCache {
    /// The answer to a request, if it is younger than `age`.
    pub(crate) fn get(&self, request: &str, now: Timestamp, age: Duration) -> Option<Datum> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.young.get(request).or_else(|| kept.old.get(request))?;
        (answer.at.plus(age) > now).then(|| answer.datum.clone())
    }

    /// Keeps an answer.
    pub(crate) fn put(&self, request: String, at: Timestamp, datum: Datum) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.young.len() >= KEPT / 2 {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(request.into(), Answer { at, datum });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_age_and_the_cache_is_bounded() {
        let cache = FetchCache::default();
        let at = Timestamp::from_unix_seconds(100);
        cache.put("a".into(), at, Datum::from(1));
        let hour = Duration::from_hours(1);
        assert!(cache.get("a", at, hour).is_some());
        assert!(cache.get("a", at.plus(hour), hour).is_none());
        for n in 0..KEPT * 2 {
            cache.put(format!("k{n}"), at, Datum::Null);
        }
        let kept = cache.0.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= KEPT);
    }
}
