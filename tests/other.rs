//! Another integration, written without touching Rust: two made-up APIs that share neither credentials, paging nor
//! the look of their keys with what Syncline ships, and a workspace of YAML that keeps them in step.
//!
//! The APIs are small servers of these tests; the workspace is run by the real binary, as a person would.

pub(crate) mod apis;
mod reload;
mod servers;
mod sync;
mod trouble;
mod workspace;
mod world;
