//! How a connector proves who it is, compiled.

use std::sync::Arc;

use super::context::Context;
use super::durations::duration;
use super::rules;
use super::scope::Scope;
use super::site::Site;
use super::values::{all, optional};
use crate::lang::config::{self, Grant, text};
use crate::lang::diag::Code;
use crate::lang::expr::Template;
use crate::lang::plan::{Auth, Oauth2};

/// Compiles `auth`. That exactly one way is written was checked with the schema.
pub(super) fn compile<'p>(
    cx: &Context<'p>,
    site: &Site<'p>,
    connector: &config::Connector,
    scope: &Scope,
    reply: &Scope,
) -> Option<Auth> {
    let auth = &connector.auth;
    let text = |way: &str, key: &str, text: &text::Template| {
        cx.values
            .text(&site.key(way).key(key), text.as_str(), scope)
    };
    if let Some(written) = &auth.oauth2 {
        let maker = Maker {
            cx,
            site: site.key("oauth2"),
            connector,
            scope,
            reply,
        };
        return maker
            .oauth2(written)
            .map(|oauth2| Auth::Oauth2(Box::new(oauth2)));
    }
    if let Some(basic) = &auth.basic {
        let username = text("basic", "username", &basic.username);
        let password = text("basic", "password", &basic.password);
        return Some(Auth::Basic(username?, password?));
    }
    if let Some(bearer) = &auth.bearer {
        return text("bearer", "token", &bearer.token).map(Auth::Bearer);
    }
    if let Some(key) = &auth.api_key {
        let value = text("api_key", "value", &key.value)?;
        return Some(Auth::ApiKey(key.name.as_str().into(), value, key.place));
    }
    Some(Auth::None)
}

struct Maker<'a, 'p> {
    cx: &'a Context<'p>,
    site: Site<'p>,
    connector: &'a config::Connector,
    scope: &'a Scope,
    reply: &'a Scope,
}

impl Maker<'_, '_> {
    fn oauth2(&self, written: &config::Oauth2) -> Option<Oauth2> {
        self.check_grant(written);
        let client = self.site.key("client");
        let token_url = self.text(&self.site.key("token_url"), &written.token_url);
        let client_id = self.text(&client.key("id"), &written.client.id);
        let client_secret = self.text(&client.key("secret"), &written.client.secret);
        let username = self.optional("username", written.username.as_ref());
        let password = self.optional("password", written.password.as_ref());
        let refresh_token = self.optional("refresh_token", written.refresh_token.as_ref());
        let extra = all(written.extra.iter().map(|(name, value)| {
            let site = self.site.key("extra").key(name.as_str());
            Some((Arc::from(name.as_str()), self.text(&site, value)?))
        }));
        let min_interval = optional(written.min_interval.as_ref(), |text| {
            duration(&self.site.key("min_interval"), text)
        });
        let site = self.site.key("errors");
        let errors = rules::compile(self.cx, &site, self.connector, &written.errors, self.reply);
        Some(Oauth2 {
            grant: written.grant,
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            send: written.client.send,
            username: username?,
            password: password?,
            refresh_token: refresh_token?,
            scopes: written
                .scopes
                .iter()
                .map(|scope| scope.as_str().into())
                .collect(),
            extra: extra?,
            min_interval: min_interval?,
            follow_redirects: written.follow_redirects,
            errors: errors?,
        })
    }

    /// Each grant needs its own credentials.
    fn check_grant(&self, written: &config::Oauth2) {
        let (grant, needs): (_, &[(&str, bool)]) = match written.grant {
            Grant::Password => (
                "password",
                &[
                    ("username", written.username.is_some()),
                    ("password", written.password.is_some()),
                ],
            ),
            Grant::RefreshToken => (
                "refresh_token",
                &[("refresh_token", written.refresh_token.is_some())],
            ),
            Grant::ClientCredentials => ("client_credentials", &[]),
        };
        for (key, _) in needs.iter().filter(|(_, there)| !there) {
            self.site
                .key("grant")
                .fault(
                    Code::AuthIncomplete,
                    format!("the grant `{grant}` has no `{key}`"),
                )
                .label(format!("needs `{key}` beside it"))
                .help(format!("for example `{key}: \"{{{{ params.{key} }}}}\"`"))
                .report();
        }
    }

    fn text(&self, site: &Site<'_>, text: &text::Template) -> Option<Template> {
        self.cx.values.text(site, text.as_str(), self.scope)
    }

    #[expect(
        clippy::option_option,
        reason = "whether it was written, and whether it could be made"
    )]
    fn optional(&self, key: &str, text: Option<&text::Template>) -> Option<Option<Template>> {
        optional(text, |text| self.text(&self.site.key(key), text))
    }
}
