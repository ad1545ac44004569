//! One test binary: one link.

mod sandbox;
