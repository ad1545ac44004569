//! Three subscribers that differ: in what they let a provider do, in their statuses, in their
//! words for urgency.

use super::model::{Primary, Status, WorkOrder};
use super::terms::{
    CheckIn, Constraint, ExtendedStatus, InvoiceRules, Permissions, Permit, StatusOption,
    Subscriber,
};
use Permit::{Denied, Granted};
use Primary::{Completed, InProgress, Open};

/// What makes a subscriber.
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) short_name: &'static str,
    pub(super) permissions: Permissions,
    pub(super) priorities: &'static [&'static str],
    /// Statuses it has beside the common ones.
    own: &'static [(Primary, &'static str)],
    /// Common statuses it has not.
    without: &'static [&'static str],
    invoices: Rules,
}

/// Where the profiles differ in what they ask of invoices.
struct Rules {
    number_pattern: Option<&'static str>,
    days_back: Option<u32>,
    days_ahead: Option<u32>,
    sales_tax: Permit,
    labor_lines_for: &'static [&'static str],
}

/// What a subscriber asks of invoices.
pub(super) fn invoice_rules(profile: &Profile) -> InvoiceRules {
    let rules = &profile.invoices;
    InvoiceRules {
        number_pattern: rules.number_pattern.map(str::to_owned),
        reuse_rejected_number: Denied,
        days_back: rules.days_back,
        days_ahead: rules.days_ahead,
        sales_tax: rules.sales_tax,
        negative_amounts: Denied,
        without_text: Denied,
        labor_lines_for: owned(rules.labor_lines_for),
        material_lines_for: Vec::new(),
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(super) const PROFILES: &[Profile] = &[
    Profile {
        name: "Acme Retail",
        short_name: "Acme",
        permissions: Permissions {
            complete_billable: Denied,
            complete_non_billable: Granted,
            other_statuses: Granted,
            notes_and_schedule: Granted,
            full_edit: Denied,
            status_change: Granted,
            attachments: Granted,
            check_in: CheckIn::Xml,
            invoices: Granted,
        },
        priorities: &[
            "P1 - 4 HOURS",
            "P2 - 24 HOURS",
            "P3 - 72 HOURS",
            "P4 - SCHEDULED",
        ],
        own: &[(InProgress, "PARTS SHIPPED")],
        without: &[],
        invoices: Rules {
            number_pattern: Some(r"^\w*$"),
            days_back: Some(60),
            days_ahead: Some(1),
            sales_tax: Granted,
            labor_lines_for: &[],
        },
    },
    Profile {
        name: "Bluebird Cafés & Co",
        short_name: "Bluebird",
        permissions: Permissions {
            complete_billable: Granted,
            complete_non_billable: Granted,
            other_statuses: Granted,
            notes_and_schedule: Granted,
            full_edit: Granted,
            status_change: Granted,
            attachments: Granted,
            check_in: CheckIn::Gps,
            invoices: Granted,
        },
        priorities: &["EMERGENCY", "URGENT", "NORMAL", "LOW"],
        own: &[(InProgress, "PARTS DELIVERED"), (Completed, "NO CHARGE")],
        without: &["WAITING FOR QUOTE"],
        invoices: Rules {
            number_pattern: None,
            days_back: None,
            days_ahead: None,
            sales_tax: Granted,
            labor_lines_for: &["HVAC", "REFRIGERATION"],
        },
    },
    Profile {
        name: "Corner Drug \"24/7\"",
        short_name: "Corner",
        permissions: Permissions {
            complete_billable: Denied,
            complete_non_billable: Denied,
            other_statuses: Denied,
            notes_and_schedule: Granted,
            full_edit: Denied,
            status_change: Granted,
            attachments: Granted,
            check_in: CheckIn::Ivr,
            invoices: Denied,
        },
        priorities: &["Same Day", "Next Day", "Routine <7 days>"],
        own: &[],
        without: &["DISPATCH CONFIRMED", "PARTS ON ORDER"],
        invoices: Rules {
            number_pattern: Some("^[0-9]+$"),
            days_back: Some(30),
            days_ahead: Some(0),
            sales_tax: Denied,
            labor_lines_for: &[],
        },
    },
];

const COMMON: &[(Primary, &str)] = &[
    (Open, "DECLINED"),
    (InProgress, "DISPATCH CONFIRMED"),
    (InProgress, "ON SITE"),
    (InProgress, "INCOMPLETE"),
    (InProgress, "PARTS ON ORDER"),
    (InProgress, "WAITING FOR QUOTE"),
    (InProgress, "WAITING FOR APPROVAL"),
    (InProgress, "PROPOSAL APPROVED"),
    (InProgress, "UNSATISFACTORY"),
    (Completed, "PENDING CONFIRMATION"),
    (Completed, "CONFIRMED"),
    (Completed, "CANCELLED"),
];

/// The status of a work order the provider does not take.
pub(super) const DECLINED: &str = "DECLINED";

/// Statuses ServiceChannel sets itself.
const AUTOMATIC: &[&str] = &[
    "WAITING FOR APPROVAL",
    "PROPOSAL APPROVED",
    "UNSATISFACTORY",
];

/// The statuses of a subscriber.
pub(super) fn of(profile: &Profile) -> Vec<StatusOption> {
    let all = || {
        COMMON
            .iter()
            .chain(profile.own)
            .filter(|(_, name)| !profile.without.contains(name))
    };
    let below = |primary| {
        all()
            .zip(11..)
            .filter(move |((own, _), _)| *own == primary)
            .map(|((_, name), id)| {
                let constraint = match *name {
                    "PARTS ON ORDER" => Some(Constraint::ScheduledDate),
                    "PENDING CONFIRMATION" => Some(Constraint::ResolutionText),
                    _ => None,
                };
                ExtendedStatus {
                    id,
                    name: (*name).to_owned(),
                    constraint,
                }
            })
    };
    let option = |primary| StatusOption {
        primary,
        extended: below(primary).collect(),
    };
    Primary::ALL.into_iter().map(option).collect()
}

impl Permissions {
    /// Whether a provider may set this status, if the subscriber has it.
    pub(super) fn status(self, primary: Primary, below: &str) -> Permit {
        if AUTOMATIC.contains(&below) {
            return Denied;
        }
        match (primary, below) {
            (Completed, "" | "CONFIRMED") => self.complete_billable,
            (Completed, "PENDING CONFIRMATION") => self.complete_non_billable,
            (Open | InProgress | Completed, _) => self.other_statuses,
        }
    }
}

/// What a provider may set on this work order now: nothing once it is invoiced, and declined only
/// while it is open. No other order of statuses is documented.
pub(super) fn offered(order: &WorkOrder, subscriber: &Subscriber) -> Vec<StatusOption> {
    if order.invoiced {
        return Vec::new();
    }
    let permissions = subscriber.permissions;
    let narrowed = subscriber.catalogue.iter().map(|option| {
        let mut option = option.clone();
        option.extended.retain(|extended| {
            permissions.status(option.primary, &extended.name) == Granted
                && (extended.name != DECLINED || order.status.primary == Open)
        });
        option
    });
    narrowed
        .filter(|option| {
            !option.extended.is_empty() || permissions.status(option.primary, "") == Granted
        })
        .collect()
}

/// Whether this status is among those a provider may set on this work order now.
pub(super) fn offers(order: &WorkOrder, subscriber: &Subscriber, to: &Status) -> bool {
    let options = offered(order, subscriber);
    let mut options = options.iter().filter(|option| option.primary == to.primary);
    if to.below().is_empty() {
        options.next().is_some() && subscriber.permissions.status(to.primary, "") == Granted
    } else {
        options
            .flat_map(|option| &option.extended)
            .any(|extended| extended.name == to.below())
    }
}

/// What this status demands, if the subscriber has it.
pub(super) fn demanded(subscriber: &Subscriber, to: &Status) -> Option<Constraint> {
    subscriber
        .catalogue
        .iter()
        .filter(|option| option.primary == to.primary)
        .flat_map(|option| &option.extended)
        .find(|extended| extended.name == to.below())?
        .constraint
}
