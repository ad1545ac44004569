//! Posts one delivery.

use std::fmt::Write as _;
use std::pin::pin;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ring::hmac;
use tokio::net::TcpStream;

use super::outbox::Delivery;
use super::{Encoding, Signature, target};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the URL leads nowhere")]
    Url,
    #[error(transparent)]
    Connect(#[from] std::io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error(transparent)]
    Request(#[from] http::Error),
}

/// The status of the answer; none without one.
pub(super) async fn post(delivery: &Delivery) -> Option<u16> {
    match tokio::time::timeout(PATIENCE, exchange(delivery)).await {
        Ok(Ok(status)) => Some(status),
        Ok(Err(error)) => {
            tracing::debug!(%error, url = delivery.url, "a webhook got no answer");
            None
        }
        Err(_) => None,
    }
}

async fn exchange(delivery: &Delivery) -> Result<u16, NoAnswer> {
    let (url, ip, port) = target(&delivery.url).ok_or(NoAnswer::Url)?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = Request::post(path)
        .header(header::HOST, format!("{ip}:{port}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_LENGTH, delivery.body.len());
    if let Some(signature) = &delivery.signature {
        request = request.header(&signature.header, seal(signature, delivery.body.as_bytes()));
    }
    let request = request.body(Body::from(delivery.body.clone()))?;
    let stream = TcpStream::connect((ip, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut answer = pin!(sender.send_request(request));
    let response = tokio::select! {
        biased;
        response = &mut answer => response?,
        ended = connection => {
            ended?;
            answer.await?
        }
    };
    Ok(response.status().as_u16())
}

fn seal(signature: &Signature, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, signature.key.as_bytes());
    let tag = hmac::sign(&key, body);
    match signature.encoding {
        Encoding::Base64 => STANDARD.encode(tag),
        Encoding::Hex => tag.as_ref().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("text can be written to text");
            text
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 4231.
    #[test]
    fn the_signature_is_an_hmac_of_the_body() {
        let sealed = |encoding| {
            let signature = Signature {
                key: "Jefe".to_owned(),
                header: String::new(),
                encoding,
            };
            seal(&signature, b"what do ya want for nothing?")
        };
        assert_eq!(
            sealed(Encoding::Hex),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            sealed(Encoding::Base64),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }
}
