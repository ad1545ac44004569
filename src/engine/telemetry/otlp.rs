//! Traces for an OTLP collector: protobuf over HTTP, in batches. What cannot be sent is dropped, never waited for.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use opentelemetry::trace::{SpanId, TraceId, TracerProvider as _};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::registry::LookupSpan;

/// How long the last batch may take when the process ends.
const LAST: Duration = Duration::from_secs(5);

/// Sends a request and reads its reply, on whichever thread it is asked.
pub type Sender = Arc<
    dyn Fn(http::Request<Bytes>) -> BoxFuture<'static, Result<http::Response<Bytes>, HttpError>>
        + Send
        + Sync,
>;

/// Why no traces can go out.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint}: {cause}")]
pub struct ExportError {
    /// Where to.
    endpoint: String,
    /// Why.
    cause: String,
}

/// Sends spans to a collector.
#[derive(Debug)]
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// One for the collector at `endpoint`, such as `http://127.0.0.1:4318`.
    ///
    /// # Errors
    /// When `endpoint` is no address.
    pub fn new(endpoint: &str, sender: Sender) -> Result<Self, ExportError> {
        let address = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
            .with_endpoint(address)
            .with_headers(HashMap::new())
            .with_http_client(Door(sender))
            .build()
            .map_err(|error| ExportError {
                endpoint: endpoint.to_owned(),
                cause: error.to_string(),
            })?;
        let resource = Resource::builder_empty()
            .with_service_name("syncline")
            .with_attribute(opentelemetry::KeyValue::new(
                "service.version",
                env!("CARGO_PKG_VERSION"),
            ))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_id_generator(Ids::default())
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    /// Hands spans to it.
    pub fn layer<S>(&self) -> OpenTelemetryLayer<S, SdkTracer>
    where
        S: Subscriber + for<'l> LookupSpan<'l>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("syncline"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_target(false)
    }

    /// Sends what is left.
    pub fn end(&self) {
        // There is nobody to tell any more.
        drop(self.0.shutdown_with_timeout(LAST));
    }
}

/// The client of the engine, as the exporter wants it.
struct Door(Sender);

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door")
    }
}

impl HttpClient for Door {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: http::Request<Bytes>,
    ) -> BoxFuture<'async_trait, Result<http::Response<Bytes>, HttpError>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        (self.0)(request)
    }
}

thread_local! {
    /// The trace that the span being begun on this thread is to be in.
    static CHOSEN: Cell<Option<TraceId>> = const { Cell::new(None) };
}

/// Ids by chance, but for the trace that was chosen.
#[derive(Debug, Default)]
struct Ids(RandomIdGenerator);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        CHOSEN.take().unwrap_or_else(|| self.0.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}

/// Begins a span, which has no parent, in the trace of a root.
pub(super) fn begin(span: &Span, tenant: &str, root: &str) {
    CHOSEN.set(Some(trace_id(tenant, root)));
    // Asking for its context makes it begin now, on this thread.
    drop(span.context());
    CHOSEN.set(None);
}

/// The trace of a root: the same in every process.
fn trace_id(tenant: &str, root: &str) -> TraceId {
    let mut hasher = blake3::Hasher::new_derive_key("syncline 2026 trace of a record");
    hasher.update(&(tenant.len() as u64).to_le_bytes());
    hasher.update(tenant.as_bytes());
    hasher.update(root.as_bytes());
    let mut id = [0; 16];
    hasher.finalize_xof().fill(&mut id);
    TraceId::from_bytes(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_has_one_trace_and_tenants_have_their_own() {
        let one = trace_id("acme", "310000123");
        assert_eq!(one, trace_id("acme", "310000123"));
        assert_ne!(one, trace_id("acme", "310000124"));
        assert_ne!(one, trace_id("acm", "e310000123"));
        assert_ne!(one, trace_id("other", "310000123"));
    }
}
