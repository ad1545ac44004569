//! Adding a job: what a body must hold, and what comes with it.

use serde_json::Number;

use crate::sandbox::servicetitan::external::{ExternalData, ExternalWrite};
use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::model::appointment::{
    Appointment, AppointmentStatus, NewAppointment,
};
use crate::sandbox::servicetitan::model::booking::BookingStatus;
use crate::sandbox::servicetitan::model::custom_field::{self, CustomField};
use crate::sandbox::servicetitan::model::job::{Job, JobStatus, LeadSource};
use crate::sandbox::servicetitan::value::{Id, Priority};
use crate::sandbox::servicetitan::world::{World, check_known, known_ids};

/// `JobCreateRequest`.
pub(crate) struct NewJob {
    pub(crate) customer_id: Id,
    pub(crate) location_id: Id,
    pub(crate) business_unit_id: Id,
    pub(crate) job_type_id: Id,
    pub(crate) priority: Priority,
    pub(crate) campaign_id: Id,
    pub(crate) appointments: Vec<NewAppointment>,
    pub(crate) details: Details,
}

/// The members that may be left out.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) summary: Option<String>,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) tag_type_ids: Vec<Id>,
    pub(crate) external: Option<ExternalWrite>,
    pub(crate) customer_po: Option<String>,
    pub(crate) sold_by_id: Option<Id>,
    pub(crate) partner_lead_call_id: Option<Id>,
    pub(crate) booking_id: Option<Id>,
    pub(crate) lead_source: Option<LeadSource>,
}

impl Details {
    fn read(form: &Form<'_>, world: &World) -> Self {
        form.optional::<Id>("leadId");
        form.optional::<bool>("invoiceSignatureIsRequired");
        if let Some(project) = form.optional::<Id>("projectId") {
            form.refuse(
                "projectId",
                format!("The projectId {project} does not exist."),
            );
        }
        let booking_id = form.optional("bookingId");
        check_known(form, "bookingId", booking_id, &world.bookings);
        Self {
            summary: form.optional("summary"),
            custom_fields: custom_field::read_list(form, &world.fields.job).unwrap_or_default(),
            tag_type_ids: known_ids(form, "tagTypeIds", &world.tag_types).unwrap_or_default(),
            external: ExternalWrite::read(form),
            customer_po: form.optional("customerPo"),
            sold_by_id: form.optional("soldById"),
            partner_lead_call_id: form.optional("partnerLeadCallId"),
            booking_id,
            lead_source: form
                .optional_object("jobGeneratedLeadSource")
                .map(|form| read_lead_source(&form)),
        }
    }
}

/// Reads `jobGeneratedLeadSource`.
pub(crate) fn read_lead_source(form: &Form<'_>) -> LeadSource {
    LeadSource {
        job_id: form.optional("jobId"),
        employee_id: form.optional("employeeId"),
    }
}

impl NewJob {
    /// Reads a create body. Every id must name a row, the location must be one of the customer's,
    /// and the job type must be permitted in the business unit.
    pub(crate) fn read(form: &Form<'_>, world: &World) -> Option<Self> {
        let (customer_id, location_id) = (form.required("customerId"), form.required("locationId"));
        let business_unit_id = form.required("businessUnitId");
        let job_type_id = form.required("jobTypeId");
        let (priority, campaign_id) = (form.required("priority"), form.required("campaignId"));
        check_place(form, world, customer_id, location_id);
        check_pair(form, world, business_unit_id, job_type_id);
        world.check_campaign(form, campaign_id);
        let appointments = form.required_list("appointments").unwrap_or_default();
        let appointments: Option<Vec<_>> = appointments
            .iter()
            .map(|form| read_appointment(form, world))
            .collect();
        let details = Details::read(form, world);
        Some(Self {
            customer_id: customer_id?,
            location_id: location_id?,
            business_unit_id: business_unit_id?,
            job_type_id: job_type_id?,
            priority: priority?,
            campaign_id: campaign_id?,
            appointments: appointments?,
            details,
        })
    }
}

fn read_appointment(form: &Form<'_>, world: &World) -> Option<NewAppointment> {
    let new = NewAppointment::read(form)?;
    for technician in &new.technicians {
        check_known(form, "technicianIds", Some(*technician), &world.technicians);
    }
    Some(new)
}

/// The customer and the location must exist and belong together.
pub(crate) fn check_place(
    form: &Form<'_>,
    world: &World,
    customer: Option<Id>,
    location: Option<Id>,
) {
    check_known(form, "customerId", customer, &world.customers);
    check_known(form, "locationId", location, &world.locations);
    let place = location.and_then(|id| world.locations.get(id));
    if let (Some(customer), Some(place)) = (customer, place)
        && place.customer_id != customer
    {
        let id = place.id;
        let message = format!("The locationId {id} is not a location of customerId {customer}.");
        form.refuse("locationId", message);
    }
}

/// The business unit and the job type must exist and be a permitted pair.
pub(crate) fn check_pair(form: &Form<'_>, world: &World, unit: Option<Id>, job_type: Option<Id>) {
    check_known(form, "businessUnitId", unit, &world.business_units);
    check_known(form, "jobTypeId", job_type, &world.job_types);
    let known_type = job_type.and_then(|id| world.job_types.get(id));
    if let (Some(unit), Some(job_type)) = (unit, known_type)
        && world.business_units.has(unit)
        && !job_type.permits(unit)
    {
        let id = job_type.id;
        let message = format!("The jobTypeId {id} is not permitted in businessUnitId {unit}.");
        form.refuse("jobTypeId", message);
    }
}

impl World {
    /// Adds a job with its appointments and its invoice. A booking it was made from
    /// becomes converted.
    pub(crate) fn add_job(&mut self, new: NewJob) -> Id {
        let id = self.next_id();
        let invoice_id = self.next_id();
        let details = new.details;
        let external = ExternalData::created(details.external);
        self.born("jobs", external.natural_keys());
        self.jobs_by.add(id, &external);
        let row = Job {
            id,
            job_number: id.to_string(),
            project_id: None,
            customer_id: new.customer_id,
            location_id: new.location_id,
            status: JobStatus::Scheduled,
            completed_on: None,
            business_unit_id: new.business_unit_id,
            job_type_id: new.job_type_id,
            priority: new.priority,
            campaign_id: new.campaign_id,
            recall_for_id: None,
            warranty_id: None,
            job_generated_lead_source: details.lead_source,
            no_charge: false,
            notifications_enabled: true,
            created_on: self.now,
            created_by_id: self.user(),
            modified_on: self.now,
            tag_type_ids: details.tag_type_ids,
            lead_call_id: None,
            partner_lead_call_id: details.partner_lead_call_id,
            booking_id: details.booking_id,
            sold_by_id: details.sold_by_id,
            customer_po: details.customer_po.unwrap_or_default(),
            invoice_id,
            membership_id: None,
            total: Some(Number::from(0)),
            created_from_estimate_id: None,
            estimate_ids: Vec::new(),
            summary: details.summary,
            custom_fields: details.custom_fields,
            external,
            appointments: Vec::new(),
            notes: Vec::new(),
            attachments: Vec::new(),
            invoices: Vec::new(),
            cancellation: None,
        };
        self.jobs.insert(row, self.late);
        self.add_invoice(invoice_id, id)
            .expect("jobs are made of rows that exist");
        self.tell(id, None, "Job Booked", "");
        for appointment in new.appointments {
            self.add_appointment(id, appointment);
        }
        if let Some(booking) = details.booking_id {
            self.bookings.change(booking, self.now, |row| {
                row.status = BookingStatus::Converted;
                row.job_id = Some(id);
            });
        }
        id
    }

    /// Adds an appointment to an existing job. Without a technician it waits in the tray of
    /// unassigned ones.
    pub(crate) fn add_appointment(&mut self, job: Id, new: NewAppointment) -> Option<Id> {
        let id = self.next_id();
        let (number, customer_id) = {
            let row = self.jobs.get(job)?;
            (
                format!("{}-{}", row.job_number, row.appointments.len() + 1),
                row.customer_id,
            )
        };
        let row = Appointment {
            id,
            job_id: job,
            appointment_number: Some(number),
            start: new.start,
            end: new.end,
            arrival_window_start: new.arrival_window.0,
            arrival_window_end: new.arrival_window.1,
            status: AppointmentStatus::Scheduled,
            special_instructions: None,
            created_on: self.now,
            modified_on: self.now,
            customer_id,
            unused: false,
            created_by_id: self.user(),
            is_confirmed: false,
            active: true,
            technicians: Vec::new(),
            assignments: Vec::new(),
        };
        self.appointments.insert(row, self.late);
        self.jobs.amend(job, |row| row.appointments.push(id));
        for technician in new.technicians {
            self.assign(id, technician)
                .expect("bodies are read with technicians that exist");
        }
        Some(id)
    }
}
