//! The files of a workspace. The one place of `lang` that touches the disk.

use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use thiserror::Error;

use super::parse::is_yaml;
use super::project::Project;

/// A workspace that cannot be read.
#[derive(Debug, Error)]
pub enum Error {
    /// The folder is not there.
    #[error("there is no folder `{}`; a workspace is a folder with a `syncline.yaml`", .0.display())]
    NoFolder(PathBuf),
    /// A folder could not be listed.
    #[error("`{}` cannot be listed", .path.display())]
    List {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: ignore::Error,
    },
    /// A file could not be read.
    #[error("`{}` cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Reads every YAML file below `workspace`, and what those files name. Hidden files and what `.gitignore` names
/// stay out. A named file that is not there is a mistake of the document that names it, not of the reader.
pub fn read(workspace: &Path) -> Result<Project, Error> {
    if !workspace.is_dir() {
        return Err(Error::NoFolder(workspace.to_owned()));
    }
    let mut project = Project {
        workspace: workspace.to_owned(),
        ..Project::default()
    };
    for path in yaml_files(workspace)? {
        let text = text(&path)?;
        let name = path.strip_prefix(workspace).unwrap_or(&path);
        project.add(&name.to_string_lossy(), text);
    }
    for name in project.wanted() {
        let path = workspace.join(&name);
        if path.is_file() {
            let text = text(&path)?;
            project.add(&name, text);
        }
    }
    Ok(project)
}

/// Changes when a file that [`read`] reads is written, added or removed. A folder that cannot be listed now has the
/// stamp of no other.
pub fn stamp(workspace: &Path, named: &[String]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let Ok(files) = yaml_files(workspace) else {
        return [0; 32];
    };
    for path in files
        .into_iter()
        .chain(named.iter().map(|name| workspace.join(name)))
    {
        hasher.update(path.as_os_str().as_encoded_bytes());
        if let Ok(meta) = std::fs::metadata(&path) {
            let written = meta.modified().ok();
            let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            hasher.update(&written.unwrap_or_default().as_nanos().to_le_bytes());
            hasher.update(&meta.len().to_le_bytes());
        }
    }
    hasher.finalize().into()
}

fn yaml_files(workspace: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    // A workspace inside another repository keeps its own rules alone.
    for entry in WalkBuilder::new(workspace)
        .parents(false)
        .require_git(false)
        .build()
    {
        let entry = entry.map_err(|source| Error::List {
            path: workspace.to_owned(),
            source,
        })?;
        if entry.file_type().is_some_and(|kind| kind.is_file())
            && is_yaml(&entry.file_name().to_string_lossy())
        {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

/// The text of a file. Bytes that are not UTF-8 become marks, which the YAML reader then points at.
fn text(path: &Path) -> Result<String, Error> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(source) => Err(Error::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn yaml_and_what_it_names_are_read_and_hidden_files_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("work");
        fs::create_dir_all(workspace.join("a/.hidden")).unwrap();
        fs::write(
            workspace.join("a/integration.yaml"),
            "kind: integration\nname: a\ntitle: A\nconnectors: []\n\
             agreement: { text: ../../terms.md, version: '1' }\n",
        )
        .unwrap();
        fs::write(workspace.join("a/.hidden/x.yaml"), "kind: map\n").unwrap();
        fs::write(workspace.join("a/notes.txt"), "not yaml").unwrap();
        fs::write(folder.path().join("terms.md"), "# Terms").unwrap();
        let project = read(&workspace).unwrap();
        assert_eq!(project.diagnostics, []);
        assert_eq!(project.documents.len(), 1);
        assert_eq!(
            project
                .file(&project.documents[0], "../../terms.md")
                .unwrap()
                .as_ref(),
            "# Terms"
        );
    }

    #[test]
    fn a_folder_that_is_not_there_is_said_by_name() {
        let error = read(Path::new("/no/such/workspace")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no folder `/no/such/workspace`; a workspace is a folder with a `syncline.yaml`"
        );
    }
}
