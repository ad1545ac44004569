//! Whether the store can be written: asked by whoever must say that the engine is ready.

use super::fault::Fault;
use super::writer::{Command, Tx};
use crate::engine::crash::CrashPoint;

/// Writes the row of the store over itself.
pub(super) struct Probe;

impl Command for Probe {
    type Answer = ();

    const SHARES: bool = true;

    fn points(&self) -> &'static [(CrashPoint, CrashPoint)] {
        &[]
    }

    async fn run(tx: &mut Tx<'_>, commands: &[&Self]) -> Result<Vec<()>, Fault> {
        sqlx::query("UPDATE meta SET boots = boots WHERE one = 1")
            .execute(&mut *tx.conn)
            .await?;
        Ok(vec![(); commands.len()])
    }
}
