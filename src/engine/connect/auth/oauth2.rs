//! The requests of OAuth 2.0 (RFC 6749) and what comes back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;
use url::Url;

use super::basic;
use crate::engine::connect::client::{Redirects, WireRequest};
use crate::engine::connect::redact::Redactor;
use crate::engine::connect::secrets::Secret;
use crate::lang::plan::{ClientSend, Grant};

/// Longest reply of a token endpoint.
const MAX_BODY: usize = 1 << 20;
/// Life of a token whose reply does not tell it; an earlier end shows as a 401.
const UNSAID_LIFE: Duration = Duration::from_secs(3600);

/// What token requests are made of, rendered once.
pub(in crate::engine::connect) struct Grants {
    pub(in crate::engine::connect) grant: Grant,
    pub(in crate::engine::connect) token_url: Url,
    pub(in crate::engine::connect) client_id: String,
    pub(in crate::engine::connect) client_secret: Secret,
    pub(in crate::engine::connect) send: ClientSend,
    pub(in crate::engine::connect) username: String,
    pub(in crate::engine::connect) password: Secret,
    pub(in crate::engine::connect) refresh_token: Option<Secret>,
    pub(in crate::engine::connect) scopes: Vec<Arc<str>>,
    pub(in crate::engine::connect) extra: Vec<(Arc<str>, String)>,
    pub(in crate::engine::connect) redirects: Redirects,
    pub(in crate::engine::connect) timeout: Duration,
}

impl fmt::Debug for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("grant", &self.grant)
            .finish_non_exhaustive()
    }
}

/// What a token is asked with.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    /// The grant of a first token.
    Grant,
    /// A refresh token.
    Refresh(Secret),
}

/// A token as it came.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    pub(super) life: Duration,
}

impl Grants {
    /// The token request.
    pub(super) fn request(&self, ask: &Ask, redactor: &Redactor) -> WireRequest {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        match (ask, self.grant) {
            (Ask::Refresh(token), _) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("refresh_token", token.expose());
            }
            (Ask::Grant, Grant::Password) => {
                form.append_pair("grant_type", "password");
                form.append_pair("username", &self.username);
                form.append_pair("password", self.password.expose());
            }
            (Ask::Grant, Grant::ClientCredentials | Grant::RefreshToken) => {
                form.append_pair("grant_type", "client_credentials");
            }
        }
        if !self.scopes.is_empty() {
            form.append_pair("scope", &self.scopes.join(" "));
        }
        for (name, value) in &self.extra {
            form.append_pair(name, value);
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        match self.send {
            ClientSend::Body => {
                form.append_pair("client_id", &self.client_id);
                form.append_pair("client_secret", self.client_secret.expose());
            }
            ClientSend::Basic => {
                // RFC 6749, 2.3.1: both are form-encoded before they are joined.
                let encoded = |text: &str| -> String {
                    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
                };
                let (id, secret) = (
                    encoded(&self.client_id),
                    encoded(self.client_secret.expose()),
                );
                if let Some(value) = basic(&id, &secret, redactor) {
                    headers.insert(AUTHORIZATION, value);
                }
            }
        }
        WireRequest {
            method: Method::POST,
            url: self.token_url.clone(),
            headers,
            body: Bytes::from(form.finish()).into(),
            timeout: self.timeout,
            max_body: MAX_BODY,
            redirects: self.redirects,
        }
    }

    /// The same for grants that ask for the same token.
    pub(in crate::engine::connect) fn fingerprint(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let refresh = self.refresh_token.as_ref().map_or("", Secret::expose);
        let scopes = self.scopes.join(" ");
        let extra = self
            .extra
            .iter()
            .flat_map(|(name, value)| [name.as_ref(), value.as_str()]);
        let parts = [
            self.token_url.as_str(),
            &self.client_id,
            self.client_secret.expose(),
            &self.username,
            self.password.expose(),
            refresh,
            &scopes,
        ];
        hasher.update(&[self.grant as u8, self.send as u8]);
        for part in parts.into_iter().chain(extra) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize()
    }

    /// The endpoint, for messages.
    pub(super) fn endpoint(&self) -> String {
        let mut text = self.token_url.origin().ascii_serialization();
        text.push_str(self.token_url.path());
        text
    }
}

impl Issued {
    /// Reads a token reply. `expires_in` may be a number or text.
    pub(super) fn read(body: &Value) -> Option<Self> {
        let text = |name: &str| body.get(name)?.as_str().filter(|text| !text.is_empty());
        let life = match body.get("expires_in") {
            Some(Value::Number(seconds)) => seconds.as_f64(),
            Some(Value::String(seconds)) => seconds.trim().parse().ok(),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        let life = life.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Some(Self {
            access: Secret::new(text("access_token")?.to_owned()),
            refresh: text("refresh_token").map(|token| Secret::new(token.to_owned())),
            life: life.unwrap_or(UNSAID_LIFE),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grants(grant: Grant, send: ClientSend) -> Grants {
        Grants {
            grant,
            token_url: Url::parse("https://login.example/oauth/token?x=1").unwrap(),
            client_id: "id:1".into(),
            client_secret: Secret::new("s&cret".into()),
            send,
            username: "u@example".into(),
            password: Secret::new("p w".into()),
            refresh_token: None,
            scopes: vec!["read".into(), "write".into()],
            extra: vec![("audience".into(), "https://api.example".into())],
            redirects: Redirects::Refused,
            timeout: Duration::from_secs(60),
        }
    }

    fn body(request: &WireRequest) -> &str {
        request.body.as_text()
    }

    #[test]
    fn grants_are_written_as_the_rfc_says() {
        let redactor = Redactor::default();
        let basic = grants(Grant::Password, ClientSend::Basic).request(&Ask::Grant, &redactor);
        assert_eq!(
            body(&basic),
            "grant_type=password&username=u%40example&password=p+w&scope=read+write&audience=https%3A%2F%2Fapi.example"
        );
        // id%3A1:s%26cret
        assert_eq!(basic.headers[AUTHORIZATION], "Basic aWQlM0ExOnMlMjZjcmV0");
        assert_eq!(redactor.clean("aWQlM0ExOnMlMjZjcmV0"), "***");
        let in_body =
            grants(Grant::ClientCredentials, ClientSend::Body).request(&Ask::Grant, &redactor);
        assert!(body(&in_body).starts_with("grant_type=client_credentials&"));
        assert!(body(&in_body).ends_with("&client_id=id%3A1&client_secret=s%26cret"));
        assert!(!in_body.headers.contains_key(AUTHORIZATION));
        let ask = Ask::Refresh(Secret::new("r+1".into()));
        let refresh = grants(Grant::Password, ClientSend::Basic).request(&ask, &redactor);
        assert!(body(&refresh).starts_with("grant_type=refresh_token&refresh_token=r%2B1&"));
        assert_eq!(
            grants(Grant::Password, ClientSend::Basic).endpoint(),
            "https://login.example/oauth/token"
        );
    }

    #[test]
    fn a_reply_needs_an_access_token_and_nothing_else() {
        let issued = Issued::read(
            &json!({ "access_token": "a", "expires_in": "600", "refresh_token": "r" }),
        );
        let issued = issued.unwrap();
        assert_eq!(
            (issued.access.expose(), issued.life),
            ("a", Duration::from_secs(600))
        );
        assert_eq!(issued.refresh.unwrap().expose(), "r");
        assert_eq!(
            Issued::read(&json!({ "access_token": "a" })).unwrap().life,
            UNSAID_LIFE
        );
        assert_eq!(
            Issued::read(&json!({ "access_token": "a", "expires_in": -5 }))
                .unwrap()
                .life,
            UNSAID_LIFE
        );
        assert!(Issued::read(&json!({ "access_token": "" })).is_none());
        assert!(Issued::read(&json!({ "error": "x" })).is_none());
    }
}
