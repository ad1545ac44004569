//! Which properties of work orders and locations can be filtered, sorted, selected and expanded.

use super::invoices::Invoice;
use super::model::{Attachment, Location, Note, NoteType, Visit, WorkOrder};
use super::names::PROBLEMS;
use super::odata::{Kind, Property, Value};
use super::state::State;

macro_rules! properties {
    ($name:ident { $($variant:ident = $path:literal: $kind:ident,)* }
     members $members:expr; navigation $navigation:expr; broken $broken:expr;) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($variant,)* }

        impl Property for $name {
            const MEMBERS: &'static [&'static str] = $members;
            const NAVIGATION: &'static [(&'static str, &'static [&'static str])] = $navigation;
            const BROKEN: &'static [&'static str] = $broken;

            fn named(path: &str) -> Option<Self> {
                Some(match path {
                    $($path => Self::$variant,)*
                    _ => return None,
                })
            }

            fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)*
                }
            }
        }
    };
}

/// Members of a work order's own partial location.
const LOCATION_IN_WORK_ORDER: &[&str] = &[
    "Id",
    "SubscriberId",
    "StoreId",
    "Name",
    "Region",
    "District",
    "TimeShiftToEST",
    "AddressTypeId",
    "IsInternational",
    "Notes",
];
const SUBSCRIBER_IN_WORK_ORDER: &[&str] = &["Id", "Name", "ShortName", "IsOutsourcedWorkOn"];
const PROVIDER_IN_WORK_ORDER: &[&str] = &[
    "Id",
    "Name",
    "Phone",
    "DoNotDispatch",
    "IsInternal",
    "IsOnOffShoreFeatureEnabled",
];

properties! {
    WorkOrderProperty {
        Id = "Id": Int,
        Number = "Number": Text,
        PurchaseNumber = "PurchaseNumber": Text,
        SubscriberId = "Subscriber/Id": Int,
        SubscriberName = "Subscriber/Name": Text,
        ProviderId = "Provider/Id": Int,
        ProviderName = "Provider/Name": Text,
        LocationId = "LocationId": Int,
        LocationOwnId = "Location/Id": Int,
        LocationStoreId = "Location/StoreId": Text,
        LocationName = "Location/Name": Text,
        Primary = "Status/Primary": Text,
        Extended = "Status/Extended": Text,
        Caller = "Caller": Text,
        CreatedBy = "CreatedBy": Text,
        CallDate = "CallDate": Time,
        CreatedDate = "CreatedDate": Time,
        UpdatedDate = "UpdatedDate": Time,
        ScheduledDate = "ScheduledDate": Time,
        ExpirationDate = "ExpirationDate": Time,
        CompletedDate = "CompletedDate": Time,
        Priority = "Priority": Text,
        Trade = "Trade": Text,
        Category = "Category": Text,
        ProblemCode = "ProblemCode": Text,
        Description = "Description": Text,
        Nte = "Nte": Number,
        IsInvoiced = "IsInvoiced": Bool,
    }
    members &[
        "Id", "Number", "PurchaseNumber", "LocationId", "Status", "IssueTicketInfo", "Caller",
        "CreatedBy", "CallDate", "CallDate_DTO", "ScheduledDate", "ScheduledDate_DTO",
        "CompletedDate", "CompletedDate_DTO", "ExpirationDate", "ExpirationDate_DTO",
        "UpdatedDate", "UpdatedDate_DTO", "CreatedDate", "CreatedDate_DTO", "Priority", "Trade",
        "TradeId",
        "Category", "CategoryId", "ApprovalCode", "Description", "ProblemCode", "Resolution",
        "Nte", "Currency", "AssetCount", "Attachments", "Notes", "PostedId", "IsCheckInDenied",
        "CheckInDeniedReason", "CheckInRange", "IsInvoiced", "IsExpired", "IsEnabledForMobile",
        "HasWorkActivity", "Source", "CallerId", "AutoComplete", "Labels", "AutoInvoice",
    ];
    navigation &[
        ("Location", LOCATION_IN_WORK_ORDER),
        ("Subscriber", SUBSCRIBER_IN_WORK_ORDER),
        ("Provider", PROVIDER_IN_WORK_ORDER),
    ];
    broken &["Notes", "WorkActivities"];
}

impl WorkOrderProperty {
    /// What a work order holds there.
    pub(super) fn of<'a>(self, order: &'a WorkOrder, state: &'a State) -> Value<'a> {
        let location = || state.location(order.location);
        match self {
            Self::Id => Value::Int(order.id.0),
            Self::Number => Value::Text(&order.number),
            Self::PurchaseNumber => Value::Text(&order.purchase_number),
            Self::SubscriberId => Value::Int(order.subscriber.0),
            Self::SubscriberName => state
                .subscriber(order.subscriber)
                .map(|found| found.name.as_str())
                .into(),
            Self::ProviderId => Value::Int(order.provider.0),
            Self::ProviderName => state
                .provider(order.provider)
                .map(|found| found.name)
                .into(),
            Self::LocationId | Self::LocationOwnId => Value::Int(order.location.0),
            Self::LocationStoreId => location().map(|found| found.store_id.as_str()).into(),
            Self::LocationName => location().map(|found| found.name.as_str()).into(),
            Self::Primary => Value::Text(order.status.primary.wire()),
            Self::Extended => order.status.extended.as_deref().into(),
            Self::Caller => Value::Text(&order.caller),
            Self::CreatedBy => Value::Text(&order.created_by),
            Self::CallDate => Value::Time(order.call_date),
            Self::CreatedDate => Value::Time(order.created_date),
            Self::UpdatedDate => Value::Time(order.updated_date),
            Self::ScheduledDate => order.scheduled_date.into(),
            Self::ExpirationDate => order.expiration_date.into(),
            Self::CompletedDate => order.completed_date.into(),
            Self::Priority => order.priority.as_deref().into(),
            Self::Trade => order.trade.as_deref().into(),
            Self::Category => order.category.as_deref().into(),
            Self::ProblemCode => order.problem_code.as_deref().into(),
            Self::Description => Value::Text(&order.description),
            Self::Nte => order.nte.map_or(Value::Null, Value::Number),
            Self::IsInvoiced => Value::Bool(order.invoiced),
        }
    }
}

properties! {
    LocationProperty {
        Id = "Id": Int,
        SubscriberId = "SubscriberId": Int,
        StoreId = "StoreId": Text,
        Name = "Name": Text,
        City = "City": Text,
        State = "State": Text,
        Zip = "Zip": Text,
        Region = "Region": Text,
    }
    members &[
        "Id", "SubscriberId", "SubscriberName", "StoreId", "Name", "ShortName", "Latitude",
        "Longitude", "Address1", "Address2", "City", "State", "Region", "District", "Zip",
        "Country", "Status", "Phone", "Contact", "TimeZoneShortDescription", "TimeZoneIanaName",
        "Notes", "TimeShiftToEST", "AddressTypeId", "FormattedAddress", "IsInternational",
    ];
    navigation &[];
    broken &[];
}

impl LocationProperty {
    /// What a location holds there.
    pub(super) fn of(self, location: &Location) -> Value<'_> {
        match self {
            Self::Id => Value::Int(location.id.0),
            Self::SubscriberId => Value::Int(location.subscriber.0),
            Self::StoreId => Value::Text(&location.store_id),
            Self::Name => Value::Text(&location.name),
            Self::City => Value::Text(&location.city),
            Self::State => Value::Text(&location.state),
            Self::Zip => Value::Text(&location.zip),
            Self::Region => Value::Text(&location.region),
        }
    }
}

/// The number of a trade, the same for every subscriber here.
pub(super) fn trade_id(trade: &str) -> Option<i64> {
    let mut known = PROBLEMS.iter().zip(601..);
    known
        .find(|((own, ..), _)| own.eq_ignore_ascii_case(trade))
        .map(|(_, id)| id)
}

properties! {
    InvoiceProperty {
        Id = "Id": Int,
        Number = "Number": Text,
        Status = "Status": Text,
        WoTrackingNumber = "WoTrackingNumber": Int,
        InvoiceTotal = "InvoiceTotal": Number,
        SubscriberId = "Subscriber/Id": Int,
        PostedDate = "PostedDate": Time,
        InvoiceDate = "InvoiceDate": Time,
        UpdatedDate = "UpdatedDate": Time,
        ApprovedDate = "ApprovedDate": Time,
        PaidDate = "PaidDate": Time,
    }
    members &[
        "Id", "Number", "Status", "WoTrackingNumber", "InvoiceTotal", "InvoiceTax", "Subtotal",
        "InvoiceBalance", "Currency", "PostedDate", "InvoiceDate", "ApprovedDate", "PaidDate",
        "StatusChangeDate", "LastActionDate", "UpdatedDate", "Comments", "Description", "Trade",
        "Labors", "Materials", "Travels", "Others", "Payments", "StatusHistoryShort",
    ];
    navigation &[];
    broken &[];
}

impl InvoiceProperty {
    /// What an invoice holds there.
    pub(super) fn of(self, invoice: &Invoice) -> Value<'_> {
        match self {
            Self::Id => Value::Int(invoice.id.0),
            Self::Number => Value::Text(&invoice.number),
            Self::Status => Value::Text(invoice.status.wire()),
            Self::WoTrackingNumber => Value::Int(invoice.work_order.0),
            Self::InvoiceTotal => Value::Number(invoice.total),
            Self::SubscriberId => Value::Int(invoice.subscriber.0),
            Self::PostedDate => Value::Time(invoice.posted),
            Self::InvoiceDate => Value::Time(invoice.invoice_date),
            Self::UpdatedDate => Value::Time(invoice.updated),
            Self::ApprovedDate => invoice.approved.into(),
            Self::PaidDate => invoice.paid.into(),
        }
    }
}

properties! {
    NoteProperty {
        Id = "Id": Int,
        Number = "Number": Int,
        NoteData = "NoteData": Text,
        DateCreated = "DateCreated": Time,
        ActionRequired = "ActionRequired": Bool,
        CreatedBy = "CreatedBy": Text,
        NoteType = "NoteType": Text,
    }
    members &[
        "Id", "Number", "NoteData", "DateCreated", "ActionRequired", "MailedTo", "CreatedBy",
        "Attachments", "Visibility", "NoteType", "IsAttachmentNote", "IsPinned",
    ];
    navigation &[];
    broken &[];
}

impl NoteProperty {
    /// What a note holds there.
    pub(super) fn of(self, note: &Note) -> Value<'_> {
        match self {
            Self::Id => Value::Int(note.id.0),
            Self::Number => Value::Int(note.number),
            Self::NoteData => Value::Text(&note.text),
            Self::DateCreated => Value::Time(note.created),
            Self::ActionRequired => Value::Bool(note.action_required),
            Self::CreatedBy => Value::Text(&note.created_by),
            Self::NoteType => Value::Text(match note.note_type {
                NoteType::System => "SystemNote",
                NoteType::User => "UsersNote",
            }),
        }
    }
}

properties! {
    AttachmentProperty {
        Id = "Id": Int,
        Name = "Name": Text,
        Description = "Description": Text,
        TimeStamp = "TimeStamp": Time,
        NoteId = "NoteId": Int,
        UploadBy = "UploadBy": Text,
    }
    members &[
        "Id", "Description", "Name", "TimeStamp", "Uri", "NoteId", "Visibility",
        "IsInvoiceDigitalCopy", "UploadBy",
    ];
    navigation &[];
    broken &[];
}

impl AttachmentProperty {
    /// What an attachment holds there.
    pub(super) fn of(self, file: &Attachment) -> Value<'_> {
        match self {
            Self::Id => Value::Int(file.id.0),
            Self::Name => Value::Text(&file.name),
            Self::Description => Value::Text(&file.description),
            Self::TimeStamp => Value::Time(file.created),
            Self::NoteId => file.note.map_or(Value::Null, |note| Value::Int(note.0)),
            Self::UploadBy => Value::Text(&file.created_by),
        }
    }
}

properties! {
    VisitProperty {
        Id = "Id": Int,
        Date = "Date": Time,
    }
    members &["Id", "Date", "User", "Action", "StatusChangedTo", "WorkType", "CheckInOutType"];
    navigation &[];
    broken &[];
}

impl VisitProperty {
    /// What a visit holds there.
    pub(super) fn of(self, visit: &Visit) -> Value<'_> {
        match self {
            Self::Id => Value::Int(visit.mechanic),
            Self::Date => Value::Time(visit.at),
        }
    }
}
