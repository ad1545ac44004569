//! What all expressions share: limits, and the paths compiled at run time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::ExprError;
use super::query::Query;

/// How much one evaluation may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operators, calls and items.
    pub steps: u64,
    /// Bytes of any text an expression makes.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 200_000,
            text: 4 << 20,
        }
    }
}

/// Built once, given to everything that compiles expressions. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ExprEnv(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    limits: Limits,
    /// Paths that settings hold as text, for the filter `at`.
    paths: Mutex<HashMap<Box<str>, Arc<Query>>>,
}

/// Paths at run time come from settings, so they are few; more than this means that somebody
/// builds paths from data, and the cache starts anew.
const CACHED_PATHS: usize = 1024;

impl ExprEnv {
    /// With the usual limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// With limits of one's own.
    pub fn with_limits(limits: Limits) -> Self {
        Self(Arc::new(Shared {
            limits,
            paths: Mutex::default(),
        }))
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    pub(crate) fn path(&self, text: &str) -> Result<Arc<Query>, ExprError> {
        let mut paths = self.0.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(query) = paths.get(text) {
            return Ok(Arc::clone(query));
        }
        let query = Arc::new(Query::compile(text)?);
        if paths.len() >= CACHED_PATHS {
            paths.clear();
        }
        paths.insert(text.into(), Arc::clone(&query));
        Ok(query)
    }
}
