//! The command line as a person meets it: one file per command, arguments in, exact output and exit code out.

mod check;
mod dead;
mod explain;
mod help;
mod init;
mod run;
mod sandbox;
mod schema;
mod settings;
mod setup;
mod status;
mod switch;
mod test;
mod trace;
mod usage;
mod validate;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use syncline::engine::record::{EntityName, TenantName};
use syncline::engine::store::Store as _;
use tempfile::TempDir;

use crate::harness::scrub::scrub;
use crate::harness::world::TENANT;
use crate::harness::{Cmd, Ran, World};

/// What a person sees of a command: its exit code and what it printed, without what differs from run to run.
fn seen(ran: &Ran, dir: &Path) -> String {
    let mut text = match ran.code() {
        Some(code) => format!("exit {code}\n"),
        None => "ended by a signal\n".to_owned(),
    };
    for (name, printed) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
        if !printed.is_empty() {
            write!(text, "--- {name}\n{}", scrub(printed, dir))
                .expect("text can be written to a String");
        }
    }
    text
}

impl World {
    /// The ids on the other side that an entity's links lead to.
    pub(crate) async fn linked(&self, entity: &str) -> Vec<String> {
        let rows = self
            .store()
            .await
            .links(
                &TenantName::from(TENANT),
                &EntityName::from(entity),
                None,
                100,
            )
            .await;
        let rows = rows.expect("the store can be read");
        rows.into_iter()
            .filter_map(|row| row.target)
            .map(|target| target.id.to_string())
            .collect()
    }

    /// What a person sees of a command in this world.
    async fn sees<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> String {
        seen(&self.cmd(args).run().await, self.dir())
    }
}

/// Replaces a text that stands once in a file.
#[track_caller]
pub(crate) fn replace(file: &Path, old: &str, new: &str) {
    let text = std::fs::read_to_string(file).expect("the file can be read");
    assert_eq!(
        text.matches(old).count(),
        1,
        "`{old}` stands once in {}",
        file.display()
    );
    std::fs::write(file, text.replace(old, new)).expect("the file can be written");
}

/// A copy of the shipped workspace, for commands that need no simulators.
struct Workspace(TempDir);

impl Workspace {
    /// Made by `init` itself.
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder can be made");
        Cmd::new(["init"]).dir(dir.path()).run().await.fine();
        Self(dir)
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir().join("pipelines").join(name)
    }

    /// Replaces a text that stands once in a file.
    #[track_caller]
    fn replace(&self, file: &str, old: &str, new: &str) {
        replace(&self.file(file), old, new);
    }

    fn cmd<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Cmd {
        Cmd::new(args).dir(self.dir())
    }

    async fn sees<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> String {
        seen(&self.cmd(args).run().await, self.dir())
    }
}
