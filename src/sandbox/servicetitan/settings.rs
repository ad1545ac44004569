//! Module `settings`: business units, technicians and tag types, read only.

use super::external::ExternalQuery;
use super::listing::{ActiveRule, List, ListRules};
use super::model::settings::{BusinessUnitView, TechnicianView};
use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::reply::Reply;
use super::value::Id;
use super::world::{World, found, rows_for};

/// Business units and technicians cannot be sorted.
const UNSORTED: ListRules = ListRules::new(ActiveRule::OnlyActive).sorted_by(&[]);
const TAG_TYPES: ListRules = ListRules::new(ActiveRule::OnlyActive).without_ids();

/// `GET /business-units`: `name` is a part of the name, in any case.
pub(crate) fn business_units(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, UNSORTED, world.newest, &problems);
    let external = ExternalQuery::read(params, &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let rows = rows_for(&world.business_units, &list);
    let page = list.cut(rows.filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.name.to_lowercase().contains(name))
    }));
    Ok(Reply::json(&page.map(|row| {
        BusinessUnitView::new(row, row.external.of(external.guid))
    })))
}

/// `GET /business-units/{id}`.
pub(crate) fn business_unit(world: &World, id: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let external = ExternalQuery::read(params, &problems);
    problems.settle()?;
    let row = found(&world.business_units, "Business unit", id)?;
    Ok(Reply::json(&BusinessUnitView::new(
        row,
        row.external.of(external.guid),
    )))
}

/// `GET /technicians`: `name` is a part of the name, in any case.
pub(crate) fn technicians(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, UNSORTED, world.newest, &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let rows = rows_for(&world.technicians, &list);
    let page = list.cut(rows.filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.name.to_lowercase().contains(name))
    }));
    Ok(Reply::json(&page.map(TechnicianView::new)))
}

/// `GET /technicians/{id}`.
pub(crate) fn technician(world: &World, id: Id) -> Result<Reply, Refusal> {
    let row = found(&world.technicians, "Technician", id)?;
    Ok(Reply::json(&TechnicianView::new(row)))
}

/// `GET /tag-types`.
pub(crate) fn tag_types(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, TAG_TYPES, world.newest, &problems);
    problems.settle()?;
    Ok(Reply::json(&list.cut(rows_for(&world.tag_types, &list))))
}
