//! The body of a reply, parsed once.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::classify::Body;
use super::failure::ReplyBody;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body: JSON where it says so or looks so, else text.
pub(super) fn read_body(headers: &HeaderMap, bytes: &[u8]) -> Body {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if bytes.is_empty() {
        return Body::Read(ReplyBody::Empty);
    }
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let says_json = content_type.is_some_and(|value| value.to_ascii_lowercase().contains("json"));
    let looks_so = matches!(
        bytes.iter().find(|byte| !byte.is_ascii_whitespace()),
        Some(b'{' | b'[')
    );
    if says_json || looks_so {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => return Body::Read(ReplyBody::Json(Arc::new(value))),
            Err(_) if says_json => return Body::Broken(String::from_utf8_lossy(bytes).into()),
            Err(_) => {}
        }
    }
    Body::Read(ReplyBody::Text(String::from_utf8_lossy(bytes).into()))
}

impl Body {
    /// The JSON, if it is some.
    pub(super) fn json(&self) -> Option<&Arc<Value>> {
        match self {
            Self::Read(ReplyBody::Json(value)) => Some(value),
            Self::Read(ReplyBody::Text(_) | ReplyBody::Empty) | Self::Broken(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: Option<&str>, bytes: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        match read_body(&headers, bytes) {
            Body::Read(ReplyBody::Json(value)) => format!("json {value}"),
            Body::Read(ReplyBody::Text(text)) => format!("text {text}"),
            Body::Read(ReplyBody::Empty) => "empty".into(),
            Body::Broken(text) => format!("broken {text}"),
        }
    }

    #[test]
    fn a_body_is_what_it_says_or_looks_like() {
        assert_eq!(
            read(Some("application/json; charset=utf-8"), b"{\"a\":1}"),
            "json {\"a\":1}"
        );
        assert_eq!(read(Some("application/problem+json"), b"5"), "json 5");
        assert_eq!(read(None, b" \n[1]"), "json [1]");
        assert_eq!(read(Some("text/html"), b"{oops"), "text {oops");
        assert_eq!(read(Some("application/json"), b"{\"a\":"), "broken {\"a\":");
        assert_eq!(read(Some("application/json"), b"\xef\xbb\xbf{}"), "json {}");
        assert_eq!(read(None, b"5"), "text 5");
        assert_eq!(read(Some("application/json"), b""), "empty");
    }
}
