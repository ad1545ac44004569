//! Invoices and their items. In replies all money and quantities are texts.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

use super::address::PlainAddress;
use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// What an item is.
    ItemType { Service, Material, Equipment, PriceModifier, Unspecified }
}
words! {
    /// Where an invoice stands in the accounting.
    SyncStatus { Pending, Posted, Exported }
}
words! {
    /// How far its review is.
    ReviewStatus { NeedsReview, OnHold, Reviewed, PendingApproval, Rejected, ReadyForBilling, Invoiced }
}
words! {
    /// Whether the customer was sent it.
    SentStatus { NotSent, Sent, Opened }
}
words! {
    /// What it bills.
    InvoiceConfiguration {
        JobInvoice, ProjectInvoice, CounterSales, MembershipInvoice, InterestChargeInvoice, ARImportInvoice
    }
}

/// Money as replies spell it.
fn money<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&format_args!("{amount:.2}"))
}

/// A quantity as replies spell it.
fn quantity<S: Serializer>(amount: &Decimal, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&amount.normalize())
}

/// An amount as a JSON number.
pub(crate) fn number(amount: Decimal) -> Option<Number> {
    serde_json::from_str(&format!("{amount:.2}")).ok()
}

/// `NamedFieldResponse`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Named {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
}

/// `JobResponse` of this module.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BilledJob {
    pub(crate) id: Id,
    pub(crate) number: String,
    pub(crate) r#type: Option<String>,
}

/// A custom field of an invoice: known by its name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InvoiceField {
    pub(crate) name: String,
    pub(crate) value: Option<String>,
}

/// An invoice row, with the members of the webhooks' model.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Invoice {
    pub(crate) id: Id,
    pub(crate) sync_status: SyncStatus,
    pub(crate) budget_code_id: Option<Id>,
    pub(crate) reference_number: String,
    pub(crate) invoice_date: Instant,
    pub(crate) due_date: Instant,
    #[serde(serialize_with = "money")]
    pub(crate) sub_total: Decimal,
    #[serde(serialize_with = "money")]
    pub(crate) sales_tax: Decimal,
    pub(crate) sales_tax_code: Option<()>,
    pub(crate) tax_zone_id: Option<Id>,
    #[serde(serialize_with = "money")]
    pub(crate) total: Decimal,
    #[serde(serialize_with = "money")]
    pub(crate) balance: Decimal,
    pub(crate) invoice_type: Option<Named>,
    pub(crate) customer: Named,
    pub(crate) customer_address: PlainAddress,
    pub(crate) location: Named,
    pub(crate) location_address: PlainAddress,
    pub(crate) business_unit: Named,
    pub(crate) term_name: Option<String>,
    pub(crate) created_by: String,
    pub(crate) batch: Option<()>,
    pub(crate) deposited_on: Option<Instant>,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) adjustment_to_id: Option<Id>,
    pub(crate) job: BilledJob,
    pub(crate) project_id: Option<Id>,
    pub(crate) royalty: Option<()>,
    pub(crate) employee_info: Option<()>,
    pub(crate) commission_eligibility_date: Option<String>,
    pub(crate) sent_status: SentStatus,
    pub(crate) review_status: ReviewStatus,
    pub(crate) assigned_to: Option<Named>,
    #[serde(skip)]
    pub(crate) details: Details,
}
row!(Invoice, active: details.active, members: members);

fn members(row: &Invoice) -> serde_json::Map<String, Value> {
    let mut members = members_of(row);
    members.extend(members_of(&row.details));
    members
}

/// What only lists and feeds show.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Details {
    pub(crate) summary: Option<String>,
    pub(crate) custom_fields: Vec<InvoiceField>,
    pub(crate) active: bool,
    pub(crate) discount_total: Option<String>,
    pub(crate) import_id: Option<String>,
    pub(crate) export_id: Option<String>,
    pub(crate) material_sku_id: Option<Id>,
    pub(crate) membership_id: Option<Id>,
    pub(crate) paid_on: Option<Instant>,
    pub(crate) invoice_configuration: InvoiceConfiguration,
    /// Its active items, in the order of their creation.
    #[serde(skip)]
    pub(crate) items: Vec<Id>,
    /// A tax that was typed in; without one it is made of the rate.
    #[serde(skip)]
    pub(crate) tax: Option<Decimal>,
    /// Percent of what is taxable.
    #[serde(skip)]
    pub(crate) tax_rate: Decimal,
}

/// `InvoiceResponse` and `ExportInvoiceResponse`.
#[derive(Debug, Serialize)]
pub(crate) struct InvoiceView<'a> {
    #[serde(flatten)]
    pub(crate) invoice: &'a Invoice,
    #[serde(flatten)]
    pub(crate) details: &'a Details,
    pub(crate) items: Vec<&'a Item>,
}

/// An item row (`InvoiceItemResponse`).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "the members of the wire, one for one"
)]
pub(crate) struct Item {
    pub(crate) id: Id,
    pub(crate) description: String,
    #[serde(serialize_with = "quantity")]
    pub(crate) quantity: Decimal,
    #[serde(serialize_with = "money")]
    pub(crate) cost: Decimal,
    #[serde(serialize_with = "money")]
    pub(crate) total_cost: Decimal,
    pub(crate) budget_code_id: Option<Id>,
    pub(crate) inventory_location_id: Option<Id>,
    pub(crate) inventory_location: Option<String>,
    #[serde(serialize_with = "money")]
    pub(crate) price: Decimal,
    pub(crate) r#type: ItemType,
    pub(crate) sku_name: String,
    pub(crate) sku_id: Id,
    #[serde(serialize_with = "money")]
    pub(crate) total: Decimal,
    pub(crate) inventory: bool,
    pub(crate) taxable: bool,
    pub(crate) is_chargeable: bool,
    pub(crate) general_ledger_account: Option<()>,
    pub(crate) cost_of_sale_account: Option<()>,
    pub(crate) asset_account: Option<()>,
    pub(crate) membership_type_id: Id,
    pub(crate) item_group: Option<()>,
    pub(crate) display_name: String,
    pub(crate) sold_hours: Option<Number>,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
    pub(crate) service_date: Option<Instant>,
    pub(crate) order: i32,
    pub(crate) business_unit: Option<Named>,
    pub(crate) created_by_id: Option<Id>,
    pub(crate) display_in_amount: Option<bool>,
    pub(crate) import_id: Option<String>,
    pub(crate) export_id: Option<String>,
    pub(crate) inventory_status: Option<String>,
    pub(crate) add_on: bool,
    pub(crate) member_price: Option<String>,
    pub(crate) technician_id: Option<Id>,
    pub(crate) installed_equipment_id: Option<Id>,
    pub(crate) estimate_item_id: Option<Id>,
    #[serde(skip)]
    pub(crate) active: bool,
    #[serde(skip)]
    pub(crate) invoice_id: Id,
}
row!(Item, active: active, members: members_of);

/// `ExportInvoiceItemResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedItem<'a> {
    #[serde(flatten)]
    item: &'a Item,
    active: bool,
    invoice_id: Id,
}

impl<'a> ExportedItem<'a> {
    pub(crate) fn new(item: &'a Item) -> Self {
        Self {
            item,
            active: item.active,
            invoice_id: item.invoice_id,
        }
    }
}
