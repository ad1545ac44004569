//! What comes about without a call of the API: the invoice that a new job has, what the office
//! puts on it, and its posting.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Number;

use super::items::ItemChange;
use super::skus;
use crate::sandbox::kit::time::later;
use crate::sandbox::servicetitan::model::invoice::{
    BilledJob, Details, Invoice, InvoiceConfiguration, Named, ReviewStatus, SentStatus, SyncStatus,
};
use crate::sandbox::servicetitan::refusal::Refusal;
use crate::sandbox::servicetitan::value::{FromField as _, FromText as _, Id, Word as _};
use crate::sandbox::servicetitan::world::{World, found};

/// When an invoice is due.
const TERM: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What the office changes of an invoice. What is left out stays.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct Billing {
    /// These replace all items there are.
    items: Option<Vec<BilledItem>>,
    summary: Option<String>,
    number: Option<String>,
    /// Percent of what is taxable.
    tax_rate: Option<Number>,
    /// A tax that was typed in.
    tax: Option<Number>,
    review_status: Option<String>,
}

/// One item. What is left out comes from its SKU.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BilledItem {
    sku_name: String,
    description: Option<String>,
    quantity: Option<Number>,
    price: Option<Number>,
    cost: Option<Number>,
}

impl BilledItem {
    fn into_change(self) -> Result<ItemChange, Refusal> {
        let sku = skus::find(None, Some(&self.sku_name)).ok_or_else(|| {
            Refusal::invalid("skuName", format!("There is no SKU {}.", self.sku_name))
        })?;
        Ok(ItemChange {
            id: None,
            sku: Some(sku),
            description: self.description.unwrap_or_else(|| sku.label.to_owned()),
            quantity: amount("quantity", self.quantity)?.unwrap_or(Decimal::ONE),
            unit_price: amount("price", self.price)?,
            cost: amount("cost", self.cost)?,
            add_on: None,
            technician: None,
        })
    }
}

fn amount(field: &str, number: Option<Number>) -> Result<Option<Decimal>, Refusal> {
    let Some(number) = number else {
        return Ok(None);
    };
    let read = Decimal::from_field(&number.into());
    read.map(Some)
        .ok_or_else(|| Refusal::invalid(field, "It is no amount."))
}

impl World {
    /// Makes the invoice of a job that was just booked.
    pub(crate) fn add_invoice(&mut self, id: Id, job: Id) -> Result<(), Refusal> {
        let row = found(&self.jobs, "Job", job)?;
        let customer = found(&self.customers, "Customer", row.customer_id)?;
        let location = found(&self.locations, "Location", row.location_id)?;
        let unit = found(&self.business_units, "Business unit", row.business_unit_id)?;
        let job_type = self.job_types.get(row.job_type_id);
        let named = |id: Id, name: &str| Named {
            id,
            name: Some(name.to_owned()),
        };
        let invoice = Invoice {
            id,
            sync_status: SyncStatus::Pending,
            budget_code_id: None,
            reference_number: row.job_number.clone(),
            invoice_date: self.now,
            due_date: later(self.now, TERM),
            sub_total: Decimal::ZERO,
            sales_tax: Decimal::ZERO,
            sales_tax_code: None,
            tax_zone_id: location.tax_zone_id,
            total: Decimal::ZERO,
            balance: Decimal::ZERO,
            invoice_type: None,
            customer: named(customer.id, &customer.name),
            customer_address: customer.address.plain.clone(),
            location: named(location.id, &location.name),
            location_address: location.address.plain.clone(),
            business_unit: named(unit.id, &unit.name),
            term_name: Some("Net 30".to_owned()),
            created_by: self.user().to_string(),
            batch: None,
            deposited_on: None,
            created_on: self.now,
            modified_on: self.now,
            adjustment_to_id: None,
            job: BilledJob {
                id: job,
                number: row.job_number.clone(),
                r#type: job_type.map(|row| row.name.clone()),
            },
            project_id: None,
            royalty: None,
            employee_info: None,
            commission_eligibility_date: None,
            sent_status: SentStatus::NotSent,
            review_status: ReviewStatus::NeedsReview,
            assigned_to: None,
            details: Details {
                summary: row.summary.clone(),
                custom_fields: Vec::new(),
                active: true,
                discount_total: None,
                import_id: None,
                export_id: None,
                material_sku_id: None,
                membership_id: None,
                paid_on: None,
                invoice_configuration: InvoiceConfiguration::JobInvoice,
                items: Vec::new(),
                tax: None,
                tax_rate: Decimal::ZERO,
            },
        };
        self.invoices.insert(invoice, self.late);
        self.jobs.amend(job, |row| row.invoices.push(id));
        Ok(())
    }

    /// Makes an empty invoice that adjusts another one of the same job.
    pub(crate) fn adjust_invoice(&mut self, adjusted: Id) -> Result<Id, Refusal> {
        let mut row = found(&self.invoices, "Invoice", adjusted)?.clone();
        let id = self.next_id();
        let count = self
            .jobs
            .get(row.job.id)
            .map_or(1, |job| job.invoices.len());
        row.id = id;
        row.adjustment_to_id = Some(adjusted);
        row.reference_number = format!("{}-{count}", row.job.number);
        row.sync_status = SyncStatus::Pending;
        row.review_status = ReviewStatus::NeedsReview;
        row.details.items.clear();
        row.details.tax = None;
        (row.created_on, row.modified_on) = (self.now, self.now);
        let job = row.job.id;
        self.invoices.insert(row, self.late);
        self.jobs.amend(job, |row| row.invoices.push(id));
        self.change_invoice(id, |_| ());
        Ok(id)
    }

    /// The office fills or changes an invoice.
    pub(crate) fn bill(&mut self, id: Id, billing: Billing) -> Result<(), Refusal> {
        let row = found(&self.invoices, "Invoice", id)?;
        if row.sync_status == SyncStatus::Exported {
            return Err(Refusal::conflict(format!("The invoice {id} is Exported.")));
        }
        let old = row.details.items.clone();
        let (tax, rate) = (
            amount("tax", billing.tax)?,
            amount("taxRate", billing.tax_rate)?,
        );
        let review =
            match billing.review_status.as_deref() {
                None => None,
                Some(word) => Some(ReviewStatus::from_text(word).ok_or_else(|| {
                    Refusal::invalid("reviewStatus", format!("There is no {word}."))
                })?),
            };
        if let Some(items) = billing.items {
            let items: Result<Vec<_>, _> = items.into_iter().map(BilledItem::into_change).collect();
            let items = items?;
            for item in old {
                self.drop_item(id, item)?;
            }
            for item in items {
                self.put_item(id, item)?;
            }
        }
        self.change_invoice(id, |row| {
            if let Some(number) = billing.number {
                row.reference_number = number;
            }
            row.details.summary = billing.summary.or(row.details.summary.take());
            row.details.tax = tax.or(row.details.tax);
            row.details.tax_rate = rate.unwrap_or(row.details.tax_rate);
            row.review_status = review.unwrap_or(row.review_status);
        });
        Ok(())
    }

    /// The office posts an invoice, or it is exported to the books. There is no way back.
    pub(crate) fn set_sync(&mut self, id: Id, status: SyncStatus) -> Result<(), Refusal> {
        let before = found(&self.invoices, "Invoice", id)?.sync_status;
        if before >= status {
            let before = before.word();
            return Err(Refusal::conflict(format!("The invoice {id} is {before}.")));
        }
        self.change_invoice(id, |row| row.sync_status = status);
        Ok(())
    }

    /// A canceled job has nothing to bill.
    pub(crate) fn empty_invoices(&mut self, job: Id) -> Result<(), Refusal> {
        let invoices = found(&self.jobs, "Job", job)?.invoices.clone();
        for invoice in invoices {
            let items = found(&self.invoices, "Invoice", invoice)?
                .details
                .items
                .clone();
            for item in items {
                self.drop_item(invoice, item)?;
            }
        }
        Ok(())
    }
}
