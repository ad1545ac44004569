//! External data: key and value pairs that an application keeps on a row under its own GUID.
//! What stands under one GUID cannot be seen or changed with another (reference section 6).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::form::Form;
use super::params::Params;
use super::refusal::Problems;
use super::value::{Id, words};

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Datum {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// All external data of a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExternalData(BTreeMap<Uuid, Vec<Datum>>);

impl ExternalData {
    /// What a reader with this GUID sees; nothing when none was asked for.
    pub(crate) fn of(&self, guid: Option<Uuid>) -> &[Datum] {
        guid.and_then(|guid| self.0.get(&guid))
            .map_or(&[], Vec::as_slice)
    }

    /// The data a new row starts with.
    pub(crate) fn created(write: Option<ExternalWrite>) -> Self {
        let mut data = Self::default();
        if let Some(write) = write {
            let entry = data.0.entry(write.guid).or_default();
            for datum in write.data {
                put(entry, datum);
            }
        }
        data
    }

    /// Carries out a change under its GUID; data under other GUIDs stay.
    pub(crate) fn change(&mut self, update: ExternalUpdate) {
        let entry = self.0.entry(update.guid).or_default();
        match update.mode {
            PatchMode::Replace => entry.clear(),
            PatchMode::Merge => {}
        }
        for (key, value) in update.data {
            match value {
                Some(value) => put(entry, Datum { key, value }),
                None => entry.retain(|datum| datum.key != key),
            }
        }
    }

    /// Every datum with its GUID.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Uuid, &Datum)> {
        self.0
            .iter()
            .flat_map(|(guid, data)| data.iter().map(move |datum| (*guid, datum)))
    }

    /// Everything, per GUID: for the journal.
    pub(crate) fn to_json(&self) -> Value {
        let of_guid = |(guid, data): (&Uuid, &Vec<Datum>)| (guid.to_string(), json!(data));
        Value::Object(self.0.iter().map(of_guid).collect())
    }

    /// How the audit names a row with this data: one name per GUID, key and value.
    pub(crate) fn natural_keys(&self) -> Vec<String> {
        self.all()
            .map(|(guid, datum)| format!("{guid} {}={}", datum.key, datum.value))
            .collect()
    }
}

fn put(entry: &mut Vec<Datum>, datum: Datum) {
    match entry.iter_mut().find(|known| known.key == datum.key) {
        Some(known) => known.value = datum.value,
        None => entry.push(datum),
    }
}

words! {
    /// What a change does to keys it does not name.
    PatchMode { Replace, Merge }
}

/// `ExternalDataCreateRequest`.
pub(crate) struct ExternalWrite {
    guid: Uuid,
    data: Vec<Datum>,
}

impl ExternalWrite {
    pub(crate) fn new(guid: Uuid, data: Vec<Datum>) -> Self {
        Self { guid, data }
    }

    /// Reads `externalData` of a create body.
    pub(crate) fn read(form: &Form<'_>) -> Option<Self> {
        let form = form.optional_object("externalData")?;
        let guid = form.required("applicationGuid");
        let data = form.required_list("externalData").unwrap_or_default();
        let data = data
            .iter()
            .map(|item| {
                Some(Datum {
                    key: item.required("key")?,
                    value: item.required("value")?,
                })
            })
            .collect::<Option<Vec<_>>>();
        Some(Self {
            guid: guid?,
            data: data?,
        })
    }
}

/// `ExternalDataUpdateRequest`.
pub(crate) struct ExternalUpdate {
    mode: PatchMode,
    guid: Uuid,
    data: Vec<(String, Option<String>)>,
}

impl ExternalUpdate {
    /// Reads `externalData` of a change body. An empty list is allowed: it removes all of a GUID.
    pub(crate) fn read(form: &Form<'_>) -> Option<Self> {
        let form = form.optional_object("externalData")?;
        let mode = form.optional("patchMode").unwrap_or(PatchMode::Replace);
        let guid = form.required("applicationGuid");
        let list = form.optional_list("externalData");
        if list.is_none() {
            form.refuse(
                "externalData",
                "The ExternalData.ExternalData field is required.",
            );
        }
        let data = list?
            .iter()
            .map(|item| Some((item.required("key")?, item.optional("value"))))
            .collect::<Option<Vec<_>>>();
        Some(Self {
            mode,
            guid: guid?,
            data: data?,
        })
    }
}

/// The three query parameters of lists that can look rows up by external data.
pub(crate) struct ExternalQuery {
    /// Whose data the answer shows.
    pub(crate) guid: Option<Uuid>,
    /// The key and values to look for.
    pub(crate) lookup: Option<(Uuid, String, Vec<String>)>,
}

impl ExternalQuery {
    /// Most values in one lookup.
    const MOST: usize = 50;

    pub(crate) fn read(params: &Params<'_>, problems: &Problems) -> Self {
        let guid = params.read("externalDataApplicationGuid", problems);
        let key = params.text("externalDataKey").map(str::to_owned);
        let values: Option<Vec<String>> = params.text("externalDataValues").map(|text| {
            text.split(',')
                .map(|value| value.trim().to_owned())
                .collect()
        });
        let lookup = match (key, values) {
            (None, None) => None,
            (Some(_), None) => {
                problems.add(
                    "externalDataValues",
                    "externalDataKey needs externalDataValues.",
                );
                None
            }
            (None, Some(_)) => {
                problems.add(
                    "externalDataKey",
                    "externalDataValues needs externalDataKey.",
                );
                None
            }
            (Some(key), Some(values)) => {
                if values.len() > Self::MOST {
                    problems.add("externalDataValues", "At most 50 values can be looked up.");
                }
                if guid.is_none() {
                    problems.add(
                        "externalDataApplicationGuid",
                        "A lookup by external data needs externalDataApplicationGuid.",
                    );
                }
                guid.map(|guid| (guid, key, values))
            }
        };
        Self { guid, lookup }
    }
}

/// Finds rows by GUID, key and value without a scan. No uniqueness: a value may name many rows.
#[derive(Debug, Default)]
pub(crate) struct ExternalIndex(HashMap<(Uuid, String, String), BTreeSet<Id>>);

impl ExternalIndex {
    pub(crate) fn add(&mut self, id: Id, data: &ExternalData) {
        for (guid, datum) in data.all() {
            let key = (guid, datum.key.clone(), datum.value.clone());
            self.0.entry(key).or_default().insert(id);
        }
    }

    pub(crate) fn remove(&mut self, id: Id, data: &ExternalData) {
        for (guid, datum) in data.all() {
            let key = (guid, datum.key.clone(), datum.value.clone());
            if let Some(ids) = self.0.get_mut(&key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.0.remove(&key);
                }
            }
        }
    }

    /// Rows with any of the values, in order of their ids.
    pub(crate) fn find(&self, (guid, key, values): &(Uuid, String, Vec<String>)) -> Vec<Id> {
        let mut found = BTreeSet::new();
        for value in values {
            if let Some(ids) = self.0.get(&(*guid, key.clone(), value.clone())) {
                found.extend(ids.iter().copied());
            }
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Uuid = Uuid::from_u128(1);
    const THEIRS: Uuid = Uuid::from_u128(2);

    fn datum(key: &str, value: &str) -> Datum {
        Datum {
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    fn update(mode: PatchMode, guid: Uuid, data: &[(&str, Option<&str>)]) -> ExternalUpdate {
        let data = data
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
        ExternalUpdate {
            mode,
            guid,
            data: data.collect(),
        }
    }

    fn with_ours() -> ExternalData {
        let data = vec![datum("a", "1"), datum("b", "2")];
        ExternalData::created(Some(ExternalWrite::new(OURS, data)))
    }

    #[test]
    fn replace_removes_what_is_not_named_and_merge_keeps_it() {
        let mut data = with_ours();
        data.change(update(
            PatchMode::Merge,
            OURS,
            &[("b", Some("3")), ("c", Some("4"))],
        ));
        assert_eq!(
            data.of(Some(OURS)),
            [datum("a", "1"), datum("b", "3"), datum("c", "4")]
        );
        data.change(update(PatchMode::Merge, OURS, &[("a", None)]));
        assert_eq!(data.of(Some(OURS)), [datum("b", "3"), datum("c", "4")]);
        data.change(update(PatchMode::Replace, OURS, &[("d", Some("5"))]));
        assert_eq!(data.of(Some(OURS)), [datum("d", "5")]);
    }

    #[test]
    fn another_guid_neither_sees_nor_removes() {
        let mut data = with_ours();
        assert_eq!(data.of(Some(THEIRS)), []);
        assert_eq!(data.of(None), []);
        data.change(update(PatchMode::Replace, THEIRS, &[]));
        assert_eq!(data.of(Some(OURS)).len(), 2);
    }

    #[test]
    fn the_index_follows_adds_and_removes() {
        let data = with_ours();
        let mut index = ExternalIndex::default();
        index.add(Id(2), &data);
        index.add(Id(1), &data);
        let lookup = (OURS, "a".to_owned(), vec!["1".to_owned(), "9".to_owned()]);
        assert_eq!(index.find(&lookup), [Id(1), Id(2)]);
        assert!(
            index
                .find(&(THEIRS, lookup.1.clone(), lookup.2.clone()))
                .is_empty()
        );
        index.remove(Id(1), &data);
        assert_eq!(index.find(&lookup), [Id(2)]);
    }
}
