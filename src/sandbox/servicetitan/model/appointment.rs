//! Appointments: the visits of a job.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// Where an appointment stands. Dispatched: a technician is on the way; Working: one arrived.
    AppointmentStatus { Scheduled, Dispatched, Working, Hold, Done, Canceled }
}

/// An appointment row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Appointment {
    pub(crate) id: Id,
    pub(crate) job_id: Id,
    pub(crate) appointment_number: Option<String>,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) arrival_window_start: Option<Instant>,
    pub(crate) arrival_window_end: Option<Instant>,
    pub(crate) status: AppointmentStatus,
    pub(crate) special_instructions: Option<String>,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) customer_id: Id,
    pub(crate) unused: bool,
    pub(crate) created_by_id: Id,
    pub(crate) is_confirmed: bool,
    pub(crate) active: bool,
    /// Who is assigned to it.
    #[serde(skip)]
    pub(crate) technicians: Vec<Id>,
    #[serde(skip)]
    pub(crate) assignments: Vec<Id>,
}
row!(Appointment, active: active, members: members);

fn members(row: &Appointment) -> Map<String, Value> {
    let mut members = members_of(row);
    members.insert("technicianIds".to_owned(), json!(row.technicians));
    members
}

/// `AppointmentInformation`: an appointment in the body of a new job.
#[derive(Clone, Debug)]
pub(crate) struct NewAppointment {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
    pub(crate) arrival_window: (Option<Instant>, Option<Instant>),
    pub(crate) technicians: Vec<Id>,
}

impl NewAppointment {
    /// Reads one; `start` and `end` are required, and the end must be after the start.
    pub(crate) fn read(form: &Form<'_>) -> Option<Self> {
        let (start, end) = (form.required("start"), form.required("end"));
        let arrival_window = (
            form.optional("arrivalWindowStart"),
            form.optional("arrivalWindowEnd"),
        );
        let technicians = form.optional("technicianIds").unwrap_or_default();
        let (start, end): (Instant, Instant) = (start?, end?);
        if end <= start {
            form.refuse("end", "The end of an appointment must be after its start.");
        }
        Some(Self {
            start,
            end,
            arrival_window,
            technicians,
        })
    }
}
