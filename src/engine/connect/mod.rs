//! HTTP out: one file per policy.
