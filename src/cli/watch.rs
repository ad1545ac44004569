//! What makes a daemon read its files anew: SIGHUP, and files that were written.
//!
//! Files are looked at once a second, thousands of them less often, rather than by the system's notices: a store in the same folder would raise one
//! with every commit, and mounted folders raise none.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::out::Out;
use super::serve::SERVES;
use super::systemd::Manager;
use crate::daemon::{Engine, Outcome, Reloaded, Reopen};
use crate::engine::clock::Clock;
use crate::lang::load;
use crate::lang::plan::SecretSource;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// So many times as long as a look takes nobody looks again: what thousands of files cost stays below one part in so
/// many of a core.
const REST: u32 = 200;
/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(10);

/// What the files were like when they were looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamps {
    files: [u8; 32],
    secrets: [u8; 32],
}

/// SIGHUP, caught from here on; none where it cannot be caught.
pub(super) fn hangup() -> Option<Signal> {
    signal(SignalKind::hangup()).ok()
}

/// Reloads until `stop`.
pub(super) async fn reloads(
    engine: &Arc<Engine>,
    stop: &CancellationToken,
    mut hangup: Option<Signal>,
    manager: &Manager,
    out: Out,
) {
    let clock = Clock::real();
    let began = clock.monotonic();
    let mut taken = look(engine).await;
    let mut took = clock.monotonic() - began;
    let mut before = taken;
    loop {
        let told = async {
            match &mut hangup {
                Some(signal) => {
                    signal.recv().await;
                }
                None => std::future::pending().await,
            }
        };
        let reopen = tokio::select! {
            () = stop.cancelled() => return manager.stopping(),
            () = told => Some(Reopen::All),
            () = tokio::time::sleep((took * REST).clamp(LOOK, LONGEST)) => None,
        };
        let began = clock.monotonic();
        let now = look(engine).await;
        took = clock.monotonic() - began;
        let reopen = match reopen {
            Some(reopen) => Some(reopen),
            // Somebody may still be writing: files count once they have stood still for one look.
            None if now != before || now == taken => None,
            None if now.secrets != taken.secrets => Some(Reopen::All),
            None => Some(Reopen::Changed),
        };
        before = now;
        if let Some(reopen) = reopen {
            taken = now;
            manager.reloading();
            match engine.reload(reopen).await {
                Ok(done) => say(out, &done),
                Err(error) => out.talk(&format!("error: the files were not taken: {error}")),
            }
            manager.ready(SERVES);
        }
    }
}

/// Says how a reload went.
fn say(out: Out, done: &Reloaded) {
    match &done.outcome {
        Outcome::Same => {}
        Outcome::Taken {
            changed,
            removed,
            failed,
            restart,
        } => {
            out.talk(&format!(
                "the files were read anew: {} changed, {} removed",
                super::live::number(changed.len() as u64, "tenants"),
                removed.len()
            ));
            for (tenant, error) in failed {
                out.talk(&format!("error: {tenant} goes on as before: {error}"));
            }
            for what in restart {
                out.talk(&format!(
                    "`{what}` of syncline.yaml takes effect at the next start"
                ));
            }
        }
        Outcome::Refused { text, .. } => {
            out.talk(text);
            out.talk("the plan of before goes on: mend the files, and they are read again");
        }
    }
}

async fn look(engine: &Engine) -> Stamps {
    let plan = engine.plan();
    let workspace = plan.runtime.workspace.clone();
    let named = plan.named.clone();
    let secrets = match &plan.runtime.secrets {
        SecretSource::Directory(folder) => Some(folder.clone()),
        SecretSource::Environment(_) | SecretSource::Command(_) => None,
    };
    let looked = tokio::task::spawn_blocking(move || Stamps {
        files: load::stamp(&workspace, &named),
        secrets: secrets.map_or([0; 32], |folder| folder_stamp(&folder)),
    });
    looked.await.unwrap_or(Stamps {
        files: [0; 32],
        secrets: [0; 32],
    })
}

fn folder_stamp(folder: &Path) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => folders.push(path),
                Ok(meta) => {
                    let written = meta.modified().ok();
                    let written =
                        written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                    hasher.update(path.as_os_str().as_encoded_bytes());
                    hasher.update(&written.unwrap_or_default().as_nanos().to_le_bytes());
                    hasher.update(&meta.len().to_le_bytes());
                }
                Err(_) => {}
            }
        }
    }
    hasher.finalize().into()
}
