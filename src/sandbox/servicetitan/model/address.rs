//! Addresses. Customers and locations have coordinates, bookings have none.

use serde::Serialize;
use serde_json::Number;

use crate::sandbox::servicetitan::form::{Form, Patch};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::Problems;

/// `AddressModel`: the address of a booking.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlainAddress {
    pub(crate) street: String,
    pub(crate) unit: Option<String>,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
    pub(crate) country: String,
}

impl PlainAddress {
    /// Reads an address whose members are all required but the unit.
    pub(crate) fn read(form: &Form<'_>) -> Option<Self> {
        let unit = form.optional("unit");
        let (street, city) = (form.required("street"), form.required("city"));
        let (state, zip) = (form.required("state"), form.required("zip"));
        let country = form.required("country");
        Some(Self {
            street: street?,
            unit,
            city: city?,
            state: state?,
            zip: zip?,
            country: country?,
        })
    }
}

/// `CustomerAddress`: the address of a customer or location.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Address {
    #[serde(flatten)]
    pub(crate) plain: PlainAddress,
    pub(crate) latitude: Option<Number>,
    pub(crate) longitude: Option<Number>,
}

impl Address {
    pub(crate) fn read(form: &Form<'_>) -> Option<Self> {
        let plain = PlainAddress::read(form);
        let (latitude, longitude) = (form.optional("latitude"), form.optional("longitude"));
        Some(Self {
            plain: plain?,
            latitude,
            longitude,
        })
    }

    pub(crate) fn without_coordinates(plain: PlainAddress) -> Self {
        Self {
            plain,
            latitude: None,
            longitude: None,
        }
    }
}

/// A change of an address. The specs mark every member of these models as required, which their
/// own samples of partial bodies contradict, so members that are not sent stay as they are.
#[derive(Clone, Debug)]
pub(crate) struct AddressChange {
    street: Option<String>,
    unit: Patch<String>,
    city: Option<String>,
    state: Option<String>,
    zip: Option<String>,
    country: Option<String>,
    latitude: Patch<Number>,
    longitude: Patch<Number>,
}

impl AddressChange {
    pub(crate) fn read(form: &Form<'_>) -> Self {
        Self {
            street: form.change("street"),
            unit: form.nullable_change("unit"),
            city: form.change("city"),
            state: form.change("state"),
            zip: form.change("zip"),
            country: form.change("country"),
            latitude: form.nullable_change("latitude"),
            longitude: form.nullable_change("longitude"),
        }
    }

    pub(crate) fn apply(self, address: &mut Address) {
        self.latitude.clone().apply(&mut address.latitude);
        self.longitude.clone().apply(&mut address.longitude);
        self.apply_plain(&mut address.plain);
    }

    pub(crate) fn apply_plain(self, address: &mut PlainAddress) {
        put(&mut address.street, self.street);
        self.unit.apply(&mut address.unit);
        put(&mut address.city, self.city);
        put(&mut address.state, self.state);
        put(&mut address.zip, self.zip);
        put(&mut address.country, self.country);
    }

    /// The address this change makes of nothing, for a booking that had none.
    pub(crate) fn into_plain(self) -> PlainAddress {
        let mut address = PlainAddress {
            street: String::new(),
            unit: None,
            city: String::new(),
            state: String::new(),
            zip: String::new(),
            country: String::new(),
        };
        self.apply_plain(&mut address);
        address
    }
}

/// Puts a new value in place when there is one.
pub(crate) fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

/// The address filters of customers and locations. How the vendor compares is not documented; here
/// a part matches when it is equal without regard to case and surrounding spaces.
pub(crate) struct AddressQuery {
    street: Option<String>,
    unit: Option<String>,
    city: Option<String>,
    state: Option<String>,
    zip: Option<String>,
    country: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

impl AddressQuery {
    pub(crate) fn read(params: &Params<'_>, problems: &Problems) -> Self {
        let text = |name| params.text(name).map(|text| text.trim().to_lowercase());
        Self {
            street: text("street"),
            unit: text("unit"),
            city: text("city"),
            state: text("state"),
            zip: text("zip"),
            country: text("country"),
            latitude: params.read("latitude", problems),
            longitude: params.read("longitude", problems),
        }
    }

    pub(crate) fn matches(&self, address: &Address) -> bool {
        let plain = &address.plain;
        same(self.street.as_ref(), Some(&plain.street))
            && same(self.unit.as_ref(), plain.unit.as_ref())
            && same(self.city.as_ref(), Some(&plain.city))
            && same(self.state.as_ref(), Some(&plain.state))
            && same(self.zip.as_ref(), Some(&plain.zip))
            && same(self.country.as_ref(), Some(&plain.country))
            && near(self.latitude, address.latitude.as_ref())
            && near(self.longitude, address.longitude.as_ref())
    }
}

fn same(wanted: Option<&String>, found: Option<&String>) -> bool {
    let Some(wanted) = wanted else { return true };
    found.is_some_and(|found| found.trim().to_lowercase() == *wanted)
}

fn near(wanted: Option<f64>, found: Option<&Number>) -> bool {
    let Some(wanted) = wanted else { return true };
    found
        .and_then(Number::as_f64)
        .is_some_and(|found| (found - wanted).abs() < 1e-6)
}
