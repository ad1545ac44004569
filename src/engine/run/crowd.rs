//! How many sources there are in a process, over all tenants that are open: their first passes are spread by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The sources of all tenants that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crowd(Arc<AtomicUsize>);

impl Crowd {
    /// A tenant with so many sources joins, until the place is dropped.
    pub(crate) fn join(&self, sources: usize) -> Place {
        self.0.fetch_add(sources, Ordering::Relaxed);
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
        self.crowd.0.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.0.fetch_sub(self.sources, Ordering::Relaxed);
    }
}
