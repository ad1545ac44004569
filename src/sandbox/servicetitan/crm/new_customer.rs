//! Adding customers and locations: what a body must hold, and what becomes of it.

use serde_json::Number;

use crate::sandbox::servicetitan::external::{ExternalData, ExternalWrite};
use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::model::address::Address;
use crate::sandbox::servicetitan::model::contact::{Contact, NewContact};
use crate::sandbox::servicetitan::model::custom_field::{self, CustomField};
use crate::sandbox::servicetitan::model::customer::Customer;
use crate::sandbox::servicetitan::model::location::Location;
use crate::sandbox::servicetitan::value::{CustomerType, Id};
use crate::sandbox::servicetitan::world::{World, known_ids};

/// What customers and locations have in common when they are created.
pub(crate) struct NewPlace {
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) contacts: Vec<NewContact>,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) tag_type_ids: Vec<Id>,
    pub(crate) external: Option<ExternalWrite>,
}

#[derive(Clone, Copy)]
enum Place {
    Customer,
    Location,
}

impl NewPlace {
    /// A place with nothing but a name and an address.
    pub(crate) fn plain(name: String, address: Address) -> Self {
        Self {
            name,
            address,
            contacts: Vec::new(),
            custom_fields: Vec::new(),
            tag_type_ids: Vec::new(),
            external: None,
        }
    }

    /// Reads a location of a create body.
    pub(crate) fn read_location(form: &Form<'_>, world: &World) -> Option<Self> {
        Self::read(form, world, Place::Location)
    }

    fn read(form: &Form<'_>, world: &World, place: Place) -> Option<Self> {
        let name = form.required("name");
        let address = form
            .required_object("address")
            .and_then(|form| Address::read(&form));
        let contacts = NewContact::read_list(form);
        let types = match place {
            Place::Customer => &world.fields.customer,
            Place::Location => &world.fields.location,
        };
        let custom_fields = custom_field::read_list(form, types).unwrap_or_default();
        let tag_type_ids = known_ids(form, "tagTypeIds", &world.tag_types).unwrap_or_default();
        let external = ExternalWrite::read(form);
        Some(Self {
            name: name?,
            address: address?,
            contacts: contacts?,
            custom_fields,
            tag_type_ids,
            external,
        })
    }
}

/// `CreateCustomerRequest`.
pub(crate) struct NewCustomer {
    pub(crate) place: NewPlace,
    pub(crate) kind: CustomerType,
    pub(crate) marks: Marks,
    pub(crate) payment_term_id: Option<Id>,
    pub(crate) credit_limit: Option<Number>,
    pub(crate) credit_limit_balance: Option<Number>,
    pub(crate) locations: Vec<NewPlace>,
}

/// The yes-or-no members of a customer.
#[derive(Clone, Copy, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Marks {
    pub(crate) do_not_mail: bool,
    pub(crate) do_not_service: bool,
    pub(crate) national_account: bool,
    pub(crate) tax_exempt: bool,
}

impl NewCustomer {
    /// A customer with one location at its own address.
    pub(crate) fn plain(name: &str, kind: CustomerType, address: Address) -> Self {
        Self {
            place: NewPlace::plain(name.to_owned(), address.clone()),
            kind,
            marks: Marks::default(),
            payment_term_id: None,
            credit_limit: None,
            credit_limit_balance: None,
            locations: vec![NewPlace::plain(name.to_owned(), address)],
        }
    }

    /// Reads a create body. A customer has at least one location.
    pub(crate) fn read(form: &Form<'_>, world: &World) -> Option<Self> {
        let place = NewPlace::read(form, world, Place::Customer);
        let kind = form.optional("type").unwrap_or(CustomerType::Residential);
        let mark = |name| form.optional(name).unwrap_or(false);
        let marks = Marks {
            do_not_mail: mark("doNotMail"),
            do_not_service: mark("doNotService"),
            national_account: mark("nationalAccount"),
            tax_exempt: mark("taxExempt"),
        };
        let payment_term_id = form.optional("paymentTermId");
        let credit_limit = form.optional("creditLimit");
        let credit_limit_balance = form.optional("creditLimitBalance");
        let locations = form.required_list("locations").unwrap_or_default();
        let locations: Option<Vec<NewPlace>> = locations
            .iter()
            .map(|form| NewPlace::read_location(form, world))
            .collect();
        Some(Self {
            place: place?,
            kind,
            marks,
            payment_term_id,
            credit_limit,
            credit_limit_balance,
            locations: locations?,
        })
    }
}

impl World {
    /// Adds a customer with its locations.
    pub(crate) fn add_customer(&mut self, new: NewCustomer) -> Id {
        let id = self.next_id();
        let contacts = self.contact_rows(new.place.contacts);
        let external = ExternalData::created(new.place.external);
        self.born("customers", external.natural_keys());
        self.customers_by.add(id, &external);
        let row = Customer {
            id,
            active: true,
            name: new.place.name,
            r#type: new.kind,
            address: new.place.address,
            custom_fields: new.place.custom_fields,
            balance: Number::from(0),
            tax_exempt: new.marks.tax_exempt,
            tag_type_ids: new.place.tag_type_ids,
            do_not_mail: new.marks.do_not_mail,
            do_not_service: new.marks.do_not_service,
            national_account: new.marks.national_account,
            created_on: self.now,
            created_by_id: self.user(),
            modified_on: self.now,
            merged_to_id: None,
            payment_term_id: new.payment_term_id,
            credit_limit: new.credit_limit,
            credit_limit_balance: new.credit_limit_balance,
            external,
            contacts,
            locations: Vec::new(),
        };
        self.customers.insert(row, self.late);
        for location in new.locations {
            self.add_location(id, location);
        }
        id
    }

    /// Adds a location to an existing customer. Its contacts are copied to the customer.
    pub(crate) fn add_location(&mut self, customer: Id, new: NewPlace) -> Id {
        let id = self.next_id();
        let copies = self.contact_rows(new.contacts.clone());
        let contacts = self.contact_rows(new.contacts);
        let external = ExternalData::created(new.external);
        self.born("locations", external.natural_keys());
        self.locations_by.add(id, &external);
        let row = Location {
            id,
            customer_id: customer,
            active: true,
            name: new.name,
            address: new.address,
            custom_fields: new.custom_fields,
            created_on: self.now,
            created_by_id: self.user(),
            modified_on: self.now,
            merged_to_id: None,
            zone_id: None,
            tax_zone_id: None,
            tax_exempt: false,
            tag_type_ids: new.tag_type_ids,
            external,
            contacts,
        };
        self.locations.insert(row, self.late);
        self.customers.amend(customer, |row| {
            row.locations.push(id);
            row.contacts.extend(copies);
        });
        id
    }

    /// Gives contacts of a body their ids.
    pub(crate) fn contact_rows(&mut self, contacts: Vec<NewContact>) -> Vec<Contact> {
        let now = self.now;
        contacts
            .into_iter()
            .map(|contact| contact.into_row(self.next_id(), now))
            .collect()
    }
}
