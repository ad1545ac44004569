//! How many tenants are open in a process, and how many sources they have: first passes are spread by it, and what is
//! kept in memory is shared by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All tenants that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    sources: AtomicUsize,
    tenants: AtomicUsize,
}

impl Crowd {
    /// A tenant's part of what all may keep together: no less than a few, and no more than `most`.
    pub(crate) fn part(&self, of_all: usize, most: usize) -> usize {
        const LEAST: usize = 8;
        let tenants = self.0.tenants.load(Ordering::Relaxed).max(1);
        (of_all / tenants).clamp(LEAST, most)
    }

    /// A tenant with so many sources joins, until the place is dropped.
    pub(crate) fn join(&self, sources: usize) -> Place {
        self.0.sources.fetch_add(sources, Ordering::Relaxed);
        self.0.tenants.fetch_add(1, Ordering::Relaxed);
        Place {
            crowd: self.clone(),
            sources,
        }
    }
}

/// A tenant's place among the others.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Crowd,
    sources: usize,
}

impl Place {
    /// How many sources there are now, those of this tenant counted.
    pub(crate) fn among(&self) -> usize {
        self.crowd.0.sources.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd
            .0
            .sources
            .fetch_sub(self.sources, Ordering::Relaxed);
        self.crowd.0.tenants.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_may_keep_is_shared_by_those_who_are_there() {
        let crowd = Crowd::default();
        assert_eq!(crowd.part(8_000, 2_000), 2_000);
        let places: Vec<Place> = (0..100).map(|_| crowd.join(5)).collect();
        assert_eq!(crowd.part(8_000, 2_000), 80);
        assert_eq!(places[0].among(), 500);
        assert_eq!(crowd.part(700, 2_000), 8);
        drop(places);
        assert_eq!(crowd.part(8_000, 2_000), 2_000);
    }
}
