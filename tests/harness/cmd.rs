//! The real binary: run to its end, or started and killed.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

/// No command of the tests takes longer; a command that hangs fails its test with what it printed.
const TIMEOUT: Duration = Duration::from_secs(120);

/// SIGABRT: how the binary dies at an armed crash point.
const ABORT: i32 = 6;

/// A command line of the binary, with an environment of its own: nothing of the developer's reaches it.
pub(crate) struct Cmd {
    pub(super) command: Command,
    pub(super) shown: String,
    pub(super) timeout: Duration,
}

impl Cmd {
    pub(crate) fn new<A: AsRef<str>>(args: impl IntoIterator<Item = A>) -> Self {
        let args: Vec<String> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
        command
            .args(&args)
            .env_clear()
            .env("NO_COLOR", "1")
            .env("SYNCLINE_BY", "tester")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Self {
            command,
            shown: format!("syncline {}", args.join(" ")),
            timeout: TIMEOUT,
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.command.env(name, value.as_ref());
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// What it reads from standard input.
    pub(crate) fn input(mut self, file: &Path) -> Self {
        let file = File::open(file).expect("the input can be read");
        self.command.stdin(file);
        self
    }

    /// Waits for its end.
    pub(crate) async fn run(mut self) -> Ran {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = self.command.spawn().expect("the binary can be started");
        let output = match tokio::time::timeout(self.timeout, child.wait_with_output()).await {
            Ok(output) => output.expect("the output of a child can be read"),
            Err(_) => panic!("`{}` was not over after {:?}", self.shown, self.timeout),
        };
        Ran {
            shown: self.shown,
            status: output.status,
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// Starts it; what it prints goes to two files named after `log`.
    pub(crate) fn start(mut self, log: &Path) -> Running {
        let (stdout, stderr) = (log.with_extension("out"), log.with_extension("err"));
        let file = |path: &Path| File::create(path).expect("a log can be made");
        self.command.stdout(file(&stdout)).stderr(file(&stderr));
        let child = self.command.spawn().expect("the binary can be started");
        Running {
            child,
            shown: self.shown,
            timeout: self.timeout,
            stdout,
            stderr,
        }
    }
}

/// How a command ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(super) shown: String,
    pub(super) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The exit code; none when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Whether it died at an armed crash point.
    pub(crate) fn crashed(&self) -> bool {
        self.status.signal() == Some(ABORT)
    }

    /// It ended with exit code 0.
    #[track_caller]
    pub(crate) fn fine(self) -> Self {
        self.exits(0)
    }

    /// It ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            Some(code),
            "`{}` ended with {}\nstdout:\n{}\nstderr:\n{}",
            self.shown,
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "`{}` printed no JSON ({error}): {}",
                self.shown, self.stdout
            )
        })
    }
}

/// A command that runs. Dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    shown: String,
    timeout: Duration,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Ran {
        // It may have ended by itself: then there is nothing to kill.
        drop(self.child.start_kill());
        self.end().await
    }

    /// SIGTERM: what was begun is ended first.
    pub(crate) async fn terminate(self) -> Ran {
        self.signal("TERM").await;
        self.end().await
    }

    /// Sends a signal, by its name without `SIG`.
    pub(crate) async fn signal(&self, name: &str) {
        if let Some(id) = self.child.id() {
            let sent = Command::new("kill")
                .arg(format!("-{name}"))
                .arg(id.to_string())
                .status()
                .await;
            assert!(
                sent.expect("`kill` can be run").success(),
                "the signal was sent"
            );
        }
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ran {
        let status = match tokio::time::timeout(self.timeout, self.child.wait()).await {
            Ok(status) => status.expect("a child can be waited for"),
            Err(_) => panic!(
                "`{}` was not over after {:?}: {}",
                self.shown,
                self.timeout,
                self.said()
            ),
        };
        let read = |path: &Path| std::fs::read_to_string(path).expect("a log can be read");
        let (stdout, stderr) = (read(&self.stdout), read(&self.stderr));
        Ran {
            shown: self.shown,
            status,
            stdout,
            stderr,
        }
    }

    /// Fails the test if it ended.
    #[track_caller]
    pub(crate) fn still_runs(&mut self) {
        let ended = self.child.try_wait().expect("a child can be asked");
        assert!(
            ended.is_none(),
            "`{}` ended by itself with {ended:?}: {}",
            self.shown,
            self.said()
        );
    }

    /// The most memory it had so far, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status"));
        let status = status.expect("a process says how it stands");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.expect("its peak is said in kB") * 1024
    }

    /// What it has printed to stderr so far.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}
