//! Job types.

use serde::Serialize;
use serde_json::Number;

use crate::sandbox::servicetitan::external::{Datum, ExternalData};
use crate::sandbox::servicetitan::table::row;
use crate::sandbox::servicetitan::value::{Id, Instant, Priority};

/// A job type row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct JobType {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) business_unit_ids: Vec<Id>,
    pub(crate) skills: Vec<String>,
    pub(crate) tag_type_ids: Vec<Id>,
    pub(crate) priority: Priority,
    /// In seconds.
    pub(crate) duration: i64,
    pub(crate) sold_threshold: Option<Number>,
    pub(crate) class: String,
    pub(crate) summary: String,
    pub(crate) no_charge: bool,
    pub(crate) enforce_recurring_service_event_selection: Option<bool>,
    pub(crate) invoice_signatures_required: bool,
    pub(crate) modified_on: Instant,
    pub(crate) created_on: Instant,
    pub(crate) active: bool,
    pub(crate) is_smart_dispatched: bool,
    #[serde(skip)]
    pub(crate) external: ExternalData,
}
row!(JobType, active: active);

impl JobType {
    /// Whether jobs of this type may be booked in the business unit; an empty list permits all.
    pub(crate) fn permits(&self, business_unit: Id) -> bool {
        self.business_unit_ids.is_empty() || self.business_unit_ids.contains(&business_unit)
    }
}

/// `JobTypeResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobTypeView<'a> {
    #[serde(flatten)]
    pub(crate) job_type: &'a JobType,
    pub(crate) external_data: &'a [Datum],
}
