//! What operators see: metrics against what really happened, and the files in `docs/` that speak of them.

mod docs;
mod exposition;
mod metrics;
