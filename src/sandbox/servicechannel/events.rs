//! Which events a write sets off, and what they say: little, as observed. Whoever gets one reads
//! the work order again.

use serde_json::{Map, Value, json};

use super::changes::written;
use super::json::Zone;
use super::ledger::{Author, What, Write};
use super::model::{Note, WorkOrder, WorkOrderId};
use super::state::State;

/// Events about one kind of object; a subscription names only one kind.
pub(super) const KINDS: &[&[&str]] = &[
    &[
        "WorkOrderCreated",
        "WorkOrderStatusChanged",
        "WorkOrderNoteAdded",
        "WorkOrderNoteActionResolved",
        "WorkOrderAttachmentAdded",
        "WorkOrderAttachmentDeleted",
        "WorkOrderScheduledDateChanged",
        "WorkOrderNteChanged",
        "WorkOrderPriorityChanged",
        "WorkOrderTradeChanged",
        "WorkOrderCategoryChanged",
        "WorkOrderDescriptionChanged",
        "WorkOrderProviderChanged",
        "WorkOrderNumberChanged",
        "WorkOrderCallerChanged",
        "WorkOrderResolutionCreated",
        "WorkOrderResolutionUpdated",
    ],
    &["WorkOrderCheckIn", "WorkOrderCheckOut", "BadgeScanRequired"],
    &[
        "InvoiceCreated",
        "InvoiceOpen",
        "InvoiceApproved",
        "InvoiceOnHold",
        "InvoiceReviewed",
        "InvoiceRejected",
        "InvoiceVoided",
        "InvoicePaid",
        "InvoiceDisputed",
    ],
];

/// The event a write is, if it is one. The status of an invoice names its own.
fn event_of(write: &Write) -> Option<&str> {
    Some(match write.what {
        What::Status => "WorkOrderStatusChanged",
        What::ScheduledDate => "WorkOrderScheduledDateChanged",
        What::Nte => "WorkOrderNteChanged",
        What::Priority => "WorkOrderPriorityChanged",
        What::Trade => "WorkOrderTradeChanged",
        What::Category => "WorkOrderCategoryChanged",
        What::Description => "WorkOrderDescriptionChanged",
        What::Number => "WorkOrderNumberChanged",
        What::Caller => "WorkOrderCallerChanged",
        What::Provider => "WorkOrderProviderChanged",
        What::Resolution => "WorkOrderResolutionCreated",
        What::Note => "WorkOrderNoteAdded",
        What::Attachment => "WorkOrderAttachmentAdded",
        What::AttachmentDeleted => "WorkOrderAttachmentDeleted",
        What::CheckIn => "WorkOrderCheckIn",
        What::CheckOut => "WorkOrderCheckOut",
        What::Invoice => "InvoiceCreated",
        What::InvoiceStatus => return write.after.split(' ').next(),
        What::PurchaseNumber => return None,
    })
}

/// Tells of what was written. What a provider may not see, it is not told of either.
pub(super) fn tell(state: &mut State, write: &Write) {
    if state.hooks().is_empty() || write.refused.is_some() {
        return;
    }
    let Some(order) = state.work_order(write.work_order).cloned() else {
        return;
    };
    let last = order.notes.last();
    let note = last.filter(|_| write.what == What::Note);
    let file = order.attachments.last();
    let hidden = note.is_some_and(|note| !note.visible_to_providers())
        || (write.what == What::Attachment
            && file.is_some_and(|file| !file.visible_to_providers()));
    let Some(event) = event_of(write).filter(|_| !hidden) else {
        return;
    };
    let object = if matches!(write.what, What::Invoice | What::InvoiceStatus) {
        invoice(state, &order, write)
    } else if matches!(write.what, What::CheckIn | What::CheckOut) {
        visit(&order, write)
    } else {
        work_order(&order, write, note)
    };
    let action = if write.what == What::Invoice {
        "NEW"
    } else if write.what == What::AttachmentDeleted {
        "DELETE"
    } else {
        "UPDATE"
    };
    let event = event.to_owned();
    emit(state, &order, write, (&event, action), object);
    // A change writes a note of the system, which is an event of its own.
    if matches!(write.what, What::Status | What::ScheduledDate | What::Nte) {
        let object = work_order(&order, write, last);
        emit(
            state,
            &order,
            write,
            ("WorkOrderNoteAdded", "UPDATE"),
            object,
        );
    }
}

/// Tells of a work order that came in.
pub(super) fn tell_created(state: &mut State, id: WorkOrderId) {
    if state.hooks().is_empty() {
        return;
    }
    let Some(order) = state.work_order(id).cloned() else {
        return;
    };
    let write = Write {
        number: 0,
        at: order.updated_date,
        work_order: id,
        by: Author::person("Jane Store"),
        what: What::Status,
        before: String::new(),
        after: String::new(),
        key: String::new(),
        offered: None,
        refused: None,
    };
    let object = work_order(&order, &write, None);
    emit(state, &order, &write, ("WorkOrderCreated", "NEW"), object);
}

fn emit(
    state: &mut State,
    order: &WorkOrder,
    write: &Write,
    (event, action): (&str, &str),
    object: Value,
) {
    let payload = json!({
        "Object": object,
        "Type": "WoRootNotification",
        "Action": action,
        "EventType": event,
        "Version": 1,
    });
    state.hooks_mut().emit(write.at, order, event, &payload);
}

fn status(order: &WorkOrder) -> Value {
    json!({ "Primary": order.status.primary.wire(), "Extended": order.status.below() })
}

fn user(write: &Write, order: &WorkOrder) -> Value {
    match &write.by {
        Author::Api { user, .. } => json!({
            "Id": 4_400_001, "AuthUserId": 38_001, "UserName": user, "FullName": "",
            "Email": user, "ProviderId": order.provider,
        }),
        Author::Person { name } => json!({
            "Id": 4_400_900, "AuthUserId": 38_900, "UserName": name, "FullName": name,
            "Email": "store@client.example",
        }),
    }
}

/// The ids, and what the event is about.
fn work_order(order: &WorkOrder, write: &Write, note: Option<&Note>) -> Value {
    let mut object = Map::new();
    let mut set = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    set("Id", json!(order.id));
    set("Number", json!(order.number));
    set("PurchaseNumber", json!(order.purchase_number));
    set("SubscriberId", json!(order.subscriber));
    set("ProviderId", json!(order.provider));
    set("LocationId", json!(order.location));
    set("Status", status(order));
    set("Category", json!(order.category));
    set("Trade", json!(order.trade));
    set("UpdatedBy", user(write, order));
    set(
        "UpdatedDate_DTO",
        json!(Zone::Eastern.written(order.updated_date)),
    );
    if let Some((name, value)) = changed(order, write.what) {
        set(name, value);
    }
    if let Some(note) = note {
        set(
            "Notes",
            json!([{
                "Id": note.id, "Number": note.number, "NoteData": note.text,
                "DateCreated": written(note.created), "ActionRequired": note.action_required,
                "MailedTo": note.mailed_to, "CreatedBy": note.created_by,
                "Visibility": note.visibility,
            }]),
        );
    }
    Value::Object(object)
}

/// The member an event is about, if it says it.
fn changed(order: &WorkOrder, what: What) -> Option<(&'static str, Value)> {
    Some(match what {
        What::ScheduledDate => ("ScheduledDate", json!(order.scheduled_date.map(written))),
        What::Nte => ("Nte", json!(order.nte)),
        What::Priority => ("Priority", json!(order.priority)),
        What::Description => ("Description", json!(order.description)),
        What::Caller => ("Caller", json!(order.caller)),
        What::Resolution => ("Resolution", json!(order.resolution)),
        What::Status
        | What::Trade
        | What::Category
        | What::Number
        | What::PurchaseNumber
        | What::Provider
        | What::Note
        | What::Attachment
        | What::AttachmentDeleted
        | What::CheckIn
        | What::CheckOut
        | What::Invoice
        | What::InvoiceStatus => return None,
    })
}

/// Here `Id` is the visit's, and the work order has a member of its own.
fn visit(order: &WorkOrder, write: &Write) -> Value {
    let last = order.visits.last();
    let action = if write.what == What::CheckIn {
        "CheckIn"
    } else {
        "CheckOut"
    };
    json!({
        "Id": last.map(|visit| visit.mechanic), "WorkOrderId": order.id,
        "SubscriberId": order.subscriber, "ProviderId": order.provider,
        "LocationId": order.location, "CheckinAction": action,
        "Date": last.map(|visit| written(visit.at)), "User": user(write, order),
        "WorkorderStatus": status(order), "TechsCount": last.map(|visit| visit.techs),
        "CheckinType": "Common",
    })
}

/// Trust the event rather than the status: a sample of a void one says open.
fn invoice(state: &State, order: &WorkOrder, write: &Write) -> Value {
    let number = write.after.rsplit(' ').next().unwrap_or_default();
    let Some(invoice) = state.invoices().rev().find(|own| own.number == number) else {
        return Value::Null;
    };
    json!({
        "Id": invoice.id, "Number": invoice.number,
        "Status": invoice.status.wire().to_uppercase(), "WoTrackingNumber": order.id,
        "InvoiceTotal": invoice.total, "Subtotal": invoice.subtotal(), "InvoiceTax": invoice.tax,
        "CurrencyAlphabeticalCode": "USD", "SubscriberId": order.subscriber,
        "ProviderId": order.provider, "LocationId": order.location,
        "UpdatedDateDTO": Zone::Eastern.written(invoice.updated),
        "Comments": invoice.comments, "Labors": [], "Materials": [],
    })
}
