//! What the accounts of a tenant need, what is there already, and what the command line gives.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::Context as _;
use serde_json::Value as Json;

use super::args::SetupArgs;
use crate::engine::connect::Secrets;
use crate::lang::config::{self, Kind, ParamScope, ParamType};
use crate::lang::edit;
use crate::lang::load::Project;

/// A value that an account needs.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) connector: String,
    pub(super) param: String,
    pub(super) type_: ParamType,
    pub(super) about: String,
    /// Of a secret: the name it is kept under.
    pub(super) secret: Option<String>,
    /// Set in `syncline.yaml`, for all tenants.
    pub(super) shared: bool,
    required: bool,
    /// What the file says now, or the default; of a secret, its reference.
    pub(super) known: Option<Json>,
    /// Of a secret: whether it can be had.
    stored: bool,
    /// What was given instead. Of a secret it is the secret.
    pub(super) given: Option<Json>,
}

/// A command line that asks for what is not there; shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Misgiven {
    #[error("`--set {0}` is not ACCOUNT.PARAM=VALUE")]
    Assignment(String),
    #[error(
        "`--secret {0}` is not NAME=@FILE or NAME=-; a secret is not given on the command line itself, where others can read it"
    )]
    Secret(String),
    #[error("there is no `{name}` to set; there are: {known}")]
    Unknown { name: String, known: String },
    #[error("`{0}` is a secret: give it with `--secret {0}=@FILE`")]
    IsSecret(String),
    #[error("`{0}` is the same for all tenants: set it in syncline.yaml, under `apps`")]
    IsShared(String),
    #[error("there is no secret `{name}` here; there are: {known}")]
    UnknownSecret { name: String, known: String },
    #[error("only one secret can come from standard input")]
    StdinTwice,
    #[error("the secret `{0}` is empty")]
    EmptySecret(String),
}

impl Need {
    /// `ACCOUNT.PARAM`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.connector, self.param)
    }

    /// Whether the account cannot do without, and nobody has given it.
    pub(super) fn is_missing(&self) -> bool {
        let had = match &self.secret {
            Some(_) => self.stored,
            None => self.known.is_some(),
        };
        self.required && !had && self.given.is_none()
    }

    /// Whether the account does without: nobody has given it, and nobody must.
    pub(super) fn is_left_out(&self) -> bool {
        !self.required && !self.stored && self.known.is_none() && self.given.is_none()
    }

    /// The flag that gives it.
    pub(super) fn flag(&self) -> String {
        match &self.secret {
            Some(_) => format!("--secret {}=@FILE", self.name()),
            None => format!("--set {}=VALUE", self.name()),
        }
    }

    /// Takes an answer in, by the type of the param.
    pub(super) fn take(&mut self, text: &str) {
        self.given = Some(match (&self.secret, self.type_) {
            (Some(_), _) | (None, ParamType::Text) => text.into(),
            (None, ParamType::Integer | ParamType::Boolean) => {
                edit::value(text).unwrap_or_else(|| text.into())
            }
        });
    }
}

/// The connectors of an integration, in its order.
pub(super) fn connectors<'p>(
    project: &'p Project,
    integration: &config::Integration,
) -> Vec<&'p config::Connector> {
    let names = integration.connectors.iter();
    names
        .filter_map(|name| project.connector(name.as_str()))
        .collect()
}

/// What the accounts of `tenant` need. `written` is its file as it stands, null when there is none yet.
pub(super) async fn collect(
    project: &Project,
    connectors: &[&config::Connector],
    tenant: &str,
    written: &Json,
    secrets: &Secrets,
) -> Vec<Need> {
    let runtime = project
        .documents
        .iter()
        .find(|document| document.kind == Kind::Runtime)
        .map(|document| &document.json);
    let mut needs = Vec::new();
    for connector in connectors {
        let name = connector.name.as_str();
        for (param, declared) in &connector.params {
            let shared = declared.per == ParamScope::App;
            let (holder, section) = if shared {
                (runtime, "apps")
            } else {
                (Some(written), "accounts")
            };
            let said =
                holder.and_then(|holder| holder.get(section)?.get(name)?.get(param.as_str()));
            let default = declared.default.as_ref().map(|default| &default.0);
            let secret = declared.secret.then(|| {
                let named = said.and_then(|said| said.get("secret")?.as_str());
                named.map_or_else(|| format!("{tenant}/{name}/{param}"), str::to_owned)
            });
            let stored = match &secret {
                Some(secret) => secrets.resolve(secret).await.is_ok(),
                None => false,
            };
            needs.push(Need {
                connector: name.to_owned(),
                param: param.clone(),
                type_: declared.type_,
                about: declared.description.clone().unwrap_or_default(),
                secret,
                shared,
                required: declared.required.unwrap_or(default.is_none()),
                known: said.or(default).cloned(),
                stored,
                given: None,
            });
        }
    }
    needs
}

/// Takes in what the command line gives.
pub(super) fn give(needs: &mut [Need], args: &SetupArgs) -> anyhow::Result<Result<(), Misgiven>> {
    for written in &args.set {
        if let Err(misgiven) = give_value(needs, written) {
            return Ok(Err(misgiven));
        }
    }
    let mut from_stdin = false;
    for written in &args.secret {
        let Some((name, source)) = written.split_once('=') else {
            // What was typed is not repeated: it may be the secret.
            return Ok(Err(Misgiven::Secret("…".to_owned())));
        };
        let named = |need: &Need| {
            need.secret.as_deref() == Some(name) || (need.secret.is_some() && need.name() == name)
        };
        if !needs.iter().any(named) {
            let known = listed(needs.iter().filter(|need| need.secret.is_some()));
            let name = name.to_owned();
            return Ok(Err(Misgiven::UnknownSecret { name, known }));
        }
        let text = match source.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file)
                .with_context(|| format!("the secret {name} cannot be read from {file}"))?,
            None if source == "-" && from_stdin => return Ok(Err(Misgiven::StdinTwice)),
            None if source == "-" => {
                from_stdin = true;
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .with_context(|| {
                        format!("the secret {name} cannot be read from standard input")
                    })?;
                text
            }
            None => return Ok(Err(Misgiven::Secret(format!("{name}=…")))),
        };
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Ok(Err(Misgiven::EmptySecret(name.to_owned())));
        }
        for need in needs.iter_mut().filter(|need| named(need)) {
            need.take(text);
        }
    }
    Ok(Ok(()))
}

fn give_value(needs: &mut [Need], written: &str) -> Result<(), Misgiven> {
    let (name, text) = written
        .split_once('=')
        .ok_or_else(|| Misgiven::Assignment(written.to_owned()))?;
    let known = || {
        listed(
            needs
                .iter()
                .filter(|need| need.secret.is_none() && !need.shared),
        )
    };
    let Some(at) = needs.iter().position(|need| need.name() == name) else {
        return Err(Misgiven::Unknown {
            name: name.to_owned(),
            known: known(),
        });
    };
    let need = &mut needs[at];
    if need.secret.is_some() {
        return Err(Misgiven::IsSecret(name.to_owned()));
    }
    if need.shared {
        return Err(Misgiven::IsShared(name.to_owned()));
    }
    need.take(text);
    Ok(())
}

fn listed<'n>(needs: impl Iterator<Item = &'n Need>) -> String {
    let names: Vec<String> = needs.map(|need| format!("`{}`", need.name())).collect();
    names.join(", ")
}

/// What is given, by secret: several params may share one.
pub(super) fn given_secrets(needs: &[Need]) -> BTreeMap<&str, &str> {
    needs
        .iter()
        .filter_map(|need| Some((need.secret.as_deref()?, need.given.as_ref()?.as_str()?)))
        .collect()
}
