//! What only people do: CSRs, dispatchers and technicians. The public API has no calls for it.

use std::time::Duration;

use serde::Deserialize;

use super::crm::new_customer::NewCustomer;
use super::jpm::new_job::{Details, NewJob};
use super::model::address::{Address, PlainAddress};
use super::model::appointment::NewAppointment;
use super::model::booking::{Booking, BookingStatus};
use super::model::custom_field::CustomField;
use super::model::reason::Reason;
use super::refusal::Refusal;
use super::table::Table;
use super::value::{CustomerType, Id, Priority, Word as _};
use super::world::{World, found};
use crate::sandbox::kit::time::later;

/// A yes-or-no that a person sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What a CSR chooses when a booking becomes a job. What is left out comes from the booking, and
/// what the booking does not say from the seed; without a customer a new one is created.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Conversion {
    /// An existing customer.
    pub customer_id: Option<i64>,
    /// One of the customer's locations; its first when left out.
    pub location_id: Option<i64>,
    /// The business unit.
    pub business_unit_id: Option<i64>,
    /// The job type.
    pub job_type_id: Option<i64>,
    /// The campaign.
    pub campaign_id: Option<i64>,
}

/// How long a visit lasts that a CSR books.
const VISIT: Duration = Duration::from_secs(2 * 60 * 60);

impl World {
    /// Someone turns a campaign on or off.
    pub(crate) fn mark_campaign(&mut self, id: Id, active: Mark) -> Result<(), Refusal> {
        let changed = self
            .campaigns
            .change(id, self.now, |row| row.active = active == Mark::On);
        changed.ok_or(Refusal::NotFound {
            what: "Campaign",
            id,
        })
    }

    /// Someone marks a customer Do Not Service, or takes the mark away.
    pub(crate) fn mark_do_not_service(&mut self, id: Id, mark: Mark) -> Result<(), Refusal> {
        let change = self
            .customers
            .change(id, self.now, |row| row.do_not_service = mark == Mark::On);
        change.ok_or(Refusal::NotFound {
            what: "Customer",
            id,
        })
    }

    /// Someone merges a customer into another: the row becomes inactive and points there, its
    /// locations and jobs go over.
    pub(crate) fn merge_customer(&mut self, id: Id, into: Id) -> Result<(), Refusal> {
        found(&self.customers, "Customer", into)?;
        let locations = found(&self.customers, "Customer", id)?.locations.clone();
        if id == into {
            return Err(Refusal::conflict(format!(
                "The customer {id} cannot be its own merger."
            )));
        }
        for location in locations {
            self.move_location(location, id, into);
        }
        let of_customer = |row: &&super::model::job::Job| row.customer_id == id;
        let jobs: Vec<Id> = self
            .jobs
            .rows()
            .filter(of_customer)
            .map(|row| row.id)
            .collect();
        for job in jobs {
            self.jobs
                .change(job, self.now, |row| row.customer_id = into);
        }
        self.customers.change(id, self.now, |row| {
            row.active = false;
            row.merged_to_id = Some(into);
        });
        Ok(())
    }

    /// A CSR takes a new booking.
    pub(crate) fn accept_booking(&mut self, id: Id) -> Result<(), Refusal> {
        let row = found(&self.bookings, "Booking", id)?;
        if row.status != BookingStatus::New {
            return Err(answered(row));
        }
        self.bookings
            .change(id, self.now, |row| row.status = BookingStatus::Accepted);
        Ok(())
    }

    /// A CSR books a job from a new or accepted booking. Returns the job's id.
    pub(crate) fn convert_booking(&mut self, id: Id, choice: Conversion) -> Result<Id, Refusal> {
        let row = found(&self.bookings, "Booking", id)?;
        match row.status {
            BookingStatus::New | BookingStatus::Accepted => {}
            BookingStatus::Converted | BookingStatus::Dismissed => return Err(answered(row)),
        }
        let booking = row.clone();
        let unit = choice.business_unit_id.map(Id).or(booking.business_unit_id);
        let job_type = choice.job_type_id.map(Id).or(booking.job_type_id);
        let (unit, job_type) = self.pick_pair(unit, job_type)?;
        let campaign = choice.campaign_id.map(Id).or(booking.campaign_id);
        let active = || {
            self.campaigns
                .rows()
                .find(|row| row.active)
                .map(|row| row.id)
        };
        let campaign_id = campaign
            .or_else(active)
            .ok_or_else(|| Refusal::conflict("No campaign is active."))?;
        let (customer_id, location_id) = self.pick_place(&booking, choice)?;
        let appointment = NewAppointment {
            start: booking.start,
            end: later(booking.start, VISIT),
            arrival_window: (None, None),
            technicians: Vec::new(),
        };
        Ok(self.add_job(NewJob {
            customer_id,
            location_id,
            business_unit_id: unit,
            job_type_id: job_type,
            priority: booking.priority.unwrap_or(Priority::Normal),
            campaign_id,
            appointments: vec![appointment],
            details: Details {
                summary: booking.summary,
                booking_id: Some(id),
                ..Details::default()
            },
        }))
    }

    fn pick_pair(&self, unit: Option<Id>, job_type: Option<Id>) -> Result<(Id, Id), Refusal> {
        let mut types = self.job_types.rows().filter(|row| match job_type {
            Some(id) => row.id == id,
            None => row.active,
        });
        let mut pair = types.find_map(|row| {
            let mut units = self.business_units.rows().map(|unit| unit.id);
            let unit = units.find(|id| unit.unwrap_or(*id) == *id && row.permits(*id))?;
            Some((unit, row.id))
        });
        pair.take().ok_or_else(|| {
            Refusal::conflict(
                "No job type is permitted in this business unit; choose another pair.",
            )
        })
    }

    fn pick_place(&mut self, booking: &Booking, choice: Conversion) -> Result<(Id, Id), Refusal> {
        let customer = if let Some(id) = choice.customer_id {
            Id(id)
        } else {
            let kind = booking.customer_type.unwrap_or(CustomerType::Residential);
            let address = booking.address.clone().unwrap_or_else(unknown_address);
            let address = Address::without_coordinates(address);
            self.add_customer(NewCustomer::plain(&booking.name, kind, address))
        };
        let row = found(&self.customers, "Customer", customer)?;
        let location = choice
            .location_id
            .map(Id)
            .or(row.locations.first().copied());
        let location = location
            .filter(|id| row.locations.contains(id))
            .ok_or_else(|| Refusal::conflict("The location is not one of the customer's."))?;
        Ok((customer, location))
    }

    /// Someone turns a customer on or off.
    pub(crate) fn mark_customer(&mut self, id: Id, active: Mark) -> Result<(), Refusal> {
        let changed = self
            .customers
            .change(id, self.now, |row| row.active = active == Mark::On);
        changed.ok_or(Refusal::NotFound {
            what: "Customer",
            id,
        })
    }

    /// Someone turns a location on or off.
    pub(crate) fn mark_location(&mut self, id: Id, active: Mark) -> Result<(), Refusal> {
        let changed = self
            .locations
            .change(id, self.now, |row| row.active = active == Mark::On);
        changed.ok_or(Refusal::NotFound {
            what: "Location",
            id,
        })
    }

    /// Someone merges a location into another: the row becomes inactive and points there, its jobs
    /// go over.
    pub(crate) fn merge_location(&mut self, id: Id, into: Id) -> Result<(), Refusal> {
        found(&self.locations, "Location", into)?;
        found(&self.locations, "Location", id)?;
        if id == into {
            return Err(Refusal::conflict(format!(
                "The location {id} cannot be its own merger."
            )));
        }
        let of_location = |row: &&super::model::job::Job| row.location_id == id;
        let jobs = self.jobs.rows().filter(of_location);
        let jobs: Vec<Id> = jobs.map(|row| row.id).collect();
        for job in jobs {
            self.jobs
                .change(job, self.now, |row| row.location_id = into);
        }
        self.locations.change(id, self.now, |row| {
            row.active = false;
            row.merged_to_id = Some(into);
        });
        Ok(())
    }

    /// Someone puts tags on a job and takes others off.
    pub(crate) fn set_tags(&mut self, job: Id, add: &[Id], remove: &[Id]) -> Result<(), Refusal> {
        for tag in add {
            found(&self.tag_types, "Tag type", *tag)?;
        }
        let changed = self.jobs.change(job, self.now, |row| {
            row.tag_type_ids.retain(|tag| !remove.contains(tag));
            row.tag_type_ids.extend(add);
            row.tag_type_ids.sort_unstable();
            row.tag_type_ids.dedup();
        });
        changed.ok_or(Refusal::NotFound {
            what: "Job",
            id: job,
        })
    }

    /// The first active reason for holding, for people who name none.
    pub(crate) fn some_hold_reason(&self) -> Result<Id, Refusal> {
        first_reason(&self.hold_reasons)
    }

    /// The first active reason for canceling, for people who name none.
    pub(crate) fn some_cancel_reason(&self) -> Result<Id, Refusal> {
        first_reason(&self.cancel_reasons)
    }

    /// Someone types a value into a custom field of a job; an empty one clears it.
    pub(crate) fn type_custom_field(
        &mut self,
        job: Id,
        type_id: Id,
        value: &str,
    ) -> Result<(), Refusal> {
        let name = found(&self.fields.job, "Custom field type", type_id)?
            .name
            .clone();
        let changed = self.jobs.change(job, self.now, |row| {
            row.custom_fields.retain(|field| field.type_id != type_id);
            if !value.is_empty() {
                row.custom_fields.push(CustomField {
                    type_id,
                    name,
                    value: value.to_owned(),
                });
            }
        });
        changed.ok_or(Refusal::NotFound {
            what: "Job",
            id: job,
        })
    }
}

fn first_reason(reasons: &Table<Reason>) -> Result<Id, Refusal> {
    let first = reasons.rows().find(|row| row.active).map(|row| row.id);
    first.ok_or_else(|| Refusal::conflict("There is no active reason."))
}

fn answered(row: &Booking) -> Refusal {
    Refusal::conflict(format!(
        "The booking {} is already {}.",
        row.id,
        row.status.word()
    ))
}

fn unknown_address() -> PlainAddress {
    let text = |text: &str| text.to_owned();
    PlainAddress {
        street: text("Unknown"),
        unit: None,
        city: text("Unknown"),
        state: text("CA"),
        zip: text("00000"),
        country: text("USA"),
    }
}
