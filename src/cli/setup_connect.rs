//! `setup`, second step: the accounts. Each is tried with what was given before anything of it is stored.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use indexmap::IndexMap;
use tokio_util::task::TaskTracker;

use super::args::Global;
use super::exit::{Exit, blamed};
use super::out::Out;
use super::setup_ask::Person;
use super::setup_needs::{self, Need};
use super::{check, engine, env};
use crate::daemon::settings::{self, TenantFile};
use crate::engine::connect::{Network, Secrets};
use crate::engine::record::{ConnectorName, Identity, TenantName};
use crate::engine::run::{CheckLine, Progress, TenantRun};
use crate::engine::store::{self, AccountId, SqliteStore, Store as _};
use crate::lang::config;
use crate::lang::expr::Datum;
use crate::lang::plan::{
    Account, Connector, Digest, Integration, ParamValue, Plan, SecretSource, Settings, Tenant,
};
use crate::lang::source::Pointer;

/// What the accounts are tried with.
pub(super) struct Probe<'a> {
    pub(super) global: &'a Global,
    pub(super) plan: &'a Arc<Plan>,
    pub(super) integration: &'a Arc<Integration>,
    /// The tenant as it runs now, if it can.
    pub(super) running: Option<&'a Arc<Tenant>>,
    pub(super) tenant: &'a str,
}

/// Asks for what each account needs, and tries it. Fine once all of them work.
pub(super) async fn run(
    probe: &Probe<'_>,
    connectors: &[&config::Connector],
    needs: &mut [Need],
    person: Option<&Person>,
    out: Out,
) -> anyhow::Result<Exit> {
    let again = probe.running.is_some();
    for connector in connectors {
        let name = connector.name.as_str();
        let own = |need: &&mut Need| need.connector == name;
        if let Some(person) = person {
            let what = connector.description.as_deref().unwrap_or(name);
            out.talk(&format!("\n# {what}\n\n"));
            if let Some(guide) = &connector.guide {
                out.talk(guide.trim_end());
                out.talk("");
            }
            for need in needs.iter_mut().filter(own) {
                ask(person, need, again)?;
            }
        }
        loop {
            let account: Vec<Need> = needs
                .iter()
                .filter(|need| need.connector == name)
                .cloned()
                .collect();
            let line = probe.account(name, &account).await?;
            let shown = check::shown(&line, out);
            let Err(failure) = &line.result else {
                out.data(&shown);
                break;
            };
            let Some(person) = person else {
                out.data(&shown);
                return Ok(blamed(failure.kind));
            };
            out.talk(&shown);
            if !person.agrees("Correct it and try again?")? {
                return Ok(blamed(failure.kind));
            }
            for need in needs.iter_mut().filter(own) {
                ask(person, need, true)?;
            }
        }
    }
    Ok(Exit::Fine)
}

/// Asks for one value. Enter keeps what is known; on the first go only what is missing is asked for.
fn ask(person: &Person, need: &mut Need, again: bool) -> anyhow::Result<()> {
    if !need.is_missing() && (!again || need.shared) {
        return Ok(());
    }
    let about = if need.about.is_empty() {
        String::new()
    } else {
        format!("{}\n", need.about)
    };
    loop {
        let kept = if need.is_missing() {
            ""
        } else if need.is_left_out() {
            " (Enter leaves it out)"
        } else {
            " (Enter keeps it)"
        };
        let answer = if need.secret.is_some() {
            person.secret(&format!("{about}{}{kept}, not shown: ", need.name()))?
        } else {
            let known = need.given.as_ref().or(need.known.as_ref());
            let known = known.map(crate::lang::edit::inline);
            let kept = known.map(|known| format!(" [{known}]")).unwrap_or_default();
            person.answer(&format!("{about}{}{kept}: ", need.name()))?
        };
        if !answer.is_empty() {
            need.take(&answer);
        }
        if !need.is_missing() {
            return Ok(());
        }
    }
}

impl Probe<'_> {
    /// Tries one account with what is given, in a store of its own: nothing is bound to it yet.
    async fn account(&self, name: &str, needs: &[Need]) -> anyhow::Result<CheckLine> {
        let connector = self
            .connector(name)
            .context("the connector is in the plan")?;
        let params: IndexMap<Arc<str>, ParamValue> = needs.iter().filter_map(value).collect();
        let account = Account { connector, params };
        let integration = Integration {
            connectors: vec![name.into()],
            on_activate: Vec::new(),
            requires: Vec::new(),
            pipelines: IndexMap::new(),
            ..self.integration.as_ref().clone()
        };
        let tenant = Tenant {
            name: self.tenant.into(),
            title: self.tenant.into(),
            digest: Digest([0; 32]),
            integration: Arc::new(integration),
            accounts: std::iter::once((Arc::from(name), account)).collect(),
            settings: Arc::new(Settings {
                values: Datum::Null,
                tables: HashMap::new(),
            }),
            overrides: HashMap::new(),
        };
        let clock = env::clock()?;
        let tasks = TaskTracker::new();
        let secrets = Secrets::new(self.plan.runtime.secrets.clone(), clock.clone());
        let network = Network::new(clock.clone(), tasks.clone(), None)?;
        let store = Arc::new(SqliteStore::in_memory(clock.now()).await?);
        let progress: Arc<Progress> = Arc::default();
        let opened = TenantRun::open(
            Arc::new(tenant),
            store.clone(),
            clock,
            &network,
            &secrets,
            progress,
            None,
        )
        .await;
        let done = match opened {
            Ok(run) => {
                let mut lines = run.check().await;
                let identity = run.identity(name).clone();
                Ok((lines.swap_remove(0), identity))
            }
            Err(error) => Err(error),
        };
        tasks.close();
        tasks.wait().await;
        store.close().await;
        let (line, identity) = done?;
        if line.result.is_ok() {
            self.same_identity(name, identity).await?;
        }
        Ok(line)
    }

    /// The connector with the limits of the tenant, where it has some.
    fn connector(&self, name: &str) -> Option<Arc<Connector>> {
        let own = self.running.and_then(|tenant| tenant.accounts.get(name));
        own.map(|account| &account.connector)
            .or_else(|| self.plan.connectors.get(name))
            .cloned()
    }

    /// Another account sees other records: what is kept of the present one would no longer fit (S30).
    async fn same_identity(&self, name: &str, wanted: Identity) -> anyhow::Result<()> {
        if !engine::store_path(self.global, self.plan).exists() {
            return Ok(());
        }
        let id = AccountId {
            tenant: TenantName::from(self.tenant),
            connector: ConnectorName::from(name),
        };
        let store = engine::read_store(self.global, self.plan).await?;
        let row = store.account(&id).await;
        store.close().await;
        match row?.and_then(|row| row.identity) {
            Some(bound) if bound != wanted => Err(store::Error::IdentityBound {
                tenant: id.tenant,
                connector: id.connector,
                bound,
                wanted,
            }
            .into()),
            Some(_) | None => Ok(()),
        }
    }
}

/// The value an account is tried with. A secret that was just given is not stored yet.
fn value(need: &Need) -> Option<(Arc<str>, ParamValue)> {
    if need.is_left_out() {
        return None;
    }
    let value = match (&need.given, &need.secret) {
        (Some(given), _) => ParamValue::Literal(given.clone()),
        (None, Some(secret)) => ParamValue::Secret(secret.as_str().into()),
        (None, None) => ParamValue::Literal(need.known.clone()?),
    };
    Some((need.param.as_str().into(), value))
}

/// Puts what was given into a tenant's file that is there.
pub(super) fn write_into(file: &mut TenantFile, needs: &[Need]) -> anyhow::Result<()> {
    for need in needs
        .iter()
        .filter(|need| !need.shared && !need.is_left_out())
    {
        let at = Pointer::root()
            .key("accounts")
            .key(need.connector.as_str())
            .key(need.param.as_str());
        match (&need.secret, &need.given) {
            (Some(secret), _) if need.known.is_none() => {
                file.set(&at, &serde_json::json!({ "secret": secret }))?;
            }
            (None, Some(given)) => file.set(&at, given)?,
            (Some(_), _) | (None, None) => {}
        }
    }
    Ok(())
}

/// The text of a tenant's file that is not there yet.
pub(super) fn new_text(
    plan: &Plan,
    integration: &config::Integration,
    folder: &str,
    tenant: &str,
    title: &str,
    needs: &[Need],
) -> String {
    use crate::lang::edit::inline;
    let mut text = String::new();
    let schema = format!("{folder}/tenant.schema.json");
    if plan.runtime.workspace.join(&schema).is_file() {
        text.push_str(&format!("# yaml-language-server: $schema=../{schema}\n"));
    }
    text.push_str(&format!(
        "kind: tenant\nname: {}\ntitle: {}\nintegration: {}\n\naccounts:\n",
        inline(&tenant.into()),
        inline(&title.into()),
        inline(&integration.name.as_str().into()),
    ));
    for name in &integration.connectors {
        text.push_str(&format!("  {}:\n", name.as_str()));
        let own = needs
            .iter()
            .filter(|need| need.connector == name.as_str() && !need.shared && !need.is_left_out());
        for need in own {
            let value = match (&need.secret, &need.given) {
                (Some(secret), _) => serde_json::json!({ "secret": secret }),
                (None, Some(given)) => given.clone(),
                (None, None) => continue,
            };
            text.push_str(&format!("    {}: {}\n", need.param, inline(&value)));
        }
    }
    text
}

/// Stores the secrets that were given, each readable by its owner alone.
pub(super) fn store_secrets(plan: &Plan, needs: &[Need], out: Out) -> anyhow::Result<()> {
    for (name, text) in setup_needs::given_secrets(needs) {
        let SecretSource::Directory(folder) = &plan.runtime.secrets else {
            continue;
        };
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .with_context(|| format!("{} cannot be made", parent.display()))?;
        settings::replace(&path, text, Some(0o600))
            .with_context(|| format!("{} cannot be written", path.display()))?;
        out.talk(&format!(
            "the secret {name} is stored in {}",
            path.display()
        ));
    }
    Ok(())
}
