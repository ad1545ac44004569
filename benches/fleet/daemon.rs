//! `syncline serve` as a process of its own, and what it costs while it runs.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::time::Instant;

use crate::process;
use crate::sample::{memory, open_files};
use crate::world::World;

/// A daemon that serves. It ends with this value.
pub(crate) struct Daemon {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it awaits webhooks.
    pub(crate) hooks: SocketAddr,
    /// From its start until it listened.
    pub(crate) ready: Duration,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // What it has stored is what is wanted of it, and nobody reads that either.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What it holds and has cost at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// When.
    pub(crate) at: Instant,
    /// User and system time so far.
    pub(crate) cpu: Duration,
    /// Resident memory in MiB.
    pub(crate) memory: f64,
    /// Open files.
    pub(crate) files: f64,
}

impl Daemon {
    /// Starts it and waits until it listens.
    pub(crate) fn start(world: &World) -> anyhow::Result<Self> {
        let started = Instant::now();
        let mut child = world
            .syncline()
            .args(["serve", "--hooks", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .args(["--format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(world.log())?)
            .spawn()
            .context("the daemon cannot be started")?;
        let mut stdout = BufReader::new(child.stdout.take().context("stdout is piped")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let line: Value = serde_json::from_str(&line).with_context(|| {
            let talk = std::fs::read_to_string(world.log()).unwrap_or_default();
            format!("the daemon did not listen: {talk}")
        })?;
        Ok(Self {
            hooks: line["listening"].as_str().context("an address")?.parse()?,
            child,
            stdout,
            ready: started.elapsed(),
        })
    }

    /// What it holds now.
    pub(crate) fn sample(&self) -> anyhow::Result<Sample> {
        let id = self.child.id();
        let gone = "the daemon ended";
        Ok(Sample {
            at: Instant::now(),
            cpu: process::cpu(id).context(gone)?,
            memory: mebibytes(memory(id).context(gone)?),
            #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
            files: open_files(id).context(gone)? as f64,
        })
    }

    /// Tells it to stop, and waits. What it says of the webhooks it got.
    pub(crate) fn stop(mut self) -> anyhow::Result<(Duration, Value)> {
        let asked = Instant::now();
        let mut kill = Command::new("kill");
        process::cost(kill.args(["-TERM", &self.child.id().to_string()]))?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the daemon ended with {status}");
        Ok((asked.elapsed(), serde_json::from_str(&line)?))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
