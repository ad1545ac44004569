//! The two simulators in a process of their own, and a workspace that points at them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Client;
use serde_json::{Value, json};

use crate::process;

/// The program that is measured: as users get it.
pub(crate) const SYNCLINE: &str = env!("CARGO_BIN_EXE_syncline");
/// The tenant of the shipped workspace.
pub(crate) const TENANT: &str = "sandbox";

/// How many records the engine may work at once, as the tenant file says it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Concurrency(pub(crate) usize);

/// Fresh simulators with their process. They end with this value.
#[derive(Debug)]
pub(crate) struct World {
    child: Child,
    client: Client,
    /// Address of the simulated ServiceChannel.
    pub(crate) source: String,
    /// Address of the simulated ServiceTitan.
    pub(crate) target: String,
}

impl Drop for World {
    fn drop(&mut self) {
        // It holds nothing that must be kept.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl World {
    /// Without limits and without work orders.
    pub(crate) fn start() -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "control calls need no limits")]
        let client = Client::new();
        let mut child = Command::new(SYNCLINE)
            .args([
                "sandbox",
                "--unlimited",
                "--work-orders",
                "0",
                "--format",
                "json",
            ])
            .args(["--source", "127.0.0.1:0", "--target", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .context("the sandbox cannot be started")?;
        let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
        let mut address = || -> anyhow::Result<String> {
            let line = lines.next().context("the sandbox ended")??;
            let line: Value = serde_json::from_str(&line)?;
            Ok(format!(
                "http://{}",
                line["listening"].as_str().context("an address")?
            ))
        };
        let (source, target) = (address()?, address()?);
        Ok(Self {
            child,
            client,
            source,
            target,
        })
    }

    /// User and system time of both simulators so far.
    pub(crate) fn cpu(&self) -> Duration {
        process::cpu(self.child.id()).unwrap_or_default()
    }

    /// Requests that both simulators answered so far, control calls not counted, and how often the same thing was
    /// made twice.
    pub(crate) async fn audit(&self) -> anyhow::Result<Audit> {
        let mut audit = Audit::default();
        for side in [&self.source, &self.target] {
            let report = self.get(&format!("{side}/_control/audit")).await?;
            let summary = &report["summary"];
            audit.requests += summary["requests"].as_u64().unwrap_or_default();
            let made = summary["collections"].as_object().into_iter().flatten();
            for (name, collection) in made {
                audit.doubles += collection["doubles"].as_u64().unwrap_or_default();
                if name == "jobs" {
                    audit.jobs += collection["created"].as_u64().unwrap_or_default();
                }
            }
        }
        Ok(audit)
    }

    /// How often which route was asked, numbers in it cut to `#`: of the last requests on either side, as far as the
    /// audit's log goes back.
    pub(crate) async fn routes(&self, last: usize) -> anyhow::Result<Vec<(String, usize)>> {
        let mut routes = std::collections::BTreeMap::<String, usize>::new();
        for side in [&self.source, &self.target] {
            let report = self
                .get(&format!("{side}/_control/audit?last={last}"))
                .await?;
            for entry in report["log"].as_array().into_iter().flatten() {
                let (method, path) = (entry["method"].as_str(), entry["path"].as_str());
                let path = path.unwrap_or_default();
                let path = path.split_once('?').map_or(path, |(path, _)| path);
                let parts = path.split('/').map(|part| {
                    if part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty() {
                        "#"
                    } else {
                        part
                    }
                });
                let path: Vec<&str> = parts.collect();
                *routes
                    .entry(format!("{} {}", method.unwrap_or_default(), path.join("/")))
                    .or_default() += 1;
            }
        }
        Ok(routes.into_iter().collect())
    }

    /// Work orders are called in, now.
    pub(crate) async fn arrive(&self, count: usize) -> anyhow::Result<()> {
        let calls = self
            .client
            .post(format!("{}/_control/workorders", self.source));
        calls
            .json(&json!({ "count": count }))
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// Every reply of both sides comes this much later.
    pub(crate) async fn slow_down(&self, latency: Duration) -> anyhow::Result<()> {
        let millis = latency.as_millis();
        let rules =
            json!({ "rules": [{ "action": { "latency": { "base": format!("{millis}ms") } } }] });
        for side in [&self.source, &self.target] {
            let put = self
                .client
                .put(format!("{side}/_control/faults"))
                .json(&rules);
            put.send().await?.error_for_status()?;
        }
        Ok(())
    }

    /// The time of the simulators.
    pub(crate) async fn now(&self) -> anyhow::Result<String> {
        let clock = self.get(&format!("{}/_control/clock", self.source)).await?;
        Ok(clock["now"].as_str().context("a clock")?.to_owned())
    }

    async fn get(&self, url: &str) -> anyhow::Result<Value> {
        Ok(self
            .client
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// The shipped workspace in `dir`, pointed at these simulators, without limits, every subscriber's work orders to
    /// become jobs, and the tenant turned on.
    pub(crate) fn workspace(
        &self,
        dir: &Path,
        concurrency: Concurrency,
    ) -> anyhow::Result<Workspace> {
        let workspace = Workspace {
            dir: dir.join("pipelines"),
            store: dir.join("syncline.db"),
        };
        let mut init = Command::new(SYNCLINE);
        process::cost(init.arg("init").arg(&workspace.dir))?;
        let file = workspace.dir.join("tenants/sandbox.yaml");
        let Concurrency(concurrency) = concurrency;
        let tenant = std::fs::read_to_string(&file)?
            .replace("http://127.0.0.1:7801", &self.source)
            .replace("http://127.0.0.1:7802", &self.target)
            .replace("dispatch_board: false", "dispatch_board: true")
            + &format!(
                "\nconnectors:\n  servicechannel: {{ limits: [], concurrency: {concurrency} }}\n  \
                 servicetitan: {{ limits: [], concurrency: {concurrency} }}\n"
            );
        std::fs::write(&file, tenant)?;
        process::cost(
            workspace
                .syncline()
                .args(["on", TENANT, "--agree", "2026-11"]),
        )?;
        Ok(workspace)
    }

    /// The campaign that activation made.
    pub(crate) async fn campaign(&self) -> anyhow::Result<u64> {
        let login = self
            .client
            .post(format!("{}/connect/token", self.target))
            .form(&[
                ("grant_type", "client_credentials"),
                ("client_id", "cid.sandbox"),
                ("client_secret", "cs1.sandbox"),
            ]);
        let token: Value = login.send().await?.error_for_status()?.json().await?;
        let campaigns = self
            .client
            .get(format!(
                "{}/marketing/v2/tenant/1000/campaigns?name=ServiceChannel",
                self.target
            ))
            .bearer_auth(token["access_token"].as_str().context("a token")?)
            .header("ST-App-Key", "ak1.sandbox");
        let campaigns: Value = campaigns.send().await?.error_for_status()?.json().await?;
        campaigns["data"][0]["id"]
            .as_u64()
            .context("activation makes a campaign")
    }
}

/// What both simulators were asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Audit {
    /// Requests.
    pub(crate) requests: u64,
    /// Jobs made.
    pub(crate) jobs: u64,
    /// Things made more than once.
    pub(crate) doubles: u64,
}

/// A copy of the shipped workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    dir: PathBuf,
    store: PathBuf,
}

impl Workspace {
    /// The program, at this workspace.
    pub(crate) fn syncline(&self) -> Command {
        let mut command = Command::new(SYNCLINE);
        command
            .arg("--workspace")
            .arg(&self.dir)
            .arg("--store")
            .arg(&self.store);
        command
    }
}
