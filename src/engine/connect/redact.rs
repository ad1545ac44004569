//! Keeps secrets out of texts (P9): as they are, URL-encoded, JSON-escaped, in base64 at any place of it.

mod index;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::encode;
use super::secrets::Secret;
use index::Index;

/// What stands in place of a secret.
const MASK: &str = "***";
/// Forms shorter than this are left out: they stand everywhere.
const SHORTEST_FORM: usize = 4;

/// Knows secrets and removes them from texts. Cheap to clone; clones know the same.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Index>>);

/// A secret that is known for a while: it is forgotten when this is dropped. For tokens, of which there are always
/// new ones.
#[must_use = "the secret is forgotten when this is dropped"]
pub struct Learned {
    redactor: Redactor,
    secret: Secret,
}

impl Drop for Learned {
    fn drop(&mut self) {
        let mut known = self.redactor.write();
        for form in written(self.secret.expose()) {
            known.forget(&form);
        }
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Learned")
    }
}

impl Redactor {
    /// Learns a secret for good.
    pub fn add(&self, secret: &Secret) {
        let text = secret.expose();
        let mut known = self.write();
        if !known.keeps(text) {
            for form in written(text) {
                known.keep(form);
            }
        }
    }

    /// Learns a secret until what is returned is dropped.
    pub fn learn(&self, secret: &Secret) -> Learned {
        let mut known = self.write();
        for form in written(secret.expose()) {
            known.learn(form);
        }
        Learned {
            redactor: self.clone(),
            secret: secret.clone(),
        }
    }

    /// The text without any secret: where several begin, the longest goes.
    pub fn clean(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            let step = if let Some(secret) = known.longest_at(rest) {
                out.push_str(MASK);
                secret
            } else {
                out.push(char);
                char.len_utf8()
            };
            rest = rest.get(step..).unwrap_or_default();
        }
        out
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Redactor {
    /// JSON without any secret in its texts: what is quoted in a text would be escaped twice in the whole.
    pub fn clean_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(text)),
            Value::Array(items) => items.iter().map(|item| self.clean_json(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| (self.clean(name), self.clean_json(member)))
                .collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// An address without any secret. Addresses are encoded over encoded text, so it is also looked at decoded; one
    /// that holds a secret then is masked as a whole.
    pub fn clean_address(&self, text: &str) -> String {
        const LAYERS: usize = 3;
        let mut decoded = text.to_owned();
        for _ in 0..LAYERS {
            let pairs = format!("={}", decoded.replace('&', "%26"));
            decoded = url::form_urlencoded::parse(pairs.as_bytes())
                .map(|(_, value)| value)
                .collect();
            if self.clean(&decoded) != decoded {
                return MASK.to_owned();
            }
        }
        self.clean(text)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// A secret and the ways it is written down, without those that stand everywhere.
fn written(text: &str) -> impl Iterator<Item = String> {
    let own = (!text.is_empty()).then(|| text.to_owned());
    let known = own.is_some();
    let others = forms(text).filter(move |form| known && form.len() >= SHORTEST_FORM);
    own.into_iter().chain(others)
}

/// The ways a secret is written down.
fn forms(text: &str) -> impl Iterator<Item = String> {
    let mut percent = String::new();
    encode::segment(text, &mut percent);
    let mut query = String::new();
    encode::query_value(text, &mut query);
    let lower = lower_hex(&percent);
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let quoted = serde_json::to_string(text).expect("text is JSON");
    let json = quoted
        .trim_start_matches('"')
        .strip_suffix('"')
        .unwrap_or_default()
        .to_owned();
    let slashed = json.replace('/', "\\/");
    let debug = format!("{text:?}").trim_matches('"').to_owned();
    let parsed = url::Url::parse("http://h/").ok().map(|mut url| {
        url.set_query(Some(text));
        url.query().unwrap_or_default().to_owned()
    });
    [percent, query, lower, form, json, slashed, debug]
        .into_iter()
        .chain(parsed)
        .chain(base64_forms(text.as_bytes()))
}

/// The middle of the base64 of any text that holds `secret`, such as a `Basic` header: it depends only on how many
/// bytes stand before the secret, by threes.
fn base64_forms(secret: &[u8]) -> impl Iterator<Item = String> {
    (0..3_usize).flat_map(move |before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        // Characters that also carry bits of what stands before or behind.
        let start = (before * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|engine| {
            engine
                .encode(&bytes)
                .get(start..end)
                .unwrap_or_default()
                .to_owned()
        })
    })
}

fn lower_hex(percent: &str) -> String {
    let mut out = String::with_capacity(percent.len());
    let mut chars = percent.chars();
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '%' {
            out.extend(chars.by_ref().take(2).map(|hex| hex.to_ascii_lowercase()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    const CANARY: &str = "p@ss: \"{wörd}\"\\/+&=%?#\n'x";

    fn redactor(secret: &str) -> Redactor {
        let redactor = Redactor::default();
        redactor.add(&Secret::new(secret.to_owned()));
        redactor
    }

    #[test]
    fn every_form_is_removed() {
        let redactor = redactor(CANARY);
        let form: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
        let mut segment = String::new();
        encode::segment(CANARY, &mut segment);
        let texts = [
            CANARY.to_owned(),
            serde_json::json!({ "a": CANARY }).to_string(),
            format!("password={form}&x=1"),
            format!("/a/{segment}/b"),
            format!("/a/{}/b", lower_hex(&segment)),
            format!("{:?}", CANARY),
        ];
        for text in texts {
            let clean = redactor.clean(&text);
            assert!(clean.contains(MASK), "{text}");
            assert!(!clean.contains("rd}"), "{clean}");
        }
        assert_eq!(redactor.clean("nothing here"), "nothing here");
    }

    #[test]
    fn a_basic_header_is_removed_whoever_the_user_is() {
        let redactor = redactor("correct horse");
        for user in ["", "u", "us", "use", "user@example"] {
            let header = STANDARD.encode(format!("{user}:correct horse"));
            let clean = redactor.clean(&format!("Basic {header}"));
            assert!(clean.contains(MASK), "{header} became {clean}");
        }
    }

    #[test]
    fn an_address_is_looked_at_below_its_encodings() {
        let redactor = redactor("s3:cret+x");
        assert_eq!(redactor.clean_address("/LogOn?a=1&b=2"), "/LogOn?a=1&b=2");
        for hidden in [
            "/a?x=s3%253Acret%252Bx",
            "/a/s3:cret%2bx/y",
            "/%5C%22s3%3Acret%2Bx%5C%22",
        ] {
            assert_eq!(redactor.clean_address(hidden), MASK, "{hidden}");
        }
    }

    #[test]
    fn json_is_cleaned_below_its_quotes() {
        let redactor = redactor("s\"x\"y");
        let quoted = serde_json::json!({ "echo": [format!("{:?}", "s\"x\"y")] });
        assert_eq!(
            redactor.clean_json(&quoted).to_string(),
            r#"{"echo":["\"***\""]}"#
        );
    }

    #[test]
    fn the_longest_of_two_secrets_goes_as_a_whole() {
        let redactor = redactor("abc");
        redactor.add(&Secret::new("abcdef".to_owned()));
        assert_eq!(redactor.clean("xabcdefx abc"), "x***x ***");
    }

    #[test]
    fn a_token_is_known_as_long_as_somebody_holds_it() {
        let redactor = redactor("a secret for good");
        let kept = redactor.0.read().unwrap().len();
        let token = Secret::new("a token made up".to_owned());
        let (first, second) = (redactor.learn(&token), redactor.learn(&token));
        let (text, encoded) = (token.expose(), STANDARD_NO_PAD.encode(token.expose()));
        drop(first);
        assert_eq!(redactor.clean(text), MASK);
        assert_eq!(redactor.clean(&encoded), MASK);
        drop(second);
        assert_eq!(redactor.clean(text), text);
        assert_eq!(redactor.clean(&encoded), encoded);
        assert_eq!(redactor.0.read().unwrap().len(), kept);
        // What is known for good stays, whoever knew it for a while.
        let secret = Secret::new("a secret for good".to_owned());
        drop(redactor.learn(&secret));
        assert_eq!(redactor.clean(secret.expose()), MASK);
    }

    proptest! {
        #[test]
        fn no_secret_survives(secret in "\\PC{6,30}", before in "\\PC{0,9}", behind in "\\PC{0,9}") {
            let redactor = redactor(&secret);
            let clean = redactor.clean(&format!("{before}{secret}{behind}"));
            prop_assert!(!clean.contains(&secret));
            let joined = STANDARD.encode(format!("{before}:{secret}"));
            prop_assert!(redactor.clean(&joined).contains(MASK));
        }
    }
}
