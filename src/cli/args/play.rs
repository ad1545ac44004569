//! Flags of what plays with the simulators: `demo` and `sandbox`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    /// Sync everything once and end with a summary.
    #[arg(long, env = "SYNCLINE_DEMO_ONCE")]
    pub(in crate::cli) once: bool,
    /// Work orders at the start: 500, or 60 where a story is played.
    #[arg(long, env = "SYNCLINE_DEMO_WORK_ORDERS", value_name = "N")]
    pub(in crate::cli) work_orders: Option<usize>,
    /// A story that people on both sides play; the demo ends with it.
    #[arg(
        long,
        env = "SYNCLINE_DEMO_SCENARIO",
        value_enum,
        value_name = "NAME",
        conflicts_with = "once"
    )]
    pub(in crate::cli) scenario: Option<Story>,
    /// Work orders that arrive in a minute.
    #[arg(
        long,
        env = "SYNCLINE_DEMO_PER_MINUTE",
        default_value_t = 60,
        value_name = "N"
    )]
    pub(in crate::cli) per_minute: u32,
    /// Faults of the simulators.
    #[arg(long, env = "SYNCLINE_DEMO_FAULTS", value_enum, default_value_t = Faults::None)]
    pub(in crate::cli) faults: Faults,
    /// Where the console is; any free port when none is said.
    #[arg(
        long,
        env = "SYNCLINE_DEMO_CONSOLE",
        default_value = "127.0.0.1:0",
        value_name = "ADDR"
    )]
    pub(in crate::cli) console: SocketAddr,
    /// The folder for the demo's store and secrets; emptied of them at every start.
    #[arg(
        long,
        env = "SYNCLINE_DEMO_DIR",
        default_value = "syncline-demo",
        value_name = "DIR"
    )]
    pub(in crate::cli) dir: PathBuf,
}

/// A story that people on both sides play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Story {
    /// The office accepts, declines and books.
    Accept,
    /// A day of jobs, with changes on both sides, an invoice and its approval.
    FullDay,
    /// The same, while much goes wrong.
    ChaosDay,
}

/// Faults of the simulators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Faults {
    /// None.
    None,
    /// Slow replies.
    Calm,
    /// Some requests fail, some replies are lost.
    Flaky,
    /// Many do.
    Storm,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SandboxArgs {
    /// Where the simulated source of work orders listens.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_SOURCE",
        default_value = "127.0.0.1:7801",
        value_name = "ADDR"
    )]
    pub(in crate::cli) source: SocketAddr,
    /// Where the simulated target of bookings and jobs listens.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_TARGET",
        default_value = "127.0.0.1:7802",
        value_name = "ADDR"
    )]
    pub(in crate::cli) target: SocketAddr,
    /// A story that people on both sides play, once something syncs them.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_SCENARIO",
        value_enum,
        value_name = "NAME"
    )]
    pub(in crate::cli) scenario: Option<Story>,
    /// Work orders at the start.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_WORK_ORDERS",
        default_value_t = 500,
        value_name = "N"
    )]
    pub(in crate::cli) work_orders: usize,
    /// Work orders that arrive in a minute.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_PER_MINUTE",
        default_value_t = 0,
        value_name = "N"
    )]
    pub(in crate::cli) per_minute: u32,
    /// Seed of the made-up data.
    #[arg(
        long,
        env = "SYNCLINE_SANDBOX_SEED",
        default_value_t = 1,
        value_name = "N"
    )]
    pub(in crate::cli) seed: u64,
    /// Faults of both simulators.
    #[arg(long, env = "SYNCLINE_SANDBOX_FAULTS", value_enum, default_value_t = Faults::None)]
    pub(in crate::cli) faults: Faults,
    /// Without the rate limits of the real APIs.
    #[arg(long, env = "SYNCLINE_SANDBOX_UNLIMITED")]
    pub(in crate::cli) unlimited: bool,
}
