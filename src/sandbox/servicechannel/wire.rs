//! How rows look on the wire.

use super::invoices::Invoice;
use super::json::{Members, Object, Zone};
use super::model::{Attachment, Half, Location, Note, NoteType, Visit, WorkOrder};
use super::odata::options::Options;
use super::properties::{WorkOrderProperty, trade_id};
use super::state::{Provider, State};
use super::terms::{CheckIn, StatusOption, Subscriber};

/// Through which door a work order is read.
#[derive(Clone, Copy)]
pub(super) enum Face<'a> {
    /// Nested objects are always there, and `LocationId` is 0.
    Rest,
    /// Nested objects are there when they are expanded.
    OData(&'a Options<WorkOrderProperty>),
}

/// A work order.
pub(super) fn work_order(
    object: &mut Object<'_>,
    order: &WorkOrder,
    state: &State,
    face: Face<'_>,
) {
    object.int("Id", order.id.0);
    object.text("Number", &order.number);
    object.text("PurchaseNumber", &order.purchase_number);
    object.int("PostedId", 0);
    let location_id = match face {
        Face::Rest => 0,
        Face::OData(_) => order.location.0,
    };
    object.int("LocationId", location_id);
    object.object("Status", |status| {
        status.text("Primary", order.status.primary.wire());
        status.maybe("Extended", order.status.extended.as_deref());
        status.value("CanCreateInvoice", Some(order.billable()));
    });
    object.time("CallDate", Some(order.call_date), Zone::Eastern);
    object.time("CreatedDate", Some(order.created_date), Zone::Eastern);
    object.time("ScheduledDate", order.scheduled_date, Zone::Utc);
    object.time("ExpirationDate", order.expiration_date, Zone::Utc);
    object.time("CompletedDate", order.completed_date, Zone::Eastern);
    object.time("UpdatedDate", Some(order.updated_date), Zone::Eastern);
    object.text("Caller", &order.caller);
    object.int("CallerId", 0);
    object.text("CreatedBy", &order.created_by);
    object.text("Source", "Mobile SC");
    object.maybe("Trade", order.trade.as_deref());
    object.value("TradeId", order.trade.as_deref().and_then(trade_id));
    object.maybe("Category", order.category.as_deref());
    object.value("CategoryId", order.category.as_ref().map(|_| 3_851));
    object.maybe("Priority", order.priority.as_deref());
    object.maybe("ProblemCode", order.problem_code.as_deref());
    object.text("Description", &order.description);
    object.maybe("Resolution", order.resolution.as_deref());
    object.maybe("ApprovalCode", order.approval_code.as_deref());
    object.value("Nte", order.nte);
    object.object("Currency", |currency| {
        currency.int("Id", 1);
        currency.text("AlphabeticalCode", "USD");
        currency.value("Rate", Some(0.0));
    });
    nested(object, order, state, face);
    object.object("Notes", |notes| note_summary(notes, order));
    object.object("Attachments", |attachments| {
        attachments.object("Count", |count| {
            let visible = order
                .attachments
                .iter()
                .filter(|file| file.visible_to_providers());
            let own = order.attachments.iter().filter(|file| file.own);
            count.int("Own", count_of(own));
            count.int("Total", count_of(visible));
        });
    });
    object.int("AssetCount", 0);
    object.list("Labels", std::iter::once(0), |label, id| {
        label.int("Id", id);
    });
    object.object("IssueTicketInfo", |issue| {
        issue.int("Id", 0);
        issue.int("SetupId", 0);
    });
    let check_in = state
        .subscriber(order.subscriber)
        .map(|found| found.permissions.check_in);
    let denied = check_in == Some(CheckIn::Ivr);
    object.value("IsCheckInDenied", Some(denied));
    object.maybe(
        "CheckInDeniedReason",
        denied.then_some("Please use the IVR of this client."),
    );
    object.value("CheckInRange", Some(10.0));
    object.value("IsInvoiced", Some(order.invoiced));
    for name in [
        "IsExpired",
        "AutoComplete",
        "AutoInvoice",
        "IsEnabledForMobile",
    ] {
        object.value(name, Some(false));
    }
    object.value("HasWorkActivity", Some(!order.visits.is_empty()));
}

fn nested(object: &mut Object<'_>, order: &WorkOrder, state: &State, face: Face<'_>) {
    let wanted = |name: &str| -> Option<Option<&Members>> {
        match face {
            Face::Rest => Some(None),
            Face::OData(options) => options.expanded(name).map(|expand| expand.select.as_ref()),
        }
    };
    if let (Some(only), Some(found)) = (wanted("Subscriber"), state.subscriber(order.subscriber)) {
        object.object_of("Subscriber", only, |inner| subscriber(inner, found));
    }
    if let (Some(only), Some(found)) = (wanted("Provider"), state.provider(order.provider)) {
        object.object_of("Provider", only, |inner| {
            provider(inner, order.provider.0, found);
        });
    }
    if let (Some(only), Some(found)) = (wanted("Location"), state.location(order.location)) {
        object.object_of("Location", only, |inner| partial_location(inner, found));
    }
}

fn subscriber(object: &mut Object<'_>, subscriber: &Subscriber) {
    object.int("Id", subscriber.id.0);
    object.text("Name", &subscriber.name);
    object.text("ShortName", &subscriber.short_name);
    object.value("IsOutsourcedWorkOn", Some(false));
}

fn provider(object: &mut Object<'_>, id: i64, provider: &Provider) {
    object.int("Id", id);
    object.text("Name", provider.name);
    object.text("Phone", provider.phone);
    for name in ["DoNotDispatch", "IsInternal", "IsOnOffShoreFeatureEnabled"] {
        object.value(name, Some(false));
    }
}

/// The location inside a work order: no street, no town.
fn partial_location(object: &mut Object<'_>, location: &Location) {
    object.int("Id", location.id.0);
    object.int("SubscriberId", location.subscriber.0);
    object.text("StoreId", &location.store_id);
    object.text("Name", &location.name);
    object.text("Region", &location.region);
    object.text("District", "n/a");
    object.int("TimeShiftToEST", location.shift_to_eastern);
    object.int("AddressTypeId", 0);
    object.value("IsInternational", Some(false));
    object.list("Notes", std::iter::empty::<()>(), |_, ()| {});
}

/// The location by itself.
pub(super) fn full_location(object: &mut Object<'_>, location: &Location, state: &State) {
    object.int("Id", location.id.0);
    object.int("SubscriberId", location.subscriber.0);
    object.maybe(
        "SubscriberName",
        state
            .subscriber(location.subscriber)
            .map(|found| found.name.as_str()),
    );
    object.text("StoreId", &location.store_id);
    object.text("Name", &location.name);
    object.text("ShortName", &location.name);
    object.value("Latitude", Some(location.latitude));
    object.value("Longitude", Some(location.longitude));
    object.maybe("Address1", location.address1.as_deref());
    object.text("Address2", &location.address2);
    object.text("City", &location.city);
    object.text("State", &location.state);
    object.text("Region", &location.region);
    object.text("District", "n/a");
    object.text("Zip", &location.zip);
    object.text("Country", "USA");
    object.text("Status", "open");
    object.maybe("Phone", location.phone.as_deref());
    object.maybe("Contact", location.contact.as_deref());
    object.text("TimeZoneIanaName", location.time_zone);
    object.list("Notes", std::iter::empty::<()>(), |_, ()| {});
    object.int("TimeShiftToEST", location.shift_to_eastern);
    object.int("AddressTypeId", 0);
    let Location {
        address2,
        city,
        state,
        zip,
        ..
    } = location;
    object.text(
        "FormattedAddress",
        &format!("{address2}, {city}, {state} {zip}, USA"),
    );
    object.value("IsInternational", Some(false));
}

fn count_of(rows: impl Iterator) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}

/// What a work order says of its notes: how many, and the last one.
fn note_summary(object: &mut Object<'_>, order: &WorkOrder) {
    let visible = || {
        order
            .notes
            .iter()
            .filter(|note| note.visible_to_providers())
    };
    object.int("WorkOrderId", 0);
    object.object("Count", |count| {
        let own = visible().filter(|note| note.note_type == NoteType::User);
        count.int("Own", count_of(own));
        count.int("Total", count_of(visible()));
    });
    if let Some(last) = visible().next_back() {
        object.object("Last", |object| {
            object.int("Id", last.id.0);
            object.int("Number", last.number);
            object.text("NoteData", &last.text);
            object.utc("DateCreated", last.created);
            object.value("ActionRequired", Some(last.action_required));
            object.text("MailedTo", &last.mailed_to);
            object.text("CreatedBy", &last.created_by);
        });
    }
}

/// A file by itself; `link` leads to its bytes.
pub(super) fn attachment(object: &mut Object<'_>, file: &Attachment, link: &str) {
    object.int("Id", file.id.0);
    object.text("Description", &file.description);
    object.text("Name", &file.name);
    object.utc("TimeStamp", file.created);
    object.text("Uri", link);
    object.value("NoteId", file.note.map(|note| note.0));
    object.int("Visibility", i64::from(file.visibility));
    object.value("IsInvoiceDigitalCopy", Some(file.invoice_copy));
}

/// Somebody who came or went.
pub(super) fn visit(object: &mut Object<'_>, visit: &Visit) {
    object.int("Id", visit.mechanic);
    object.utc("Date", visit.at);
    object.object("User", |user| user.int("Id", visit.user));
    let action = match visit.half {
        Half::In => "CheckIn",
        Half::Out => "CheckOut",
        Half::Cancelled => "CheckOutCancelled",
    };
    object.text("Action", action);
    object.object("StatusChangedTo", |status| {
        status.text("Primary", visit.status.primary.wire());
        status.text("Extended", visit.status.below());
    });
    let work_type = if visit.work_type == 1 {
        "Repair"
    } else {
        "Travel"
    };
    object.text("WorkType", work_type);
    object.text("CheckInOutType", "Common");
}

/// A note by itself, with those of `files` that came with it.
pub(super) fn note(
    object: &mut Object<'_>,
    note: &Note,
    files: &[Attachment],
    link: &impl Fn(&Attachment) -> String,
) {
    object.int("Id", note.id.0);
    object.int("Number", note.number);
    object.text("NoteData", &note.text);
    object.utc("DateCreated", note.created);
    object.value("ActionRequired", Some(note.action_required));
    object.text("MailedTo", &note.mailed_to);
    object.text("CreatedBy", &note.created_by);
    let own = files
        .iter()
        .filter(|file| file.note == Some(note.id) && file.visible_to_providers());
    object.list("Attachments", own.clone(), |object, file| {
        attachment(object, file, &link(file));
    });
    object.int("Visibility", i64::from(note.visibility));
    let note_type = match note.note_type {
        NoteType::System => "SystemNote",
        NoteType::User => "UsersNote",
    };
    object.text("NoteType", note_type);
    object.value("IsAttachmentNote", Some(own.count() > 0));
    object.value("IsPinned", Some(false));
}

/// A main status with those below.
pub(super) fn status_option(object: &mut Object<'_>, option: &StatusOption) {
    object.int("Id", option.primary.id());
    object.text("Name", option.primary.wire());
    let names: Vec<_> = option
        .extended
        .iter()
        .map(|extended| extended.name.as_str())
        .collect();
    object.value("Extended", Some(names));
    object.list(
        "ExtendedStatuses",
        option.extended.iter(),
        |object, extended| {
            object.int("Id", extended.id);
            object.text("Name", &extended.name);
        },
    );
    let constrained = option.extended.iter().filter_map(|extended| {
        extended
            .constraint
            .map(|constraint| (extended.name.as_str(), constraint))
    });
    object.list("Constraints", constrained, |object, (name, constraint)| {
        use super::terms::Constraint::{ResolutionText, ScheduledDate};
        object.text("Extended", name);
        object.int(
            "IsResolutionTextRequired",
            i64::from(constraint == ResolutionText),
        );
        object.int("IsShippingInfoRequired", 0);
        object.int("IsResolutionCodesRequired", 0);
        object.int(
            "IsScheduledDateRequired",
            i64::from(constraint == ScheduledDate),
        );
    });
}

/// An invoice by itself.
pub(super) fn invoice(object: &mut Object<'_>, invoice: &Invoice) {
    object.int("Id", invoice.id.0);
    object.text("Number", &invoice.number);
    object.text("Status", invoice.status.wire());
    object.int("WoTrackingNumber", invoice.work_order.0);
    object.value("InvoiceTotal", Some(invoice.total));
    object.value("InvoiceTax", Some(invoice.tax));
    object.value("Subtotal", Some(invoice.subtotal()));
    object.value("InvoiceBalance", Some(invoice.balance()));
    object.object("Currency", |currency| {
        currency.int("Id", 1);
        currency.text("AlphabeticalCode", "USD");
    });
    object.utc("PostedDate", invoice.posted);
    object.utc("InvoiceDate", invoice.invoice_date);
    object.maybe_utc("ApprovedDate", invoice.approved);
    object.maybe_utc("PaidDate", invoice.paid);
    for name in ["StatusChangeDate", "LastActionDate", "UpdatedDate"] {
        object.utc(name, invoice.updated);
    }
    object.text("Comments", &invoice.comments);
    object.text("Description", &invoice.text);
    object.maybe("Trade", invoice.trade.as_deref());
    for name in ["Labors", "Materials", "Travels", "Others"] {
        let none = serde_json::Value::Array(Vec::new());
        object.value(name, Some(invoice.request.get(name).unwrap_or(&none)));
    }
    object.list("Payments", invoice.paid.iter(), |payment, at| {
        payment.int("Id", 1);
        payment.utc("PaymentDate", *at);
        payment.value("PaymentAmount", Some(invoice.total));
    });
    object.list(
        "StatusHistoryShort",
        invoice.history.iter(),
        |short, step| {
            short.text("CreatedBy", &step.by);
            short.text("Status", step.status.wire());
            short.int("InvId", invoice.id.0);
            short.utc("ActionDate", step.at);
        },
    );
}
