//! One tenant's account with one connector: admits requests, authorises, sends and judges them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use thiserror::Error;
use tokio::sync::watch;
use tracing::field::Empty;
use tracing::{Instrument as _, debug, info_span};
use url::Url;

use super::auth::{Authorizer, Credential, Token, TokenFailure};
use super::body::read_body;
use super::classify::{Body, Classifier, Refusal, Seen};
use super::client::{Client, Payload, Redirects, WireError, WireRequest};
use super::failure::{Class, Failure, Reply, ReplyBody, Standing, Wire};
use super::gate::{AccountGate, Admission, Contact};
use super::health::{Pause, PauseReason, Sign};
use super::network::Kept;
use super::paging::{LinkRules, PageRequest, page_number};
use super::redact::Redactor;
use super::request::{self, Base, HttpRequest, Place, RenderError};
use super::retry_after::date;
use super::sign::{no_token, sign_of};
use super::turnstile::{Priority, Turnstile, Windows};
use super::{encode, files};
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::record::{Identity, PipelineName, TenantName};
use crate::engine::telemetry::names::{Field, span};
use crate::engine::telemetry::{HttpClass, HttpEndpoint, HttpMeter, HttpMethod};
use crate::lang::expr::{Datum, Scope};
use crate::lang::plan::{Connector, Paging, Request};

/// One tenant's account with one connector. Shared by everything that speaks for the account.
pub struct Connection {
    pub(super) tenant: TenantName,
    pub(super) download_hosts: Vec<String>,
    pub(super) connector: Arc<Connector>,
    pub(super) identity: Identity,
    pub(super) base: Base,
    pub(super) base_url: Url,
    pub(super) headers: HeaderMap,
    pub(super) auth: Authorizer,
    pub(super) classifier: Classifier,
    pub(super) turnstile: Arc<Turnstile>,
    pub(super) windows: Arc<Windows>,
    pub(super) kept: Arc<Kept>,
    pub(super) meter: Arc<HttpMeter>,
    pub(super) gate: Arc<AccountGate>,
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) redactor: Redactor,
    pub(super) account: Datum,
    pub(super) params: Datum,
    pub(super) max_body: usize,
}

impl std::fmt::Debug for Connection {
    /// Without the params: secrets are among them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("tenant", &self.tenant)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// What the sender has to say while its request is on the way.
pub trait Hooks: Sync {
    /// Asked right before a byte may leave, also before the second try after a 401 (S22, S29).
    ///
    /// # Errors
    /// Why the request must not leave any more.
    fn before_socket(&self) -> Result<(), Withdrawn> {
        Ok(())
    }
}

/// Hooks of a sender that has nothing to say.
#[derive(Clone, Copy, Debug)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// A request was withdrawn before it left.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the request was withdrawn before it was sent: {reason}")]
pub struct Withdrawn {
    /// Why, in a few words.
    pub reason: &'static str,
}

/// A reply, or a failure and what it tells of the account.
type Tried = Result<Reply, (Box<Failure>, Sign)>;

/// What authorises an attempt, and the token it is from.
pub(super) struct Authorised {
    pub(super) credential: Credential,
    pub(super) token: Option<Arc<Token>>,
}

impl Connection {
    /// The connector, with this tenant's limits.
    pub fn connector(&self) -> &Arc<Connector> {
        &self.connector
    }

    /// Whose data it is (S30).
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The account's params without secrets, as `account.<connector>` in expressions.
    pub fn account_datum(&self) -> &Datum {
        &self.account
    }

    /// All params of the account, secrets among them.
    pub(super) fn params(&self) -> &Datum {
        &self.params
    }

    /// Knows the secrets of this account, its tokens among them.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Where next links of this account may lead.
    pub fn link_rules(&self) -> LinkRules {
        let credential = match &self.auth {
            Authorizer::Query(name, _) => Some(Arc::clone(name)),
            Authorizer::None | Authorizer::Header(..) | Authorizer::Oauth2(_) => None,
        };
        LinkRules {
            base: self.base_url.clone(),
            credential,
        }
    }

    /// The ways in which pipelines may write an address of this account: `root:/path`, and the path below its server.
    /// None when it is not of this account.
    pub fn spellings(&self, url: &Url) -> Vec<String> {
        let address = url.as_str().split(['?', '#']).next().unwrap_or_default();
        let below = |base: &str| {
            let rest = address.strip_prefix(base)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let Some(plain) = below(&self.base.plain) else {
            return Vec::new();
        };
        let roots = self.base.roots.iter();
        let mut found: Vec<String> = roots
            .filter_map(|(name, base)| Some(format!("{name}:{}", below(base)?)))
            .collect();
        found.push(plain);
        found.push(url.path().to_owned());
        found
    }

    /// The pause of the account, if it is paused.
    pub fn pause(&self) -> Option<Pause> {
        self.gate.pause()
    }

    /// The pause of the account as it changes: nothing while it works.
    pub fn watch_pause(&self) -> watch::Receiver<Option<Pause>> {
        self.gate.watch()
    }

    /// When the account was last heard of.
    pub fn contact(&self) -> Contact {
        self.gate.contact()
    }

    /// Renders a request.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn render(&self, request: &Request, scope: &Scope<'_>) -> Result<HttpRequest, RenderError> {
        self.cleaned(self.base.render(request, scope, None, None))
    }

    /// Renders only what a request says.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn render_body(&self, request: &Request, scope: &Scope<'_>) -> Result<Bytes, RenderError> {
        let said = request::body(request, scope, &mut HeaderMap::new());
        self.cleaned(said.map(|said| said.body))
    }

    /// What tells a request from another one of this account: method, address and body.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn signature(&self, request: &Request, scope: &Scope<'_>) -> Result<String, RenderError> {
        self.cleaned(self.base.signature(request, scope))
    }

    /// Renders the request of a page; its scope gets the name `cursor`.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn render_page(
        &self,
        request: &Request,
        scope: &Scope<'_>,
        paging: Option<&Paging>,
        page: &PageRequest,
    ) -> Result<HttpRequest, RenderError> {
        let scope = scope.child().with("cursor", page.cursor());
        let number = match &page.number {
            None => None,
            Some(number) => {
                let text = page_number(paging, number).map_err(|error| RenderError::Eval {
                    origin: request.origin.clone(),
                    place: Place::PageNumber,
                    error: error.into(),
                })?;
                Some((&number.param, text))
            }
        };
        self.cleaned(self.base.render(request, &scope, Some(page), number))
    }

    /// Renders a request whose expressions see `params`, secrets among them.
    ///
    /// # Errors
    /// What could not be rendered, with its line.
    pub fn render_check(&self, request: &Request) -> Result<HttpRequest, RenderError> {
        let scope = Scope::new().with("params", self.params.clone());
        self.cleaned(self.base.render(request, &scope, None, None))
    }

    /// The sentence of the connector's check about a reply, without secrets; nothing where it has none.
    pub fn says(&self, reply: &Reply) -> Option<String> {
        let says = self.connector.check.as_ref()?.says.as_ref()?;
        let body = Body::Read(reply.body.clone());
        let seen = Seen {
            status: reply.status,
            headers: &reply.headers,
            body: &body,
        };
        let mut text = String::new();
        match says.render(&self.classifier.scope(&seen), &mut text) {
            Ok(()) => Some(self.redactor.clean(&text)),
            Err(error) => {
                let error = self.redactor.clean(&error.to_string());
                tracing::warn!(%error, "the sentence of a check could not be made");
                None
            }
        }
    }

    pub(super) fn cleaned<T>(&self, rendered: Result<T, RenderError>) -> Result<T, RenderError> {
        rendered.map_err(|error| error.without_secrets(&self.redactor))
    }

    /// Waits for rate tokens of every window, in fair order (S39). Holds no slot of the wire: what must be durable
    /// before the request leaves is committed between this and [`send`](Self::send) (S27).
    ///
    /// # Errors
    /// The pause of the account; no token was spent, and no attempt (S21). While an account is paused one request at
    /// a time is admitted as its probe.
    pub async fn admit(
        &self,
        priority: Priority,
        pipeline: &PipelineName,
    ) -> Result<Admission, Pause> {
        let admission = self.gate.ask()?;
        self.turnstile
            .pass(&self.windows, priority, &self.tenant, pipeline)
            .await;
        match self.gate.pause() {
            // Paused while it waited: unless this is the probe.
            Some(pause) if !admission.is_probe() => Err(pause),
            Some(_) | None => Ok(admission),
        }
    }

    /// Sends an admitted request: takes a slot of the wire, authorises, reads and judges the reply. A refused token
    /// is renewed once and the request sent once more, where its first try had no effect (P6).
    ///
    /// # Errors
    /// A [`Failure`] that says whether the request may have taken effect (S2).
    pub async fn send(
        &self,
        admission: Admission,
        request: &HttpRequest,
        hooks: &dyn Hooks,
    ) -> Result<Reply, Box<Failure>> {
        let (mut failure, sign) = match self.attempts(request, hooks).await {
            Ok(reply) => {
                admission.saw(Sign::Works);
                return Ok(reply);
            }
            Err(tried) => tried,
        };
        if let Class::Throttled { retry_at } = failure.class {
            self.turnstile
                .stop(&self.windows, retry_at.since(self.clock.now()));
        }
        let pause = admission.saw(sign);
        failure.pause = match sign {
            Sign::ServerError | Sign::Trouble(..) => pause,
            Sign::Works | Sign::Nothing => None,
        };
        Err(failure)
    }

    async fn attempts(&self, request: &HttpRequest, hooks: &dyn Hooks) -> Tried {
        let authorised = match self.authorise(None).await {
            Ok(authorised) => authorised,
            Err(failure) => return Err(no_token(failure, request, None)),
        };
        let (first, sign) = match self.attempt(request, &authorised.credential, hooks).await {
            Ok(reply) => return Ok(reply),
            Err(tried) => tried,
        };
        let Some(token) = authorised
            .token
            .filter(|_| first.class == Class::Unauthorized)
        else {
            return Err((first, sign));
        };
        // The token is renewed in any case: the next request needs one.
        let renewed = self.authorise(Some(&token)).await;
        let had_no_effect = first.wire == Wire::Refused || request.method == Method::GET;
        match renewed {
            Ok(_) if !had_no_effect => Err((first, Sign::Nothing)),
            Ok(renewed) => {
                // No budget, no slot held: the second try waits for its own tokens.
                let lane = PipelineName::from("token");
                self.turnstile
                    .pass(&self.windows, Priority::Settle, &self.tenant, &lane)
                    .await;
                self.attempt(request, &renewed.credential, hooks).await
            }
            Err(failure) => Err(no_token(failure, request, Some(&first))),
        }
    }

    pub(super) async fn authorise(
        &self,
        refused: Option<&Token>,
    ) -> Result<Authorised, TokenFailure> {
        let credential = match &self.auth {
            Authorizer::None => Credential::None,
            Authorizer::Header(name, value) => Credential::Header(name.clone(), value.clone()),
            Authorizer::Query(name, value) => Credential::Query(Arc::clone(name), value.clone()),
            Authorizer::Oauth2(source) => {
                let token = match refused {
                    None => source.token().await?,
                    Some(refused) => source.instead_of(refused).await?,
                };
                let name = http::header::AUTHORIZATION;
                let credential = Credential::Header(name, token.header.clone());
                return Ok(Authorised {
                    credential,
                    token: Some(token),
                });
            }
        };
        Ok(Authorised {
            credential,
            token: None,
        })
    }

    async fn attempt(
        &self,
        request: &HttpRequest,
        credential: &Credential,
        hooks: &dyn Hooks,
    ) -> Tried {
        let timeout = self.connector.timeout;
        let slot = tokio::select! {
            biased;
            slot = self.kept.slots.acquire() => slot.expect("slots are never closed"),
            () = self.clock.sleep(timeout) => {
                let message = format!("no slot of the wire became free within {} s", timeout.as_secs_f64());
                let failure = self.failure(request, &message, Class::Transient, Wire::NotSent);
                return Err((failure, Sign::Nothing));
            }
        };
        // In a script no file is fetched: what is asked is all that counts there.
        let mut files = Vec::new();
        if !self.client.is_scripted() {
            for file in &request.files {
                match file.open().await {
                    Ok(open) => files.push(open),
                    Err(no) => {
                        let failure = self.failure(request, &no.message, no.class, Wire::NotSent);
                        return Err((failure, Sign::Nothing));
                    }
                }
            }
        }
        if let Err(withdrawn) = hooks.before_socket() {
            let message = withdrawn.to_string();
            let failure = self.failure(request, &message, Class::Transient, Wire::NotSent);
            return Err((failure, Sign::Nothing));
        }
        let started = self.clock.now();
        let mut wire = self.wire_request(request, credential, timeout);
        if !files.is_empty() {
            // A large file takes its time, also where nothing is wrong.
            wire.timeout = timeout * files::PATIENCE;
            wire.body = Payload::with_files(&request.pieces, files);
        }
        let span = info_span!(
            span::REQUEST,
            connector = %self.connector.name,
            method = %request.method,
            path = %self.redactor.clean(request.url.path()),
            status = Empty,
            class = Empty,
        );
        let exchange = self.client.exchange(wire);
        let result = exchange.instrument(span.clone()).await;
        drop(slot);
        if let Ok(reply) = &result {
            span.record(Field::Status.name(), reply.status);
        }
        let took = self.clock.now().since(started);
        let count = |class: HttpClass| {
            span.record(Field::Class.name(), class.as_str());
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            span.in_scope(|| debug!(took_ms, "A request ended."));
            let method = HttpMethod::of(request.method.as_str());
            self.meter.observe(HttpEndpoint::Api, method, class, took);
        };
        let reply = result.map_err(|error| {
            count(error.counts_as());
            self.broken(request, &error, started)
        })?;
        let body = read_body(&reply.headers, &reply.body);
        let seen = Seen {
            status: reply.status,
            headers: &reply.headers,
            body: &body,
        };
        match self.classifier.classify(&seen, self.clock.now()) {
            Ok(standing) => {
                count(HttpClass::Ok);
                let body = match body {
                    Body::Read(body) => body,
                    Body::Broken(text) => ReplyBody::Text(text),
                };
                let date = date(&reply.headers);
                Ok(Reply {
                    status: reply.status,
                    headers: reply.headers,
                    body,
                    date,
                    started,
                    took,
                    standing,
                })
            }
            Err(refusal) => {
                count(refusal.class.counts_as());
                let mut failure = self.refused(request, refusal, reply.status, started);
                failure.reply = Some(Box::new(Reply {
                    status: reply.status,
                    headers: HeaderMap::new(),
                    body: self.shown(body),
                    date: None,
                    started,
                    took,
                    standing: Standing::Now,
                }));
                let sign = sign_of(failure.class, reply.status);
                Err((failure, sign))
            }
        }
    }

    pub(super) fn wire_request(
        &self,
        request: &HttpRequest,
        credential: &Credential,
        timeout: Duration,
    ) -> WireRequest {
        let mut headers = self.headers.clone();
        for (name, value) in &request.headers {
            headers.insert(name.clone(), value.clone());
        }
        let mut url = request.url.clone();
        match credential {
            Credential::None => {}
            Credential::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Credential::Query(name, value) => {
                let mut query = url
                    .query()
                    .map_or(String::new(), |query| format!("{query}&"));
                encode::query_name(name, &mut query);
                query.push('=');
                encode::segment(value.expose(), &mut query);
                url.set_query(Some(&query));
            }
        }
        WireRequest {
            method: request.method.clone(),
            url,
            headers,
            body: Payload::from(request.body.clone()),
            timeout,
            max_body: self.max_body,
            redirects: Redirects::Refused,
        }
    }

    /// A body that a letter may hold: without secrets (P9).
    fn shown(&self, body: Body) -> ReplyBody {
        let text = match body {
            Body::Read(ReplyBody::Empty) => return ReplyBody::Empty,
            Body::Read(ReplyBody::Json(json)) => {
                return ReplyBody::Json(Arc::new(self.redactor.clean_json(&json)));
            }
            Body::Read(ReplyBody::Text(text)) | Body::Broken(text) => text.to_string(),
        };
        ReplyBody::Text(self.redactor.clean(&text).into())
    }
    fn failure(
        &self,
        request: &HttpRequest,
        message: &str,
        class: Class,
        wire: Wire,
    ) -> Box<Failure> {
        let message = format!("{} {}: {message}", request.method, request.url.path());
        Box::new(Failure {
            class,
            code: None,
            status: None,
            message: self.redactor.clean(&message).into(),
            blame: None,
            wire,
            origin: request.origin.clone(),
            sent: None,
            reply: None,
            pause: None,
        })
    }

    fn broken(
        &self,
        request: &HttpRequest,
        error: &WireError,
        started: Timestamp,
    ) -> (Box<Failure>, Sign) {
        let (class, sign) = match error {
            WireError::NoConnection { .. } | WireError::NotTaken { .. } => (
                Class::Transient,
                Sign::Trouble(PauseReason::NoConnection, None),
            ),
            WireError::Timeout { .. } | WireError::Broken { .. } => {
                (Class::Transient, Sign::ServerError)
            }
            WireError::TooLong { .. } => (Class::Rejected, Sign::Works),
        };
        let wire = if error.not_sent() {
            Wire::NotSent
        } else {
            Wire::Unknown
        };
        let mut failure = self.failure(request, &error.to_string(), class, wire);
        failure.sent = (wire != Wire::NotSent).then_some(started);
        (failure, sign)
    }
    fn refused(
        &self,
        request: &HttpRequest,
        refusal: Refusal,
        status: u16,
        started: Timestamp,
    ) -> Box<Failure> {
        let mut failure = self.failure(request, &refusal.message, refusal.class, refusal.wire);
        failure.code = refusal.code;
        failure.blame = refusal.blame;
        failure.status = Some(status);
        failure.sent = Some(started);
        failure
    }
}
