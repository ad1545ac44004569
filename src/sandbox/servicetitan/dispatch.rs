//! Module `dispatch`: appointment assignments. Technicians are sent out by people only.

use serde::Serialize;

use super::export;
use super::form::{Form, parse_body};
use super::listing::{ActiveRule, List, ListRules};
use super::model::appointment::{Appointment, AppointmentStatus};
use super::model::assignment::Assignment;
use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::reply::Reply;
use super::value::{Active, Id, Instant, Word as _};
use super::world::{World, check_known, found, rows_for, settled};

const RULES: ListRules = ListRules::new(ActiveRule::OnlyActive);

/// `AppointmentResponse` of this module, shorter than the one of module `jpm`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AppointmentView<'a> {
    id: Id,
    job_id: Id,
    appointment_number: Option<&'a str>,
    start: Instant,
    end: Instant,
    arrival_window_start: Option<Instant>,
    arrival_window_end: Option<Instant>,
    status: AppointmentStatus,
    special_instructions: Option<&'a str>,
    created_on: Instant,
    modified_on: Instant,
}

impl<'a> AppointmentView<'a> {
    fn new(row: &'a Appointment) -> Self {
        Self {
            id: row.id,
            job_id: row.job_id,
            appointment_number: row.appointment_number.as_deref(),
            start: row.start,
            end: row.end,
            arrival_window_start: row.arrival_window_start,
            arrival_window_end: row.arrival_window_end,
            status: row.status,
            special_instructions: row.special_instructions.as_deref(),
            created_on: row.created_on,
            modified_on: row.modified_on,
        }
    }
}

/// `GET /appointment-assignments`.
pub(crate) fn assignments(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    let appointments: Option<Vec<Id>> = params.read("appointmentIds", &problems);
    let job: Option<Id> = params.read("jobId", &problems);
    problems.settle()?;
    let page = list.cut(rows_for(&world.assignments, &list).filter(|row| {
        job.is_none_or(|id| row.job_id == id)
            && appointments
                .as_ref()
                .is_none_or(|ids| ids.contains(&row.appointment_id))
    }));
    Ok(Reply::json(&page))
}

/// `GET /export/appointment-assignments`: all rows unless `active` asks for some.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let active: Active = params.read("active", &problems).unwrap_or(Active::Any);
    problems.settle()?;
    let keep = |row: &Assignment| match active {
        Active::Any => true,
        Active::True => row.active,
        Active::False => !row.active,
    };
    let name = "appointment-assignments";
    export::feed_of(world, name, &world.assignments, params, keep, |row| row)
}

/// `POST /appointment-assignments/assign-technicians`: 409 when the visit has ended.
pub(crate) fn assign(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let (visit, technicians) = read(world, body)?;
    let status = found(&world.appointments, "Appointment", visit)?.status;
    if matches!(
        status,
        AppointmentStatus::Done | AppointmentStatus::Canceled
    ) {
        let status = status.word();
        return Err(Refusal::conflict(format!(
            "The appointment {visit} is {status}."
        )));
    }
    for technician in technicians {
        world.assign(visit, technician)?;
    }
    answer(world, visit)
}

/// `POST /appointment-assignments/unassign-technicians`.
pub(crate) fn unassign(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let (visit, technicians) = read(world, body)?;
    for technician in technicians {
        world.unassign(visit, technician)?;
    }
    answer(world, visit)
}

fn read(world: &World, body: &[u8]) -> Result<(Id, Vec<Id>), Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let visit = form.required("jobAppointmentId");
    check_known(&form, "jobAppointmentId", visit, &world.appointments);
    let technicians: Option<Vec<Id>> = form.required("technicianIds");
    for technician in technicians.iter().flatten() {
        check_known(
            &form,
            "technicianIds",
            Some(*technician),
            &world.technicians,
        );
    }
    settled(visit.zip(technicians), &problems)
}

fn answer(world: &World, visit: Id) -> Result<Reply, Refusal> {
    let row = found(&world.appointments, "Appointment", visit)?;
    Ok(Reply::json(&AppointmentView::new(row)))
}
