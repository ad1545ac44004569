//! The journal: every write, in order, with what it changed from what to what. A test proves with
//! it that one change was one write, and that what belongs to others was kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

use super::table::Edit;
use super::value::{Id, Instant};
use crate::sandbox::kit::audit::RequestSeq;

/// How many writes are kept. Older ones fall out; numbers go on.
const CAP: usize = 100_000;

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A client of the API, with the number its request has in the audit.
    Client(RequestSeq),
    /// People in the office and on the road.
    People,
}

/// What was done to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It was created.
    Created,
    /// It was written to; perhaps no member changed.
    Changed,
}

/// A member with another value than before. Members that are not there count as null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// The member, as the wire calls it.
    pub field: String,
    /// Its value before.
    pub from: Value,
    /// Its value now.
    pub to: Value,
}

impl FieldChange {
    /// What differs between two states of one row.
    pub(crate) fn between(mut before: Map<String, Value>, after: Map<String, Value>) -> Vec<Self> {
        let mut changes = Vec::new();
        for (field, to) in after {
            let from = before.swap_remove(&field).unwrap_or(Value::Null);
            if from != to {
                changes.push(Self { field, from, to });
            }
        }
        let gone = before.into_iter().filter(|(_, from)| !from.is_null());
        changes.extend(gone.map(|(field, from)| Self {
            field,
            from,
            to: Value::Null,
        }));
        changes
    }
}

/// One write to one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Write {
    /// Its place in the order of all writes, from 1.
    pub number: u64,
    /// When, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Author,
    /// The call, such as `PATCH /jpm/jobs/10001`: all writes of one call have the same.
    pub call: Arc<str>,
    /// The kind of row: `jobs`, `bookings`, …
    pub collection: &'static str,
    /// The row.
    pub id: Id,
    /// What was done.
    pub deed: Deed,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// All writes since the start or the last reset. Cheap to clone: every clone is the same journal.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    last: u64,
    writes: VecDeque<Write>,
}

impl Journal {
    /// Writes that `keep` keeps, oldest first.
    pub fn writes(&self, keep: impl Fn(&Write) -> bool) -> Vec<Write> {
        self.with(|book| {
            book.writes
                .iter()
                .filter(|write| keep(write))
                .cloned()
                .collect()
        })
    }

    /// What clients of the API wrote to a row, oldest first.
    pub fn by_clients(&self, collection: &str, id: Id) -> Vec<Write> {
        self.writes(|write| {
            matches!(write.by, Author::Client(_))
                && write.collection == collection
                && write.id == id
        })
    }

    /// The values that a member of a row took one after the other, whoever set them.
    pub fn values(&self, collection: &str, id: Id, field: &str) -> Vec<Value> {
        let of_row = self.writes(|write| write.collection == collection && write.id == id);
        of_row
            .into_iter()
            .flat_map(|write| write.changes)
            .filter(|change| change.field == field)
            .map(|change| change.to)
            .collect()
    }

    pub(crate) fn add(
        &self,
        at: Instant,
        by: Author,
        call: &Arc<str>,
        edits: &[(&'static str, Edit)],
    ) {
        self.with(|book| {
            for (collection, edit) in edits {
                let (id, deed, changes) = match edit {
                    Edit::Created(id) => (*id, Deed::Created, Vec::new()),
                    Edit::Changed(id, changes) => (*id, Deed::Changed, changes.clone()),
                };
                book.last += 1;
                if book.writes.len() == CAP {
                    book.writes.pop_front();
                }
                book.writes.push_back(Write {
                    number: book.last,
                    at,
                    by,
                    call: Arc::clone(call),
                    collection,
                    id,
                    deed,
                    changes,
                });
            }
        });
    }

    /// Forgets everything. Numbers go on.
    pub(crate) fn reset(&self) {
        self.with(|book| book.writes.clear());
    }

    fn with<T>(&self, act: impl FnOnce(&mut Book) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let before = members(&json!({"a": 1, "b": [1], "c": null, "d": 4}));
        let after = members(&json!({"a": 1, "b": [1, 2], "e": null, "f": 6}));
        let change = |field: &str, from: Value, to: Value| FieldChange {
            field: field.to_owned(),
            from,
            to,
        };
        assert_eq!(
            FieldChange::between(before, after),
            [
                change("b", json!([1]), json!([1, 2])),
                change("f", json!(null), json!(6)),
                change("d", json!(4), json!(null)),
            ]
        );
    }

    #[test]
    fn the_journal_is_bounded_and_its_numbers_go_on() {
        let journal = Journal::default();
        let call = Arc::from("POST /jpm/jobs");
        for id in 0..=CAP {
            let edit = Edit::Created(Id(i64::try_from(id).unwrap()));
            let edits = [("jobs", edit)];
            journal.add(Instant::UNIX_EPOCH, Author::People, &call, &edits);
        }
        let kept = journal.writes(|_| true);
        assert_eq!((kept.len(), kept[0].number), (CAP, 2));
        journal.reset();
        let edits = [("jobs", Edit::Changed(Id(1), Vec::new()))];
        let client = Author::Client(RequestSeq(9));
        journal.add(Instant::UNIX_EPOCH, client, &call, &edits);
        let found = journal.by_clients("jobs", Id(1));
        assert_eq!(found[0].number, u64::try_from(CAP).unwrap() + 2);
    }
}
