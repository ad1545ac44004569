//! How long a short command takes.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

/// The shortest of several runs from start to end; a status other than 0 is an error.
pub(crate) fn timed(command: &mut Command, repeat: usize) -> anyhow::Result<Duration> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut best = Duration::MAX;
    for _ in 0..repeat.max(1) {
        let started = Instant::now();
        let output = command
            .output()
            .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        best = best.min(started.elapsed());
        anyhow::ensure!(
            output.status.success(),
            "{command:?} ended with {}:\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(best)
}
