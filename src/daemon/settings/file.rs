//! The file of a tenant: changed in memory, checked with the whole workspace, and written in one piece.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::daemon::load::Checked;
use crate::lang::config::Kind;
use crate::lang::edit::{self, EditError};
use crate::lang::load::Project;
use crate::lang::source::{self, Pointer, Source, SourceMap};

/// Mode of a file that was not there before.
const MODE: u32 = 0o644;

/// The file of a tenant, with changes that are not written yet.
#[derive(Clone, Debug)]
pub struct TenantFile {
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hunk {
    /// The first line of it, from 1: of the new text, or where lines are missing there.
    pub line: usize,
    /// Lines that were there.
    pub removed: Vec<String>,
    /// Lines that are there now.
    pub added: Vec<String>,
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is gone, or was never there.
    #[error("{path} cannot be found", path = path.display())]
    NotFound {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be read.
    #[error("{path} cannot be read", path = path.display())]
    Unread {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Somebody else changed it.
    #[error("{path} was changed meanwhile, so nothing was written; try again", path = path.display())]
    ChangedMeanwhile {
        /// Which.
        path: PathBuf,
    },
    /// Another file has its name.
    #[error("{path} is there already and does not hold this tenant; nothing was written", path = path.display())]
    Taken {
        /// Which.
        path: PathBuf,
    },
    /// Its folder cannot be made.
    #[error("{path} cannot be made", path = path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("{path} cannot be written", path = path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl TenantFile {
    /// The file of the tenant with this name.
    pub fn of(project: &Project, tenant: &str) -> Option<Self> {
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
    pub fn new(project: &Project, name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            path: project.workspace.join(name),
            document: 0,
            before: None,
            after: text,
        }
    }

    /// Its name in messages: relative to the workspace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether there is anything to write.
    pub fn is_changed(&self) -> bool {
        self.before.as_ref() != Some(&self.after)
    }

    fn source(&self) -> Source {
        SourceMap::new().add(&self.name, self.after.as_str())
    }

    /// The tenant as it stands now, changes included.
    pub fn json(&self) -> Json {
        let mut documents = source::read(&self.source()).into_iter();
        let document = documents.nth(self.document);
        document
            .and_then(|document| document.value)
            .unwrap_or_default()
    }

    /// What stands at a place now.
    pub fn at(&self, at: &Pointer) -> Option<Json> {
        self.json().pointer(&at.to_string()).cloned()
    }

    /// Puts a value at a place.
    pub fn set(&mut self, at: &Pointer, value: &Json) -> Result<(), EditError> {
        if self.at(at).as_ref() != Some(value) {
            self.after = edit::set(&self.source(), self.document, at, value)?;
        }
        Ok(())
    }

    /// Takes a place away, and the mappings that would be left empty. Says whether there was anything.
    pub fn unset(&mut self, at: &Pointer) -> Result<bool, EditError> {
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
    pub fn check(&self, project: &Project) -> Checked {
        let mut changed = self.others(project);
        changed.add(&self.name, self.after.as_str());
        Checked::of(changed)
    }

    /// The workspace without this file, checked.
    pub fn without(&self, project: &Project) -> Checked {
        Checked::of(self.others(project))
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
    pub fn write(&self) -> Result<(), FileError> {
        let path = match &self.before {
            Some(before) => self.unchanged(before)?,
            None => self.vacant()?,
        };
        replace(&path, &self.after, None).map_err(|source| FileError::Unwritten {
            path: self.path.clone(),
            source,
        })
    }

    /// Where the file is really, if it says what it said when it was read.
    fn unchanged(&self, before: &str) -> Result<PathBuf, FileError> {
        let path = fs::canonicalize(&self.path).map_err(|source| FileError::NotFound {
            path: self.path.clone(),
            source,
        })?;
        let now = fs::read(&path).map_err(|source| FileError::Unread {
            path: path.clone(),
            source,
        })?;
        if now != before.as_bytes() {
            return Err(FileError::ChangedMeanwhile {
                path: self.path.clone(),
            });
        }
        Ok(path)
    }

    /// Where a file is to be that is not there yet.
    fn vacant(&self) -> Result<PathBuf, FileError> {
        if self.path.exists() {
            return Err(FileError::Taken {
                path: self.path.clone(),
            });
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|source| FileError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        }
        Ok(self.path.clone())
    }

    /// The lines that differ from what is on disk.
    pub fn hunks(&self) -> Vec<Hunk> {
        hunks(self.before.as_deref().unwrap_or_default(), &self.after)
    }
}

/// Lines of a file that differ, as people read them.
pub fn diff(name: &str, hunks: &[Hunk]) -> String {
    let shown = hunks.iter().map(|hunk| {
        let removed = hunk.removed.iter().map(|line| format!("\n-{line}"));
        let added = hunk.added.iter().map(|line| format!("\n+{line}"));
        let lines: String = removed.chain(added).collect();
        format!("{name}:{}{lines}", hunk.line)
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// Puts a text in place of a file, through a file beside it: with `mode`, else with the mode it has.
pub fn replace(path: &Path, text: &str, mode: Option<u32>) -> std::io::Result<()> {
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
