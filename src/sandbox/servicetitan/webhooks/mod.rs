//! Webhooks (reference section 8): `CloudEvents` about what calls and people did to rows, posted to
//! one URL per event type, signed, tried again after 10, 30, 60 and 300 seconds, and as unreliable
//! as a test wants them to be.
//!
//! `events` says what happened in the vendor's words, `outbox` decides what becomes of it, `post`
//! sends it.

mod events;
mod outbox;
mod post;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use events::of_edits;
pub(crate) use outbox::Outbox;

use super::config::humantime_text;
use super::service::Shared;
use super::value::Instant;
use crate::sandbox::kit;
use outbox::Next;

/// Where webhooks go, how they are signed, and what goes wrong on the way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// Event type, such as `tn.jpm.job-updated`, and the URL that gets it. `*` stands for all types
    /// that are not named.
    pub urls: BTreeMap<String, String>,
    /// How deliveries are signed; not at all without it.
    pub signature: Option<Signature>,
    /// The part of events (0 to 1) that are delivered twice, each time with another `id`.
    pub duplicates: f64,
    /// The part of deliveries (0 to 1) that are never sent.
    pub loss: f64,
    /// How long every delivery waits.
    #[serde(with = "humantime_text")]
    pub delay: Duration,
    /// How much longer, at most, each delivery waits by chance: deliveries overtake each other.
    #[serde(with = "humantime_text")]
    pub spread: Duration,
}

/// How deliveries are signed. The vendor's pages leave header and encoding open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The key of the HMAC-SHA256 over the body.
    pub key: String,
    /// The header it is sent in.
    #[serde(default = "usual_header")]
    pub header: String,
    /// How it is written there.
    #[serde(default)]
    pub encoding: Encoding,
}

fn usual_header() -> String {
    "x-servicetitan-signature".to_owned()
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Lower case hexadecimal.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// Why hooks are not taken.
#[derive(Debug, thiserror::Error)]
pub enum HooksError {
    /// A URL leads elsewhere.
    #[error("webhooks go to http://<loopback address>, and `{url}` is none")]
    NotLoopback {
        /// The URL.
        url: String,
    },
    /// A chance is none.
    #[error("duplicates and loss lie between 0 and 1")]
    Chance,
    /// A header name is none.
    #[error("`{header}` cannot be the name of a header")]
    Header {
        /// The name.
        header: String,
    },
}

impl Hooks {
    /// Says what is wrong with them.
    pub(crate) fn check(&self) -> Result<(), HooksError> {
        for url in self.urls.values() {
            if target(url).is_none() {
                return Err(HooksError::NotLoopback { url: url.clone() });
            }
        }
        let good = |chance: f64| (0.0..=1.0).contains(&chance);
        if !good(self.duplicates) || !good(self.loss) {
            return Err(HooksError::Chance);
        }
        match &self.signature {
            Some(signature) if signature.header.parse::<http::HeaderName>().is_err() => {
                Err(HooksError::Header {
                    header: signature.header.clone(),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn url_of(&self, kind: &str) -> Option<&String> {
        self.urls.get(kind).or_else(|| self.urls.get("*"))
    }
}

/// The URL, when it leads to this machine.
fn target(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    kit::post::loopback(&url).ok().map(|_| url)
}

/// Sends what is due until the simulator stops.
pub(crate) async fn send(shared: Arc<Shared>, stopping: CancellationToken) {
    let clock = shared.kit.clock.clone();
    loop {
        let due = match shared.outbox.next(clock.now()) {
            Next::Due(delivery) => {
                let sent = tokio::select! {
                    sent = post::post(&delivery) => sent,
                    () = stopping.cancelled() => return,
                };
                shared.outbox.ended(&delivery.id, clock.now(), sent);
                continue;
            }
            Next::At(due) => due,
            Next::Nothing => Instant::MAX_UTC,
        };
        tokio::select! {
            () = clock.sleep_until(due) => {}
            () = shared.outbox.filled() => {}
            () = stopping.cancelled() => return,
        }
    }
}
