//! Answers of `fetch` steps with `cache:` (S42). Keyed by account and request, bounded, never used for find,
//! settle, requires or rechecks of held records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::crowd::Crowd;
use crate::engine::clock::Timestamp;
use crate::lang::expr::Datum;

/// Answers that a tenant keeps; the older half goes when there are more.
const KEPT: usize = 2_048;
/// Answers that all tenants keep together.
const OF_ALL: usize = 16_384;
/// How often what is too old is dropped, at most.
const SWEEP: Duration = Duration::from_secs(30);

/// Answers that may be used again.
#[derive(Debug)]
pub(crate) struct FetchCache {
    kept: Mutex<Generations>,
    crowd: Crowd,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Arc<str>, Answer>,
    old: HashMap<Arc<str>, Answer>,
    /// When what is too old was dropped last.
    swept: Timestamp,
}

#[derive(Clone, Debug)]
struct Answer {
    at: Timestamp,
    /// When nobody wants it any more.
    until: Timestamp,
    content: Content,
}

/// An answer is kept for longer than it is worked with: as text it takes a third of the memory.
#[derive(Clone, Debug)]
enum Content {
    Text(Box<str>),
    /// What would not come back from a text as it was.
    Datum(Datum),
}

impl From<Datum> for Content {
    fn from(datum: Datum) -> Self {
        if let Datum::Json(value) = &datum {
            let text = value.to_string();
            if serde_json::from_str::<Value>(&text).is_ok_and(|back| back == **value) {
                return Self::Text(text.into());
            }
        }
        Self::Datum(datum)
    }
}

impl Content {
    fn datum(&self) -> Option<Datum> {
        match self {
            Self::Text(text) => Some(Datum::Json(serde_json::from_str(text).ok()?)),
            Self::Datum(datum) => Some(datum.clone()),
        }
    }
}

impl FetchCache {
    /// An empty one of a tenant among others.
    pub(crate) fn new(crowd: Crowd) -> Self {
        Self {
            kept: Mutex::default(),
            crowd,
        }
    }

    /// The answer to a request, if it is younger than `age`.
    pub(crate) fn get(&self, request: &str, now: Timestamp, age: Duration) -> Option<Datum> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.young.get(request).or_else(|| kept.old.get(request))?;
        if answer.at.plus(age) <= now {
            return None;
        }
        answer.content.datum()
    }

    /// Keeps an answer that is wanted until it is so old.
    pub(crate) fn put(&self, request: String, at: Timestamp, age: Duration, datum: Datum) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if at.since(kept.swept) > SWEEP {
            kept.young.retain(|_, answer| answer.until > at);
            kept.old.retain(|_, answer| answer.until > at);
            kept.swept = at;
        }
        if kept.young.len() >= self.crowd.part(OF_ALL, KEPT) / 2 {
            kept.old = std::mem::take(&mut kept.young);
        }
        let until = at.plus(age);
        let content = datum.into();
        let answer = Answer { at, until, content };
        kept.young.insert(request.into(), answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_age_and_the_cache_is_bounded() {
        let cache = FetchCache::new(Crowd::default());
        let at = Timestamp::from_unix_seconds(100);
        let hour = Duration::from_hours(1);
        let answer = || {
            Datum::from(serde_json::json!({ "id": 7, "lat": 51.123_456_789, "names": ["ü", null] }))
        };
        cache.put("a".into(), at, hour, answer());
        let again = cache.get("a", at, hour).unwrap();
        assert_eq!(again.to_json().unwrap(), answer().to_json().unwrap());
        assert!(cache.get("a", at.plus(hour), hour).is_none());
        for n in 0..KEPT * 2 {
            cache.put(format!("k{n}"), at, hour, Datum::Null);
        }
        let later = at.plus(hour);
        cache.put("b".into(), later, hour, Datum::Null);
        {
            let kept = cache.kept.lock().unwrap();
            assert_eq!(
                kept.young.len() + kept.old.len(),
                1,
                "the others are too old"
            );
        }
        for n in 0..KEPT * 2 {
            cache.put(format!("k{n}"), later, hour, Datum::Null);
        }
        let kept = cache.kept.lock().unwrap();
        assert!(kept.young.len() + kept.old.len() <= KEPT);
    }
}
