//! What the simulated ServiceChannel refuses, with its codes: business errors are mostly HTTP 400.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::model::{Half, LocationId, Status, WorkOrderId};
use super::odata;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Work order {0} was not found")]
    UnknownWorkOrder(WorkOrderId),
    #[error("Invalid Tracking Number")]
    InvalidTrackingNumber,
    #[error("Location {0} was not found")]
    UnknownLocation(LocationId),
    #[error("Subscriber was not found")]
    UnknownSubscriber,
    /// Right after a creation, where production lags.
    #[error("The resource was not found")]
    NotYetThere,
    #[error("{0}")]
    Query(odata::Error),
    #[error("The query has no supported translation to SQL: $expand={0}")]
    BrokenExpand(String),
    #[error("Multiple actions were found that match the request")]
    BrokenRoute,
    #[error("The request is empty or invalid: {0}")]
    Invalid(&'static str),
    #[error("The request was rejected by permissions")]
    Denied,
    #[error("You have no permission for this operation")]
    NoPermission,
    #[error("You have no rights to pin notes")]
    NoPinning,
    #[error("You have no permission to set the selected status: {0}")]
    StatusNotAllowed(Status),
    #[error("The work order must be open, and it is {0}")]
    NotOpen(Status),
    #[error("The status is unknown: {0}")]
    UnknownStatus(String),
    #[error("Cannot update invoiced Work order")]
    Invoiced,
    #[error("Paging is incorrect: {0}")]
    Paging(String),
    #[error("Scheduled date is incorrect: {0}")]
    ScheduledDate(&'static str),
    #[error("NTE is incorrect")]
    Nte,
    #[error("The work order is already accepted")]
    AlreadyAccepted,
    #[error("The work order is already declined")]
    AlreadyDeclined,
    #[error("Decline reason is incorrect")]
    DeclineReason,
    #[error("Decline reason id is required")]
    NoDeclineReason,
    #[error("Work order number is incorrect")]
    Number,
    #[error("Attachments are too large together")]
    AttachmentsSize,
    #[error("Check-in or check-out is not possible: invoiced, expired, wrong status, or use IVR")]
    CheckBlocked(Half),
    #[error("Check-in or check-out is out of range")]
    OutOfRange(Half),
    #[error("Webhook was not found")]
    UnknownHook,
    #[error("The provider has no contract with the requested subscriber")]
    NoContract,
    #[error("Invoice was not found")]
    UnknownInvoice,
    #[error("{}", joined(.0))]
    Invoice(Vec<Mistake>),
}

/// Why an invoice is refused: the vendor's code, and words of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistake(pub(super) i32, pub(super) &'static str);

fn joined(mistakes: &[Mistake]) -> String {
    let texts: Vec<_> = mistakes.iter().map(|Mistake(_, text)| *text).collect();
    texts.join("; ")
}

impl Refusal {
    /// The vendor's code.
    pub(super) fn code(&self) -> i32 {
        self.status_and_code().1
    }

    fn status_and_code(&self) -> (StatusCode, i32) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::UnknownWorkOrder(_) | Self::UnknownSubscriber => (bad, 502),
            Self::InvalidTrackingNumber => (bad, 917),
            Self::UnknownLocation(_) => (bad, 601),
            Self::NotYetThere => (StatusCode::NOT_FOUND, 502),
            Self::Query(_) | Self::Invalid(_) => (bad, 503),
            Self::BrokenExpand(_) | Self::BrokenRoute => (StatusCode::INTERNAL_SERVER_ERROR, 501),
            Self::Denied => (StatusCode::UNAUTHORIZED, 504),
            Self::NoPermission => (bad, 804),
            Self::NoPinning => (StatusCode::FORBIDDEN, 100),
            Self::StatusNotAllowed(_) | Self::NotOpen(_) | Self::UnknownStatus(_) => (bad, 904),
            Self::Invoiced => (bad, 921),
            Self::Paging(_) => (bad, 922),
            Self::ScheduledDate(_) => (bad, 908),
            Self::Nte => (bad, 905),
            Self::AlreadyAccepted => (bad, 5202),
            Self::AlreadyDeclined => (bad, 5201),
            Self::DeclineReason => (bad, 9002),
            Self::NoDeclineReason => (bad, 9001),
            Self::Number => (bad, 923),
            Self::AttachmentsSize => (bad, 946),
            Self::CheckBlocked(Half::In) => (bad, 924),
            Self::CheckBlocked(Half::Out | Half::Cancelled) => (bad, 925),
            Self::OutOfRange(Half::In) => (bad, 941),
            Self::OutOfRange(Half::Out | Half::Cancelled) => (bad, 942),
            Self::UnknownHook => (bad, 502),
            Self::NoContract => (bad, 503),
            Self::UnknownInvoice => (StatusCode::NOT_FOUND, 502),
            Self::Invoice(mistakes) => (bad, mistakes.first().map_or(503, |first| first.0)),
        }
    }
}

impl From<odata::Error> for Refusal {
    fn from(error: odata::Error) -> Self {
        if let odata::Error::BrokenExpand(name) = error {
            Self::BrokenExpand(name)
        } else {
            Self::Query(error)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let codes = if let Self::Invoice(mistakes) = &self {
            mistakes.iter().map(|mistake| mistake.0).collect()
        } else {
            vec![code]
        };
        with_codes(status, &codes, &self.to_string())
    }
}

/// The body every error of the API has.
pub(super) fn error_body(status: StatusCode, code: i32, message: &str) -> Response {
    with_codes(status, &[code], message)
}

fn with_codes(status: StatusCode, codes: &[i32], message: &str) -> Response {
    let first = codes.first();
    let body = json!({ "ErrorCodes": codes, "ErrorCode": first, "ErrorMessage": message });
    (status, Json(body)).into_response()
}
