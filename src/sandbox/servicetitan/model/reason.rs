//! Reasons for canceling and holding.

use serde::Serialize;

use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant};

/// `JobCancelReasonResponse` and `JobHoldReasonResponse`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reason {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(Reason, active: active);

/// `CancelReasonResponse`: why one job was canceled.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobCancelReason<'a> {
    pub(crate) job_id: Id,
    pub(crate) reason_id: Id,
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}
