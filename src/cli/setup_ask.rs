//! Asking a person at a terminal.

use std::io::{IsTerminal as _, Write as _};

use console::Term;

use super::out::Out;

/// Someone who can answer.
#[derive(Clone, Debug)]
pub(super) struct Person {
    out: Out,
}

/// The person went away: the input ended.
#[derive(Debug, thiserror::Error)]
#[error(
    "the input ended before everything was answered; what was not said to be stored is not stored"
)]
pub(super) struct Gone;

impl Person {
    /// Someone at the terminal; none where input or talk goes elsewhere, or results are for programs.
    pub(super) fn present(out: Out) -> Option<Self> {
        let attended = std::io::stdin().is_terminal() && out.is_terminal() && !out.is_json();
        attended.then_some(Self { out })
    }

    /// An answer; empty when the person only pressed Enter.
    pub(super) fn answer(&self, question: &str) -> anyhow::Result<String> {
        self.prompt(question)?;
        let mut line = String::new();
        if std::io::stdin().read_line(&mut line)? == 0 {
            self.out.talk("");
            return Err(Gone.into());
        }
        Ok(line.trim().to_owned())
    }

    /// An answer that is not shown while it is typed.
    pub(super) fn secret(&self, question: &str) -> anyhow::Result<String> {
        self.prompt(question)?;
        Ok(Term::stderr().read_secure_line()?)
    }

    /// Whether the answer is yes; only Enter means no.
    pub(super) fn agrees(&self, question: &str) -> anyhow::Result<bool> {
        let answer = self.answer(&format!("{question} [y/N] "))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }

    fn prompt(&self, question: &str) -> anyhow::Result<()> {
        let mut term = Term::stderr();
        term.write_all(question.as_bytes())?;
        term.flush()?;
        Ok(())
    }
}
