//! Keeps the reads of one record apart that hints ask for (S11): a record that is told of ten times in a second is
//! read at once and once more a second later, for the last of them.

use std::collections::HashMap;
use std::time::Duration;

use crate::engine::clock::Timestamp;
use crate::engine::record::{PipelineName, RecordKey};
use crate::engine::store::RecordRow;

/// Least time between two such reads.
const SPACE: Duration = Duration::from_secs(1);
/// Reads that are remembered before those that lie back are forgotten.
const FEW: usize = 16;

/// When a record may be read again for a hint.
#[derive(Debug, Default)]
pub(super) struct Spaced {
    reads: HashMap<(PipelineName, RecordKey), Timestamp>,
    next: Option<Timestamp>,
    /// When there are so many, those that lie back are forgotten.
    most: usize,
}

impl Spaced {
    /// Forgets which records are waited for: all are asked about again.
    pub(super) fn look_again(&mut self) {
        self.next = None;
    }

    /// When the first of those that were not allowed may be read.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    /// Whether a record may be worked now; if it is to be read for a hint, it is read now.
    pub(super) fn admits(&mut self, row: &RecordRow, now: Timestamp) -> bool {
        if !row.dirty {
            return true;
        }
        let of = (row.id.pipeline.clone(), row.id.key.clone());
        if let Some(until) = self.reads.get(&of).filter(|until| **until > now) {
            self.next = Some(self.next.map_or(*until, |next| next.min(*until)));
            return false;
        }
        if self.reads.len() >= self.most {
            self.reads.retain(|_, until| *until > now);
            self.most = (2 * self.reads.len()).max(FEW);
        }
        self.reads.insert(of, now.plus(SPACE));
        true
    }
}
