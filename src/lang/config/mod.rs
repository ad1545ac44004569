//! The YAML as Rust types: plain data, no logic.
