//! `kind: connector` compiled, and what the other passes ask of one.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use regex::Regex;

use super::context::Context;
use super::durations::duration;
use super::scope::{self, Scope};
use super::site::Site;
use super::values::{all, optional};
use super::{auth, paging, params, request, rules, webhook};
use crate::lang::config::{self, text};
use crate::lang::diag::Code;
use crate::lang::expr::{Template, Type};
use crate::lang::plan;

const CONCURRENCY: u32 = 8;
const TIMEOUT: Duration = Duration::from_secs(60);
const RETRY: plan::Retry = plan::Retry {
    attempts: 6,
    first: Duration::from_secs(2),
    max: Duration::from_secs(300),
};

/// A connector as the other passes see it.
#[derive(Debug)]
pub(super) struct Api<'p> {
    pub(super) config: &'p config::Connector,
    pub(super) site: Site<'p>,
    /// The compiled connector; none when something in it is wrong.
    pub(super) plan: Option<Arc<plan::Connector>>,
    /// The types of its records; anything where the schema cannot be read.
    pub(super) records: IndexMap<Arc<str>, Arc<Type>>,
    /// Its styles of paging; none where one is wrong.
    pub(super) paging: IndexMap<&'p str, Option<plan::Paging>>,
    pub(super) vocabularies: IndexMap<Arc<str>, Option<plan::Vocabulary>>,
    /// What pipelines see of an account: the params that are no secrets.
    pub(super) account: Type,
    /// The codes that its rules give, as far as they are written out.
    pub(super) codes: rules::Codes,
}

/// Compiles one connector.
pub(super) fn compile<'p>(
    cx: &Context<'p>,
    site: &Site<'p>,
    config: &'p config::Connector,
) -> Api<'p> {
    let before = cx.errors();
    let params = params::compile(site, config);
    let scope = scope::of_params(params::types(config, |_| true));
    let reply = scope::of_reply(params::types(config, |_| true));
    params::check_identity(site, config);
    let records = records(cx, site, config);
    let vocabularies = vocabularies(site, config);
    let paging = paging::styles(cx, site, config);
    let parts = Parts {
        cx,
        site,
        config,
        scope: &scope,
        reply: &reply,
    };
    let compiled = parts.connector(params, &records, &vocabularies);
    let sound = cx.errors() == before;
    Api {
        config,
        site: site.clone(),
        plan: compiled.filter(|_| sound).map(Arc::new),
        records,
        paging,
        vocabularies,
        account: params::types(config, |param| !param.secret),
        codes: rules::codes(config),
    }
}

struct Parts<'a, 'p> {
    cx: &'a Context<'p>,
    site: &'a Site<'p>,
    config: &'p config::Connector,
    scope: &'a Scope,
    reply: &'a Scope,
}

impl Parts<'_, '_> {
    fn connector(
        &self,
        params: IndexMap<Arc<str>, plan::Param>,
        records: &IndexMap<Arc<str>, Arc<Type>>,
        vocabularies: &IndexMap<Arc<str>, Option<plan::Vocabulary>>,
    ) -> Option<plan::Connector> {
        let config = self.config;
        let values = &self.cx.values;
        let base_url = self.base_url();
        let roots = all(config.roots.iter().map(|(name, root)| {
            let site = self.site.key("roots").key(name.as_str());
            check_root(&site, name, root);
            Some((
                name.as_str().into(),
                values.text(&site, root.as_str(), self.scope)?,
            ))
        }));
        let headers = all(config.headers.iter().map(|(name, header)| {
            let site = self.site.key("headers").key(name.as_str());
            Some((
                name.as_str().into(),
                values.text(&site, header.as_str(), self.scope)?,
            ))
        }));
        let auth = auth::compile(
            self.cx,
            &self.site.key("auth"),
            config,
            self.scope,
            self.reply,
        );
        let limits = self.limits(&self.site.key("limits"), &config.limits);
        let errors = rules::compile(
            self.cx,
            &self.site.key("errors"),
            config,
            &config.errors,
            self.reply,
        );
        let timeout = optional(config.timeout.as_ref(), |text| {
            duration(&self.site.key("timeout"), text)
        });
        let retry = retry(&self.site.key("retry"), config.retry.as_ref(), RETRY);
        let settle = optional(config.settle.as_ref(), |it| {
            settle(&self.site.key("settle"), it)
        });
        let webhooks = webhook::compile(self.cx, self.site, config);
        let check = optional(config.check.as_ref(), |check| self.check(check));
        let hosts = config.download_hosts.iter().enumerate();
        let download_hosts = all(hosts.map(|(index, host)| {
            let site = self.site.key("download_hosts").index(index);
            values.text(&site, host.as_str(), self.scope)
        }));
        Some(plan::Connector {
            name: config.name.as_str().into(),
            params,
            identity: config
                .identity
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            base_url: base_url?,
            roots: roots?.into_iter().collect(),
            headers: headers?,
            query_lists: config.query_lists,
            auth: auth?,
            limits: limits?,
            concurrency: config.concurrency.unwrap_or(CONCURRENCY),
            timeout: timeout?.unwrap_or(TIMEOUT),
            retry: retry?,
            settle: settle?,
            errors: errors?,
            vocabularies: vocabularies
                .iter()
                .map(|(name, vocabulary)| Some((Arc::clone(name), vocabulary.clone()?)))
                .collect::<Option<_>>()?,
            records: records.clone(),
            webhooks: webhooks?,
            check: check?,
            download_hosts: download_hosts?,
        })
    }

    fn base_url(&self) -> Option<Template> {
        let site = self.site.key("base_url");
        let written = self.config.base_url.as_str();
        let relative = !written.starts_with("{{")
            && !written.starts_with("https://")
            && !written.starts_with("http://");
        if relative {
            site.fault(
                Code::BaseUrlInvalid,
                format!("`{written}` is not the address of an API"),
            )
            .label("begins with `https://`, or with a param that does")
            .report();
        }
        self.cx.values.text(&site, written, self.scope)
    }

    fn limits(&self, site: &Site<'_>, limits: &[config::Limit]) -> Option<Vec<plan::Limit>> {
        all(limits
            .iter()
            .enumerate()
            .map(|(index, written)| limit(self.cx, &site.index(index), written, self.scope)))
    }

    fn check(&self, check: &config::Check) -> Option<plan::Check> {
        let site = self.site.key("check");
        let target = request::Target {
            connector: self.config.name.as_str(),
            roots: Some(&self.config.roots),
        };
        let request = request::compile(self.cx, &site, target, &check.request(), self.scope);
        let says = optional(check.says.as_ref(), |says| {
            self.cx
                .values
                .text(&site.key("says"), says.as_str(), self.reply)
        });
        Some(plan::Check {
            request: request?,
            says: says?,
        })
    }
}

fn check_root(site: &Site<'_>, name: &str, root: &text::Template) {
    let written = root.as_str();
    if !written.starts_with('/') && !written.starts_with("{{") {
        site.fault(
            Code::BadValue,
            format!("the root `{name}` does not begin with `/`"),
        )
        .label("is put behind `base_url`")
        .help(format!("write `/{written}`"))
        .instead(format!("/{written}"))
        .report();
    }
}

/// One rate window, of a connector or of a tenant.
pub(super) fn limit(
    cx: &Context<'_>,
    site: &Site<'_>,
    written: &config::Limit,
    scope: &Scope,
) -> Option<plan::Limit> {
    let per = duration(&site.key("per"), &written.per);
    if per.is_some_and(|per| per.is_zero()) {
        site.key("per")
            .fault(Code::LimitInvalid, "a window of no length")
            .label("must be longer than nothing")
            .report();
    }
    let by = optional(written.by.as_ref(), |by| {
        cx.values.text(&site.key("by"), by.as_str(), scope)
    });
    Some(plan::Limit {
        requests: written.requests,
        per: per?,
        by: by?,
    })
}

/// How a failed record is tried again; what is not said stays as it is in `otherwise`.
pub(super) fn retry(
    site: &Site<'_>,
    written: Option<&config::Retry>,
    otherwise: plan::Retry,
) -> Option<plan::Retry> {
    let Some(written) = written else {
        return Some(otherwise);
    };
    let first = optional(written.first.as_ref(), |text| {
        duration(&site.key("first"), text)
    });
    let max = optional(written.max.as_ref(), |text| {
        duration(&site.key("max"), text)
    });
    Some(plan::Retry {
        attempts: written.attempts.unwrap_or(otherwise.attempts),
        first: first?.unwrap_or(otherwise.first),
        max: max?.unwrap_or(otherwise.max),
    })
}

/// The bound of S1.
pub(super) fn settle(site: &Site<'_>, written: &config::Settle) -> Option<plan::Settle> {
    let in_flight = duration(&site.key("in_flight"), &written.in_flight);
    let lag = duration(&site.key("lag"), &written.lag);
    Some(plan::Settle {
        in_flight: in_flight?,
        lag: lag?,
    })
}

fn records<'p>(
    cx: &Context<'p>,
    site: &Site<'p>,
    config: &config::Connector,
) -> IndexMap<Arc<str>, Arc<Type>> {
    let all = config.records.iter().map(|(name, file)| {
        let place = site.key("records").key(name.as_str());
        let ty = cx.record_type(&place, file.as_str());
        (Arc::from(name.as_str()), Arc::new(ty.unwrap_or_default()))
    });
    all.collect()
}

fn vocabularies(
    site: &Site<'_>,
    config: &config::Connector,
) -> IndexMap<Arc<str>, Option<plan::Vocabulary>> {
    let all = config.vocabularies.iter().map(|(name, vocabulary)| {
        let site = site.key("vocabularies").key(name.as_str());
        (
            Arc::from(name.as_str()),
            self::vocabulary(&site, vocabulary),
        )
    });
    all.collect()
}

fn vocabulary(site: &Site<'_>, written: &config::Vocabulary) -> Option<plan::Vocabulary> {
    let values = all(written.values.iter().enumerate().map(|(index, value)| {
        let text = super::words::text_of(&value.0);
        if text.is_none() {
            site.key("values")
                .index(index)
                .fault(
                    Code::WrongType,
                    "a value of a vocabulary is text, a number or true/false",
                )
                .report();
        }
        text.map(Arc::from)
    }));
    let open = optional(written.open.as_ref(), |pattern| {
        regex(&site.key("open"), pattern)
    });
    if written.values.is_empty() && written.open.is_none() {
        site.key("values")
            .fault(Code::EmptyList, "a vocabulary without values")
            .label("names no value, and `open` allows none")
            .help("list the values, or say with `open` which form they have")
            .report();
    }
    Some(plan::Vocabulary {
        values: values?,
        open: open?,
        fold: written.fold.clone(),
    })
}

/// A regular expression; what is wrong with it is said where it stands.
pub(super) fn regex(site: &Site<'_>, pattern: &str) -> Option<Regex> {
    Regex::new(pattern)
        .map_err(|error| {
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or(&text)
                .trim_start_matches("error: ");
            site.fault(
                Code::BadRegex,
                format!("`{pattern}` is not a regular expression"),
            )
            .label(reason.to_owned())
            .report();
        })
        .ok()
}
