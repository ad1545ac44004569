//! What people do, in process: the typed calls, and every control call by its path.

use serde_json::Value;

use super::ServiceTitan;
use super::control::{self, ControlError};
use super::model::job::Why;
use super::people::{Conversion, Mark};
use super::refusal::Refusal;
use super::value::Id;

impl ServiceTitan {
    /// Does what a control call does, such as `POST` `jobs/10001/cancel`. The body may be null.
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, ControlError> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments: Vec<&str> = path.split('/').collect();
        let call = control::Call {
            method,
            path: &segments,
            query,
            body: body.as_bytes(),
        };
        control::act(self, &call)
    }

    /// Someone turns a campaign on or off.
    pub fn set_campaign(&self, id: Id, active: Mark) -> Result<(), Refusal> {
        self.0.people("PATCH", "/campaigns", |world| {
            world.mark_campaign(id, active)
        })
    }

    /// Someone marks a customer Do Not Service, or takes the mark away.
    pub fn set_do_not_service(&self, id: Id, mark: Mark) -> Result<(), Refusal> {
        self.0.people("PATCH", "/customers", |world| {
            world.mark_do_not_service(id, mark)
        })
    }

    /// Someone merges a customer into another.
    pub fn merge_customer(&self, id: Id, into: Id) -> Result<(), Refusal> {
        self.0.people("PATCH", "/customers", |world| {
            world.merge_customer(id, into)
        })
    }

    /// Someone merges a location into another.
    pub fn merge_location(&self, id: Id, into: Id) -> Result<(), Refusal> {
        self.0.people("PATCH", "/locations", |world| {
            world.merge_location(id, into)
        })
    }

    /// A CSR accepts a new booking.
    pub fn accept_booking(&self, id: Id) -> Result<(), Refusal> {
        self.0
            .people("PATCH", "/bookings", |world| world.accept_booking(id))
    }

    /// A CSR dismisses a booking.
    pub fn dismiss_booking(&self, id: Id, reason: Option<Id>) -> Result<(), Refusal> {
        self.0.people("PATCH", "/bookings", |world| {
            world.dismiss_booking(id, reason)
        })
    }

    /// A CSR books a job from a booking. Returns the job's id.
    pub fn convert_booking(&self, id: Id, choice: Conversion) -> Result<Id, Refusal> {
        self.0
            .people("POST", "/jobs", |world| world.convert_booking(id, choice))
    }

    /// A dispatcher sends a technician to an appointment.
    pub fn dispatch(&self, appointment: Id, technician: Option<Id>) -> Result<(), Refusal> {
        self.0.people("PATCH", "/appointments", |world| {
            world.dispatch(appointment, technician)
        })
    }

    /// The technicians who were sent arrive and start to work.
    pub fn arrive(&self, appointment: Id) -> Result<(), Refusal> {
        self.0.people("PATCH", "/appointments", |world| {
            world.arrive(appointment, None)
        })
    }

    /// The technicians have finished the visit.
    pub fn finish(&self, appointment: Id) -> Result<(), Refusal> {
        self.0.people("PATCH", "/appointments", |world| {
            world.finish(appointment, None)
        })
    }

    /// A dispatcher puts a scheduled appointment on hold, for the first reason there is.
    pub fn hold(&self, appointment: Id) -> Result<(), Refusal> {
        self.0.people("PATCH", "/appointments", |world| {
            let reason = world.some_hold_reason()?;
            let memo = String::new();
            world.hold_one(appointment, &Why { reason, memo })
        })
    }

    /// Someone types a value into a custom field of a job; an empty one clears it.
    pub fn set_custom_field(&self, job: Id, type_id: Id, value: &str) -> Result<(), Refusal> {
        self.0.people("PATCH", "/jobs", |world| {
            world.type_custom_field(job, type_id, value)
        })
    }
}
