//! One trace for each record over both systems.

use tracing::Span;

/// Puts a span into the trace of what its work is serial by: all attempts at one work order, in both directions and
/// over restarts, are one trace. Does nothing where no traces go out.
pub fn of_root(span: Span, tenant: &str, root: &str) -> Span {
    #[cfg(feature = "otlp")]
    super::otlp::begin(&span, tenant, root);
    #[cfg(not(feature = "otlp"))]
    let (_, _) = (tenant, root);
    span
}
