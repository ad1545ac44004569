//! One test binary: one link.
mod store;
