//! Writes to invoices. What is posted or exported is locked.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::items::ItemChange;
use crate::sandbox::servicetitan::form::{Form, parse_body};
use crate::sandbox::servicetitan::model::address::put;
use crate::sandbox::servicetitan::model::invoice::{ReviewStatus, SyncStatus};
use crate::sandbox::servicetitan::refusal::{Problems, Refusal};
use crate::sandbox::servicetitan::reply::Reply;
use crate::sandbox::servicetitan::value::{Id, Instant, Word as _};
use crate::sandbox::servicetitan::world::{World, check_known, settled};

/// What create and change have in common.
struct Head {
    number: Option<String>,
    invoiced_on: Option<Instant>,
    due_date: Option<Instant>,
    tax: Option<Decimal>,
    tax_zone: Option<Id>,
    summary: Option<String>,
    export_id: Option<String>,
    review_status: Option<ReviewStatus>,
    items: Vec<ItemChange>,
}

impl Head {
    fn read(form: &Form<'_>, world: &World) -> Option<Self> {
        // A subtotal is the sum of items here, so one that is sent is only checked for its type.
        form.optional::<Decimal>("subtotal");
        let items = form.optional_list("items").unwrap_or_default();
        let items: Option<Vec<_>> = items
            .iter()
            .map(|form| ItemChange::read(form, world))
            .collect();
        Some(Self {
            number: form.optional("number"),
            invoiced_on: form.optional("invoicedOn"),
            due_date: form.optional("dueDate"),
            tax: form.optional("tax"),
            tax_zone: form.optional("taxZoneId"),
            summary: form.optional("summary"),
            export_id: form.optional("exportId"),
            review_status: form.optional("reviewStatus"),
            items: items?,
        })
    }

    fn apply(self, world: &mut World, id: Id) -> Result<(), Refusal> {
        for item in self.items {
            world.put_item(id, item)?;
        }
        world.change_invoice(id, |row| {
            put(&mut row.reference_number, self.number);
            put(&mut row.invoice_date, self.invoiced_on);
            put(&mut row.due_date, self.due_date);
            put(&mut row.details.tax, self.tax.map(Some));
            put(&mut row.tax_zone_id, self.tax_zone.map(Some));
            put(&mut row.details.summary, self.summary.map(Some));
            put(&mut row.details.export_id, self.export_id.map(Some));
            put(&mut row.review_status, self.review_status);
        });
        Ok(())
    }
}

/// `POST /invoices`: only adjustments; the reply is the bare id.
pub(crate) fn create(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let body = parse_body(body)?;
    let problems = Problems::default();
    let form = Form::new(&body, &problems);
    let adjusted: Option<Id> = form.required("adjustmentToId");
    check_known(&form, "adjustmentToId", adjusted, &world.invoices);
    let head = Head::read(&form, world);
    let (adjusted, head) = settled(adjusted.zip(head), &problems)?;
    let id = world.adjust_invoice(adjusted)?;
    world.born("invoices", [format!("adjustment to {adjusted}")]);
    head.apply(world, id)?;
    Ok(Reply::json(&id))
}

/// `PATCH /invoices/{id}`.
pub(crate) fn change(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    open(world, id)?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let head = Head::read(&Form::new(&body, &problems), world);
    settled(head, &problems)?.apply(world, id)?;
    Ok(Reply::Empty)
}

/// `PATCH /invoices/{id}/items`: one item, flat.
pub(crate) fn change_item(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    open(world, id)?;
    let body = parse_body(body)?;
    let problems = Problems::default();
    let item = ItemChange::read(&Form::new(&body, &problems), world);
    let item = settled(item, &problems)?;
    let (is_new, what) = (item.id.is_none(), item.description.clone());
    world.put_item(id, item)?;
    if is_new {
        world.born("invoice-items", [format!("{id}: {what}")]);
    }
    Ok(Reply::Empty)
}

/// `DELETE /invoices/{id}/items/{item}`.
pub(crate) fn delete_item(world: &mut World, id: Id, item: Id) -> Result<Reply, Refusal> {
    open(world, id)?;
    world.drop_item(id, item)?;
    Ok(Reply::Empty)
}

/// `MarkInvoiceAsExportedUpdateResponse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Marked {
    invoice_id: Id,
    success: bool,
    error_message: Option<String>,
}

/// `POST /invoices/markasexported`: every row is answered on its own.
pub(crate) fn mark_exported(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let list: Vec<Value> = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid("", format!("The body is no JSON array: {error}.")))?;
    let mut marked = Vec::with_capacity(list.len());
    for item in &list {
        let Some(id) = item["invoiceId"].as_i64().map(Id) else {
            return Err(Refusal::invalid(
                "InvoiceId",
                "The InvoiceId field is required.",
            ));
        };
        let done = world.set_sync(id, SyncStatus::Exported);
        if let Some(external) = item["externalId"].as_str().filter(|_| done.is_ok()) {
            let external = Some(external.to_owned());
            world.change_invoice(id, |row| row.details.export_id = external);
        }
        marked.push(Marked {
            invoice_id: id,
            success: done.is_ok(),
            error_message: done.err().map(|refusal| refusal.to_string()),
        });
    }
    Ok(Reply::json(&marked))
}

/// An invoice that clients may still change; the specs list no 404 for these calls.
fn open(world: &World, id: Id) -> Result<(), Refusal> {
    let Some(row) = world.invoices.get(id) else {
        return Err(Refusal::invalid(
            "id",
            format!("The invoice {id} does not exist."),
        ));
    };
    match row.sync_status {
        SyncStatus::Pending => Ok(()),
        SyncStatus::Posted | SyncStatus::Exported => {
            let status = row.sync_status.word();
            let message = format!("The invoice {id} is {status} and cannot be changed.");
            Err(Refusal::invalid("id", message))
        }
    }
}
