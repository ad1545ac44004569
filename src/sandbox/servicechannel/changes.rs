//! Changes of a work order as ServiceChannel makes them, whoever asks: each with its system note,
//! its stamp and its place in the ledger.

use chrono::{DateTime, SecondsFormat, Utc};

use super::catalogue;
use super::ledger::{Entry, Pen, What};
use super::model::{
    Attachment, AttachmentId, Content, Half, NoteId, Primary, ProviderId, Status, Visit, WorkOrder,
    WorkOrderId,
};
use super::state::{NoteDraft, State};

/// Sets a status. Says when it was changed.
pub(super) fn status(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    to: Status,
) -> Option<DateTime<Utc>> {
    let order = state.work_order(id)?;
    let before = order.status.clone();
    let offered = state
        .subscriber(order.subscriber)
        .map(|subscriber| catalogue::offers(order, subscriber, &to));
    let text = format!("Status has been changed from '{before}' to '{to}'");
    state.add_note(id, pen.now, NoteDraft::system(text))?;
    let after = to.to_string();
    let stamp = state.change(id, pen.now, |order| {
        order.completed_date = match to.primary {
            Primary::Completed => order.completed_date.or(Some(pen.now)),
            Primary::Open | Primary::InProgress => None,
        };
        order.status = to;
    });
    let entry = Entry {
        offered,
        ..Entry::value(What::Status, before.to_string(), after)
    };
    state.record(id, pen, entry);
    stamp
}

/// Sets when work is to begin. Says when it was changed.
pub(super) fn scheduled_date(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    at: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let before = state.work_order(id)?.scheduled_date.map(written);
    let text = format!("Scheduled date has been changed to '{}'", at.to_rfc3339());
    state.add_note(id, pen.now, NoteDraft::system(text))?;
    let stamp = state.change(id, pen.now, |order| order.scheduled_date = Some(at));
    let before = before.unwrap_or_default();
    state.record(
        id,
        pen,
        Entry::value(What::ScheduledDate, before, written(at)),
    );
    stamp
}

/// Sets what may be spent. Says when it was changed.
pub(super) fn nte(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    amount: f64,
) -> Option<DateTime<Utc>> {
    let before = state.work_order(id)?.nte.map(money).unwrap_or_default();
    let text = format!("NTE has been changed to '{amount:.2}'");
    state.add_note(id, pen.now, NoteDraft::system(text))?;
    let stamp = state.change(id, pen.now, |order| order.nte = Some(amount));
    state.record(id, pen, Entry::value(What::Nte, before, money(amount)));
    stamp
}

/// Sets one of the texts. Says when it was changed.
pub(super) fn text(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    what: Text,
    to: String,
) -> Option<DateTime<Utc>> {
    let before = what.of(state.work_order(id)?).to_owned();
    let after = to.clone();
    let stamp = state.change(id, pen.now, |order| what.set(order, to));
    state.record(id, pen, Entry::value(what.what(), before, after));
    stamp
}

/// Adds a note of a person or a client.
pub(super) fn note(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    draft: NoteDraft,
) -> Option<NoteId> {
    let text = draft.text.clone();
    let added = state.add_note(id, pen.now, draft)?;
    state.record(id, pen, Entry::new(What::Note, text));
    Some(added)
}

/// Adds a file.
pub(super) fn attach(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    file: Attachment,
) -> Option<AttachmentId> {
    // What people add is told apart without a look at its bytes, which may be many.
    let content = match &file.content {
        Content::MadeUp { seed, .. } => format!("made up from {seed}"),
        Content::Sent(_) | Content::Weighed { .. } => file.content.sha256(),
    };
    let told = format!("{}: {content}", file.name);
    let added = state.add_attachment(id, pen.now, file)?;
    state.record(id, pen, Entry::new(What::Attachment, told));
    Some(added)
}

/// Takes a file away.
pub(super) fn detach(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    file: AttachmentId,
) -> Option<()> {
    let found = state.work_order(id)?.attachments.iter();
    let name = found.clone().find(|own| own.id == file)?.name.clone();
    let text = format!("Attachment '{name}' has been deleted");
    state.add_note(id, pen.now, NoteDraft::system(text))?;
    state.change(id, pen.now, |order| {
        order.attachments.retain(|own| own.id != file)
    })?;
    state.record(
        id,
        pen,
        Entry::new(What::AttachmentDeleted, file.to_string()),
    );
    Some(())
}

/// Somebody came or went, which may move the work order on.
pub(super) fn visit(state: &mut State, id: WorkOrderId, pen: &Pen, visit: Visit) -> Option<()> {
    let what = match visit.half {
        Half::In => What::CheckIn,
        Half::Out | Half::Cancelled => What::CheckOut,
    };
    let told = format!("user {} at {}", visit.user, written(visit.at));
    let to = visit.status.clone();
    let moves = state.work_order(id)?.status != to;
    state.change(id, pen.now, |order| order.visits.push(visit))?;
    if moves {
        status(state, id, pen, to)?;
    }
    state.record(id, pen, Entry::new(what, told));
    Some(())
}

/// Gives the work order to another provider. Says when it was changed.
pub(super) fn provider(
    state: &mut State,
    id: WorkOrderId,
    pen: &Pen,
    to: ProviderId,
) -> Option<DateTime<Utc>> {
    let before = state.work_order(id)?.provider.to_string();
    let stamp = state.change(id, pen.now, |order| order.provider = to);
    state.record(
        id,
        pen,
        Entry::value(What::Provider, before, to.to_string()),
    );
    stamp
}

/// A member of a work order that is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    Number,
    PurchaseNumber,
    Priority,
    Category,
    Trade,
    Description,
    Caller,
}

impl Text {
    pub(super) fn of(self, order: &WorkOrder) -> &str {
        match self {
            Self::Number => &order.number,
            Self::PurchaseNumber => &order.purchase_number,
            Self::Priority => order.priority.as_deref().unwrap_or_default(),
            Self::Category => order.category.as_deref().unwrap_or_default(),
            Self::Trade => order.trade.as_deref().unwrap_or_default(),
            Self::Description => &order.description,
            Self::Caller => &order.caller,
        }
    }

    fn set(self, order: &mut WorkOrder, to: String) {
        match self {
            Self::Number => order.number = to,
            Self::PurchaseNumber => order.purchase_number = to,
            Self::Priority => order.priority = Some(to),
            Self::Category => order.category = Some(to),
            Self::Trade => order.trade = Some(to),
            Self::Description => order.description = to,
            Self::Caller => order.caller = to,
        }
    }

    pub(super) fn what(self) -> What {
        match self {
            Self::Number => What::Number,
            Self::PurchaseNumber => What::PurchaseNumber,
            Self::Priority => What::Priority,
            Self::Category => What::Category,
            Self::Trade => What::Trade,
            Self::Description => What::Description,
            Self::Caller => What::Caller,
        }
    }
}

/// An instant as the ledger has it.
pub(super) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// An amount as the ledger has it.
pub(super) fn money(amount: f64) -> String {
    format!("{amount:.2}")
}
