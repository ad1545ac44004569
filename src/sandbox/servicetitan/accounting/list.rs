//! `GET /invoices` and the feeds. There is no call for a single invoice: `ids` finds it.

use rust_decimal::Decimal;

use crate::sandbox::servicetitan::export;
use crate::sandbox::servicetitan::listing::{ActiveRule, List, ListRules, Window};
use crate::sandbox::servicetitan::model::invoice::{
    ExportedItem, Invoice, InvoiceView, ReviewStatus, SyncStatus,
};
use crate::sandbox::servicetitan::params::Params;
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{Id, words};
use crate::sandbox::servicetitan::world::{World, rows_for};

const RULES: ListRules = ListRules::new(ActiveRule::NoFilter);

words! {
    /// What `activeState` asks for.
    ActiveState { ActiveOnly, InactiveOnly, All }
}

/// `GET /invoices`: only active ones unless `activeState` asks for others.
pub(crate) fn list(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let mut list = List::read(params, RULES, world.newest, &problems);
    list.order_by(params, &problems);
    let active: ActiveState = params
        .read("activeState", &problems)
        .unwrap_or(ActiveState::ActiveOnly);
    let statuses: Option<Vec<SyncStatus>> = params.read("statuses", &problems);
    let reviews: Option<Vec<ReviewStatus>> = params.read("reviewStatuses", &problems);
    let job: Option<Id> = params.read("jobId", &problems);
    let customer: Option<Id> = params.read("customerId", &problems);
    let unit: Option<Id> = params.read("businessUnitId", &problems);
    let adjusted: Option<Id> = params.read("adjustmentToId", &problems);
    let invoiced = Window::read(params, "invoicedOnOrAfter", "invoicedOnBefore", &problems);
    let due = Window::read(params, "dueDateOnOrAfter", "dueDateBefore", &problems);
    let above: Option<Decimal> = params.read("totalGreater", &problems);
    let below: Option<Decimal> = params.read("totalLess", &problems);
    problems.settle()?;
    let (number, job_number) = (params.text("number"), params.text("jobNumber"));
    let rows: Box<dyn Iterator<Item = &Invoice>> = match job {
        Some(id) => {
            let of_job = world.jobs.get(id).map(|row| row.invoices.clone());
            Box::new(world.invoices.rows_of(of_job.unwrap_or_default()))
        }
        None => rows_for(&world.invoices, &list),
    };
    let page = list.cut(rows.filter(|row| {
        (match active {
            ActiveState::ActiveOnly => row.details.active,
            ActiveState::InactiveOnly => !row.details.active,
            ActiveState::All => true,
        }) && statuses
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&row.sync_status))
            && reviews
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&row.review_status))
            && customer.is_none_or(|id| row.customer.id == id)
            && unit.is_none_or(|id| row.business_unit.id == id)
            && adjusted.is_none_or(|id| row.adjustment_to_id == Some(id))
            && number.is_none_or(|number| row.reference_number == number)
            && job_number.is_none_or(|number| row.job.number == number)
            && invoiced.holds(row.invoice_date)
            && due.holds(row.due_date)
            && above.is_none_or(|least| row.total > least)
            && below.is_none_or(|most| row.total < most)
    }));
    Ok(Reply::json(&page.map(|row| view(world, row))))
}

/// `GET /export/invoices`.
pub(crate) fn export(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let rows = &world.invoices;
    export::feed(world, "invoices", rows, params, |row| view(world, row))
}

/// `GET /export/invoice-items`: also those that were taken off, as inactive.
pub(crate) fn export_items(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let rows = &world.invoice_items;
    export::feed(world, "invoice-items", rows, params, ExportedItem::new)
}

fn view<'a>(world: &'a World, invoice: &'a Invoice) -> InvoiceView<'a> {
    let items = invoice.details.items.iter();
    InvoiceView {
        invoice,
        details: &invoice.details,
        items: items
            .filter_map(|id| world.invoice_items.get(*id))
            .collect(),
    }
}
