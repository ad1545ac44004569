//! What a person is told on the next page about what they asked for. Kept by session, and shown once: a link cannot
//! put words into a page.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Notices that wait; beyond it all are forgotten.
const MOST: usize = 1_000;

/// What a person is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Notice {
    /// Whether it was done.
    pub(super) went: Went,
    /// In a sentence.
    pub(super) text: String,
    /// What is wrong, line by line, where there is more to say.
    pub(super) detail: Option<String>,
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Went {
    /// It was done.
    Well,
    /// It was not.
    Badly,
}

impl Notice {
    pub(super) fn well(text: impl Into<String>) -> Self {
        Self {
            went: Went::Well,
            text: text.into(),
            detail: None,
        }
    }

    pub(super) fn badly(text: impl Into<String>) -> Self {
        Self {
            went: Went::Badly,
            text: text.into(),
            detail: None,
        }
    }

    pub(super) fn with(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// Those that wait, by session.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<HashMap<String, Notice>>);

impl Notices {
    pub(super) fn leave(&self, session: &str, notice: Notice) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.clear();
        }
        waiting.insert(session.to_owned(), notice);
    }

    pub(super) fn take(&self, session: &str) -> Option<Notice> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(session)
    }
}
