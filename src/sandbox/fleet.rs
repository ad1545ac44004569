//! Many customers at once: for each both simulators of its own, all of one vendor behind one address, as the vendors
//! serve theirs. What a customer's accounts are allowed is counted for that customer alone.

use std::net::{Ipv4Addr, SocketAddr};

use super::Limits;
use super::door::{self, TARGET_KEY};
use super::kit::Kit;
use super::kit::faults::Preset;
use super::kit::server::{Error, Place, Running};
use super::kit::time::SimClock;
use super::servicechannel::{self, Seed, World, client_ids};
use super::servicetitan::{self, ServiceTitan};

/// The number of the first customer's provider in ServiceChannel; the others follow.
const FIRST_PROVIDER: i64 = 2_091_000_001;
/// The same of tenants in ServiceTitan.
const FIRST_TENANT: i64 = 5_001;
/// Sites of each customer's one client.
const LOCATIONS: u32 = 8;

/// How a fleet begins.
#[derive(Clone, Debug)]
pub struct FleetConfig {
    /// How many customers.
    pub customers: usize,
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// The time of all.
    pub clock: SimClock,
    /// Whether each customer is held to the documented request limits.
    pub limits: Limits,
}

/// A customer, with its account on either side.
#[derive(Clone)]
pub struct Customer {
    /// Its name: a tenant may have it.
    pub name: String,
    /// Its ServiceChannel.
    pub servicechannel: World,
    /// Its ServiceTitan.
    pub servicetitan: ServiceTitan,
    source: String,
    target: String,
}

/// All customers, served until stopped or dropped.
pub struct Fleet {
    customers: Vec<Customer>,
    source: Running,
    files: Running,
    target: Running,
}

impl Fleet {
    /// Serves the simulators of so many customers on free ports of this machine.
    pub async fn start(config: FleetConfig) -> Result<Self, Error> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let source = Place::take(anywhere).await?;
        let files = Place::take(anywhere).await?;
        let target = Place::take(anywhere).await?;
        let customers: Vec<Customer> = (0..config.customers)
            .map(|index| customer(index, &config, &source.url(), &target.url()))
            .collect();
        let stores = customers.iter().map(|customer| {
            let url = format!("{}/{}", files.url(), customer.name);
            (customer.name.clone(), customer.servicechannel.store(url))
        });
        let stores: Vec<_> = stores.collect();
        let named = |customer: &Customer| customer.name.clone();
        let fleet = Self {
            source: source.serve_all(
                customers
                    .iter()
                    .map(|customer| (named(customer), customer.servicechannel.service())),
            ),
            files: files.serve_all(stores),
            target: target.serve_all(
                customers
                    .iter()
                    .map(|customer| (named(customer), customer.servicetitan.service())),
            ),
            customers,
        };
        for customer in &fleet.customers {
            customer.servicechannel.begin_telling(&fleet.source);
            customer.servicetitan.begin_telling(&fleet.target);
        }
        Ok(fleet)
    }

    /// Who there is.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// The same goes wrong on both sides of every customer from now on.
    pub fn suffer(&self, faults: Preset) {
        for customer in &self.customers {
            customer.servicechannel.kit().faults.preset(faults);
            customer.servicetitan.kit().faults.preset(faults);
        }
    }

    /// Stops all and waits for what they are at.
    pub async fn stop(self) {
        tokio::join!(self.source.stop(), self.files.stop(), self.target.stop());
    }
}

fn customer(index: usize, config: &FleetConfig, source: &str, target: &str) -> Customer {
    let number = i64::try_from(index).unwrap_or(i64::MAX);
    let name = format!("c{:04}", number + 1);
    let seed = config.seed.wrapping_add(2 * index as u64);
    let (source, target) = (format!("{source}/{name}"), format!("{target}/{name}"));
    let settings = match config.limits {
        Limits::Documented => servicechannel::Settings::default(),
        Limits::Off => servicechannel::Settings::unlimited(),
    };
    let settings = servicechannel::Settings {
        next_link_base: Some(source.clone()),
        ..settings
    };
    let begins = Seed {
        seed,
        provider: FIRST_PROVIDER + number,
        subscribers: 1,
        locations: LOCATIONS,
        work_orders: 0,
        started: 0,
        after_activation: 0,
        activation: config.clock.now(),
    };
    let account = servicetitan::Config {
        seed,
        tenant: servicetitan::Id(FIRST_TENANT + number),
        client_id: format!("cid.{name}"),
        ..servicetitan::Config::default()
    };
    let account = match config.limits {
        Limits::Documented => account,
        Limits::Off => servicetitan::Config {
            calls_per_second: None,
            ..account
        },
    };
    let kit = |seed| Kit::new(config.clock.clone(), seed);
    Customer {
        servicechannel: World::new(kit(seed), begins, settings),
        servicetitan: ServiceTitan::new(kit(seed.wrapping_add(1)), account),
        name,
        source,
        target,
    }
}

impl Customer {
    /// What the shipped tenant file says of its accounts, without secrets: connector, param, value.
    pub fn account_values(&self) -> Vec<(&'static str, &'static str, String)> {
        let [client, _] = client_ids(self.servicechannel.provider());
        let provider = self.servicechannel.provider().to_string();
        let config = self.servicetitan.config();
        vec![
            ("servicechannel", "api_url", format!("{}/v3", self.source)),
            ("servicechannel", "login_url", self.source.clone()),
            (
                "servicechannel",
                "username",
                servicechannel::USERNAME.to_owned(),
            ),
            ("servicechannel", "client_id", client),
            ("servicechannel", "provider_id", provider),
            ("servicetitan", "api_url", self.target.clone()),
            ("servicetitan", "auth_url", self.target.clone()),
            ("servicetitan", "tenant", config.tenant.to_string()),
            ("servicetitan", "client_id", config.client_id.clone()),
        ]
    }

    /// The secrets of its accounts and of its webhooks: connector, param, value. Made up; they open nothing else.
    pub fn secrets(&self) -> Vec<(&'static str, &'static str, String)> {
        vec![
            (
                "servicechannel",
                "password",
                servicechannel::PASSWORD.to_owned(),
            ),
            (
                "servicechannel",
                "client_secret",
                servicechannel::CLIENT_SECRET.to_owned(),
            ),
            (
                "servicechannel",
                "signing_key",
                self.servicechannel.signing_key(),
            ),
            (
                "servicetitan",
                "client_secret",
                self.servicetitan.config().client_secret.clone(),
            ),
        ]
    }

    /// From now on both sides tell a daemon that awaits webhooks at `at` of everything.
    pub fn tell(&self, at: SocketAddr) {
        door::tell(&self.servicechannel, &self.servicetitan, at, &self.name);
    }
}

/// The secrets of the app that all customers share: connector, param, value.
pub fn app_secrets() -> [(&'static str, &'static str, String); 2] {
    [
        (
            "servicetitan",
            "app_key",
            servicetitan::Config::default().app_key,
        ),
        ("servicetitan", "webhook_key", TARGET_KEY.to_owned()),
    ]
}
