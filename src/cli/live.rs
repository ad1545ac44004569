//! The live view of a run, its summary, and Ctrl-C.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::out::Out;
use crate::engine::run::Counters;

/// Cancels `stop` at Ctrl-C or SIGTERM. What runs ends its present work first.
pub(super) fn stop_on_ctrl_c(stop: CancellationToken, out: Out) -> Watch {
    // Signals are caught from here on, not from when the task first runs.
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let (mut interrupt, mut terminate) = (signal(interrupt).ok(), signal(terminate).ok());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        tokio::select! {
            () = told(&mut interrupt) => {}
            () = told(&mut terminate) => {}
        }
        out.talk("stopping: what was begun is ended first");
        stop.cancel();
    });
    Watch(tasks)
}

/// Waits for a signal; for ever where it cannot be caught.
async fn told(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Waits for a signal until it is dropped.
pub(super) struct Watch(JoinSet<()>);

impl Watch {
    pub(super) fn abort(mut self) {
        self.0.abort_all();
    }
}

/// A line that is drawn over and over while something runs.
pub(super) struct Live(ProgressBar);

impl Live {
    /// Shown on a terminal; elsewhere nothing is drawn.
    pub(super) fn start(out: Out) -> Self {
        let bar = if out.is_terminal() {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed_precise}  {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(super) fn say(&self, text: String) {
        self.0.set_message(text);
    }

    /// Prints a line above the live one.
    pub(super) fn note(&self, out: Out, text: &str) {
        self.0.suspend(|| out.talk(text));
    }

    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// What a run came to, for people.
pub(super) fn summary(counters: &Counters, took: Duration) -> String {
    let per_second = if worked(counters) > 0 && took.as_secs_f64() > 0.0 {
        format!(
            " ({:.0} records per second)",
            worked_per(counters, took.as_secs_f64())
        )
    } else {
        String::new()
    };
    format!(
        "{} on {}, {} new; {} written, {} unchanged, {} skipped, {} held, {} given up\n\
         {} created, {} updated, {} found and linked; {} and {} in {:.1} s{per_second}",
        number(counters.fetched, "rows"),
        number(counters.pages, "pages"),
        counters.new,
        counters.written,
        counters.unchanged + counters.echo,
        counters.skipped,
        counters.held,
        counters.dead,
        counters.created,
        counters.updated,
        counters.adopted,
        number(counters.requests, "requests"),
        number(counters.retry, "retries"),
        took.as_secs_f64(),
    )
}

/// A number of things: `1 page`, `2 pages`.
pub(super) fn number(count: u64, things: &str) -> String {
    let one = match things.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => things.trim_end_matches('s').to_owned(),
    };
    format!("{count} {}", if count == 1 { &one } else { things })
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn worked_per(counters: &Counters, seconds: f64) -> f64 {
    worked(counters) as f64 / seconds
}

/// Attempts that came to an end.
fn worked(counters: &Counters) -> u64 {
    counters.written
        + counters.unchanged
        + counters.echo
        + counters.skipped
        + counters.held
        + counters.dead
}
