//! One record's life.
