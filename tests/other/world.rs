//! A copy of the workspace, the two servers it talks to, and the real binary.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use super::apis::depot::{self, Depot};
use super::apis::orchard::{self, Orchard, Order};
use super::apis::serve::{Call, Calls};

/// No command takes longer, unless it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Where the workspace lies, unchanged.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other/workspace")
}

/// The binary, talking about a workspace. It dies with the test.
pub(crate) fn command(workspace: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    command
        .arg("--workspace")
        .arg(workspace)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// None when it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) async fn of(command: &mut Command) -> Self {
        let output = timeout(HANGS, command.output())
            .await
            .expect("the command ends")
            .unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// The two APIs and a workspace that knows where they are.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) orchard: Orchard,
    pub(crate) depot: Depot,
    dir: TempDir,
    orchard_key: &'static str,
}

impl World {
    pub(crate) async fn start() -> Self {
        let world = Self {
            orchard: Orchard::start().await,
            depot: Depot::start().await,
            dir: TempDir::new().unwrap(),
            orchard_key: orchard::KEY,
        };
        copy(&workspace(), &world.workspace());
        world.edit(
            "tenants/pear.yaml",
            "http://127.0.0.1:7811",
            world.orchard.url(),
        );
        world.edit(
            "tenants/pear.yaml",
            "http://127.0.0.1:7812",
            world.depot.url(),
        );
        world
    }

    /// Turned on, with these orders in the shop.
    pub(crate) async fn with_orders(orders: impl IntoIterator<Item = Order>) -> Self {
        let world = Self::start().await;
        for order in orders {
            world.orchard.place(order);
        }
        world.turn_on().await;
        world
    }

    pub(crate) fn with_orchard_key(mut self, key: &'static str) -> Self {
        self.orchard_key = key;
        self
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    /// Changes a file of the copy, as an engineer would.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.workspace().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.matches(from).count(),
            1,
            "`{from}` stands once in {file}"
        );
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(crate) async fn syncline(&self, args: &[&str]) -> Ran {
        Ran::of(self.command().args(args)).await
    }

    /// A run that dies when it passes a crash point, `NAME:N`, for the N-th time.
    pub(crate) async fn run_dying_at(&self, point: &str) -> Ran {
        Ran::of(self.command().arg("run").env("SYNCLINE_CRASH_AT", point)).await
    }

    /// The text of a file of the copy.
    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.workspace().join(file)).unwrap()
    }

    /// Puts a text in the place of a file of the copy.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.workspace().join(file), text).unwrap();
    }

    /// Where the engine keeps its state.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("store.db")
    }

    /// The tenant's secrets by their names.
    pub(crate) fn secrets(&self) -> [(&'static str, &'static str); 2] {
        [
            ("orchard_key", self.orchard_key),
            ("depot_secret", depot::SECRET),
        ]
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = command(&self.workspace());
        command
            .arg("--store")
            .arg(self.dir.path().join("store.db"))
            .env("PARCELS_PEAR_ORCHARD_KEY", self.orchard_key)
            .env("PARCELS_PEAR_DEPOT_SECRET", depot::SECRET);
        command
    }

    pub(crate) async fn turn_on(&self) {
        self.syncline(&["on", "pear", "--agree", "3", "--by", "Quinn"])
            .await
            .ok();
    }

    /// One run of everything to its end; gives what it counted.
    pub(crate) async fn run(&self) -> Value {
        self.run_only(&[]).await
    }

    /// One run of some pipelines.
    pub(crate) async fn run_only(&self, pipelines: &[&str]) -> Value {
        let args = [&["--format", "json", "run"], pipelines].concat();
        let ran = self.syncline(&args).await.ok();
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        report["counts"].clone()
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            orchard: self.orchard.calls().mark(),
            depot: self.depot.calls().mark(),
        }
    }

    /// Every request after a mark that changes something, as `METHOD path`.
    pub(crate) fn writes_since(&self, mark: Mark) -> Vec<String> {
        let mut all = writes(self.orchard.calls(), mark.orchard);
        all.extend(writes(self.depot.calls(), mark.depot));
        all
    }

    /// Every request to Depot after a mark, as `path?query`, without those for tokens.
    pub(crate) fn asked_depot_since(&self, mark: Mark) -> Vec<String> {
        let calls = self.depot.calls().since(mark.depot).into_iter();
        calls
            .map(|call| call.path)
            .filter(|path| path != "/oauth/token")
            .collect()
    }

    /// What the shop shows of the way of an order.
    pub(crate) fn shown(&self, order: &str) -> Option<(String, Option<String>)> {
        let shipping = self.orchard.order(order).shipping?;
        Some((shipping.state, shipping.tracking))
    }
}

/// How far the notes of both servers were.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    orchard: usize,
    depot: usize,
}

fn writes(calls: &Calls, mark: usize) -> Vec<String> {
    let changes = |call: &Call| {
        call.method != "GET" && !call.path.contains("/search") && call.path != "/oauth/token"
    };
    let line = |call: Call| {
        format!(
            "{} {} {:?} {}",
            call.method, call.path, call.status, call.body
        )
    };
    calls
        .since(mark)
        .into_iter()
        .filter(changes)
        .map(line)
        .collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
