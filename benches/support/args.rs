//! What a bench is told on its command line.

use std::fmt::Display;
use std::str::FromStr;

use anyhow::Context as _;

/// The arguments of a bench: words, and `--name value` in any order.
#[derive(Clone, Debug)]
pub(crate) struct Args(Vec<String>);

impl Args {
    /// Those of this process. Cargo says `--bench` to every bench.
    pub(crate) fn of_process() -> Self {
        let args = std::env::args().skip(1);
        Self(args.filter(|arg| arg != "--bench").collect())
    }

    /// Whether it is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|arg| arg == name)
    }

    /// What stands behind a name.
    pub(crate) fn value(&self, name: &str) -> anyhow::Result<Option<&str>> {
        let Some(at) = self.0.iter().position(|arg| arg == name) else {
            return Ok(None);
        };
        let value = self.0.get(at + 1);
        let value = value.with_context(|| format!("{name} needs a value"))?;
        Ok(Some(value))
    }

    /// The number behind a name, or what holds when it is not said.
    pub(crate) fn number<T>(&self, name: &str, default: T) -> anyhow::Result<T>
    where
        T: FromStr,
    {
        match self.value(name)? {
            Some(text) => {
                let number = text.parse().ok();
                number.with_context(|| format!("{name} {text} is no number"))
            }
            None => Ok(default),
        }
    }

    /// The command that runs the bench again.
    pub(crate) fn again(&self, bench: impl Display) -> String {
        format!("cargo bench --bench {bench} -- {}", self.0.join(" "))
    }
}

/// Makes encryption available: the client needs some to be made, though nothing here is encrypted.
pub(crate) fn install_crypto() -> anyhow::Result<()> {
    let provider = rustls::crypto::ring::default_provider();
    let installed = provider.install_default().ok();
    installed.context("another provider was installed before")
}
