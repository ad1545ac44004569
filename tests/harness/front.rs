//! Stands before a simulator and knows other credentials than it: what a client sends is checked here and exchanged
//! for what the simulator accepts. It can also be rude and repeat a client's secrets in a refusal.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Largest body.
const MOST: usize = 1 << 20;

/// What a client must send, and what the simulator wants in its place.
#[derive(Clone, Debug)]
pub(crate) struct Swap {
    /// From the client.
    pub(crate) given: String,
    /// To the simulator.
    pub(crate) wanted: String,
}

/// A front before one simulator. Dropped, it stops.
pub(crate) struct Front {
    pub(crate) addr: SocketAddr,
    rude: Arc<Rude>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Rude {
    /// How many of the next POSTs of the API are refused rudely.
    left: AtomicU32,
    refused: AtomicU32,
}

#[derive(Debug)]
struct Inner {
    to: SocketAddr,
    swaps: Vec<Swap>,
    http: reqwest::Client,
    rude: Arc<Rude>,
}

impl Front {
    pub(crate) async fn start(to: SocketAddr, swaps: Vec<Swap>) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let rude = Arc::new(Rude::default());
        let inner = Arc::new(Inner {
            to,
            swaps,
            http,
            rude: rude.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let addr = listener.local_addr().expect("it listens");
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let app = Router::new().fallback(forward).with_state(inner);
            drop(axum::serve(listener, app).await);
        });
        Self {
            addr,
            rude,
            _serving: serving,
        }
    }

    /// The next `count` POSTs of the API are refused with all that the client sent repeated in the reply.
    pub(crate) fn be_rude(&self, count: u32) {
        self.rude.left.store(count, Ordering::SeqCst);
    }

    /// How many were refused so.
    pub(crate) fn refused(&self) -> u32 {
        self.rude.refused.load(Ordering::SeqCst)
    }
}

async fn forward(State(front): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST).await.expect("requests are small");
    let path = parts.uri.path_and_query().map_or("/", |both| both.as_str());
    let asks_for_token = path.ends_with("/token");
    if parts.method == Method::POST && !asks_for_token && front.rude.takes_one() {
        return rude(&front, &parts.headers);
    }
    let body = if asks_for_token {
        front.exchanged(&body)
    } else {
        body
    };
    let mut forwarded = front
        .http
        .request(parts.method, format!("http://{}{path}", front.to))
        .body(body);
    for (name, value) in &parts.headers {
        if *name == header::HOST || *name == header::CONTENT_LENGTH {
            continue;
        }
        let value = value.to_str().expect("headers are text");
        forwarded = forwarded.header(name, front.exchanged_header(value));
    }
    let reply = forwarded.send().await.expect("the simulator answers");
    let status = StatusCode::from_u16(reply.status().as_u16()).expect("a status");
    let mut headers = reply.headers().clone();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let body = reply.bytes().await.expect("the simulator answers in full");
    (status, headers, body).into_response()
}

impl Rude {
    fn takes_one(&self) -> bool {
        let took = self
            .left
            .try_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        self.refused.fetch_add(u32::from(took), Ordering::SeqCst);
        took
    }
}

impl Inner {
    /// A form whose values are exchanged.
    fn exchanged(&self, body: &[u8]) -> Bytes {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(body) {
            form.append_pair(&name, &self.exchange(&value));
        }
        form.finish().into()
    }

    /// A header's value, or the two parts of a Basic one, exchanged.
    fn exchanged_header(&self, value: &str) -> String {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let Some(encoded) = value.strip_prefix("Basic ") else {
            return self.exchange(value);
        };
        let pair = String::from_utf8(STANDARD.decode(encoded).expect("Basic is base64"))
            .expect("credentials are text");
        let (user, password) = pair.split_once(':').expect("a user and a password");
        // RFC 6749, 2.3.1: both are form-encoded before they are put together.
        let decode = |text: &str| {
            let pair = format!("a={text}");
            url::form_urlencoded::parse(pair.as_bytes())
                .next()
                .map(|(_, value)| value.into_owned())
                .expect("one value")
        };
        let exchange = |text: &str| match self.exchange(text) {
            same if same == text => self.exchange(&decode(text)),
            other => other,
        };
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", exchange(user), exchange(password)))
        )
    }

    fn exchange(&self, value: &str) -> String {
        let swap = self.swaps.iter().find(|swap| swap.given == value);
        swap.map_or_else(|| value.to_owned(), |swap| swap.wanted.clone())
    }
}

/// A refusal that repeats every header and every secret it knows of.
fn rude(front: &Inner, headers: &HeaderMap) -> Response {
    let headers: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
        .collect();
    let secrets: Vec<&str> = front.swaps.iter().map(|swap| swap.given.as_str()).collect();
    let body = serde_json::json!({
        "title": format!("You sent {} and {}", headers.join(", "), secrets.join(" ")),
        "status": 400,
        "errors": { "credentials": secrets },
    });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}
