//! Where rotating refresh tokens are kept (S25): sealed, with their predecessor.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use thiserror::Error;

use crate::engine::connect::secrets::Secret;
use crate::engine::record::{ConnectorName, TenantName};

/// Whose refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VaultKey {
    /// Which tenant.
    pub tenant: TenantName,
    /// With which connector.
    pub connector: ConnectorName,
}

impl fmt::Display for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.connector, self.tenant)
    }
}

/// Counts how often a refresh token was replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenGeneration(pub i64);

/// The refresh tokens of an account.
#[derive(Clone, Debug)]
pub struct StoredTokens {
    /// The latest that was received.
    pub current: Secret,
    /// The one before it: after a reply that was lost the source may still know only this one.
    pub previous: Option<Secret>,
    /// Of the latest.
    pub generation: TokenGeneration,
}

/// Seals and keeps refresh tokens.
pub trait TokenVault: Send + Sync + fmt::Debug {
    /// What is kept of an account; nothing before its first rotation.
    fn load<'v>(
        &'v self,
        key: &'v VaultKey,
    ) -> BoxFuture<'v, Result<Option<StoredTokens>, VaultError>>;

    /// Makes a new refresh token durable where the generation is still `from`: the latest becomes the predecessor
    /// (T7). The access token that came with it is used only after this returns (P6). A crash before it: the source
    /// knows a token that we do not, and the predecessor is tried. After it: final.
    fn rotate<'v>(
        &'v self,
        key: &'v VaultKey,
        from: TokenGeneration,
        token: &'v Secret,
    ) -> BoxFuture<'v, Result<(), VaultError>>;
}

/// Why a refresh token could not be kept or read.
#[derive(Clone, Debug, Error)]
pub enum VaultError {
    /// There is no key to seal with.
    #[error(
        "there is no sealing key, and the refresh token of {key} changes with every use; give the engine a sealing key"
    )]
    NoKey {
        /// Whose.
        key: VaultKey,
    },
    /// What is kept cannot be opened.
    #[error(
        "the refresh token of {key} cannot be opened with this sealing key; give the engine the key it was sealed with, or log in again"
    )]
    Sealed {
        /// Whose.
        key: VaultKey,
    },
    /// Somebody else replaced it meanwhile.
    #[error("the refresh token of {key} was replaced by another engine")]
    Moved {
        /// Whose.
        key: VaultKey,
    },
    /// The store failed.
    #[error("the refresh token of {key} could not be kept: {source}")]
    Store {
        /// Whose.
        key: VaultKey,
        /// Why.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
