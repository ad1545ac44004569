//! Tokens: who gets one, and which calls one opens (reference section 1).

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::json;

use super::config::Config;
use super::params::Params;
use super::refusal::Refusal;
use super::value::Instant;
use crate::sandbox::kit::time::later;

/// How long a token is good for.
const LIFETIME: Duration = Duration::from_secs(900);

/// What the app may do; every call here is covered.
const SCOPES: [&str; 11] = [
    "tn.acc.invoices:r",
    "tn.acc.invoices:w",
    "tn.crm.bookings:r",
    "tn.crm.bookings:w",
    "tn.crm.customers:r",
    "tn.crm.customers:w",
    "tn.jpm.jobs:r",
    "tn.jpm.jobs:w",
    "tn.mrk.campaigns:r",
    "tn.mrk.campaigns:w",
    "tn.set.businessunits:r",
];

/// The reply of the token endpoint.
#[derive(Debug, Serialize)]
pub(crate) struct TokenReply {
    access_token: String,
    expires_in: u64,
    token_type: &'static str,
    scope: String,
}

/// Why no token is given: `error` of the OAuth error body, status 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenRefusal {
    InvalidClient,
    UnsupportedGrantType,
}

/// The tokens that were given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    until: HashMap<String, Instant>,
    given: u64,
}

impl Tokens {
    /// Answers a form body of the token endpoint.
    pub(crate) fn issue(
        &mut self,
        config: &Config,
        form: &str,
        now: Instant,
    ) -> Result<TokenReply, TokenRefusal> {
        let form = Params::parse(form);
        if form.text("grant_type") != Some("client_credentials") {
            return Err(TokenRefusal::UnsupportedGrantType);
        }
        let good = form.text("client_id") == Some(&config.client_id)
            && form.text("client_secret") == Some(&config.client_secret);
        if !good {
            return Err(TokenRefusal::InvalidClient);
        }
        self.given += 1;
        let until = later(now, LIFETIME);
        let token = jwt(config, self.given, now, until);
        self.until.retain(|_, until| *until > now);
        self.until.insert(token.clone(), until);
        Ok(TokenReply {
            access_token: token,
            expires_in: LIFETIME.as_secs(),
            token_type: "Bearer",
            scope: SCOPES.join(" "),
        })
    }

    /// No token given so far is good any more.
    pub(crate) fn revoke(&mut self) {
        self.until.clear();
    }

    /// Lets a call through or says why not. The token may stand alone or behind `Bearer`.
    pub(crate) fn check(
        &self,
        config: &Config,
        call: &Credentials<'_>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Some(key) = call.app_key else {
            return Err(Refusal::Unauthorized {
                reason: "The ST-App-Key header is missing.",
            });
        };
        if key != config.app_key {
            return Err(Refusal::Unauthorized {
                reason: "The application key is not valid.",
            });
        }
        let Some(header) = call.authorization else {
            return Err(Refusal::Unauthorized {
                reason: "The Authorization header is missing.",
            });
        };
        let token = header.strip_prefix("Bearer ").unwrap_or(header).trim();
        if self.until.get(token).is_none_or(|until| *until <= now) {
            return Err(Refusal::Unauthorized {
                reason: "The access token is not valid.",
            });
        }
        if call.tenant != config.tenant.to_string() {
            return Err(Refusal::Forbidden {
                tenant: call.tenant.to_owned(),
            });
        }
        Ok(())
    }
}

/// What a call shows of itself.
#[derive(Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) app_key: Option<&'a str>,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) tenant: &'a str,
}

/// A token of the shape clients see: three parts, the middle one the claims. Its last part is a
/// hash, not a signature; nobody but this simulator checks it.
fn jwt(config: &Config, serial: u64, now: Instant, until: Instant) -> String {
    let header = json!({"alg": "RS256", "typ": "at+jwt"});
    let claims = json!({
        "iss": "https://auth.servicetitan.io",
        "nbf": now.timestamp(),
        "iat": now.timestamp(),
        "exp": until.timestamp(),
        "client_id": config.client_id,
        "tenant": config.tenant.to_string(),
        "scope": SCOPES,
        "jti": format!("{serial:032X}"),
    });
    let encode = |part: &serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let seal = URL_SAFE_NO_PAD.encode(blake3::hash(signed.as_bytes()).as_bytes());
    format!("{signed}.{seal}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "grant_type=client_credentials&client_id=cid.sandbox";

    fn token(tokens: &mut Tokens, now: Instant) -> String {
        let form = format!("{FORM}&client_secret=cs1.sandbox");
        tokens
            .issue(&Config::default(), &form, now)
            .unwrap()
            .access_token
    }

    fn check(tokens: &Tokens, key: Option<&str>, auth: Option<&str>, at: Instant) -> u16 {
        let call = Credentials {
            app_key: key,
            authorization: auth,
            tenant: "1000",
        };
        tokens
            .check(&Config::default(), &call, at)
            .map_or_else(|error| error.status(400), |()| 200)
    }

    #[test]
    fn a_token_is_good_for_900_seconds() {
        let now = Instant::UNIX_EPOCH;
        let mut tokens = Tokens::default();
        let token = token(&mut tokens, now);
        assert_eq!(token.split('.').count(), 3);
        let good = Some("ak1.sandbox");
        let bearer = format!("Bearer {token}");
        assert_eq!(check(&tokens, good, Some(&token), now), 200);
        let last = later(now, Duration::from_secs(899));
        assert_eq!(check(&tokens, good, Some(&bearer), last), 200);
        assert_eq!(
            check(&tokens, good, Some(&bearer), later(now, LIFETIME)),
            401
        );
        tokens.revoke();
        assert_eq!(check(&tokens, good, Some(&token), now), 401);
    }

    #[test]
    fn both_headers_and_the_tenant_are_checked() {
        let now = Instant::UNIX_EPOCH;
        let mut tokens = Tokens::default();
        let token = token(&mut tokens, now);
        assert_eq!(check(&tokens, None, Some(&token), now), 401);
        assert_eq!(check(&tokens, Some("ak1.other"), Some(&token), now), 401);
        assert_eq!(check(&tokens, Some("ak1.sandbox"), None, now), 401);
        assert_eq!(
            check(&tokens, Some("ak1.sandbox"), Some("Bearer x"), now),
            401
        );
        let call = Credentials {
            app_key: Some("ak1.sandbox"),
            authorization: Some(&token),
            tenant: "1001",
        };
        let refusal = tokens.check(&Config::default(), &call, now).unwrap_err();
        assert_eq!(refusal.status(400), 403);
    }

    #[test]
    fn wrong_credentials_get_no_token() {
        let issue = |form: &str| {
            Tokens::default()
                .issue(&Config::default(), form, Instant::UNIX_EPOCH)
                .unwrap_err()
        };
        assert_eq!(
            issue(&format!("{FORM}&client_secret=no")),
            TokenRefusal::InvalidClient
        );
        assert_eq!(issue(FORM), TokenRefusal::InvalidClient);
        assert_eq!(
            issue("grant_type=password"),
            TokenRefusal::UnsupportedGrantType
        );
    }
}
