//! What edits of rows are called in webhooks, and what they say. There is no event for a canceled
//! or held job, an arrival, a note or a file: of these only the changed rows are told.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::sandbox::servicetitan::config::Config;
use crate::sandbox::servicetitan::journal::FieldChange;
use crate::sandbox::servicetitan::model::appointment::Appointment;
use crate::sandbox::servicetitan::model::job::{Job, JobView};
use crate::sandbox::servicetitan::table::Edit;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::World;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Such as `tn.jpm.job-updated`.
    pub(crate) kind: &'static str,
    pub(crate) data: Value,
}

/// The events about these edits, in their order.
pub(crate) fn of_edits(
    world: &World,
    config: &Config,
    edits: &[(&'static str, Edit)],
) -> Vec<Event> {
    let mut teller = Teller {
        world,
        config,
        events: Vec::new(),
    };
    for (collection, edit) in edits {
        match (*collection, edit) {
            ("jobs", Edit::Created(id)) => teller.job("tn.jpm.job-scheduled", *id),
            ("jobs", Edit::Changed(id, changes)) => {
                teller.job("tn.jpm.job-updated", *id);
                if became(changes, "jobStatus", "Completed") {
                    teller.job("tn.jpm.job-completed", *id);
                }
            }
            ("appointments", Edit::Changed(id, changes)) => teller.appointment(*id, changes),
            ("bookings", Edit::Changed(id, _)) => teller.booking(*id),
            ("invoices", Edit::Changed(id, changes)) => {
                teller.invoice("tn.acc.invoice-updated", *id);
                if became(changes, "syncStatus", "Posted") {
                    teller.invoice("tn.acc.invoice-posted", *id);
                }
                if became(changes, "syncStatus", "Exported") {
                    teller.invoice("tn.acc.invoice-exported", *id);
                }
            }
            (_, Edit::Created(_) | Edit::Changed(..)) => {}
        }
    }
    teller.events
}

fn became(changes: &[FieldChange], field: &str, value: &str) -> bool {
    changes
        .iter()
        .any(|change| change.field == field && change.to == value)
}

struct Teller<'a> {
    world: &'a World,
    config: &'a Config,
    events: Vec<Event>,
}

impl Teller<'_> {
    fn tell(&mut self, kind: &'static str, members: Value) {
        let mut data = as_map(members);
        data.insert("tenantId".to_owned(), json!(self.config.tenant));
        data.insert("tenantName".to_owned(), json!(self.config.tenant_name));
        let data = Value::Object(data);
        self.events.push(Event { kind, data });
    }

    fn job(&mut self, kind: &'static str, id: Id) {
        let Some(job) = self.world.jobs.get(id) else {
            return;
        };
        let job = self.job_model(job);
        let (employee, follow_up) = (Value::Null, Value::Null);
        let data =
            json!({"job": job, "manageEmployeeEmail": employee, "manageFollowUpEmail": follow_up});
        self.tell(kind, data);
    }

    /// `Webhook.Job` of module `jpm`: without summary, custom fields and external data.
    fn job_model(&self, job: &Job) -> Map<String, Value> {
        let spelling = self.world.switches.status_text;
        let mut model = as_map(value(&JobView::new(job, spelling, &[])));
        for member in ["summary", "customFields", "externalData"] {
            model.shift_remove(member);
        }
        model
    }

    /// `Webhook.Job` of module `dispatch`: shorter, and with fewer nulls.
    fn dispatched_job(&self, job: &Job) -> Map<String, Value> {
        let mut model = self.job_model(job);
        for member in ["partnerLeadCallId", "createdFromEstimateId", "estimateIds"] {
            model.shift_remove(member);
        }
        if job.project_id.is_none() {
            model.insert("projectId".to_owned(), json!(0));
        }
        if job.job_generated_lead_source.is_none() {
            let nobody = json!({"jobId": null, "employeeId": null});
            model.insert("jobGeneratedLeadSource".to_owned(), nobody);
        }
        model
    }

    fn appointment(&mut self, id: Id, changes: &[FieldChange]) {
        let Some(row) = self.world.appointments.get(id) else {
            return;
        };
        self.tell(
            "tn.jpm.job-appointment-updated",
            json!({"appointment": value(row)}),
        );
        let Some(job) = self.world.jobs.get(row.job_id) else {
            return;
        };
        let moved = ["start", "end", "arrivalWindowStart", "arrivalWindowEnd"];
        if changes
            .iter()
            .any(|change| moved.contains(&change.field.as_str()))
        {
            let data = json!({"job": self.job_model(job), "manageEmployeeEmail": null,
                              "manageFollowUpEmail": null, "appointmentId": row.id,
                              "appointmentNumber": row.appointment_number});
            self.tell("tn.jpm.job-rescheduled", data);
        }
        if became(changes, "status", "Dispatched") {
            let data = json!({"job": self.dispatched_job(job), "appointment": dispatched(row)});
            self.tell("tn.dis.technician-dispatched", data);
        }
    }

    fn booking(&mut self, id: Id) {
        let Some(row) = self.world.bookings.get(id) else {
            return;
        };
        let mut model = as_map(value(row));
        model.shift_remove("summary");
        model.insert("active".to_owned(), json!(true));
        self.tell("tn.crm.booking-updated", json!({"booking": model}));
    }

    fn invoice(&mut self, kind: &'static str, id: Id) {
        if let Some(row) = self.world.invoices.get(id) {
            self.tell(kind, json!({"invoice": value(row)}));
        }
    }
}

/// `Webhook.JobAppointment` of module `dispatch`; the duration is in hours.
fn dispatched(row: &Appointment) -> Value {
    let minutes = i32::try_from((row.end - row.start).num_minutes()).unwrap_or(i32::MAX);
    json!({"id": row.id, "appointmentNumber": row.appointment_number, "scheduledOn": row.created_on,
           "start": row.start, "end": row.end, "duration": f64::from(minutes) / 60.0,
           "arrivalWindowStart": row.arrival_window_start,
           "arrivalWindowEnd": row.arrival_window_end, "externalId": null,
           "manageEmployeeEmail": null, "manageFollowUpEmail": null})
}

fn value(row: &impl Serialize) -> Value {
    serde_json::to_value(row).unwrap_or_default()
}

fn as_map(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value {
        map
    } else {
        Map::new()
    }
}
