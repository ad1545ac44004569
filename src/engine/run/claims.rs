//! Claims in memory: who writes a link holds it (S3). Across restarts the link row's open intent is the claim.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Keys that are held one at a time. Whoever meets a held key waits for it, in order of arrival.
#[derive(Debug)]
pub(crate) struct Claims<K>(Arc<Mutex<HashMap<K, Arc<AsyncMutex<()>>>>>);

impl<K> Clone for Claims<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for Claims<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// Holds a key until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim<K: Eq + Hash> {
    key: K,
    claims: Claims<K>,
    guard: Option<OwnedMutexGuard<()>>,
}

impl<K: Clone + Eq + Hash> Claims<K> {
    /// Takes `key`, waiting while someone else holds it.
    pub(crate) async fn take(&self, key: K) -> Claim<K> {
        let lock = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.entry(key.clone()).or_default().clone()
        };
        let guard = lock.lock_owned().await;
        Claim {
            key,
            claims: self.clone(),
            guard: Some(guard),
        }
    }
}

impl<K: Eq + Hash> Drop for Claim<K> {
    fn drop(&mut self) {
        let mut held = self.claims.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.guard = None;
        // The map and this function hold nothing more: whoever waits holds the lock's other handles.
        if held
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            held.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_and_nothing_left_behind() {
        let claims = Claims::default();
        let first = claims.take("a").await;
        let waiting = {
            let claims = claims.clone();
            tokio::task::JoinSet::from_iter([async move { drop(claims.take("a").await) }])
        };
        tokio::task::yield_now().await;
        drop(claims.take("b").await);
        assert_eq!(claims.0.lock().unwrap().len(), 1);
        drop(first);
        waiting.join_all().await;
        assert!(claims.0.lock().unwrap().is_empty());
    }
}
