//! `setup TENANT`: agreement, accounts, review of the settings, turning on. At a terminal it asks; elsewhere it says
//! which flags are missing, and asks nothing.

use std::sync::Arc;

use serde_json::Value as Json;

use super::args::{Global, OnArgs, SetupArgs, SetupStep};
use super::exit::Exit;
use super::out::Out;
use super::settings_change;
use super::setup_ask::Person;
use super::setup_connect::{self, Probe};
use super::setup_needs::{self, Need};
use super::workspace;
use super::{env, settings_show, setup_agree, switch};
use crate::daemon::Checked;
use crate::daemon::settings::TenantFile;
use crate::engine::connect::Secrets;
use crate::lang::config::{self, Kind};
use crate::lang::load::{Config, Document, Project};
use crate::lang::plan::{Choices, Plan, SecretSource};

/// A flag that is missing where nobody can be asked.
struct Missing {
    flag: String,
    about: String,
}

pub(super) async fn run(global: &Global, args: &SetupArgs, out: &Out) -> anyhow::Result<Exit> {
    Setup {
        global,
        args,
        out: *out,
        person: Person::present(*out),
        by: args.by.clone().unwrap_or_else(env::user),
    }
    .run()
    .await
}

struct Setup<'a> {
    global: &'a Global,
    args: &'a SetupArgs,
    out: Out,
    person: Option<Person>,
    by: String,
}

impl Setup<'_> {
    fn does(&self, step: SetupStep) -> bool {
        self.args.step.is_none_or(|only| only == step)
    }

    async fn run(&self) -> anyhow::Result<Exit> {
        let tenant = self.args.tenant.as_str();
        let checked = workspace::check(&self.global.workspace)?;
        let file = TenantFile::of(&checked.project, tenant);
        // What is wrong with the tenant's own file may be what the set-up mends.
        let others = match &file {
            Some(file) => file.without(&checked.project),
            None => Checked::of(checked.project.clone()),
        };
        let Some(plan) = others
            .plan
            .clone()
            .filter(|_| !others.is_wrong())
            .map(Arc::new)
        else {
            workspace::show(&others, self.out);
            return Ok(Exit::Config);
        };
        let written = file.as_ref().map(TenantFile::json).unwrap_or_default();
        let Some(document) = self.integration(&checked.project, &written) else {
            return Ok(Exit::Usage);
        };
        let Some(Config::Integration(integration)) = &document.config else {
            return Ok(Exit::Config);
        };
        let connectors = setup_needs::connectors(&checked.project, integration);
        let secrets = Secrets::new(plan.runtime.secrets.clone(), env::clock()?);
        let mut needs =
            setup_needs::collect(&checked.project, &connectors, tenant, &written, &secrets).await;
        if !self.secrets_fit(&plan) {
            return Ok(Exit::Usage);
        }
        if let Err(misgiven) = setup_needs::give(&mut needs, self.args)? {
            self.out.talk(&format!("error: {misgiven}"));
            return Ok(Exit::Usage);
        }
        if self.person.is_none() {
            let missing = self.missing(&plan, integration, &needs).await?;
            if !missing.is_empty() {
                self.refuse(&plan, integration, &connectors, &needs, &missing);
                return Ok(Exit::Usage);
            }
        }
        if self.does(SetupStep::Agree)
            && let Some(agreement) = agreement(&plan, integration)
        {
            let what = setup_agree::Acceptance {
                tenant,
                integration: integration.name.as_str(),
                agreement,
                given: self.args.agree.as_deref(),
                by: &self.by,
            };
            let person = self.person.as_ref();
            if !setup_agree::run(self.global, &plan, what, person, self.out).await? {
                self.out
                    .talk("the agreement is not accepted; nothing else is done");
                return Ok(Exit::Failed);
            }
        }
        if self.does(SetupStep::Connect) {
            let done = self
                .connect(&checked, file, &plan, document, &connectors, &mut needs)
                .await?;
            if done != Exit::Fine {
                return Ok(done);
            }
        }
        if self.does(SetupStep::Settings)
            && let Some(wrong) = self.review().await?
        {
            return Ok(wrong);
        }
        if self.does(SetupStep::On) {
            return self.turn_on().await;
        }
        Ok(Exit::Fine)
    }

    /// The integration of the tenant: what its file says, what was asked for, or the only one there is.
    fn integration<'p>(&self, project: &'p Project, written: &Json) -> Option<&'p Document> {
        let said = written.get("integration").and_then(Json::as_str);
        let name = said.or(self.args.integration.as_deref());
        let mut all = project
            .documents
            .iter()
            .filter(|document| document.kind == Kind::Integration);
        let known: Vec<String> = all
            .clone()
            .map(|document| format!("`{}`", document.name))
            .collect();
        let found = match name {
            Some(name) => all.find(|document| &*document.name == name),
            None => all.next().filter(|_| known.len() == 1),
        };
        if found.is_none() {
            self.out.talk(&match name {
                Some(name) => format!(
                    "error: there is no integration `{name}`; there are: {}",
                    known.join(", ")
                ),
                None => format!(
                    "error: say which integration the tenant is to use with `--integration NAME`; there are: {}",
                    known.join(", ")
                ),
            });
        }
        found
    }

    /// Only files can be written; elsewhere secrets are put by other means.
    fn secrets_fit(&self, plan: &Plan) -> bool {
        let fits = self.args.secret.is_empty()
            || matches!(plan.runtime.secrets, SecretSource::Directory(_));
        if !fits {
            self.out.talk(
                "error: `--secret` stores files, and the secrets of this workspace do not come from a folder of files; \
                 put them where `secrets` of syncline.yaml says",
            );
        }
        fits
    }

    /// Everything that somebody would have to be asked.
    async fn missing(
        &self,
        plan: &Plan,
        integration: &config::Integration,
        needs: &[Need],
    ) -> anyhow::Result<Vec<Missing>> {
        let mut missing = Vec::new();
        if self.does(SetupStep::Agree)
            && self.args.agree.is_none()
            && let Some(agreement) = agreement(plan, integration)
        {
            let before = setup_agree::accepted(self.global, plan, &self.args.tenant).await?;
            if before.is_none_or(|before| before.version != *agreement.version) {
                missing.push(Missing {
                    flag: format!("--agree {}", agreement.version),
                    about: "accepts the agreement above".to_owned(),
                });
            }
        }
        if self.does(SetupStep::Connect) {
            missing.extend(
                needs
                    .iter()
                    .filter(|need| need.is_missing())
                    .map(|need| Missing {
                        flag: need.flag(),
                        about: need.about.clone(),
                    }),
            );
        }
        if self.does(SetupStep::On) && !self.args.yes {
            missing.push(Missing {
                flag: "--yes".to_owned(),
                about: "turns the integration on".to_owned(),
            });
        }
        Ok(missing)
    }

    /// Says what is missing, after the texts that tell what it is.
    fn refuse(
        &self,
        plan: &Plan,
        integration: &config::Integration,
        connectors: &[&config::Connector],
        needs: &[Need],
        missing: &[Missing],
    ) {
        if missing
            .iter()
            .any(|missing| missing.flag.starts_with("--agree"))
            && let Some(agreement) = agreement(plan, integration)
        {
            setup_agree::show(agreement, self.out);
        }
        for connector in connectors {
            let wanted = needs
                .iter()
                .any(|need| need.connector == connector.name.as_str() && need.is_missing());
            if let Some(guide) = connector
                .guide
                .as_ref()
                .filter(|_| wanted && self.does(SetupStep::Connect))
            {
                let what = connector
                    .description
                    .as_deref()
                    .unwrap_or(connector.name.as_str());
                self.out.talk(&format!("# {what}\n\n{}", guide.trim_end()));
                self.out.talk("");
            }
        }
        let width = missing
            .iter()
            .map(|missing| missing.flag.len())
            .max()
            .unwrap_or_default();
        let lines = missing.iter().map(|missing| {
            let line = format!("\n  {:width$}  {}", missing.flag, missing.about);
            line.trim_end().to_owned()
        });
        let lines: String = lines.collect();
        let lines = lines.trim_start_matches('\n');
        self.out.talk(&format!(
            "error: nobody can be asked here, and this is missing:\n{lines}"
        ));
    }

    /// Tries the accounts, then stores what was given: secrets first, so that the file never names one that is not there.
    async fn connect(
        &self,
        checked: &Checked,
        file: Option<TenantFile>,
        plan: &Arc<Plan>,
        document: &Document,
        connectors: &[&config::Connector],
        needs: &mut [Need],
    ) -> anyhow::Result<Exit> {
        let tenant = self.args.tenant.as_str();
        let Some(Config::Integration(integration)) = &document.config else {
            return Ok(Exit::Config);
        };
        let Some(compiled) = plan.integrations.get(integration.name.as_str()) else {
            return Ok(Exit::Config);
        };
        let title = match (&file, &self.args.title, &self.person) {
            (None, None, Some(person)) => {
                let answer =
                    person.answer(&format!("What people call this customer [{tenant}]: "))?;
                if answer.is_empty() {
                    tenant.to_owned()
                } else {
                    answer
                }
            }
            (_, title, _) => title.clone().unwrap_or_else(|| tenant.to_owned()),
        };
        let running = checked.plan.as_ref().filter(|_| !checked.is_wrong());
        let probe = Probe {
            global: self.global,
            plan,
            integration: compiled,
            running: running.and_then(|plan| plan.tenants.get(tenant)),
            tenant,
        };
        let person = self.person.as_ref();
        let done = setup_connect::run(&probe, connectors, needs, person, self.out).await?;
        if done != Exit::Fine {
            self.out.talk("nothing of this is stored");
            return Ok(done);
        }
        let file = match file {
            Some(mut file) => {
                setup_connect::write_into(&mut file, needs)?;
                file
            }
            None => {
                let text = setup_connect::new_text(
                    plan,
                    integration,
                    document.folder(),
                    tenant,
                    &title,
                    needs,
                );
                TenantFile::new(&checked.project, &format!("tenants/{tenant}.yaml"), text)
            }
        };
        let after = file.check(&checked.project);
        if after.is_wrong() {
            workspace::show(&after, self.out);
            self.out.talk("nothing of this is stored");
            return Ok(Exit::Config);
        }
        setup_connect::store_secrets(plan, needs, self.out)?;
        if file.is_changed() {
            file.write()?;
            self.out.talk(&format!("{} is written", file.name()));
        }
        Ok(Exit::Fine)
    }

    /// Shows the settings, and lets a person change them until nothing is left to change.
    async fn review(&self) -> anyhow::Result<Option<Exit>> {
        let tenant = self.args.tenant.as_str();
        loop {
            let checked = workspace::check(&self.global.workspace)?;
            if checked.is_wrong() {
                workspace::show(&checked, self.out);
                return Ok(Some(Exit::Config));
            }
            let choices = Choices::of(&checked.project, tenant);
            let compiled = checked
                .plan
                .as_ref()
                .and_then(|plan| plan.tenants.get(tenant));
            let (Some(choices), Some(compiled)) = (choices, compiled) else {
                return Ok(Some(super::settings::unknown(
                    &checked.project,
                    tenant,
                    self.out,
                )));
            };
            if self.out.is_json() {
                return Ok(None);
            }
            self.out.talk("");
            self.out.data(&settings_show::review(&choices, compiled));
            let Some(person) = self.person.as_ref().filter(|_| !self.args.yes) else {
                return Ok(None);
            };
            let line = person.answer("\nGROUP.FIELD=VALUE changes one, Enter goes on: ")?;
            if line.is_empty() {
                return Ok(None);
            }
            if let Err(error) = settings_change::typed(self.global, tenant, &line, self.out).await {
                self.out.error(&error);
            }
        }
    }

    async fn turn_on(&self) -> anyhow::Result<Exit> {
        let tenant = &self.args.tenant;
        if let Some(person) = self.person.as_ref().filter(|_| !self.args.yes)
            && !person.agrees("Turn the integration on now?")?
        {
            self.out.talk(&format!(
                "it is not turned on; `syncline on {tenant}` does that"
            ));
            return Ok(Exit::Fine);
        }
        let on = OnArgs {
            tenant: tenant.clone(),
            agree: None,
            by: Some(self.by.clone()),
        };
        switch::on(self.global, &on, &self.out).await
    }
}

/// What must be agreed to.
fn agreement<'p>(
    plan: &'p Plan,
    integration: &config::Integration,
) -> Option<&'p crate::lang::plan::Agreement> {
    let integration = plan.integrations.get(integration.name.as_str())?;
    integration.agreement.as_ref()
}
