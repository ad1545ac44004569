//! The simulated ServiceTitan.
