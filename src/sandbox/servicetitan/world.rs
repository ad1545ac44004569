//! The state of the tenant: all tables with their indexes, and how rows are added to them.

use std::collections::{BTreeSet, HashMap};

use super::config::{InactiveCampaigns, Switches};
use super::external::{ExternalIndex, ExternalQuery};
use super::form::Form;
use super::journal::Author;
use super::listing::List;
use super::model::appointment::Appointment;
use super::model::assignment::Assignment;
use super::model::attachment::Attachment;
use super::model::booking::{Booking, ProviderTag};
use super::model::campaign::{Campaign, Category};
use super::model::custom_field::CustomFieldType;
use super::model::customer::Customer;
use super::model::history::{CanceledLog, History};
use super::model::invoice::{Invoice, Item};
use super::model::job::Job;
use super::model::job_type::JobType;
use super::model::location::Location;
use super::model::note::Note;
use super::model::reason::Reason;
use super::model::settings::{BusinessUnit, TagType, Technician};
use super::refusal::{Problems, Refusal};
use super::table::{Edit, Row, Rows, Table};
use super::value::{Id, Instant};

/// A row that a call of the API created, as the audit is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Birth {
    pub(crate) collection: &'static str,
    pub(crate) natural_key: String,
}

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World {
    /// The instant of the call that is being answered.
    pub(crate) now: Instant,
    /// Rows created after this are missing from the lists and feeds of this call.
    pub(crate) newest: Option<Instant>,
    /// When rows that this call writes come into lists; at once when nothing is said.
    pub(crate) late: Option<Instant>,
    pub(crate) switches: Switches,
    /// Who is calling.
    pub(crate) author: Author,
    /// What the present call created.
    pub(crate) births: Vec<Birth>,
    pub(crate) customers: Table<Customer>,
    pub(crate) customers_by: ExternalIndex,
    pub(crate) locations: Table<Location>,
    pub(crate) locations_by: ExternalIndex,
    pub(crate) bookings: Table<Booking>,
    pub(crate) bookings_by: HashMap<String, Vec<Id>>,
    pub(crate) provider_tags: Table<ProviderTag>,
    pub(crate) jobs: Table<Job>,
    pub(crate) jobs_by: ExternalIndex,
    pub(crate) appointments: Table<Appointment>,
    pub(crate) assignments: Table<Assignment>,
    pub(crate) histories: Table<History>,
    pub(crate) canceled_logs: Table<CanceledLog>,
    pub(crate) notes: Table<Note>,
    pub(crate) attachments: Table<Attachment>,
    pub(crate) invoices: Table<Invoice>,
    pub(crate) invoice_items: Table<Item>,
    pub(crate) job_types: Table<JobType>,
    pub(crate) cancel_reasons: Table<Reason>,
    pub(crate) hold_reasons: Table<Reason>,
    pub(crate) fields: FieldTypes,
    pub(crate) campaigns: Table<Campaign>,
    pub(crate) categories: Table<Category>,
    pub(crate) business_units: Table<BusinessUnit>,
    pub(crate) technicians: Table<Technician>,
    pub(crate) tag_types: Table<TagType>,
    last_id: Id,
    last_side_id: Id,
}

/// The custom fields that rows can have.
#[derive(Debug, Default)]
pub(crate) struct FieldTypes {
    pub(crate) customer: Table<CustomFieldType>,
    pub(crate) location: Table<CustomFieldType>,
    pub(crate) job: Table<CustomFieldType>,
}

/// Who creates rows through the API, as `createdById`.
const API_USER: Id = Id(1);
/// Who creates rows in the office.
const OFFICE_USER: Id = Id(2);

impl World {
    /// A world without a row.
    pub(crate) fn empty(now: Instant, switches: Switches) -> Self {
        Self {
            now,
            newest: None,
            late: None,
            switches,
            author: Author::People,
            births: Vec::new(),
            customers: Table::default(),
            customers_by: ExternalIndex::default(),
            locations: Table::default(),
            locations_by: ExternalIndex::default(),
            bookings: Table::default(),
            bookings_by: HashMap::new(),
            provider_tags: Table::default(),
            jobs: Table::default(),
            jobs_by: ExternalIndex::default(),
            appointments: Table::default(),
            assignments: Table::default(),
            histories: Table::default(),
            canceled_logs: Table::default(),
            notes: Table::default(),
            attachments: Table::default(),
            invoices: Table::default(),
            invoice_items: Table::default(),
            job_types: Table::default(),
            cancel_reasons: Table::default(),
            hold_reasons: Table::default(),
            fields: FieldTypes::default(),
            campaigns: Table::default(),
            categories: Table::default(),
            business_units: Table::default(),
            technicians: Table::default(),
            tag_types: Table::default(),
            last_id: Id(0),
            last_side_id: Id(1_000_000_000),
        }
    }

    /// Prepares for a call at `now`.
    pub(crate) fn begin(
        &mut self,
        author: Author,
        now: Instant,
        newest: Option<Instant>,
        late: Option<Instant>,
    ) {
        self.author = author;
        self.now = now;
        self.newest = newest;
        self.late = late;
        self.births.clear();
        for (_, table) in self.written() {
            table.reveal(now);
        }
    }

    /// From now on the edits of rows are noted.
    pub(crate) fn follow(&mut self) {
        for (_, table) in self.written() {
            table.follow();
        }
    }

    /// What the present call did to rows.
    pub(crate) fn take_edits(&mut self) -> Vec<(&'static str, Edit)> {
        let mut edits = Vec::new();
        for (collection, table) in self.written() {
            edits.extend(
                table
                    .take_edits()
                    .into_iter()
                    .map(|edit| (collection, edit)),
            );
        }
        edits
    }

    /// Every table that calls and people write to, with the name the audit has for it.
    fn written(&mut self) -> [(&'static str, &mut dyn Rows); 11] {
        [
            ("customers", &mut self.customers),
            ("locations", &mut self.locations),
            ("campaigns", &mut self.campaigns),
            ("bookings", &mut self.bookings),
            ("appointment-assignments", &mut self.assignments),
            ("appointments", &mut self.appointments),
            ("jobs", &mut self.jobs),
            ("job-notes", &mut self.notes),
            ("attachments", &mut self.attachments),
            ("invoice-items", &mut self.invoice_items),
            ("invoices", &mut self.invoices),
        ]
    }

    /// Who the present call is by, as `createdById`.
    pub(crate) fn user(&self) -> Id {
        match self.author {
            Author::Client(_) => API_USER,
            Author::People => OFFICE_USER,
        }
    }

    /// An id that no row has.
    pub(crate) fn next_id(&mut self) -> Id {
        self.last_id = Id(self.last_id.0 + 1);
        self.last_id
    }

    /// An id for what accompanies a row (its history, its logs, its assignments): of another range,
    /// so that what is told about rows does not change which ids rows get.
    pub(crate) fn next_side_id(&mut self) -> Id {
        self.last_side_id = Id(self.last_side_id.0 + 1);
        self.last_side_id
    }

    /// Lets ids go on from `last`.
    pub(crate) fn ids_after(&mut self, last: Id) {
        self.last_id = last;
    }

    /// Notes that a row was created, once per natural key.
    pub(crate) fn born(
        &mut self,
        collection: &'static str,
        natural_keys: impl IntoIterator<Item = String>,
    ) {
        let births = natural_keys.into_iter().map(|natural_key| Birth {
            collection,
            natural_key,
        });
        self.births.extend(births);
    }

    /// Checks the campaign of a body: it must exist, and be active unless the switch says
    /// otherwise.
    pub(crate) fn check_campaign(&self, form: &Form<'_>, campaign: Option<Id>) {
        let Some(id) = campaign else { return };
        match (self.campaigns.get(id), self.switches.inactive_campaigns) {
            (None, _) => form.refuse("campaignId", format!("The campaign {id} does not exist.")),
            (Some(found), InactiveCampaigns::Refused) if !found.active => {
                form.refuse("campaignId", format!("The campaign {id} is not active."));
            }
            (Some(_), InactiveCampaigns::Refused | InactiveCampaigns::Taken) => {}
        }
    }
}

/// Checks that the row a body names exists.
pub(crate) fn check_known<R: Row>(form: &Form<'_>, member: &str, id: Option<Id>, rows: &Table<R>) {
    if let Some(id) = id
        && !rows.has(id)
    {
        form.refuse(member, format!("The {member} {id} does not exist."));
    }
}

/// Reads a list of ids that must all exist; each is kept once.
pub(crate) fn known_ids<R: Row>(form: &Form<'_>, member: &str, rows: &Table<R>) -> Option<Vec<Id>> {
    let ids: Vec<Id> = form.optional(member)?;
    for id in &ids {
        check_known(form, member, Some(*id), rows);
    }
    let kept: BTreeSet<Id> = ids.into_iter().collect();
    Some(kept.into_iter().collect())
}

/// The rows a list looks at: found by external data or ids where these are given, else all.
pub(crate) fn candidates<'a, R: Row>(
    rows: &'a Table<R>,
    index: &ExternalIndex,
    list: &List,
    external: &ExternalQuery,
) -> Box<dyn Iterator<Item = &'a R> + 'a> {
    match (&external.lookup, list.ids()) {
        (Some(lookup), _) => Box::new(rows.rows_of(index.find(lookup))),
        (None, Some(ids)) => Box::new(rows.rows_of(ids.to_vec())),
        (None, None) => Box::new(rows.rows()),
    }
}

/// The same for tables without external data.
pub(crate) fn rows_for<'a, R: Row>(
    rows: &'a Table<R>,
    list: &List,
) -> Box<dyn Iterator<Item = &'a R> + 'a> {
    match list.ids() {
        Some(ids) => Box::new(rows.rows_of(ids.to_vec())),
        None => Box::new(rows.rows()),
    }
}

/// The row of a path, or 404.
pub(crate) fn found<'a, R: Row>(
    rows: &'a Table<R>,
    what: &'static str,
    id: Id,
) -> Result<&'a R, Refusal> {
    rows.get(id).ok_or(Refusal::NotFound { what, id })
}

/// Ends the reading of a body: the value, or the refusal with everything that was wrong.
pub(crate) fn settled<T>(value: Option<T>, problems: &Problems) -> Result<T, Refusal> {
    problems.settle()?;
    value.ok_or_else(|| problems.refusal())
}
