//! Jobs.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::custom_field::CustomField;
use crate::sandbox::servicetitan::config::StatusText;
use crate::sandbox::servicetitan::external::{Datum, ExternalData};
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant, Priority, Word as _, words};

words! {
    /// Where a job stands. The filter knows `Dispatched` too, but a job is In Progress from its
    /// first dispatch on, so no job here has that status.
    JobStatus { Scheduled, Dispatched, InProgress, Hold, Completed, Canceled }
}

impl JobStatus {
    /// The spelling in replies, which the reference leaves open.
    pub(crate) fn text(self, spelling: StatusText) -> &'static str {
        match (self, spelling) {
            (Self::InProgress, StatusText::Display) => "In Progress",
            (
                Self::Scheduled
                | Self::Dispatched
                | Self::InProgress
                | Self::Hold
                | Self::Completed
                | Self::Canceled,
                StatusText::Display | StatusText::Plain,
            ) => self.word(),
        }
    }
}

/// A job row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Job {
    pub(crate) id: Id,
    pub(crate) job_number: String,
    pub(crate) project_id: Option<Id>,
    pub(crate) customer_id: Id,
    pub(crate) location_id: Id,
    #[serde(skip)]
    pub(crate) status: JobStatus,
    pub(crate) completed_on: Option<Instant>,
    pub(crate) business_unit_id: Id,
    pub(crate) job_type_id: Id,
    pub(crate) priority: Priority,
    pub(crate) campaign_id: Id,
    pub(crate) recall_for_id: Option<Id>,
    pub(crate) warranty_id: Option<Id>,
    pub(crate) job_generated_lead_source: Option<LeadSource>,
    pub(crate) no_charge: bool,
    pub(crate) notifications_enabled: bool,
    pub(crate) created_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) modified_on: Instant,
    pub(crate) tag_type_ids: Vec<Id>,
    pub(crate) lead_call_id: Option<Id>,
    pub(crate) partner_lead_call_id: Option<Id>,
    pub(crate) booking_id: Option<Id>,
    pub(crate) sold_by_id: Option<Id>,
    pub(crate) customer_po: String,
    pub(crate) invoice_id: Id,
    pub(crate) membership_id: Option<Id>,
    pub(crate) total: Option<Number>,
    pub(crate) created_from_estimate_id: Option<Id>,
    pub(crate) estimate_ids: Vec<Id>,
    pub(crate) summary: Option<String>,
    pub(crate) custom_fields: Vec<CustomField>,
    #[serde(skip)]
    pub(crate) external: ExternalData,
    /// Its appointments, in the order of their creation; never empty.
    #[serde(skip)]
    pub(crate) appointments: Vec<Id>,
    /// Its notes, in the order of their creation.
    #[serde(skip)]
    pub(crate) notes: Vec<Id>,
    /// Its files, in the order of their creation.
    #[serde(skip)]
    pub(crate) attachments: Vec<Id>,
    /// Its invoice, and those that adjust it.
    #[serde(skip)]
    pub(crate) invoices: Vec<Id>,
    /// Why it was canceled, while it is.
    #[serde(skip)]
    pub(crate) cancellation: Option<Why>,
}
row!(Job, priority: priority, members: members);

fn members(row: &Job) -> Map<String, Value> {
    let mut members = members_of(row);
    members.insert("jobStatus".to_owned(), Value::from(row.status.word()));
    members.insert("externalData".to_owned(), row.external.to_json());
    members
}

/// Who a job came from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LeadSource {
    pub(crate) job_id: Option<Id>,
    pub(crate) employee_id: Option<Id>,
}

/// Why a job was canceled, or an appointment put on hold.
#[derive(Clone, Debug)]
pub(crate) struct Why {
    pub(crate) reason: Id,
    pub(crate) memo: String,
}

/// `JobResponse`, and with `active` `ExportJobsResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobView<'a> {
    #[serde(flatten)]
    job: &'a Job,
    job_status: &'static str,
    appointment_count: usize,
    first_appointment_id: Option<Id>,
    last_appointment_id: Option<Id>,
    external_data: &'a [Datum],
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
}

impl<'a> JobView<'a> {
    pub(crate) fn new(job: &'a Job, spelling: StatusText, external_data: &'a [Datum]) -> Self {
        Self {
            job,
            job_status: job.status.text(spelling),
            appointment_count: job.appointments.len(),
            first_appointment_id: job.appointments.first().copied(),
            last_appointment_id: job.appointments.last().copied(),
            external_data,
            active: None,
        }
    }

    /// As the export feed shows it. Jobs are never deleted.
    pub(crate) fn exported(job: &'a Job, spelling: StatusText) -> Self {
        Self {
            active: Some(true),
            ..Self::new(job, spelling, &[])
        }
    }
}
