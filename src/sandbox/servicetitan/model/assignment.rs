//! Assignments: which technician goes to which appointment, and how far they are.

use serde::Serialize;

use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// Where a technician stands with an appointment.
    AssignmentStatus { Scheduled, Dispatched, Working, Done }
}

/// An assignment row (`AppointmentAssignmentResponse`).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assignment {
    pub(crate) id: Id,
    pub(crate) technician_id: Id,
    pub(crate) technician_name: String,
    pub(crate) assigned_by_id: Id,
    pub(crate) assigned_on: Instant,
    pub(crate) status: AssignmentStatus,
    pub(crate) is_paused: bool,
    pub(crate) job_id: Id,
    pub(crate) appointment_id: Id,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    /// False once the technician was taken off the appointment.
    pub(crate) active: bool,
}
row!(Assignment, active: active, members: members_of);
