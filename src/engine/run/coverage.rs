//! Which parts of a plan were met, for tests of pipelines.

use std::collections::HashSet;

use crate::lang::plan::Origin;

/// Which parts of a plan were met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Steps that ran, by where they stand.
    pub steps: HashSet<Origin>,
    /// Cases of rows that were chosen: the map, the row's value (none for `else`), the case.
    pub rows: HashSet<(String, Option<String>, usize)>,
    /// Handlers that ran: the step they stand at, and which of them.
    pub catches: HashSet<(Origin, usize)>,
}

impl Coverage {
    /// Adds what another run met.
    pub fn add(&mut self, other: Self) {
        self.steps.extend(other.steps);
        self.rows.extend(other.rows);
        self.catches.extend(other.catches);
    }
}
