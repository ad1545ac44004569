//! One flow of records, compiled.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::crontab::Crontab;
use super::request::{Paging, Request};
use super::step::Step;
use crate::lang::config::{IfRunning, Missed};
use crate::lang::expr::{Query, Type, ValueForm};

/// One flow of records.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: Arc<str>,
    /// When it runs; by hand alone when absent.
    pub trigger: Option<Trigger>,
    /// Where records come from.
    pub fetch: Fetch,
    /// Further feeds whose rows only name records to read again: each a source of its own, `<pipeline>/<signal>`.
    pub signals: Vec<Arc<Pipeline>>,
    /// For a signal: the pipeline whose records its rows name.
    pub names: Option<Arc<str>>,
    /// Which end of which entity a record is.
    pub links: IndexMap<Arc<str>, LinkEnd>,
    /// Whose settings apply.
    pub overrides_for: Option<ValueForm>,
    /// What happens to each record.
    pub steps: Vec<Step>,
}

/// When a pipeline runs.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Time between the starts of two runs.
    pub every: Option<Duration>,
    /// A crontab line in its zone.
    pub cron: Option<Crontab>,
    /// Webhooks of the pipeline's connector that name its records.
    pub webhooks: Vec<Arc<str>>,
    /// What happens to a time that comes while a run is going on.
    pub if_running: IfRunning,
    /// What happens to times of `cron` that passed while nothing ran.
    pub missed: Missed,
}

/// Where records come from.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// The request of a page, over `cursor` and the constant names.
    pub request: Request,
    /// Where the reply holds the records.
    pub records: Query,
    /// The type of one.
    pub record: Arc<Type>,
    /// Its key.
    pub key: ValueForm,
    /// What orders versions of it.
    pub version: Option<ValueForm>,
    /// How the pages come; one page when absent.
    pub paging: Option<Paging>,
    /// What moves forward from run to run.
    pub cursor: Option<Cursor>,
    /// First token of a token feed.
    pub from: Option<ValueForm>,
    /// How to read one record by `key`.
    pub one: Option<One>,
}

/// What moves forward from run to run.
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The member that rises with every change.
    pub path: Query,
    /// The member that orders rows of equal value.
    pub tie: Option<Query>,
    /// Whether the request seeks by `cursor.tie` (an exact keyset).
    pub seeks_by_tie: bool,
    /// Where the first run starts.
    pub start: ValueForm,
    /// How far before the watermark a run starts (S15).
    pub overlap: Duration,
    /// The window that is read again for rows that were missed.
    pub sweep: Sweep,
    /// What values are floored to before they are sent back.
    pub precision: Option<Duration>,
}

/// Whether and how far a window is read again (S15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Not.
    None,
    /// This far back, once in this time.
    Window(Duration),
}

/// How to read one record.
#[derive(Clone, Debug)]
pub struct One {
    /// The request, over `key`.
    pub request: Request,
    /// Where the record stands when the reply is a list.
    pub found: Option<Query>,
}

/// One end of an entity, over the record.
#[derive(Clone, Debug)]
pub enum LinkEnd {
    /// The record is the source end: this is its key.
    Source(ValueForm),
    /// The record names the source end, with this key.
    Key(ValueForm),
    /// The record is the made end: this is its key.
    Made(ValueForm),
    /// The record names the made end, with this id.
    Id(ValueForm),
}
