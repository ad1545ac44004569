//! Posts one delivery.

use std::fmt::Write as _;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::outbox::Delivery;
use super::{Encoding, Signature, target};
use crate::sandbox::kit;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The status of the answer; none without one.
pub(super) async fn post(delivery: &Delivery) -> Option<u16> {
    let url = target(&delivery.url)?;
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if let Some(signature) = &delivery.signature {
        let name: HeaderName = signature.header.parse().ok()?;
        let seal = seal(signature, delivery.body.as_bytes());
        headers.insert(name, HeaderValue::from_str(&seal).ok()?);
    }
    let body = delivery.body.clone().into_bytes().into();
    match tokio::time::timeout(PATIENCE, kit::post::post(&url, headers, body)).await {
        Ok(Ok(status)) => Some(status.as_u16()),
        Ok(Err(error)) => {
            tracing::debug!(%error, url = delivery.url, "a webhook got no answer");
            None
        }
        Err(_) => None,
    }
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
