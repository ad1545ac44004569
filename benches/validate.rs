//! How long `syncline validate` takes: on the shipped workspace, and on one with 1,000 pipelines.
//!
//! `cargo bench --bench validate`

#[path = "support/table.rs"]
mod table;
#[path = "support/timed.rs"]
mod timed;

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use table::{heading, line, verdict};
use timed::timed;

const SYNCLINE: &str = env!("CARGO_BIN_EXE_syncline");
const PIPELINES: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let workspace = dir.path().join("pipelines");
    timed(
        Command::new(SYNCLINE)
            .arg("init")
            .arg(&workspace)
            .env("SYNCLINE_LOG", "error"),
        1,
    )?;

    heading("syncline validate, best of 10");
    let shipped = timed(&mut validate(&workspace), 10)?;
    verdict(
        "the shipped workspace",
        1e3 * shipped.as_secs_f64(),
        "ms",
        ..=50.0,
    );

    let bytes = multiply(&workspace)?;
    let many = timed(&mut validate(&workspace), 3)?;
    line(&format!(
        "{PIPELINES} more pipelines are {} kB of YAML",
        bytes / 1_000
    ));
    verdict(
        "with 1,000 more pipelines, best of 3",
        many.as_secs_f64(),
        "s",
        ..=2.0,
    );
    line("\nAgain: cargo bench --bench validate");
    Ok(())
}

fn validate(workspace: &Path) -> Command {
    let mut command = Command::new(SYNCLINE);
    command.arg("validate").arg("--workspace").arg(workspace);
    command
}

/// Copies the shipped pipeline under other names.
fn multiply(workspace: &Path) -> anyhow::Result<usize> {
    let folder = workspace.join("servicechannel");
    let shipped = std::fs::read_to_string(folder.join("work-orders.yaml"))?;
    let mut bytes = 0;
    for n in 0..PIPELINES {
        let name = format!("work-orders-{n}");
        let copy = shipped.replacen("name: work-orders\n", &format!("name: {name}\n"), 1);
        anyhow::ensure!(
            copy.len() > shipped.len(),
            "the shipped pipeline has another name"
        );
        bytes += copy.len();
        std::fs::write(folder.join(format!("{name}.yaml")), copy).with_context(|| name.clone())?;
    }
    Ok(bytes)
}
