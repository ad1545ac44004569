//! What is told about a job: its history, the logs of its booking and its cancellations.

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::listing::plain_page;
use crate::sandbox::servicetitan::model::history::{
    BookedLog, CanceledLog, Event, ExportedEvent, ExportedHistory, History, HistoryView,
    SchedulingTool,
};
use crate::sandbox::servicetitan::model::job::Why;
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::Refusal;
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{World, found};

/// `GET /jobs/{id}/history`.
pub(crate) fn of_job(world: &World, job: Id) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", job)?;
    let history = world.histories.get(job).map_or(&[][..], |row| &row.events);
    Ok(Reply::json(&HistoryView { history }))
}

/// `GET /export/job-history`: a job comes again, with all of its history, when something happened.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let show = |row| {
        let row: &History = row;
        ExportedHistory {
            job_id: row.id,
            history: row.events.iter().map(ExportedEvent::from).collect(),
        }
    };
    export::feed(world, "job-history", &world.histories, params, show)
}

/// `GET /jobs/{id}/canceled-log`.
pub(crate) fn canceled_log(world: &World, job: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    found(&world.jobs, "Job", job)?;
    let rows = world.canceled_logs.rows().filter(|row| row.job_id == job);
    plain_page(params, rows.collect()).map(|page| Reply::json(&page))
}

/// `GET /export/job-canceled-logs`.
pub(crate) fn export_canceled(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let logs = &world.canceled_logs;
    export::feed(world, "job-canceled-logs", logs, params, |row| row)
}

/// `GET /jobs/{id}/booked-log`: the appointment it was booked with.
pub(crate) fn booked_log(world: &World, job: Id) -> Result<Reply, Refusal> {
    let row = found(&world.jobs, "Job", job)?;
    let first = row.appointments.first().copied().unwrap_or(job);
    let visit = found(&world.appointments, "Appointment", first)?;
    Ok(Reply::json(&BookedLog {
        id: visit.id,
        job_id: job,
        job_appointment_id: visit.id,
        start: visit.start,
        arrival_window_start: visit.arrival_window_start,
        arrival_window_end: visit.arrival_window_end,
        created_on: row.created_on,
        created_by_id: row.created_by_id,
        active: true,
    }))
}

impl World {
    /// Adds to the history of a job. `who` is the technician it is about; otherwise whoever calls.
    pub(crate) fn tell(&mut self, job: Id, who: Option<Id>, event_type: &'static str, memo: &str) {
        let event = Event {
            id: self.next_side_id(),
            employee_id: Some(who.unwrap_or(self.user())),
            event_type,
            date: self.now,
            used_scheduling_tool: SchedulingTool::Manual,
            memo: memo.to_owned(),
        };
        if self.histories.has(job) {
            self.histories
                .change(job, self.now, |row| row.events.push(event));
            return;
        }
        let row = History {
            id: job,
            created_on: self.now,
            modified_on: self.now,
            events: vec![event],
        };
        self.histories.insert(row, None);
    }

    /// Writes down that a job was canceled.
    pub(crate) fn log_cancellation(&mut self, job: Id, why: &Why) {
        let row = CanceledLog {
            id: self.next_side_id(),
            job_id: job,
            reason_id: why.reason,
            memo: Some(why.memo.clone()),
            created_on: self.now,
            modified_on: self.now,
            created_by_id: self.user(),
            active: true,
        };
        self.canceled_logs.insert(row, None);
    }

    /// The cancellations of a job were taken back.
    pub(crate) fn retract_cancellation(&mut self, job: Id) {
        let of_job = |row: &&CanceledLog| row.job_id == job && row.active;
        let logs: Vec<Id> = self
            .canceled_logs
            .rows()
            .filter(of_job)
            .map(|row| row.id)
            .collect();
        for log in logs {
            self.canceled_logs
                .change(log, self.now, |row| row.active = false);
        }
    }
}
