//! `/oauth/...`: who may come in, and the tokens they are given.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::model::ProviderId;
use super::settings::{Refresh, Switch};
use super::{CLIENT_SECRET, PASSWORD, USERS, World, client_ids};
use crate::sandbox::kit::audit::ClientId;
use crate::sandbox::kit::rng::Rng;
use crate::sandbox::kit::time::later;

const ACCESS_LIFE: Duration = Duration::from_secs(600);
const REFRESH_LIFE: Duration = Duration::from_secs(30 * 86_400);
const CODE_LIFE: Duration = Duration::from_secs(300);
/// Between two token requests of one user.
const TOKEN_PAUSE: Duration = Duration::from_secs(5);

/// Who sends a request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) client: Arc<str>,
    pub(super) user: Arc<str>,
    pub(super) provider: ProviderId,
}

#[derive(Clone, Debug)]
struct Grant {
    caller: Caller,
    expires: DateTime<Utc>,
}

/// All tokens given out.
#[derive(Debug)]
pub(super) struct Tokens {
    rng: Rng,
    access: HashMap<String, Grant>,
    refresh: HashMap<String, Grant>,
    /// Codes wait for the redirect address they were made for.
    codes: HashMap<String, (Grant, String)>,
    /// When each user last asked for a token.
    asked: HashMap<Arc<str>, DateTime<Utc>>,
}

impl Tokens {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::for_item(seed, 0xA07),
            access: HashMap::new(),
            refresh: HashMap::new(),
            codes: HashMap::new(),
            asked: HashMap::new(),
        }
    }

    /// Whose access token this is, if it is good.
    pub(super) fn caller(&self, token: &str, now: DateTime<Utc>) -> Option<Caller> {
        self.access
            .get(token)
            .filter(|grant| now < grant.expires)
            .map(|grant| grant.caller.clone())
    }

    /// No access token is good any more; refresh tokens are.
    pub(super) fn expire(&mut self) {
        self.access.clear();
    }

    fn opaque(&mut self) -> String {
        format!("{:016x}{:016x}", self.rng.next_u64(), self.rng.next_u64())
    }

    fn issue(&mut self, caller: Caller, now: DateTime<Utc>, refresh: Option<String>) -> Response {
        self.access.retain(|_, grant| now < grant.expires);
        let access = self.opaque();
        let expires = later(now, ACCESS_LIFE);
        self.access.insert(
            access.clone(),
            Grant {
                caller: caller.clone(),
                expires,
            },
        );
        let refresh = refresh.unwrap_or_else(|| {
            let token = self.opaque();
            let expires = later(now, REFRESH_LIFE);
            self.refresh.insert(
                token.clone(),
                Grant {
                    caller: caller.clone(),
                    expires,
                },
            );
            token
        });
        let body = json!({
            "access_token": access,
            "token_type": "bearer",
            "expires_in": ACCESS_LIFE.as_secs(),
            "refresh_token": refresh,
        });
        let mut response = Json(body).into_response();
        response.extensions_mut().insert(ClientId(caller.client));
        response
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenRequest {
    grant_type: String,
    username: String,
    password: String,
    refresh_token: String,
    code: String,
    redirect_uri: String,
}

/// `POST /oauth/token`.
pub(super) async fn token(
    State(world): State<World>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    let now = world.kit().clock.now();
    let Some(client) = basic_client(&world, &headers) else {
        return login_page();
    };
    let settings = world.settings();
    let mut tokens = world.tokens();
    let user = match request.grant_type.as_str() {
        "password" => USERS
            .iter()
            .find(|user| **user == request.username)
            .copied()
            .map(Arc::from),
        "refresh_token" => tokens
            .refresh
            .get(&request.refresh_token)
            .map(|grant| Arc::clone(&grant.caller.user)),
        "authorization_code" => tokens
            .codes
            .get(&request.code)
            .map(|(grant, _)| Arc::clone(&grant.caller.user)),
        _ => return oauth_error("unsupported_grant_type", "The grant type is not supported."),
    };
    // Also an unknown user is held to the pause: by the name that was given.
    let asked_by = user
        .clone()
        .unwrap_or_else(|| Arc::from(request.username.as_str()));
    let last = tokens.asked.insert(asked_by, now);
    if settings.token_throttle == Switch::On && last.is_some_and(|at| now < later(at, TOKEN_PAUSE))
    {
        return too_many_logins();
    }
    let good = |grant: &Grant| grant.caller.client == client && now < grant.expires;
    match request.grant_type.as_str() {
        "password" => match user {
            Some(user) if request.password == PASSWORD => {
                let caller = Caller {
                    client,
                    user,
                    provider: ProviderId(world.provider()),
                };
                tokens.issue(caller, now, None)
            }
            Some(_) | None => {
                oauth_error("invalid_grant", "The user name or password is incorrect.")
            }
        },
        "refresh_token" => {
            let Some(grant) = tokens
                .refresh
                .get(&request.refresh_token)
                .cloned()
                .filter(good)
            else {
                return oauth_error("invalid_grant", "The refresh token is not valid.");
            };
            let kept = match settings.refresh {
                Refresh::Keep => Some(request.refresh_token),
                Refresh::Rotate => {
                    tokens.refresh.remove(&request.refresh_token);
                    None
                }
            };
            tokens.issue(grant.caller, now, kept)
        }
        _ => match tokens.codes.remove(&request.code) {
            Some((grant, address)) if good(&grant) && address == request.redirect_uri => {
                tokens.issue(grant.caller, now, None)
            }
            Some(_) | None => oauth_error("invalid_grant", "The authorization code is not valid."),
        },
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct AuthorizeRequest {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    state: Option<String>,
}

/// `GET /oauth/authorize`: the first user is always logged in and always agrees.
pub(super) async fn authorize(
    State(world): State<World>,
    Query(request): Query<AuthorizeRequest>,
) -> Response {
    let mut clients = client_ids(world.provider()).into_iter();
    let client = clients.find(|id| *id == request.client_id);
    let (Some(client), "code", Ok(mut address)) = (
        client,
        request.response_type.as_str(),
        url::Url::parse(&request.redirect_uri),
    ) else {
        return login_page();
    };
    let now = world.kit().clock.now();
    let [user, ..] = USERS;
    let caller = Caller {
        client: Arc::from(client),
        user: Arc::from(user),
        provider: ProviderId(world.provider()),
    };
    let grant = Grant {
        caller,
        expires: later(now, CODE_LIFE),
    };
    let mut tokens = world.tokens();
    let code = tokens.opaque();
    tokens
        .codes
        .insert(code.clone(), (grant, request.redirect_uri));
    address.query_pairs_mut().append_pair("code", &code);
    if let Some(state) = &request.state {
        address.query_pairs_mut().append_pair("state", state);
    }
    (StatusCode::FOUND, [(header::LOCATION, address.to_string())]).into_response()
}

/// `GET /Account/LogOn`, where unknown clients are sent.
pub(super) async fn log_on() -> Response {
    let page = "<!DOCTYPE html>\n<html><head><title>Log On</title></head><body>\
                <form method=\"post\"><input name=\"UserName\"><input name=\"Password\" \
                type=\"password\"></form></body></html>\n";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// The client whose id and secret the header carries. A wrong secret is a client nobody knows:
/// what the vendor says to it is not documented.
fn basic_client(world: &World, headers: &HeaderMap) -> Option<Arc<str>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let coded = value.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(coded).ok()?).ok()?;
    let (given, secret) = pair.split_once(':')?;
    let mut clients = client_ids(world.provider()).into_iter();
    let known = clients.find(|id| *id == given && secret == CLIENT_SECRET)?;
    Some(Arc::from(known))
}

fn login_page() -> Response {
    let place = [(
        header::LOCATION,
        "/Account/LogOn?ReturnUrl=%2Foauth%2Ftoken",
    )];
    (StatusCode::FOUND, place).into_response()
}

fn oauth_error(error: &str, description: &str) -> Response {
    let body = Json(json!({ "error": error, "error_description": description }));
    (StatusCode::BAD_REQUEST, body).into_response()
}

fn too_many_logins() -> Response {
    let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
    let why = HeaderValue::from_static("Rejected by security reason: Login attempts limit exceed.");
    response.headers_mut().insert("Error-Message", why);
    response
}
