//! How to talk to one API, compiled.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;

use super::request::Request;
use super::webhook::Webhook;
use crate::lang::config::{
    ApiKeyPlace, Applied, ClientSend, ErrorClass, Fold, Grant, ParamScope, ParamType, QueryLists,
};
use crate::lang::expr::{Condition, Template, Type};

/// How to talk to one API. Its templates see `params` alone and are evaluated once per account.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Its name.
    pub name: Arc<str>,
    /// What an account gives.
    pub params: IndexMap<Arc<str>, Param>,
    /// The params whose values say whose data an account sees (S30).
    pub identity: Vec<Arc<str>>,
    /// Address that paths are put behind.
    pub base_url: Template,
    /// Beginnings of paths, by name.
    pub roots: IndexMap<Arc<str>, Template>,
    /// Headers of every request.
    pub headers: Vec<(Arc<str>, Template)>,
    /// How a list is written in a query.
    pub query_lists: QueryLists,
    /// How requests are authorised.
    pub auth: Auth,
    /// Rate windows.
    pub limits: Vec<Limit>,
    /// Requests on the wire at once.
    pub concurrency: u32,
    /// Time after which a request is given up.
    pub timeout: Duration,
    /// How a failed record is tried again.
    pub retry: Retry,
    /// The bound of S1; without it no create may be settled by not finding it.
    pub settle: Option<Settle>,
    /// What replies mean, first match wins.
    pub errors: Vec<ErrorRule>,
    /// Lists of values that maps translate.
    pub vocabularies: IndexMap<Arc<str>, Vocabulary>,
    /// Types of the records it returns.
    pub records: IndexMap<Arc<str>, Arc<Type>>,
    /// Deliveries that it sends by itself, by name.
    pub webhooks: IndexMap<Arc<str>, Webhook>,
    /// The request that proves the credentials.
    pub check: Option<Check>,
    /// Hosts that links in replies may lead to.
    pub download_hosts: Vec<Template>,
}

/// One value that an account gives.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its type.
    pub type_: ParamType,
    /// Its default.
    pub default: Option<serde_json::Value>,
    /// Never shown.
    pub secret: bool,
    /// Who gives it.
    pub scope: ParamScope,
    /// Whether an account must have it.
    pub required: bool,
    /// What it is and where to find it.
    pub description: Option<Arc<str>>,
}

/// How requests are authorised.
#[derive(Clone, Debug)]
pub enum Auth {
    /// OAuth 2.0.
    Oauth2(Box<Oauth2>),
    /// HTTP Basic: user name, password.
    Basic(Template, Template),
    /// A fixed bearer token.
    Bearer(Template),
    /// A key: name of the header or parameter, value, place.
    ApiKey(Arc<str>, Template, ApiKeyPlace),
    /// Nothing.
    None,
}

/// OAuth 2.0, its templates over `params`.
#[derive(Clone, Debug)]
pub struct Oauth2 {
    /// The grant of a first token.
    pub grant: Grant,
    /// The token endpoint.
    pub token_url: Template,
    /// Client id.
    pub client_id: Template,
    /// Client secret.
    pub client_secret: Template,
    /// Where the client's id and secret are sent.
    pub send: ClientSend,
    /// User name of the password grant.
    pub username: Option<Template>,
    /// Password of the password grant.
    pub password: Option<Template>,
    /// First token of the `refresh_token` grant.
    pub refresh_token: Option<Template>,
    /// Scopes to ask for.
    pub scopes: Vec<Arc<str>>,
    /// Further parameters.
    pub extra: Vec<(Arc<str>, Template)>,
    /// Least time between two token requests of one account.
    pub min_interval: Option<Duration>,
    /// Whether a redirect of the token endpoint is followed.
    pub follow_redirects: bool,
    /// Error rules of the token endpoint, before the connector's own.
    pub errors: Vec<ErrorRule>,
}

/// One rate window.
#[derive(Clone, Debug)]
pub struct Limit {
    /// Requests in one window.
    pub requests: u32,
    /// Length of the window.
    pub per: Duration,
    /// Who shares it, over `params`; the account alone when absent.
    pub by: Option<Template>,
}

/// How a failed record is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts before the record is dead.
    pub attempts: u32,
    /// Wait before the second attempt; it doubles.
    pub first: Duration,
    /// Longest wait.
    pub max: Duration,
}

/// The bound within which a lost create shows (S1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle {
    /// How long after it was sent a request may still take effect.
    pub in_flight: Duration,
    /// How long after it took effect a find may still not see it.
    pub lag: Duration,
}

impl Settle {
    /// `in_flight + lag`: how long after sending not finding something says anything.
    pub fn bound(self) -> Duration {
        self.in_flight + self.lag
    }
}

/// What a reply means, over `status headers body params`.
#[derive(Clone, Debug)]
pub struct ErrorRule {
    /// When it applies.
    pub when: Condition,
    /// The kind of failure.
    pub class: ErrorClass,
    /// The API's code.
    pub code: Option<Template>,
    /// The API's words.
    pub message: Option<Template>,
    /// Whether the request may have taken effect (S2).
    pub applied: Option<Applied>,
    /// The param that is wrong.
    pub blame: Option<Arc<str>>,
}

/// A list of values that maps translate.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// The known values, as text.
    pub values: Vec<Arc<str>>,
    /// Further legal values.
    pub open: Option<Regex>,
    /// Differences that do not matter.
    pub fold: Vec<Fold>,
}

/// The request that proves the credentials.
#[derive(Clone, Debug)]
pub struct Check {
    /// The request; its values see `params` alone.
    pub request: Request,
    /// The sentence it prints, over `status headers body params`.
    pub says: Option<Template>,
}
