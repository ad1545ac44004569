//! `init`: a workspace to start from, out of the files this program was built with.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use include_dir::{Dir, include_dir};

use super::args::InitArgs;
use super::exit::Exit;
use super::out::Out;
use crate::sandbox;

static PIPELINES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/pipelines");
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

pub(super) fn run(args: &InitArgs, out: &Out) -> anyhow::Result<Exit> {
    let dir = &args.dir;
    if dir.join("syncline.yaml").exists() {
        out.talk(&format!(
            "error: {} holds a workspace already; give another folder",
            dir.display()
        ));
        return Ok(Exit::Usage);
    }
    write_workspace(dir)?;
    write_secrets(&dir.join("secrets"))?;
    out.talk(&format!(
        "{} is a workspace with the sandbox tenant, its made-up secrets in {}/secrets",
        dir.display(),
        dir.display()
    ));
    out.talk("next: `syncline sandbox` in one terminal; `syncline check sandbox`, `syncline on sandbox --agree VERSION` and `syncline run` in another");
    Ok(Exit::Fine)
}

/// Writes the shipped workspace; the schemas go beside it, where the files' modelines look for them.
pub(super) fn write_workspace(dir: &Path) -> anyhow::Result<()> {
    extract(&PIPELINES, dir)?;
    let schemas = dir
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    extract(&SCHEMAS, &schemas.join("schemas"))
}

fn extract(from: &Dir<'_>, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    from.extract(to)
        .with_context(|| format!("{} cannot be written", to.display()))
}

/// Writes the sandbox's secrets, readable by their owner only.
pub(super) fn write_secrets(dir: &Path) -> anyhow::Result<()> {
    for (name, value) in sandbox::secrets() {
        let file = dir.join(name);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&file)
            .and_then(|mut file| file.write_all(value.as_bytes()))
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}
