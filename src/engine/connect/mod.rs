//! HTTP out: one file per policy.
//!
//! A [`Network`] is what all connections share. It opens a [`Connection`] for a tenant's account with a connector,
//! which renders requests from the plan, [`admit`](Connection::admit)s them by rate windows and the account's health,
//! and [`send`](Connection::send)s them. What comes back is a [`Reply`] or a [`Failure`] that says what kind it is and
//! whether the request may have taken effect. Lists are read by the pure machines of [`paging`].
//!
//! Nothing here retries but one: a token that is refused is renewed once and the request sent once more. Texts that
//! leave this module hold no secret.

mod auth;
mod backoff;
mod body;
mod classify;
mod client;
mod connection;
mod encode;
mod failure;
mod files;
mod gate;
mod health;
mod limit;
mod network;
pub mod paging;
mod redact;
mod request;
mod retry_after;
mod script;
mod secrets;
mod sign;
mod turnstile;
mod webhook;

pub use auth::{StoredTokens, TokenGeneration, TokenVault, VaultError, VaultKey};
pub use backoff::{Jitter, NextAttempt, ceiling, next_attempt};
pub use client::ClientError;
#[cfg(feature = "otlp")]
pub use client::{Courier, Undelivered};
pub use connection::{Connection, Hooks, NoHooks, Withdrawn};
pub use failure::{Class, Failure, Reply, ReplyBody, Standing, Wire};
pub use files::PassedOnFile;
pub use gate::{Admission, Contact};
pub use health::{AccountHealth, Gate, Passage, Pause, PauseReason, Sign};
pub use network::{Budget, ConnectError, Network};
pub use redact::Redactor;
pub use request::{HttpRequest, Place, RenderError};
pub use script::{Answer, Asked, Script};
pub use secrets::{Secret, SecretError, Secrets};
pub use turnstile::Priority;
pub use webhook::{Named, Webhook};
