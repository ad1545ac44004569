//! One test binary: one link.
mod diagnostics;
