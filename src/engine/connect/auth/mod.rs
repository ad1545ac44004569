//! How requests are authorised.

mod oauth2;
mod token;
mod vault;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

pub use vault::{StoredTokens, TokenGeneration, TokenVault, VaultError, VaultKey};

pub(super) use oauth2::Grants;
pub(super) use token::{Token, TokenCache, TokenFailure, TokenParts, TokenSource};

use super::redact::Redactor;
use super::request::header;
use super::secrets::Secret;

/// How an account's requests are authorised.
#[derive(Debug)]
pub(super) enum Authorizer {
    None,
    /// A header that stays the same.
    Header(HeaderName, HeaderValue),
    /// A query parameter that stays the same.
    Query(Arc<str>, Secret),
    /// A bearer token that is fetched and renewed.
    Oauth2(Arc<TokenSource>),
}

/// What one request is authorised with.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    None,
    Header(HeaderName, HeaderValue),
    Query(Arc<str>, Secret),
}

impl Authorizer {
    /// HTTP Basic (RFC 7617).
    pub(super) fn basic(username: &str, password: &str, redactor: &Redactor) -> Option<Self> {
        Some(Self::Header(
            AUTHORIZATION,
            basic(username, password, redactor)?,
        ))
    }

    /// A bearer token (RFC 6750).
    pub(super) fn bearer(token: &str) -> Option<Self> {
        Some(Self::Header(AUTHORIZATION, bearer(token)?))
    }

    /// A key in a header.
    pub(super) fn key(name: &str, value: &str) -> Option<Self> {
        let (name, mut value) = header(name, value)?;
        value.set_sensitive(true);
        Some(Self::Header(name, value))
    }
}

pub(super) fn basic(username: &str, password: &str, redactor: &Redactor) -> Option<HeaderValue> {
    let joined = STANDARD.encode(format!("{username}:{password}"));
    redactor.add(&Secret::new(joined.clone()));
    let mut value = HeaderValue::try_from(format!("Basic {joined}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
