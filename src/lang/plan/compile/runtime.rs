//! `kind: runtime` compiled: the process, and the values that all tenants share.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::access;
use super::context::Apis;
use super::site::Site;
use super::tenant::{self, Apps};
use super::values::all;
use crate::lang::config::{self, Grant, ParamScope};
use crate::lang::diag::Code;
use crate::lang::plan::{Runtime, SecretSource};

/// The store of a workspace that does not name one.
const STORE: &str = "syncline.db";

/// The secrets of a workspace that does not say where they are.
const SECRETS: &str = "SYNCLINE_SECRET_";

/// Where webhooks are awaited when a workspace does not say it: on this machine alone.
const HOOKS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7810);

/// Where the admin listener is when a workspace does not say it: on this machine alone.
const ADMIN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7811);

/// The process; as everything is by default when there is no `kind: runtime`.
pub(super) fn compile(workspace: &Path, config: Option<&config::Runtime>) -> Runtime {
    let store = config
        .and_then(|config| config.store.as_ref())
        .map_or(STORE, |name| name.as_str());
    let secrets = config.and_then(|config| config.secrets.as_ref());
    Runtime {
        workspace: workspace.to_owned(),
        store: workspace.join(store),
        hooks: config
            .and_then(|config| config.listen.as_ref()?.hooks.as_deref()?.parse().ok())
            .unwrap_or(HOOKS),
        admin: config
            .and_then(|config| config.listen.as_ref()?.admin.as_deref()?.parse().ok())
            .unwrap_or(ADMIN),
        access: config.map(access::compile).unwrap_or_default(),
        sealing_key: config
            .and_then(|config| config.sealing_key.as_ref())
            .map(|key| key.secret.as_str().into()),
        secrets: secrets.map_or_else(
            || SecretSource::Environment(SECRETS.into()),
            |it| source(workspace, it),
        ),
    }
}

fn source(workspace: &Path, written: &config::SecretSource) -> SecretSource {
    if let Some(directory) = &written.directory {
        return SecretSource::Directory(PathBuf::from(workspace).join(directory.as_str()));
    }
    if let Some(command) = &written.command {
        return SecretSource::Command(
            command
                .run
                .iter()
                .map(|word| word.as_str().into())
                .collect(),
        );
    }
    SecretSource::Environment(written.environment.as_deref().unwrap_or(SECRETS).into())
}

/// Checks what the runtime says beside the shared params.
pub(super) fn check(site: &Site<'_>, config: &config::Runtime) {
    access::check(site, config);
    let listen = config.listen.as_ref();
    let hooks = listen.and_then(|it| it.hooks.as_deref());
    let admin = listen.and_then(|it| it.admin.as_deref());
    for (name, at) in [("hooks", hooks), ("admin", admin)] {
        let Some(at) = at.filter(|at| at.parse::<SocketAddr>().is_err()) else {
            continue;
        };
        site.key("listen")
            .key(name)
            .fault(
                Code::BadValue,
                format!("`{at}` is not an address to listen at"),
            )
            .label("must be an IP address and a port")
            .help("`127.0.0.1:7810` is this machine alone, `0.0.0.0:7810` is every network of it")
            .report();
    }
    let Some(command) = config
        .secrets
        .as_ref()
        .and_then(|secrets| secrets.command.as_ref())
    else {
        return;
    };
    let place = site.key("secrets").key("command").key("run");
    if command.run.is_empty() {
        place
            .fault(Code::EmptyList, "a command without a program")
            .label("names nothing to run")
            .report();
    } else if !command
        .run
        .iter()
        .any(|word| word.contains("{{ name }}") || word.contains("{{name}}"))
    {
        place
            .fault(
                Code::BadSecret,
                "the command gives every secret the same value",
            )
            .label("does not mention `{{ name }}`")
            .help("put `\"{{ name }}\"` where the name of the secret goes")
            .report();
    }
}

/// A refresh token that changes with every use must be kept, and nothing is kept in the open (S25).
pub(super) fn sealing(config: Option<&config::Runtime>, apis: &Apis<'_>, used: &[&str]) {
    if config.is_some_and(|config| config.sealing_key.is_some()) {
        return;
    }
    for api in used.iter().filter_map(|name| apis.get(name)?.as_ref()) {
        let grant = api.config.auth.oauth2.as_ref().map(|oauth2| oauth2.grant);
        if grant == Some(Grant::RefreshToken) {
            let place = api.site.key("auth").key("oauth2").key("grant");
            place
                .fault(
                    Code::SealingKeyMissing,
                    "the refresh tokens of this grant must be kept, and there is no key to seal them with",
                )
                .label("changes its token with every use")
                .help("name a secret in `syncline.yaml`: `sealing_key: { secret: syncline/sealing_key }`")
                .report();
        }
    }
}

/// The values of params with `per: app`, for the connectors that are used. None when one is missing or wrong.
pub(super) fn apps(
    site: Option<&Site<'_>>,
    config: Option<&config::Runtime>,
    apis: &Apis<'_>,
    used: &[&str],
) -> Option<Apps> {
    if let (Some(site), Some(config)) = (site, config) {
        for name in config
            .apps
            .keys()
            .filter(|name| !apis.contains_key(name.as_str()))
        {
            super::values::Unknown {
                code: Code::UnknownConnector,
                what: "connector",
                of: None,
                several: "connectors",
            }
            .at_key(
                &site.key("apps").key(name.as_str()),
                name,
                apis.keys().copied(),
            );
        }
    }
    let compiled = all(used.iter().filter_map(|name| {
        let api = apis.get(name)?.as_ref()?;
        let written = config.and_then(|config| config.apps.get(*name));
        let place = site.map(|site| site.key("apps").key(*name));
        if let Some(place) = &place {
            tenant::check_params(place, written, api, ParamScope::App);
        }
        let shared = api
            .config
            .params
            .iter()
            .filter(|(_, param)| param.per == ParamScope::App);
        let values = all(shared.map(|(param_name, param)| {
            let given = written.and_then(|written| written.get(param_name));
            let value = match (given, &param.default) {
                (Some(given), _) => {
                    let place = place.as_ref()?.key(param_name.as_str());
                    Some(tenant::value(&place, param_name, param, &given.0)?)
                }
                (None, Some(default)) => {
                    Some(crate::lang::plan::ParamValue::Literal(default.0.clone()))
                }
                (None, None) if param.required == Some(false) => None,
                (None, None) => {
                    // Without a `kind: runtime` the param itself is the nearest place there is.
                    let otherwise = api.site.key("params").key(param_name.as_str());
                    tenant::missing(
                        place.as_ref().unwrap_or(&otherwise),
                        name,
                        param_name,
                        param,
                    );
                    return None;
                }
            };
            Some(value.map(|value| (Arc::from(param_name.as_str()), value)))
        }));
        let values = values.map(|values| values.into_iter().flatten().collect::<IndexMap<_, _>>());
        Some(values.map(|values| ((*name).to_owned(), values)))
    }))?;
    Some(compiled.into_iter().collect())
}
