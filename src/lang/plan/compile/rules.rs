//! Error rules: what the replies of a connector mean, and the codes they give.

use std::collections::HashSet;
use std::sync::Arc;

use super::context::Context;
use super::rule_order;
use super::scope::Scope;
use super::site::Site;
use super::values::{Unknown, all, optional};
use crate::lang::config::{self, text};
use crate::lang::diag::Code;
use crate::lang::plan::ErrorRule;

/// The codes of a connector's errors.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// Those written out.
    pub(super) fixed: HashSet<String>,
    /// Whether a rule takes its code from the reply, so that any number may be one.
    pub(super) computed: bool,
}

/// Rules for replies, first match wins.
pub(super) fn compile<'p>(
    cx: &Context<'p>,
    site: &Site<'p>,
    config: &config::Connector,
    rules: &[config::ErrorRule],
    scope: &Scope,
) -> Option<Vec<ErrorRule>> {
    let list = site;
    all(rules.iter().enumerate().map(|(index, rule)| {
        let site = list.index(index);
        let text = |key: &str, text: &Option<text::Template>| {
            optional(text.as_ref(), |text| {
                cx.values.text(&site.key(key), text.as_str(), scope)
            })
        };
        let when = cx.values.condition(&site.key("when"), &rule.when, scope);
        let (code, message) = (text("code", &rule.code), text("message", &rule.message));
        let hides = |earlier: &config::ErrorRule| rule_order::hides(&earlier.when, &rule.when);
        if let Some(earlier) = rules.iter().take(index).position(hides) {
            site.key("when")
                .fault(Code::ErrorRuleUnreachable, "this rule never applies")
                .label("what it is for is taken above")
                .also(
                    list.index(earlier).key("when").span(),
                    "is asked first, and holds as well",
                )
                .help("the first rule whose condition holds wins: put the narrower one first")
                .report();
        }
        if let Some(blamed) = rule
            .blame
            .as_ref()
            .filter(|name| !config.params.contains_key(*name))
        {
            Unknown {
                code: Code::UnknownParam,
                what: "param",
                of: None,
                several: "params",
            }
            .at(
                &site.key("blame"),
                blamed,
                config.params.keys().map(String::as_str),
            );
        }
        Some(ErrorRule {
            when: when?,
            class: rule.class,
            code: code?,
            message: message?,
            applied: rule.applied,
            blame: rule.blame.as_deref().map(Arc::from),
        })
    }))
}

/// The codes that the rules of a connector give.
pub(super) fn codes(config: &config::Connector) -> Codes {
    let mut codes = Codes::default();
    for code in config.errors.iter().filter_map(|rule| rule.code.as_ref()) {
        if code.as_str().contains("{{") || code.as_str().contains("{%") {
            codes.computed = true;
        } else {
            codes.fixed.insert(code.as_str().to_owned());
        }
    }
    codes
}
