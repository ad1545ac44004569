//! Rows of one kind: by id, and in the order of their last change for the export feeds.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::journal::FieldChange;
use super::value::{Id, Instant, Priority};

/// What every row has.
pub(crate) trait Row {
    fn id(&self) -> Id;
    fn created_on(&self) -> Instant;
    fn modified_on(&self) -> Instant;
    /// Sets the instant of the last change.
    fn touch(&mut self, now: Instant);
    /// False for rows that were deactivated or merged away.
    fn is_active(&self) -> bool {
        true
    }
    /// What lists that can be sorted by name sort by.
    fn sort_name(&self) -> Option<&str> {
        None
    }
    /// What lists that can be sorted by priority sort by.
    fn sort_priority(&self) -> Priority {
        Priority::Normal
    }
    /// What the journal compares before and after a change; nothing when only the fact counts.
    fn members(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// All members of a row as the wire shows them, but the instant of its last change.
pub(crate) fn members_of(row: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(row) else {
        return Map::new();
    };
    members.shift_remove("modifiedOn");
    members
}

/// Implements [`Row`] for a struct with the usual members.
macro_rules! row {
    ($name:ty $(, active: $($active:ident).+)? $(, name: $sort_name:ident)? $(, priority: $priority:ident)? $(, members: $members:path)?) => {
        impl $crate::sandbox::servicetitan::table::Row for $name {
            fn id(&self) -> $crate::sandbox::servicetitan::value::Id { self.id }
            fn created_on(&self) -> $crate::sandbox::servicetitan::value::Instant { self.created_on }
            fn modified_on(&self) -> $crate::sandbox::servicetitan::value::Instant { self.modified_on }
            fn touch(&mut self, now: $crate::sandbox::servicetitan::value::Instant) {
                self.modified_on = now;
            }
            $(fn is_active(&self) -> bool { self.$($active).+ })?
            $(fn sort_name(&self) -> Option<&str> { Some(&self.$sort_name) })?
            $(fn sort_priority(&self) -> $crate::sandbox::servicetitan::value::Priority { self.$priority })?
            $(fn members(&self) -> serde_json::Map<String, serde_json::Value> { $members(self) })?
        }
    };
}
pub(crate) use row;

/// A place in the order of changes of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change(pub(crate) u64);

/// What a call did to one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Edit {
    Created(Id),
    /// Which members changed; none when a write changed nothing.
    Changed(Id, Vec<FieldChange>),
}

impl Edit {
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Created(id) | Self::Changed(id, _) => *id,
        }
    }

    /// A call that writes to one row twice makes one edit of it.
    fn go_on(&mut self, more: Vec<FieldChange>) {
        let Self::Changed(_, changes) = self else {
            return;
        };
        for next in more {
            match changes.iter_mut().find(|known| known.field == next.field) {
                Some(known) => known.to = next.to,
                None => changes.push(next),
            }
        }
        changes.retain(|change| change.from != change.to);
    }
}

/// A table as the world sees it whose rows it is not asked for.
pub(crate) trait Rows {
    /// From now on edits are noted: the seed's rows are no edits.
    fn follow(&mut self);
    /// The edits since the last call of this, one per row.
    fn take_edits(&mut self) -> Vec<Edit>;
    /// Lets late rows whose time has come into lists, and to the end of the feed.
    fn reveal(&mut self, now: Instant);
}

/// All rows of one kind.
#[derive(Debug)]
pub(crate) struct Table<R> {
    rows: BTreeMap<Id, R>,
    changes: BTreeMap<Change, Id>,
    last_change: HashMap<Id, Change>,
    next: Change,
    /// Rows that are written but come into lists and feeds only from this instant on.
    late: HashMap<Id, Instant>,
    /// None until edits are noted.
    edits: Option<Vec<Edit>>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            changes: BTreeMap::new(),
            last_change: HashMap::new(),
            next: Change(1),
            late: HashMap::new(),
            edits: None,
        }
    }
}

impl<R: Row> Table<R> {
    /// Adds a row and returns its id. A late row can be had by its id at once, but comes into
    /// lists and feeds only from `late` on, with the time of its writing.
    pub(crate) fn insert(&mut self, row: R, late: Option<Instant>) -> Id {
        let id = row.id();
        self.rows.insert(id, row);
        if let Some(edits) = &mut self.edits {
            edits.push(Edit::Created(id));
        }
        match late {
            Some(until) => {
                self.late.insert(id, until);
            }
            None => self.note_change(id),
        }
        id
    }

    pub(crate) fn get(&self, id: Id) -> Option<&R> {
        self.rows.get(&id)
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.rows.contains_key(&id)
    }

    /// Changes a row: sets its last change to `now` and moves it to the end of the feed.
    pub(crate) fn change<T>(
        &mut self,
        id: Id,
        now: Instant,
        change: impl FnOnce(&mut R) -> T,
    ) -> Option<T> {
        let row = self.rows.get_mut(&id)?;
        let before = self.edits.is_some().then(|| row.members());
        let result = change(row);
        row.touch(now);
        if let (Some(edits), Some(before)) = (&mut self.edits, before) {
            edits.push(Edit::Changed(
                id,
                FieldChange::between(before, row.members()),
            ));
        }
        self.note_change(id);
        Some(result)
    }

    /// Changes what belongs to a row without counting as a change of it: the vendor does not
    /// touch a customer when only its contacts or locations change.
    pub(crate) fn amend(&mut self, id: Id, amend: impl FnOnce(&mut R)) {
        if let Some(row) = self.rows.get_mut(&id) {
            amend(row);
        }
    }

    /// Rows in order of their ids.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &R> {
        self.rows.values().filter(|row| !self.is_late(row.id()))
    }

    /// The rows of these ids that exist, in order of their ids and each once.
    pub(crate) fn rows_of(&self, mut ids: Vec<Id>) -> impl Iterator<Item = &R> {
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter()
            .filter(|id| !self.is_late(*id))
            .filter_map(|id| self.rows.get(&id))
    }

    /// Rows whose last change lies after `from`, in the order of these changes.
    pub(crate) fn changed_after(&self, from: Change) -> impl Iterator<Item = (Change, &R)> {
        self.changes
            .range(Change(from.0.saturating_add(1))..)
            .filter(|(_, id)| !self.is_late(**id))
            .filter_map(|(change, id)| self.rows.get(id).map(|row| (*change, row)))
    }

    fn is_late(&self, id: Id) -> bool {
        !self.late.is_empty() && self.late.contains_key(&id)
    }

    fn note_change(&mut self, id: Id) {
        let place = self.next;
        self.next = Change(place.0 + 1);
        if let Some(old) = self.last_change.insert(id, place) {
            self.changes.remove(&old);
        }
        self.changes.insert(place, id);
    }
}

impl<R: Row> Rows for Table<R> {
    fn follow(&mut self) {
        self.edits = Some(Vec::new());
    }

    fn take_edits(&mut self) -> Vec<Edit> {
        let mut kept: Vec<Edit> = Vec::new();
        for edit in self.edits.as_mut().map(std::mem::take).unwrap_or_default() {
            let known = kept.iter_mut().find(|known| known.id() == edit.id());
            match (known, edit) {
                (Some(known), Edit::Changed(_, more)) => known.go_on(more),
                (_, edit) => kept.push(edit),
            }
        }
        kept
    }

    fn reveal(&mut self, now: Instant) {
        if self.late.is_empty() {
            return;
        }
        let mut due: Vec<_> = self.late.extract_if(|_, until| *until <= now).collect();
        due.sort_unstable_by_key(|(id, until)| (*until, *id));
        for (id, _) in due {
            self.note_change(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Thing {
        id: Id,
        created_on: Instant,
        modified_on: Instant,
    }
    row!(Thing);

    fn thing(id: i64) -> Thing {
        Thing {
            id: Id(id),
            created_on: Instant::UNIX_EPOCH,
            modified_on: Instant::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_changed_row_moves_to_the_end_of_the_feed() {
        let mut table = Table::default();
        for id in 1..=3 {
            table.insert(thing(id), None);
        }
        let later = Instant::UNIX_EPOCH + std::time::Duration::from_secs(5);
        assert_eq!(table.change(Id(2), later, |_| ()), Some(()));
        assert_eq!(table.change(Id(9), later, |_| ()), None);
        let feed: Vec<_> = table
            .changed_after(Change(0))
            .map(|(at, row)| (at.0, row.id.0))
            .collect();
        assert_eq!(feed, [(1, 1), (3, 3), (4, 2)]);
        assert_eq!(table.get(Id(2)).unwrap().modified_on, later);
        assert_eq!(table.changed_after(Change(4)).count(), 0);
    }

    #[test]
    fn a_late_row_is_known_by_id_and_listed_later() {
        let due = Instant::UNIX_EPOCH + std::time::Duration::from_secs(5);
        let mut table = Table::default();
        table.insert(thing(1), Some(due));
        table.insert(thing(2), None);
        table.reveal(Instant::UNIX_EPOCH);
        assert!(table.get(Id(1)).is_some());
        assert_eq!(table.rows().count(), 1);
        assert_eq!(table.rows_of(vec![Id(1)]).count(), 0);
        table.reveal(due);
        let feed: Vec<_> = table
            .changed_after(Change(0))
            .map(|(_, row)| row.id.0)
            .collect();
        assert_eq!(feed, [2, 1]);
        assert_eq!(table.get(Id(1)).unwrap().modified_on, Instant::UNIX_EPOCH);
    }
}
