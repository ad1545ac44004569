//! A project compiled into what can run.
