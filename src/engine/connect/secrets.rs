//! Where secrets come from: the environment, files, a command. Nothing else in the engine reads the environment.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::redact::Redactor;
use crate::engine::clock::Clock;
use crate::lang::plan::SecretSource;

/// A secret. It has no `Display`, prints as `***`, and its memory is wiped when the last one goes.
#[derive(Clone)]
pub struct Secret(Arc<SecretString>);

impl Secret {
    /// From its text.
    pub fn new(text: String) -> Self {
        Self(Arc::new(SecretString::from(text)))
    }

    /// Its text, for the place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// Longest secret that is read.
const LONGEST: u64 = 64 * 1024;
/// How long a command may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a secret could not be had. Each message says what to do.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The name is not one.
    #[error(
        "`{name}` is no name of a secret: letters, digits, `.`, `_`, `-`, with `/` between parts"
    )]
    Name {
        /// As written.
        name: String,
    },
    /// The variable is not set.
    #[error("secret `{name}` is not set: give it in the environment variable {variable}")]
    NoVariable {
        /// The secret.
        name: String,
        /// Where it is looked for.
        variable: String,
    },
    /// The file is not there.
    #[error("secret `{name}` has no file: put it into {} with mode 0600", .path.display())]
    NoFile {
        /// The secret.
        name: String,
        /// Where it is looked for.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error(
        "secret `{name}` is open to others: {path} has mode {mode:04o}; run `chmod 600 {path}`",
        path = .path.display()
    )]
    Exposed {
        /// The secret.
        name: String,
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Not a file.
    #[error("secret `{name}` is no file: {} is something else", .path.display())]
    NotAFile {
        /// The secret.
        name: String,
        /// What is there.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("secret `{name}` cannot be read from {}: {source}", .path.display())]
    Unreadable {
        /// The secret.
        name: String,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no characters.
    #[error("secret `{name}` is empty")]
    Empty {
        /// The secret.
        name: String,
    },
    /// It is no text.
    #[error("secret `{name}` is no UTF-8 text")]
    NotText {
        /// The secret.
        name: String,
    },
    /// It is longer than any secret.
    #[error("secret `{name}` is longer than 64 KiB")]
    TooLong {
        /// The secret.
        name: String,
    },
    /// The command cannot be started.
    #[error("secret `{name}`: the command `{program}` cannot be started: {source}")]
    NoCommand {
        /// The secret.
        name: String,
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The command failed.
    #[error(
        "secret `{name}`: the command `{program}` failed ({status}); run it by hand to see why"
    )]
    CommandFailed {
        /// The secret.
        name: String,
        /// The program.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// The command did not end.
    #[error("secret `{name}`: the command `{program}` did not answer within {} s", .after.as_secs())]
    CommandTimeout {
        /// The secret.
        name: String,
        /// The program.
        program: String,
        /// How long it had.
        after: Duration,
    },
}

/// Resolves names of secrets, and remembers every value so that it can be kept out of texts.
#[derive(Clone, Debug)]
pub struct Secrets {
    source: SecretSource,
    clock: Clock,
    redactor: Redactor,
}

impl Secrets {
    /// From a source; a relative folder is relative to the process.
    pub fn new(source: SecretSource, clock: Clock) -> Self {
        Self {
            source,
            clock,
            redactor: Redactor::default(),
        }
    }

    /// Knows every secret that was resolved here.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// The value of a secret.
    ///
    /// # Errors
    /// What is missing or wrong, and how to mend it. The texts hold no secret.
    pub async fn resolve(&self, name: &str) -> Result<Secret, SecretError> {
        if !is_name(name) {
            return Err(SecretError::Name {
                name: name.to_owned(),
            });
        }
        let secret = match &self.source {
            SecretSource::Environment(prefix) => from_environment(prefix, name)?,
            SecretSource::Directory(folder) => from_file(folder, name).await?,
            SecretSource::Command(run) => self.from_command(run, name).await?,
        };
        self.redactor.add(&secret);
        Ok(secret)
    }

    async fn from_command(&self, run: &[Arc<str>], name: &str) -> Result<Secret, SecretError> {
        let mut words = run.iter().map(|word| with_name(word, name));
        let program = words.next().unwrap_or_default();
        let no_command = |source| SecretError::NoCommand {
            name: name.to_owned(),
            program: program.clone(),
            source,
        };
        let mut child = tokio::process::Command::new(&program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(no_command)?;
        let output = child.stdout.take().expect("its output is piped");
        let answer = async {
            let bytes = read_capped(output).await.map_err(no_command)?;
            let status = child.wait().await.map_err(no_command)?;
            Ok::<_, SecretError>((bytes, status))
        };
        let (bytes, status) = tokio::select! {
            answer = answer => answer?,
            () = self.clock.sleep(COMMAND_TIMEOUT) => {
                return Err(SecretError::CommandTimeout {
                    name: name.to_owned(),
                    program,
                    after: COMMAND_TIMEOUT,
                });
            }
        };
        if !status.success() {
            return Err(SecretError::CommandFailed {
                name: name.to_owned(),
                program,
                status,
            });
        }
        from_bytes(name, bytes)
    }
}

/// Letters, digits, `.`, `_` and `-`, in parts; no part leads elsewhere or looks like an option.
fn is_name(name: &str) -> bool {
    let legal = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_' | '-');
    let part =
        |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && part.chars().all(legal);
    name.split('/').all(part)
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "secrets are the one thing the engine reads from the environment"
)]
fn from_environment(prefix: &str, name: &str) -> Result<Secret, SecretError> {
    let suffix = name.chars().map(|char| match char {
        'a'..='z' | 'A'..='Z' | '0'..='9' => char.to_ascii_uppercase(),
        _ => '_',
    });
    let variable: String = prefix.chars().chain(suffix).collect();
    match std::env::var_os(&variable) {
        Some(value) => {
            use std::os::unix::ffi::OsStringExt as _;
            from_bytes(name, value.into_vec())
        }
        None => Err(SecretError::NoVariable {
            name: name.to_owned(),
            variable,
        }),
    }
}

async fn from_file(folder: &Path, name: &str) -> Result<Secret, SecretError> {
    let path = folder.join(name);
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => SecretError::NoFile {
            name: name.to_owned(),
            path: path.clone(),
        },
        _ => SecretError::Unreadable {
            name: name.to_owned(),
            path: path.clone(),
            source,
        },
    };
    // The mode is asked of the open file: what is checked is what is read.
    let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
    let metadata = file.metadata().await.map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(SecretError::NotAFile {
            name: name.to_owned(),
            path,
        });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed {
            name: name.to_owned(),
            path,
            mode,
        });
    }
    from_bytes(name, read_capped(file).await.map_err(unreadable)?)
}

async fn read_capped(source: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LONGEST + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Text without the line end that editors and commands put behind it.
fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Secret, SecretError> {
    let name = || name.to_owned();
    if bytes.len() as u64 > LONGEST {
        return Err(SecretError::TooLong { name: name() });
    }
    let mut text = String::from_utf8(bytes).map_err(|_| SecretError::NotText { name: name() })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(SecretError::Empty { name: name() });
    }
    Ok(Secret::new(text))
}

/// `{{ name }}` in a word of a command, with any spaces inside.
fn with_name(word: &str, name: &str) -> String {
    let mut out = String::with_capacity(word.len() + name.len());
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, behind)) = after.split_once("}}") else {
            break;
        };
        out.push_str(before);
        if inside.trim() == "name" {
            out.push_str(name);
        } else {
            out.extend(["{{", inside, "}}"]);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(source: SecretSource) -> Secrets {
        Secrets::new(source, Clock::real())
    }

    async fn message(source: SecretSource, name: &str) -> String {
        secrets(source).resolve(name).await.unwrap_err().to_string()
    }

    fn write(folder: &Path, name: &str, text: &str, mode: u32) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[tokio::test]
    async fn a_file_gives_its_text_without_the_line_end() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "acme/api/key", "s3 cret\r\n", 0o600);
        let secrets = secrets(SecretSource::Directory(folder.path().into()));
        let secret = secrets.resolve("acme/api/key").await.unwrap();
        assert_eq!(secret.expose(), "s3 cret");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secrets.redactor().clean("key=s3 cret!"), "key=***!");
    }

    #[tokio::test]
    async fn files_that_are_missing_open_or_odd_say_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let shown = folder.path().display().to_string();
        let source = SecretSource::Directory(folder.path().into());
        write(folder.path(), "open", "x", 0o640);
        write(folder.path(), "empty", "\n", 0o600);
        write(folder.path(), "deep/file", "x", 0o600);
        let mut messages = Vec::new();
        for name in ["absent", "open", "empty", "deep"] {
            messages.push(
                message(source.clone(), name)
                    .await
                    .replace(&shown, "SECRETS"),
            );
        }
        assert_eq!(
            messages,
            [
                "secret `absent` has no file: put it into SECRETS/absent with mode 0600",
                "secret `open` is open to others: SECRETS/open has mode 0640; run `chmod 600 SECRETS/open`",
                "secret `empty` is empty",
                "secret `deep` is no file: SECRETS/deep is something else",
            ]
        );
    }

    #[tokio::test]
    async fn names_cannot_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let source = SecretSource::Directory(folder.path().into());
        for name in [
            "../x",
            "a/../../x",
            "/etc/passwd",
            "a//b",
            "",
            ".",
            "-rf",
            "a/-b",
            "a\0b",
            "a b",
        ] {
            let error = secrets(source.clone()).resolve(name).await.unwrap_err();
            assert!(
                matches!(error, SecretError::Name { .. }),
                "{name:?}: {error}"
            );
        }
        assert_eq!(
            message(source, "../x").await,
            "`../x` is no name of a secret: letters, digits, `.`, `_`, `-`, with `/` between parts"
        );
    }

    #[tokio::test]
    async fn the_environment_is_asked_in_capitals() {
        let source = SecretSource::Environment("SYNCLINE_TEST_SECRET_".into());
        assert_eq!(
            message(source, "acme/api-key.1").await,
            "secret `acme/api-key.1` is not set: give it in the environment variable SYNCLINE_TEST_SECRET_ACME_API_KEY_1"
        );
        // Cargo sets this for every test.
        let source = SecretSource::Environment("CARGO_".into());
        let secret = secrets(source).resolve("pkg/name").await.unwrap();
        assert_eq!(secret.expose(), "syncline");
    }

    #[tokio::test]
    async fn a_command_is_run_without_a_shell() {
        let command =
            |words: &[&str]| SecretSource::Command(words.iter().copied().map(Arc::from).collect());
        let printed = secrets(command(&[
            "printf",
            "%s|%s\\n",
            "{{ name }}",
            "$HOME;{{name}}",
        ]));
        assert_eq!(
            printed.resolve("a/b").await.unwrap().expose(),
            "a/b|$HOME;a/b"
        );
        assert_eq!(
            message(command(&["false"]), "a").await,
            "secret `a`: the command `false` failed (exit status: 1); run it by hand to see why"
        );
        assert!(
            message(command(&["/no/such/program"]), "a")
                .await
                .starts_with("secret `a`: the command `/no/such/program` cannot be started: ")
        );
        let fast = Clock::starting(crate::engine::clock::Timestamp::EPOCH, 1000);
        let slow = Secrets::new(command(&["sleep", "60"]), fast);
        assert_eq!(
            slow.resolve("a").await.unwrap_err().to_string(),
            "secret `a`: the command `sleep` did not answer within 10 s"
        );
    }
}
