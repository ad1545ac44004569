//! Items of invoices: as clients send them, and how they add up.

use rust_decimal::Decimal;

use super::skus::{self, Sku};
use crate::sandbox::servicetitan::form::Form;
use crate::sandbox::servicetitan::model::invoice::{Invoice, Item, number};
use crate::sandbox::servicetitan::refusal::Refusal;
use crate::sandbox::servicetitan::value::Id;
use crate::sandbox::servicetitan::world::{World, check_known, found};

/// `InvoiceItemUpdateRequest`: an item to change, or without an id one to append.
pub(crate) struct ItemChange {
    pub(crate) id: Option<Id>,
    pub(crate) sku: Option<&'static Sku>,
    pub(crate) description: String,
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) cost: Option<Decimal>,
    pub(crate) add_on: Option<bool>,
    pub(crate) technician: Option<Id>,
}

impl ItemChange {
    /// Reads one. A price must be called `unitPrice`; a member `price` is ignored like any other
    /// that is not known.
    pub(crate) fn read(form: &Form<'_>, world: &World) -> Option<Self> {
        let id: Option<Id> = form.optional("id");
        let (sku_id, sku_name) = (form.optional("skuId"), form.optional::<String>("skuName"));
        let sku = skus::find(sku_id, sku_name.as_deref());
        if sku.is_none() && (id.is_none() || sku_id.is_some() || sku_name.is_some()) {
            form.refuse("skuId", "A new item needs a skuId or skuName that exists.");
        }
        let (description, quantity) = (form.required("description"), form.required("quantity"));
        let technician = form.optional("technicianId");
        check_known(form, "technicianId", technician, &world.technicians);
        Some(Self {
            id,
            sku,
            unit_price: form.optional("unitPrice"),
            cost: form.optional("cost"),
            add_on: form.optional("isAddOn"),
            technician,
            description: description?,
            quantity: quantity?,
        })
    }
}

impl World {
    /// Changes or appends an item; the invoice adds up anew. Returns the item's id.
    pub(crate) fn put_item(&mut self, invoice: Id, new: ItemChange) -> Result<Id, Refusal> {
        let row = found(&self.invoices, "Invoice", invoice)?;
        let id = match (new.id, new.sku) {
            (Some(id), _) if !row.details.items.contains(&id) => {
                let message = format!("The invoice {invoice} has no item {id}.");
                return Err(Refusal::invalid("Id", message));
            }
            (Some(id), _) => id,
            (None, Some(sku)) => self.add_item(invoice, sku),
            (None, None) => return Err(Refusal::invalid("SkuId", "The item has no SKU.")),
        };
        self.invoice_items.change(id, self.now, |row| {
            if let Some(sku) = new.sku {
                name(row, sku);
            }
            row.description = new.description;
            row.quantity = new.quantity;
            row.price = new.unit_price.unwrap_or(row.price);
            row.cost = new.cost.unwrap_or(row.cost);
            row.total = (row.price * row.quantity).round_dp(2);
            row.total_cost = (row.cost * row.quantity).round_dp(2);
            row.add_on = new.add_on.unwrap_or(row.add_on);
            row.technician_id = new.technician.or(row.technician_id);
        });
        self.change_invoice(invoice, |_| ());
        Ok(id)
    }

    fn add_item(&mut self, invoice: Id, sku: &Sku) -> Id {
        let id = self.next_id();
        let order = self
            .invoices
            .get(invoice)
            .map_or(0, |row| row.details.items.len());
        let mut row = Item {
            id,
            description: String::new(),
            quantity: Decimal::ONE,
            cost: Decimal::ZERO,
            total_cost: Decimal::ZERO,
            budget_code_id: None,
            inventory_location_id: None,
            inventory_location: None,
            price: sku.price(),
            r#type: sku.kind,
            sku_name: String::new(),
            sku_id: sku.id,
            total: sku.price(),
            inventory: false,
            taxable: sku.taxable,
            is_chargeable: true,
            general_ledger_account: None,
            cost_of_sale_account: None,
            asset_account: None,
            membership_type_id: Id(0),
            item_group: None,
            display_name: String::new(),
            sold_hours: None,
            created_on: self.now,
            modified_on: self.now,
            service_date: None,
            order: i32::try_from(order).unwrap_or(i32::MAX),
            business_unit: None,
            created_by_id: Some(self.user()),
            display_in_amount: None,
            import_id: None,
            export_id: None,
            inventory_status: None,
            add_on: false,
            member_price: None,
            technician_id: None,
            installed_equipment_id: None,
            estimate_item_id: None,
            active: true,
            invoice_id: invoice,
        };
        name(&mut row, sku);
        self.invoice_items.insert(row, self.late);
        self.invoices
            .amend(invoice, |row| row.details.items.push(id));
        id
    }

    /// Takes an item off; the invoice adds up anew.
    pub(crate) fn drop_item(&mut self, invoice: Id, item: Id) -> Result<(), Refusal> {
        let row = found(&self.invoices, "Invoice", invoice)?;
        if !row.details.items.contains(&item) {
            let message = format!("The invoice {invoice} has no item {item}.");
            return Err(Refusal::invalid("itemId", message));
        }
        self.invoice_items
            .change(item, self.now, |row| row.active = false);
        self.invoices.amend(invoice, |row| {
            row.details.items.retain(|known| *known != item);
        });
        self.change_invoice(invoice, |_| ());
        Ok(())
    }

    /// Changes an invoice, and lets it and the job's total add up.
    pub(crate) fn change_invoice(&mut self, id: Id, change: impl FnOnce(&mut Invoice)) {
        let Some(row) = self.invoices.get(id) else {
            return;
        };
        let items = row.details.items.iter();
        let items = items.filter_map(|id| self.invoice_items.get(*id));
        let (mut all, mut taxable) = (Decimal::ZERO, Decimal::ZERO);
        for item in items {
            all += item.total;
            if item.taxable {
                taxable += item.total;
            }
        }
        self.invoices.change(id, self.now, |row| {
            change(row);
            let by_rate = || (taxable * row.details.tax_rate / Decimal::ONE_HUNDRED).round_dp(2);
            row.sub_total = all;
            row.sales_tax = row.details.tax.unwrap_or_else(by_rate);
            row.total = row.sub_total + row.sales_tax;
            row.balance = row.total;
        });
        self.add_up_job(id);
    }

    fn add_up_job(&mut self, invoice: Id) {
        let Some(job) = self.invoices.get(invoice).map(|row| row.job.id) else {
            return;
        };
        let all = self.jobs.get(job).map(|row| row.invoices.clone());
        let all = all.unwrap_or_default();
        let total: Decimal = all
            .iter()
            .filter_map(|id| self.invoices.get(*id))
            .map(|row| row.total)
            .sum();
        self.jobs.amend(job, |row| row.total = number(total));
    }
}

fn name(row: &mut Item, sku: &Sku) {
    sku.name.clone_into(&mut row.sku_name);
    sku.label.clone_into(&mut row.display_name);
    row.sku_id = sku.id;
    row.r#type = sku.kind;
    row.taxable = sku.taxable;
}
