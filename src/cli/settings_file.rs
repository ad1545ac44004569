//! The file of a tenant: changed in memory, checked with the whole workspace, and written in one piece.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value as Json;

use super::workspace::{self, Checked};
use crate::lang::config::Kind;
use crate::lang::edit::{self, EditError};
use crate::lang::load::Project;
use crate::lang::source::{self, Pointer, Source, SourceMap};

/// Mode of a file that was not there before.
const MODE: u32 = 0o644;

/// The file of a tenant, with changes that are not written yet.
#[derive(Clone, Debug)]
pub(super) struct TenantFile {
    /// Its name in messages: relative to the workspace.
    name: String,
    path: PathBuf,
    /// Which of its documents is the tenant.
    document: usize,
    /// Its text when it was read; none when there is no such file yet.
    before: Option<String>,
    after: String,
}

/// Lines that differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line of it, from 1: of the new text, or where lines are missing there.
    pub(super) line: usize,
    pub(super) removed: Vec<String>,
    pub(super) added: Vec<String>,
}

impl TenantFile {
    /// The file of the tenant with this name.
    pub(super) fn of(project: &Project, tenant: &str) -> Option<Self> {
        let found = project
            .documents
            .iter()
            .find(|document| document.kind == Kind::Tenant && &*document.name == tenant)?;
        let named = |json: &Json| {
            json.get("name").and_then(Json::as_str) == Some(tenant)
                && json.get("kind").and_then(Json::as_str) == Some(Kind::Tenant.name())
        };
        let documents = source::read(&found.source);
        let document = documents
            .iter()
            .position(|document| document.value.as_ref().is_some_and(named))?;
        let text = found.source.text().to_owned();
        Some(Self {
            name: found.source.name().to_owned(),
            path: project.workspace.join(found.source.name()),
            document,
            before: Some(text.clone()),
            after: text,
        })
    }

    /// A file that is not there yet.
    pub(super) fn new(project: &Project, name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            path: project.workspace.join(name),
            document: 0,
            before: None,
            after: text,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_changed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    fn source(&self) -> Source {
        SourceMap::new().add(&self.name, self.after.as_str())
    }

    /// The tenant as it stands now, changes included.
    pub(super) fn json(&self) -> Json {
        let mut documents = source::read(&self.source()).into_iter();
        let document = documents.nth(self.document);
        document
            .and_then(|document| document.value)
            .unwrap_or_default()
    }

    /// What stands at a place now.
    pub(super) fn at(&self, at: &Pointer) -> Option<Json> {
        self.json().pointer(&at.to_string()).cloned()
    }

    /// Puts a value at a place.
    pub(super) fn set(&mut self, at: &Pointer, value: &Json) -> Result<(), EditError> {
        if self.at(at).as_ref() != Some(value) {
            self.after = edit::set(&self.source(), self.document, at, value)?;
        }
        Ok(())
    }

    /// Takes a place away, and the mappings that would be left empty. Says whether there was anything.
    pub(super) fn unset(&mut self, at: &Pointer) -> Result<bool, EditError> {
        let json = self.json();
        if json.pointer(&at.to_string()).is_none() {
            return Ok(false);
        }
        let mut at = at.clone();
        while let Some(above) = at.parent().filter(|above| !above.is_root()) {
            let holder = json.pointer(&above.to_string()).and_then(Json::as_object);
            if holder.is_none_or(|members| members.len() > 1) {
                break;
            }
            at = above;
        }
        self.after = edit::unset(&self.source(), self.document, &at)?;
        Ok(true)
    }

    /// The workspace as it would be, checked as `validate` does.
    pub(super) fn check(&self, project: &Project) -> Checked {
        let mut changed = self.others(project);
        changed.add(&self.name, self.after.as_str());
        workspace::compiled(changed)
    }

    /// The workspace without this file, checked.
    pub(super) fn without(&self, project: &Project) -> Checked {
        workspace::compiled(self.others(project))
    }

    fn others(&self, project: &Project) -> Project {
        let mut others = Project {
            workspace: project.workspace.clone(),
            files: project.files.clone(),
            ..Project::default()
        };
        let sources = project.sources.iter();
        for source in sources.filter(|source| source.name() != self.name) {
            others.add(source.name(), source.text());
        }
        others
    }

    /// Writes it. A crash before the new file has its name leaves the old one; after, the new one is whole.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let path = match &self.before {
            Some(before) => {
                let path = fs::canonicalize(&self.path)
                    .with_context(|| format!("{} cannot be found", self.path.display()))?;
                let now = fs::read(&path)
                    .with_context(|| format!("{} cannot be read", path.display()))?;
                anyhow::ensure!(
                    now == before.as_bytes(),
                    "{} was changed meanwhile, so nothing was written; try again",
                    self.path.display()
                );
                path
            }
            None => {
                anyhow::ensure!(
                    !self.path.exists(),
                    "{} is there already and does not hold this tenant; nothing was written",
                    self.path.display()
                );
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)
                        .with_context(|| format!("{} cannot be made", folder.display()))?;
                }
                self.path.clone()
            }
        };
        replace(&path, &self.after, None)
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// The lines that differ from what is on disk.
    pub(super) fn hunks(&self) -> Vec<Hunk> {
        hunks(self.before.as_deref().unwrap_or_default(), &self.after)
    }

    /// The lines that differ, as people read them.
    pub(super) fn diff(&self) -> String {
        let shown = self.hunks().into_iter().map(|hunk| {
            let removed = hunk.removed.iter().map(|line| format!("\n-{line}"));
            let added = hunk.added.iter().map(|line| format!("\n+{line}"));
            let lines: String = removed.chain(added).collect();
            format!("{}:{}{lines}", self.name, hunk.line)
        });
        shown.collect::<Vec<_>>().join("\n")
    }
}

/// Puts a text in place of a file, through a file beside it: with `mode`, else with the mode it has.
pub(super) fn replace(path: &Path, text: &str, mode: Option<u32>) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let had = || fs::metadata(path).map_or(MODE, |old| old.permissions().mode());
    let mode = mode.unwrap_or_else(had);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Hidden files are no documents, so a leftover of a crash does no harm.
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode & 0o777)
            .open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        fs::File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // What is left of it is of no use; the first error is the one to tell.
        drop(fs::remove_file(&beside));
    }
    written
}

/// The lines in which two texts differ.
fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    // How many lines the rests have in common, from each pair of lines on.
    let width = new.len() + 1;
    let mut common = vec![0usize; (old.len() + 1) * width];
    for (i, line) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            common[i * width + j] = if line == other {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let mut found: Vec<Hunk> = Vec::new();
    let (mut i, mut j) = (0, 0);
    let mut open: Option<Hunk> = None;
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            found.extend(open.take());
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let hunk = open.get_or_insert_with(|| Hunk {
            line: j + 1,
            ..Hunk::default()
        });
        let removes = j == new.len()
            || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]);
        if removes {
            hunk.removed.push(old[i].to_owned());
            i += 1;
        } else {
            hunk.added.push(new[j].to_owned());
            j += 1;
        }
    }
    found.extend(open);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_the_lines_that_differ() {
        let hunk = |line: usize, removed: &[&str], added: &[&str]| Hunk {
            line,
            removed: removed.iter().map(ToString::to_string).collect(),
            added: added.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(hunks("a\nb\n", "a\nb\n"), []);
        assert_eq!(hunks("a\nb\nc\n", "a\nx\nc\n"), [hunk(2, &["b"], &["x"])]);
        assert_eq!(
            hunks("a\nb\nc\nd\n", "b\nc\ny\nd\n"),
            [hunk(1, &["a"], &[]), hunk(3, &[], &["y"])]
        );
        assert_eq!(hunks("", "a\n"), [hunk(1, &[], &["a"])]);
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&path, "new", None).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o640
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_was_changed_meanwhile_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.yaml");
        fs::write(&path, "kind: tenant\nname: a\n").unwrap();
        let project = crate::lang::load::read(folder.path()).unwrap();
        let mut file = TenantFile::of(&project, "a").unwrap();
        file.set(&Pointer::parse("/title"), &Json::from("A"))
            .unwrap();
        fs::write(&path, "kind: tenant\nname: a\n# mine\n").unwrap();
        let error = file.write().unwrap_err().to_string();
        assert!(
            error.ends_with("was changed meanwhile, so nothing was written; try again"),
            "{error}"
        );
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "kind: tenant\nname: a\n# mine\n"
        );
    }
}
