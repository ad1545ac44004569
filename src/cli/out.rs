//! The only writer to stdout and stderr.

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use super::args::Format;

/// Where results and talk go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Out {
    format: Format,
}

impl Out {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Whether results are for programs.
    pub(super) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Whether results are for a build server.
    pub(super) fn is_junit(self) -> bool {
        self.format == Format::Junit
    }

    /// A result: to stdout. A reader that went away is not our fault.
    pub(super) fn data(self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        drop(write!(stdout, "{text}{end}").and_then(|()| stdout.flush()));
    }

    /// A result for programs, on one line.
    pub(super) fn json(self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.data(&text),
            Err(error) => self.talk(&format!(
                "error: a result could not be written as JSON: {error}"
            )),
        }
    }

    /// Talk: to stderr.
    pub(super) fn talk(self, text: &str) {
        let mut stderr = std::io::stderr().lock();
        let end = if text.ends_with('\n') { "" } else { "\n" };
        drop(write!(stderr, "{text}{end}").and_then(|()| stderr.flush()));
    }

    /// An error with its causes.
    pub(super) fn error(self, error: &anyhow::Error) {
        let mut text = format!("error: {error}");
        let mut last = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // An error that is transparent for its cause says the same twice.
            if !last.contains(&cause) {
                text.push_str("\n  because: ");
                text.push_str(&cause);
            }
            last = cause;
        }
        self.talk(&text);
    }

    /// Whether talk may be coloured: a terminal, and nobody asked otherwise.
    pub(super) fn colour(self) -> bool {
        std::io::stderr().is_terminal() && super::env::colour_wanted()
    }

    /// Whether someone is watching.
    pub(super) fn is_terminal(self) -> bool {
        std::io::stderr().is_terminal()
    }
}
