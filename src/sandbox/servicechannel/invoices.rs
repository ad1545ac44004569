//! Invoices, and what becomes of them at the client.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::World;
use super::ledger::{Author, Entry, What};
use super::model::{InvoiceId, ProviderId, SubscriberId, WorkOrderId};
use super::people::Error;
use super::terms::Permit;

/// How far an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// Waits for the client.
    Open,
    /// The client thinks about it.
    OnHold,
    /// One of several who must agree has agreed.
    Reviewed,
    /// The client will pay.
    Approved,
    /// The client will not pay: there has to be another invoice.
    Rejected,
    /// The two do not agree.
    Disputed,
    /// It is paid.
    Paid,
    /// It never was.
    Void,
}

impl InvoiceStatus {
    /// As it stands on the wire. Which case it has there is not documented.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::OnHold => "On Hold",
            Self::Reviewed => "Reviewed",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Disputed => "Disputed",
            Self::Paid => "Paid",
            Self::Void => "Void",
        }
    }

    /// The event that tells of it.
    fn event(self) -> &'static str {
        match self {
            Self::Open => "InvoiceOpen",
            Self::OnHold => "InvoiceOnHold",
            Self::Reviewed => "InvoiceReviewed",
            Self::Approved => "InvoiceApproved",
            Self::Rejected => "InvoiceRejected",
            Self::Disputed => "InvoiceDisputed",
            Self::Paid => "InvoicePaid",
            Self::Void => "InvoiceVoided",
        }
    }

    /// Whether it stands in the way of another invoice for the same work order.
    pub fn stands(self) -> bool {
        !matches!(self, Self::Rejected | Self::Void)
    }

    /// Whether nothing becomes of it any more.
    fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Void | Self::Paid)
    }
}

/// What a client does with an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceAction {
    /// Think about it.
    Hold,
    /// Agree, as one of several.
    Review,
    /// Agree.
    Approve,
    /// Refuse.
    Reject,
    /// Disagree.
    Dispute,
    /// Pay, which only an approved one is.
    Pay,
    /// Take it back, which nobody does with a paid one.
    Void,
}

impl InvoiceAction {
    fn leads_to(self) -> InvoiceStatus {
        match self {
            Self::Hold => InvoiceStatus::OnHold,
            Self::Review => InvoiceStatus::Reviewed,
            Self::Approve => InvoiceStatus::Approved,
            Self::Reject => InvoiceStatus::Rejected,
            Self::Dispute => InvoiceStatus::Disputed,
            Self::Pay => InvoiceStatus::Paid,
            Self::Void => InvoiceStatus::Void,
        }
    }
}

/// One invoice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invoice {
    /// Its id.
    pub id: InvoiceId,
    /// The provider's number for it.
    pub number: String,
    /// For which work.
    pub work_order: WorkOrderId,
    /// Who is to pay.
    pub subscriber: SubscriberId,
    /// Who is to be paid.
    pub provider: ProviderId,
    /// How far it is.
    pub status: InvoiceStatus,
    /// What is to be paid.
    pub total: f64,
    /// How much of it is tax.
    pub tax: f64,
    /// What was done.
    pub text: String,
    /// The trade of the work.
    pub trade: Option<String>,
    /// The kind of the work.
    pub category: Option<String>,
    /// The day on it.
    pub invoice_date: DateTime<Utc>,
    /// When it came.
    pub posted: DateTime<Utc>,
    /// When it last became something else.
    pub updated: DateTime<Utc>,
    /// When the client agreed.
    pub approved: Option<DateTime<Utc>>,
    /// When it was paid.
    pub paid: Option<DateTime<Utc>>,
    /// What the client says about it.
    pub comments: String,
    /// What it has been, oldest first.
    pub history: Vec<Step>,
    /// As it was sent.
    pub request: Value,
}

/// What an invoice became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What.
    pub status: InvoiceStatus,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: String,
}

impl Invoice {
    /// What is to be paid without the tax.
    pub fn subtotal(&self) -> f64 {
        self.total - self.tax
    }

    /// What is still to be paid.
    pub fn balance(&self) -> f64 {
        if self.paid.is_some() { 0.0 } else { self.total }
    }

    /// Whether its number may be used again.
    pub fn frees_its_number(&self, reuse_rejected: Permit) -> bool {
        self.status == InvoiceStatus::Rejected && reuse_rejected == Permit::Granted
    }
}

impl World {
    /// All invoices, oldest first.
    pub fn invoices(&self) -> Vec<Invoice> {
        self.read_state(|state| state.invoices().cloned().collect())
    }

    /// Somebody at the client does something with an invoice. One that is refused or taken back
    /// lets its work order have another.
    pub fn act_on_invoice(
        &self,
        id: InvoiceId,
        action: InvoiceAction,
        comments: &str,
    ) -> Result<(), Error> {
        let mut pen = self.person();
        pen.by = Author::person("Ann Ledger");
        let to = action.leads_to();
        self.with_state(|state| {
            let invoice = state.invoice_mut(id).ok_or(Error::UnknownInvoice(id))?;
            let from = invoice.status;
            let unpayable = action == InvoiceAction::Pay && from != InvoiceStatus::Approved;
            if from.is_final() || unpayable {
                return Err(Error::InvoiceIs(id, from.wire()));
            }
            invoice.status = to;
            invoice.updated = pen.now;
            comments.clone_into(&mut invoice.comments);
            match to {
                InvoiceStatus::Approved => invoice.approved = Some(pen.now),
                InvoiceStatus::Paid => invoice.paid = Some(pen.now),
                InvoiceStatus::Open
                | InvoiceStatus::OnHold
                | InvoiceStatus::Reviewed
                | InvoiceStatus::Rejected
                | InvoiceStatus::Disputed
                | InvoiceStatus::Void => {}
            }
            invoice.history.push(Step {
                status: to,
                at: pen.now,
                by: pen.by.name().to_owned(),
            });
            let (order, number) = (invoice.work_order, invoice.number.clone());
            state.change(order, pen.now, |order| order.invoiced = to.stands());
            let before = format!("{} {number}", from.event());
            let after = format!("{} {number}", to.event());
            let entry = Entry::value(What::InvoiceStatus, before, after);
            state.record(order, &pen, entry);
            Ok(())
        })
    }
}
