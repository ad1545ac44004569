//! The store in one SQLite file.

use std::path::PathBuf;
use std::time::Duration;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The file; made when absent.
    pub path: PathBuf,
    /// Who opens it, for the message that another one gets.
    pub holder: String,
    /// How long a foreign lock is waited for (S41).
    pub lock_wait: Duration,
}

/// The store in one SQLite file, readable with `sqlite3` while it is in use.
#[derive(Clone, Debug)]
pub struct SqliteStore {}
