//! Opening: the lock, the file and its mode, migrations, and T0.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use super::super::Error;
use super::fault::Fault;
use crate::engine::clock::Timestamp;
use crate::engine::crash::{self, CrashPoint};
use crate::engine::record::EngineEpoch;

/// The schema's steps. A step that was released is never changed; the next one is appended.
const MIGRATIONS: &[&str] = &[
    include_str!("../sql/0001_initial.sql"),
    include_str!("../sql/0002_pause.sql"),
    include_str!("../sql/0003_schedule.sql"),
];

/// "sync" in ASCII: tells our files from others that SQLite made.
const APPLICATION_ID: i64 = 0x7379_6e63;

/// How long a lock that another program holds on the database is waited for (S41).
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Waiting longer than this for a connection is told.
const SLOW: Duration = Duration::from_secs(10);

/// How often a foreign engine's lock is tried again.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// Statements kept prepared: each has at most seven sizes.
const STATEMENTS: usize = 256;

/// A failure of the file system at the store.
pub(super) fn unopened(path: &Path, source: std::io::Error) -> Error {
    let path = path.to_path_buf();
    if source.kind() == std::io::ErrorKind::ReadOnlyFilesystem {
        return Error::ReadOnly { path };
    }
    Error::Unopened {
        path,
        source: Arc::new(source),
    }
}

/// A file beside the store that is locked while an engine has the store open. The operating system releases the lock
/// when its holder dies, so a stale holder needs no recognising.
pub(super) async fn lock(path: &Path, holder: &str, wait: Duration) -> Result<File, Error> {
    let lock_path = beside(path, "-lock");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_path)
        .map_err(|error| unopened(path, error))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(error)) => return Err(unopened(path, error)),
            Err(TryLockError::WouldBlock) if waited < wait => {
                tokio::time::sleep(LOCK_POLL).await;
                waited += LOCK_POLL;
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                if read.is_err() || holder.is_empty() {
                    "another process".clone_into(&mut holder);
                }
                return Err(Error::Locked {
                    path: path.to_path_buf(),
                    holder,
                });
            }
        }
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(holder.as_bytes()))
        .map_err(|error| unopened(path, error))?;
    Ok(file)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file, readable by its owner only; SQLite gives `-wal` and `-shm` the mode of the file.
pub(super) fn prepare_file(path: &Path) -> Result<(), Error> {
    let file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| unopened(path, error))?;
    for path in [
        path.to_path_buf(),
        beside(path, "-wal"),
        beside(path, "-shm"),
    ] {
        if path.exists() {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
                .map_err(|error| unopened(&path, error))?;
        }
    }
    check_magic(path, file)
}

/// SQLite would call a text file "not a database" at the first read; so do we, before it touches it.
fn check_magic(path: &Path, file: File) -> Result<(), Error> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| unopened(path, error))?;
    if start.is_empty() || start == MAGIC {
        return Ok(());
    }
    Err(Error::NotAStore {
        path: path.to_path_buf(),
    })
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

fn pool(most: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(most)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // When thousands of tenants begin they wait for a reader each, for a moment.
        .acquire_slow_threshold(SLOW)
}

/// The writer's connection: WAL, and an fsync for every commit.
pub(super) async fn write_pool(path: &Path) -> Result<SqlitePool, Fault> {
    let options = options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    Ok(pool(1).connect_with(options).await?)
}

/// Connections that cannot write. They look up single rows, which the operating system's cache serves as well as one
/// of their own.
pub(super) async fn read_pool(path: &Path) -> Result<SqlitePool, Fault> {
    let options = options(path).read_only(true).pragma("cache_size", "-512");
    Ok(pool(2).connect_with(options).await?)
}

/// One connection for everything, gone with the pool.
pub(super) async fn memory_pool() -> Result<SqlitePool, Fault> {
    Ok(pool(1)
        .connect_with(options(Path::new(":memory:")).in_memory(true))
        .await?)
}

/// Says which schema a file has, if it is one of ours; 0 for an empty one.
pub(super) async fn schema(conn: &mut SqliteConnection, path: &Path) -> Result<usize, Fault> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *conn)
        .await?;
    let schema: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *conn)
        .await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
        .fetch_one(&mut *conn)
        .await?;
    if application != APPLICATION_ID && (tables > 0 || schema != 0) {
        return Err(Fault::Refused(Error::NotAStore {
            path: path.to_path_buf(),
        }));
    }
    let known = MIGRATIONS.len();
    usize::try_from(schema)
        .ok()
        .filter(|schema| *schema <= known)
        .ok_or_else(|| {
            Fault::Refused(Error::Newer {
                path: path.to_path_buf(),
                found: schema,
                known: i64::try_from(known).unwrap_or(i64::MAX),
            })
        })
}

/// Brings the schema up to date, each step in a transaction of its own. Crash before a step: it is done at the next
/// start. After: it is not done again.
pub(super) async fn migrate(conn: &mut SqliteConnection, path: &Path) -> Result<(), Fault> {
    let standing = schema(conn, path).await?;
    for (index, step) in MIGRATIONS.iter().enumerate().skip(standing) {
        let version = index + 1;
        let script = format!(
            "BEGIN IMMEDIATE; {step}; PRAGMA application_id = {APPLICATION_ID}; \
             PRAGMA user_version = {version}; COMMIT;"
        );
        sqlx::raw_sql(AssertSqlSafe(script))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// T0: this engine's epoch; what older engines had planned is unknown from now on (S29), or held where only a person
/// may say. Crash before or after: the same again with a higher epoch.
pub(super) async fn begin(
    conn: &mut SqliteConnection,
    holder: &str,
    now: Timestamp,
) -> Result<EngineEpoch, Fault> {
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let epoch: i64 = sqlx::query_scalar(
        "INSERT INTO meta (one, store_id, engine_epoch, engine_holder, boots) \
         VALUES (1, ?1, 1, ?2, 1) ON CONFLICT DO UPDATE SET engine_epoch = engine_epoch + 1, \
         engine_holder = ?2, boots = boots + 1 RETURNING engine_epoch",
    )
    .bind(uuid::Uuid::now_v7().to_string())
    .bind(holder)
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query(
        "UPDATE link SET op_state = iif(op_wait IS NULL, 'held', 'unknown'), op_at = ?1, \
         op_bound = ?1 + op_wait, op_due = iif(op_wait IS NULL, NULL, ?1), finds = 0, \
         fp_written = iif(op = 'update', NULL, fp_written) \
         WHERE op_state = 'planned' AND op_epoch < ?2",
    )
    .bind(now.ticks())
    .bind(epoch)
    .execute(&mut *conn)
    .await?;
    crash::pass(CrashPoint::BeforeOpen);
    sqlx::query("COMMIT").execute(&mut *conn).await?;
    crash::pass(CrashPoint::AfterOpen);
    Ok(EngineEpoch(epoch))
}
