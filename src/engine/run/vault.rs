//! Refresh tokens at rest (P6, S25): sealed with a key that is not in the store, each with its predecessor.

use std::sync::Arc;

use futures::future::BoxFuture;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::engine::connect::{
    Secret, StoredTokens, TokenGeneration, TokenVault, VaultError, VaultKey,
};
use crate::engine::store::{
    self, AccountId, AccountRow, Rotate, Rotated, Sealed, SqliteStore, Store as _,
};

/// What the key of the tokens is derived for: another use of the same secret gives another key.
const PURPOSE: &str = "syncline 2026 refresh tokens at rest";

/// Keeps refresh tokens in the store, sealed.
pub struct StoreVault {
    store: Arc<SqliteStore>,
    key: LessSafeKey,
}

impl std::fmt::Debug for StoreVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreVault(***)")
    }
}

impl StoreVault {
    /// Seals with a key derived from `secret`.
    pub fn new(store: Arc<SqliteStore>, secret: &Secret) -> Self {
        let bytes = blake3::derive_key(PURPOSE, secret.expose().as_bytes());
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).expect("a derived key has 32 bytes");
        Self {
            store,
            key: LessSafeKey::new(key),
        }
    }

    /// The nonce, then the sealed text. The account is bound in: a token moved to another account does not open.
    fn seal(&self, key: &VaultKey, token: &Secret) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let mut text = token.expose().as_bytes().to_vec();
        let bound = Aad::from(key.to_string());
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text)
            .ok()?;
        Some(Sealed([&nonce[..], &text].concat()))
    }

    fn unseal(&self, key: &VaultKey, sealed: &Sealed) -> Result<Secret, VaultError> {
        let failed = || VaultError::Sealed { key: key.clone() };
        let (nonce, text) = sealed.0.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut text = text.to_vec();
        let open = self
            .key
            .open_in_place(nonce, Aad::from(key.to_string()), &mut text)
            .map_err(|_| failed())?;
        let token = String::from_utf8(open.to_vec()).map_err(|_| failed())?;
        Ok(Secret::new(token))
    }

    fn stored(&self, key: &VaultKey, row: &AccountRow) -> Result<Option<StoredTokens>, VaultError> {
        let Some(current) = &row.sealed_refresh else {
            return Ok(None);
        };
        Ok(Some(StoredTokens {
            current: self.unseal(key, current)?,
            previous: row
                .sealed_prev
                .as_ref()
                .map(|sealed| self.unseal(key, sealed))
                .transpose()?,
            generation: TokenGeneration(row.token_gen),
        }))
    }
}

fn account(key: &VaultKey) -> AccountId {
    AccountId {
        tenant: key.tenant.clone(),
        connector: key.connector.clone(),
    }
}

fn store_failed(key: &VaultKey, error: store::Error) -> VaultError {
    VaultError::Store {
        key: key.clone(),
        source: Arc::new(error),
    }
}

impl TokenVault for StoreVault {
    fn load<'v>(
        &'v self,
        key: &'v VaultKey,
    ) -> BoxFuture<'v, Result<Option<StoredTokens>, VaultError>> {
        Box::pin(async move {
            match self
                .store
                .account(&account(key))
                .await
                .map_err(|error| store_failed(key, error))?
            {
                Some(row) => self.stored(key, &row),
                None => Ok(None),
            }
        })
    }

    fn rotate<'v>(
        &'v self,
        key: &'v VaultKey,
        from: TokenGeneration,
        token: &'v Secret,
    ) -> BoxFuture<'v, Result<(), VaultError>> {
        Box::pin(async move {
            let sealed = self
                .seal(key, token)
                .ok_or_else(|| VaultError::Sealed { key: key.clone() })?;
            let rotate = Rotate {
                account: account(key),
                token_gen: from.0,
                sealed,
            };
            match self
                .store
                .rotate(rotate)
                .await
                .map_err(|error| store_failed(key, error))?
            {
                Rotated::Stored { .. } => Ok(()),
                Rotated::Moved(_) => Err(VaultError::Moved { key: key.clone() }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::clock::Timestamp;
    use crate::engine::record::{ConnectorName, TenantName};

    use super::*;

    fn key(tenant: &str) -> VaultKey {
        VaultKey {
            tenant: TenantName::from(tenant),
            connector: ConnectorName::from("api"),
        }
    }

    async fn store() -> Arc<SqliteStore> {
        Arc::new(
            SqliteStore::in_memory(Timestamp::from_unix_seconds(1))
                .await
                .unwrap(),
        )
    }

    #[tokio::test]
    async fn a_rotated_token_comes_back_with_its_predecessor_and_only_with_its_key() {
        let store = store().await;
        let vault = StoreVault::new(store.clone(), &Secret::new("sealing key".to_owned()));
        let acme = key("acme");
        assert!(vault.load(&acme).await.unwrap().is_none());
        vault
            .rotate(&acme, TokenGeneration(0), &Secret::new("first".to_owned()))
            .await
            .unwrap();
        vault
            .rotate(&acme, TokenGeneration(1), &Secret::new("second".to_owned()))
            .await
            .unwrap();
        let kept = vault.load(&acme).await.unwrap().unwrap();
        assert_eq!(kept.current.expose(), "second");
        assert_eq!(kept.previous.unwrap().expose(), "first");
        assert_eq!(kept.generation, TokenGeneration(2));

        let stale = vault
            .rotate(&acme, TokenGeneration(0), &Secret::new("third".to_owned()))
            .await;
        assert!(matches!(stale, Err(VaultError::Moved { .. })), "{stale:?}");
        let other = StoreVault::new(store.clone(), &Secret::new("another key".to_owned()));
        assert!(matches!(
            other.load(&acme).await,
            Err(VaultError::Sealed { .. })
        ));
        let row = store.account(&account(&acme)).await.unwrap().unwrap();
        let text = String::from_utf8_lossy(&row.sealed_refresh.clone().unwrap().0).into_owned();
        assert!(!text.contains("second"));
        let moved = vault.stored(&key("globex"), &row);
        assert!(
            matches!(moved, Err(VaultError::Sealed { .. })),
            "a token belongs to its account"
        );
    }
}
