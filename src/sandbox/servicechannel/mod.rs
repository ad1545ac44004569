//! The simulated ServiceChannel.
