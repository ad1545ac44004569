//! Every write about a work order in the order it was made: so that a test can see that nothing
//! moves backwards, that only offered statuses are written, and that one change is one write.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::model::WorkOrderId;
use crate::sandbox::kit::audit::RequestSeq;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A user of the API.
    Api {
        /// Its name.
        user: Arc<str>,
        /// By which request.
        request: RequestSeq,
    },
    /// Somebody at the client.
    Person {
        /// The name.
        name: String,
    },
}

impl Author {
    /// Somebody at the client.
    pub fn person(name: &str) -> Self {
        Self::Person {
            name: name.to_owned(),
        }
    }

    /// As it stands under what was written.
    pub fn name(&self) -> &str {
        match self {
            Self::Api { user, .. } => user,
            Self::Person { name } => name,
        }
    }
}

/// Who writes, and when.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    pub(super) now: DateTime<Utc>,
    pub(super) by: Author,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// How far it is.
    Status,
    /// When work is to begin.
    ScheduledDate,
    /// No more than this may be spent.
    Nte,
    /// How urgent.
    Priority,
    /// Which trade.
    Trade,
    /// Which kind of work.
    Category,
    /// What is to be done.
    Description,
    /// The provider's number.
    Number,
    /// The client's number.
    PurchaseNumber,
    /// Who asked for it.
    Caller,
    /// Who is to do it.
    Provider,
    /// What was done.
    Resolution,
    /// A note.
    Note,
    /// A file.
    Attachment,
    /// A file that is no longer there.
    AttachmentDeleted,
    /// Somebody came.
    CheckIn,
    /// Somebody went.
    CheckOut,
    /// An invoice.
    Invoice,
    /// How far an invoice is.
    InvoiceStatus,
}

impl What {
    /// The collection of the audit in which writes of the API are counted.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Status => "statuses",
            Self::ScheduledDate => "scheduled_dates",
            Self::Nte => "ntes",
            Self::Priority => "priorities",
            Self::Trade => "trades",
            Self::Category => "categories",
            Self::Description => "descriptions",
            Self::Number => "numbers",
            Self::PurchaseNumber => "purchase_numbers",
            Self::Caller => "callers",
            Self::Provider => "providers",
            Self::Resolution => "resolutions",
            Self::Note => "notes",
            Self::Attachment => "attachments",
            Self::AttachmentDeleted => "attachments_deleted",
            Self::CheckIn => "check_ins",
            Self::CheckOut => "check_outs",
            Self::Invoice => "invoices",
            Self::InvoiceStatus => "invoice_statuses",
        }
    }

    /// Whether each write makes something new; the others give one thing another value.
    fn creates(self) -> bool {
        match self {
            Self::Resolution
            | Self::Note
            | Self::Attachment
            | Self::AttachmentDeleted
            | Self::CheckIn
            | Self::CheckOut
            | Self::Invoice => true,
            Self::Status
            | Self::ScheduledDate
            | Self::Nte
            | Self::Priority
            | Self::Trade
            | Self::Category
            | Self::Description
            | Self::Number
            | Self::PurchaseNumber
            | Self::Caller
            | Self::Provider
            | Self::InvoiceStatus => false,
        }
    }
}

/// One write, or one that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Write {
    /// Its place, from 1.
    pub number: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// About which work order.
    pub work_order: WorkOrderId,
    /// By whom.
    pub by: Author,
    /// What was written.
    pub what: What,
    /// What was there; `""` when there was nothing.
    pub before: String,
    /// What is there, or was to be there.
    pub after: String,
    /// What makes a second one a double. A value that is written again without another between
    /// has the same key; one that comes back later has not.
    pub key: String,
    /// Of a status: whether it was among those the provider could set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offered: Option<bool>,
    /// The code with which it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<i32>,
}

/// A write before it has its place.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) what: What,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) offered: Option<bool>,
    pub(super) refused: Option<i32>,
}

impl Entry {
    /// A value took the place of another.
    pub(super) fn value(what: What, before: String, after: String) -> Self {
        Self {
            what,
            before,
            after,
            offered: None,
            refused: None,
        }
    }

    /// Something new, told apart by `after`.
    pub(super) fn new(what: What, after: String) -> Self {
        Self::value(what, String::new(), after)
    }
}

/// All writes.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    writes: Vec<Write>,
    /// How often each value of each work order has become another.
    turns: BTreeMap<(WorkOrderId, What), u64>,
}

impl Ledger {
    pub(super) fn push(&mut self, id: WorkOrderId, pen: &Pen, entry: Entry) -> &Write {
        let Entry {
            what,
            before,
            after,
            offered,
            refused,
        } = entry;
        let key = if what.creates() {
            format!("{id}: {after}")
        } else {
            let turn = self.turns.entry((id, what)).or_default();
            *turn += u64::from(refused.is_none() && before != after);
            format!("{id}: {turn}. {after}")
        };
        self.writes.push(Write {
            number: self.writes.len() as u64 + 1,
            at: pen.now,
            work_order: id,
            by: pen.by.clone(),
            what,
            before,
            after,
            key,
            offered,
            refused,
        });
        self.writes.last().expect("one was just put in")
    }

    /// All after the first `seen`, oldest first.
    pub(super) fn since(&self, seen: usize) -> &[Write] {
        self.writes.get(seen..).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.writes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(statuses: &[&str]) -> Vec<String> {
        let mut ledger = Ledger::default();
        let pen = Pen {
            now: DateTime::UNIX_EPOCH,
            by: Author::person("Jane Store"),
        };
        let mut before = "OPEN";
        for after in statuses {
            let entry = Entry::value(What::Status, before.to_owned(), (*after).to_owned());
            ledger.push(WorkOrderId(7), &pen, entry);
            before = after;
        }
        let key = |write: &Write| write.key.clone();
        ledger.since(0).iter().map(key).collect()
    }

    #[test]
    fn a_value_written_again_is_a_double_and_one_that_comes_back_is_not() {
        assert_eq!(
            keys(&["ON SITE", "ON SITE", "INCOMPLETE", "ON SITE"]),
            [
                "7: 1. ON SITE",
                "7: 1. ON SITE",
                "7: 2. INCOMPLETE",
                "7: 3. ON SITE"
            ]
        );
    }
}
