//! Which handler answers which path. Paths start behind `/{module}/v2/tenant/{tenant}`.

use super::accounting::{invoices, list as invoice_list};
use super::crm::bookings::{self, Seen};
use super::crm::{customers, locations, provider_tags};
use super::jpm::{appointments, history, jobs, jobs_list, lookups, notes, status};
use super::model::attachment::Upload;
use super::params::Params;
use super::people::Mark;
use super::refusal::Refusal;
use super::reply::Reply;
use super::value::{FromText as _, Id};
use super::world::World;
use super::{dispatch, forms, marketing, settings};

/// One call of the API, past all checks of who calls.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// `crm`, `jpm`, `dispatch`, `accounting`, `forms`, `marketing` or `settings`.
    pub(crate) module: &'a str,
    /// What follows the tenant, in parts.
    pub(crate) path: &'a [&'a str],
    pub(crate) params: Params<'a>,
    pub(crate) body: &'a [u8],
    /// The file in the body, for the call that takes one.
    pub(crate) file: Option<Upload>,
}

/// Answers a call.
pub(crate) fn route(world: &mut World, call: &Call<'_>) -> Result<Reply, Refusal> {
    let answer = match call.module {
        "crm" => crm(world, call),
        "jpm" => jpm(world, call),
        "accounting" => accounting(world, call),
        "dispatch" => dispatching(world, call),
        "forms" => files(world, call),
        "marketing" => marketing(world, call),
        "settings" => settings(world, call),
        _ => None,
    };
    answer.unwrap_or_else(|| {
        let path = format!("/{}/{}", call.module, call.path.join("/"));
        Err(Refusal::NoRoute {
            method: call.method.to_owned(),
            path,
        })
    })
}

type Answer = Option<Result<Reply, Refusal>>;

fn crm(world: &mut World, call: &Call<'_>) -> Answer {
    let (params, body) = (&call.params, call.body);
    Some(match (call.method, call.path) {
        ("GET", ["customers"]) => customers::list(world, params),
        ("POST", ["customers"]) => customers::create(world, body),
        ("GET", ["customers", "custom-fields"]) => {
            lookups::field_types(world, &world.fields.customer, params)
        }
        ("GET", ["customers", id]) => customers::get(world, number(id)?),
        ("PATCH", ["customers", id]) => customers::change(world, number(id)?, body),
        ("GET", ["customers", id, "contacts"]) => customers::contacts(world, number(id)?, params),
        ("GET", ["locations"]) => locations::list(world, params),
        ("POST", ["locations"]) => locations::create(world, body),
        ("GET", ["locations", "custom-fields"]) => {
            lookups::field_types(world, &world.fields.location, params)
        }
        ("GET", ["locations", id]) => locations::get(world, number(id)?),
        ("PATCH", ["locations", id]) => locations::change(world, number(id)?, body),
        ("GET", ["locations", id, "contacts"]) => locations::contacts(world, number(id)?, params),
        ("GET", ["export", "customers"]) => customers::export(world, params),
        ("GET", ["export", "locations"]) => locations::export(world, params),
        ("GET", ["export", "bookings"]) => bookings::export(world, params),
        ("GET", ["booking-provider-tags"]) => provider_tags::list(world, params),
        ("GET", ["booking-provider-tags", id]) => provider_tags::get(world, number(id)?),
        ("GET", ["bookings"]) => bookings::list(world, Seen::All, params),
        ("GET", ["bookings", id]) => bookings::get(world, Seen::All, number(id)?),
        ("GET", ["bookings", id, "contacts"]) => {
            bookings::contacts(world, Seen::All, number(id)?, params)
        }
        ("POST", ["booking-provider", provider, "bookings"]) => {
            bookings::create(world, number(provider)?, body)
        }
        ("POST", ["booking-provider", provider, "bookings", id, "dismiss"]) => {
            bookings::dismiss(world, number(provider)?, number(id)?, body)
        }
        (method, ["booking-provider", provider, "bookings", rest @ ..]) => {
            let whose = Seen::OfProvider(number(provider)?);
            match (method, rest) {
                ("GET", []) => bookings::list(world, whose, params),
                ("GET", [id]) => bookings::get(world, whose, number(id)?),
                ("PATCH", [id]) => bookings::change(world, whose, number(id)?, body),
                ("GET", [id, "contacts"]) => bookings::contacts(world, whose, number(id)?, params),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn jpm(world: &mut World, call: &Call<'_>) -> Answer {
    let (params, body) = (&call.params, call.body);
    Some(match (call.method, call.path) {
        ("GET", ["jobs"]) => jobs_list::list(world, params),
        ("POST", ["jobs"]) => jobs::create(world, params, body),
        ("GET", ["jobs", "custom-fields"]) => {
            lookups::field_types(world, &world.fields.job, params)
        }
        ("GET", ["jobs", "cancel-reasons"]) => lookups::cancel_reasons_of(world, params),
        ("GET", ["jobs", id]) => jobs::get(world, number(id)?, params),
        ("PATCH", ["jobs", id]) => jobs::change(world, number(id)?, params, body),
        ("PUT", ["jobs", id, "cancel"]) => status::cancel(world, number(id)?, body),
        ("PUT", ["jobs", id, "remove-cancellation"]) => {
            status::remove_cancellation(world, number(id)?)
        }
        ("PUT", ["jobs", id, "hold"]) => status::hold(world, number(id)?, body),
        ("PUT", ["jobs", id, "complete"]) => status::complete(world, number(id)?, body),
        ("GET", ["jobs", id, "history"]) => history::of_job(world, number(id)?),
        ("GET", ["jobs", id, "canceled-log"]) => history::canceled_log(world, number(id)?, params),
        ("GET", ["jobs", id, "booked-log"]) => history::booked_log(world, number(id)?),
        ("GET", ["jobs", id, "notes"]) => notes::list(world, number(id)?, params),
        ("POST", ["jobs", id, "notes"]) => notes::create(world, number(id)?, body),
        ("GET", ["appointments"]) => appointments::list(world, params),
        ("POST", ["appointments"]) => appointments::create(world, body),
        ("GET", ["appointments", id]) => appointments::get(world, number(id)?),
        ("PATCH", ["appointments", id, "reschedule"]) => {
            appointments::reschedule(world, number(id)?, body)
        }
        ("DELETE", ["appointments", id]) => appointments::delete(world, number(id)?),
        ("PUT", ["appointments", id, "special-instructions"]) => {
            appointments::instruct(world, number(id)?, body)
        }
        ("PUT", ["appointments", id, "confirmation"]) => {
            appointments::confirm(world, number(id)?, Mark::On)
        }
        ("DELETE", ["appointments", id, "confirmation"]) => {
            appointments::confirm(world, number(id)?, Mark::Off)
        }
        ("PUT", ["appointments", id, "hold"]) => status::hold_appointment(world, number(id)?, body),
        ("DELETE", ["appointments", id, "hold"]) => status::end_hold(world, number(id)?),
        ("GET", ["job-types"]) => lookups::job_types(world, params),
        ("GET", ["job-types", id]) => lookups::job_type(world, number(id)?, params),
        ("GET", ["job-cancel-reasons"]) => lookups::reasons(world, &world.cancel_reasons, params),
        ("GET", ["job-hold-reasons"]) => lookups::reasons(world, &world.hold_reasons, params),
        ("GET", ["export", "jobs"]) => jobs::export(world, params),
        ("GET", ["export", "appointments"]) => appointments::export(world, params),
        ("GET", ["export", "job-notes"]) => notes::export(world, params),
        ("GET", ["export", "job-history"]) => history::export(world, params),
        ("GET", ["export", "job-canceled-logs"]) => history::export_canceled(world, params),
        _ => return None,
    })
}

fn dispatching(world: &mut World, call: &Call<'_>) -> Answer {
    let (params, body) = (&call.params, call.body);
    Some(match (call.method, call.path) {
        ("GET", ["appointment-assignments"]) => dispatch::assignments(world, params),
        ("POST", ["appointment-assignments", "assign-technicians"]) => {
            dispatch::assign(world, body)
        }
        ("POST", ["appointment-assignments", "unassign-technicians"]) => {
            dispatch::unassign(world, body)
        }
        ("GET", ["export", "appointment-assignments"]) => dispatch::export(world, params),
        _ => return None,
    })
}

fn accounting(world: &mut World, call: &Call<'_>) -> Answer {
    let (params, body) = (&call.params, call.body);
    Some(match (call.method, call.path) {
        ("GET", ["invoices"]) => invoice_list::list(world, params),
        ("POST", ["invoices"]) => invoices::create(world, body),
        ("POST", ["invoices", "markasexported"]) => invoices::mark_exported(world, body),
        ("PATCH", ["invoices", id]) => invoices::change(world, number(id)?, body),
        ("PATCH", ["invoices", id, "items"]) => invoices::change_item(world, number(id)?, body),
        ("DELETE", ["invoices", id, "items", item]) => {
            invoices::delete_item(world, number(id)?, number(item)?)
        }
        ("GET", ["export", "invoices"]) => invoice_list::export(world, params),
        ("GET", ["export", "invoice-items"]) => invoice_list::export_items(world, params),
        _ => return None,
    })
}

fn files(world: &mut World, call: &Call<'_>) -> Answer {
    Some(match (call.method, call.path) {
        ("GET", ["jobs", "attachment", id]) => forms::download(world, number(id)?),
        ("GET", ["jobs", id, "attachments"]) => forms::list(world, number(id)?, &call.params),
        ("POST", ["jobs", id, "attachments"]) => {
            forms::create(world, number(id)?, call.file.clone())
        }
        _ => return None,
    })
}

fn marketing(world: &mut World, call: &Call<'_>) -> Answer {
    let (params, body) = (&call.params, call.body);
    Some(match (call.method, call.path) {
        ("GET", ["campaigns"]) => marketing::campaigns(world, params),
        ("POST", ["campaigns"]) => marketing::create_campaign(world, body),
        ("GET", ["campaigns", id]) => marketing::campaign(world, number(id)?),
        ("PATCH", ["campaigns", id]) => marketing::change_campaign(world, number(id)?, body),
        ("GET", ["categories"]) => marketing::categories(world, params),
        ("GET", ["categories", id]) => marketing::category(world, number(id)?),
        _ => return None,
    })
}

fn settings(world: &World, call: &Call<'_>) -> Answer {
    let params = &call.params;
    Some(match (call.method, call.path) {
        ("GET", ["business-units"]) => settings::business_units(world, params),
        ("GET", ["business-units", id]) => settings::business_unit(world, number(id)?, params),
        ("GET", ["technicians"]) => settings::technicians(world, params),
        ("GET", ["technicians", id]) => settings::technician(world, number(id)?),
        ("GET", ["tag-types"]) => settings::tag_types(world, params),
        _ => return None,
    })
}

/// The id in a path; a path with anything else there does not exist.
fn number(text: &str) -> Option<Id> {
    Id::from_text(text)
}
