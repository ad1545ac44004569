//! Pages by a link in the reply.

use std::collections::HashSet;
use std::sync::Arc;

use url::Url;

use super::error::PagingError;
use super::passes::{AfterPass, PageIs, Passes};
use super::row::{Row, content_hash};
use super::{PageRequest, Place, ReplyFacts, Turn};

/// Where links may lead.
#[derive(Clone, Debug)]
pub struct LinkRules {
    /// The API: links keep its scheme, host and port.
    pub base: Url,
    /// A query parameter that holds a credential: it is taken out of links.
    pub credential: Option<Arc<str>>,
}

/// Where a scan by next links stands. Like numbered pages it begins anew after a restart.
#[derive(Clone, Debug)]
pub(super) struct NextLink {
    rules: LinkRules,
    next: Option<Url>,
    visited: HashSet<u64>,
    passes: Passes,
}

impl NextLink {
    pub(super) fn start(rules: LinkRules) -> Self {
        Self {
            rules,
            next: None,
            visited: HashSet::new(),
            passes: Passes::default(),
        }
    }

    pub(super) fn seek(&self) -> PageRequest {
        PageRequest {
            url: self.next.clone(),
            ..PageRequest::default()
        }
    }

    pub(super) fn place(&self) -> Place {
        Place::default()
    }

    pub(super) fn take(
        &mut self,
        rows: &[Row],
        facts: &ReplyFacts,
        number: u32,
    ) -> Result<Turn, PagingError> {
        let link = match facts.next.as_deref().filter(|link| !link.is_empty()) {
            Some(link) => Some(self.resolve(link, number)?),
            None => None,
        };
        let repeated = self.passes.take(rows, number, "the next link")? == PageIs::Repeated;
        let Some(link) = link else {
            self.next = None;
            self.visited.clear();
            return Ok(match self.passes.end()? {
                AfterPass::Done => Turn::end(None),
                AfterPass::Again => Turn::again(None),
            });
        };
        if repeated && self.next.as_ref() == Some(&link) {
            return Ok(Turn::again(None));
        }
        let used = self.next.as_ref() == Some(&link);
        if used || !self.visited.insert(content_hash(link.as_str().as_bytes())) {
            return Err(PagingError::NextLinkLoop {
                page: number,
                link: shown(&link),
            });
        }
        self.next = Some(link);
        Ok(Turn::again(None))
    }

    /// The link at our own origin. It may differ in scheme alone, as APIs behind a proxy do.
    fn resolve(&self, link: &str, page: u32) -> Result<Url, PagingError> {
        let base = &self.rules.base;
        let from = self.next.as_ref().unwrap_or(base);
        let link = from
            .join(link)
            .map_err(|_| PagingError::NextLinkUnreadable { page })?;
        let web = matches!(link.scheme(), "http" | "https");
        let same_host = link.host() == base.host();
        // Both at their scheme's own port, or at the same port.
        let same_port = (link.port().is_none() && base.port().is_none())
            || link.port_or_known_default() == base.port_or_known_default();
        if !(web && same_host && same_port) {
            return Err(PagingError::NextLinkForeign {
                page,
                link: shown(&link),
                own: base.origin().ascii_serialization(),
            });
        }
        let mut own = base.clone();
        own.set_path(link.path());
        own.set_query(link.query());
        own.set_fragment(None);
        if let Some(credential) = &self.rules.credential {
            without_param(&mut own, credential);
        }
        Ok(own)
    }
}

/// Takes a parameter out of a query and leaves the bytes of the others.
fn without_param(url: &mut Url, name: &str) {
    let Some(query) = url.query() else { return };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            url::form_urlencoded::parse(pair.as_bytes())
                .next()
                .is_none_or(|(key, _)| key != name)
        })
        .collect();
    let kept = kept.join("&");
    url.set_query(if kept.is_empty() { None } else { Some(&kept) });
}

/// A link as messages show it: without its query, which may hold anything.
fn shown(link: &Url) -> String {
    let mut text = link.origin().ascii_serialization();
    text.push_str(link.path());
    text
}
