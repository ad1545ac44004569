//! What an integration offers, compiled.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::pipeline::Pipeline;
use super::step::Step;
use super::table::Table;
use crate::lang::expr::{Condition, Template, ValueForm};

/// What an integration offers.
#[derive(Clone, Debug)]
pub struct Integration {
    /// Its name.
    pub name: Arc<str>,
    /// What people call it.
    pub title: Arc<str>,
    /// The connectors it uses.
    pub connectors: Vec<Arc<str>>,
    /// What must be agreed to.
    pub agreement: Option<Agreement>,
    /// What work is serial by (S19), over the record's scope and `key`; the record's key when absent.
    pub root: Option<ValueForm>,
    /// What overrides are per.
    pub subjects: Option<Subjects>,
    /// Every kind of link.
    pub entities: IndexMap<Arc<str>, Entity>,
    /// Steps without a record, run once per activation.
    pub on_activate: Vec<Step>,
    /// What must hold for pipelines to take up work.
    pub requires: Vec<Requirement>,
    /// Its pipelines, by name.
    pub pipelines: IndexMap<Arc<str>, Arc<Pipeline>>,
    /// Its maps, by name.
    pub maps: IndexMap<Arc<str>, Arc<Table>>,
}

/// A text that is agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The text.
    pub text: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
}

/// What overrides are per.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// What people call one.
    pub title: Arc<str>,
    /// The pipeline whose records name them.
    pub from: Option<Arc<str>>,
    /// The key, from such a record.
    pub key: Option<ValueForm>,
    /// The name, from such a record.
    pub label: Option<ValueForm>,
}

/// The two ends of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The source end.
    pub from: EntityFrom,
    /// Connector and record of the made end.
    pub to: (Arc<str>, Arc<str>),
    /// Names of what the link keeps.
    pub remember: Vec<Arc<str>>,
}

/// The source end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityFrom {
    /// The tenant itself.
    Tenant,
    /// Connector and record.
    Record(Arc<str>, Arc<str>),
}

/// What must hold for pipelines to take up work.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// Its name.
    pub name: Arc<str>,
    /// What is read to find out.
    pub steps: Vec<Step>,
    /// What must hold.
    pub that: Condition,
    /// The sentence shown while it does not.
    pub otherwise: Template,
    /// How often it is looked at; at most 60 s (S22).
    pub every: Duration,
    /// The pipelines that wait.
    pub pipelines: Vec<Arc<str>>,
}

impl Requirement {
    /// Whether a pipeline waits for it.
    pub fn is_of(&self, pipeline: &str) -> bool {
        self.pipelines.iter().any(|name| **name == *pipeline)
    }
}
