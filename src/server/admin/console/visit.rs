//! Who looks at a page or sends a form. Whoever is unknown is led to the login; a form counts only with the token that
//! our own pages have (CSRF), and with a scope that is for it.

use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::{Map, Value as Json, json};

use super::notices::Notice;
use super::pages::{self, PageError};
use crate::daemon::settings::SettingsError;
use crate::daemon::{EngineError, Outcome};
use crate::engine::store;
use crate::server::admin::Admin;
use crate::server::admin::auth::{Caller, Denied, Scope};

/// Somebody who may look.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    pub(super) caller: Caller,
    pub(super) headers: HeaderMap,
    /// What is asked for.
    pub(super) what: Wanted,
}

/// What is asked for at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A page.
    Page,
    /// The part of it that changes, again and again.
    Changes,
}

impl FromRequestParts<Arc<Admin>> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &Arc<Admin>) -> Result<Self, Problem> {
        let accept = parts.headers.get(header::ACCEPT);
        let wants_events = accept.is_some_and(|value| value == "text/event-stream");
        let Some(caller) = admin.access.caller(&parts.headers) else {
            if wants_events || parts.headers.contains_key(header::AUTHORIZATION) {
                return Err(Problem::Denied(Denied::Unknown));
            }
            if parts.method != Method::GET {
                return Err(Problem::LoggedOut);
            }
            let path = parts.uri.path_and_query();
            return Err(Problem::Login(
                path.map_or("/", |path| path.as_str()).to_owned(),
            ));
        };
        Ok(Self {
            caller,
            headers: parts.headers.clone(),
            what: if wants_events {
                Wanted::Changes
            } else {
                Wanted::Page
            },
        })
    }
}

impl Visitor {
    /// What every page shows, with a notice that waits.
    pub(super) fn frame(&self, admin: &Admin, here: &str, title: &str) -> Map<String, Json> {
        let notice = match (&self.caller.csrf, self.what) {
            (Some(session), Wanted::Page) => admin.console.notices.take(session),
            (Some(_) | None, _) => None,
        };
        let generation = admin.engine.generation();
        let refused = generation
            .last
            .as_ref()
            .and_then(|last| match &last.outcome {
                Outcome::Refused { text, .. } => Some(json!({
                    "at": super::facts::when(admin.engine.clock().now(), last.at),
                    "text": text,
                })),
                Outcome::Same | Outcome::Taken { .. } => None,
            });
        let facts = json!({
            "title": title,
            "here": here,
            "who": self.caller.name,
            "scope": self.caller.scope,
            "may": {
                "operate": self.caller.scope >= Scope::Operate,
                "admin": self.caller.scope >= Scope::Admin,
            },
            "csrf": self.caller.csrf,
            "notice": notice,
            "refused": refused,
            "asked": "",
        });
        match facts {
            Json::Object(facts) => facts,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
                Map::new()
            }
        }
    }
}

/// A form that counts: its sender and what it says.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) caller: Caller,
    fields: Vec<(String, String)>,
}

impl Sent {
    /// A field; none when it is empty.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether the form has a field, be it empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(known, _)| known == name)
    }

    /// A field without which nothing can be done.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, Problem> {
        self.field(name).ok_or(Problem::Missing(name))
    }

    /// What somebody did, by the name in the audit log.
    pub(super) fn by(&self) -> &str {
        &self.caller.name
    }

    /// Tells the sender on the next page what came of it.
    pub(super) fn then(&self, admin: &Admin, notice: Notice, path: &str) -> Redirect {
        if let Some(session) = &self.caller.csrf {
            admin.console.notices.leave(session, notice);
        }
        Redirect::to(path)
    }

    async fn read(request: Request, admin: &Arc<Admin>, scope: Scope) -> Result<Self, Problem> {
        let caller = admin.access.caller(request.headers());
        let caller = caller.ok_or(Problem::LoggedOut)?;
        let fields = Form::<Vec<(String, String)>>::from_request(request, admin).await;
        let Form(fields) = fields.map_err(|_| Problem::Unread)?;
        let sent = Self { caller, fields };
        // A program proves with every request who it is; only what browsers send by themselves needs more.
        if let Some(known) = &sent.caller.csrf {
            let given = sent.field("csrf").unwrap_or_default();
            // Hashes of this kind are compared in the same time, wherever they differ.
            if blake3::hash(given.as_bytes()) != blake3::hash(known.as_bytes()) {
                return Err(Problem::Forged);
            }
        }
        if sent.caller.scope < scope {
            return Err(Problem::Denied(Denied::Needs(scope)));
        }
        Ok(sent)
    }
}

/// A form of somebody who may at least look.
#[derive(Debug)]
pub(super) struct Reading(pub(super) Sent);

/// A form of somebody who may retry, resolve, pause, resume and read now.
#[derive(Debug)]
pub(super) struct Operating(pub(super) Sent);

/// A form of somebody who may change anything.
#[derive(Debug)]
pub(super) struct Administering(pub(super) Sent);

macro_rules! forms {
    ($($who:ident: $scope:ident),*) => {$(
        impl FromRequest<Arc<Admin>> for $who {
            type Rejection = Problem;

            async fn from_request(request: Request, admin: &Arc<Admin>) -> Result<Self, Problem> {
                Sent::read(request, admin, Scope::$scope).await.map(Self)
            }
        }
    )*};
}

forms!(Reading: Read, Operating: Operate, Administering: Admin);

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// Nobody knows who asks: first the login, then this address.
    #[error("log in first")]
    Login(String),
    #[error("the session has ended; log in and try again")]
    LoggedOut,
    #[error(
        "the form was not sent by a page of this console, or the page is from another session; load it again"
    )]
    Forged,
    #[error("the form cannot be read")]
    Unread,
    #[error("`{0}` is missing in the form")]
    Missing(&'static str),
    #[error("{}", .0.text())]
    Denied(Denied),
    #[error("there is no page here")]
    NoPage,
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Page(#[from] PageError),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Login(_) => StatusCode::SEE_OTHER,
            Self::LoggedOut => StatusCode::UNAUTHORIZED,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::Unread | Self::Missing(_) | Self::Refused(_) => StatusCode::BAD_REQUEST,
            Self::Denied(denied) => denied.status(),
            Self::NoPage | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Engine(error) => match error {
                EngineError::UnknownTenant { .. }
                | EngineError::UnknownPipeline { .. }
                | EngineError::UnknownEntity { .. }
                | EngineError::NothingWaits { .. } => StatusCode::NOT_FOUND,
                EngineError::NotRunning { .. } | EngineError::Activate(_) => StatusCode::CONFLICT,
                EngineError::Settings(_) => StatusCode::BAD_REQUEST,
                EngineError::Sealing(_)
                | EngineError::Http(_)
                | EngineError::Open(_)
                | EngineError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Settings(_) | Self::Store(_) | Self::Page(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        if let Self::Login(next) = &self {
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            return Redirect::to(&format!("/login?next={next}")).into_response();
        }
        let status = self.status();
        let reason = status.canonical_reason().unwrap_or_default();
        let facts = json!({ "title": reason, "text": self.to_string(), "status": status.as_u16() });
        match pages::fill("problem.html", facts) {
            Ok(page) => (status, Html(page)).into_response(),
            Err(_) => (status, self.to_string()).into_response(),
        }
    }
}

/// What is behind an address that leads nowhere.
pub(super) async fn nowhere(_: Visitor) -> Problem {
    Problem::NoPage
}
