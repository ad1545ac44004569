//! Webhooks coming in: whether a delivery was signed with a key of the account, whose data it speaks of, and which
//! record it names. Decides only; who listens is the server.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use ring::hmac;
use serde_json::Value as Json;
use tracing::warn;

use super::connection::Connection;
use super::paging::CursorValue;
use super::redact::Redactor;
use crate::engine::clock::Timestamp;
use crate::lang::expr::{Condition, Datum, FormError, Scope, Template};
use crate::lang::plan::{self, HmacAlgorithm, SignatureEncoding};

/// A webhook of an account, with the account's keys.
#[derive(Debug)]
pub struct Webhook {
    plan: plan::Webhook,
    params: Datum,
    check: Check,
    /// Whose data the account holds, where deliveries say whose they speak of.
    owner: Option<String>,
    redactor: Redactor,
}

/// Tells webhooks apart by what proves their deliveries: equal where the same keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Proof(Option<[u8; blake3::OUT_LEN]>);

#[derive(Debug)]
enum Check {
    None,
    Hmac(Signature),
}

#[derive(Debug)]
struct Signature {
    header: Arc<str>,
    prefix: Arc<str>,
    encoding: SignatureEncoding,
    before: Option<Template>,
    timestamp: Option<(Arc<str>, Duration)>,
    keys: Vec<hmac::Key>,
    /// Of the keys, to tell whether two accounts have the same.
    print: blake3::Hash,
}

/// What a delivery comes to.
#[derive(Debug)]
pub enum Named {
    /// It names a record.
    Record {
        /// Its key.
        key: Datum,
        /// The version it speaks of.
        version: Option<CursorValue>,
    },
    /// Its `when` is false, or it names nothing.
    Nothing,
}

impl Connection {
    /// A webhook of the connector with this account's keys.
    pub fn webhook(&self, name: &str) -> Option<Webhook> {
        let plan = self.connector().webhooks.get(name)?.clone();
        let params = self.params().clone();
        let check = match &plan.verify {
            plan::Verify::None => Check::None,
            plan::Verify::Hmac(hmac) => Check::Hmac(Signature::new(hmac, &params)),
        };
        let owner = plan.tenant.as_ref().and_then(|(_, param)| {
            let params = params.to_json().ok()?;
            text(params.get(&**param)?)
        });
        Some(Webhook {
            owner,
            plan,
            params,
            check,
            redactor: self.redactor().clone(),
        })
    }
}

impl Webhook {
    /// Whether a delivery is proven to come from the API, by its bytes as they were sent.
    pub fn is_proven(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        match &self.check {
            Check::None => true,
            Check::Hmac(signature) => signature.proves(headers, body, now).is_some(),
        }
    }

    /// What proves its deliveries: whatever proves one proves it at every webhook with the same.
    pub fn proof(&self) -> Proof {
        Proof(match &self.check {
            Check::None => None,
            Check::Hmac(signature) => Some(*signature.print.as_bytes()),
        })
    }

    /// Whether nothing is ever proven, because the account gives no key.
    pub fn has_no_key(&self) -> bool {
        matches!(&self.check, Check::Hmac(signature) if signature.keys.is_empty())
    }

    /// Whether deliveries say whose data they speak of, so that one address may serve all tenants.
    pub fn says_whose(&self) -> bool {
        self.plan.tenant.is_some()
    }

    /// Whose data the account holds, as deliveries say it.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Whose data a delivery speaks of, if it says so.
    pub fn whose(&self, payload: &Json) -> Option<String> {
        let (path, _) = self.plan.tenant.as_ref()?;
        path.first(payload).and_then(text)
    }

    /// Whether a delivery speaks of this account's data (S43).
    pub fn is_ours(&self, payload: &Json) -> bool {
        !self.says_whose() || (self.owner.is_some() && self.owner == self.whose(payload))
    }

    /// Which record a delivery names.
    pub fn names(&self, headers: &HeaderMap, payload: &Arc<Json>) -> Named {
        let base = Scope::new();
        let scope = base
            .child()
            .with("params", self.params.clone())
            .with("payload", Datum::Json(payload.clone()))
            .with("headers", datum(headers))
            .with_root(payload.clone());
        let read = || -> Result<Named, FormError> {
            // A condition that cannot be told costs one read; a record that is not read would cost a poll's time.
            let counts = |when: &Condition| when.holds(&scope).unwrap_or(true);
            if !self.plan.when.as_ref().is_none_or(counts) {
                return Ok(Named::Nothing);
            }
            let key = self.plan.key.eval_datum(&scope)?;
            if key.is_null() {
                return Ok(Named::Nothing);
            }
            let version = match &self.plan.version {
                Some(version) => version.eval(&scope)?,
                None => Json::Null,
            };
            Ok(Named::Record {
                key,
                version: CursorValue::from_json(&version),
            })
        };
        read().unwrap_or_else(|error| {
            let error = self.redactor.clean(&error.to_string());
            warn!(%error, "A webhook names no record that can be read from it.");
            Named::Nothing
        })
    }
}

impl Signature {
    fn new(hmac: &plan::Hmac, params: &Datum) -> Self {
        let algorithm = match hmac.algorithm {
            HmacAlgorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HmacAlgorithm::Sha256 => hmac::HMAC_SHA256,
            HmacAlgorithm::Sha384 => hmac::HMAC_SHA384,
            HmacAlgorithm::Sha512 => hmac::HMAC_SHA512,
        };
        let scope = Scope::new().with("params", params.clone());
        let mut print = blake3::Hasher::new();
        let mut keys = Vec::new();
        for key in &hmac.keys {
            let key = key.eval_datum(&scope).unwrap_or(Datum::Null);
            // An empty key is one that everybody has.
            let Some(key) = key.as_str().filter(|key| !key.trim().is_empty()) else {
                continue;
            };
            print.update(blake3::hash(key.as_bytes()).as_bytes());
            keys.push(hmac::Key::new(algorithm, key.as_bytes()));
        }
        Self {
            header: hmac.header.clone(),
            prefix: hmac.prefix.clone(),
            encoding: hmac.encoding,
            before: hmac.before.clone(),
            timestamp: hmac.timestamp.clone(),
            keys,
            print: print.finalize(),
        }
    }

    fn proves(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Option<()> {
        let tag = self.decoded(only(headers, &self.header)?.strip_prefix(&*self.prefix)?)?;
        let mut scope = Scope::new().with("headers", datum(headers));
        if let Some((header, tolerance)) = &self.timestamp {
            let written = only(headers, header)?;
            let at = instant(written)?;
            if now.since(at).max(at.since(now)) > *tolerance {
                return None;
            }
            scope = scope.with("timestamp", Datum::from(written));
        }
        let signed = match &self.before {
            None => None,
            Some(before) => {
                let mut signed = before.text(&scope).ok()?.into_bytes();
                signed.extend_from_slice(body);
                Some(signed)
            }
        };
        let signed = signed.as_deref().unwrap_or(body);
        // Every key is tried, and each in constant time: how long it takes tells nothing.
        let fits = |key: &hmac::Key| hmac::verify(key, signed, &tag).is_ok();
        let proven = self
            .keys
            .iter()
            .fold(false, |proven, key| fits(key) | proven);
        proven.then_some(())
    }

    fn decoded(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            SignatureEncoding::Base64 => STANDARD.decode(text).ok(),
            SignatureEncoding::Hex => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
                    [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
                    _ => None,
                });
                bytes.collect()
            }
        }
    }
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Seconds or milliseconds since 1970, or a date.
fn instant(text: &str) -> Option<Timestamp> {
    /// More seconds than the year 5000 has, fewer milliseconds than 1974 had.
    const MOST: i64 = 100_000_000_000;
    match text.parse::<i64>() {
        Ok(seconds @ 0..MOST) => Some(Timestamp::from_unix_seconds(seconds)),
        Ok(millis @ MOST..) => Some(Timestamp::from_ticks(millis.checked_mul(10_000)?)),
        Ok(_) => None,
        Err(_) => Timestamp::parse(text),
    }
}

/// Headers as expressions see them: by small letters, the first of each.
fn datum(headers: &HeaderMap) -> Datum {
    let read = |name: &http::HeaderName| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), Datum::from(value)))
    };
    Datum::map(headers.keys().filter_map(read))
}

/// An id as text: 1 is "1".
fn text(id: &Json) -> Option<String> {
    match id {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::expr::{ExprEnv, ValueForm};

    /// What a sender does: the text of the signature, as most APIs document it.
    const NOW: i64 = 1_777_000_000;

    fn signature(change: impl FnOnce(&mut plan::Hmac)) -> Signature {
        let env = ExprEnv::new();
        let key = |text: &str| ValueForm::compile(&env, &Json::from(text)).0;
        let mut hmac = plan::Hmac {
            algorithm: HmacAlgorithm::Sha256,
            header: "x-signature".into(),
            encoding: SignatureEncoding::Hex,
            prefix: "".into(),
            keys: vec![key("{{ params.new }}"), key("{{ params.old }}")],
            before: None,
            timestamp: None,
        };
        change(&mut hmac);
        let params = Datum::map([("new", Datum::from("Jefe")), ("old", Datum::Null)]);
        Signature::new(&hmac, &params)
    }

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn holds(signature: &Signature, all: &[(&'static str, &str)], body: &[u8]) -> bool {
        let now = Timestamp::from_unix_seconds(NOW);
        signature.proves(&headers(all), body, now).is_some()
    }

    fn hex(tag: &hmac::Tag) -> String {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap();
        let bytes = tag.as_ref().iter();
        bytes
            .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
            .collect()
    }

    /// RFC 4231, the second test case.
    #[test]
    fn each_hash_and_each_way_to_write_it() {
        let body = b"what do ya want for nothing?";
        let cases = [
            (
                HmacAlgorithm::Sha1,
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                HmacAlgorithm::Sha256,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                HmacAlgorithm::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e\
                 8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                HmacAlgorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ];
        for (algorithm, hex) in cases {
            let own = signature(|hmac| hmac.algorithm = algorithm);
            assert!(holds(&own, &[("x-signature", hex)], body), "{algorithm:?}");
            let capitals = hex.to_uppercase();
            assert!(holds(&own, &[("x-signature", &capitals)], body));
            assert!(!holds(&own, &[("x-signature", hex)], b"what do ya want"));
            let cut = |bytes: usize| hex.get(bytes..).unwrap_or_default();
            assert!(!holds(&own, &[("x-signature", cut(2))], body));
            assert!(!holds(&own, &[("x-signature", cut(1))], body));
            assert!(!holds(&own, &[("x-signature", "")], body));
            assert!(!holds(
                &own,
                &[("x-signature", hex), ("x-signature", hex)],
                body
            ));
            assert!(!holds(&own, &[("x-other", hex)], body));
        }
        let base64 = signature(|hmac| {
            hmac.encoding = SignatureEncoding::Base64;
            hmac.prefix = "sha256=".into();
        });
        let text = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";
        let prefixed = format!("sha256={text}");
        assert!(holds(&base64, &[("x-signature", &prefixed)], body));
        assert!(!holds(&base64, &[("x-signature", text)], body));
    }

    #[test]
    fn a_time_that_is_signed_keeps_old_deliveries_out() {
        let env = ExprEnv::new();
        let own = signature(|hmac| {
            hmac.before = Some(Template::compile(&env, "v1:{{ timestamp }}:").unwrap());
            hmac.timestamp = Some(("x-time".into(), Duration::from_secs(300)));
        });
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"Jefe");
        // Bytes that are no text.
        let body = [0xff, 0x00, b'{'];
        let sent = |signed_at: &str, told: &[&str]| {
            let signed = [format!("v1:{signed_at}:").as_bytes(), &body].concat();
            let tag = hmac::sign(&key, &signed);
            let hex = hex(&tag);
            let mut all = vec![("x-signature", hex.as_str())];
            all.extend(told.iter().map(|told| ("x-time", *told)));
            holds(&own, &all, &body)
        };
        let [now, early, late] = [NOW, NOW - 301, NOW + 301].map(|at| at.to_string());
        let date = Timestamp::from_unix_seconds(NOW).to_chrono().to_rfc3339();
        let millis = (NOW * 1000).to_string();

        assert!(sent(&now, &[&now]));
        assert!(sent(&date, &[&date]));
        assert!(sent(&millis, &[&millis]));
        assert!(!sent(&early, &[&early]), "too old");
        assert!(!sent(&late, &[&late]), "from the future");
        assert!(!sent(&early, &[&now]), "signed at another time");
        assert!(!sent(&now, &[]));
        assert!(!sent(&now, &[&now, &now]));
        assert!(!sent("soon", &["soon"]));
        assert!(!sent("-1", &["-1"]));
    }

    #[test]
    fn an_empty_key_is_none() {
        let nobody = signature(|hmac| {
            hmac.keys.remove(0);
        });
        assert!(nobody.keys.is_empty());
        let open = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), b"x");
        assert!(!holds(&nobody, &[("x-signature", &hex(&open))], b"x"));
    }
}
