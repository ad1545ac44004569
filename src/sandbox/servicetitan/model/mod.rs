//! The rows of each resource, with the members of the response models.

pub(crate) mod address;
pub(crate) mod appointment;
pub(crate) mod assignment;
pub(crate) mod attachment;
pub(crate) mod booking;
pub(crate) mod campaign;
pub(crate) mod contact;
pub(crate) mod custom_field;
pub(crate) mod customer;
pub(crate) mod history;
pub(crate) mod invoice;
pub(crate) mod job;
pub(crate) mod job_type;
pub(crate) mod location;
pub(crate) mod note;
pub(crate) mod reason;
pub(crate) mod settings;
