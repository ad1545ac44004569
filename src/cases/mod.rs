//! Tests of pipelines, written in YAML: the engine that runs in production, over a store in memory, a clock that
//! stands, and replies that the case gives in place of the network.
//!
//! A case begins where records come in: what turning on does and requirements are not asked.

mod compare;
mod coverage;
mod drive;
mod judge;
pub mod report;
mod script;
mod suite;

pub use coverage::Part;
pub use suite::{Select, Stop, Suite};

use crate::engine::run::OpenError;
use crate::engine::store;

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// The test it belongs to.
    pub test: String,
    /// The file it is in.
    pub file: String,
    /// Its name.
    pub name: String,
    /// What was otherwise than expected; nothing when it passed.
    pub wrong: Vec<String>,
}

impl CaseResult {
    /// Whether everything was as expected.
    pub fn passed(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// How cases went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Each, in the order of the files.
    pub cases: Vec<CaseResult>,
    /// The parts of the tested pipelines that no case met.
    pub unmet: Vec<Part>,
    /// How many parts there are.
    pub parts: usize,
}

impl Report {
    /// How many cases failed.
    pub fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }
}

/// Why cases could not be run.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// An account of a case cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store in memory failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}
