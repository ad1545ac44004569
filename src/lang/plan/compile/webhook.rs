//! Webhooks: what a connector says of each, and the pipelines that listen to them.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::connector::Api;
use super::context::Context;
use super::durations::duration;
use super::scope::{self, Scope};
use super::site::Site;
use super::values::{Unknown, all, optional};
use super::{params, paths};
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::{Template, Type};
use crate::lang::plan::{Hmac, Verify, Webhook};

/// What ends the text that is signed.
const BODY: &str = "{{ body }}";

/// Compiles the webhooks of a connector.
pub(super) fn compile(
    cx: &Context<'_>,
    site: &Site<'_>,
    config: &config::Connector,
) -> Option<IndexMap<Arc<str>, Webhook>> {
    let of_account = params::types(config, |_| true);
    let compiled = all(config.webhooks.iter().map(|(name, written)| {
        let site = site.key("webhooks").key(name.as_str());
        if !super::words::is_identifier(name) {
            site.fault_key(
                Code::BadName,
                format!("`{name}` is not a name for a webhook"),
            )
            .label("a small letter, then small letters, digits or `_`")
            .help("it is the last part of an address")
            .report();
        }
        let maker = Maker {
            cx,
            site,
            config,
            scope: scope::of_delivery(of_account.clone()),
        };
        Some((Arc::from(name.as_str()), maker.webhook(written)?))
    }));
    Some(compiled?.into_iter().collect())
}

struct Maker<'a, 'p> {
    cx: &'a Context<'p>,
    site: Site<'p>,
    config: &'a config::Connector,
    scope: Scope,
}

impl Maker<'_, '_> {
    fn webhook(&self, written: &config::Webhook) -> Option<Webhook> {
        let values = &self.cx.values;
        let verify = match &written.verify.hmac {
            Some(hmac) => self.hmac(hmac).map(|hmac| Verify::Hmac(Box::new(hmac))),
            None => Some(Verify::None),
        };
        let form = |key: &str, value: &config::text::Value| {
            let (form, _) = values.value(&self.site.key(key), &value.0, &self.scope)?;
            Some(form)
        };
        let key = form("key", &written.key);
        let version = optional(written.version.as_ref(), |value| form("version", value));
        let when = optional(written.when.as_ref(), |when| {
            values.condition(&self.site.key("when"), when, &self.scope)
        });
        let tenant = optional(written.tenant.as_ref(), |tenant| self.tenant(tenant));
        Some(Webhook {
            verify: verify?,
            key: key?,
            version: version?,
            when: when?,
            tenant: tenant?,
        })
    }

    fn tenant(
        &self,
        written: &config::WebhookTenant,
    ) -> Option<(crate::lang::expr::Query, Arc<str>)> {
        let site = self.site.key("tenant");
        let path = paths::single(&site.key("path"), &written.path, &Type::Any);
        let name = written.equals.as_str();
        let of_account =
            |param: &config::Param| param.per == config::ParamScope::Tenant && !param.secret;
        if !self.config.params.get(name).is_some_and(of_account) {
            let known = self.config.params.iter();
            Unknown {
                code: Code::UnknownParam,
                what: "param",
                of: None,
                several: "params of an account that are no secrets",
            }
            .at(
                &site.key("equals"),
                name,
                known
                    .filter(|(_, param)| of_account(param))
                    .map(|(name, _)| name.as_str()),
            );
            return None;
        }
        Some((path?.0, name.into()))
    }

    fn hmac(&self, written: &config::Hmac) -> Option<Hmac> {
        let site = self.site.key("verify").key("hmac");
        let of_params = scope::of_params(params::types(self.config, |_| true));
        let keys = all(written.keys.iter().enumerate().map(|(index, key)| {
            let place = site.key("keys").index(index);
            if !key.as_str().contains("{{") {
                place
                    .fault(
                        Code::SecretInPlainText,
                        "the key of a signature stands in plain text",
                    )
                    .label("would be in every copy of this file")
                    .help("make it a param with `secret: true`: `\"{{ params.signing_key }}\"`")
                    .report();
            }
            let text = Json::from(key.as_str());
            let (form, _) = self.cx.values.value(&place, &text, &of_params)?;
            Some(form)
        }));
        header(&site.key("header"), &written.header);
        let timestamp = optional(written.timestamp.as_ref(), |at| {
            let place = site.key("timestamp");
            header(&place.key("header"), &at.header);
            let tolerance = duration(&place.key("tolerance"), &at.tolerance)?;
            Some((Arc::from(at.header.as_str()), tolerance))
        });
        let signed = written.signed.as_ref();
        let before = optional(signed, |text| self.before(&site.key("signed"), text));
        let says_when = signed.is_some_and(|text| text.as_str().contains("timestamp"));
        if written.timestamp.is_some() && !says_when {
            site.key("timestamp")
                .fault_key(
                    Code::TimestampNotSigned,
                    "the time of a delivery is not part of what is signed",
                )
                .label("anyone may write another one")
                .help("say with `signed` what the API signs: `signed: \"{{ timestamp }}.{{ body }}\"`")
                .report();
        }
        Some(Hmac {
            algorithm: written.algorithm,
            header: written.header.as_str().into(),
            encoding: written.encoding,
            prefix: written.prefix.as_deref().unwrap_or_default().into(),
            keys: keys?,
            before: before?.flatten(),
            timestamp: timestamp?,
        })
    }

    /// What is signed before the body.
    #[expect(
        clippy::option_option,
        reason = "whether there is any, and whether it could be made"
    )]
    fn before(&self, site: &Site<'_>, signed: &config::text::Template) -> Option<Option<Template>> {
        let Some(before) = signed.as_str().strip_suffix(BODY) else {
            site.fault(Code::BadValue, "what is signed does not end with the body")
                .label(format!("must end with `{BODY}`"))
                .help(format!("for example `\"{{{{ timestamp }}}}.{BODY}\"`"))
                .report();
            return None;
        };
        if before.is_empty() {
            return Some(None);
        }
        let scope = scope::of_signature();
        self.cx.values.text(site, before, &scope).map(Some)
    }
}

fn header(site: &Site<'_>, name: &str) {
    let of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(of_token) {
        site.fault(
            Code::BadValue,
            format!("`{name}` cannot be the name of a header"),
        )
        .label("letters, digits and `-`")
        .report();
    }
}

/// The webhooks that a pipeline listens to. They are of the connector that it fetches from: what they name are its
/// records.
pub(super) fn listened(
    site: &Site<'_>,
    pipeline: &config::Pipeline,
    written: &[String],
    api: Option<&Api<'_>>,
) -> Option<Vec<Arc<str>>> {
    if !written.is_empty() && pipeline.fetch.one.is_none() {
        site.key("webhook")
            .fault_key(
                Code::WebhookWithoutOne,
                "what a webhook names cannot be read again",
            )
            .label("the pipeline's `fetch` has no `one`")
            .help("say under `fetch` how to read one record: `one: { get: \"/…/{{ key }}\" }`")
            .report();
    }
    let connector = pipeline.fetch.connector.as_str();
    all(written.iter().enumerate().map(|(index, full)| {
        let place = site.key("webhook").index(index);
        let api = api?;
        let own = full
            .split_once('.')
            .filter(|(of, name)| *of == connector && api.config.webhooks.contains_key(*name));
        let Some((_, name)) = own else {
            let known: Vec<String> = api
                .config
                .webhooks
                .keys()
                .map(|name| format!("{connector}.{name}"))
                .collect();
            Unknown {
                code: Code::UnknownWebhook,
                what: "webhook",
                of: None,
                several: &format!("webhooks of `{connector}`, whose records this pipeline reads"),
            }
            .at(&place, full, known.iter().map(String::as_str));
            return None;
        };
        Some(name.into())
    }))
}
