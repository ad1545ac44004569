//! The environment, read in one place: logging, colour, the crash points of tests, the process's runtime.
#![expect(
    clippy::disallowed_methods,
    reason = "this file owns reading the environment for the command line"
)]

use std::env;

use anyhow::Context as _;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use super::args::LogFormat;
use super::log::JsonLines;
use super::otlp::Traces;
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::crash::{self, CrashPoint};

/// Sends log lines to stderr, and spans to a collector where one is given.
pub(super) fn logging(filter: Option<&str>, format: LogFormat, traces: &Traces) {
    let filter =
        EnvFilter::try_new(filter.unwrap_or("warn")).unwrap_or_else(|_| EnvFilter::new("warn"));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => lines.with_target(false).with_ansi(colour_wanted()).boxed(),
        LogFormat::Json => lines
            .event_format(JsonLines)
            .fmt_fields(JsonFields::new())
            .boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces.layer());
    // A second logger in one process is refused; the first goes on.
    drop(subscriber.try_init());
}

/// `SYNCLINE_OTLP`: the collector that traces go to.
pub(super) fn collector() -> Option<String> {
    env::var("SYNCLINE_OTLP")
        .ok()
        .filter(|value| !value.is_empty())
}

/// Where the service manager listens, if one started this process.
pub(super) fn notify_socket() -> Option<std::ffi::OsString> {
    env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty())
}

/// Whether colour is wanted: <https://no-color.org>.
pub(super) fn colour_wanted() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// `SYNCLINE_CRASH_AT=NAME[:N]` makes the process die at the N-th pass of a crash point; for tests.
pub(super) fn crash_points() -> anyhow::Result<()> {
    let Ok(wanted) = env::var("SYNCLINE_CRASH_AT") else {
        return Ok(());
    };
    let (name, nth) = match wanted.split_once(':') {
        Some((name, nth)) => (
            name,
            nth.parse()
                .with_context(|| format!("SYNCLINE_CRASH_AT: `{nth}` is no number"))?,
        ),
        None => (wanted.as_str(), 1),
    };
    if crash::arm(name, nth) {
        return Ok(());
    }
    let known: Vec<&str> = CrashPoint::ALL.iter().map(|point| point.name()).collect();
    anyhow::bail!(
        "SYNCLINE_CRASH_AT: there is no point `{name}`; there are {}",
        known.join(", ")
    )
}

/// The clock: the machine's, or `SYNCLINE_CLOCK=START*RATE` for tests, e.g. `2026-04-03T00:00:00Z*100`.
pub(super) fn clock() -> anyhow::Result<Clock> {
    let Ok(wanted) = env::var("SYNCLINE_CLOCK") else {
        return Ok(Clock::real());
    };
    let (start, rate) = wanted.split_once('*').unwrap_or((&wanted, "1"));
    match (Timestamp::parse(start), rate.parse()) {
        (Some(start), Ok(rate)) => Ok(Clock::starting(start, rate)),
        (Some(_) | None, _) => {
            anyhow::bail!("SYNCLINE_CLOCK is `{wanted}`, which is not START*RATE")
        }
    }
}

/// Who is at the keyboard, for the audit log.
pub(super) fn user() -> String {
    ["SYNCLINE_BY", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "command line".to_owned())
}

/// The runtime of the process.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
