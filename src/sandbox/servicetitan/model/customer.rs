//! Customers.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::address::Address;
use super::contact::Contact;
use super::custom_field::CustomField;
use super::location::NewLocationView;
use crate::sandbox::servicetitan::external::{Datum, ExternalData};
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{CustomerType, Id, Instant};

/// A customer row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Customer {
    pub(crate) id: Id,
    pub(crate) active: bool,
    pub(crate) name: String,
    pub(crate) r#type: CustomerType,
    pub(crate) address: Address,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) balance: Number,
    pub(crate) tax_exempt: bool,
    pub(crate) tag_type_ids: Vec<Id>,
    pub(crate) do_not_mail: bool,
    pub(crate) do_not_service: bool,
    pub(crate) national_account: bool,
    pub(crate) created_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) modified_on: Instant,
    pub(crate) merged_to_id: Option<Id>,
    pub(crate) payment_term_id: Option<Id>,
    pub(crate) credit_limit: Option<Number>,
    pub(crate) credit_limit_balance: Option<Number>,
    #[serde(skip)]
    pub(crate) external: ExternalData,
    #[serde(skip)]
    pub(crate) contacts: Vec<Contact>,
    /// Its locations, in the order of their creation.
    #[serde(skip)]
    pub(crate) locations: Vec<Id>,
}
row!(Customer, active: active, members: members);

fn members(row: &Customer) -> Map<String, Value> {
    let mut members = members_of(row);
    members.insert("externalData".to_owned(), row.external.to_json());
    members
}

/// `CustomerResponse` and `ExportCustomerResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerView<'a> {
    #[serde(flatten)]
    pub(crate) customer: &'a Customer,
    pub(crate) external_data: &'a [Datum],
}

/// `CreatedCustomerResponse`: also shows the locations and contacts that came with it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedCustomerView<'a> {
    #[serde(flatten)]
    pub(crate) view: CustomerView<'a>,
    pub(crate) locations: Vec<NewLocationView<'a>>,
    pub(crate) contacts: &'a [Contact],
}
