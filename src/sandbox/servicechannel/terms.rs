//! What one client has agreed with its providers.

use serde::{Deserialize, Serialize};

use super::model::{Primary, SubscriberId};

/// One client.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// Its number.
    pub id: SubscriberId,
    /// Its name.
    pub name: String,
    /// Its short name.
    pub short_name: String,
    /// What it lets the provider do.
    pub permissions: Permissions,
    /// Which statuses it has.
    pub catalogue: Vec<StatusOption>,
    /// How urgent its work can be, in its words.
    pub priorities: &'static [&'static str],
    /// What it asks of invoices.
    pub invoice_rules: InvoiceRules,
}

/// Whether a provider may do one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permit {
    /// It may.
    Granted,
    /// It may not.
    Denied,
}

/// What a subscriber lets the provider do: the items of its request form, and full editing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// To COMPLETED and COMPLETED/CONFIRMED.
    pub complete_billable: Permit,
    /// To COMPLETED/PENDING CONFIRMATION.
    pub complete_non_billable: Permit,
    /// To every other status.
    pub other_statuses: Permit,
    /// Notes and the scheduled date.
    pub notes_and_schedule: Permit,
    /// Everything else, such as the NTE.
    pub full_edit: Permit,
    /// The call that sets a status, whatever the status.
    pub status_change: Permit,
    /// Files.
    pub attachments: Permit,
    /// Who came and went.
    pub check_in: CheckIn,
    /// Invoices.
    pub invoices: Permit,
}

/// How a provider may say that it came and went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckIn {
    /// Not by the API: the client wants a telephone call.
    Ivr,
    /// With or without a place, and later than it was.
    Xml,
    /// From where the work is, at that time.
    Gps,
}

/// What a subscriber asks of invoices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvoiceRules {
    /// What a number must look like; none: anything.
    pub number_pattern: Option<String>,
    /// Whether the number of a rejected invoice may be used again.
    pub reuse_rejected_number: Permit,
    /// How many days an invoice may be dated back; none: any.
    pub days_back: Option<u32>,
    /// How many days an invoice may be dated ahead; none: any.
    pub days_ahead: Option<u32>,
    /// Whether a provider may ask for sales tax.
    pub sales_tax: Permit,
    /// Whether an amount may be below zero.
    pub negative_amounts: Permit,
    /// Whether the text of an invoice may be missing.
    pub without_text: Permit,
    /// Trades whose invoices list their labor.
    pub labor_lines_for: Vec<String>,
    /// Trades whose invoices list their materials.
    pub material_lines_for: Vec<String>,
}

/// One main status of a subscriber with those below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusOption {
    /// The main one.
    pub primary: Primary,
    /// Those below.
    pub extended: Vec<ExtendedStatus>,
}

/// A status below a main one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedStatus {
    /// Its number, the subscriber's own.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// It is set only together with a resolution text and a scheduled date.
    pub constraint: Option<Constraint>,
}

/// What must be there before a status can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// A text that says what was done.
    ResolutionText,
    /// A scheduled date that is still to come.
    ScheduledDate,
}
