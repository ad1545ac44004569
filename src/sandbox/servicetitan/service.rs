//! From HTTP to the world and back: who calls, how often, what they get.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::auth::{Credentials, Tokens};
use super::call_name;
use super::config::{Config, TokenThrottle};
use super::journal::{Author, Journal};
use super::params::Params;
use super::refusal::Refusal;
use super::reply::{File, Reply};
use super::router::{Call, route};
use super::seed;
use super::value::Instant;
use super::webhooks::{self, Outbox};
use super::world::World;
use super::{forms, multipart};
use crate::sandbox::kit::Kit;
use crate::sandbox::kit::audit::{ClientId, RequestSeq};
use crate::sandbox::kit::faults::Sight;
use crate::sandbox::kit::limits::{Limits, RetryAfter, Throttled, Window};
use crate::sandbox::kit::server::Replies;
use crate::sandbox::kit::time::{earlier, later};

/// Where tokens are asked for. The vendor has another host for it; here only the path differs.
const TOKEN_PATH: &str = "/connect/token";
/// The largest body that is read, unless it is a file.
const BODY_CAP: usize = 4 << 20;
/// The largest body with a file. It is kept in memory.
const FILE_CAP: usize = 256 << 20;
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const APP_KEY: HeaderName = HeaderName::from_static("st-app-key");

/// Everything the handlers share.
pub(super) struct Shared {
    pub(super) kit: Kit,
    pub(super) config: Config,
    pub(super) journal: Journal,
    pub(super) outbox: Outbox,
    world: Mutex<World>,
    tokens: Mutex<Tokens>,
    calls: Option<Limits>,
    token_calls: Option<Limits>,
    client: Arc<str>,
    /// When it was started: the seed's rows lie before it, also after a reset.
    started: Instant,
}

impl Shared {
    pub(super) fn new(kit: Kit, config: Config) -> Self {
        let started = kit.clock.now();
        let window = |requests, seconds| Window {
            requests,
            per: Duration::from_secs(seconds),
        };
        let token_calls = match config.token_throttle {
            TokenThrottle::Off => None,
            TokenThrottle::PerMinute(requests) => Some(Limits::new("Token", window(requests, 60))),
        };
        Self {
            world: Mutex::new(seed::world(&config, started)),
            tokens: Mutex::default(),
            calls: config
                .calls_per_second
                .map(|calls| Limits::new("App", window(calls, 1))),
            token_calls,
            client: Arc::from(config.client_id.as_str()),
            started,
            journal: Journal::default(),
            outbox: Outbox::new(config.hooks.clone(), config.seed),
            kit,
            config,
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts everything back to the seed. Tokens end.
    pub(super) fn reset(&self) {
        *self.world() = seed::world(&self.config, self.started);
        self.journal.reset();
        self.outbox.reset(self.config.hooks.clone());
        self.tokens().revoke();
        for limits in [&self.calls, &self.token_calls].into_iter().flatten() {
            limits.reset();
        }
    }

    /// Lets people do something now. What they create is no creation for the audit.
    pub(super) fn people<T>(
        &self,
        method: &str,
        path: &str,
        act: impl FnOnce(&mut World) -> T,
    ) -> T {
        let now = self.kit.clock.now();
        let late = self
            .kit
            .faults
            .late_row(method, path)
            .map(|delay| later(now, delay));
        let mut world = self.world();
        world.begin(Author::People, now, None, late);
        let done = act(&mut world);
        world.births.clear();
        self.settle(&mut world, || format!("{method} {path}"));
        done
    }

    /// Tells everyone who follows what the call did to rows.
    fn settle(&self, world: &mut World, call: impl FnOnce() -> String) {
        let edits = world.take_edits();
        if edits.is_empty() {
            return;
        }
        let call = Arc::from(call());
        self.journal.add(world.now, world.author, &call, &edits);
        if self.outbox.is_wanted() {
            let events = webhooks::of_edits(world, &self.config, &edits);
            self.outbox.put(world.now, events);
        }
    }

    fn answer(&self, head: &Head, body: &Bytes) -> Response {
        if head.uri.path() == TOKEN_PATH && head.method == Method::POST {
            return self.token(body);
        }
        let params = Params::parse(head.uri.query().unwrap_or_default());
        if head.uri.path().starts_with(forms::BLOBS) && head.method == Method::GET {
            let now = self.kit.clock.now();
            let file = forms::blob(&self.world(), now, head.uri.path(), &params);
            return file.map_or_else(|| StatusCode::FORBIDDEN.into_response(), downloaded);
        }
        let path: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
        let [module, "v2", "tenant", tenant, rest @ ..] = path.as_slice() else {
            let (method, path) = (head.method.to_string(), head.uri.path().to_owned());
            return self.refused(Refusal::NoRoute { method, path }, head.seq);
        };
        let now = self.kit.clock.now();
        let text = |name: HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
        let who = Credentials {
            app_key: text(APP_KEY).or_else(|| params.text("servicetitanapplicationkey")),
            authorization: text(header::AUTHORIZATION),
            tenant,
        };
        if let Err(refusal) = self.tokens().check(&self.config, &who, now) {
            return self.refused(refusal, head.seq);
        }
        if let Some(limits) = &self.calls
            && let Err(full) = limits.take(&self.client, now)
        {
            return self.known(throttled(&full, RetryAfter::Seconds));
        }
        let call = Call {
            method: head.method.as_str(),
            module,
            path: rest,
            params,
            body,
            file: head
                .multipart()
                .and_then(|kind| multipart::file(kind, body)),
        };
        let answer = self.act(&call, now, head);
        self.known(match answer {
            Ok(Reply::Link(path)) => linked(&path, head),
            Ok(reply) => replied(reply),
            Err(refusal) => self.refused(refusal, head.seq),
        })
    }

    /// Lets the world answer, and tells the audit what was created.
    fn act(&self, call: &Call<'_>, now: Instant, head: &Head) -> Result<Reply, Refusal> {
        let mut world = self.world();
        let lag = world
            .switches
            .read_lag
            .max(head.sight.read_lag.unwrap_or_default());
        let newest = (!lag.is_zero()).then(|| earlier(now, lag));
        let late = head.sight.late_row.map(|delay| later(now, delay));
        world.begin(Author::Client(head.seq), now, newest, late);
        let answer = route(&mut world, call);
        self.settle(&mut world, || {
            format!("{} {}", call.method, call_name(call.module, call.path))
        });
        for birth in world.births.drain(..) {
            self.kit
                .audit
                .created(birth.collection, &birth.natural_key, head.seq);
        }
        answer
    }

    fn token(&self, body: &[u8]) -> Response {
        let now = self.kit.clock.now();
        if let Some(limits) = &self.token_calls
            && let Err(full) = limits.take(&self.client, now)
        {
            return throttled(&full, RetryAfter::Seconds);
        }
        let form = String::from_utf8_lossy(body);
        match self.tokens().issue(&self.config, &form, now) {
            Ok(token) => json_reply(StatusCode::OK, &json!(token)),
            Err(error) => json_reply(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        }
    }

    fn refused(&self, refusal: Refusal, seq: RequestSeq) -> Response {
        let invalid = self.world().switches.invalid_is.status();
        let status = refusal.status(invalid);
        let trace = format!("00-{:032x}-{:016x}-00", seq.0, seq.0);
        let code = StatusCode::from_u16(status).expect("refusals have good statuses");
        json_reply(code, &json!(refusal.body(status, trace)))
    }

    fn known(&self, mut response: Response) -> Response {
        response
            .extensions_mut()
            .insert(ClientId(Arc::clone(&self.client)));
        response
    }
}

/// What is needed of a request beside its body.
struct Head {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    seq: RequestSeq,
    sight: Sight,
}

impl Head {
    /// The content type, when the body is made of parts.
    fn multipart(&self) -> Option<&str> {
        let kind = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        kind.starts_with("multipart/").then_some(kind)
    }
}

/// Answers one request.
pub(super) async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let head = Head {
        seq: parts.extensions.get().copied().unwrap_or(RequestSeq(0)),
        sight: parts.extensions.get().copied().unwrap_or_default(),
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
    };
    let cap = if head.multipart().is_some() {
        FILE_CAP
    } else {
        BODY_CAP
    };
    let Ok(body) = to_bytes(body, cap).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    shared.answer(&head, &body)
}

pub(super) fn replied(reply: Reply) -> Response {
    match reply {
        Reply::Json(bytes) => ([(header::CONTENT_TYPE, JSON)], Bytes::from(bytes)).into_response(),
        Reply::Link(path) => (StatusCode::FOUND, [(header::LOCATION, path)]).into_response(),
        Reply::File(file) => downloaded(file),
        Reply::Empty => Response::new(Body::empty()),
    }
}

fn downloaded(file: File) -> Response {
    ([(header::CONTENT_TYPE, file.content_type)], file.content).into_response()
}

/// The vendor's links lead to another host; these lead to the one that was asked.
fn linked(path: &str, head: &Head) -> Response {
    let host = head.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let url = host.map_or_else(|| path.to_owned(), |host| format!("http://{host}{path}"));
    (StatusCode::FOUND, [(header::LOCATION, url)]).into_response()
}

fn json_reply(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], body.to_string()).into_response()
}

/// How this vendor words what faults make it say.
pub(super) const REPLIES: Replies = Replies {
    throttled,
    unauthorized,
    failed,
    self_next_link,
};

/// The body is not documented; this is the one the vendor's gateway product usually sends.
fn throttled(full: &Throttled, form: RetryAfter) -> Response {
    let wait = full.retry_after(form);
    let seconds = full.retry_after(RetryAfter::Seconds);
    let seconds = seconds.to_str().unwrap_or("1");
    let message = format!("Rate limit is exceeded. Try again in {seconds} seconds.");
    let body = json!({ "statusCode": 429, "message": message });
    let mut response = json_reply(StatusCode::TOO_MANY_REQUESTS, &body);
    response.headers_mut().insert(header::RETRY_AFTER, wait);
    response
}

fn unauthorized() -> Response {
    let refusal = Refusal::Unauthorized {
        reason: "The access token is not valid.",
    };
    let body = refusal.body(401, "00-fault-00".to_owned());
    json_reply(StatusCode::UNAUTHORIZED, &json!(body))
}

fn failed(status: StatusCode) -> Response {
    let body = json!({
        "type": "https://tools.ietf.org/html/rfc7231#section-6.6.1",
        "title": "An error occurred while processing your request.",
        "status": status.as_u16(),
        "traceId": "00-fault-00",
        "errors": {},
        "data": {},
    });
    json_reply(status, &body)
}

/// Lists have page numbers and no link; a feed can lead to itself with its token.
fn self_next_link(body: &mut Value, uri: &Uri) {
    let params = Params::parse(uri.query().unwrap_or_default());
    let Some(feed) = body.as_object_mut() else {
        return;
    };
    if let (Some(from), true) = (params.text("from"), feed.contains_key("continueFrom")) {
        feed.insert("continueFrom".to_owned(), Value::from(from));
        feed.insert("hasMore".to_owned(), Value::Bool(true));
    }
}
