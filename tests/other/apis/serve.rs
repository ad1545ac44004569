//! Serves one API on a free loopback port, notes every call, and can lose a reply.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_service::Service as _;

/// The largest body that is read.
const LARGEST: usize = 1 << 20;

/// One request with what was answered.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
    /// None when the connection was dropped.
    pub(crate) status: Option<u16>,
}

/// Every call so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Arc<Mutex<Vec<Call>>>);

impl Calls {
    fn all(&self) -> MutexGuard<'_, Vec<Call>> {
        self.0.lock().unwrap()
    }

    /// How many there were: the place that [`Calls::since`] goes on from.
    pub(crate) fn mark(&self) -> usize {
        self.all().len()
    }

    /// The calls after a mark.
    pub(crate) fn since(&self, mark: usize) -> Vec<Call> {
        self.all()[mark..].to_vec()
    }
}

/// Says on a response that it is never to arrive.
#[derive(Clone, Copy, Debug)]
struct Lost;

/// What was done stays done, but the connection ends instead of an answer.
pub(crate) fn lost() -> Response {
    let mut response = ().into_response();
    response.extensions_mut().insert(Lost);
    response
}

/// The error that makes the connection end.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

/// An API that is served until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    pub(crate) calls: Calls,
    _connections: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Calls::default();
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, router, calls.clone()));
        Self {
            url,
            calls,
            _connections: connections,
        }
    }
}

async fn accept(listener: TcpListener, router: Router, calls: Calls) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (router, calls) = (router.clone(), calls.clone());
        connections.spawn(async move {
            let service = service_fn(move |request| answer(router.clone(), calls.clone(), request));
            // A client that goes away, and a reply that is lost, end the connection.
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            drop(served.await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(
    mut router: Router,
    calls: Calls,
    request: hyper::Request<Incoming>,
) -> Result<Response, Dropped> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(Body::new(body), LARGEST)
        .await
        .map_err(|_| Dropped)?;
    let mut call = Call {
        method: parts.method.clone(),
        path: path_of(&parts.uri),
        body: read_body(&parts.headers, &bytes),
        status: None,
    };
    let response = router
        .call(Request::from_parts(parts, Body::from(bytes)))
        .await
        .unwrap_or_else(|never| match never {});
    let is_lost = response.extensions().get::<Lost>().is_some();
    call.status = (!is_lost).then(|| response.status().as_u16());
    calls.all().push(call);
    if is_lost { Err(Dropped) } else { Ok(response) }
}

fn path_of(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| uri.path().to_owned(), ToString::to_string)
}

/// The JSON of a body; forms are not kept, for they hold credentials.
fn read_body(headers: &HeaderMap, bytes: &Bytes) -> Value {
    let json = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"));
    if json {
        serde_json::from_slice(bytes).unwrap_or_default()
    } else {
        Value::Null
    }
}
