//! `write`, compiled.

use std::sync::Arc;
use std::time::Duration;

use super::Origin;
use super::request::{Paging, Request};
use crate::lang::config::{Compare, First, OnMissing, OnUnknown};
use crate::lang::expr::{Condition, Query, Template, ValueForm};

/// Find what is there, create it if not, update it if it differs, remember the link.
#[derive(Clone, Debug)]
pub struct Write {
    /// The kind of link; without it `id` names a record that is only changed.
    pub entity: Option<Arc<str>>,
    /// The connector that is written to.
    pub connector: Arc<str>,
    /// The source end's key; the record's key when absent.
    pub key: Option<ValueForm>,
    /// The id of the record to change, where there is no entity.
    pub id: Option<ValueForm>,
    /// What the link keeps.
    pub remember: Vec<(Arc<str>, ValueForm)>,
    /// How to find what may be there already.
    pub find: Option<Find>,
    /// How to read what is linked.
    pub read: Option<Read>,
    /// How to make it.
    pub create: Option<Create>,
    /// How to change it.
    pub update: Option<Update>,
    /// What becomes of an unknown create.
    pub on_unknown: OnUnknown,
    /// What becomes of a link whose record is gone.
    pub on_missing: OnMissing,
    /// Where it was said.
    pub origin: Origin,
}

/// A search.
#[derive(Clone, Debug)]
pub struct Find {
    /// The request; without one `id` alone adopts.
    pub request: Option<Request>,
    /// Where the reply holds candidates; the reply itself when absent.
    pub found: Option<Query>,
    /// Keeps a candidate, over `candidate`.
    pub where_: Option<Condition>,
    /// The candidate's id, `$` being the candidate.
    pub id: ValueForm,
    /// How its pages come.
    pub paging: Option<Paging>,
    /// Orders several candidates; lowest first wins.
    pub choose: Option<ValueForm>,
    /// Further searches, when this one finds nothing.
    pub otherwise: Vec<Find>,
}

/// Reads the linked record by `id`.
#[derive(Clone, Debug)]
pub struct Read {
    /// The request, over `id`.
    pub request: Request,
    /// Where the record stands when the reply is a list.
    pub found: Option<Query>,
    /// Where it says that it was merged into another (R67).
    pub merged_into: Option<Query>,
    /// How long an answer may be used again; only where nothing is updated.
    pub cache: Option<Duration>,
}

/// Makes the record.
#[derive(Clone, Debug)]
pub struct Create {
    /// The request.
    pub request: Request,
    /// Its id, `$` being the reply.
    pub id: ValueForm,
}

/// Changes the record.
#[derive(Clone, Debug)]
pub struct Update {
    /// Only when this holds, over `found` and `id` as well.
    pub when: Option<Condition>,
    /// The reason shown when it does not.
    pub reason: Option<Template>,
    /// The request, over `found` and `id` as well.
    pub request: Request,
    /// What the body is compared with (S17).
    pub compare: Compare,
    /// What a record that was found is taken to say.
    pub first: First,
    /// Where a body member stands in the record under another name.
    pub same: Vec<(Arc<str>, Query)>,
}
