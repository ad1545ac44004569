//! Thousands of customers on one machine: the daemon as users get it, against simulators of every customer's accounts.
//!
//! `cargo bench --bench fleet -- [--tenants N] [--seconds N] [--per-second N] [--hooks N] [--all-pipelines]`
//! measures polls, latency, CPU, memory and the answers to webhooks;
//! `cargo bench --bench fleet -- soak [--tenants N] [--minutes N] [--per-second N]` runs with faults that come and go.
//!
//! The simulators, whoever calls work orders in and whoever sends webhooks are this process. It shares the machine's
//! cores with the daemon, whose time and memory are counted alone.

#[path = "../support/args.rs"]
mod args;
mod daemon;
mod flood;
mod orders;
mod polls;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/sample.rs"]
mod sample;
mod soak;
#[path = "../support/table.rs"]
mod table;
mod world;

use std::time::Duration;

use syncline::sandbox::fleet::Customer;
use tokio::time::{Instant, sleep, sleep_until};

use args::Args;
use daemon::{Daemon, Sample};
use orders::{Orders, percentile};
use polls::EVERY;
use table::{heading, line, number, verdict};
use world::{Pipelines, Settle, World};

/// Between two looks at the daemon.
const LOOK: Duration = Duration::from_secs(1);
/// How long work orders that have no job yet are waited for at the end.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long webhooks are sent.
const FLOOD: Duration = Duration::from_secs(60);

/// What is measured, and how much of it.
#[derive(Clone, Copy, Debug)]
struct Options {
    tenants: usize,
    seconds: usize,
    per_second: usize,
    hooks: usize,
    pipelines: Pipelines,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    args::install_crypto()?;
    let args = Args::of_process();
    if args.has("soak") {
        return soak::run(
            args.number("--tenants", 2_000)?,
            args.number("--minutes", 20)?,
            args.number("--per-second", 20)?,
        )
        .await;
    }
    let options = Options {
        tenants: args.number("--tenants", 2_000)?,
        seconds: args.number("--seconds", 380)?,
        per_second: args.number("--per-second", 20)?,
        hooks: args.number("--hooks", 500)?,
        pipelines: if args.has("--all-pipelines") {
            Pipelines::All
        } else {
            Pipelines::Five
        },
    };
    measure(options).await?;
    line(&format!("\nAgain: {}", args.again("fleet")));
    Ok(())
}

/// What the daemon cost over a stretch of time.
fn cpu(samples: &[Sample]) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return f64::NAN;
    };
    (last.cpu - first.cpu).as_secs_f64() / (last.at - first.at).as_secs_f64()
}

fn most(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> f64 {
    samples.iter().map(figure).fold(f64::NAN, f64::max)
}

async fn measure(options: Options) -> anyhow::Result<()> {
    heading(&format!(
        "{} tenants, {} work orders a second, {} s",
        options.tenants, options.per_second, options.seconds
    ));
    let started = Instant::now();
    let world = World::start(options.tenants, options.pipelines, Settle::Shipped).await?;
    line(&format!(
        "simulators and workspace are there after {} s",
        number(started.elapsed().as_secs_f64())
    ));
    let checked = process::cost(world.syncline().arg("validate"))?;
    verdict("`validate`", checked.wall.as_secs_f64(), "s", ..=5.0);
    line(&format!(
        "`validate` takes {} s of CPU and {} MiB, and says: {}",
        number(checked.cpu.as_secs_f64()),
        checked.peak >> 20,
        checked.stdout.trim()
    ));
    let took = world.turn_on().await?;
    line(&format!(
        "all are turned on after {} s",
        number(took.as_secs_f64())
    ));

    let daemon = Daemon::start(&world)?;
    verdict(
        "`serve` until it listens",
        daemon.ready.as_secs_f64(),
        "s",
        ..=10.0,
    );
    let since = syncline::sandbox::kit::time::SimClock::real().now();
    let customers = world.fleet.customers();
    for customer in customers {
        customer.tell(daemon.hooks);
    }
    let mut orders = Orders::new();
    let mut samples = steady(&daemon, customers, &mut orders, options).await?;
    let first_polls = usize::try_from(EVERY.as_secs())?.min(samples.len());
    let begun = samples.split_off(first_polls);
    let polls = polls::seen(customers, 4, since);

    line(&format!(
        "\nfirst {first_polls} s, with the start: {} of a core, {} MiB at most, {} files at most",
        number(cpu(&samples)),
        number(most(&samples, |sample| sample.memory)),
        number(most(&samples, |sample| sample.files)),
    ));
    let steady = if begun.len() > 1 { &begun } else { &samples };
    verdict("CPU of the engine", cpu(steady), "cores", ..=1.0);
    verdict(
        "memory at most",
        most(steady, |sample| sample.memory),
        "MiB",
        ..=512.0,
    );
    line(&format!(
        "open files at most: {}",
        number(most(steady, |sample| sample.files))
    ));
    line(&format!(
        "polls: {}, sources never read: {}",
        polls.count, polls.missing
    ));
    line(&format!(
        "late, in s: half by {}, 99 of 100 by {}",
        number(percentile(&polls.late, 0.5)),
        number(percentile(&polls.late, 0.99)),
    ));
    verdict(
        "the latest poll",
        polls.late.last().copied().unwrap_or(f64::NAN),
        "s",
        ..=10.0,
    );
    orders.took.sort_by(f64::total_cmp);
    line(&format!(
        "work orders with a job: {}, without: {}; half within {} s",
        orders.took.len(),
        orders.waiting(),
        number(percentile(&orders.took, 0.5))
    ));
    verdict(
        "from call to job, 99 of 100",
        percentile(&orders.took, 0.99),
        "s",
        ..=2.0,
    );
    if options.hooks > 0 {
        let before = daemon.sample()?;
        let flood =
            flood::send(customers, &orders.known, daemon.hooks, options.hooks, FLOOD).await?;
        let after = daemon.sample()?;
        line(&format!(
            "\n{} webhooks a second for {} s: {} answered, {} not with 200, half within {} ms; {} of a core, {} MiB",
            options.hooks,
            FLOOD.as_secs(),
            flood.answered.len(),
            flood.failed,
            number(1e3 * percentile(&flood.answered, 0.5)),
            number(cpu(&[before, after])),
            number(after.memory),
        ));
        verdict(
            "answer to a webhook, 99 of 100",
            1e3 * percentile(&flood.answered, 0.99),
            "ms",
            ..=100.0,
        );
    }
    let (took, counts) = daemon.stop()?;
    line(&format!(
        "\nstopped within {} s; {counts}",
        number(took.as_secs_f64())
    ));
    verdict("made twice", doubles(customers), "", ..=0.0);
    line(&talk(&world));
    world.fleet.stop().await;
    Ok(())
}

/// How much was made twice.
fn doubles(customers: &[Customer]) -> f64 {
    let of = |customer: &Customer| customer.servicetitan.kit().audit.summary().doubles();
    #[expect(clippy::cast_precision_loss, reason = "it is none, or a few")]
    let doubles = customers.iter().map(of).sum::<u64>() as f64;
    doubles
}

/// The last lines of what the daemon said.
fn talk(world: &World) -> String {
    let said = std::fs::read_to_string(world.log()).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    let last = lines.len().saturating_sub(6);
    let short = |line: &&str| line.chars().take(300).collect::<String>();
    let shown: Vec<String> = lines.iter().skip(last).map(short).collect();
    format!("its last words of {}:\n{}", lines.len(), shown.join("\n"))
}

/// Work orders are called in evenly; the daemon is looked at every second.
async fn steady(
    daemon: &Daemon,
    customers: &[Customer],
    orders: &mut Orders,
    options: Options,
) -> anyhow::Result<Vec<Sample>> {
    let mut samples = vec![daemon.sample()?];
    let started = Instant::now();
    for passed in 0..options.seconds {
        let begins = started + LOOK * u32::try_from(passed)?;
        second(begins, options.per_second, customers, orders).await?;
        samples.push(daemon.sample()?);
        if passed % 30 == 29 {
            let last = samples.len().saturating_sub(31);
            let recent = samples.get(last..).unwrap_or_default();
            line(&format!(
                "  {:>4} s: {} of a core, {} MiB, {} files, {} work orders wait",
                passed + 1,
                number(cpu(recent)),
                number(most(recent, |sample| sample.memory)),
                number(most(recent, |sample| sample.files)),
                orders.waiting()
            ));
        }
    }
    let ends = Instant::now() + PATIENCE;
    while orders.waiting() > 0 && Instant::now() < ends {
        sleep(LOOK).await;
        orders.look(customers);
    }
    Ok(samples)
}

/// One second, in which so many work orders are called in.
async fn second(
    begins: Instant,
    per_second: usize,
    customers: &[Customer],
    orders: &mut Orders,
) -> anyhow::Result<()> {
    let gap = LOOK / u32::try_from(per_second.max(1))?;
    for nth in 0..per_second {
        sleep_until(begins + gap * u32::try_from(nth)?).await;
        orders.arrive(customers);
    }
    sleep_until(begins + LOOK).await;
    orders.look(customers);
    Ok(())
}
