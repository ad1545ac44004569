//! Lists that only name things: job types, custom fields, reasons.

use crate::sandbox::servicetitan::external::ExternalQuery;
use crate::sandbox::servicetitan::listing::{
    ActiveRule, List, ListRules, Lookup, PageZero, SortField, plain_page,
};
use crate::sandbox::servicetitan::model::custom_field::CustomFieldType;
use crate::sandbox::servicetitan::model::job_type::JobTypeView;
use crate::sandbox::servicetitan::model::reason::{JobCancelReason, Reason};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::table::Table;
use crate::sandbox::servicetitan::value::{Id, Priority};
use crate::sandbox::servicetitan::world::{World, found, rows_for};

/// Lists of custom field types refuse `page=0`.
const FIELD_TYPES: ListRules = ListRules {
    active: ActiveRule::NoFilter,
    sort: &[SortField::Id, SortField::Name],
    page_zero: PageZero::Refused,
    lookup: Lookup::NoIds,
};
const REASONS: ListRules = ListRules::new(ActiveRule::AllRows).without_ids();
const JOB_TYPES: ListRules = ListRules::new(ActiveRule::OnlyActive).sorted_by(&[]);

/// `GET …/custom-fields` of jobs, customers and locations.
pub(crate) fn field_types(
    world: &World,
    types: &Table<CustomFieldType>,
    params: &Params<'_>,
) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, FIELD_TYPES, world.newest, &problems);
    problems.settle()?;
    Ok(Reply::json(&list.cut(types.rows())))
}

/// `GET /job-cancel-reasons` and `/job-hold-reasons`: both active and inactive ones by default.
pub(crate) fn reasons(
    world: &World,
    reasons: &Table<Reason>,
    params: &Params<'_>,
) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, REASONS, world.newest, &problems);
    problems.settle()?;
    Ok(Reply::json(&list.cut(reasons.rows())))
}

/// `GET /jobs/cancel-reasons`: why each of these jobs was canceled.
pub(crate) fn cancel_reasons_of(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let ids: Vec<Id> = params.read("ids", &problems).unwrap_or_default();
    if ids.is_empty() || ids.len() > 50 {
        problems.add("ids", "Between 1 and 50 ids are needed.");
    }
    problems.settle()?;
    let rows = world.jobs.rows_of(ids).filter_map(|job| {
        let why = job.cancellation.as_ref()?;
        let name = world
            .cancel_reasons
            .get(why.reason)
            .map_or("", |reason| &reason.name);
        Some(JobCancelReason {
            job_id: job.id,
            reason_id: why.reason,
            name,
            text: &why.memo,
        })
    });
    plain_page(params, rows.collect()).map(|page| Reply::json(&page))
}

/// `GET /job-types`: sorted by `orderBy`, not by `sort`.
pub(crate) fn job_types(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let mut list = List::read(params, JOB_TYPES, world.newest, &problems);
    list.order_by(params, &problems);
    let external = ExternalQuery::read(params, &problems);
    let shortest: Option<i32> = params.read("minDuration", &problems);
    let longest: Option<i32> = params.read("maxDuration", &problems);
    let priority: Option<Priority> = params.read("priority", &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let page = list.cut(rows_for(&world.job_types, &list).filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.name.to_lowercase().contains(name))
            && shortest.is_none_or(|least| row.duration >= i64::from(least))
            && longest.is_none_or(|most| row.duration <= i64::from(most))
            && priority.is_none_or(|priority| row.priority == priority)
    }));
    Ok(Reply::json(&page.map(|job_type| {
        let external_data = job_type.external.of(external.guid);
        JobTypeView {
            job_type,
            external_data,
        }
    })))
}

/// `GET /job-types/{id}`.
pub(crate) fn job_type(world: &World, id: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let external = ExternalQuery::read(params, &problems);
    problems.settle()?;
    let job_type = found(&world.job_types, "Job type", id)?;
    let external_data = job_type.external.of(external.guid);
    Ok(Reply::json(&JobTypeView {
        job_type,
        external_data,
    }))
}
