//! The sandbox for whoever must not know the vendors: the command line shows it, tests and benches drive it.

use std::net::SocketAddr;

use super::kit::faults::Preset;
use super::{Limits, Sandbox, SandboxConfig, servicechannel, servicetitan};

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
