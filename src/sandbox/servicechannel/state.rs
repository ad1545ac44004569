//! Everything the simulated ServiceChannel holds, indexed for the queries that pipelines ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::events;
use super::hooks::Hooks;
use super::invoices::Invoice;
use super::ledger::{Entry, Ledger, Pen};
use super::model::{
    Attachment, AttachmentId, InvoiceId, Location, LocationId, Note, NoteId, NoteType, ProviderId,
    SubscriberId, WorkOrder, WorkOrderId,
};
use super::odata::filter::Span;
use super::terms::Subscriber;
use crate::sandbox::kit::time::later;

/// A contractor.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    pub(super) phone: &'static str,
}

/// The whole state.
#[derive(Debug, Default)]
pub(super) struct State {
    subscribers: BTreeMap<SubscriberId, Subscriber>,
    providers: BTreeMap<ProviderId, Provider>,
    locations: BTreeMap<LocationId, Location>,
    work_orders: BTreeMap<WorkOrderId, WorkOrder>,
    /// Every work order once, in the order of its last change.
    by_update: BTreeSet<(DateTime<Utc>, WorkOrderId)>,
    /// The last stamp given out: no two changes share one, unless a test says so.
    last_stamp: DateTime<Utc>,
    notes: i64,
    ledger: Ledger,
    attachments: i64,
    mechanics: i64,
    hooks: Hooks,
    invoices: BTreeMap<InvoiceId, Invoice>,
}

/// Note ids have outgrown 32 bits.
const FIRST_NOTE: i64 = 2_200_000_000;
const FIRST_ATTACHMENT: i64 = 91_000_000;
const FIRST_MECHANIC: i64 = 7_700_000;
const FIRST_INVOICE: i64 = 42_000_001;

impl State {
    /// A stamp for a change made at `now`: `now`, or 100 ns after the last one.
    pub(super) fn stamp(&mut self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.last_stamp = now.max(later(self.last_stamp, Duration::from_nanos(100)));
        self.last_stamp
    }

    pub(super) fn add_subscriber(&mut self, subscriber: Subscriber) {
        self.subscribers.insert(subscriber.id, subscriber);
    }

    pub(super) fn add_provider(&mut self, id: ProviderId, provider: Provider) {
        self.providers.insert(id, provider);
    }

    pub(super) fn add_location(&mut self, location: Location) {
        self.locations.insert(location.id, location);
    }

    /// Puts a work order in, as it is.
    pub(super) fn add_work_order(&mut self, order: WorkOrder) {
        self.by_update.insert((order.updated_date, order.id));
        if let Some(before) = self.work_orders.insert(order.id, order) {
            self.by_update.remove(&(before.updated_date, before.id));
        }
    }

    /// Changes a work order and stamps it with a change at `now`; none when there is none.
    pub(super) fn change(
        &mut self,
        id: WorkOrderId,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut WorkOrder),
    ) -> Option<DateTime<Utc>> {
        let stamp = self.stamp(now);
        change(self.work_orders.get_mut(&id)?);
        self.set_stamp(id, stamp)
    }

    /// Changes what is not part of the work order as clients see it: no new stamp.
    pub(super) fn touch(
        &mut self,
        id: WorkOrderId,
        change: impl FnOnce(&mut WorkOrder),
    ) -> Option<()> {
        change(self.work_orders.get_mut(&id)?);
        Some(())
    }

    /// Gives a work order this stamp.
    pub(super) fn set_stamp(
        &mut self,
        id: WorkOrderId,
        stamp: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let order = self.work_orders.get_mut(&id)?;
        self.by_update.remove(&(order.updated_date, id));
        order.updated_date = stamp;
        self.by_update.insert((stamp, id));
        Some(stamp)
    }

    /// Adds a note, which is a change of its work order.
    pub(super) fn add_note(
        &mut self,
        id: WorkOrderId,
        now: DateTime<Utc>,
        draft: NoteDraft,
    ) -> Option<NoteId> {
        self.notes += 1;
        let note_id = NoteId(FIRST_NOTE + self.notes);
        self.change(id, now, |order| {
            let number = i64::try_from(order.notes.len()).unwrap_or(i64::MAX) + 1;
            order.notes.push(Note {
                id: note_id,
                number,
                text: draft.text,
                created: now,
                action_required: draft.action_required,
                mailed_to: draft.mailed_to,
                created_by: draft.created_by,
                visibility: draft.visibility,
                note_type: draft.note_type,
            });
        })?;
        Some(note_id)
    }

    /// Adds a file, which is a change of its work order, and gives it its id.
    pub(super) fn add_attachment(
        &mut self,
        id: WorkOrderId,
        now: DateTime<Utc>,
        mut file: Attachment,
    ) -> Option<AttachmentId> {
        self.attachments += 1;
        let file_id = AttachmentId(FIRST_ATTACHMENT + self.attachments);
        file.id = file_id;
        self.change(id, now, |order| order.attachments.push(file))?;
        Some(file_id)
    }

    /// The number of whoever comes next.
    pub(super) fn next_mechanic(&mut self) -> i64 {
        self.mechanics += 1;
        FIRST_MECHANIC + self.mechanics
    }

    /// Writes down what was written.
    pub(super) fn record(&mut self, id: WorkOrderId, pen: &Pen, entry: Entry) {
        let write = self.ledger.push(id, pen, entry).clone();
        events::tell(self, &write);
    }

    pub(super) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    pub(super) fn hooks_mut(&mut self) -> &mut Hooks {
        &mut self.hooks
    }

    /// All invoices by number, oldest first.
    pub(super) fn invoices(&self) -> impl DoubleEndedIterator<Item = &Invoice> {
        self.invoices.values()
    }

    pub(super) fn invoice(&self, id: InvoiceId) -> Option<&Invoice> {
        self.invoices.get(&id)
    }

    pub(super) fn invoice_mut(&mut self, id: InvoiceId) -> Option<&mut Invoice> {
        self.invoices.get_mut(&id)
    }

    /// Puts an invoice in, and gives it its id.
    pub(super) fn add_invoice(&mut self, mut invoice: Invoice) -> InvoiceId {
        let count = i64::try_from(self.invoices.len()).unwrap_or(i64::MAX);
        let id = InvoiceId(FIRST_INVOICE + count);
        invoice.id = id;
        self.invoices.insert(id, invoice);
        id
    }

    /// Everything that was written.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn work_order(&self, id: WorkOrderId) -> Option<&WorkOrder> {
        self.work_orders.get(&id)
    }

    pub(super) fn subscriber(&self, id: SubscriberId) -> Option<&Subscriber> {
        self.subscribers.get(&id)
    }

    pub(super) fn subscriber_mut(&mut self, id: SubscriberId) -> Option<&mut Subscriber> {
        self.subscribers.get_mut(&id)
    }

    pub(super) fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers.get(&id)
    }

    pub(super) fn location(&self, id: LocationId) -> Option<&Location> {
        self.locations.get(&id)
    }

    pub(super) fn subscribers(&self) -> impl Iterator<Item = &Subscriber> {
        self.subscribers.values()
    }

    pub(super) fn locations(&self) -> impl Iterator<Item = &Location> {
        self.locations.values()
    }

    pub(super) fn location_count(&self) -> usize {
        self.locations.len()
    }

    /// All work orders by id.
    pub(super) fn work_orders(&self) -> impl DoubleEndedIterator<Item = &WorkOrder> {
        self.work_orders.values()
    }

    pub(super) fn work_order_count(&self) -> usize {
        self.work_orders.len()
    }

    /// The work orders changed in this span, in the order of change, then of id.
    pub(super) fn changed(&self, span: Span) -> impl DoubleEndedIterator<Item = &WorkOrder> {
        let from = span.from.unwrap_or(DateTime::<Utc>::MIN_UTC);
        // A span that ends before it begins holds nothing, and must not make the range panic.
        let to = span.to.unwrap_or(DateTime::<Utc>::MAX_UTC).max(from);
        let ends = (from, WorkOrderId(i64::MIN))..=(to, WorkOrderId(i64::MAX));
        self.by_update
            .range(ends)
            .filter_map(|(_, id)| self.work_orders.get(id))
    }
}

/// A note before it has its number.
#[derive(Clone, Debug)]
pub(super) struct NoteDraft {
    pub(super) text: String,
    pub(super) action_required: bool,
    pub(super) mailed_to: String,
    pub(super) created_by: String,
    pub(super) visibility: u8,
    pub(super) note_type: NoteType,
}

impl NoteDraft {
    /// A note of ServiceChannel itself, about a change.
    pub(super) fn system(text: String) -> Self {
        Self {
            text,
            action_required: false,
            mailed_to: String::new(),
            created_by: ".".to_owned(),
            visibility: 0,
            note_type: NoteType::System,
        }
    }

    /// A note somebody wrote.
    pub(super) fn user(text: String, created_by: &str) -> Self {
        Self {
            created_by: created_by.to_owned(),
            note_type: NoteType::User,
            ..Self::system(text)
        }
    }
}
