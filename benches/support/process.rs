//! Other processes and what they cost.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

/// How often a running process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What a process cost from its start to its end.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    /// Time that passed.
    pub(crate) wall: Duration,
    /// User and system time, to 10 ms.
    pub(crate) cpu: Duration,
    /// The most memory it ever held, in bytes, up to 10 ms before its end.
    pub(crate) peak: u64,
    /// What it wrote to stdout.
    pub(crate) stdout: String,
}

/// Runs a command to its end; a status other than 0 is an error.
pub(crate) fn cost(command: &mut Command) -> anyhow::Result<Cost> {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let mut pipe = child.stdout.take().context("stdout is piped")?;
    let reader = thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).map(|_| text)
    });
    let mut peak = 0;
    // A process that has ended keeps its times, but no memory, until it is waited for.
    while alive(&child) {
        peak = peak_memory(child.id()).unwrap_or(peak);
        thread::sleep(LOOK);
    }
    let wall = started.elapsed();
    let cpu = cpu(child.id()).context("an ended process has times until it is waited for")?;
    let status = child.wait()?;
    let stdout = reader.join().ok().context("stdout could not be read")??;
    anyhow::ensure!(
        status.success(),
        "{command:?} ended with {status}:\n{stdout}"
    );
    Ok(Cost {
        wall,
        cpu,
        peak,
        stdout,
    })
}

fn alive(child: &Child) -> bool {
    stat(child.id()).is_some_and(|fields| fields.first().is_some_and(|state| state != "Z"))
}

/// User and system time of a process.
pub(crate) fn cpu(id: u32) -> Option<Duration> {
    let ticks: u64 = stat(id)?
        .iter()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Some(Duration::from_millis(ticks * 10))
}

/// The fields behind the name, the state first.
fn stat(id: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn peak_memory(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
