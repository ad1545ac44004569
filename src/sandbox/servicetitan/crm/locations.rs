//! `/locations` and its feed.

use super::new_customer::NewPlace;
use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::external::{ExternalQuery, ExternalUpdate};
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, plain_page};
use crate::sandbox::servicetitan::model::address::{AddressChange, AddressQuery, put};
use crate::sandbox::servicetitan::model::contact::ContactView;
use crate::sandbox::servicetitan::model::custom_field;
use crate::sandbox::servicetitan::model::location::{Location, LocationView, NewLocationView};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{World, candidates, found, known_ids, settled};

const RULES: ListRules = ListRules::new(ActiveRule::OnlyActive);

/// `GET /locations`.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    let external = ExternalQuery::read(params, &problems);
    let address = AddressQuery::read(params, &problems);
    let customer: Option<Id> = params.read("customerId", &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let rows = match (customer, &external.lookup, list.ids()) {
        (Some(id), None, None) => {
            let of_customer = world.customers.get(id).map(|row| row.locations.clone());
            Box::new(world.locations.rows_of(of_customer.unwrap_or_default()))
        }
        (Some(_) | None, _, _) => {
            candidates(&world.locations, &world.locations_by, &list, &external)
        }
    };
    let page = list.cut(rows.filter(|row| {
        customer.is_none_or(|customer| row.customer_id == customer)
            && name
                .as_ref()
                .is_none_or(|name| row.name.to_lowercase().contains(name))
            && address.matches(&row.address)
    }));
    Ok(Reply::json(&page.map(|row: &Location| LocationView {
        location: row,
        external_data: row.external.of(external.guid),
    })))
}

/// `GET /locations/{id}`: takes no GUID, so it never shows external data.
pub(crate) fn get(world: &World, id: Id) -> Result<Reply, Refusal> {
    let row = found(&world.locations, "Location", id)?;
    Ok(Reply::json(&LocationView {
        location: row,
        external_data: &[],
    }))
}

/// `POST /locations`: 409 for a customer that does not exist.
pub(crate) fn create(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let new = NewPlace::read_location(&form, world);
    let customer: Option<Id> = form.required("customerId");
    let (new, customer) = settled(new.zip(customer), &problems)?;
    check_customer(world, customer)?;
    let id = world.add_location(customer, new);
    let row = found(&world.locations, "Location", id)?;
    Ok(Reply::json(&NewLocationView::new(row)))
}

/// `PATCH /locations/{id}`. Custom fields and tags are full lists.
pub(crate) fn change(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    let (old, old_customer) = {
        let row = found(&world.locations, "Location", id)?;
        (row.external.clone(), row.customer_id)
    };
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let customer: Option<Id> = form.change("customerId");
    let name = form.change("name");
    let address = form
        .optional_object("address")
        .map(|form| AddressChange::read(&form));
    let active = form.change("active");
    let tax_zone: Option<Id> = form.change("taxZoneId");
    let custom_fields = custom_field::read_list(&form, &world.fields.location);
    let tags = known_ids(&form, "tagTypeIds", &world.tag_types);
    let external = ExternalUpdate::read(&form);
    problems.settle()?;
    if let Some(customer) = customer {
        check_customer(world, customer)?;
        world.move_location(id, old_customer, customer);
    }
    world.locations_by.remove(id, &old);
    world.locations.change(id, world.now, |row| {
        put(&mut row.name, name);
        if let Some(address) = address {
            address.apply(&mut row.address);
        }
        put(&mut row.active, active);
        put(&mut row.tax_zone_id, tax_zone.map(Some));
        put(&mut row.custom_fields, custom_fields);
        put(&mut row.tag_type_ids, tags);
        if let Some(external) = external {
            row.external.change(external);
        }
    });
    let row = found(&world.locations, "Location", id)?;
    world.locations_by.add(id, &row.external);
    Ok(Reply::json(&LocationView {
        location: row,
        external_data: &[],
    }))
}

fn check_customer(world: &World, customer: Id) -> Result<(), Refusal> {
    if world.customers.has(customer) {
        Ok(())
    } else {
        Err(Refusal::conflict(format!(
            "The customer {customer} does not exist."
        )))
    }
}

impl World {
    /// Gives a location to another customer.
    pub(crate) fn move_location(&mut self, location: Id, from: Id, to: Id) {
        self.customers
            .amend(from, |row| row.locations.retain(|id| *id != location));
        self.customers.amend(to, |row| row.locations.push(location));
        self.locations
            .change(location, self.now, |row| row.customer_id = to);
    }
}

/// `GET /locations/{id}/contacts`.
pub(crate) fn contacts(world: &World, id: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let row = found(&world.locations, "Location", id)?;
    let contacts = row.contacts.iter().map(ContactView::new).collect();
    plain_page(params, contacts).map(|page| Reply::json(&page))
}

/// `GET /export/locations`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let show = |row| LocationView {
        location: row,
        external_data: &[],
    };
    export::feed(world, "locations", &world.locations, params, show)
}
