//! What the simulated ServiceChannel holds, before it becomes JSON.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A tracking number.
    WorkOrderId
}
id! {
    /// A client, such as a chain of stores.
    SubscriberId
}
id! {
    /// A contractor.
    ProviderId
}
id! {
    /// A site of a subscriber.
    LocationId
}
id! {
    /// A note.
    NoteId
}
id! {
    /// An attachment.
    AttachmentId
}
id! {
    /// An invoice.
    InvoiceId
}

/// The part of a status every subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Primary {
    /// Waits for the provider.
    #[serde(rename = "OPEN")]
    Open,
    /// The provider has taken it.
    #[serde(rename = "IN PROGRESS")]
    InProgress,
    /// Done, or called off.
    #[serde(rename = "COMPLETED")]
    Completed,
}

impl Primary {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::InProgress, Self::Completed];

    /// As it stands on the wire.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::InProgress => "IN PROGRESS",
            Self::Completed => "COMPLETED",
        }
    }

    /// Its number in the status catalogue.
    pub fn id(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::InProgress => 2,
            Self::Completed => 3,
        }
    }

    /// What a PUT may write: the name in any case, or the number as text.
    pub fn read(written: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|primary| {
            primary.wire().eq_ignore_ascii_case(written) || primary.id().to_string() == written
        })
    }
}

/// A status: the main one, and the subscriber's own below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The main one.
    pub primary: Primary,
    /// The one below; none and `""` both mean that there is none, and both are seen on the wire.
    #[serde(default)]
    pub extended: Option<String>,
}

impl Status {
    /// A main status alone.
    pub fn plain(primary: Primary) -> Self {
        Self {
            primary,
            extended: None,
        }
    }

    /// A main status with one below.
    pub fn of(primary: Primary, extended: &str) -> Self {
        Self {
            primary,
            extended: Some(extended.to_owned()),
        }
    }

    /// The status below, `""` when there is none.
    pub fn below(&self) -> &str {
        self.extended.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.primary.wire())?;
        if self.below().is_empty() {
            Ok(())
        } else {
            write!(f, " / {}", self.below())
        }
    }
}

/// One work order.
#[derive(Clone, Debug)]
pub struct WorkOrder {
    /// The tracking number.
    pub id: WorkOrderId,
    /// The provider's number for it.
    pub number: String,
    /// The client's number for it.
    pub purchase_number: String,
    /// Whose work it is.
    pub subscriber: SubscriberId,
    /// Who is to do it. Only this provider sees it.
    pub provider: ProviderId,
    /// Where.
    pub location: LocationId,
    /// How far it is.
    pub status: Status,
    /// Who asked for it.
    pub caller: String,
    /// Whose account wrote it.
    pub created_by: String,
    /// When the client asked for it.
    pub call_date: DateTime<Utc>,
    /// When it was written.
    pub created_date: DateTime<Utc>,
    /// When it was last changed. Set by [`super::state::State`] only, which keeps an index of it.
    pub updated_date: DateTime<Utc>,
    /// When work is to begin.
    pub scheduled_date: Option<DateTime<Utc>>,
    /// When it must be done.
    pub expiration_date: Option<DateTime<Utc>>,
    /// When it was done.
    pub completed_date: Option<DateTime<Utc>>,
    /// How urgent, in the subscriber's words.
    pub priority: Option<String>,
    /// Which trade.
    pub trade: Option<String>,
    /// Which kind of work.
    pub category: Option<String>,
    /// The problem, in the subscriber's words.
    pub problem_code: Option<String>,
    /// What is to be done.
    pub description: String,
    /// What was done.
    pub resolution: Option<String>,
    /// The client's booking code.
    pub approval_code: Option<String>,
    /// No more than this may be spent.
    pub nte: Option<f64>,
    /// An invoice exists: the work order is frozen.
    pub invoiced: bool,
    /// Its notes, oldest first.
    pub notes: Vec<Note>,
    /// Its files, oldest first.
    pub attachments: Vec<Attachment>,
    /// Who came and went, oldest first.
    pub visits: Vec<Visit>,
    /// Lists do not show it before this instant.
    pub hidden_until: Option<DateTime<Utc>>,
}

/// Who wrote a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteType {
    /// ServiceChannel itself, about a change.
    System,
    /// A person or a client.
    User,
}

/// One note of a work order.
#[derive(Clone, Debug)]
pub struct Note {
    /// Its number.
    pub id: NoteId,
    /// Its place in the work order, from 1.
    pub number: i64,
    /// The text.
    pub text: String,
    /// When it was written.
    pub created: DateTime<Utc>,
    /// Somebody has to do something.
    pub action_required: bool,
    /// Addresses it was sent to, `;` between them.
    pub mailed_to: String,
    /// By whom it was written.
    pub created_by: String,
    /// Who may see it: 0 everyone to 3 the subscriber only.
    pub visibility: u8,
    /// By what it was written.
    pub note_type: NoteType,
}

/// One file of a work order.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Its number.
    pub id: AttachmentId,
    /// The note it came with.
    pub note: Option<NoteId>,
    /// Its name.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// When it came.
    pub created: DateTime<Utc>,
    /// By whom it was sent.
    pub created_by: String,
    /// Whether it was sent by the API.
    pub own: bool,
    /// Who may see it: 0 everyone to 3 the subscriber only.
    pub visibility: u8,
    /// Whether it is the copy of an invoice.
    pub invoice_copy: bool,
    /// What is in it.
    pub content: Content,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub enum Content {
    /// So many made-up bytes, always the same for the same seed.
    MadeUp {
        /// Which bytes.
        seed: u64,
        /// How many.
        size: u64,
    },
    /// What somebody sent, as it was sent.
    Sent(bytes::Bytes),
    /// Somebody sent more than is kept: only how much, and its SHA-256 in hexadecimal.
    Weighed {
        /// How many bytes.
        size: u64,
        /// Their SHA-256.
        sha256: String,
    },
}

/// Somebody came to a work order, or went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Visit {
    /// The number that the two halves share.
    pub mechanic: i64,
    /// Whether they came or went.
    pub half: Half,
    /// Who.
    pub user: i64,
    /// 1 is repair, 2 travel.
    pub work_type: i64,
    /// When, by what the client said.
    pub at: DateTime<Utc>,
    /// How many came.
    pub techs: i64,
    /// The status it led to.
    pub status: Status,
}

/// Whether somebody came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// Came.
    In,
    /// Went, with the work done as far as it goes.
    Out,
    /// Went, and it does not count.
    Cancelled,
}

/// One site.
#[derive(Clone, Debug)]
pub struct Location {
    /// Its number.
    pub id: LocationId,
    /// Whose site it is.
    pub subscriber: SubscriberId,
    /// The subscriber's number for it. Two subscribers may have the same.
    pub store_id: String,
    /// Its name.
    pub name: String,
    /// The additional line of the address.
    pub address1: Option<String>,
    /// The main line of the address.
    pub address2: String,
    /// Town.
    pub city: String,
    /// State, two letters.
    pub state: String,
    /// ZIP code.
    pub zip: String,
    /// Its telephone, if known.
    pub phone: Option<String>,
    /// Whom to ask for.
    pub contact: Option<String>,
    /// Region, in the subscriber's words.
    pub region: String,
    /// Time zone by the name of the IANA.
    pub time_zone: &'static str,
    /// Hours between its time and Eastern time.
    pub shift_to_eastern: i64,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

impl WorkOrder {
    /// Whether an invoice may be made for it.
    pub fn billable(&self) -> bool {
        self.status.primary == Primary::Completed
            && matches!(self.status.below(), "" | "CONFIRMED")
            && !self.invoiced
    }
}

impl Attachment {
    /// Whether a provider sees it: not what is between the subscriber and its own.
    pub fn visible_to_providers(&self) -> bool {
        self.visibility < 2
    }
}

impl Note {
    /// Whether a provider sees it: not what is between the subscriber and its own.
    pub fn visible_to_providers(&self) -> bool {
        self.visibility < 2
    }
}
