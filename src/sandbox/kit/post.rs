//! Sends what a vendor sends by itself, such as webhooks. Only to this machine, as all of the sandbox.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// Why something was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It would have left this machine.
    #[error("the sandbox sends to loopback addresses over http only, and {url} is none")]
    NotLoopback {
        /// Where it was to go.
        url: Url,
    },
    /// Nobody listens there.
    #[error("cannot reach {addr}: {source}")]
    Unreachable {
        /// Where it was to go.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// There was no reply.
    #[error("there was no reply: {0}")]
    NoReply(#[from] hyper::Error),
}

/// The address behind a URL, if it is on this machine.
pub fn loopback(url: &Url) -> Result<SocketAddr, Error> {
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => Some(ip.into()),
        Some(Host::Ipv6(ip)) => Some(ip.into()),
        Some(Host::Domain("localhost")) => Some(std::net::Ipv4Addr::LOCALHOST.into()),
        Some(Host::Domain(_)) | None => None,
    };
    ip.filter(|ip: &std::net::IpAddr| ip.is_loopback() && url.scheme() == "http")
        .zip(url.port_or_known_default())
        .map(SocketAddr::from)
        .ok_or_else(|| Error::NotLoopback { url: url.clone() })
}

/// POSTs `body` on a connection of its own and says with which status it was answered.
pub async fn post(url: &Url, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Error> {
    let addr = loopback(url)?;
    let stream = TcpStream::connect(addr)
        .await
        .map_err(|source| Error::Unreachable { addr, source })?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = axum::http::Method::POST;
    *request.uri_mut() = target.parse().expect("the path of a URL is one");
    *request.headers_mut() = headers;
    let host = HeaderValue::from_str(&addr.to_string()).expect("an address is ASCII");
    request.headers_mut().insert(header::HOST, host);
    let mut answer = pin!(sender.send_request(request));
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        answered = &mut answer => return Ok(answered?.status()),
        _ = &mut connection => {}
    }
    // The connection has ended, perhaps right after it handed over the reply.
    Ok(answer.await?.status())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_this_machine() {
        let at = |url: &str| loopback(&url.parse().unwrap());
        assert_eq!(
            at("http://127.0.0.1:81/x").unwrap(),
            "127.0.0.1:81".parse().unwrap()
        );
        assert_eq!(
            at("http://localhost/x").unwrap(),
            "127.0.0.1:80".parse().unwrap()
        );
        for outside in [
            "http://10.0.0.1/x",
            "https://127.0.0.1/x",
            "http://hooks.example/x",
        ] {
            let error = at(outside).unwrap_err().to_string();
            assert!(error.ends_with("is none"), "{error}");
        }
    }
}
