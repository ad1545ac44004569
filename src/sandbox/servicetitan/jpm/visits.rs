//! What happens on the road: who is assigned to an appointment, and how far they are. An
//! appointment has the status that its assignments call for (reference section 7).

use crate::sandbox::servicetitan::model::appointment::AppointmentStatus;
use crate::sandbox::servicetitan::model::assignment::{Assignment, AssignmentStatus};
use crate::sandbox::servicetitan::refusal::Refusal;
use crate::sandbox::servicetitan::value::{Id, Word as _};
use crate::sandbox::servicetitan::world::{World, found};

/// Whether a technician is at work or has a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    Paused,
    Resumed,
}

impl World {
    /// Assigns a technician, unless that was done before.
    pub(crate) fn assign(&mut self, appointment: Id, technician: Id) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", appointment)?;
        let technician_name = found(&self.technicians, "Technician", technician)?
            .name
            .clone();
        if row.technicians.contains(&technician) {
            return Ok(());
        }
        let job_id = row.job_id;
        let id = self.next_side_id();
        self.assignments.insert(
            Assignment {
                id,
                technician_id: technician,
                technician_name,
                assigned_by_id: self.user(),
                assigned_on: self.now,
                status: AssignmentStatus::Scheduled,
                is_paused: false,
                job_id,
                appointment_id: appointment,
                created_on: self.now,
                modified_on: self.now,
                active: true,
            },
            self.late,
        );
        self.appointments.change(appointment, self.now, |row| {
            row.technicians.push(technician);
            row.assignments.push(id);
        });
        self.tell(job_id, Some(technician), "Technician Assigned", "");
        Ok(())
    }

    /// Takes a technician off, who must not have been sent out yet.
    pub(crate) fn unassign(&mut self, appointment: Id, technician: Id) -> Result<(), Refusal> {
        let job_id = found(&self.appointments, "Appointment", appointment)?.job_id;
        let Some(assignment) = self.assignment(appointment, technician) else {
            return Ok(());
        };
        if assignment.status != AssignmentStatus::Scheduled {
            let status = assignment.status.word();
            let message = format!("The technician {technician} is {status}.");
            return Err(Refusal::invalid("technicianIds", message));
        }
        let id = assignment.id;
        self.assignments
            .change(id, self.now, |row| row.active = false);
        self.appointments.change(appointment, self.now, |row| {
            row.technicians.retain(|known| *known != technician);
            row.assignments.retain(|known| *known != id);
        });
        self.tell(job_id, Some(technician), "Technician Unassigned", "");
        Ok(())
    }

    /// A dispatcher sends a technician: the one named, else those assigned, else the seed's first.
    pub(crate) fn dispatch(&mut self, id: Id, technician: Option<Id>) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", id)?;
        let (status, job) = (row.status, row.job_id);
        let fresh = technician.is_some_and(|who| self.assignment(id, who).is_none());
        let (open, moving) = match status {
            AppointmentStatus::Scheduled => (true, false),
            AppointmentStatus::Dispatched | AppointmentStatus::Working => (false, true),
            AppointmentStatus::Hold | AppointmentStatus::Done | AppointmentStatus::Canceled => {
                (false, false)
            }
        };
        let waits = technician
            .and_then(|who| self.assignment(id, who))
            .is_some_and(|row| row.status == AssignmentStatus::Scheduled);
        if !(open || moving && (fresh || waits)) {
            return Err(not_now(id, status));
        }
        let sent = match technician {
            Some(who) => vec![who],
            None if row.technicians.is_empty() => {
                let first = self.technicians.rows().next().map(|row| row.id);
                vec![first.ok_or_else(|| Refusal::conflict("There is no technician."))?]
            }
            None => row.technicians.clone(),
        };
        for who in sent {
            self.assign(id, who)?;
            self.progress(id, who, AssignmentStatus::Dispatched);
            self.tell(job, Some(who), "Dispatched", "");
        }
        self.follow_assignments(id);
        Ok(())
    }

    /// The technician (all who were sent, when none is named) arrives and starts to work.
    pub(crate) fn arrive(&mut self, id: Id, technician: Option<Id>) -> Result<(), Refusal> {
        let from = [AssignmentStatus::Dispatched];
        self.step(id, technician, &from, AssignmentStatus::Working, "Arrived")
    }

    /// The technician has finished this visit. The job stays in progress until it is completed.
    pub(crate) fn finish(&mut self, id: Id, technician: Option<Id>) -> Result<(), Refusal> {
        let from = [AssignmentStatus::Working, AssignmentStatus::Dispatched];
        self.step(id, technician, &from, AssignmentStatus::Done, "Done")
    }

    /// The technicians at work have a break, or go on.
    pub(crate) fn pace(&mut self, id: Id, pace: Pace) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", id)?;
        if row.status != AppointmentStatus::Working {
            return Err(not_now(id, row.status));
        }
        let job = row.job_id;
        for who in self.those(id, None, &[AssignmentStatus::Working]) {
            let Some(assignment) = self.assignment(id, who).map(|row| row.id) else {
                continue;
            };
            self.assignments.change(assignment, self.now, |row| {
                row.is_paused = pace == Pace::Paused;
            });
            let event = match pace {
                Pace::Paused => "Paused",
                Pace::Resumed => "Resumed",
            };
            self.tell(job, Some(who), event, "");
        }
        Ok(())
    }

    fn step(
        &mut self,
        id: Id,
        technician: Option<Id>,
        from: &[AssignmentStatus],
        to: AssignmentStatus,
        event: &'static str,
    ) -> Result<(), Refusal> {
        let row = found(&self.appointments, "Appointment", id)?;
        let (status, job) = (row.status, row.job_id);
        let moving = matches!(
            status,
            AppointmentStatus::Dispatched | AppointmentStatus::Working
        );
        let those = self.those(id, technician, from);
        if !moving || those.is_empty() {
            return Err(not_now(id, status));
        }
        for who in those {
            self.progress(id, who, to);
            self.tell(job, Some(who), event, "");
        }
        self.follow_assignments(id);
        Ok(())
    }

    /// The technicians of an appointment who are in one of these statuses.
    fn those(&self, id: Id, technician: Option<Id>, from: &[AssignmentStatus]) -> Vec<Id> {
        self.assignments_of(id)
            .filter(|row| from.contains(&row.status))
            .map(|row| row.technician_id)
            .filter(|who| technician.is_none_or(|wanted| *who == wanted))
            .collect()
    }

    fn progress(&mut self, appointment: Id, technician: Id, status: AssignmentStatus) {
        if let Some(id) = self.assignment(appointment, technician).map(|row| row.id) {
            self.assignments.change(id, self.now, |row| {
                row.status = status;
                row.is_paused = false;
            });
        }
    }

    fn assignment(&self, appointment: Id, technician: Id) -> Option<&Assignment> {
        self.assignments_of(appointment)
            .find(|row| row.technician_id == technician)
    }

    /// Also those that lists do not show yet.
    fn assignments_of(&self, appointment: Id) -> impl Iterator<Item = &Assignment> {
        let ids = self.appointments.get(appointment);
        ids.into_iter()
            .flat_map(|row| &row.assignments)
            .filter_map(|id| self.assignments.get(*id))
    }

    /// The job is complete: nobody is on the way or at work any more.
    pub(crate) fn end_assignments(&mut self, appointment: Id) {
        let open = [
            AssignmentStatus::Scheduled,
            AssignmentStatus::Dispatched,
            AssignmentStatus::Working,
        ];
        for who in self.those(appointment, None, &open) {
            self.progress(appointment, who, AssignmentStatus::Done);
        }
    }

    fn follow_assignments(&mut self, appointment: Id) {
        let statuses = self.assignments_of(appointment).map(|row| row.status);
        if let Some(status) = status_after(statuses) {
            self.set_appointment(appointment, status);
        }
        self.follow_appointments(appointment);
    }
}

/// The status of an appointment whose assignments have these statuses; none without one. It is
/// Done when all are; a technician who is done while others are not leaves it Working.
fn status_after(assignments: impl Iterator<Item = AssignmentStatus>) -> Option<AppointmentStatus> {
    let (mut scheduled, mut dispatched, mut working, mut done) = (0, 0, 0, 0);
    for status in assignments {
        match status {
            AssignmentStatus::Scheduled => scheduled += 1,
            AssignmentStatus::Dispatched => dispatched += 1,
            AssignmentStatus::Working => working += 1,
            AssignmentStatus::Done => done += 1,
        }
    }
    if working > 0 || done > 0 && dispatched > 0 {
        Some(AppointmentStatus::Working)
    } else if dispatched > 0 {
        Some(AppointmentStatus::Dispatched)
    } else if done > 0 {
        Some(AppointmentStatus::Done)
    } else {
        (scheduled > 0).then_some(AppointmentStatus::Scheduled)
    }
}

fn not_now(id: Id, status: AppointmentStatus) -> Refusal {
    Refusal::conflict(format!("The appointment {id} is {}.", status.word()))
}

#[cfg(test)]
mod tests {
    use super::AssignmentStatus::{Dispatched, Done, Scheduled, Working};
    use super::*;

    #[test]
    fn an_appointment_follows_its_assignments() {
        let cases: [(&[AssignmentStatus], Option<AppointmentStatus>); 6] = [
            (&[], None),
            (&[Scheduled], Some(AppointmentStatus::Scheduled)),
            (
                &[Dispatched, Scheduled],
                Some(AppointmentStatus::Dispatched),
            ),
            (&[Working, Done], Some(AppointmentStatus::Working)),
            (&[Done, Dispatched], Some(AppointmentStatus::Working)),
            (&[Done, Scheduled], Some(AppointmentStatus::Done)),
        ];
        for (rows, expected) in cases {
            assert_eq!(status_after(rows.iter().copied()), expected, "{rows:?}");
        }
    }
}
