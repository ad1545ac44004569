//! Old trace rows go. Links and verdicts never do (S29).

use super::fault::Fault;
use super::writer::{Command, Tx};
use crate::engine::clock::Timestamp;
use crate::engine::crash::CrashPoint;

/// Deletes trace rows from before an instant, a bounded number at a time.
pub(super) struct Prune {
    pub(super) before: Timestamp,
    pub(super) limit: u32,
}

impl Command for Prune {
    type Answer = u64;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    /// Rows are numbered in the order of their writing, so the oldest are the first: the walk ends at the first young
    /// one it meets among `limit`.
    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<u64>, Fault> {
        let mut answers = Vec::with_capacity(commands.len());
        for prune in commands {
            let done = sqlx::query(
                "DELETE FROM trace WHERE n IN (SELECT n FROM (SELECT n, at FROM trace \
                 ORDER BY n LIMIT ?2) WHERE at < ?1)",
            )
            .bind(prune.before.ticks())
            .bind(prune.limit)
            .execute(&mut *tx.conn)
            .await?;
            answers.push(done.rows_affected());
        }
        Ok(answers)
    }
}
