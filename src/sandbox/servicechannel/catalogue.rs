//! Three subscribers that differ: in what they let a provider do, in their statuses, in their
//! words for urgency.

use super::model::{Constraint, ExtendedStatus, Permissions, Permit, Primary, StatusOption};
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
        },
        priorities: &[
            "P1 - 4 HOURS",
            "P2 - 24 HOURS",
            "P3 - 72 HOURS",
            "P4 - SCHEDULED",
        ],
        own: &[(InProgress, "PARTS SHIPPED")],
        without: &[],
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
        },
        priorities: &["EMERGENCY", "URGENT", "NORMAL", "LOW"],
        own: &[(InProgress, "PARTS DELIVERED"), (Completed, "NO CHARGE")],
        without: &["WAITING FOR QUOTE"],
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
        },
        priorities: &["Same Day", "Next Day", "Routine <7 days>"],
        own: &[],
        without: &["DISPATCH CONFIRMED", "PARTS ON ORDER"],
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
                    name,
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

/// What of a catalogue a provider may set.
pub(super) fn permitted(catalogue: &[StatusOption], permissions: Permissions) -> Vec<StatusOption> {
    let narrowed = catalogue.iter().map(|option| {
        let mut option = option.clone();
        option
            .extended
            .retain(|extended| permissions.status(option.primary, extended.name) == Granted);
        option
    });
    narrowed
        .filter(|option| {
            !option.extended.is_empty() || permissions.status(option.primary, "") == Granted
        })
        .collect()
}
