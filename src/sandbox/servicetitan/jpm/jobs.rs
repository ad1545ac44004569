//! `/jobs/{id}`, `POST /jobs` and the feed of jobs.

use super::jobs_list::view;
use super::new_job::{NewJob, check_pair, check_place, read_lead_source};
use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::external::ExternalUpdate;
use crate::sandbox::servicetitan::form::{Form, Patch, parse_body};
use crate::sandbox::servicetitan::model::address::put;
use crate::sandbox::servicetitan::model::custom_field;
use crate::sandbox::servicetitan::model::job::JobView;
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{Id, Priority};
use crate::sandbox::servicetitan::world::{World, found, known_ids, settled};

/// `GET /jobs/{id}`: shows external data for the GUID that is asked for.
pub(crate) fn get(world: &World, id: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let guid = params.read("externalDataApplicationGuid", &problems);
    problems.settle()?;
    let row = found(&world.jobs, "Job", id)?;
    Ok(Reply::json(&view(world, row, guid)))
}

/// `POST /jobs`. Each call creates a row, whatever is there.
pub(crate) fn create(
    world: &mut World,
    params: &Params<'_>,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let new = NewJob::read(&Form::new(&body, &problems), world);
    let id = world.add_job(settled(new, &problems)?);
    get(world, id, params)
}

/// `PATCH /jobs/{id}`. Custom fields and tags are full lists.
pub(crate) fn change(
    world: &mut World,
    id: Id,
    params: &Params<'_>,
    body: &[u8],
) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let (old, customer, location, unit, job_type) = {
        let row = found(&world.jobs, "Job", id)?;
        let customer: Id = form.change("customerId").unwrap_or(row.customer_id);
        let location: Id = form.change("locationId").unwrap_or(row.location_id);
        let unit: Id = form
            .change("businessUnitId")
            .unwrap_or(row.business_unit_id);
        let job_type: Id = form.change("jobTypeId").unwrap_or(row.job_type_id);
        (row.external.clone(), customer, location, unit, job_type)
    };
    check_place(&form, world, Some(customer), Some(location));
    check_pair(&form, world, Some(unit), Some(job_type));
    let lead_source = match body.get("jobGeneratedLeadSource") {
        None => Patch::Keep,
        Some(_) => form
            .optional_object("jobGeneratedLeadSource")
            .map_or(Patch::Clear, |form| Patch::Set(read_lead_source(&form))),
    };
    let priority: Option<Priority> = form.change("priority");
    let campaign: Option<Id> = form.change("campaignId");
    world.check_campaign(&form, campaign);
    let summary: Option<String> = form.change("summary");
    form.change::<bool>("shouldUpdateInvoiceItems");
    let custom_fields = custom_field::read_list(&form, &world.fields.job);
    let tags = known_ids(&form, "tagTypeIds", &world.tag_types);
    let external = ExternalUpdate::read(&form);
    let customer_po = form.change("customerPo");
    let sold_by: Patch<Id> = form.nullable_change("soldById");
    problems.settle()?;
    world.jobs_by.remove(id, &old);
    world.jobs.change(id, world.now, |row| {
        row.customer_id = customer;
        row.location_id = location;
        row.business_unit_id = unit;
        row.job_type_id = job_type;
        lead_source.apply(&mut row.job_generated_lead_source);
        put(&mut row.priority, priority);
        put(&mut row.campaign_id, campaign);
        put(&mut row.summary, summary.map(Some));
        put(&mut row.custom_fields, custom_fields);
        put(&mut row.tag_type_ids, tags);
        if let Some(external) = external {
            row.external.change(external);
        }
        put(&mut row.customer_po, customer_po);
        sold_by.apply(&mut row.sold_by_id);
    });
    world
        .jobs_by
        .add(id, &found(&world.jobs, "Job", id)?.external);
    get(world, id, params)
}

/// `GET /export/jobs`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let spelling = world.switches.status_text;
    export::feed(world, "jobs", &world.jobs, params, |job| {
        JobView::exported(job, spelling)
    })
}
