//! How jobs and appointments change their status: the calls of the API (cancel, hold, complete)
//! and the rules both kinds of rows follow together (reference section 7).

use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::model::appointment::AppointmentStatus;
use crate::sandbox::servicetitan::model::job::{JobStatus, Why};
use crate::sandbox::servicetitan::model::reason::Reason;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::table::Table;
use crate::sandbox::servicetitan::value::{Id, Instant, Word as _};
use crate::sandbox::servicetitan::world::{World, check_known, found, settled};

/// `PUT /jobs/{id}/cancel`.
pub(crate) fn cancel(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", id)?;
    let why = read_why(body, &world.cancel_reasons)?;
    world.cancel_job(id, why)?;
    Ok(Reply::Empty)
}

/// `PUT /jobs/{id}/remove-cancellation`.
pub(crate) fn remove_cancellation(world: &mut World, id: Id) -> Result<Reply, Refusal> {
    let job = found(&world.jobs, "Job", id)?;
    if job.status != JobStatus::Canceled {
        return Err(not_now(id, job.status, "is not canceled"));
    }
    for appointment in job.appointments.clone() {
        world.set_appointment(appointment, AppointmentStatus::Scheduled);
    }
    world.jobs.change(id, world.now, |row| {
        row.status = JobStatus::Scheduled;
        row.cancellation = None;
    });
    world.retract_cancellation(id);
    world.tell(id, None, "Cancellation Removed", "");
    Ok(Reply::Empty)
}

/// `PUT /jobs/{id}/hold`.
pub(crate) fn hold(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", id)?;
    let why = read_why(body, &world.hold_reasons)?;
    world.hold_job(id, &why)?;
    Ok(Reply::Empty)
}

/// `PUT /jobs/{id}/complete`: 409 when it ended before or nobody was assigned to it.
pub(crate) fn complete(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", id)?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let at = Form::new(&body, &problems).required("completedOn");
    let at = settled(at, &problems)?;
    world.complete_job(id, at)?;
    Ok(Reply::Empty)
}

/// `PUT /appointments/{id}/hold`: 409 unless it is scheduled.
pub(crate) fn hold_appointment(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.appointments, "Appointment", id)?;
    let why = read_why(body, &world.hold_reasons)?;
    world.hold_one(id, &why)?;
    Ok(Reply::Empty)
}

/// `DELETE /appointments/{id}/hold`: 409 unless it is on hold.
pub(crate) fn end_hold(world: &mut World, id: Id) -> Result<Reply, Refusal> {
    world.release_one(id)?;
    Ok(Reply::Empty)
}

fn read_why(body: &[u8], reasons: &Table<Reason>) -> Result<Why, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let (reason, memo) = (form.required("reasonId"), form.required("memo"));
    check_known(&form, "reasonId", reason, reasons);
    let (reason, memo) = settled(reason.zip(memo), &problems)?;
    Ok(Why { reason, memo })
}

fn not_now(id: Id, status: JobStatus, why: &str) -> Refusal {
    Refusal::invalid(
        "id",
        format!("The job {id} {why}: it is {}.", status.word()),
    )
}

impl World {
    /// Cancels a job and all its appointments.
    pub(crate) fn cancel_job(&mut self, id: Id, why: Why) -> Result<(), Refusal> {
        let job = found(&self.jobs, "Job", id)?;
        if matches!(job.status, JobStatus::Canceled | JobStatus::Completed) {
            return Err(not_now(id, job.status, "cannot be canceled"));
        }
        for appointment in job.appointments.clone() {
            self.set_appointment(appointment, AppointmentStatus::Canceled);
        }
        self.empty_invoices(id)?;
        self.log_cancellation(id, &why);
        self.tell(id, None, "Job Canceled", &why.memo);
        self.jobs.change(id, self.now, |row| {
            row.status = JobStatus::Canceled;
            row.cancellation = Some(why);
        });
        Ok(())
    }

    /// Puts a job and its open appointments on hold.
    pub(crate) fn hold_job(&mut self, id: Id, why: &Why) -> Result<(), Refusal> {
        let job = found(&self.jobs, "Job", id)?;
        match job.status {
            JobStatus::Scheduled | JobStatus::Dispatched | JobStatus::InProgress => {}
            JobStatus::Hold | JobStatus::Completed | JobStatus::Canceled => {
                return Err(not_now(id, job.status, "cannot be put on hold"));
            }
        }
        for appointment in job.appointments.clone() {
            if self.is_open(appointment) {
                self.set_appointment(appointment, AppointmentStatus::Hold);
            }
        }
        self.jobs
            .change(id, self.now, |row| row.status = JobStatus::Hold);
        self.tell_hold(id, "Job On Hold", why);
        Ok(())
    }

    /// Completes a job. Appointments nobody worked on become unused; the others are done.
    pub(crate) fn complete_job(&mut self, id: Id, at: Instant) -> Result<(), Refusal> {
        let job = found(&self.jobs, "Job", id)?;
        if matches!(job.status, JobStatus::Completed | JobStatus::Canceled) {
            let status = job.status.word();
            return Err(Refusal::conflict(format!(
                "The job {id} is already {status}."
            )));
        }
        let appointments = job.appointments.clone();
        let assigned = appointments
            .iter()
            .filter_map(|id| self.appointments.get(*id))
            .any(|row| !row.technicians.is_empty());
        if !assigned {
            return Err(Refusal::conflict(format!(
                "The job {id} has no technician assigned."
            )));
        }
        for appointment in appointments {
            self.end_assignments(appointment);
            self.appointments.change(appointment, self.now, |row| {
                row.unused = !matches!(
                    row.status,
                    AppointmentStatus::Working | AppointmentStatus::Done
                );
                row.status = AppointmentStatus::Done;
            });
        }
        self.jobs.change(id, self.now, |row| {
            row.status = JobStatus::Completed;
            row.completed_on = Some(at);
        });
        self.tell(id, None, "Job Completed", "");
        Ok(())
    }

    /// Puts one scheduled appointment on hold; its job follows when nothing else is open.
    pub(crate) fn hold_one(&mut self, id: Id, why: &Why) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", id)?;
        if row.status != AppointmentStatus::Scheduled {
            let status = row.status.word();
            let message = format!("The appointment {id} cannot be put on hold: it is {status}.");
            return Err(Refusal::conflict(message));
        }
        let job = row.job_id;
        self.set_appointment(id, AppointmentStatus::Hold);
        self.follow_appointments(id);
        self.tell_hold(job, "Appointment On Hold", why);
        Ok(())
    }

    /// Ends the hold of one appointment; its job follows.
    pub(crate) fn release_one(&mut self, id: Id) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", id)?;
        if row.status != AppointmentStatus::Hold {
            return Err(Refusal::conflict(format!(
                "The appointment {id} is not on hold."
            )));
        }
        let job = row.job_id;
        self.set_appointment(id, AppointmentStatus::Scheduled);
        self.follow_appointments(id);
        self.tell(job, None, "Hold Removed", "");
        Ok(())
    }

    /// The history is the only place where readers find why something is on hold.
    fn tell_hold(&mut self, job: Id, event: &'static str, why: &Why) {
        let reason = self.hold_reasons.get(why.reason);
        let memo = match (reason, why.memo.as_str()) {
            (Some(reason), "") => reason.name.clone(),
            (Some(reason), memo) => format!("{}: {memo}", reason.name),
            (None, memo) => memo.to_owned(),
        };
        self.tell(job, None, event, &memo);
    }

    /// Sets the status of an appointment, and nothing else.
    pub(crate) fn set_appointment(&mut self, id: Id, status: AppointmentStatus) {
        self.appointments
            .change(id, self.now, |row| row.status = status);
    }

    /// Gives the job of an appointment the status that its appointments call for.
    pub(crate) fn follow_appointments(&mut self, appointment: Id) {
        if let Some(job) = self.appointments.get(appointment).map(|row| row.job_id) {
            self.follow_job(job);
        }
    }

    /// Gives a job the status that its appointments call for.
    pub(crate) fn follow_job(&mut self, job_id: Id) {
        let Some(job) = self.jobs.get(job_id) else {
            return;
        };
        let rows = job
            .appointments
            .iter()
            .filter_map(|id| self.appointments.get(*id));
        let status = status_after(job.status, rows.map(|row| row.status));
        self.jobs
            .change(job_id, self.now, |row| row.status = status);
    }

    fn is_open(&self, appointment: Id) -> bool {
        self.appointments
            .get(appointment)
            .is_some_and(|row| match row.status {
                AppointmentStatus::Scheduled
                | AppointmentStatus::Dispatched
                | AppointmentStatus::Working => true,
                AppointmentStatus::Hold | AppointmentStatus::Done | AppointmentStatus::Canceled => {
                    false
                }
            })
    }
}

/// The status of a job whose appointments have these statuses. Ended jobs stay as they are. A job
/// is in progress from its first dispatch on, and on hold when nothing of it is open but held.
fn status_after(
    before: JobStatus,
    appointments: impl Iterator<Item = AppointmentStatus>,
) -> JobStatus {
    if matches!(before, JobStatus::Completed | JobStatus::Canceled) {
        return before;
    }
    let (mut open, mut held, mut started) = (false, false, before == JobStatus::InProgress);
    for status in appointments {
        match status {
            AppointmentStatus::Scheduled => open = true,
            AppointmentStatus::Dispatched | AppointmentStatus::Working => {
                open = true;
                started = true;
            }
            AppointmentStatus::Done => started = true,
            AppointmentStatus::Hold => held = true,
            AppointmentStatus::Canceled => {}
        }
    }
    if held && !open {
        JobStatus::Hold
    } else if started {
        JobStatus::InProgress
    } else {
        JobStatus::Scheduled
    }
}

#[cfg(test)]
mod tests {
    use super::AppointmentStatus::{Canceled, Dispatched, Done, Hold, Scheduled, Working};
    use super::*;

    #[test]
    fn a_job_follows_its_appointments() {
        let after = |before, rows: &[AppointmentStatus]| status_after(before, rows.iter().copied());
        let cases: [(JobStatus, &[AppointmentStatus], JobStatus); 9] = [
            (JobStatus::Scheduled, &[Scheduled], JobStatus::Scheduled),
            (
                JobStatus::Scheduled,
                &[Scheduled, Hold],
                JobStatus::Scheduled,
            ),
            (JobStatus::Scheduled, &[Dispatched], JobStatus::InProgress),
            (
                JobStatus::Scheduled,
                &[Working, Scheduled],
                JobStatus::InProgress,
            ),
            (JobStatus::InProgress, &[Done], JobStatus::InProgress),
            (
                JobStatus::InProgress,
                &[Done, Scheduled],
                JobStatus::InProgress,
            ),
            (JobStatus::InProgress, &[Done, Hold], JobStatus::Hold),
            (JobStatus::Hold, &[Scheduled], JobStatus::Scheduled),
            (JobStatus::Canceled, &[Canceled], JobStatus::Canceled),
        ];
        for (before, rows, expected) in cases {
            assert_eq!(after(before, rows), expected, "{before:?} with {rows:?}");
        }
    }
}
