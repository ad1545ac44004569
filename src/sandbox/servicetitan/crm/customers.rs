//! `/customers` and its feed.

use serde_json::Number;

use super::new_customer::NewCustomer;
use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::external::{ExternalQuery, ExternalUpdate};
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, plain_page};
use crate::sandbox::servicetitan::model::address::{AddressChange, AddressQuery, put};
use crate::sandbox::servicetitan::model::contact::{Contact, ContactView, digits_of};
use crate::sandbox::servicetitan::model::custom_field;
use crate::sandbox::servicetitan::model::customer::{CreatedCustomerView, Customer, CustomerView};
use crate::sandbox::servicetitan::model::location::NewLocationView;
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{CustomerType, Id};
use crate::sandbox::servicetitan::world::{World, candidates, found, known_ids, settled};

const RULES: ListRules = ListRules::new(ActiveRule::OnlyActive);

/// `GET /customers`. How names are compared is not documented; here a part without case is enough.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    let external = ExternalQuery::read(params, &problems);
    let address = AddressQuery::read(params, &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let phone = params.text("phone").map(digits_of);
    let rows = candidates(&world.customers, &world.customers_by, &list, &external);
    let page = list.cut(rows.filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.name.to_lowercase().contains(name))
            && phone.as_ref().is_none_or(|phone| has_phone(row, phone))
            && address.matches(&row.address)
    }));
    Ok(Reply::json(&page.map(|row| CustomerView {
        customer: row,
        external_data: row.external.of(external.guid),
    })))
}

fn has_phone(row: &Customer, digits: &str) -> bool {
    row.contacts
        .iter()
        .filter_map(Contact::digits)
        .any(|known| known == digits)
}

/// `GET /customers/{id}`: takes no GUID, so it never shows external data.
pub(crate) fn get(world: &World, id: Id) -> Result<Reply, Refusal> {
    let row = found(&world.customers, "Customer", id)?;
    Ok(Reply::json(&CustomerView {
        customer: row,
        external_data: &[],
    }))
}

/// `POST /customers`. Each call creates a row, whatever is there.
pub(crate) fn create(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let new = NewCustomer::read(&Form::new(&body, &problems), world);
    let id = world.add_customer(settled(new, &problems)?);
    let customer = found(&world.customers, "Customer", id)?;
    let locations = customer
        .locations
        .iter()
        .filter_map(|id| world.locations.get(*id));
    Ok(Reply::json(&CreatedCustomerView {
        view: CustomerView {
            customer,
            external_data: &[],
        },
        locations: locations.map(NewLocationView::new).collect(),
        contacts: &customer.contacts,
    }))
}

/// `PATCH /customers/{id}`.
pub(crate) fn change(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    let old = found(&world.customers, "Customer", id)?.external.clone();
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let name = form.change("name");
    let kind: Option<CustomerType> = form.change("type");
    let address = form
        .optional_object("address")
        .map(|form| AddressChange::read(&form));
    let custom_fields = custom_field::read_list(&form, &world.fields.customer);
    let external = ExternalUpdate::read(&form);
    let do_not_mail = form.change("doNotMail");
    let do_not_service = form.change("doNotService");
    let national_account = form.change("nationalAccount");
    let active = form.change("active");
    let tags = known_ids(&form, "tagTypeIds", &world.tag_types);
    let tax_exempt = form.change("taxExempt");
    let payment_term: Option<Id> = form.change("paymentTermId");
    let credit_limit: Option<Number> = form.change("creditLimit");
    let credit_limit_balance: Option<Number> = form.change("creditLimitBalance");
    problems.settle()?;
    world.customers_by.remove(id, &old);
    world.customers.change(id, world.now, |row| {
        put(&mut row.name, name);
        put(&mut row.r#type, kind);
        if let Some(address) = address {
            address.apply(&mut row.address);
        }
        put(&mut row.custom_fields, custom_fields);
        if let Some(external) = external {
            row.external.change(external);
        }
        put(&mut row.do_not_mail, do_not_mail);
        put(&mut row.do_not_service, do_not_service);
        put(&mut row.national_account, national_account);
        put(&mut row.active, active);
        put(&mut row.tag_type_ids, tags);
        put(&mut row.tax_exempt, tax_exempt);
        put(&mut row.payment_term_id, payment_term.map(Some));
        put(&mut row.credit_limit, credit_limit.map(Some));
        put(
            &mut row.credit_limit_balance,
            credit_limit_balance.map(Some),
        );
    });
    let row = found(&world.customers, "Customer", id)?;
    world.customers_by.add(id, &row.external);
    Ok(Reply::json(&CustomerView {
        customer: row,
        external_data: &[],
    }))
}

/// `GET /customers/{id}/contacts`.
pub(crate) fn contacts(world: &World, id: Id, params: &Params<'_>) -> Result<Reply, Refusal> {
    let row = found(&world.customers, "Customer", id)?;
    let contacts = row.contacts.iter().map(ContactView::new).collect();
    plain_page(params, contacts).map(|page| Reply::json(&page))
}

/// `GET /export/customers`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let show = |row| CustomerView {
        customer: row,
        external_data: &[],
    };
    export::feed(world, "customers", &world.customers, params, show)
}
