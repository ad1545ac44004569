//! `/booking-provider-tags`, read only here: an admin ties one to the app.

use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{World, found, rows_for};

/// `GET /booking-provider-tags`.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(
        params,
        ListRules::new(ActiveRule::NoFilter),
        world.newest,
        &problems,
    );
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let rows = rows_for(&world.provider_tags, &list);
    Ok(Reply::json(&list.cut(rows.filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.tag_name.to_lowercase() == *name)
    }))))
}

/// `GET /booking-provider-tags/{id}`.
pub(crate) fn get(world: &World, id: Id) -> Result<Reply, Refusal> {
    found(&world.provider_tags, "Booking provider tag", id).map(Reply::json)
}
