//! A world of its own for each test: a workspace in a temporary folder, a sandbox on any ports, one clock for both.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use syncline::daemon::{Engine, EngineOptions};
use syncline::engine::clock::{Clock, Timestamp};
use syncline::engine::store::SqliteStore;
use syncline::sandbox::kit::time::SimClock;
use syncline::sandbox::servicechannel::model::WorkOrderId;
use syncline::sandbox::{Sandbox, SandboxConfig, secrets};
use tempfile::TempDir;

use super::cmd::{Cmd, Ran, Running};
use super::yaml;

/// The tenant of the shipped workspace.
pub(crate) const TENANT: &str = "sandbox";

/// Which pipelines of the shipped workspace a world has. What is asked of one is not counted together with what the
/// others do meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flows {
    /// Work orders become bookings and jobs.
    WorkOrders,
    /// As shipped.
    All,
}

/// How a world begins.
#[derive(Clone, Debug)]
pub(crate) struct WorldConfig {
    /// How many times faster than the machine's its clock runs.
    pub(crate) rate: u32,
    /// Decides everything that is left to chance in the sandbox.
    pub(crate) seed: u64,
    /// Clients, 1 to 3.
    pub(crate) subscribers: u32,
    /// Their sites.
    pub(crate) locations: u32,
    /// Work orders from before the integration is turned on.
    pub(crate) before: u32,
    /// How many of those were begun.
    pub(crate) begun: u32,
    /// Requests on the wire at each side.
    pub(crate) concurrency: u32,
    /// Attempts at a record before it is given up.
    pub(crate) attempts: u32,
    /// How long a create may take effect after it was sent.
    pub(crate) in_flight: &'static str,
    /// How long what was made may not show.
    pub(crate) lag: &'static str,
    /// Its pipelines.
    pub(crate) flows: Flows,
}

impl Default for WorldConfig {
    /// The shipped settle windows and attempts on a clock on which they take 1.6 s.
    fn default() -> Self {
        Self {
            rate: 100,
            seed: 7,
            subscribers: 3,
            locations: 6,
            before: 0,
            begun: 0,
            concurrency: 16,
            attempts: 6,
            in_flight: "100s",
            lag: "60s",
            flows: Flows::WorkOrders,
        }
    }
}

/// A workspace with a sandbox.
pub(crate) struct World {
    dir: TempDir,
    pub(crate) sandbox: Sandbox,
    logs: AtomicU32,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(WorldConfig::default()).await
    }

    pub(crate) async fn with(config: WorldConfig) -> Self {
        let clock = SimClock::starting(start(), config.rate);
        let sandbox = Sandbox::start(
            SandboxConfig {
                seed: config.seed,
                subscribers: config.subscribers,
                locations: config.locations,
                work_orders: config.before,
                started_before_activation: config.begun,
                clock,
                ..SandboxConfig::default()
            }
            .on_any_port()
            .unlimited(),
        )
        .await
        .expect("the sandbox starts");
        let dir = tempfile::tempdir().expect("a folder can be made");
        let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
        copy(&crate_root.join("pipelines"), &dir.path().join("pipelines"));
        copy(&crate_root.join("schemas"), &dir.path().join("schemas"));
        if config.flows == Flows::WorkOrders {
            keep_only("work-orders", &dir.path().join("pipelines/servicechannel"));
        }
        let world = Self {
            dir,
            sandbox,
            logs: AtomicU32::new(0),
        };
        for (connector, param, value) in world.sandbox.account_values() {
            world.tenant(&format!("/accounts/{connector}/{param}"), json!(value));
        }
        for connector in ["servicechannel", "servicetitan"] {
            world.tenant(
                &format!("/connectors/{connector}"),
                json!({
                    "limits": [],
                    "concurrency": config.concurrency,
                    "retry": { "attempts": config.attempts, "first": "1s", "max": "20s" },
                    "settle": { "in_flight": config.in_flight, "lag": config.lag },
                }),
            );
        }
        // Every subscriber's work orders become jobs.
        world.tenant("/settings/preferences/dispatch_board", json!(true));
        world.tenant("/overrides", json!({}));
        for (name, value) in secrets() {
            world.secret(name, &value);
        }
        world
    }

    /// The folder of everything.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The folder with `syncline.yaml`.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.dir().join("pipelines")
    }

    /// The file of the store.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.dir().join("syncline.db")
    }

    /// Changes one value of the tenant's file.
    #[track_caller]
    pub(crate) fn tenant(&self, pointer: &str, value: Value) {
        self.edit("tenants/sandbox.yaml", pointer, value);
    }

    /// Changes one value of a file of the workspace.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, pointer: &str, value: Value) {
        yaml::set(&self.workspace().join(file), pointer, value);
    }

    /// Writes a secret, readable by its owner only.
    pub(crate) fn secret(&self, name: &str, value: &str) {
        let file = self.workspace().join("secrets").join(name);
        fs::create_dir_all(file.parent().expect("a secret has a folder"))
            .expect("a folder can be made");
        let mut made = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&file)
            .expect("a file can be made");
        made.write_all(value.as_bytes())
            .expect("a file can be written");
        let mode = fs::metadata(&file)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "a secret is its owner's alone");
    }

    /// The sandbox's time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.sandbox.clock().now()
    }

    /// A command in this world: its workspace, its store, its clock.
    pub(crate) fn cmd<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Cmd {
        let now = self.now().to_rfc3339_opts(SecondsFormat::Micros, true);
        Cmd::new(args)
            .dir(self.dir())
            .env("SYNCLINE_WORKSPACE", "pipelines")
            .env("SYNCLINE_STORE", "syncline.db")
            .env(
                "SYNCLINE_CLOCK",
                format!("{now}*{}", self.sandbox.clock().rate()),
            )
    }

    /// Runs a command that is to end well.
    pub(crate) async fn fine<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        self.cmd(args).run().await.fine()
    }

    /// Turns the integration on.
    pub(crate) async fn on(&self) {
        self.fine(["on", TENANT, "--agree", "2026-11"]).await;
    }

    /// Reads everything once and works it.
    pub(crate) async fn run(&self) -> Ran {
        let ran = self.cmd(["run", TENANT]).run().await;
        if ran.status.code() == Some(6) {
            // Whoever reads the failure wants to know what was given up, and why.
            let dead = self.cmd(["dead", "list", TENANT]).run().await;
            panic!("{ran:?}\n{}", dead.stdout);
        }
        ran.fine()
    }

    /// Starts the engine until it is stopped or killed.
    pub(crate) fn follow(&self) -> Running {
        self.follow_with(|cmd| cmd)
    }

    /// The same with an environment.
    pub(crate) fn follow_with(&self, change: impl FnOnce(Cmd) -> Cmd) -> Running {
        change(self.cmd(["run", TENANT, "--follow"])).start(&self.log())
    }

    /// Where the next child prints to.
    pub(crate) fn log(&self) -> PathBuf {
        let number = self.logs.fetch_add(1, Ordering::Relaxed);
        self.dir().join(format!("child-{number}"))
    }

    /// What `status --format json` says of the tenant.
    pub(crate) async fn status(&self) -> Value {
        self.fine(["status", TENANT, "--format", "json"])
            .await
            .json()[0]
            .clone()
    }

    /// Clients call in work orders, now.
    pub(crate) fn arrive(&self, count: usize) -> Vec<WorkOrderId> {
        self.sandbox.arrive(count)
    }

    /// The store, to read from while an engine has it.
    pub(crate) async fn store(&self) -> SqliteStore {
        SqliteStore::open_to_read(&self.store_path())
            .await
            .expect("the store can be read")
    }

    /// An engine in this process, on the same workspace, store and clock.
    pub(crate) async fn engine(&self) -> Arc<Engine> {
        let project =
            syncline::lang::load::read(&self.workspace()).expect("the workspace can be read");
        let (plan, diagnostics) = syncline::lang::plan::compile(&project);
        let plan = plan.unwrap_or_else(|| panic!("the workspace is wrong: {diagnostics:?}"));
        let start = Timestamp::from_chrono(self.now());
        let options = EngineOptions {
            store: self.store_path(),
            clock: Clock::starting(start, self.sandbox.clock().rate()),
            holder: "a test".to_owned(),
            loader: Arc::new({
                let workspace = self.workspace();
                move || syncline::daemon::load(&workspace)
            }),
        };
        Engine::open(Arc::new(plan), options)
            .await
            .expect("the engine opens")
    }
}

/// When every world begins.
fn start() -> DateTime<Utc> {
    "2026-11-02T08:00:00Z".parse().expect("an instant")
}

/// Removes every other pipeline of a folder, with its cases and what only those call.
fn keep_only(name: &str, folder: &Path) {
    fs::remove_file(folder.join("routines/set-status.yaml")).expect("a routine can be removed");
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let own = file == format!("{name}.yaml") || file == format!("{name}.test.yaml");
        if own || !file.ends_with(".yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("the file can be read");
        let goes = |line: &str| line == "kind: pipeline" || line == "kind: test";
        if text.lines().any(goes) {
            fs::remove_file(&path).expect("the file can be removed");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("an entry can be read");
        let (name, kind) = (
            entry.file_name(),
            entry.file_type().expect("an entry has a type"),
        );
        // A developer's own secrets and stores stay where they are.
        let name = name.to_string_lossy().into_owned();
        if name == "secrets" || name.contains(".db") {
            continue;
        }
        let target = to.join(&name);
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
