//! What operators see: metrics, log lines and traces against what really happened, and the files in `docs/` that
//! speak of them.

mod docs;
mod exposition;
mod logs;
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
