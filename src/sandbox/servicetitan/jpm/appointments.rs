//! `/appointments` and its feed.

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::form::{Form, Patch, parse_body};
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, Window};
use crate::sandbox::servicetitan::model::appointment::{
    Appointment, AppointmentStatus, NewAppointment,
};
use crate::sandbox::servicetitan::model::job::JobStatus;
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::people::Mark;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{Active, Id, Instant, Word as _};
use crate::sandbox::servicetitan::world::{World, check_known, found, rows_for, settled};

const RULES: ListRules = ListRules::new(ActiveRule::OnlyActive);

/// `GET /appointments`.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    let job: Option<Id> = params.read("jobId", &problems);
    let project: Option<Id> = params.read("projectId", &problems);
    let status: Option<AppointmentStatus> = params.read("status", &problems);
    let starts = Window::read(params, "startsOnOrAfter", "startsBefore", &problems);
    let technician: Option<Id> = params.read("technicianId", &problems);
    let customer: Option<Id> = params.read("customerId", &problems);
    let unused: Option<bool> = params.read("unused", &problems);
    problems.settle()?;
    let number = params.text("number");
    let rows: Box<dyn Iterator<Item = &Appointment>> = match job {
        Some(id) => {
            let of_job = world.jobs.get(id).map(|row| row.appointments.clone());
            Box::new(world.appointments.rows_of(of_job.unwrap_or_default()))
        }
        None => rows_for(&world.appointments, &list),
    };
    // No job here is part of a project, so a filter by one finds nothing.
    let page = list.cut(rows.filter(|row| {
        project.is_none()
            && number.is_none_or(|number| row.appointment_number.as_deref() == Some(number))
            && status.is_none_or(|status| row.status == status)
            && starts.holds(row.start)
            && technician.is_none_or(|id| row.technicians.contains(&id))
            && customer.is_none_or(|id| row.customer_id == id)
            && unused.is_none_or(|unused| row.unused == unused)
    }));
    Ok(Reply::json(&page))
}

/// `GET /appointments/{id}`.
pub(crate) fn get(world: &World, id: Id) -> Result<Reply, Refusal> {
    found(&world.appointments, "Appointment", id).map(Reply::json)
}

/// `POST /appointments`: 409 when the job has ended.
pub(crate) fn create(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let job: Option<Id> = form.required("jobId");
    check_known(&form, "jobId", job, &world.jobs);
    let new = NewAppointment::read(&form);
    let instructions: Option<String> = form.optional("specialInstructions");
    let (job_id, new) = settled(job.zip(new), &problems)?;
    let job = found(&world.jobs, "Job", job_id)?;
    if matches!(job.status, JobStatus::Completed | JobStatus::Canceled) {
        let status = job.status.word();
        return Err(Refusal::conflict(format!("The job {job_id} is {status}.")));
    }
    world.born("appointments", [format!("{job_id}: {}", new.start)]);
    let id = world
        .add_appointment(job_id, new)
        .ok_or(Refusal::NotFound {
            what: "Job",
            id: job_id,
        })?;
    world
        .appointments
        .amend(id, |row| row.special_instructions = instructions);
    world.jobs.change(job_id, world.now, |_| ());
    get(world, id)
}

/// `PATCH /appointments/{id}/reschedule`: 409 when it has ended.
pub(crate) fn reschedule(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    let row = found(&world.appointments, "Appointment", id)?;
    let (old_start, old_end, status) = (row.start, row.end, row.status);
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let start: Instant = form.change("start").unwrap_or(old_start);
    let end: Instant = form.change("end").unwrap_or(old_end);
    if end <= start {
        form.refuse("end", "The end of an appointment must be after its start.");
    }
    let window_start: Patch<Instant> = form.nullable_change("arrivalWindowStart");
    let window_end: Patch<Instant> = form.nullable_change("arrivalWindowEnd");
    problems.settle()?;
    match status {
        AppointmentStatus::Scheduled | AppointmentStatus::Dispatched | AppointmentStatus::Hold => {}
        AppointmentStatus::Working | AppointmentStatus::Done | AppointmentStatus::Canceled => {
            let status = status.word();
            return Err(Refusal::conflict(format!(
                "The appointment {id} is {status}."
            )));
        }
    }
    world.appointments.change(id, world.now, |row| {
        row.start = start;
        row.end = end;
        window_start.apply(&mut row.arrival_window_start);
        window_end.apply(&mut row.arrival_window_end);
    });
    get(world, id)
}

/// `DELETE /appointments/{id}`: 409 for the only one of its job, and once somebody set out.
pub(crate) fn delete(world: &mut World, id: Id) -> Result<Reply, Refusal> {
    let row = found(&world.appointments, "Appointment", id)?;
    let job = row.job_id;
    if row.status != AppointmentStatus::Scheduled && row.status != AppointmentStatus::Hold {
        let status = row.status.word();
        return Err(Refusal::conflict(format!(
            "The appointment {id} is {status}."
        )));
    }
    if found(&world.jobs, "Job", job)?.appointments.len() < 2 {
        return Err(Refusal::conflict(format!(
            "The appointment {id} is the only one of its job."
        )));
    }
    world
        .appointments
        .change(id, world.now, |row| row.active = false);
    world.jobs.change(job, world.now, |row| {
        row.appointments.retain(|known| *known != id)
    });
    world.follow_job(job);
    Ok(Reply::Empty)
}

/// `PUT /appointments/{id}/special-instructions`.
pub(crate) fn instruct(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.appointments, "Appointment", id)?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let text = Form::new(&body, &problems).required("specialInstructions");
    let text: String = settled(text, &problems)?;
    world.appointments.change(id, world.now, |row| {
        row.special_instructions = Some(text);
    });
    get(world, id)
}

/// `PUT` and `DELETE /appointments/{id}/confirmation`: 409 when it is already so.
pub(crate) fn confirm(world: &mut World, id: Id, mark: Mark) -> Result<Reply, Refusal> {
    let row = found(&world.appointments, "Appointment", id)?;
    let wanted = mark == Mark::On;
    if row.is_confirmed == wanted {
        let state = if wanted { "already" } else { "not" };
        return Err(Refusal::conflict(format!(
            "The appointment {id} is {state} confirmed."
        )));
    }
    world
        .appointments
        .change(id, world.now, |row| row.is_confirmed = wanted);
    Ok(Reply::Empty)
}

/// `GET /export/appointments`: all rows unless `active` asks for some.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let active: Active = params.read("active", &problems).unwrap_or(Active::Any);
    problems.settle()?;
    let keep = |row: &Appointment| match active {
        Active::Any => true,
        Active::True => row.active,
        Active::False => !row.active,
    };
    export::feed_of(
        world,
        "appointments",
        &world.appointments,
        params,
        keep,
        |row| row,
    )
}
