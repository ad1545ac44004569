//! Bookings: requests for service that a CSR accepts, books as a job, or dismisses.

use serde::Serialize;

use super::address::PlainAddress;
use super::contact::Contact;
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{CustomerType, Id, Instant, Priority, words};

words! {
    /// Where a booking stands. Accepted: a CSR took it; Converted: a job was booked from it.
    BookingStatus { New, Converted, Dismissed, Accepted }
}

/// A booking row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Booking {
    pub(crate) id: Id,
    pub(crate) source: String,
    pub(crate) created_on: Instant,
    pub(crate) name: String,
    pub(crate) address: Option<PlainAddress>,
    pub(crate) customer_type: Option<CustomerType>,
    pub(crate) start: Instant,
    pub(crate) campaign_id: Option<Id>,
    pub(crate) business_unit_id: Option<Id>,
    pub(crate) is_first_time_client: Option<bool>,
    pub(crate) uploaded_images: Option<Vec<String>>,
    pub(crate) is_send_confirmation_email: Option<bool>,
    pub(crate) status: BookingStatus,
    pub(crate) dismissing_reason_id: Option<Id>,
    pub(crate) job_id: Option<Id>,
    pub(crate) external_id: String,
    pub(crate) priority: Option<Priority>,
    pub(crate) job_type_id: Option<Id>,
    pub(crate) booking_provider_id: Id,
    pub(crate) modified_on: Instant,
    pub(crate) summary: Option<String>,
    #[serde(skip)]
    pub(crate) contacts: Vec<Contact>,
}
row!(Booking, members: members_of);

/// `ExportBookingResponse`.
#[derive(Debug, Serialize)]
pub(crate) struct ExportedBooking<'a> {
    #[serde(flatten)]
    pub(crate) booking: &'a Booking,
    /// Bookings are never removed here.
    pub(crate) active: bool,
}

/// A booking provider tag: what an app creates bookings under.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderTag {
    pub(crate) id: Id,
    pub(crate) tag_name: String,
    pub(crate) description: String,
    pub(crate) r#type: ProviderKind,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) active: bool,
}
row!(ProviderTag, active: active);

words! {
    /// Which API a provider uses.
    ProviderKind { V1Api, V2Api }
}
