//! Links in SQLite, committed in batches.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Links in one commit.
const BATCH: usize = 50;

/// What a row of the source became.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) entity: &'static str,
    pub(super) key: u64,
    pub(super) target: u64,
}

/// The one writer of the file.
pub(super) struct Links {
    sender: mpsc::Sender<Link>,
    writer: JoinHandle<anyhow::Result<()>>,
}

impl Links {
    /// Makes the file, as durable as the engine's.
    pub(super) async fn open(file: &Path) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = options.connect().await?;
        sqlx::query(
            "CREATE TABLE link (entity TEXT NOT NULL, key INTEGER NOT NULL, target INTEGER NOT NULL, \
             PRIMARY KEY (entity, key)) STRICT, WITHOUT ROWID",
        )
        .execute(&mut connection)
        .await?;
        let (sender, links) = mpsc::channel(2 * BATCH);
        let writer = TaskTracker::new().spawn(write(connection, links));
        Ok(Self { sender, writer })
    }

    /// Where links are sent to.
    pub(super) fn sender(&self) -> mpsc::Sender<Link> {
        self.sender.clone()
    }

    /// Commits what is left, once all senders are gone.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        drop(self.sender);
        self.writer.await?
    }
}

async fn write(
    mut connection: SqliteConnection,
    mut links: mpsc::Receiver<Link>,
) -> anyhow::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        while batch.len() < BATCH {
            let Some(link) = links.recv().await else {
                break;
            };
            batch.push(link);
        }
        if batch.is_empty() {
            connection.close().await?;
            return Ok(());
        }
        let mut commit = connection.begin().await?;
        for link in batch.drain(..) {
            sqlx::query("INSERT INTO link (entity, key, target) VALUES ($1, $2, $3)")
                .bind(link.entity)
                .bind(link.key.cast_signed())
                .bind(link.target.cast_signed())
                .execute(&mut *commit)
                .await?;
        }
        commit.commit().await?;
    }
}
