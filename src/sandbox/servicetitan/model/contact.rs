//! Contacts of customers, locations and bookings.

use serde::Serialize;

use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// Kind of contact.
    ContactType { Phone, Email, Fax, MobilePhone }
}

/// A contact row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    pub(crate) id: Id,
    pub(crate) r#type: ContactType,
    pub(crate) value: String,
    pub(crate) memo: Option<String>,
    #[serde(skip)]
    pub(crate) created_on: Instant,
    #[serde(skip)]
    pub(crate) modified_on: Instant,
}

impl Contact {
    /// The digits of a phone number; nothing for e-mail.
    pub(crate) fn digits(&self) -> Option<String> {
        match self.r#type {
            ContactType::Phone | ContactType::Fax | ContactType::MobilePhone => {
                Some(digits_of(&self.value))
            }
            ContactType::Email => None,
        }
    }
}

/// The digits of a text.
pub(crate) fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A contact in a create body.
#[derive(Clone, Debug)]
pub(crate) struct NewContact {
    r#type: ContactType,
    value: String,
    memo: Option<String>,
}

impl NewContact {
    /// Reads `contacts`; nothing when one of them is wrong.
    pub(crate) fn read_list(form: &Form<'_>) -> Option<Vec<Self>> {
        let list = form.optional_list("contacts").unwrap_or_default();
        list.iter().map(Self::read).collect()
    }

    fn read(form: &Form<'_>) -> Option<Self> {
        let (kind, value) = (form.required("type"), form.required("value"));
        Some(Self {
            r#type: kind?,
            value: value?,
            memo: form.optional("memo"),
        })
    }

    pub(crate) fn into_row(self, id: Id, now: Instant) -> Contact {
        let Self {
            r#type,
            value,
            memo,
        } = self;
        Contact {
            id,
            r#type,
            value,
            memo,
            created_on: now,
            modified_on: now,
        }
    }
}

/// `CustomerContactWithModifiedOnResponse` and `LocationContactResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactView<'a> {
    #[serde(flatten)]
    contact: &'a Contact,
    phone_settings: PhoneSettings<'a>,
    created_on: Instant,
    modified_on: Instant,
    preferences: Option<()>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhoneSettings<'a> {
    phone_number: &'a str,
    do_not_text: bool,
}

impl<'a> ContactView<'a> {
    pub(crate) fn new(contact: &'a Contact) -> Self {
        let phone_number = match contact.r#type {
            ContactType::Phone | ContactType::Fax | ContactType::MobilePhone => &contact.value,
            ContactType::Email => "",
        };
        Self {
            contact,
            phone_settings: PhoneSettings {
                phone_number,
                do_not_text: false,
            },
            created_on: contact.created_on,
            modified_on: contact.modified_on,
            preferences: None,
        }
    }
}

/// `BookingContactResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BookingContactView<'a> {
    id: Id,
    r#type: ContactType,
    value: &'a str,
    memo: &'a str,
    modified_on: Instant,
}

impl<'a> BookingContactView<'a> {
    pub(crate) fn new(contact: &'a Contact) -> Self {
        Self {
            id: contact.id,
            r#type: contact.r#type,
            value: &contact.value,
            memo: contact.memo.as_deref().unwrap_or_default(),
            modified_on: contact.modified_on,
        }
    }
}
