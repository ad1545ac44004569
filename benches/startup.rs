//! How long it takes until the program can do anything: a cold start of `syncline --version`.
//!
//! `cargo bench --bench startup`

#[path = "support/table.rs"]
mod table;
#[path = "support/timed.rs"]
mod timed;

use std::process::Command;

use table::{heading, line, verdict};
use timed::timed;

const SYNCLINE: &str = env!("CARGO_BIN_EXE_syncline");

fn main() -> anyhow::Result<()> {
    heading("syncline --version, best of 20");
    let best = timed(Command::new(SYNCLINE).arg("--version"), 20)?;
    verdict(
        "from start to end of the process",
        1e3 * best.as_secs_f64(),
        "ms",
        ..=20.0,
    );
    line("\nAgain: cargo bench --bench startup");
    Ok(())
}
