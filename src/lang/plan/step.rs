//! Steps, compiled.

use std::sync::Arc;
use std::time::Duration;

use super::Origin;
use super::request::{Paging, Request};
use super::table::Table;
use super::write::Write;
use crate::lang::expr::{Condition, Query, Template, ValueForm};

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name: later steps read `steps.<name>`.
    pub name: Option<Arc<str>>,
    /// It runs only when this holds; with `each`, asked per item.
    pub when: Option<Condition>,
    /// It runs once for every item of this list.
    pub each: Option<ValueForm>,
    /// What the item is called.
    pub item: Arc<str>,
    /// What is done when it fails, first match wins.
    pub catch: Vec<Catch>,
    /// What it does.
    pub verb: Verb,
    /// Where it was said.
    pub origin: Origin,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Verb {
    /// Reads something more.
    Fetch(Box<StepFetch>),
    /// Names values, in order.
    Transform(Vec<(Arc<str>, ValueForm)>),
    /// A value through a map.
    Map(Box<MapUse>),
    /// Finds, creates, updates, links.
    Write(Box<Write>),
    /// A group.
    Do(Vec<Step>),
    /// The steps of a routine, put in where it is called.
    Call(Box<Call>),
    /// This version leads to nothing.
    Skip {
        /// Why.
        reason: Template,
        /// For every later version too (S23).
        forever: bool,
        /// Counted as echo (S16).
        echo: bool,
    },
    /// The record waits.
    Hold {
        /// Why.
        reason: Template,
        /// First wait; doubles to 1 h (S33).
        recheck: Option<Duration>,
    },
    /// The record fails.
    Fail {
        /// Our code.
        code: Arc<str>,
        /// Why.
        reason: Template,
    },
}

/// The steps of a routine, put in where it is called.
#[derive(Clone, Debug)]
pub struct Call {
    /// The routine's name.
    pub routine: Arc<str>,
    /// What it is given, every input of it.
    pub inputs: Vec<(Arc<str>, ValueForm)>,
    /// Its steps, whose `vars` and `steps` are their own.
    pub steps: Vec<Step>,
}

/// What is done when a step fails.
#[derive(Clone, Debug)]
pub struct Catch {
    /// Classes and codes, as text.
    pub errors: Vec<Arc<str>>,
    /// Only when this holds, over `error` as well.
    pub when: Option<Condition>,
    /// The steps that run instead.
    pub steps: Vec<Step>,
}

/// Reads something more.
#[derive(Clone, Debug)]
pub struct StepFetch {
    /// The request.
    pub request: Request,
    /// Where the reply holds a list; the reply itself when absent.
    pub records: Option<Query>,
    /// How its pages come.
    pub paging: Option<Paging>,
    /// How long an answer may be used again (S42).
    pub cache: Option<Duration>,
}

/// A value through a map.
#[derive(Clone, Debug)]
pub struct MapUse {
    /// The map's name.
    pub map: Arc<str>,
    /// Its rows when no tenant replaced any.
    pub table: Arc<Table>,
    /// The setting (`group.field`) whose rows go before them; see [`super::Settings::tables`].
    pub setting: Option<Arc<str>>,
    /// The value.
    pub value: ValueForm,
    /// What conditional rows may read.
    pub with: Vec<(Arc<str>, ValueForm)>,
    /// What is offered.
    pub among: Option<ValueForm>,
    /// The result when nothing of the row is offered.
    pub none: Option<serde_json::Value>,
}
