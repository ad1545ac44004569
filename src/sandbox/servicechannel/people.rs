//! What people do in ServiceChannel, beside what its API lets clients do.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::World;
use super::changes::{self, Text};
use super::events;
use super::ledger::{Author, Pen, Write};
use super::model::{
    Attachment, AttachmentId, Content, InvoiceId, Note, NoteId, Primary, ProviderId, Status,
    SubscriberId, WorkOrder, WorkOrderId,
};
use super::state::{NoteDraft, State};
use crate::sandbox::kit::time::later;

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such work order.
    #[error("there is no work order {0}")]
    UnknownWorkOrder(WorkOrderId),
    /// There is no such client.
    #[error("there is no subscriber {0}")]
    UnknownSubscriber(SubscriberId),
    /// There is no such invoice.
    #[error("there is no invoice {0}")]
    UnknownInvoice(InvoiceId),
    /// Nothing of the kind becomes of such an invoice.
    #[error("invoice {0} is {1}: that cannot be done with it")]
    InvoiceIs(InvoiceId, &'static str),
    /// What was to be changed is not there, or not of that kind.
    #[error("what is to be changed is not as it should be: {0}")]
    NotAsItShould(#[from] serde_json::Error),
}

/// What to write into a work order; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edit {
    /// What is to be done.
    pub description: Option<String>,
    /// How urgent.
    pub priority: Option<String>,
    /// No more than this may be spent.
    pub nte: Option<f64>,
    /// The client's number.
    pub purchase_number: Option<String>,
    /// Which trade.
    pub trade: Option<String>,
    /// Which kind of work.
    pub category: Option<String>,
    /// The problem.
    pub problem_code: Option<String>,
    /// When work is to begin.
    pub scheduled_date: Option<DateTime<Utc>>,
    /// When the client asked.
    pub call_date: Option<DateTime<Utc>>,
    /// When it must be done.
    pub expiration_date: Option<DateTime<Utc>>,
    /// How far it is.
    pub status: Option<Status>,
}

impl Edit {
    fn apply(&self, order: &mut WorkOrder) {
        let Self {
            description,
            priority,
            nte,
            purchase_number,
            trade,
            category,
            problem_code,
            scheduled_date,
            call_date,
            expiration_date,
            status,
        } = self.clone();
        if let Some(description) = description {
            order.description = description;
        }
        if let Some(purchase_number) = purchase_number {
            order.purchase_number = purchase_number;
        }
        if let Some(call_date) = call_date {
            order.call_date = call_date;
        }
        if let Some(status) = status {
            order.status = status;
        }
        order.priority = priority.or(order.priority.take());
        order.nte = nte.or(order.nte);
        order.trade = trade.or(order.trade.take());
        order.category = category.or(order.category.take());
        order.problem_code = problem_code.or(order.problem_code.take());
        order.scheduled_date = scheduled_date.or(order.scheduled_date);
        order.expiration_date = expiration_date.or(order.expiration_date);
    }
}

/// A work order as a test needs it to compute what must come out on the other side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// Its number.
    pub id: WorkOrderId,
    /// Whose it is.
    pub subscriber: SubscriberId,
    /// Who is to do it.
    pub provider: ProviderId,
    /// How far it is.
    pub status: Status,
    /// When the client asked.
    pub call_date: DateTime<Utc>,
    /// When it was written.
    pub created_date: DateTime<Utc>,
    /// When it was last changed.
    pub updated_date: DateTime<Utc>,
    /// How urgent.
    pub priority: Option<String>,
}

impl World {
    /// Clients call in `count` work orders, now.
    pub fn arrive(&self, count: usize) -> Vec<WorkOrderId> {
        self.arrive_as(count, &Edit::default())
    }

    /// Clients call in `count` work orders, now, that say what `edit` says.
    pub fn arrive_as(&self, count: usize, edit: &Edit) -> Vec<WorkOrderId> {
        let seed = self.seed();
        self.with_state(|state| {
            let add = |_| {
                let now = state.stamp(self.kit().clock.now());
                let mut order = seed.work_order(state, now);
                edit.apply(&mut order);
                order.hidden_until = self.late_row("POST", now);
                let id = order.id;
                state.add_work_order(order);
                events::tell_created(state, id);
                id
            };
            (0..count).map(add).collect()
        })
    }

    /// Work orders come in that were last changed at `updated`: a late or restored source.
    pub fn insert_at(&self, count: usize, updated: DateTime<Utc>) -> Vec<WorkOrderId> {
        let seed = self.seed();
        self.with_state(|state| {
            let add = |_| {
                let order = seed.work_order(state, updated);
                let id = order.id;
                state.add_work_order(order);
                id
            };
            (0..count).map(add).collect()
        })
    }

    /// Somebody edits a work order. Says when it was changed.
    pub fn edit(&self, id: WorkOrderId, edit: Edit) -> Result<DateTime<Utc>, Error> {
        let pen = self.person();
        let late = self.late_row("PUT", pen.now);
        let changed = self.with_state(|state| {
            let before = state.work_order(id)?.clone();
            let mut after = before.clone();
            edit.apply(&mut after);
            note_changes(state, &pen, &before, &after);
            state.change(id, pen.now, |order| {
                edit.apply(order);
                order.hidden_until = late;
            })
        });
        changed.ok_or(Error::UnknownWorkOrder(id))
    }

    /// The client calls a work order off: completed as cancelled, with nothing to be spent.
    pub fn cancel(&self, id: WorkOrderId) -> Result<DateTime<Utc>, Error> {
        let pen = self.person();
        let changed = self.with_state(|state| {
            changes::nte(state, id, &pen, 0.0)?;
            let cancelled = Status::of(Primary::Completed, "CANCELLED");
            changes::status(state, id, &pen, cancelled)
        });
        changed.ok_or(Error::UnknownWorkOrder(id))
    }

    /// Everything that was written about work orders, and status writes that were refused, in the
    /// order it was done.
    pub fn writes(&self) -> Vec<Write> {
        self.read_state(|state| state.ledger().since(0).to_vec())
    }

    /// Somebody at the client, now.
    pub(super) fn person(&self) -> Pen {
        Pen {
            now: self.kit().clock.now(),
            by: Author::person("Jane Store"),
        }
    }

    /// Somebody at the client sets a status, which writes a system note too.
    pub fn set_status(&self, id: WorkOrderId, status: Status) -> Result<DateTime<Utc>, Error> {
        let pen = self.person();
        let changed = self.with_state(|state| changes::status(state, id, &pen, status));
        changed.ok_or(Error::UnknownWorkOrder(id))
    }

    /// Somebody at the client writes a note.
    pub fn write_note(&self, id: WorkOrderId, text: &str) -> Result<(), Error> {
        let draft = NoteDraft::user(text.to_owned(), "");
        self.write_note_as(id, draft).map(|_| ())
    }

    /// Somebody at the client writes this note; without an author it is whoever is always there.
    pub(super) fn write_note_as(
        &self,
        id: WorkOrderId,
        mut draft: NoteDraft,
    ) -> Result<NoteId, Error> {
        let mut pen = self.person();
        if draft.created_by.is_empty() {
            pen.by.name().clone_into(&mut draft.created_by);
        } else {
            pen.by = Author::person(&draft.created_by);
        }
        let added = self.with_state(|state| changes::note(state, id, &pen, draft));
        added.ok_or(Error::UnknownWorkOrder(id))
    }

    /// Somebody at the client adds a file of so many made-up bytes.
    pub fn attach(
        &self,
        id: WorkOrderId,
        name: &str,
        size: u64,
        visibility: u8,
    ) -> Result<AttachmentId, Error> {
        let pen = self.person();
        let added = self.with_state(|state| {
            let seed = self.seed().seed ^ u64::try_from(state.ledger().len()).unwrap_or(0);
            let file = Attachment {
                id: AttachmentId(0),
                note: None,
                name: name.to_owned(),
                description: String::new(),
                created: pen.now,
                created_by: pen.by.name().to_owned(),
                own: false,
                visibility,
                invoice_copy: false,
                content: Content::MadeUp { seed, size },
            };
            changes::attach(state, id, &pen, file)
        });
        added.ok_or(Error::UnknownWorkOrder(id))
    }

    /// What was written under a work order, oldest first.
    pub fn notes(&self, id: WorkOrderId) -> Vec<Note> {
        self.read_state(|state| state.work_order(id).map(|order| order.notes.clone()))
            .unwrap_or_default()
    }

    /// The files of a work order, whoever sees them.
    pub fn attachments(&self, id: WorkOrderId) -> Vec<Attachment> {
        let files = |state: &State| state.work_order(id).map(|order| order.attachments.clone());
        self.read_state(files).unwrap_or_default()
    }

    /// All of these were changed within one tick, now.
    pub fn same_tick(&self, ids: &[WorkOrderId]) -> Result<DateTime<Utc>, Error> {
        let now = self.kit().clock.now();
        self.with_state(|state| {
            let stamp = state.stamp(now);
            for id in ids {
                state
                    .set_stamp(*id, stamp)
                    .ok_or(Error::UnknownWorkOrder(*id))?;
            }
            Ok(stamp)
        })
    }

    /// Lists do not show a work order for this long, and then with the stamp it has now.
    pub fn appear_late(&self, id: WorkOrderId, delay: Duration) -> Result<(), Error> {
        let until = later(self.kit().clock.now(), delay);
        let hidden =
            self.with_state(|state| state.touch(id, |order| order.hidden_until = Some(until)));
        hidden.ok_or(Error::UnknownWorkOrder(id))
    }

    /// The client gives a work order to another provider: it disappears for the one before.
    pub fn move_to(&self, id: WorkOrderId, provider: ProviderId) -> Result<(), Error> {
        let pen = self.person();
        let moved = self.with_state(|state| changes::provider(state, id, &pen, provider));
        moved.map(|_| ()).ok_or(Error::UnknownWorkOrder(id))
    }

    /// Ids and names of the clients.
    pub fn subscribers(&self) -> Vec<(SubscriberId, String)> {
        self.read_state(|state| {
            state
                .subscribers()
                .map(|found| (found.id, found.name.clone()))
                .collect()
        })
    }

    /// Every work order, whoever sees it, by id.
    pub fn overview(&self) -> Vec<Overview> {
        let view = |order: &WorkOrder| Overview {
            id: order.id,
            subscriber: order.subscriber,
            provider: order.provider,
            status: order.status.clone(),
            call_date: order.call_date,
            created_date: order.created_date,
            updated_date: order.updated_date,
            priority: order.priority.clone(),
        };
        self.read_state(|state| state.work_orders().map(view).collect())
    }

    /// The instant until which a row written now stays out of lists, if a fault says so.
    fn late_row(&self, method: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let delay = self.kit().faults.late_row(method, "/v3/workorders");
        delay.map(|delay| later(now, delay))
    }
}

/// Writes down what an edit is about to change, with the system notes that go with it.
fn note_changes(state: &mut State, pen: &Pen, before: &WorkOrder, after: &WorkOrder) {
    let id = before.id;
    if before.status != after.status {
        changes::status(state, id, pen, after.status.clone());
    }
    if let Some(at) = after
        .scheduled_date
        .filter(|_| before.scheduled_date != after.scheduled_date)
    {
        changes::scheduled_date(state, id, pen, at);
    }
    if let Some(amount) = after.nte.filter(|_| before.nte != after.nte) {
        changes::nte(state, id, pen, amount);
    }
    for what in [
        Text::PurchaseNumber,
        Text::Priority,
        Text::Category,
        Text::Trade,
        Text::Description,
    ] {
        if what.of(before) != what.of(after) {
            changes::text(state, id, pen, what, what.of(after).to_owned());
        }
    }
}
