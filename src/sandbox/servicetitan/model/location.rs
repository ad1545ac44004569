//! Locations. Each belongs to one customer.

use serde::Serialize;
use serde_json::{Map, Value};

use super::address::Address;
use super::contact::Contact;
use super::custom_field::CustomField;
use crate::sandbox::servicetitan::external::{Datum, ExternalData};
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant};

/// A location row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    pub(crate) id: Id,
    pub(crate) customer_id: Id,
    pub(crate) active: bool,
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) custom_fields: Vec<CustomField>,
    pub(crate) created_on: Instant,
    pub(crate) created_by_id: Id,
    pub(crate) modified_on: Instant,
    pub(crate) merged_to_id: Option<Id>,
    pub(crate) zone_id: Option<Id>,
    pub(crate) tax_zone_id: Option<Id>,
    pub(crate) tax_exempt: bool,
    pub(crate) tag_type_ids: Vec<Id>,
    #[serde(skip)]
    pub(crate) external: ExternalData,
    #[serde(skip)]
    pub(crate) contacts: Vec<Contact>,
}
row!(Location, active: active, members: members);

fn members(row: &Location) -> Map<String, Value> {
    let mut members = members_of(row);
    members.insert("externalData".to_owned(), row.external.to_json());
    members
}

/// `LocationResponse` and `ExportLocationsResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocationView<'a> {
    #[serde(flatten)]
    pub(crate) location: &'a Location,
    pub(crate) external_data: &'a [Datum],
}

/// `CreateLocationResponse`: also shows the contacts that came with it.
#[derive(Debug, Serialize)]
pub(crate) struct NewLocationView<'a> {
    #[serde(flatten)]
    pub(crate) view: LocationView<'a>,
    pub(crate) contacts: &'a [Contact],
}

impl<'a> NewLocationView<'a> {
    /// The row as its creator sees it.
    pub(crate) fn new(location: &'a Location) -> Self {
        let view = LocationView {
            location,
            external_data: &[],
        };
        Self {
            view,
            contacts: &location.contacts,
        }
    }
}
