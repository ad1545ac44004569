//! What all connections share, and how one is opened from the plan.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use url::Url;

use super::auth::{Authorizer, Grants, TokenCache, TokenParts, TokenSource, TokenVault, VaultKey};
use super::classify::{Classifier, Endpoint};
use super::client::{Client, ClientError, Redirects};
use super::connection::Connection;
use super::encode;
use super::gate::AccountGate;
use super::limit::Rate;
use super::redact::Redactor;
use super::request::{Base, header};
use super::script::Script;
use super::secrets::{Secret, SecretError, Secrets};
use super::turnstile::{Turnstile, WindowName, Windows};
use crate::engine::clock::Clock;
use crate::engine::record::{ConnectorName, Identity, TenantName};
use crate::engine::telemetry::Metrics;
use crate::lang::expr::{Datum, Scope, Template};
use crate::lang::plan::{Account, ApiKeyPlace, Auth, Connector, Oauth2, ParamValue};

/// Longest reply that is read.
const MAX_BODY: usize = 16 << 20;

/// What all connections of the process share.
#[derive(Debug)]
pub struct Network {
    client: Client,
    clock: Clock,
    tracker: TaskTracker,
    vault: Option<Arc<dyn TokenVault>>,
    turnstiles: Mutex<HashMap<ConnectorName, Arc<Turnstile>>>,
    /// Tokens that stay good over a reload, by account and what they were asked with.
    tokens: Mutex<HashMap<VaultKey, HashMap<blake3::Hash, Arc<TokenCache>>>>,
    /// How accounts fare and what they have on the wire, over a reload, while they are opened with the same values.
    kept: Mutex<HashMap<VaultKey, HashMap<blake3::Hash, Weak<Kept>>>>,
    metrics: Arc<Metrics>,
}

/// What stays of an account over a reload.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) gate: Arc<AccountGate>,
    /// Requests that may be on the wire at once.
    pub(super) slots: Semaphore,
}

/// The rate windows of a connector that allow the same: how near the nearest of them is to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Of which connector.
    pub connector: ConnectorName,
    /// So many requests are allowed
    pub requests: u32,
    /// in this time.
    pub per: Duration,
    /// So many may leave at once.
    pub left: u32,
}

impl Budget {
    /// The window as people write it: `300/1m`.
    pub fn window(&self) -> String {
        let per = humantime::format_duration(self.per).to_string();
        format!("{}/{}", self.requests, per.replace(' ', ""))
    }
}

/// Why a connection cannot be opened. The texts hold no secret.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// A secret of the account is missing or wrong.
    #[error("tenant `{tenant}`, connector `{connector}`, param `{param}`: {source}")]
    Secret {
        /// Whose.
        tenant: TenantName,
        /// With which connector.
        connector: ConnectorName,
        /// Which param.
        param: Arc<str>,
        /// What is wrong with it.
        source: SecretError,
    },
    /// A value of the connector cannot be made from the account's params.
    #[error("tenant `{tenant}`, connector `{connector}`: `{what}` cannot be used: {cause}")]
    Value {
        /// Whose.
        tenant: TenantName,
        /// With which connector.
        connector: ConnectorName,
        /// Which value, as the YAML names it.
        what: String,
        /// Why.
        cause: String,
    },
}

impl Network {
    /// Builds what connections share. Token requests run as tasks of `tracker`; without a `vault` no account with
    /// the `refresh_token` grant gets a token.
    ///
    /// # Errors
    /// When the machine's root certificates cannot be loaded.
    pub fn new(
        clock: Clock,
        tracker: TaskTracker,
        vault: Option<Arc<dyn TokenVault>>,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            client: Client::new(clock.clone())?,
            clock,
            tracker,
            vault,
            turnstiles: Mutex::default(),
            tokens: Mutex::default(),
            kept: Mutex::default(),
            metrics: Arc::default(),
        })
    }

    /// Its requests are counted there.
    #[must_use]
    pub fn counted_by(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The rate windows in use.
    pub fn budgets(&self) -> Vec<Budget> {
        let turnstiles = self
            .turnstiles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut least = BTreeMap::new();
        for (connector, turnstile) in turnstiles {
            for (rate, left) in turnstile.left() {
                let window = (connector.clone(), rate.requests, rate.per);
                let known = least.entry(window).or_insert(left);
                *known = left.min(*known);
            }
        }
        let budgets = least.into_iter();
        budgets
            .map(|((connector, requests, per), left)| Budget {
                connector,
                requests,
                per,
                left,
            })
            .collect()
    }

    /// What connections share when a script answers in place of the network. Nothing is authorised, and secrets are
    /// made up.
    pub fn scripted(clock: Clock, script: Arc<dyn Script>) -> Self {
        Self {
            client: Client::scripted(clock.clone(), script),
            clock,
            tracker: TaskTracker::new(),
            vault: None,
            turnstiles: Mutex::default(),
            tokens: Mutex::default(),
            kept: Mutex::default(),
            metrics: Arc::default(),
        }
    }

    /// Opens a tenant's account with a connector: resolves its secrets and renders what stays the same. Sends
    /// nothing.
    ///
    /// # Errors
    /// The first thing that is wrong with the account's values.
    pub async fn open(
        &self,
        tenant: &TenantName,
        account: &Account,
        secrets: &Secrets,
    ) -> Result<Arc<Connection>, ConnectError> {
        let connector = &account.connector;
        let name = ConnectorName::from(connector.name.as_ref());
        // One for the process: what one account's API repeats may be another's secret (P9).
        let redactor = secrets.redactor().clone();
        let mut params: Vec<(String, Datum)> = Vec::new();
        let mut open_params: Vec<(String, Datum)> = Vec::new();
        for (param, declared) in &connector.params {
            let mut hidden = declared.secret;
            let datum = match given(account, param) {
                None => Datum::Null,
                Some(ParamValue::Literal(value)) => literal(value),
                Some(ParamValue::Secret(name)) if self.client.is_scripted() => {
                    hidden = true;
                    Datum::from(format!("secret:{name}"))
                }
                Some(ParamValue::Secret(secret)) => {
                    hidden = true;
                    let resolved = secrets.resolve(&secret).await;
                    let secret = resolved.map_err(|source| ConnectError::Secret {
                        tenant: tenant.clone(),
                        connector: name.clone(),
                        param: Arc::clone(param),
                        source,
                    })?;
                    Datum::from(secret.expose())
                }
            };
            if !hidden {
                open_params.push((param.to_string(), datum.clone()));
            } else if let Some(text) = datum.as_str() {
                redactor.add(&Secret::new(text.to_owned()));
            }
            params.push((param.to_string(), datum));
        }
        let opening = Opening {
            network: self,
            tenant,
            name,
            account,
            connector,
            params: Datum::map(params),
            redactor,
            secrets,
        };
        opening.connection(Datum::map(open_params))
    }

    fn turnstile(&self, connector: &ConnectorName) -> Arc<Turnstile> {
        let mut turnstiles = self
            .turnstiles
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Turnstile::new(self.clock.clone()));
        Arc::clone(turnstiles.entry(connector.clone()).or_insert_with(made))
    }

    /// What is kept of an account: what there is, where it was opened alike before and is still in use.
    fn kept(
        &self,
        key: VaultKey,
        identity: &Identity,
        connector: &Connector,
        params: &Datum,
    ) -> Arc<Kept> {
        let with = opened_with(identity, connector, params);
        let mut all = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{}/{identity}", key.tenant);
        let of_it = all.entry(key).or_default();
        of_it.retain(|_, kept| kept.strong_count() > 0);
        let kept = of_it.entry(with).or_default();
        kept.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(Kept {
                gate: AccountGate::new(&name, self.clock.clone()),
                slots: Semaphore::new(connector.concurrency.max(1) as usize),
            });
            *kept = Arc::downgrade(&fresh);
            fresh
        })
    }

    fn tokens(&self, key: &VaultKey, asked_with: blake3::Hash) -> Arc<TokenCache> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // Of one account only what is used by a living connection or by this one is kept.
        let of_it = tokens.entry(key.clone()).or_default();
        of_it.retain(|with, cache| *with == asked_with || Arc::strong_count(cache) > 1);
        Arc::clone(of_it.entry(asked_with).or_default())
    }
}

/// What tells one opening of an account from another: whose it is, how, and with which values.
fn opened_with(identity: &Identity, connector: &Connector, params: &Datum) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let params = params.to_json().unwrap_or_default().to_string();
    for part in [
        identity.as_str(),
        &connector.concurrency.to_string(),
        &params,
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize()
}

fn literal(value: Value) -> Datum {
    if value.is_null() {
        Datum::Null
    } else {
        Datum::from(value)
    }
}

/// What the account gives for a param, else its default.
fn given(account: &Account, param: &str) -> Option<ParamValue> {
    let default = || account.connector.params.get(param)?.default.clone();
    account
        .params
        .get(param)
        .cloned()
        .or_else(|| default().map(ParamValue::Literal))
}

/// A connection while it is put together.
struct Opening<'o> {
    network: &'o Network,
    tenant: &'o TenantName,
    name: ConnectorName,
    account: &'o Account,
    connector: &'o Arc<Connector>,
    params: Datum,
    redactor: Redactor,
    secrets: &'o Secrets,
}

impl Opening<'_> {
    fn connection(self, account: Datum) -> Result<Arc<Connection>, ConnectError> {
        let connector = self.connector;
        let base_url = self.text("base_url", &connector.base_url)?;
        let parsed = self.url("base_url", &base_url)?;
        let plain = base_url.trim_end_matches('/').to_owned();
        let mut roots = Vec::new();
        for (root, template) in &connector.roots {
            let mut address = plain.clone();
            template
                .render_encoded(&self.scope(), &mut address, encode::segment)
                .map_err(|error| self.wrong(&format!("roots.{root}"), &error.to_string()))?;
            self.url(&format!("roots.{root}"), &address)?;
            roots.push((Arc::clone(root), address.trim_end_matches('/').to_owned()));
        }
        let mut headers = HeaderMap::new();
        for (header_name, template) in &connector.headers {
            let what = format!("headers.{header_name}");
            let text = self.text(&what, template)?;
            let (header_name, mut value) = header(header_name, &text)
                .ok_or_else(|| self.wrong(&what, "it is no legal header"))?;
            // It may hold a secret; none is ever needed in a log.
            value.set_sensitive(true);
            headers.insert(header_name, value);
        }
        let identity = self.identity()?;
        let turnstile = self.network.turnstile(&self.name);
        let windows = Arc::new(self.windows(&turnstile, &identity)?);
        let classifier = Classifier::new(
            connector.errors.iter().cloned(),
            Endpoint::Api,
            self.params.clone(),
            self.redactor.clone(),
        );
        let auth = if self.network.client.is_scripted() {
            Authorizer::None
        } else {
            self.auth(&turnstile, &windows)?
        };
        let mut download_hosts = Vec::new();
        for host in &connector.download_hosts {
            let text = self.text("download_hosts", host)?;
            let hosts = text
                .split(',')
                .map(str::trim)
                .filter(|host| !host.is_empty());
            download_hosts.extend(hosts.map(str::to_ascii_lowercase));
        }
        let key = VaultKey {
            tenant: self.tenant.clone(),
            connector: self.name.clone(),
        };
        let kept = self.network.kept(key, &identity, connector, &self.params);
        Ok(Arc::new(Connection {
            tenant: self.tenant.clone(),
            download_hosts,
            gate: kept.gate.clone(),
            kept,
            identity,
            base: Base::new(&parsed, plain, roots, connector.query_lists),
            base_url: parsed,
            headers,
            auth,
            classifier,
            turnstile,
            windows,
            meter: self.network.metrics.http(&connector.name),
            client: self.network.client.clone(),
            clock: self.network.clock.clone(),
            redactor: self.redactor,
            account,
            params: self.params,
            max_body: MAX_BODY,
            connector: Arc::clone(connector),
        }))
    }

    fn scope(&self) -> Scope<'static> {
        Scope::new().with("params", self.params.clone())
    }

    fn wrong(&self, what: &str, cause: &str) -> ConnectError {
        ConnectError::Value {
            tenant: self.tenant.clone(),
            connector: self.name.clone(),
            what: what.to_owned(),
            cause: self.redactor.clean(cause),
        }
    }

    fn text(&self, what: &str, template: &Template) -> Result<String, ConnectError> {
        let mut text = String::new();
        template
            .render(&self.scope(), &mut text)
            .map_err(|error| self.wrong(what, &error.to_string()))?;
        Ok(text)
    }

    fn optional(&self, what: &str, template: Option<&Template>) -> Result<String, ConnectError> {
        template.map_or(Ok(String::new()), |template| self.text(what, template))
    }

    fn secret(&self, what: &str, template: &Template) -> Result<Secret, ConnectError> {
        let secret = Secret::new(self.text(what, template)?);
        self.redactor.add(&secret);
        self.secrets.redactor().add(&secret);
        Ok(secret)
    }

    fn url(&self, what: &str, text: &str) -> Result<Url, ConnectError> {
        let url = Url::parse(text)
            .map_err(|error| self.wrong(what, &format!("`{text}` is no address: {error}")))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(self.wrong(what, &format!("`{text}` is no http or https address")));
        }
        Ok(url)
    }

    /// `<connector>:<value>:<value>`, with colons of values encoded (S30).
    fn identity(&self) -> Result<Identity, ConnectError> {
        let mut text = self.connector.name.to_string();
        for param in &self.connector.identity {
            let given = match given(self.account, param) {
                Some(ParamValue::Literal(value)) => value,
                Some(ParamValue::Secret(_)) | None => Value::Null,
            };
            let value = match given {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(yes) => yes.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err(self.wrong(
                        &format!("identity.{param}"),
                        "the account gives no open value for this param",
                    ));
                }
            };
            text.push(':');
            text.push_str(&value.replace('%', "%25").replace(':', "%3A"));
        }
        Ok(Identity::from(text))
    }

    fn windows(&self, turnstile: &Turnstile, identity: &Identity) -> Result<Windows, ConnectError> {
        let mut limits = Vec::new();
        for (index, limit) in self.connector.limits.iter().enumerate() {
            let by: Arc<str> = match &limit.by {
                Some(template) => self.text(&format!("limits[{index}].by"), template)?.into(),
                None => format!("{}\n{identity}", self.tenant).into(),
            };
            let rate = Rate {
                requests: limit.requests.max(1),
                per: limit.per,
            };
            limits.push((WindowName { limit: index, by }, rate));
        }
        Ok(turnstile.join(limits))
    }

    fn auth(
        &self,
        turnstile: &Arc<Turnstile>,
        windows: &Arc<Windows>,
    ) -> Result<Authorizer, ConnectError> {
        let illegal = |what: &str| self.wrong(what, "no header can carry it");
        Ok(match &self.connector.auth {
            Auth::None => Authorizer::None,
            Auth::Basic(username, password) => {
                let username = self.text("auth.basic.username", username)?;
                let password = self.secret("auth.basic.password", password)?;
                Authorizer::basic(&username, password.expose(), &self.redactor)
                    .ok_or_else(|| illegal("auth.basic"))?
            }
            Auth::Bearer(token) => {
                let token = self.secret("auth.bearer.token", token)?;
                Authorizer::bearer(token.expose()).ok_or_else(|| illegal("auth.bearer.token"))?
            }
            Auth::ApiKey(name, value, place) => {
                let value = self.secret("auth.api_key.value", value)?;
                match place {
                    ApiKeyPlace::Header => Authorizer::key(name, value.expose())
                        .ok_or_else(|| illegal("auth.api_key.value"))?,
                    ApiKeyPlace::Query => Authorizer::Query(Arc::clone(name), value),
                }
            }
            Auth::Oauth2(oauth2) => {
                Authorizer::Oauth2(Arc::new(self.token_source(oauth2, turnstile, windows)?))
            }
        })
    }

    fn token_source(
        &self,
        oauth2: &Oauth2,
        turnstile: &Arc<Turnstile>,
        windows: &Arc<Windows>,
    ) -> Result<TokenSource, ConnectError> {
        let token_url = self.text("auth.oauth2.token_url", &oauth2.token_url)?;
        let mut extra = Vec::new();
        for (name, template) in &oauth2.extra {
            extra.push((
                Arc::clone(name),
                self.text(&format!("auth.oauth2.extra.{name}"), template)?,
            ));
        }
        let secret = |what: &str, template: Option<&Template>| {
            template
                .map(|template| self.secret(what, template))
                .transpose()
        };
        let grants = Grants {
            grant: oauth2.grant,
            token_url: self.url("auth.oauth2.token_url", &token_url)?,
            client_id: self.text("auth.oauth2.client.id", &oauth2.client_id)?,
            client_secret: self.secret("auth.oauth2.client.secret", &oauth2.client_secret)?,
            send: oauth2.send,
            username: self.optional("auth.oauth2.username", oauth2.username.as_ref())?,
            password: secret("auth.oauth2.password", oauth2.password.as_ref())?
                .unwrap_or_else(|| Secret::new(String::new())),
            refresh_token: secret("auth.oauth2.refresh_token", oauth2.refresh_token.as_ref())?,
            scopes: oauth2.scopes.clone(),
            extra,
            redirects: if oauth2.follow_redirects {
                Redirects::SameOrigin
            } else {
                Redirects::Refused
            },
            timeout: self.connector.timeout,
        };
        let rules = oauth2.errors.iter().chain(&self.connector.errors).cloned();
        let classifier = Classifier::new(
            rules,
            Endpoint::Token,
            self.params.clone(),
            self.redactor.clone(),
        );
        let key = VaultKey {
            tenant: self.tenant.clone(),
            connector: self.name.clone(),
        };
        let cache = self.network.tokens(&key, grants.fingerprint());
        let parts = TokenParts {
            grants,
            key,
            min_interval: oauth2.min_interval.unwrap_or(Duration::ZERO),
            client: self.network.client.clone(),
            clock: self.network.clock.clone(),
            classifier,
            redactor: self.redactor.clone(),
            turnstile: Arc::clone(turnstile),
            windows: Arc::clone(windows),
            vault: self.network.vault.clone(),
            tracker: self.network.tracker.clone(),
            meter: self.network.metrics.http(&self.connector.name),
        };
        Ok(TokenSource::new(parts, cache))
    }
}
