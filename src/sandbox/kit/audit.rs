//! What was asked, what was answered, and what was created how often: the promises of the engine
//! are proven against these numbers.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many requests the log keeps. Older ones fall out; the counters keep counting.
const LOG_CAP: usize = 20_000;

/// The number of a request, in the order of arrival from 1. A simulator finds it among the
/// extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RequestSeq(pub u64);

/// Who sent the request. A simulator sets it among the extensions of its reply.
#[derive(Clone, Debug)]
pub struct ClientId(pub Arc<str>);

/// How a request ended for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// The connection was closed without a reply.
    Dropped,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its number.
    pub seq: RequestSeq,
    /// When it came, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// Its method.
    pub method: String,
    /// Path and query as they came.
    pub path: String,
    /// Who sent it, when that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the simulator's routes said; none when they were not asked (or not yet).
    pub work: Option<u16>,
    /// What the client saw.
    pub answer: Answer,
}

/// What was created in one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collection {
    /// How many rows were created.
    pub created: u64,
    /// How many natural keys were created more than once.
    pub doubles: u64,
    /// Those keys, each with the requests that created it.
    pub doubled: Vec<Doubled>,
}

/// A natural key that was created more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubled {
    /// The key, such as an external id.
    pub key: String,
    /// The requests that created it.
    pub requests: Vec<RequestSeq>,
}

/// Everything in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// How many requests came, control calls not counted.
    pub requests: u64,
    /// How many of them were closed without a reply.
    pub dropped: u64,
    /// How many got which status.
    pub statuses: BTreeMap<u16, u64>,
    /// What was created, per collection.
    pub collections: BTreeMap<String, Collection>,
}

impl Summary {
    /// How many natural keys were created more than once, in all collections.
    pub fn doubles(&self) -> u64 {
        self.collections
            .values()
            .map(|collection| collection.doubles)
            .sum()
    }

    /// How many rows were created in `collection`.
    pub fn created(&self, collection: &str) -> u64 {
        self.collections
            .get(collection)
            .map_or(0, |found| found.created)
    }
}

/// The simulator's memory of what it was asked. Cheap to clone: every clone is the same audit.
#[derive(Clone, Debug, Default)]
pub struct Audit(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last_seq: AtomicU64,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    log: VecDeque<Entry>,
    requests: u64,
    dropped: u64,
    statuses: BTreeMap<u16, u64>,
    /// Per collection and natural key, the requests that created it.
    created: BTreeMap<String, BTreeMap<String, Vec<RequestSeq>>>,
}

impl Audit {
    /// The number of a request that just came.
    pub fn next_seq(&self) -> RequestSeq {
        RequestSeq(self.0.last_seq.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A request ended.
    pub fn ended(&self, entry: Entry) {
        self.with(|book| {
            book.requests += 1;
            match entry.answer {
                Answer::Status(status) => *book.statuses.entry(status).or_default() += 1,
                Answer::Dropped => book.dropped += 1,
            }
            if book.log.len() == LOG_CAP {
                book.log.pop_front();
            }
            book.log.push_back(entry);
        });
    }

    /// The work of a request that ended before was done now, with this status.
    pub fn worked_late(&self, seq: RequestSeq, status: u16) {
        self.with(|book| {
            if let Some(entry) = book.log.iter_mut().rev().find(|entry| entry.seq == seq) {
                entry.work = Some(status);
            }
        });
    }

    /// A row with this natural key (external id, marker, name: what its creator sent to know it
    /// again) was created in `collection` by the request `seq`.
    pub fn created(&self, collection: &str, natural_key: &str, seq: RequestSeq) {
        self.with(|book| {
            let keys = book.created.entry(collection.to_owned()).or_default();
            keys.entry(natural_key.to_owned()).or_default().push(seq);
        });
    }

    /// The last `count` requests that ended, oldest first.
    pub fn log(&self, count: usize) -> Vec<Entry> {
        self.with(|book| {
            book.log
                .iter()
                .skip(book.log.len().saturating_sub(count))
                .cloned()
                .collect()
        })
    }

    /// Everything in numbers.
    pub fn summary(&self) -> Summary {
        self.with(|book| Summary {
            requests: book.requests,
            dropped: book.dropped,
            statuses: book.statuses.clone(),
            collections: book
                .created
                .iter()
                .map(|(name, keys)| (name.clone(), count(keys)))
                .collect(),
        })
    }

    /// Per collection and natural key, how many rows were created.
    pub fn creations(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        self.with(|book| {
            let count = |keys: &BTreeMap<String, Vec<RequestSeq>>| {
                keys.iter()
                    .map(|(key, requests)| (key.clone(), requests.len()))
                    .collect()
            };
            book.created
                .iter()
                .map(|(name, keys)| (name.clone(), count(keys)))
                .collect()
        })
    }

    /// When the request came that first created a row with this natural key, as far as the log goes back.
    pub fn first_created(&self, collection: &str, natural_key: &str) -> Option<DateTime<Utc>> {
        self.with(|book| {
            let first = book.created.get(collection)?.get(natural_key)?.first()?;
            let entry = book.log.iter().rev().find(|entry| entry.seq == *first)?;
            Some(entry.at)
        })
    }

    /// Forgets everything. Numbers go on.
    pub fn reset(&self) {
        self.with(|book| *book = Book::default());
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.book.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn count(keys: &BTreeMap<String, Vec<RequestSeq>>) -> Collection {
    let doubled: Vec<Doubled> = keys
        .iter()
        .filter(|(_, requests)| requests.len() > 1)
        .map(|(key, requests)| Doubled {
            key: key.clone(),
            requests: requests.clone(),
        })
        .collect();
    Collection {
        created: keys.values().map(|requests| requests.len() as u64).sum(),
        doubles: doubled.len() as u64,
        doubled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_created_twice_is_a_double() {
        let audit = Audit::default();
        audit.created("bookings", "sc-1", RequestSeq(4));
        audit.created("bookings", "sc-2", RequestSeq(5));
        audit.created("bookings", "sc-1", RequestSeq(9));
        audit.created("customers", "sc-1", RequestSeq(3));

        let summary = audit.summary();
        assert_eq!(summary.created("bookings"), 3);
        assert_eq!(summary.created("customers"), 1);
        assert_eq!(summary.doubles(), 1);
        let requests = vec![RequestSeq(4), RequestSeq(9)];
        assert_eq!(
            summary.collections["bookings"].doubled,
            [Doubled {
                key: "sc-1".to_owned(),
                requests
            }]
        );
    }

    #[test]
    fn the_log_is_bounded_and_the_counters_are_not() {
        let audit = Audit::default();
        for _ in 0..LOG_CAP + 5 {
            let seq = audit.next_seq();
            audit.ended(Entry {
                seq,
                at: DateTime::UNIX_EPOCH,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                client: None,
                work: Some(200),
                answer: Answer::Status(200),
            });
        }
        assert_eq!(audit.log(usize::MAX).len(), LOG_CAP);
        assert_eq!(
            audit.log(2).last().unwrap().seq,
            RequestSeq(LOG_CAP as u64 + 5)
        );
        assert_eq!(audit.summary().requests, LOG_CAP as u64 + 5);
    }
}
