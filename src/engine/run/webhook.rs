//! What a delivery leads to: the record it names is marked to be read again, in every pipeline that listens (T1h).

use futures::future::try_join_all;

use super::attempt::key_text;
use super::tenant::TenantRun;
use crate::engine::connect::Named;
use crate::engine::record::{PipelineName, RecordKey};
use crate::engine::store::{self, Hint, Mark, Store as _};
use crate::lang::plan::Pipeline;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// What it names is marked, durably.
    Marked,
    /// It names nothing, or nobody listens.
    Nothing,
    /// The tenant is off or paused (S40): what happens meanwhile is found when it is on again.
    Off,
}

/// Since when the phase of the tenant is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Before,
    Now,
}

impl TenantRun {
    /// Marks the record that a delivery of a webhook names. When this returns the mark is durable.
    pub async fn receive(
        &self,
        connector: &str,
        webhook: &str,
        named: Named,
    ) -> store::Result<Received> {
        // What is known of the tenant may be old: then its fence says so.
        let mut known = Known::Before;
        if !self.was_on() {
            if !self.is_on().await? {
                return Ok(Received::Off);
            }
            known = Known::Now;
        }
        let Named::Record { key, version } = named else {
            return Ok(Received::Nothing);
        };
        let Some(key) = key_text(&key).map(RecordKey::from) else {
            return Ok(Received::Nothing);
        };
        let want = version.map(|version| Mark {
            text: version.as_str().to_owned(),
            at: version.instant(),
        });
        let at = self.clock.now();
        let listen = |pipeline: &&std::sync::Arc<Pipeline>| {
            let trigger = pipeline.trigger.as_ref();
            *pipeline.fetch.request.connector == *connector
                && trigger.is_some_and(|it| it.webhooks.iter().any(|name| **name == *webhook))
        };
        let listening: Vec<_> = self.pipelines().filter(listen).collect();
        loop {
            let hints = listening.iter().map(|pipeline| {
                self.store.hint(Hint {
                    fence: self.fence(),
                    identity: self.identity(connector).clone(),
                    pipeline: PipelineName::from(&*pipeline.name),
                    keys: vec![(key.clone(), want.clone())],
                    at,
                })
            });
            match try_join_all(hints).await {
                Ok(hinted) if hinted.is_empty() => return Ok(Received::Nothing),
                Ok(_) => {
                    self.wake.notify_one();
                    return Ok(Received::Marked);
                }
                Err(store::Error::EpochMoved { .. }) => {
                    if known == Known::Now || !self.is_on().await? {
                        return Ok(Received::Off);
                    }
                    known = Known::Now;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
