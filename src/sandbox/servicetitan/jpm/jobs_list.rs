//! `GET /jobs` with all its filters.

use uuid::Uuid;

use crate::sandbox::servicetitan::external::ExternalQuery;
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, SortField, Window};
use crate::sandbox::servicetitan::model::appointment::{Appointment, AppointmentStatus};
use crate::sandbox::servicetitan::model::job::{Job, JobStatus, JobView};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{FromText as _, Id, Priority};
use crate::sandbox::servicetitan::world::{World, candidates};

const RULES: ListRules = ListRules::new(ActiveRule::NoFilter).sorted_by(&[
    SortField::Id,
    SortField::ModifiedOn,
    SortField::CreatedOn,
    SortField::Priority,
]);

/// `GET /jobs`.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    let external = ExternalQuery::read(params, &problems);
    let filter = Filter::read(params, &problems);
    problems.settle()?;
    // A job's number is its id, so a search by number needs no scan.
    let by_number = filter
        .number
        .as_deref()
        .map(|text| Id::from_text(text).into_iter().collect());
    let by_booking = filter.booking_id.map(|id| world.jobs_of_booking(id));
    let rows: Box<dyn Iterator<Item = &Job>> = match by_number.or(by_booking) {
        Some(ids) if external.lookup.is_none() => Box::new(world.jobs.rows_of(ids)),
        Some(_) | None => candidates(&world.jobs, &world.jobs_by, &list, &external),
    };
    let page = list.cut(rows.filter(|row| filter.admits(world, row)));
    Ok(Reply::json(
        &page.map(|row| view(world, row, external.guid)),
    ))
}

/// A job as replies show it.
pub(crate) fn view<'a>(world: &World, row: &'a Job, guid: Option<Uuid>) -> JobView<'a> {
    JobView::new(row, world.switches.status_text, row.external.of(guid))
}

impl World {
    fn jobs_of_booking(&self, booking: Id) -> Vec<Id> {
        self.bookings
            .get(booking)
            .and_then(|row| row.job_id)
            .into_iter()
            .collect()
    }
}

/// An id that a job holds.
type Member = fn(&Job) -> Option<Id>;

/// The filters of jobs. Members that are not given admit everything.
struct Filter {
    number: Option<String>,
    booking_id: Option<Id>,
    /// Members of the row that must be equal to the parameter.
    same: Vec<(Member, Id)>,
    status: Option<JobStatus>,
    priority: Option<Priority>,
    completed: Window,
    tags: Option<Vec<Id>>,
    estimates: Option<Vec<Id>>,
    appointment_status: Option<AppointmentStatus>,
    first_start: Window,
    any_start: Window,
    technician: Option<Id>,
    unused: Option<bool>,
}

impl Filter {
    fn read(params: &Params<'_>, problems: &Problems) -> Self {
        let members: [(&str, Member); 10] = [
            ("projectId", |job| job.project_id),
            ("bookingId", |job| job.booking_id),
            ("customerId", |job| Some(job.customer_id)),
            ("locationId", |job| Some(job.location_id)),
            ("soldById", |job| job.sold_by_id),
            ("jobTypeId", |job| Some(job.job_type_id)),
            ("campaignId", |job| Some(job.campaign_id)),
            ("businessUnitId", |job| Some(job.business_unit_id)),
            ("invoiceId", |job| Some(job.invoice_id)),
            ("createdFromEstimateId", |job| job.created_from_estimate_id),
        ];
        let same = members
            .into_iter()
            .filter_map(|(name, member)| params.read(name, problems).map(|id| (member, id)))
            .collect();
        let window = |from, before| Window::read(params, from, before, problems);
        Self {
            number: params.text("number").map(str::to_owned),
            booking_id: params.read("bookingId", problems),
            same,
            status: params.read("jobStatus", problems),
            priority: params.read("priority", problems),
            completed: window("completedOnOrAfter", "completedBefore"),
            tags: params.read("tagTypeIds", problems),
            estimates: params.read("estimateIds", problems),
            appointment_status: params.read("appointmentStatus", problems),
            first_start: window(
                "firstAppointmentStartsOnOrAfter",
                "firstAppointmentStartsBefore",
            ),
            any_start: window("appointmentStartsOnOrAfter", "appointmentStartsBefore"),
            technician: params.read("technicianId", problems),
            unused: params.read("hasUnusedAppointments", problems),
        }
    }

    fn admits(&self, world: &World, job: &Job) -> bool {
        self.number
            .as_ref()
            .is_none_or(|number| job.job_number == *number)
            && self
                .same
                .iter()
                .all(|(member, wanted)| member(job) == Some(*wanted))
            && self.status.is_none_or(|status| job.status == status)
            && self
                .priority
                .is_none_or(|priority| job.priority == priority)
            && self.admits_completion(job)
            && shares(self.tags.as_deref(), &job.tag_type_ids)
            && shares(self.estimates.as_deref(), &job.estimate_ids)
            && self.admits_appointments(world, job)
    }

    fn admits_completion(&self, job: &Job) -> bool {
        self.completed.is_open() || job.completed_on.is_some_and(|at| self.completed.holds(at))
    }

    fn admits_appointments(&self, world: &World, job: &Job) -> bool {
        let rows = || {
            job.appointments
                .iter()
                .filter_map(|id| world.appointments.get(*id))
        };
        let any = |test: &dyn Fn(&Appointment) -> bool| rows().any(test);
        self.appointment_status
            .is_none_or(|status| any(&|row| row.status == status))
            && (self.first_start.is_open()
                || rows()
                    .next()
                    .is_some_and(|row| self.first_start.holds(row.start)))
            && (self.any_start.is_open() || any(&|row| self.any_start.holds(row.start)))
            && self
                .technician
                .is_none_or(|id| any(&|row| row.technicians.contains(&id)))
            && (self.unused != Some(true) || any(&|row| row.unused))
    }
}

fn shares(wanted: Option<&[Id]>, found: &[Id]) -> bool {
    wanted.is_none_or(|wanted| wanted.iter().any(|id| found.contains(id)))
}
