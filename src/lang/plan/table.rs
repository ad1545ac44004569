//! A map's rows, compiled: looking a value up is one hash lookup and at most a few conditions.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::lang::config::Fold;
use crate::lang::expr::Condition;

/// The rows of a map.
#[derive(Clone, Debug)]
pub struct Table {
    /// The map's name.
    pub name: Arc<str>,
    /// Rows by value, folded as the source vocabulary says.
    pub rows: IndexMap<Arc<str>, Row>,
    /// The row of every other value.
    pub else_: Option<Row>,
    /// Differences between spellings that do not matter.
    pub fold: Vec<Fold>,
}

/// A row: the first case that holds.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its cases; the last is unconditional.
    pub cases: Vec<TableCase>,
}

/// One case of a row.
#[derive(Clone, Debug)]
pub struct TableCase {
    /// When it holds, over the step's `with`; always when absent.
    pub when: Option<Condition>,
    /// What it says.
    pub to: Target,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// No write.
    Keep,
    /// The first of these that is offered.
    Values(Vec<serde_json::Value>),
}

impl Table {
    /// A value as rows are keyed, with the folds of the source applied.
    pub fn fold(&self, value: &str) -> String {
        fold(&self.fold, value)
    }

    /// The value under which the row of `value` stands; none for the row of all others.
    pub fn value(&self, value: &str) -> Option<&str> {
        let (known, _) = self.rows.get_key_value(self.fold(value).as_str())?;
        Some(known)
    }

    /// The row of `value`.
    pub fn row(&self, value: &str) -> Option<&Row> {
        let found = if self.fold.is_empty() {
            self.rows.get(value)
        } else {
            self.rows.get(self.fold(value).as_str())
        };
        found.or(self.else_.as_ref())
    }
}

/// A value without the differences that do not matter.
pub(super) fn fold(folds: &[Fold], value: &str) -> String {
    folds
        .iter()
        .fold(value.to_owned(), |text, fold| match fold {
            Fold::Case => text.to_lowercase(),
            Fold::Spaces => text.chars().filter(|c| !c.is_whitespace()).collect(),
        })
}
