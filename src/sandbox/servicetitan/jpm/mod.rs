//! Module `jpm`: jobs, their appointments and notes, job types, reasons, custom fields.

pub(crate) mod appointments;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod jobs_list;
pub(crate) mod lookups;
pub(crate) mod new_job;
pub(crate) mod notes;
pub(crate) mod status;
pub(crate) mod visits;
