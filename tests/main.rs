//! One test binary: one link.

mod sandbox;
mod schemas;
mod store;
