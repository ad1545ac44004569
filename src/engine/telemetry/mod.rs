//! Names of metrics, spans and fields.
