//! What a reply means: the connector's ordered rules, then what HTTP says; and whether it proves that nothing
//! happened (S2).

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::failure::{Class, ReplyBody, Standing, Wire};
use super::redact::Redactor;
use super::retry_after::retry_after;
use crate::engine::clock::Timestamp;
use crate::lang::expr::{Condition, Datum, Scope, Template};
use crate::lang::plan::{Applied, ErrorClass, ErrorRule};

/// How long a 429 without `Retry-After` is waited for.
const UNSAID_WAIT: Duration = Duration::from_secs(5);
/// How much of a body a message shows.
const EXCERPT: usize = 200;

/// The error rules that hold for one kind of request.
#[derive(Clone)]
pub(super) struct Classifier {
    rules: Vec<ErrorRule>,
    /// Whether a rule may hold for a 2xx, so that successes must be looked at.
    looks_at_success: LooksAtSuccess,
    endpoint: Endpoint,
    params: Datum,
    redactor: Redactor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LooksAtSuccess {
    Yes,
    No,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Api,
    /// A refusal there means that the credentials are wrong.
    Token,
}

/// A reply that failed.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) class: Class,
    pub(super) code: Option<Arc<str>>,
    pub(super) message: String,
    pub(super) blame: Option<Arc<str>>,
    pub(super) wire: Wire,
}

/// What the rules see of a reply.
pub(super) struct Seen<'r> {
    pub(super) status: u16,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r Body,
}

/// A body as far as it could be read.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Read(ReplyBody),
    /// It says that it is JSON, and is not.
    Broken(Arc<str>),
}

impl Classifier {
    pub(super) fn new(
        rules: impl IntoIterator<Item = ErrorRule>,
        endpoint: Endpoint,
        params: Datum,
        redactor: Redactor,
    ) -> Self {
        let rules: Vec<ErrorRule> = rules.into_iter().collect();
        let looks = rules.iter().any(|rule| may_hold_for_success(&rule.when));
        Self {
            rules,
            looks_at_success: if looks {
                LooksAtSuccess::Yes
            } else {
                LooksAtSuccess::No
            },
            endpoint,
            params,
            redactor,
        }
    }

    /// What a reply means.
    pub(super) fn classify(&self, seen: &Seen<'_>, now: Timestamp) -> Result<Standing, Refusal> {
        let success = (200..300).contains(&seen.status);
        if success && self.looks_at_success == LooksAtSuccess::No {
            return self.without_rule(seen, now);
        }
        let scope = self.scope(seen);
        let rule = self.rules.iter().find(|rule| {
            rule.when.holds(&scope).unwrap_or_else(|error| {
                tracing::warn!(%error, "an error rule could not be evaluated and was passed over");
                false
            })
        });
        match rule {
            Some(rule) => self.by_rule(rule, seen, &scope, now),
            None => self.without_rule(seen, now),
        }
    }

    /// The scope of rules: `status headers body params`.
    pub(super) fn scope(&self, seen: &Seen<'_>) -> Scope<'static> {
        let names = seen.headers.keys().map(|name| {
            let values = seen.headers.get_all(name).iter();
            let values: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            (name.as_str(), Datum::from(values.join(", ")))
        });
        let body = match seen.body {
            Body::Read(ReplyBody::Json(value)) => Datum::from(Arc::clone(value)),
            Body::Read(ReplyBody::Text(_) | ReplyBody::Empty) | Body::Broken(_) => Datum::Null,
        };
        Scope::new()
            .with("status", i64::from(seen.status))
            .with("headers", Datum::map(names))
            .with("body", body)
            .with("params", self.params.clone())
    }

    fn by_rule(
        &self,
        rule: &ErrorRule,
        seen: &Seen<'_>,
        scope: &Scope<'_>,
        now: Timestamp,
    ) -> Result<Standing, Refusal> {
        let class = match rule.class {
            ErrorClass::Done => return Ok(Standing::Before),
            ErrorClass::Throttled => throttled(seen.headers, now),
            ErrorClass::Transient => Class::Transient,
            ErrorClass::Unauthorized => Class::Unauthorized,
            ErrorClass::Rejected if self.endpoint == Endpoint::Token => Class::Unauthorized,
            ErrorClass::Rejected => Class::Rejected,
            ErrorClass::Missing => Class::Missing,
        };
        let wire = match rule.applied {
            Some(Applied::No) => Wire::Refused,
            Some(Applied::Unknown) => Wire::Unknown,
            None => wire(seen),
        };
        let text = |template: &Option<Template>| {
            let mut text = String::new();
            template.as_ref()?.render(scope, &mut text).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let message = text(&rule.message).unwrap_or_else(|| self.default_message(seen));
        Err(Refusal {
            class,
            code: text(&rule.code).map(|code| self.redactor.clean(&code).into()),
            message: self.redactor.clean(&message),
            blame: rule.blame.clone(),
            wire,
        })
    }

    fn without_rule(&self, seen: &Seen<'_>, now: Timestamp) -> Result<Standing, Refusal> {
        let class = match seen.status {
            200..300 => match seen.body {
                Body::Read(_) => return Ok(Standing::Now),
                Body::Broken(_) => Class::Transient,
            },
            401 => Class::Unauthorized,
            404 | 410 if self.endpoint == Endpoint::Api => Class::Missing,
            408 | 425 | 500.. => Class::Transient,
            429 => throttled(seen.headers, now),
            _ if self.endpoint == Endpoint::Token => Class::Unauthorized,
            _ => Class::Rejected,
        };
        Err(Refusal {
            class,
            code: None,
            message: self.default_message(seen),
            blame: None,
            wire: wire(seen),
        })
    }

    /// What is said without a rule. Secrets go before anything is cut: half of one would not be known.
    fn default_message(&self, seen: &Seen<'_>) -> String {
        let status = seen.status;
        if (300..400).contains(&status) {
            let location = seen.headers.get(http::header::LOCATION);
            let location = location.map_or("nowhere".into(), |value| {
                self.redactor
                    .clean_address(&String::from_utf8_lossy(value.as_bytes()))
            });
            let target = excerpt(location.split(['?', '#']).next().unwrap_or_default());
            return format!(
                "the API answered {status}, a redirect to {target}, which is not followed"
            );
        }
        let (what, shown) = match seen.body {
            Body::Read(ReplyBody::Empty) => ("", String::new()),
            Body::Read(ReplyBody::Json(value)) => (
                "",
                said(value).unwrap_or_else(|| self.redactor.clean_json(value).to_string()),
            ),
            Body::Read(ReplyBody::Text(text)) => ("", text.to_string()),
            Body::Broken(text) => (" with a body that is no JSON", text.to_string()),
        };
        let shown = excerpt(&self.redactor.clean(&shown));
        if shown.is_empty() {
            format!("the API answered {status}{what}")
        } else {
            format!("the API answered {status}{what}: {shown}")
        }
    }
}

fn throttled(headers: &HeaderMap, now: Timestamp) -> Class {
    let wait = retry_after(headers, now).unwrap_or(UNSAID_WAIT);
    Class::Throttled {
        retry_at: now.plus(wait),
    }
}

/// Whether a reply proves that nothing happened (S2): these statuses with a body as the API writes it. A 401 with
/// a challenge, or with no body at all, comes from HTTP itself and says the same (RFC 9110, 15.5.2).
fn wire(seen: &Seen<'_>) -> Wire {
    let object = matches!(seen.body, Body::Read(ReplyBody::Json(value)) if value.is_object());
    let challenged = seen.headers.contains_key(http::header::WWW_AUTHENTICATE)
        || matches!(seen.body, Body::Read(ReplyBody::Empty));
    match seen.status {
        400 | 401 | 403 | 422 | 429 if object => Wire::Refused,
        401 if challenged => Wire::Refused,
        _ => Wire::Unknown,
    }
}

/// The member in which most APIs say what is wrong.
fn said(body: &Value) -> Option<String> {
    ["message", "detail", "error_description", "title", "error"]
        .iter()
        .find_map(|name| body.get(*name)?.as_str().map(str::to_owned))
}

/// One line, not too long.
fn excerpt(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(EXCERPT) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// Whether a condition may hold for a 2xx. It cannot when it begins by asking for another status and nothing in it
/// can undo that.
fn may_hold_for_success(when: &Condition) -> bool {
    let mut words = when.source().split_whitespace();
    let (name, operator, value) = (words.next(), words.next(), words.next());
    let value = value.and_then(|value| value.parse::<u16>().ok());
    let asks_for_failure = match (name, operator, value) {
        (Some("status"), Some("=="), Some(value)) => !(200..300).contains(&value),
        (Some("status"), Some(">="), Some(value)) => value >= 300,
        (Some("status"), Some(">"), Some(value)) => value >= 299,
        _ => false,
    };
    let can_be_undone = words.any(|word| matches!(word, "or" | "if" | "else"));
    !asks_for_failure || can_be_undone
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::connect::secrets::Secret;
    use crate::lang::expr::ExprEnv;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn rule(when: &str, class: ErrorClass) -> ErrorRule {
        ErrorRule {
            when: Condition::compile(&ExprEnv::new(), when).unwrap(),
            class,
            code: None,
            message: None,
            applied: None,
            blame: None,
        }
    }

    fn said_rule(when: &str, class: ErrorClass, code: &str, message: &str) -> ErrorRule {
        let env = ExprEnv::new();
        ErrorRule {
            code: Some(Template::compile(&env, code).unwrap()),
            message: Some(Template::compile(&env, message).unwrap()),
            ..rule(when, class)
        }
    }

    fn classifier(rules: Vec<ErrorRule>) -> Classifier {
        let redactor = Redactor::default();
        redactor.add(&Secret::new("hunter22".to_owned()));
        Classifier::new(rules, Endpoint::Api, Datum::Null, redactor)
    }

    fn json_body(value: Value) -> Body {
        Body::Read(ReplyBody::Json(value.into()))
    }

    fn classify(classifier: &Classifier, status: u16, body: &Body) -> Result<Standing, Refusal> {
        let headers = HeaderMap::new();
        classifier.classify(
            &Seen {
                status,
                headers: &headers,
                body,
            },
            NOW,
        )
    }

    #[test]
    fn without_a_rule_http_decides() {
        let api = classifier(vec![]);
        let object = json_body(json!({ "message": "no" }));
        let classes = [400, 401, 403, 404, 408, 409, 422, 429, 500, 503].map(|status| {
            let refusal = classify(&api, status, &object).unwrap_err();
            (status, refusal.class.name(), refusal.wire)
        });
        use Wire::{Refused, Unknown};
        assert_eq!(
            classes,
            [
                (400, "rejected", Refused),
                (401, "unauthorized", Refused),
                (403, "rejected", Refused),
                (404, "missing", Unknown),
                (408, "transient", Unknown),
                (409, "rejected", Unknown),
                (422, "rejected", Refused),
                (429, "throttled", Refused),
                (500, "transient", Unknown),
                (503, "transient", Unknown),
            ]
        );
        assert_eq!(
            classify(&api, 204, &Body::Read(ReplyBody::Empty)).unwrap(),
            Standing::Now
        );
    }

    #[test]
    fn only_the_apis_own_shape_proves_that_nothing_happened() {
        let api = classifier(vec![]);
        for body in [
            Body::Read(ReplyBody::Text("<html>".into())),
            json_body(json!(["a"])),
            Body::Read(ReplyBody::Empty),
        ] {
            assert_eq!(
                classify(&api, 400, &body).unwrap_err().wire,
                Wire::Unknown,
                "{body:?}"
            );
        }
        let empty = Body::Read(ReplyBody::Empty);
        assert_eq!(classify(&api, 401, &empty).unwrap_err().wire, Wire::Refused);
        let html = Body::Read(ReplyBody::Text("<html>".into()));
        assert_eq!(classify(&api, 401, &html).unwrap_err().wire, Wire::Unknown);
    }

    #[test]
    fn the_first_rule_that_holds_decides_and_says_what_the_api_said() {
        let api = classifier(vec![
            said_rule(
                "status == 401 and body.ErrorCode == 504",
                ErrorClass::Rejected,
                "{{ body.ErrorCode }}",
                "{{ body.ErrorMessage }}",
            ),
            rule("status == 401", ErrorClass::Unauthorized),
            rule("status == 400 and body.ErrorCode == 5202", ErrorClass::Done),
            ErrorRule {
                applied: Some(Applied::No),
                ..rule("status == 409", ErrorClass::Rejected)
            },
            ErrorRule {
                applied: Some(Applied::Unknown),
                ..rule("status == 400", ErrorClass::Rejected)
            },
        ]);
        let denied = json_body(json!({ "ErrorCode": 504, "ErrorMessage": "denied to hunter22" }));
        let refusal = classify(&api, 401, &denied).unwrap_err();
        assert_eq!(
            (refusal.class, refusal.code.as_deref()),
            (Class::Rejected, Some("504"))
        );
        assert_eq!(refusal.message, "denied to ***");
        let expired = classify(&api, 401, &Body::Read(ReplyBody::Empty)).unwrap_err();
        assert_eq!(expired.class, Class::Unauthorized);
        let accepted = json_body(json!({ "ErrorCode": 5202 }));
        assert_eq!(classify(&api, 400, &accepted).unwrap(), Standing::Before);
        assert_eq!(
            classify(&api, 409, &denied).unwrap_err().wire,
            Wire::Refused
        );
        assert_eq!(
            classify(&api, 400, &denied).unwrap_err().wire,
            Wire::Unknown
        );
    }

    #[test]
    fn a_rule_for_200_is_asked_and_rules_for_failures_are_not() {
        let body = json_body(json!({ "ok": false }));
        let asked = classifier(vec![rule("body.ok == false", ErrorClass::Rejected)]);
        let refusal = classify(&asked, 200, &body).unwrap_err();
        assert_eq!(
            (refusal.class, refusal.wire),
            (Class::Rejected, Wire::Unknown)
        );
        for (source, may) in [
            ("status == 404", false),
            ("status == 400 and body.ErrorCode in [502, 601]", false),
            ("status >= 500", false),
            ("status > 399", false),
            ("status == 200 and body.error", true),
            ("status >= 200", true),
            ("status == 404 or body.gone", true),
            ("body.error is defined", true),
            ("not status == 200", true),
        ] {
            let when = Condition::compile(&ExprEnv::new(), source).unwrap();
            assert_eq!(may_hold_for_success(&when), may, "{source}");
        }
    }

    #[test]
    fn messages_show_what_the_api_says_in_one_line_without_secrets() {
        let api = classifier(vec![]);
        let message = |status, body: Body| classify(&api, status, &body).unwrap_err().message;
        assert_eq!(
            message(
                503,
                Body::Read(ReplyBody::Text("<h1>\n  down hunter22</h1>".into()))
            ),
            "the API answered 503: <h1> down ***</h1>"
        );
        let long = format!("{}hunter22", "x".repeat(196));
        let cut = message(500, Body::Read(ReplyBody::Text(long.into())));
        assert!(!cut.contains("hunt"), "{cut}");
        assert_eq!(
            message(500, Body::Read(ReplyBody::Empty)),
            "the API answered 500"
        );
        assert_eq!(
            message(
                400,
                json_body(json!({ "title": "One or more validation errors" }))
            ),
            "the API answered 400: One or more validation errors"
        );
        assert_eq!(
            message(200, Body::Broken("{\"a\":".into())),
            "the API answered 200 with a body that is no JSON: {\"a\":"
        );
        let mut headers = HeaderMap::new();
        headers.insert(
            "location",
            "https://login.example/LogOn?token=abc".parse().unwrap(),
        );
        let body = Body::Read(ReplyBody::Empty);
        let redirect = api.classify(
            &Seen {
                status: 302,
                headers: &headers,
                body: &body,
            },
            NOW,
        );
        assert_eq!(
            redirect.unwrap_err().message,
            "the API answered 302, a redirect to https://login.example/LogOn, which is not followed"
        );
    }

    #[test]
    fn a_throttled_reply_says_when_to_ask_again() {
        let api = classifier(vec![]);
        let body = Body::Read(ReplyBody::Empty);
        let mut headers = HeaderMap::new();
        let at = |headers: &HeaderMap| {
            api.classify(
                &Seen {
                    status: 429,
                    headers,
                    body: &body,
                },
                NOW,
            )
            .unwrap_err()
            .class
        };
        let retry_at = NOW.plus(UNSAID_WAIT);
        assert_eq!(at(&headers), Class::Throttled { retry_at });
        headers.insert("retry-after", "30".parse().unwrap());
        let retry_at = NOW.plus(Duration::from_secs(30));
        assert_eq!(at(&headers), Class::Throttled { retry_at });
    }
}
