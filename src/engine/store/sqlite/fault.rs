//! A failure inside the SQLite side, before it is known which file to name.

use std::path::Path;
use std::sync::Arc;

use super::super::Error;

/// What a command ran into.
#[derive(Debug)]
pub(super) enum Fault {
    /// The database said so.
    Sql(sqlx::Error),
    /// A column holds what it cannot hold.
    Unreadable { column: &'static str, value: String },
    /// The engine's epoch is not the store's any more.
    TakenOver,
    /// The command was refused, for a reason that is complete in itself.
    Refused(Error),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// SQLite's primary result codes that this module acts on.
mod code {
    pub(super) const BUSY: i64 = 5;
    pub(super) const LOCKED: i64 = 6;
    pub(super) const NOMEM: i64 = 7;
    pub(super) const READONLY: i64 = 8;
    pub(super) const INTERRUPT: i64 = 9;
    pub(super) const IOERR: i64 = 10;
    pub(super) const CORRUPT: i64 = 11;
    pub(super) const FULL: i64 = 13;
    pub(super) const CANTOPEN: i64 = 14;
    pub(super) const NOTADB: i64 = 26;
}

/// The primary result code: the low byte of the extended one.
fn primary(error: &sqlx::Error) -> Option<i64> {
    error
        .as_database_error()?
        .code()?
        .parse::<i64>()
        .ok()
        .map(|code| code & 0xff)
}

impl Fault {
    /// Whether the transaction cannot be gone on with: every member of the group fails with it.
    pub(super) fn spoils_the_group(&self) -> bool {
        match self {
            Self::Sql(error) => match primary(error) {
                Some(code) => matches!(
                    code,
                    code::BUSY
                        | code::LOCKED
                        | code::NOMEM
                        | code::READONLY
                        | code::INTERRUPT
                        | code::IOERR
                        | code::CORRUPT
                        | code::FULL
                        | code::NOTADB
                ),
                None => true,
            },
            Self::Unreadable { .. } | Self::TakenOver | Self::Refused(_) => false,
        }
    }

    /// The error for callers, naming the file.
    pub(super) fn at(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        let error = match self {
            Self::Sql(error) => error,
            Self::Unreadable { column, value } => {
                return Error::Unreadable {
                    path,
                    column,
                    value,
                };
            }
            Self::TakenOver => return Error::TakenOver { path },
            Self::Refused(error) => return error,
        };
        match primary(&error) {
            Some(code::BUSY | code::LOCKED) => Error::Busy { path },
            Some(code::READONLY) => Error::ReadOnly { path },
            Some(code::FULL) => Error::DiskFull { path },
            Some(code::NOTADB) => Error::NotAStore { path },
            Some(code::CORRUPT) => Error::Corrupt {
                path,
                detail: detail(&error),
            },
            Some(code::CANTOPEN) => Error::Unopened {
                path,
                source: Arc::new(std::io::Error::other(detail(&error))),
            },
            Some(_) | None => Error::Database {
                path,
                source: Arc::new(error),
            },
        }
    }
}

fn detail(error: &sqlx::Error) -> String {
    error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned())
}
