//! Who may do what at the admin listener.
//!
//! A program gives its token with every request: `Authorization: Bearer TOKEN`. A person gives it once and has a
//! session from then on: a cookie that scripts cannot read and other sites cannot send, and for every form a token that
//! only our pages know (CSRF). Tokens are compared by their hashes, so that how long it takes tells nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::Admin;
use crate::daemon::Engine;
use crate::engine::clock::{Clock, Timestamp};
use crate::lang::plan::AccessScope;

/// The cookie of a session.
const COOKIE: &str = "syncline_session";
/// How long a session lasts after it was used last.
const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Sessions that are kept; beyond it the one that was used longest ago ends.
const MOST_SESSIONS: usize = 1_000;

/// What a token is for. Each may do what those before it may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look.
    Read,
    /// Retry, resolve, pause, resume, read now.
    Operate,
    /// Settings, turning on and off, reload.
    Admin,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// For the audit log.
    pub(super) name: String,
    /// What it may do.
    pub(super) scope: Scope,
    /// For forms, where it asks from a session.
    pub(super) csrf: Option<String>,
}

/// The name of whoever has the token beside the store: it asks for whom the command line says.
pub const COMMAND_LINE: &str = "command line";

impl Caller {
    /// Whoever asks for what anybody may see.
    pub(super) fn nobody() -> Self {
        Self {
            name: "nobody".to_owned(),
            scope: Scope::Read,
            csrf: None,
        }
    }

    /// Whether it is the command line, which says itself for whom it asks.
    pub(super) fn is_command_line(&self) -> bool {
        self.name == COMMAND_LINE && self.csrf.is_none()
    }
}

/// The tokens there are, and the sessions that were begun with them.
#[derive(Debug)]
pub struct Access {
    tokens: RwLock<Tokens>,
    /// The token that is not of the files.
    own: (blake3::Hash, String, Scope),
    sessions: Mutex<HashMap<blake3::Hash, Session>>,
    clock: Clock,
}

type Tokens = HashMap<blake3::Hash, (String, Scope)>;

#[derive(Clone, Debug)]
struct Session {
    name: String,
    scope: Scope,
    csrf: String,
    used: Timestamp,
}

impl Access {
    /// With a token that may do anything, and the name of who has it.
    pub fn new(token: &str, name: &str, clock: Clock) -> Self {
        let own = (
            blake3::hash(token.as_bytes()),
            name.to_owned(),
            Scope::Admin,
        );
        Self {
            tokens: RwLock::default(),
            own,
            sessions: Mutex::default(),
            clock,
        }
    }

    /// Lets those in whose tokens the files name, and nobody else of before. Says who is left out, and why.
    pub async fn follow(&self, engine: &Engine) -> Vec<(String, String)> {
        let (given, failed) = engine.access().await;
        let known: Tokens = given
            .into_iter()
            .map(|token| {
                let scope = match token.scope {
                    AccessScope::Read => Scope::Read,
                    AccessScope::Operate => Scope::Operate,
                    AccessScope::Admin => Scope::Admin,
                };
                let secret = blake3::hash(token.secret.expose().as_bytes());
                (secret, (token.name, scope))
            })
            .collect();
        let still = |session: &Session| {
            let mut all = known.values();
            session.name == self.own.1
                || all.any(|(name, scope)| (name, scope) == (&session.name, &session.scope))
        };
        self.sessions().retain(|_, session| still(session));
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = known;
        failed
    }

    /// Who has a token.
    fn holder(&self, token: &str) -> Option<(String, Scope)> {
        let given = blake3::hash(token.as_bytes());
        if given == self.own.0 {
            return Some((self.own.1.clone(), self.own.2));
        }
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&given).cloned()
    }

    /// Begins a session with a token: the value of its cookie; none when there is no such token.
    pub(super) fn begin(&self, token: &str) -> Option<String> {
        let (name, scope) = self.holder(token)?;
        let secret = random();
        let session = Session {
            name,
            scope,
            csrf: random(),
            used: self.clock.now(),
        };
        let mut sessions = self.sessions();
        if sessions.len() >= MOST_SESSIONS
            && let Some(oldest) = sessions.iter().min_by_key(|(_, session)| session.used)
        {
            let oldest = *oldest.0;
            sessions.remove(&oldest);
        }
        sessions.insert(blake3::hash(secret.as_bytes()), session);
        Some(secret)
    }

    /// Ends the session that a request belongs to.
    pub(super) fn end(&self, headers: &HeaderMap) {
        if let Some(secret) = cookie(headers) {
            self.sessions().remove(&blake3::hash(secret.as_bytes()));
        }
    }

    /// Who asks; none when nothing proves it.
    pub(super) fn caller(&self, headers: &HeaderMap) -> Option<Caller> {
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let token = given.to_str().ok()?.strip_prefix("Bearer ")?.trim();
            let (name, scope) = self.holder(token)?;
            return Some(Caller {
                name,
                scope,
                csrf: None,
            });
        }
        let secret = cookie(headers)?;
        let now = self.clock.now();
        let mut sessions = self.sessions();
        sessions.retain(|_, session| session.used.plus(SESSION) > now);
        let session = sessions.get_mut(&blake3::hash(secret.as_bytes()))?;
        session.used = now;
        Some(Caller {
            name: session.name.clone(),
            scope: session.scope,
            csrf: Some(session.csrf.clone()),
        })
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<blake3::Hash, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the cookie of a session is set to.
pub(super) fn set_cookie(secret: &str) -> String {
    format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict")
}

/// What removes it.
pub(super) fn clear_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// A token that nobody can guess, as letters and digits.
pub fn random() -> String {
    let mut bytes = [0_u8; 24];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the system gives random bytes");
    base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// Why a request is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// Nothing proves who asks.
    Unknown,
    /// The token is not for this.
    Needs(Scope),
}

impl Denied {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::UNAUTHORIZED,
            Self::Needs(_) => StatusCode::FORBIDDEN,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Unknown => {
                "give a token of this daemon: `Authorization: Bearer TOKEN`".to_owned()
            }
            Self::Needs(scope) => {
                let scope = match scope {
                    Scope::Read => "read",
                    Scope::Operate => "operate",
                    Scope::Admin => "admin",
                };
                format!("the token is not for this; one with the scope `{scope}` is")
            }
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        (self.status(), self.text()).into_response()
    }
}

/// A caller who may at least look.
#[derive(Debug)]
pub(super) struct Reader(pub(super) Caller);

/// A caller who may retry, resolve, pause, resume and read now.
#[derive(Debug)]
pub(super) struct Operator(pub(super) Caller);

/// A caller who may change anything.
#[derive(Debug)]
pub(super) struct Administrator(pub(super) Caller);

fn allowed(parts: &Parts, admin: &Admin, scope: Scope) -> Result<Caller, Denied> {
    let caller = admin.access.caller(&parts.headers).ok_or(Denied::Unknown)?;
    if caller.scope < scope {
        return Err(Denied::Needs(scope));
    }
    Ok(caller)
}

macro_rules! callers {
    ($($who:ident: $scope:ident),*) => {$(
        impl FromRequestParts<Arc<Admin>> for $who {
            type Rejection = Denied;

            async fn from_request_parts(
                parts: &mut Parts,
                admin: &Arc<Admin>,
            ) -> Result<Self, Denied> {
                allowed(parts, admin, Scope::$scope).map(Self)
            }
        }
    )*};
}

callers!(Reader: Read, Operator: Operate, Administrator: Admin);
