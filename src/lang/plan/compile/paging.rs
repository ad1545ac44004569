//! Styles of paging, compiled.

use indexmap::IndexMap;

use super::connector::Api;
use super::context::Context;
use super::durations::duration;
use super::paths;
use super::scope::Scope;
use super::site::Site;
use super::values::{Unknown, optional};
use crate::lang::config::{self, text};
use crate::lang::diag::Code;
use crate::lang::expr::{ScopeTypes, Type};
use crate::lang::plan::Paging;

/// Pages after which a fetch ends with an error, when nothing is said (P5).
const MAX_PAGES: u32 = 100_000;

/// Every style of a connector; none for one that is wrong.
pub(super) fn styles<'p>(
    cx: &Context<'p>,
    site: &Site<'p>,
    config: &'p config::Connector,
) -> IndexMap<&'p str, Option<Paging>> {
    let site = site.key("paging");
    let all = config.paging.iter();
    all.map(|(name, style)| (name.as_str(), compile(cx, &site.key(name.as_str()), style)))
        .collect()
}

/// The style that a fetch names, `api` being the connector it asks.
#[expect(
    clippy::option_option,
    reason = "whether it was written, and whether it could be made"
)]
pub(super) fn named(
    site: &Site<'_>,
    name: Option<&String>,
    api: Option<&Api<'_>>,
) -> Option<Option<Paging>> {
    let Some(name) = name else { return Some(None) };
    let api = api?;
    if let Some(style) = api.paging.get(name.as_str()) {
        return style.clone().map(Some);
    }
    let connector = api.config.name.as_str();
    Unknown {
        code: Code::UnknownPaging,
        what: "style of paging",
        of: Some(connector),
        several: &format!("styles of `{connector}`"),
    }
    .at(&site.key("paging"), name, api.paging.keys().copied());
    None
}

fn compile(cx: &Context<'_>, site: &Site<'_>, style: &config::Paging) -> Option<Paging> {
    if let Some(keyset) = &style.keyset {
        return keyset_style(&site.key("keyset"), keyset);
    }
    if let Some(offset) = &style.offset {
        let site = site.key("offset");
        full_page(&site, offset.page_size)?;
        return Some(Paging::Offset {
            param: offset.param.as_str().into(),
            page_size: offset.page_size,
            size_param: offset.size_param.as_deref().map(Into::into),
            max_pages: max_pages(&site, offset.max_pages)?,
        });
    }
    if let Some(pages) = &style.page {
        return numbered(cx, &site.key("page"), pages);
    }
    if let Some(next) = &style.next {
        let site = site.key("next");
        let path = path(&site, "path", &next.path);
        return Some(Paging::Next {
            path: path?,
            max_pages: max_pages(&site, next.max_pages)?,
        });
    }
    let token = style.token.as_ref()?;
    let site = site.key("token");
    let next = path(&site, "next", &token.next);
    let more = optional(token.more.as_ref(), |more| path(&site, "more", more));
    let idle = optional(token.idle.as_ref(), |idle| {
        duration(&site.key("idle"), idle)
    });
    Some(Paging::Token {
        param: token.param.as_str().into(),
        next: next?,
        more: more?,
        keep: token.keep,
        idle: idle?,
        max_pages: max_pages(&site, token.max_pages)?,
    })
}

fn keyset_style(site: &Site<'_>, keyset: &config::Keyset) -> Option<Paging> {
    full_page(site, keyset.page_size)?;
    Some(Paging::Keyset {
        page_size: keyset.page_size,
        size_param: keyset.size_param.as_deref().map(Into::into),
        offset_param: keyset.offset_param.as_deref().map(Into::into),
        max_pages: max_pages(site, keyset.max_pages)?,
    })
}

fn numbered(cx: &Context<'_>, site: &Site<'_>, pages: &config::Pages) -> Option<Paging> {
    let types = ScopeTypes::new()
        .with("page", Type::Int)
        .with("size", Type::Int);
    let scope = Scope {
        types,
        ..Scope::default()
    };
    let format = optional(pages.format.as_ref(), |format| {
        let text = format.as_str();
        if !text.contains("page") {
            site.key("format")
                .fault(
                    Code::PagingEndless,
                    "every page would be asked for in the same way",
                )
                .label("does not mention `page`")
                .help("put the number of the page into it: `{{ page }}:{{ size }}`")
                .report();
        }
        cx.values.text(&site.key("format"), text, &scope)
    });
    let more = optional(pages.more.as_ref(), |more| path(site, "more", more));
    full_page(site, pages.page_size)?;
    Some(Paging::Page {
        param: pages.param.as_str().into(),
        format: format?,
        first: pages.first.unwrap_or(1),
        page_size: pages.page_size,
        size_param: pages.size_param.as_deref().map(Into::into),
        more: more?,
        max_pages: max_pages(site, pages.max_pages)?,
    })
}

fn path(site: &Site<'_>, key: &str, path: &text::PathText) -> Option<crate::lang::expr::Query> {
    paths::single(&site.key(key), path, &Type::Any).map(|(query, _)| query)
}

/// A page without rows is always full, so that no page would ever be the last.
fn full_page(site: &Site<'_>, rows: u32) -> Option<()> {
    if rows == 0 {
        site.key("page_size")
            .fault(Code::PagingEndless, "a page of no rows")
            .label("is always full, so no page is the last")
            .help("say how many rows a full page has")
            .report();
        return None;
    }
    Some(())
}

fn max_pages(site: &Site<'_>, written: Option<u32>) -> Option<u32> {
    if written == Some(0) {
        site.key("max_pages")
            .fault(Code::BadNumberRange, "no page may be read")
            .label("must be 1 or more")
            .report();
        return None;
    }
    Some(written.unwrap_or(MAX_PAGES))
}
