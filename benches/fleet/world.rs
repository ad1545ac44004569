//! Many customers with their simulators, a workspace that has a tenant file for each, and all of them turned on.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use syncline::daemon::{self, Engine, EngineOptions};
use syncline::engine::clock::Clock;
use syncline::sandbox::Limits;
use syncline::sandbox::fleet::{Customer, Fleet, FleetConfig, app_secrets};
use syncline::sandbox::kit::time::SimClock;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::process;

/// The program that is measured: as users get it.
pub(crate) const SYNCLINE: &str = env!("CARGO_BIN_EXE_syncline");
/// The agreement of the shipped integration.
const AGREEMENT: &str = "2026-11";
/// The pipelines that poll every two minutes. The others are left out unless all are asked for.
const POLLED: [&str; 5] = [
    "work-orders",
    "bookings",
    "job-status",
    "technicians",
    "check-in",
];
/// Turned on at once.
const AT_ONCE: usize = 32;

/// Which of the shipped pipelines run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipelines {
    /// The five that poll every two minutes.
    Five,
    /// All.
    All,
}

/// How long an unknown outcome is waited for before it counts that it is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settle {
    /// As the shipped connectors say: minutes, as the vendors' servers may take that long.
    Shipped,
    /// Seconds, as the simulators do: whoever waits for the vendors' minutes sees nothing else.
    Quick,
}

/// The simulators and the workspace.
pub(crate) struct World {
    /// The customers.
    pub(crate) fleet: Fleet,
    dir: tempfile::TempDir,
}

impl World {
    /// Simulators of so many customers, each held to the documented limits, and a workspace for them.
    pub(crate) async fn start(
        customers: usize,
        pipelines: Pipelines,
        settle: Settle,
    ) -> anyhow::Result<Self> {
        let fleet = Fleet::start(FleetConfig {
            customers,
            seed: 1,
            clock: SimClock::real(),
            limits: Limits::Documented,
        })
        .await?;
        let world = Self {
            fleet,
            dir: tempfile::tempdir()?,
        };
        process::cost(Command::new(SYNCLINE).arg("init").arg(world.workspace()))?;
        let workspace = world.workspace();
        fs::remove_file(workspace.join("tenants/sandbox.yaml"))?;
        if pipelines == Pipelines::Five {
            keep_polled(&workspace.join("servicechannel"))?;
        }
        let runtime = workspace.join("syncline.yaml");
        let text = fs::read_to_string(&runtime)?.replace(
            "# webhook_key: { secret: servicetitan/webhook_key }",
            "webhook_key: { secret: servicetitan/webhook_key }",
        );
        fs::write(&runtime, text)?;
        for (connector, param, secret) in app_secrets() {
            world.put_secret(&format!("{connector}/{param}"), &secret)?;
        }
        for customer in world.fleet.customers() {
            let file = workspace.join(format!("tenants/{}.yaml", customer.name));
            fs::write(file, tenant_file(customer, settle))?;
            for (connector, param, secret) in customer.secrets() {
                let name = secret_name(customer, connector, param);
                world.put_secret(&name, &secret)?;
            }
        }
        Ok(world)
    }

    /// The folder of the workspace.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.dir.path().join("pipelines")
    }

    /// The file of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.dir.path().join("syncline.db")
    }

    /// Where the program's talk is kept.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("stderr.log")
    }

    /// The program, at this workspace.
    pub(crate) fn syncline(&self) -> Command {
        let mut command = Command::new(SYNCLINE);
        command
            .arg("--workspace")
            .arg(self.workspace())
            .arg("--store")
            .arg(self.store());
        command
    }

    fn put_secret(&self, name: &str, secret: &str) -> anyhow::Result<()> {
        let path = self.workspace().join("secrets").join(name);
        fs::create_dir_all(path.parent().context("a secret lies in a folder")?)?;
        fs::write(&path, secret)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    /// Turns every customer on, as `syncline on` does, by one engine for all of them. Says how long it took.
    pub(crate) async fn turn_on(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let workspace = self.workspace();
        let loaded = daemon::load(&workspace)?;
        let plan = loaded
            .plan
            .with_context(|| format!("the workspace is wrong: {}", loaded.text))?;
        let options = EngineOptions {
            store: self.store(),
            clock: Clock::real(),
            holder: "bench".to_owned(),
            loader: Arc::new(move || daemon::load(&workspace)),
        };
        let engine = Engine::open(Arc::new(plan), options).await?;
        let mut turning = JoinSet::new();
        let mut left = self.fleet.customers().iter();
        loop {
            while turning.len() < AT_ONCE
                && let Some(customer) = left.next()
            {
                let (engine, name) = (Arc::clone(&engine), customer.name.clone());
                turning.spawn(async move {
                    let on = engine.activate(&name, "bench", Some(AGREEMENT)).await;
                    on.map(|_| ()).with_context(|| format!("{name} is not on"))
                });
            }
            match turning.join_next().await {
                Some(turned) => turned??,
                None => break,
            }
        }
        engine.close().await;
        Ok(started.elapsed())
    }
}

fn secret_name(customer: &Customer, connector: &str, param: &str) -> String {
    format!("{}/{connector}/{param}", customer.name)
}

/// Takes the pipelines and tests away that are not polled every two minutes.
fn keep_polled(integration: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(integration)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some(name) = name.and_then(|name| name.strip_suffix(".yaml")) else {
            continue;
        };
        if name != "integration" && !POLLED.contains(&name) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The tenant file of a customer. Every work order becomes a job.
fn tenant_file(customer: &Customer, settle: Settle) -> String {
    let mut text = format!(
        "kind: tenant\nname: {name}\ntitle: Customer {name}\nintegration: servicechannel\n\naccounts:\n",
        name = customer.name
    );
    let (values, secrets) = (customer.account_values(), customer.secrets());
    for of in ["servicechannel", "servicetitan"] {
        text.push_str(&format!("  {of}:\n    file_hosts: 127.0.0.1\n"));
        for (_, param, value) in values.iter().filter(|(connector, ..)| *connector == of) {
            text.push_str(&format!("    {param}: {value}\n"));
        }
        for (_, param, _) in secrets.iter().filter(|(connector, ..)| *connector == of) {
            let name = secret_name(customer, of, param);
            text.push_str(&format!("    {param}: {{ secret: {name} }}\n"));
        }
    }
    text.push_str(
        "    booking_provider: 55\n\nsettings:\n  preferences:\n    dispatch_board: true\n    business_unit: 12\n    \
         job_type: 47\n    nte_to_custom_field: true\n    nte_field: 3001\n  job_summary:\n    \
         fields: [number, po, store, trade, nte, description]\n",
    );
    if settle == Settle::Quick {
        let quick = "settle: { in_flight: 15s, lag: 5s }";
        text.push_str(&format!(
            "\nconnectors:\n  servicechannel: {{ {quick} }}\n  servicetitan: {{ {quick} }}\n"
        ));
    }
    text
}
