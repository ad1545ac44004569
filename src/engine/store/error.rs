//! What can go wrong with a store.

use std::path::PathBuf;
use std::sync::Arc;

use super::tenant::Phase;
use crate::engine::record::{ConnectorName, Identity, TenantEpoch, TenantName};

/// What can go wrong with a store. Cloned, because one failed commit answers every command in it (S41).
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the store open for writing.
    #[error(
        "the store {} is in use by {holder}; stop it, or give this one another `store`",
        path.display()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who holds it, as it said itself.
        holder: String,
    },
    /// The file was written by a later version.
    #[error(
        "the store {} has schema {found}, this program knows up to {known}; use the program that \
         wrote it, or a later one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest this program knows.
        known: i64,
    },
    /// The file is something else.
    #[error("{} is not a syncline store; give `store` a file of its own", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "the store {} is damaged ({detail}); keep a copy of it, then put back the last backup",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// The file or its folder cannot be opened.
    #[error("the store {} cannot be opened: {source}", path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Arc<std::io::Error>,
    },
    /// There is no such store, and it was to be read only.
    #[error("there is no store at {}; turning on a tenant makes it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file, its folder or its file system cannot be written.
    #[error("the store {} cannot be written: it is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// No room.
    #[error("the store {} cannot be written: the disk is full", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// A foreign lock was waited for in vain (S41).
    #[error("the store {} is locked by another program for more than 1 s", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Another engine opened the store after this one: this one must write no more (S29).
    #[error("another engine has taken over the store {}; this one must stop", path.display())]
    TakenOver {
        /// The file.
        path: PathBuf,
    },
    /// The tenant was turned on or off since the sender looked.
    #[error(
        "tenant {tenant} is {phase} in epoch {}, the command was for epoch {}", epoch.0, expected.0
    )]
    EpochMoved {
        /// Which tenant.
        tenant: TenantName,
        /// The sender's epoch.
        expected: TenantEpoch,
        /// The tenant's phase.
        phase: Phase,
        /// The tenant's epoch.
        epoch: TenantEpoch,
    },
    /// The page is of a scan that is not the cursor's.
    #[error("pipeline {pipeline} of tenant {tenant} has another scan by now")]
    ScanMoved {
        /// Which tenant.
        tenant: TenantName,
        /// Which pipeline.
        pipeline: crate::engine::record::PipelineName,
    },
    /// The order does not fit the tenant's phase.
    #[error("tenant {tenant} is {phase}: it cannot {order}")]
    WrongPhase {
        /// Which tenant.
        tenant: TenantName,
        /// Its phase.
        phase: Phase,
        /// What was ordered.
        order: &'static str,
    },
    /// An intent is on the wire: its outcome comes first.
    #[error("the {entity} of {key} is being written right now; try again when it is done")]
    OnTheWire {
        /// Which kind of link.
        entity: crate::engine::record::EntityName,
        /// Whose.
        key: crate::engine::record::RecordKey,
    },
    /// State is kept under another identity (S30).
    #[error(
        "tenant {tenant} keeps state of {bound} for connector {connector}; it cannot become \
         {wanted}: forget or move that state first"
    )]
    IdentityBound {
        /// Which tenant.
        tenant: TenantName,
        /// Which connector.
        connector: ConnectorName,
        /// The identity of the state.
        bound: Identity,
        /// The identity asked for.
        wanted: Identity,
    },
    /// A row holds what this program cannot read.
    #[error("the store {} holds {value:?} as {column}, which means nothing", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where.
        column: &'static str,
        /// What.
        value: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Anything else the database says.
    #[error("the store {} failed: {source}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: Arc<sqlx::Error>,
    },
}
