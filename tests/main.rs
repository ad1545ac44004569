//! One test binary: one link.

#[cfg(test)]
mod connect;
