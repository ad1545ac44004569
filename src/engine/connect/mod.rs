//! HTTP out: one file per policy.

mod backoff;
mod encode;
mod failure;
mod health;
mod limit;
pub mod paging;
mod redact;
mod retry_after;
mod secrets;
mod turnstile;

pub use backoff::{Jitter, NextAttempt, ceiling, next_attempt};
pub use failure::{Class, Failure, Reply, ReplyBody, Standing, Wire};
pub use health::{AccountHealth, Gate, Passage, Pause, PauseReason, Sign};
pub use redact::Redactor;
pub use secrets::{Secret, SecretError, Secrets};
pub use turnstile::Priority;
