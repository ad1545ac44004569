//! `kind: tenant` compiled: accounts, limits of its own, and the settings that hold for it and for its subjects.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::connector::{self, Api};
use super::durations::duration;
use super::effective::{self, Chooser};
use super::integration::Compiled;
use super::params;
use super::realm::Realm;
use super::scope;
use super::site::Site;
use super::values::{Unknown, all, optional};
use crate::lang::config::{self, ParamScope, text::Literal};
use crate::lang::diag::Code;
use crate::lang::expr::Type;
use crate::lang::plan::{Account, Digest, ParamValue, Settings, Tenant};

/// Values of params that all tenants share, by connector.
pub(super) type Apps = IndexMap<String, IndexMap<Arc<str>, ParamValue>>;

/// Compiles one tenant. `integration` is none when its document is broken.
pub(super) fn compile<'p>(
    site: &Site<'p>,
    config: &'p config::Tenant,
    integration: &Compiled<'_, 'p>,
    apps: &Apps,
    digest: Digest,
) -> Option<Tenant> {
    let realm = &integration.realm;
    check_accounts(realm, site, config);
    let accounts = all(realm.config.connectors.iter().map(|name| {
        let api = realm.apis.get(name.as_str())?.as_ref()?;
        let account = account(realm, site, config, api, apps)?;
        Some((Arc::from(name.as_str()), account))
    }));
    let own = Chooser {
        site: site.key("settings"),
        chosen: &config.settings,
    };
    effective::check(realm, &own);
    let choosers = [own];
    let settings = effective::settings(realm, &choosers);
    let [own] = choosers;
    let overrides = overrides(realm, site, config, &own);
    Some(Tenant {
        name: config.name.as_str().into(),
        title: config.title.as_str().into(),
        digest,
        integration: Arc::clone(integration.plan.as_ref()?),
        accounts: accounts?.into_iter().collect(),
        settings: Arc::new(settings?),
        overrides: overrides?,
    })
}

fn overrides<'p>(
    realm: &Realm<'_, 'p>,
    site: &Site<'p>,
    config: &'p config::Tenant,
    own: &Chooser<'_, 'p>,
) -> Option<HashMap<Arc<str>, Arc<Settings>>> {
    let root = site.key("overrides");
    if !config.overrides.is_empty() && realm.config.subjects.is_none() {
        root.fault_key(Code::UnknownSubject, "the integration has no `subjects`")
            .label("overrides are per subject")
            .also(realm.site.key("name").span(), "this integration has none")
            .help("put what the tenant chose under `settings`")
            .report();
    }
    let compiled = all(config.overrides.iter().map(|(subject, written)| {
        check_subject(realm, &root.key(subject.as_str()), subject);
        let place = root.key(subject.as_str()).key("settings");
        let inner = Chooser {
            site: place,
            chosen: &written.settings,
        };
        effective::check(realm, &inner);
        let own = Chooser {
            site: own.site.clone(),
            chosen: own.chosen,
        };
        let settings = effective::settings(realm, &[own, inner])?;
        Some((Arc::from(subject.as_str()), Arc::new(settings)))
    }));
    Some(compiled?.into_iter().collect())
}

/// A key that no record can have is the key of nobody.
fn check_subject(realm: &Realm<'_, '_>, site: &Site<'_>, subject: &str) {
    let number = !subject.is_empty() && subject.bytes().all(|byte| byte.is_ascii_digit());
    let label = if subject.is_empty() {
        "is empty"
    } else if realm.subject_key() == Type::Int && !number {
        "is a number in every record"
    } else {
        return;
    };
    site.fault_key(
        Code::OverrideUnknownSubjectKey,
        format!("`{subject}` is the key of no subject"),
    )
    .label(label)
    .also(
        realm.site.key("subjects").key("key").span(),
        "how the key is read",
    )
    .help("overrides are under the key; the name goes under `title`")
    .report();
}

fn check_accounts(realm: &Realm<'_, '_>, site: &Site<'_>, config: &config::Tenant) {
    let known = |name: &str| {
        realm
            .config
            .connectors
            .iter()
            .any(|one| one.as_str() == name)
    };
    let named = [("accounts", config.accounts.keys().collect::<Vec<_>>())]
        .into_iter()
        .chain([("connectors", config.connectors.keys().collect())]);
    for (key, names) in named {
        for name in names.into_iter().filter(|name| !known(name)) {
            Unknown {
                code: Code::UnknownAccount,
                what: "connector",
                of: None,
                several: "connectors of the integration",
            }
            .at_key(
                &site.key(key).key(name.as_str()),
                name,
                realm
                    .config
                    .connectors
                    .iter()
                    .map(config::text::Name::as_str),
            );
        }
    }
}

fn account(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    config: &config::Tenant,
    api: &Api<'_>,
    apps: &Apps,
) -> Option<Account> {
    let name = api.config.name.as_str();
    let place = site.key("accounts").key(name);
    let written = config.accounts.get(name);
    let shared = apps.get(name);
    let mut values = IndexMap::new();
    let mut sound = true;
    check_params(&place, written, api, ParamScope::Tenant);
    for (param_name, param) in &api.config.params {
        if param.per == ParamScope::App {
            values.extend(
                shared
                    .and_then(|shared| shared.get_key_value(param_name.as_str()))
                    .map(|(name, value)| (Arc::clone(name), value.clone())),
            );
            continue;
        }
        let given = written.and_then(|written| written.get(param_name));
        match given {
            Some(given) => {
                match value(&place.key(param_name.as_str()), param_name, param, &given.0) {
                    Some(value) => {
                        values.insert(Arc::from(param_name.as_str()), value);
                    }
                    None => sound = false,
                }
            }
            None => match &param.default {
                Some(default) => {
                    let value = ParamValue::Literal(default.0.clone());
                    values.insert(Arc::from(param_name.as_str()), value);
                }
                None if param.required == Some(false) => {}
                None => {
                    missing(&place, name, param_name, param);
                    sound = false;
                }
            },
        }
    }
    let connector = with_limits(realm, site, config, api);
    sound.then_some(())?;
    Some(Account {
        connector: connector?,
        params: values,
    })
}

/// The connector with the tenant's limits put over its own.
fn with_limits(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    config: &config::Tenant,
    api: &Api<'_>,
) -> Option<Arc<crate::lang::plan::Connector>> {
    let name = api.config.name.as_str();
    let plan = api.plan.as_ref();
    let Some(written) = config.connectors.get(name) else {
        return plan.cloned();
    };
    let site = site.key("connectors").key(name);
    let scope = scope::of_params(Type::Any);
    let limits = optional(written.limits.as_ref(), |limits| {
        let site = site.key("limits");
        all(limits
            .iter()
            .enumerate()
            .map(|(index, limit)| connector::limit(realm.cx, &site.index(index), limit, &scope)))
    });
    let timeout = optional(written.timeout.as_ref(), |text| {
        duration(&site.key("timeout"), text)
    });
    let settle = optional(written.settle.as_ref(), |it| {
        connector::settle(&site.key("settle"), it)
    });
    let mut own = plan?.as_ref().clone();
    let retry = connector::retry(&site.key("retry"), written.retry.as_ref(), own.retry);
    own.limits = limits?.unwrap_or(own.limits);
    own.concurrency = written.concurrency.unwrap_or(own.concurrency);
    own.timeout = timeout?.unwrap_or(own.timeout);
    own.retry = retry?;
    own.settle = settle?.or(own.settle);
    Some(Arc::new(own))
}

/// Names that are no params, or that are given in the other place.
pub(super) fn check_params(
    site: &Site<'_>,
    written: Option<&IndexMap<String, Literal>>,
    api: &Api<'_>,
    given_by: ParamScope,
) {
    for name in written.into_iter().flat_map(IndexMap::keys) {
        let place = site.key(name.as_str());
        let connector = api.config.name.as_str();
        match api.config.params.get(name) {
            Some(param) if param.per == given_by => {}
            Some(_) => {
                let (label, help) = match given_by {
                    ParamScope::Tenant => (
                        "is the same for all tenants",
                        format!("set it in `syncline.yaml`, under `apps`, `{connector}`"),
                    ),
                    ParamScope::App => (
                        "differs from tenant to tenant",
                        format!("set it in each tenant, under `accounts`, `{connector}`"),
                    ),
                };
                place
                    .fault_key(Code::UnknownParam, format!("`{name}` is not given here"))
                    .label(label)
                    .help(help)
                    .report();
            }
            None => {
                let here = api
                    .config
                    .params
                    .iter()
                    .filter(|(_, param)| param.per == given_by);
                Unknown {
                    code: Code::UnknownParam,
                    what: "param",
                    of: None,
                    several: &format!("params of `{connector}` here"),
                }
                .at_key(&place, name, here.map(|(name, _)| name.as_str()));
            }
        }
    }
}

/// A param that nobody gives.
pub(super) fn missing(site: &Site<'_>, connector: &str, name: &str, param: &config::Param) {
    let example = if param.secret {
        format!("{name}: {{ secret: … }}")
    } else {
        format!("{name}: …")
    };
    site.fault_key(
        Code::MissingAccountParam,
        format!("`{connector}` needs `{name}`"),
    )
    .label(format!("`{name}` is not given"))
    .help_opt(
        param
            .description
            .as_ref()
            .map(|about| format!("`{name}`: {}", about.trim_end_matches('.'))),
    )
    .help(format!("add `{example}`"))
    .report();
}

/// The value of a param: a secret by its name, anything else as it is.
pub(super) fn value(
    site: &Site<'_>,
    name: &str,
    param: &config::Param,
    written: &Json,
) -> Option<ParamValue> {
    let secret = written
        .as_object()
        .map(|members| secret_name(site, members));
    match (secret, param.secret) {
        (Some(secret), true) => secret.map(ParamValue::Secret),
        (Some(_), false) => {
            site.fault(Code::BadSecret, format!("`{name}` is no secret"))
                .label("is a value that pipelines may read")
                .help(format!(
                    "write it as it is, or give the param `secret: true` in the connector: {name}"
                ))
                .report();
            None
        }
        (None, true) => {
            site.fault(Code::SecretInPlainText, format!("the secret `{name}` stands in plain text"))
                .label("would be in every copy of this file")
                .help(format!("write `{name}: {{ secret: some/name }}` and put the value where `secrets` of `syncline.yaml` says"))
                .report();
            None
        }
        (None, false) if params::fits(param.type_, written) => {
            Some(ParamValue::Literal(written.clone()))
        }
        (None, false) => {
            let what = params::type_name(param.type_);
            site.fault(Code::WrongType, format!("`{name}` is not {what}"))
                .label(format!("must be {what}"))
                .report();
            None
        }
    }
}

fn secret_name(site: &Site<'_>, members: &serde_json::Map<String, Json>) -> Option<Arc<str>> {
    let name = members
        .get("secret")
        .and_then(Json::as_str)
        .filter(|_| members.len() == 1);
    let sound = name.filter(|name| {
        !name.is_empty()
            && !name.starts_with('/')
            && !name.split('/').any(|part| part == ".." || part.is_empty())
    });
    if sound.is_none() {
        site.fault(Code::BadSecret, "this does not name a secret")
            .label("must be `{ secret: some/name }`")
            .help("a name is words with `/` between them, without `..`")
            .report();
    }
    sound.map(Arc::from)
}
