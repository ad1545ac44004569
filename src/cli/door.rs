//! How commands find the daemon that has the store: a file beside it, that only the store's owner may read, with the
//! address of its admin listener and a token for it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// The way into a daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Door {
    /// Where its admin listener is.
    pub(super) at: SocketAddr,
    /// Lets whoever has it do anything.
    pub(super) token: String,
}

/// The file while its daemon runs; removed with it. After a crash it stays, and the store's lock tells that nobody is
/// behind it.
#[derive(Debug)]
pub(super) struct DoorFile(PathBuf);

impl Door {
    /// Writes the file, in one piece.
    pub(super) fn write(&self, store: &Path) -> anyhow::Result<DoorFile> {
        let path = path(store);
        let new = beside(store, "-admin.new");
        let written = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .and_then(|mut file| {
                file.write_all(serde_json::to_string(self)?.as_bytes())?;
                std::fs::rename(&new, &path)
            });
        written.with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(DoorFile(path))
    }

    /// The way into the daemon of a store, if one was written.
    pub(super) fn read(store: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(path(store)).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl DoorFile {
    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for DoorFile {
    fn drop(&mut self) {
        // One that is left behind leads nowhere.
        drop(std::fs::remove_file(&self.0));
    }
}

fn path(store: &Path) -> PathBuf {
    beside(store, "-admin")
}

fn beside(store: &Path, suffix: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
