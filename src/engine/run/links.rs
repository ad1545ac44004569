//! Links in memory: what the store holds, for as long as it is likely to be asked for again.
//!
//! One engine writes a store (S29), and every change of a link calls [`Links::forget`], so what is cached is
//! what stands. The cache is bounded: memory does not grow with the number of records.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::crowd::Crowd;
use crate::engine::store::{self, LinkId, LinkRow, SqliteStore, Store as _};

/// Links that a tenant keeps; beyond it the older half is dropped and read again when asked for.
const KEPT: usize = 2_048;
/// Links that all tenants keep together.
const OF_ALL: usize = 65_536;

/// A link, or the certainty that there is none.
type Known = Option<Arc<LinkRow>>;

/// The links of a tenant, with a memory.
#[derive(Debug)]
pub(crate) struct Links {
    store: Arc<SqliteStore>,
    known: Mutex<Generations>,
    crowd: Crowd,
}

/// A read of the store that is under way. What changes meanwhile may be missing from its answer, so it is not kept.
#[derive(Debug)]
struct Reading<'a>(&'a Links);

impl<'a> Reading<'a> {
    fn begin(links: &'a Links) -> Self {
        links.known().reading += 1;
        Self(links)
    }

    fn keep(&self, id: LinkId, row: Known) {
        let mut known = self.0.known();
        if !known.changed.contains(&id) {
            known.put(id, row, self.0.most());
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut known = self.0.known();
        known.reading -= 1;
        if known.reading == 0 {
            known.changed.clear();
        }
    }
}

/// Two generations: what was asked for lately, and what was before that.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<LinkId, Known>,
    old: HashMap<LinkId, Known>,
    /// Reads of the store that are under way.
    reading: usize,
    /// Links that were changed since the first of them began.
    changed: HashSet<LinkId>,
}

impl Generations {
    fn get(&mut self, id: &LinkId, most: usize) -> Option<Known> {
        if let Some(known) = self.young.get(id) {
            return Some(known.clone());
        }
        let known = self.old.remove(id)?;
        self.put(id.clone(), known.clone(), most);
        Some(known)
    }

    fn put(&mut self, id: LinkId, known: Known, most: usize) {
        self.old.remove(&id);
        self.young.insert(id, known);
        if self.young.len() >= most / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }

    fn forget(&mut self, id: &LinkId) {
        self.young.remove(id);
        self.old.remove(id);
        if self.reading > 0 {
            self.changed.insert(id.clone());
        }
    }
}

impl Links {
    pub(crate) fn new(store: Arc<SqliteStore>, crowd: Crowd) -> Self {
        Self {
            store,
            known: Mutex::default(),
            crowd,
        }
    }

    fn most(&self) -> usize {
        self.crowd.part(OF_ALL, KEPT)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A link as it stands.
    pub(crate) async fn get(&self, id: &LinkId) -> store::Result<Known> {
        if let Some(known) = self.known().get(id, self.most()) {
            return Ok(known);
        }
        let reading = Reading::begin(self);
        let row = self.store.link(id).await?.map(Arc::new);
        reading.keep(id.clone(), row.clone());
        Ok(row)
    }

    /// Reads the links that are not known yet, in one go.
    pub(crate) async fn prefetch(&self, ids: Vec<LinkId>) -> store::Result<()> {
        let missing: HashSet<LinkId> = {
            let mut known = self.known();
            ids.into_iter()
                .filter(|id| known.get(id, self.most()).is_none())
                .collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<LinkId> = missing.into_iter().collect();
        let reading = Reading::begin(self);
        let rows = self.store.links_at(&missing).await?;
        for (id, row) in missing.into_iter().zip(rows) {
            reading.keep(id, row.map(Arc::new));
        }
        Ok(())
    }

    /// There can be no link yet, because its key was made a moment ago. If there is one all the same, planning an
    /// intent finds it: the store decides there, not this memory.
    pub(crate) fn none_yet(&self, id: LinkId) {
        self.known().put(id, None, self.most());
    }

    /// The link was changed: what is known of it is read anew.
    pub(crate) fn forget(&self, id: &LinkId) {
        self.known().forget(id);
    }
}
