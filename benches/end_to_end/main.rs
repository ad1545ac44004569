//! Work orders from one simulator to jobs in the other, as fast as it goes: the engine as users get it against a
//! program written by hand for this one task, in the same run.
//!
//! `cargo bench --bench end_to_end -- [--records N] [--repeat N] [--only simulators|speed|latency|memory]`
//!
//! Every measurement begins with fresh simulators (a process), a fresh workspace and store, and the tenant turned on.
//! Then the work orders are called in, and `syncline run` or the floor works them all in a process whose time and
//! memory are counted alone.

#[path = "../support/args.rs"]
mod args;
#[path = "../floor/mod.rs"]
mod floor;
#[path = "../support/process.rs"]
mod process;
mod simulators;
#[path = "../support/table.rs"]
mod table;
mod world;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use args::Args;
use process::Cost;
use table::{heading, line, number, verdict};
use world::{Audit, Concurrency, TENANT, World};

/// The floor allocates as the engine does, so that the ratio does not measure allocators.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Links of the floor in one file beside the store.
const LINKS: &str = "links.db";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    args::install_crypto()?;
    let args = Args::of_process();
    if args.has("floor") {
        return be_the_floor(&args).await;
    }
    let records = args.number("--records", 10_000)?;
    let repeat = args.number("--repeat", 3)?;
    let only = args.value("--only")?;
    let wanted = |section: &str| only.is_none_or(|only| only == section);
    if wanted("simulators") {
        heading("The simulators, 16 requests at once");
        simulators::measure().await?;
    }
    if wanted("speed") {
        speed(records, repeat).await?;
    }
    if wanted("latency") {
        latency(records, repeat).await?;
    }
    if wanted("memory") {
        memory(records).await?;
    }
    line(&format!("\nAgain: {}", args.again("end_to_end")));
    Ok(())
}

async fn be_the_floor(args: &Args) -> anyhow::Result<()> {
    let text = |name| {
        args.value(name)?
            .map(str::to_owned)
            .with_context(|| format!("{name} is missing"))
    };
    let orders = floor::run(floor::Options {
        source: text("--source")?,
        target: text("--target")?,
        campaign: text("--campaign")?.parse()?,
        since: text("--since")?,
        concurrency: args.number("--concurrency", 16)?,
        links: args.value("--links")?.map(Into::into),
    })
    .await?;
    line(&orders.to_string());
    Ok(())
}

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Engine,
    FloorWithLinks,
    FloorWithout,
}

impl Worker {
    fn name(self) -> &'static str {
        match self {
            Self::Engine => "syncline run",
            Self::FloorWithLinks => "floor, links in SQLite, 50 in a commit",
            Self::FloorWithout => "floor, no state",
        }
    }
}

/// What one worker's run came to.
struct Outcome {
    records: usize,
    cost: Cost,
    simulators: Duration,
    audit: Audit,
    routes: Vec<(String, usize)>,
}

impl Outcome {
    fn per_second(&self) -> f64 {
        simulators::rate(self.records, self.cost.wall)
    }

    fn cpu(&self) -> f64 {
        1e6 / simulators::rate(self.records, self.cost.cpu)
    }

    fn peak(&self) -> f64 {
        mebibytes(self.cost.peak)
    }

    fn print(&self, worker: Worker) {
        line(&format!(
            "{:<40} {:>7} {:>9} {:>9} {:>9} {:>10} {:>8}",
            worker.name(),
            number(self.per_second()),
            number(self.cpu()),
            number(1e6 / simulators::rate(self.records, self.simulators)),
            number(self.peak()),
            self.audit.requests,
            self.audit.jobs,
        ));
    }
}

fn print_header() {
    line(&format!(
        "{:<40} {:>7} {:>9} {:>9} {:>9} {:>10} {:>8}",
        "", "rec/s", "µs CPU", "µs sims", "MiB peak", "requests", "jobs"
    ));
}

#[expect(clippy::cast_precision_loss, reason = "a size for people")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// One run of one worker in a fresh world.
async fn measure(
    worker: Worker,
    records: usize,
    concurrency: Concurrency,
    slow: Option<Duration>,
) -> anyhow::Result<Outcome> {
    let dir = tempfile::tempdir()?;
    let world = World::start()?;
    let workspace = world.workspace(dir.path(), concurrency)?;
    let since = world.now().await?;
    world.arrive(records).await?;
    let campaign = world.campaign().await?;
    if let Some(latency) = slow {
        world.slow_down(latency).await?;
    }
    let mut command = match worker {
        Worker::Engine => {
            let mut command = workspace.syncline();
            command.args(["run", TENANT, "--format", "json"]);
            command
        }
        Worker::FloorWithLinks | Worker::FloorWithout => {
            floor_command(worker, &world, campaign, &since, concurrency, dir.path())?
        }
    };
    let (before, cpu_before) = (world.audit().await?, world.cpu());
    let cost = tokio::task::spawn_blocking(move || process::cost(&mut command)).await??;
    let simulators = world.cpu() - cpu_before;
    let after = world.audit().await?;
    let audit = Audit {
        requests: after.requests - before.requests,
        jobs: after.jobs - before.jobs,
        doubles: after.doubles,
    };
    anyhow::ensure!(
        audit.doubles == 0,
        "{} made {} things twice",
        worker.name(),
        audit.doubles
    );
    anyhow::ensure!(
        usize::try_from(audit.jobs)? == records,
        "{} made {} jobs of {records} work orders: {}",
        worker.name(),
        audit.jobs,
        cost.stdout
    );
    let routes = world.routes(usize::try_from(audit.requests)?).await?;
    Ok(Outcome {
        records,
        cost,
        simulators,
        audit,
        routes,
    })
}

fn floor_command(
    worker: Worker,
    world: &World,
    campaign: u64,
    since: &str,
    Concurrency(concurrency): Concurrency,
    dir: &Path,
) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([
            "floor",
            "--source",
            &world.source,
            "--target",
            &world.target,
            "--since",
            since,
        ])
        .args([
            "--campaign",
            &campaign.to_string(),
            "--concurrency",
            &concurrency.to_string(),
        ]);
    if worker == Worker::FloorWithLinks {
        command.arg("--links").arg(dir.join(LINKS));
    }
    Ok(command)
}

/// The best of several runs of each, taken in turns so that whatever else the machine does hits all of them.
async fn best<const N: usize>(
    workers: [Worker; N],
    records: usize,
    repeat: usize,
    concurrency: Concurrency,
    slow: Option<Duration>,
) -> anyhow::Result<[Outcome; N]> {
    let mut best: [Option<Outcome>; N] = [const { None }; N];
    for _ in 0..repeat.max(1) {
        for (worker, best) in workers.into_iter().zip(&mut best) {
            let outcome = measure(worker, records, concurrency, slow).await?;
            if best
                .as_ref()
                .is_none_or(|best| outcome.cost.wall < best.cost.wall)
            {
                *best = Some(outcome);
            }
        }
    }
    print_header();
    for (worker, best) in workers.into_iter().zip(&best) {
        best.iter().for_each(|best| best.print(worker));
    }
    Ok(best.map(|best| best.expect("every worker ran at least once")))
}

async fn speed(records: usize, repeat: usize) -> anyhow::Result<()> {
    heading(&format!(
        "{records} work orders to jobs, 16 at once, best of {repeat}"
    ));
    let workers = [Worker::Engine, Worker::FloorWithLinks, Worker::FloorWithout];
    let [engine, links, bare] = best(workers, records, repeat, Concurrency(16), None).await?;
    verdict(
        "against the floor with links",
        engine.per_second() / links.per_second(),
        "x",
        0.6..,
    );
    verdict(
        "against the floor without state",
        engine.per_second() / bare.per_second(),
        "x",
        0.35..,
    );
    line("requests of the engine (of 20,000 on either side at most), by how often:");
    for (route, count) in engine
        .routes
        .iter()
        .filter(|(_, count)| *count > records / 100)
    {
        line(&format!("{count:>9}  {route}"));
    }
    verdict("CPU of the engine per record", engine.cpu(), "µs", ..=100.0);
    Ok(())
}

async fn latency(records: usize, repeat: usize) -> anyhow::Result<()> {
    heading(&format!(
        "{records} work orders to jobs, 64 at once, every reply 20 ms late, best of {repeat}"
    ));
    let (workers, slow) = (
        [Worker::Engine, Worker::FloorWithout],
        Duration::from_millis(20),
    );
    let [engine, bare] = best(workers, records, repeat, Concurrency(64), Some(slow)).await?;
    verdict(
        "against the floor without state",
        engine.per_second() / bare.per_second(),
        "x",
        0.8..,
    );
    Ok(())
}

async fn memory(records: usize) -> anyhow::Result<()> {
    heading(&format!(
        "Peak memory for {records} and for {} work orders, 16 at once",
        10 * records
    ));
    let [few] = best([Worker::Engine], records, 1, Concurrency(16), None).await?;
    let [many] = best([Worker::Engine], 10 * records, 1, Concurrency(16), None).await?;
    verdict("peak memory", few.peak(), "MiB", ..=40.0);
    verdict(
        "of ten times as many, against that",
        many.peak() / few.peak(),
        "x",
        ..=1.1,
    );
    Ok(())
}
