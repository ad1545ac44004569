//! One test binary: one link.
mod schemas;
mod editor;
