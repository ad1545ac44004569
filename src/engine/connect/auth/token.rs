//! Tokens of one account: cached, renewed before they end, asked for by one flight at a time (P6).

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use http::header::HeaderValue;
use tokio_util::task::TaskTracker;

use super::bearer;
use super::oauth2::{Ask, Grants, Issued};
use super::vault::{StoredTokens, TokenGeneration, TokenVault, VaultError, VaultKey};
use crate::engine::clock::{Clock, Timestamp};
use crate::engine::connect::body::read_body;
use crate::engine::connect::classify::{Classifier, Seen};
use crate::engine::connect::client::Client;
use crate::engine::connect::failure::Class;
use crate::engine::connect::health::PauseReason;
use crate::engine::connect::redact::{Learned, Redactor};
use crate::engine::connect::secrets::Secret;
use crate::engine::connect::turnstile::{Priority, Turnstile, Windows};
use crate::engine::crash::{self, CrashPoint};
use crate::engine::record::PipelineName;
use crate::engine::telemetry::{HttpClass, HttpEndpoint, HttpMeter, HttpMethod};
use crate::lang::plan::Grant;

/// A token is renewed this long before it ends, or a tenth of its life if that is less.
const SKEW: Duration = Duration::from_secs(60);
/// How many tokens are kept out of texts: of one renewal there are at most five, two new ones and three to try.
const REMEMBERED: usize = 8;

/// What a [`TokenSource`] works with.
pub(in crate::engine::connect) struct TokenParts {
    pub(in crate::engine::connect) grants: Grants,
    pub(in crate::engine::connect) key: VaultKey,
    pub(in crate::engine::connect) min_interval: Duration,
    pub(in crate::engine::connect) client: Client,
    pub(in crate::engine::connect) clock: Clock,
    pub(in crate::engine::connect) classifier: Classifier,
    pub(in crate::engine::connect) redactor: Redactor,
    pub(in crate::engine::connect) turnstile: Arc<Turnstile>,
    pub(in crate::engine::connect) windows: Arc<Windows>,
    pub(in crate::engine::connect) vault: Option<Arc<dyn TokenVault>>,
    pub(in crate::engine::connect) tracker: TaskTracker,
    pub(in crate::engine::connect) meter: Arc<HttpMeter>,
}

/// Gives tokens of one account.
pub(in crate::engine::connect) struct TokenSource {
    parts: TokenParts,
    cache: Arc<TokenCache>,
}

/// What outlives a reload of the plan: the token, and when one was last asked for.
#[derive(Default)]
pub(in crate::engine::connect) struct TokenCache(Mutex<State>);

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    flight: Option<Flight>,
    /// From the reply to a password grant; used while it works.
    refresh: Option<Secret>,
    asked: Option<Duration>,
    serial: u64,
    /// The tokens that are kept out of texts: those in use, and some from before.
    known: VecDeque<Learned>,
}

type Flight = Shared<BoxFuture<'static, Result<Arc<Token>, TokenFailure>>>;

/// A token ready for use.
#[derive(Debug)]
pub(in crate::engine::connect) struct Token {
    pub(in crate::engine::connect) header: HeaderValue,
    serial: u64,
    renew_at: Timestamp,
}

/// Why there is no token. Its texts hold no secret.
#[derive(Clone, Debug)]
pub(in crate::engine::connect) struct TokenFailure {
    pub(in crate::engine::connect) class: Class,
    pub(in crate::engine::connect) code: Option<Arc<str>>,
    pub(in crate::engine::connect) status: Option<u16>,
    pub(in crate::engine::connect) message: Arc<str>,
    pub(in crate::engine::connect) blame: Option<Arc<str>>,
    pub(in crate::engine::connect) reason: PauseReason,
}

impl State {
    /// Keeps these out of texts, and forgets the oldest.
    fn remember(&mut self, fresh: impl IntoIterator<Item = Learned>) {
        self.known.extend(fresh);
        let over = self.known.len().saturating_sub(REMEMBERED);
        drop(self.known.drain(..over));
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenCache")
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("key", &self.parts.key)
            .finish_non_exhaustive()
    }
}

impl TokenSource {
    pub(in crate::engine::connect) fn new(parts: TokenParts, cache: Arc<TokenCache>) -> Self {
        Self { parts, cache }
    }

    /// A token that holds for a while.
    pub(in crate::engine::connect) async fn token(
        self: &Arc<Self>,
    ) -> Result<Arc<Token>, TokenFailure> {
        self.after(None).await
    }

    /// A token other than `refused`, which the API did not accept.
    pub(in crate::engine::connect) async fn instead_of(
        self: &Arc<Self>,
        refused: &Token,
    ) -> Result<Arc<Token>, TokenFailure> {
        self.after(Some(refused.serial)).await
    }

    async fn after(self: &Arc<Self>, refused: Option<u64>) -> Result<Arc<Token>, TokenFailure> {
        let flight = {
            let mut state = self.state();
            let now = self.parts.clock.now();
            let fresh = state.token.as_ref().filter(|token| {
                now < token.renew_at && refused.is_none_or(|refused| token.serial > refused)
            });
            if let Some(token) = fresh {
                return Ok(Arc::clone(token));
            }
            if let Some(flight) = &state.flight {
                flight.clone()
            } else {
                // A task of its own: whoever waits for it may be dropped, and a token that the source has
                // rotated must still be kept.
                let task = self.parts.tracker.spawn(Arc::clone(self).fly());
                let flight = task
                    .map(|done| done.unwrap_or_else(|_| Err(TokenFailure::interrupted())))
                    .boxed()
                    .shared();
                state.flight = Some(flight.clone());
                flight
            }
        };
        flight.await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.cache.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a token, puts it into the cache and ends the flight.
    async fn fly(self: Arc<Self>) -> Result<Arc<Token>, TokenFailure> {
        let started = self.parts.clock.now();
        let fetched = self.fetch().await.and_then(|issued| {
            let header = bearer(issued.access.expose()).ok_or_else(|| TokenFailure {
                message: "the token endpoint gave a token that no header can carry".into(),
                ..TokenFailure::interrupted()
            })?;
            Ok((header, issued.life))
        });
        let mut state = self.state();
        state.flight = None;
        let (header, life) = fetched?;
        state.serial += 1;
        let renew_at = started.plus(life.saturating_sub(SKEW.min(life / 10)));
        let token = Arc::new(Token {
            header,
            serial: state.serial,
            renew_at,
        });
        state.token = Some(Arc::clone(&token));
        Ok(token)
    }

    async fn fetch(&self) -> Result<Issued, TokenFailure> {
        match self.parts.grants.grant {
            Grant::ClientCredentials => self.ask(&Ask::Grant).await,
            Grant::Password => {
                let refresh = self.state().refresh.take();
                let refreshed = match refresh {
                    Some(token) => self.or_keep(token).await?,
                    None => None,
                };
                let issued = match refreshed {
                    Some(issued) => issued,
                    None => self.ask(&Ask::Grant).await?,
                };
                if let Some(token) = &issued.refresh {
                    self.state().refresh = Some(token.clone());
                }
                Ok(issued)
            }
            Grant::RefreshToken => self.rotate().await,
        }
    }

    /// A token by the refresh token of a password grant; nothing when it is not accepted any more.
    async fn or_keep(&self, token: Secret) -> Result<Option<Issued>, TokenFailure> {
        match self.ask(&Ask::Refresh(token.clone())).await {
            Ok(mut issued) => {
                issued.refresh.get_or_insert(token);
                Ok(Some(issued))
            }
            Err(failure) if failure.class == Class::Unauthorized => Ok(None),
            Err(failure) => {
                self.state().refresh = Some(token);
                Err(failure)
            }
        }
    }

    /// The `refresh_token` grant: the latest token, then its predecessor, then the one of the account (S25). A new one
    /// is durable before the access token is used.
    async fn rotate(&self) -> Result<Issued, TokenFailure> {
        let key = &self.parts.key;
        let no_key = || TokenFailure::from(VaultError::NoKey { key: key.clone() });
        let vault = self.parts.vault.as_ref().ok_or_else(no_key)?;
        let stored = vault.load(key).await?;
        let generation = stored
            .as_ref()
            .map_or(TokenGeneration::default(), |stored| stored.generation);
        let mut candidates = VecDeque::new();
        if let Some(StoredTokens {
            current, previous, ..
        }) = stored
        {
            candidates.push_back(current);
            candidates.extend(previous);
        }
        candidates.extend(self.parts.grants.refresh_token.clone());
        let mut last = None;
        let mut tried: Vec<Secret> = Vec::new();
        while let Some(candidate) = candidates.pop_front() {
            if tried.contains(&candidate) {
                continue;
            }
            match self.ask(&Ask::Refresh(candidate.clone())).await {
                Ok(issued) => {
                    if let Some(new) = issued.refresh.as_ref().filter(|new| **new != candidate) {
                        crash::pass(CrashPoint::BeforeRotate);
                        vault.rotate(key, generation, new).await?;
                        crash::pass(CrashPoint::AfterRotate);
                    }
                    return Ok(issued);
                }
                Err(failure) if failure.class == Class::Unauthorized => last = Some(failure),
                Err(failure) => return Err(failure),
            }
            tried.push(candidate);
        }
        let why = last
            .as_ref()
            .map_or("it has none", |failure| &failure.message);
        let message =
            format!("the account needs a login: no refresh token is accepted any more ({why})");
        Err(TokenFailure {
            message: message.into(),
            blame: Some("refresh_token".into()),
            ..last.unwrap_or_else(TokenFailure::refused)
        })
    }

    /// One token request, as late as `min_interval` demands.
    async fn ask(&self, ask: &Ask) -> Result<Issued, TokenFailure> {
        let parts = &self.parts;
        let earliest = self.state().asked.map(|asked| asked + parts.min_interval);
        let wait = earliest.map_or(Duration::ZERO, |at| {
            at.saturating_sub(parts.clock.monotonic())
        });
        if !wait.is_zero() {
            parts.clock.sleep(wait).await;
        }
        let lane = PipelineName::from("token");
        parts
            .turnstile
            .pass(&parts.windows, Priority::Settle, &parts.key.tenant, &lane)
            .await;
        {
            let mut state = self.state();
            state.asked = Some(parts.clock.monotonic());
            if let Ask::Refresh(token) = ask {
                state.remember([parts.redactor.learn(token)]);
            }
        }
        let request = parts.grants.request(ask, &parts.redactor);
        let began = parts.clock.monotonic();
        let reply = parts.client.exchange(request).await;
        // The interval counts from the reply: the request may have been long on its way.
        let now = parts.clock.monotonic();
        self.state().asked = Some(now);
        let count = |class| {
            let (endpoint, method) = (HttpEndpoint::Token, HttpMethod::Post);
            parts.meter.observe(endpoint, method, class, now - began);
        };
        let endpoint = parts.grants.endpoint();
        let said = |text: &str| -> Arc<str> {
            parts
                .redactor
                .clean(&format!("no token from {endpoint}: {text}"))
                .into()
        };
        let reply = reply.inspect_err(|error| count(error.counts_as()));
        let reply = reply.map_err(|error| TokenFailure {
            class: Class::Transient,
            code: None,
            status: None,
            message: said(&error.to_string()),
            blame: None,
            reason: if error.not_sent() {
                PauseReason::NoConnection
            } else {
                PauseReason::NoToken
            },
        })?;
        let body = read_body(&reply.headers, &reply.body);
        let seen = Seen {
            status: reply.status,
            headers: &reply.headers,
            body: &body,
        };
        let judged = parts.classifier.classify(&seen, parts.clock.now());
        count(match &judged {
            Ok(_) => HttpClass::Ok,
            Err(refusal) => refusal.class.counts_as(),
        });
        judged.map_err(|refusal| TokenFailure {
            class: refusal.class,
            code: refusal.code,
            status: Some(reply.status),
            message: said(&refusal.message),
            blame: refusal.blame,
            reason: reason(refusal.class),
        })?;
        let issued = body
            .json()
            .and_then(|body| Issued::read(body.as_ref()))
            .ok_or_else(|| TokenFailure {
                status: Some(reply.status),
                message: said("its reply has no access_token"),
                ..TokenFailure::refused()
            })?;
        let tokens = std::iter::once(&issued.access).chain(&issued.refresh);
        let fresh: Vec<Learned> = tokens.map(|token| parts.redactor.learn(token)).collect();
        self.state().remember(fresh);
        Ok(issued)
    }
}

impl TokenFailure {
    fn refused() -> Self {
        Self {
            class: Class::Unauthorized,
            code: None,
            status: None,
            message: "no token".into(),
            blame: None,
            reason: PauseReason::TokenRefused,
        }
    }

    fn interrupted() -> Self {
        Self {
            class: Class::Transient,
            message: "the token request was cut off because the engine stops".into(),
            reason: PauseReason::NoToken,
            ..Self::refused()
        }
    }
}

/// Why an account rests that gets no token.
fn reason(class: Class) -> PauseReason {
    match class {
        Class::Unauthorized => PauseReason::TokenRefused,
        Class::Throttled { .. }
        | Class::Transient
        | Class::Rejected
        | Class::Missing
        | Class::Done => PauseReason::NoToken,
    }
}

impl From<VaultError> for TokenFailure {
    fn from(error: VaultError) -> Self {
        let class = match &error {
            VaultError::NoKey { .. } | VaultError::Sealed { .. } => Class::Unauthorized,
            VaultError::Moved { .. } | VaultError::Store { .. } => Class::Transient,
        };
        Self {
            class,
            message: error.to_string().into(),
            reason: reason(class),
            ..Self::refused()
        }
    }
}
