//! What happened to a job, as its history tells it, and the logs of its booking and cancellation.

use serde::Serialize;

use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// How an appointment was scheduled.
    SchedulingTool { Manual, SmartSchedule, SmartDispatch, TechnicianRouteOptimization, AdaptiveCapacity }
}

/// `JobHistoryItemModel`. The vendor does not document the words of `eventType`; these are made up.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Event {
    pub(crate) id: Id,
    pub(crate) employee_id: Option<Id>,
    pub(crate) event_type: &'static str,
    pub(crate) date: Instant,
    pub(crate) used_scheduling_tool: SchedulingTool,
    pub(crate) memo: String,
}

/// The history of one job; its id is the job's.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) id: Id,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) events: Vec<Event>,
}
row!(History);

/// `ExportJobHistoryResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedHistory<'a> {
    pub(crate) job_id: Id,
    pub(crate) history: Vec<ExportedEvent<'a>>,
}

/// `ExportJobHistoryEntry`: an [`Event`] without its memo.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedEvent<'a> {
    id: Id,
    employee_id: Option<Id>,
    event_type: &'a str,
    date: Instant,
    used_scheduling_tool: SchedulingTool,
}

impl<'a> From<&'a Event> for ExportedEvent<'a> {
    fn from(event: &'a Event) -> Self {
        Self {
            id: event.id,
            employee_id: event.employee_id,
            event_type: event.event_type,
            date: event.date,
            used_scheduling_tool: event.used_scheduling_tool,
        }
    }
}

/// `JobHistoryResponse`.
#[derive(Debug, Serialize)]
pub(crate) struct HistoryView<'a> {
    pub(crate) history: &'a [Event],
}

/// `JobCanceledLogResponse`: one cancellation. It is inactive once it was taken back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CanceledLog {
    pub(crate) id: Id,
    pub(crate) job_id: Id,
    pub(crate) reason_id: Id,
    pub(crate) memo: Option<String>,
    pub(crate) created_on: Instant,
    #[serde(skip)]
    pub(crate) modified_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) active: bool,
}
row!(CanceledLog, active: active);

/// `JobBookedLogResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookedLog {
    pub(crate) id: Id,
    pub(crate) job_id: Id,
    pub(crate) job_appointment_id: Id,
    pub(crate) start: Instant,
    pub(crate) arrival_window_start: Option<Instant>,
    pub(crate) arrival_window_end: Option<Instant>,
    pub(crate) created_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) active: bool,
}
