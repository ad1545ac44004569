//! Where traces go: to the collector of `SYNCLINE_OTLP`, in builds that have the feature `otlp`.

use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

#[cfg(feature = "otlp")]
use crate::engine::telemetry::otlp::Exporter;

/// Sends spans to a collector, if one is given.
#[cfg(feature = "otlp")]
pub(super) struct Traces(Option<Exporter>);

/// Nothing: this build has no traces.
#[cfg(not(feature = "otlp"))]
pub(super) struct Traces;

#[cfg(feature = "otlp")]
impl Traces {
    /// Traces to a collector; requests to it run on `runtime`.
    pub(super) fn to(collector: Option<&str>, runtime: &Handle) -> anyhow::Result<Self> {
        use std::sync::Arc;

        use anyhow::Context as _;
        use futures::FutureExt as _;
        use tokio_util::task::TaskTracker;

        use crate::engine::connect::Courier;

        let Some(endpoint) = collector else {
            return Ok(Self(None));
        };
        let courier = Courier::new()?;
        let (tasks, runtime) = (TaskTracker::new(), runtime.clone());
        // The exporter has a thread of its own, where nothing can talk to a network.
        let sender = Arc::new(move |request| {
            let courier = courier.clone();
            let task = tasks.spawn_on(async move { courier.bring(request).await }, &runtime);
            async move { Ok(task.await??) }.boxed()
        });
        let exporter = Exporter::new(endpoint, sender).context("SYNCLINE_OTLP")?;
        Ok(Self(Some(exporter)))
    }

    /// Hands spans of ours to the collector.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'l> LookupSpan<'l>,
    {
        use tracing_subscriber::filter::{LevelFilter, Targets};

        let ours = || Targets::new().with_target("syncline", LevelFilter::INFO);
        let layer = self.0.as_ref().map(Exporter::layer);
        layer.map(|layer| layer.with_filter(ours()))
    }

    /// Sends what is left.
    pub(super) fn end(&self) {
        if let Some(exporter) = &self.0 {
            exporter.end();
        }
    }
}

#[cfg(not(feature = "otlp"))]
impl Traces {
    /// Refused where a collector is given.
    pub(super) fn to(collector: Option<&str>, _: &Handle) -> anyhow::Result<Self> {
        match collector {
            Some(_) => anyhow::bail!(
                "SYNCLINE_OTLP is set, but this build sends no traces: build it with `--features otlp`"
            ),
            None => Ok(Self),
        }
    }

    /// None.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'l> LookupSpan<'l>,
    {
        None::<tracing_subscriber::layer::Identity>
    }

    /// Nothing is left.
    pub(super) fn end(&self) {}
}
