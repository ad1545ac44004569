//! Asks the admin listener of a daemon.

use std::net::SocketAddr;
use std::sync::Once;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::hooks::Served;

/// A reply.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn fine(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }
}

/// Sends one request, on a connection of its own.
pub(crate) async fn send(at: SocketAddr, request: Request<Body>) -> Answer {
    let stream = TcpStream::connect(at).await.expect("it listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let asked = async move {
        let reply = sender.send_request(request).await.expect("it replies");
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let body = reply.into_body().collect().await.expect("a whole reply");
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Answer {
            status,
            headers,
            text,
        }
    };
    let (answer, _closed) = tokio::join!(asked, connection);
    answer
}

/// Asks with a token; a body goes as JSON.
pub(crate) async fn ask(
    at: SocketAddr,
    method: Method,
    path: &str,
    token: &str,
    body: Option<&Value>,
) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, at.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    send(at, request.body(body).unwrap()).await
}

/// A client that follows no redirect, and knows no proxy.
pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // An engine of another test in this process may have chosen the same one before.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build();
    client.expect("a client can be made")
}

impl Served {
    /// Asks with another token or none, and with any text for a body.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<String>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.admin.to_string());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, Body::from);
        send(self.admin, request.body(body).unwrap()).await
    }

    /// GETs a path of the admin listener.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask(self.admin, Method::GET, path, &self.token, None).await
    }

    /// POSTs to a path of the admin listener.
    pub(crate) async fn ask(&self, path: &str, body: &Value) -> Answer {
        ask(self.admin, Method::POST, path, &self.token, Some(body)).await
    }
}
