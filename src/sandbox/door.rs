//! The sandbox for whoever must not know the vendors: the command line shows it, tests and benches drive it.

use std::net::SocketAddr;

use tracing::warn;

use super::kit::faults::Preset;
use super::servicetitan::{Encoding, Hooks, Signature};
use super::{Limits, Sandbox, SandboxConfig, servicechannel, servicetitan};

/// With what the simulated target signs its webhooks. Made up; it opens nothing else.
pub(super) const TARGET_KEY: &str = "a key of 32 characters, made up.";

/// Which webhook of the shipped connectors the source's events are for.
const SOURCE_EVENTS: &[(&str, &[&str])] = &[
    (
        "work_order",
        &[
            "WorkOrderCreated",
            "WorkOrderStatusChanged",
            "WorkOrderNoteAdded",
            "WorkOrderAttachmentAdded",
            "WorkOrderScheduledDateChanged",
            "WorkOrderNteChanged",
            "WorkOrderPriorityChanged",
            "WorkOrderDescriptionChanged",
            "WorkOrderProviderChanged",
        ],
    ),
    ("check_in", &["WorkOrderCheckIn", "WorkOrderCheckOut"]),
    (
        "invoice",
        &[
            "InvoiceApproved",
            "InvoiceRejected",
            "InvoicePaid",
            "InvoiceDisputed",
            "InvoiceOnHold",
            "InvoiceVoided",
        ],
    ),
];

/// The same of the target's.
const TARGET_EVENTS: &[(&str, &str)] = &[
    ("tn.jpm.job-scheduled", "job"),
    ("tn.jpm.job-rescheduled", "job"),
    ("tn.jpm.job-updated", "job"),
    ("tn.jpm.job-completed", "job"),
    ("tn.dis.technician-dispatched", "job"),
    ("tn.jpm.job-appointment-updated", "appointment"),
    ("tn.crm.booking-updated", "booking"),
    ("tn.acc.invoice-updated", "invoice"),
    ("tn.acc.invoice-posted", "invoice"),
    ("tn.acc.invoice-exported", "invoice"),
];

/// What was made in the simulators, by what asked them to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Which kind: `jobs`, `bookings`, …
    pub what: String,
    /// How many.
    pub created: u64,
    /// How many of them for something that had been made already.
    pub doubles: u64,
}

impl SandboxConfig {
    /// With the simulated source and target at these addresses.
    #[must_use]
    pub fn at(mut self, source: SocketAddr, target: SocketAddr) -> Self {
        self.servicechannel = source;
        self.servicetitan = target;
        self
    }

    /// With the same faults on both sides.
    #[must_use]
    pub fn with_faults(mut self, faults: Preset) -> Self {
        self.servicechannel_faults = faults;
        self.servicetitan_faults = faults;
        self
    }

    /// Without the rate limits of the real APIs.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.limits = Limits::Off;
        self
    }
}

impl Sandbox {
    /// Addresses of both simulators as the shipped tenant file needs them: connector, param, value.
    pub fn account_values(&self) -> Vec<(&'static str, &'static str, String)> {
        let at = self.addresses();
        let (source, target) = (
            format!("http://{}", at.servicechannel),
            format!("http://{}", at.servicetitan),
        );
        vec![
            ("servicechannel", "api_url", format!("{source}/v3")),
            ("servicechannel", "login_url", source),
            ("servicetitan", "api_url", target.clone()),
            ("servicetitan", "auth_url", target),
        ]
    }

    /// With what both simulators sign their webhooks: connector, param, value.
    pub fn webhook_keys(&self) -> [(&'static str, &'static str, String); 2] {
        let source = self.servicechannel().signing_key();
        [
            ("servicechannel", "signing_key", source),
            ("servicetitan", "webhook_key", TARGET_KEY.to_owned()),
        ]
    }

    /// From now on both simulators tell a daemon that awaits webhooks at `at` of everything, for this tenant.
    pub fn tell(&self, at: SocketAddr, tenant: &str) {
        tell(self.servicechannel(), self.servicetitan(), at, tenant);
    }

    /// Addresses of both simulators, for people.
    pub fn listening(&self) -> [(&'static str, SocketAddr); 2] {
        let at = self.addresses();
        [
            ("ServiceChannel", at.servicechannel),
            ("ServiceTitan", at.servicetitan),
        ]
    }

    /// Work orders there are in the source.
    pub fn work_orders(&self) -> usize {
        self.servicechannel().overview().len()
    }

    /// What was made on both sides.
    pub fn made(&self) -> Vec<Made> {
        let sides = [
            self.servicetitan().kit().audit.summary(),
            self.servicechannel().kit().audit.summary(),
        ];
        sides
            .into_iter()
            .flat_map(|summary| summary.collections)
            .map(|(what, collection)| Made {
                what,
                created: collection.created,
                doubles: collection.doubles,
            })
            .collect()
    }
}

/// From now on both simulators tell a daemon that awaits webhooks at `at` of everything, for this tenant.
pub(super) fn tell(
    source: &servicechannel::World,
    target: &servicetitan::ServiceTitan,
    at: SocketAddr,
    tenant: &str,
) {
    for (name, events) in SOURCE_EVENTS {
        let url = format!("http://{at}/hooks/{tenant}/servicechannel/{name}");
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        source.add_hook(url.parse().expect("an address makes a URL"), &events);
    }
    let url = |name: &str| format!("http://{at}/hooks/-/servicetitan/{name}");
    let hooks = Hooks {
        urls: TARGET_EVENTS
            .iter()
            .map(|(event, name)| ((*event).to_owned(), url(name)))
            .collect(),
        signature: Some(Signature {
            key: TARGET_KEY.to_owned(),
            header: "x-servicetitan-signature".to_owned(),
            encoding: Encoding::Hex,
        }),
        ..target.hooks()
    };
    if let Err(error) = target.set_hooks(hooks) {
        warn!(%error, "The simulated target tells nobody.");
    }
}

/// The made-up secrets of the sandbox by the names that the shipped files give them. They open nothing else.
pub fn secrets() -> Vec<(&'static str, String)> {
    let target = servicetitan::Config::default();
    vec![
        (
            "sandbox/servicechannel/password",
            servicechannel::PASSWORD.to_owned(),
        ),
        (
            "sandbox/servicechannel/client_secret",
            servicechannel::CLIENT_SECRET.to_owned(),
        ),
        ("sandbox/servicetitan/client_secret", target.client_secret),
        ("servicetitan/app_key", target.app_key),
    ]
}
