//! Statements over many rows at once: one round trip and one prepared statement instead of one per row.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, OnceLock};

use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Encode, SqliteConnection, Type};

use super::fault::Fault;

/// The most rows of one statement.
pub(super) const MOST: usize = 64;
const SIZES: usize = 7;

/// `before (?, …), (?, …) after`, with as many rows of `width` parameters as the next power of two of those given.
/// Parameters of rows that are not given are NULL, so a statement must ignore rows whose first column is.
pub(super) struct Bulk {
    before: &'static str,
    width: usize,
    after: &'static str,
    texts: [OnceLock<Arc<str>>; SIZES],
}

impl Bulk {
    pub(super) const fn new(before: &'static str, width: usize, after: &'static str) -> Self {
        Self {
            before,
            width,
            after,
            texts: [const { OnceLock::new() }; SIZES],
        }
    }

    /// Its text for at least `rows` rows.
    pub(super) fn text(&self, rows: usize) -> AssertSqlSafe<Arc<str>> {
        let rows = rows.next_power_of_two();
        let size = usize::try_from(rows.trailing_zeros()).expect("at most 64");
        let text = self.texts[size].get_or_init(|| {
            let row = format!("({})", vec!["?"; self.width].join(", "));
            format!(
                "{}{}{}",
                self.before,
                vec![row.as_str(); rows].join(", "),
                self.after
            )
            .into()
        });
        AssertSqlSafe(Arc::clone(text))
    }

    /// Runs it for its effect; says how many rows it changed.
    pub(super) async fn execute(
        &self,
        conn: &mut SqliteConnection,
        args: Args,
    ) -> Result<u64, Fault> {
        let done = sqlx::query_with(self.text(args.rows), args.values)
            .execute(conn)
            .await?;
        Ok(done.rows_affected())
    }

    /// Runs it for its rows.
    pub(super) async fn fetch(
        &self,
        conn: &mut SqliteConnection,
        args: Args,
    ) -> Result<Vec<SqliteRow>, Fault> {
        Ok(sqlx::query_with(self.text(args.rows), args.values)
            .fetch_all(conn)
            .await?)
    }
}

/// The parameters of a [`Bulk`]: those of its head, then those of its rows.
#[derive(Default)]
pub(super) struct Args {
    values: SqliteArguments,
    rows: usize,
}

impl Args {
    /// Adds one value.
    pub(super) fn add<'t, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'t, Sqlite> + Type<Sqlite>,
    {
        use sqlx::Arguments as _;
        self.values
            .add(value)
            .expect("texts, integers and blobs always encode");
        self
    }

    /// Begins the next row.
    pub(super) fn row(&mut self) -> &mut Self {
        self.rows += 1;
        self
    }
}

/// Cuts `items` into runs of at most [`MOST`] in which no key stands twice: rows of one statement do not see each
/// other, those of the next do.
pub(super) fn runs<'a, T, K: Hash + Eq>(items: &'a [T], key: impl Fn(&'a T) -> K) -> Vec<&'a [T]> {
    let mut runs = Vec::new();
    let mut seen = HashSet::new();
    let mut start = 0;
    for (index, item) in items.iter().enumerate() {
        let key = key(item);
        if index - start == MOST || seen.contains(&key) {
            runs.push(&items[start..index]);
            start = index;
            seen.clear();
        }
        seen.insert(key);
    }
    if start < items.len() {
        runs.push(&items[start..]);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_stands_twice_in_a_run() {
        assert_eq!(runs(&[1, 2, 1, 3, 3], |n| *n), [&[1, 2][..], &[1, 3], &[3]]);
        assert!(runs(&[] as &[i32], |n| *n).is_empty());
    }

    #[test]
    fn a_run_is_never_longer_than_a_statement() {
        let items: Vec<usize> = (0..130).collect();
        let lengths: Vec<usize> = runs(&items, |n| *n).iter().map(|run| run.len()).collect();
        assert_eq!(lengths, [64, 64, 2]);
    }

    #[test]
    fn statements_come_in_powers_of_two() {
        static BULK: Bulk = Bulk::new("VALUES ", 2, ";");
        let AssertSqlSafe(text) = BULK.text(3);
        assert_eq!(&*text, "VALUES (?, ?), (?, ?), (?, ?), (?, ?);");
        let AssertSqlSafe(text) = BULK.text(1);
        assert_eq!(&*text, "VALUES (?, ?);");
    }
}
