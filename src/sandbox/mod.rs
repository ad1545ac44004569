//! Simulators of both APIs over loopback HTTP. They share no code with the engine on purpose:
//! they are the other side of the wire, built from the reference.
//!
//! [`Sandbox`] serves both on one clock. Its credentials are made up and fixed: the constants of
//! [`servicechannel`] and the defaults of [`servicetitan::Config`].

mod door;
pub mod fleet;
pub mod kit;
pub mod scenario;
pub mod servicechannel;
pub mod servicetitan;

pub use door::{Made, secrets};

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::{CancellationToken, DropGuard};

use kit::Kit;
use kit::faults::Preset;
use kit::server::{Error, Running};
use kit::time::SimClock;
use servicechannel::model::WorkOrderId;
use servicechannel::{Seed, ServiceChannel, Settings};
use servicetitan::ServiceTitan;

/// Whether both sides hold their clients to the documented request limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// As documented for production.
    #[default]
    Documented,
    /// Not at all, for benchmarks.
    Off,
}

/// How a sandbox begins.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where the simulated ServiceChannel listens: loopback; port 0 is any.
    pub servicechannel: SocketAddr,
    /// Where the simulated ServiceTitan listens: loopback; port 0 is any.
    pub servicetitan: SocketAddr,
    /// Decides everything that is left to chance, on both sides.
    pub seed: u64,
    /// Clients in ServiceChannel, 1 to 3.
    pub subscribers: u32,
    /// Their sites.
    pub locations: u32,
    /// Work orders there are at the start.
    pub work_orders: u32,
    /// How many of them the provider had begun before `activation`.
    pub started_before_activation: u32,
    /// How many of them were called in after `activation`.
    pub after_activation: u32,
    /// When the integration is turned on; none: at the start.
    pub activation: Option<DateTime<Utc>>,
    /// The time of both sides.
    pub clock: SimClock,
    /// What goes wrong in ServiceChannel.
    pub servicechannel_faults: Preset,
    /// What goes wrong in ServiceTitan.
    pub servicetitan_faults: Preset,
    /// Whether requests are limited.
    pub limits: Limits,
}

impl Default for SandboxConfig {
    /// The world of the demonstration: ports 7801 and 7802, the machine's time, no faults.
    fn default() -> Self {
        let on = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            servicechannel: on(7801),
            servicetitan: on(7802),
            seed: 1,
            subscribers: 3,
            locations: 40,
            work_orders: 500,
            started_before_activation: 60,
            after_activation: 0,
            activation: None,
            clock: SimClock::real(),
            servicechannel_faults: Preset::None,
            servicetitan_faults: Preset::None,
            limits: Limits::Documented,
        }
    }
}

impl SandboxConfig {
    /// On any free ports: for tests, many of which run at once.
    #[must_use]
    pub fn on_any_port(mut self) -> Self {
        self.servicechannel.set_port(0);
        self.servicetitan.set_port(0);
        self
    }
}

/// Where both sides listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// ServiceChannel: the API under `/v3`, the login under `/oauth`.
    pub servicechannel: SocketAddr,
    /// ServiceTitan: API and login.
    pub servicetitan: SocketAddr,
}

/// Both simulators, served until stopped or dropped.
pub struct Sandbox {
    servicechannel: ServiceChannel,
    servicetitan: ServiceTitan,
    servicetitan_running: Running,
}

impl Sandbox {
    /// Serves a new world.
    pub async fn start(config: SandboxConfig) -> Result<Self, Error> {
        let clock = config.clock;
        let seed = Seed {
            seed: config.seed,
            provider: servicechannel::PROVIDER_ID,
            subscribers: config.subscribers,
            locations: config.locations,
            work_orders: config.work_orders,
            started: config.started_before_activation,
            after_activation: config.after_activation,
            activation: config.activation.unwrap_or_else(|| clock.now()),
        };
        let settings = match config.limits {
            Limits::Documented => Settings::default(),
            Limits::Off => Settings::unlimited(),
        };
        let tenant = servicetitan::Config {
            seed: config.seed,
            ..servicetitan::Config::default()
        };
        let tenant = match config.limits {
            Limits::Documented => tenant,
            Limits::Off => servicetitan::Config {
                calls_per_second: None,
                ..tenant
            },
        };
        let source_kit = Kit::new(clock.clone(), config.seed);
        source_kit.faults.preset(config.servicechannel_faults);
        let target_kit = Kit::new(clock, config.seed.wrapping_add(1));
        target_kit.faults.preset(config.servicetitan_faults);

        let servicetitan = ServiceTitan::new(target_kit, tenant);
        let servicetitan_running = servicetitan.start(config.servicetitan).await?;
        let servicechannel =
            ServiceChannel::start(config.servicechannel, source_kit, seed, settings).await?;
        Ok(Self {
            servicechannel,
            servicetitan,
            servicetitan_running,
        })
    }

    /// Where both sides listen, with the real ports.
    pub fn addresses(&self) -> Addresses {
        Addresses {
            servicechannel: self.servicechannel.addr(),
            servicetitan: self.servicetitan_running.addr(),
        }
    }

    /// The time of both sides.
    pub fn clock(&self) -> &SimClock {
        &self.servicechannel.world().kit().clock
    }

    /// The simulated ServiceChannel, and what people do there.
    pub fn servicechannel(&self) -> &servicechannel::World {
        self.servicechannel.world()
    }

    /// The simulated ServiceTitan, and what people do there.
    pub fn servicetitan(&self) -> &ServiceTitan {
        &self.servicetitan
    }

    /// Clients call in `count` work orders, now.
    pub fn arrive(&self, count: usize) -> Vec<WorkOrderId> {
        self.servicechannel().arrive(count)
    }

    /// From now on work orders arrive, evenly, so many in a minute of the sandbox's clock: until
    /// the returned handle is dropped or the sandbox stops.
    pub fn start_arrivals(&self, per_minute: NonZeroU32) -> Arrivals {
        let world = self.servicechannel().clone();
        let (tasks, stopping) = self.servicechannel.running().tasks();
        let ended = stopping.child_token();
        let handle = Arrivals(ended.clone().drop_guard());
        tasks.spawn(arrivals(
            world,
            Duration::from_secs(60) / per_minute.get(),
            ended,
        ));
        handle
    }

    /// Stops both and waits for what they are at.
    pub async fn stop(self) {
        tokio::join!(self.servicechannel.stop(), self.servicetitan_running.stop());
    }
}

/// Work orders arrive as long as this is kept.
#[must_use = "work orders stop arriving when this is dropped"]
#[derive(Debug)]
pub struct Arrivals(DropGuard);

impl Arrivals {
    /// No more work orders arrive.
    pub fn stop(self) {
        drop(self.0);
    }
}

async fn arrivals(world: servicechannel::World, pause: Duration, ended: CancellationToken) {
    let clock = world.kit().clock.clone();
    loop {
        tokio::select! {
            () = clock.sleep(pause) => {
                world.arrive(1);
            }
            () = ended.cancelled() => return,
        }
    }
}
