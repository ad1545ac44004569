//! Where a pipeline's records come from: compiled, and made sure that it ends and misses nothing.

use std::sync::Arc;

use super::connector::Api;
use super::durations::{self, duration};
use super::paging;
use super::paths;
use super::realm::{Realm, record_of};
use super::request::{self, Target};
use super::scope::{self, Scope};
use super::site::Site;
use super::values::optional;
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::{Type, ValueForm};
use crate::lang::plan::{Cursor, Fetch, One, Paging, Sweep};

/// A fetch, compiled as far as it goes.
pub(super) struct Fetched {
    /// The type of a record; anything when it cannot be known.
    pub(super) record: Type,
    pub(super) plan: Option<Fetch>,
}

/// Where rows come from, as a fetch or a signal says it.
pub(super) struct Feed<'c> {
    connector: &'c config::text::Name,
    request: config::RequestParts<'c>,
    records: &'c config::text::PathText,
    record: Option<&'c String>,
    key: &'c config::text::Value,
    version: Option<&'c config::text::Value>,
    paging: Option<&'c String>,
    cursor: Option<&'c config::Cursor>,
    from: Option<&'c config::text::Value>,
    one: Option<&'c config::One>,
}

impl<'c> From<&'c config::Fetch> for Feed<'c> {
    fn from(fetch: &'c config::Fetch) -> Self {
        Self {
            connector: &fetch.connector,
            request: fetch.request(),
            records: &fetch.records,
            record: Some(&fetch.record),
            key: &fetch.key,
            version: fetch.version.as_ref(),
            paging: fetch.paging.as_ref(),
            cursor: fetch.cursor.as_ref(),
            from: fetch.from.as_ref(),
            one: fetch.one.as_ref(),
        }
    }
}

impl<'c> From<&'c config::Signal> for Feed<'c> {
    fn from(signal: &'c config::Signal) -> Self {
        Self {
            connector: &signal.connector,
            request: signal.request(),
            records: &signal.records,
            record: signal.record.as_ref(),
            key: &signal.key,
            version: None,
            paging: signal.paging.as_ref(),
            cursor: signal.cursor.as_ref(),
            from: signal.from.as_ref(),
            one: None,
        }
    }
}

/// Compiles a fetch.
pub(super) fn compile<'p>(realm: &Realm<'_, 'p>, site: &Site<'p>, config: Feed<'p>) -> Fetched {
    let name = config.connector.as_str();
    let api = realm.api(&site.key("connector"), name);
    let record = match (api, config.record) {
        (Some(api), Some(record)) => record_of(&site.key("record"), api, record),
        (_, None) | (None, _) => Type::Any,
    };
    let maker = Maker {
        realm,
        site,
        config,
        api,
        row: realm.base.rooted(record.clone()),
    };
    let plan = maker.fetch(&record);
    maker.check();
    Fetched { record, plan }
}

struct Maker<'m, 'p> {
    realm: &'m Realm<'m, 'p>,
    site: &'m Site<'p>,
    config: Feed<'p>,
    api: Option<&'m Api<'p>>,
    /// What is said of one row.
    row: Scope,
}

impl Maker<'_, '_> {
    fn fetch(&self, record: &Type) -> Option<Fetch> {
        let (config, site) = (&self.config, self.site);
        let target = Target::of(config.connector, self.api);
        let scope = self.page_scope();
        let request = request::compile(self.realm.cx, site, target, &config.request, &scope);
        let records = paths::listed(&site.key("records"), config.records, &Type::Any);
        let key = self.value("key", Some(config.key), &self.row);
        let version = self.value("version", config.version, &self.row);
        let paging = paging::named(site, config.paging, self.api);
        let cursor = optional(config.cursor, |cursor| self.cursor(cursor, record));
        let from = self.value("from", config.from, &self.realm.base);
        let one = optional(config.one, |one| self.one(one));
        Some(Fetch {
            request: request?,
            records: records?.0,
            record: Arc::new(record.clone()),
            key: key??,
            version: version?,
            paging: paging?,
            cursor: cursor?,
            from: from?,
            one: one?,
        })
    }

    fn page_scope(&self) -> Scope {
        let scope = self.realm.base.rooted(Type::Any);
        if self.config.cursor.is_some() {
            scope.with("cursor", scope::cursor())
        } else {
            scope
        }
    }

    #[expect(
        clippy::option_option,
        reason = "whether it was written, and whether it could be made"
    )]
    fn value(
        &self,
        key: &str,
        written: Option<&config::text::Value>,
        scope: &Scope,
    ) -> Option<Option<ValueForm>> {
        optional(written, |value| {
            self.realm
                .cx
                .values
                .value(&self.site.key(key), &value.0, scope)
                .map(|(form, _)| form)
        })
    }

    fn one(&self, one: &config::One) -> Option<One> {
        let site = self.site.key("one");
        let target = Target::of(self.config.connector, self.api);
        let scope = self.realm.base.rooted(Type::Any).with("key", Type::Text);
        let request = request::compile(self.realm.cx, &site, target, &one.request(), &scope);
        let found = optional(one.found.as_ref(), |path| {
            paths::query(&site.key("found"), path, &Type::Any).map(|(query, _)| query)
        });
        Some(One {
            request: request?,
            found: found?,
        })
    }

    fn cursor(&self, cursor: &config::Cursor, record: &Type) -> Option<Cursor> {
        let site = self.site.key("cursor");
        let values = &self.realm.cx.values;
        let path = paths::single(&site.key("path"), &cursor.path, record);
        let tie = optional(cursor.tie.as_ref(), |tie| {
            paths::single(&site.key("tie"), tie, record)
        });
        let start = values.value(&site.key("start"), &cursor.start.0, &self.realm.base);
        let overlap = optional(cursor.overlap.as_ref(), |text| {
            duration(&site.key("overlap"), text)
        });
        let sweep = sweep(&site.key("sweep"), cursor.sweep.as_deref());
        let precision = optional(cursor.precision.as_ref(), |text| {
            duration(&site.key("precision"), text)
        });
        let overlap = overlap?.unwrap_or_default();
        self.check_overlap(&site, cursor, overlap);
        Some(Cursor {
            path: path?.0,
            tie: tie?.map(|(query, _)| query),
            seeks_by_tie: self.mentions("cursor.tie"),
            start: start?.0,
            overlap,
            sweep: sweep?,
            precision: precision?,
        })
    }

    /// A row that shows `lag` after its time is passed over when a run starts later than that (S15).
    fn check_overlap(
        &self,
        site: &Site<'_>,
        cursor: &config::Cursor,
        overlap: std::time::Duration,
    ) {
        let settle = self.api.and_then(|api| api.config.settle.as_ref());
        let lag = settle
            .and_then(|settle| durations::read(settle.lag.as_str()))
            .unwrap_or_default();
        if overlap >= lag {
            return;
        }
        let lag = settle.map(|settle| settle.lag.as_str()).unwrap_or_default();
        let headline = format!(
            "rows of `{}` may show {lag} late",
            self.config.connector.as_str()
        );
        let draft = if cursor.overlap.is_some() {
            let place = site.key("overlap");
            place
                .fault(Code::OverlapBelowLag, headline)
                .label("is shorter than that")
        } else {
            site.fault_key(Code::OverlapBelowLag, headline)
                .label("has no `overlap`")
        };
        draft
            .help(format!(
                "write `overlap: {lag}` or more; what was read already is recognised"
            ))
            .report();
    }

    /// Whether the request says something, in an expression of it.
    fn mentions(&self, name: &str) -> bool {
        request::scalars(self.site, &self.config.request)
            .iter()
            .any(|(_, text)| text.contains(name))
    }

    fn check(&self) {
        let style = self
            .config
            .paging
            .and_then(|name| self.api?.paging.get(name.as_str())?.as_ref());
        match self.config.cursor {
            Some(cursor) => self.check_cursor(cursor, style),
            None => self.check_without_cursor(style),
        }
        self.check_token(style);
        self.check_key();
    }

    fn check_key(&self) {
        if self
            .config
            .key
            .0
            .as_str()
            .is_none_or(|text| !text.starts_with('$') && !text.contains("{{"))
        {
            self.site
                .key("key")
                .fault(Code::BadValue, "every record would have the same key")
                .label("is the same for every row")
                .help("name the member that tells records apart: `$.Id`")
                .report();
        }
    }

    fn check_cursor(&self, cursor: &config::Cursor, style: Option<&Paging>) {
        let site = self.site.key("cursor");
        if !self.mentions("cursor.value") {
            site.fault_key(
                Code::CursorNotInQuery,
                "the request never asks by `cursor.value`",
            )
            .label("every run would read everything again")
            .help("put `{{ cursor.value }}` into the query, or leave `cursor` away")
            .report();
            return;
        }
        self.check_order(&site, cursor, style);
        let seeks_alone = matches!(
            style,
            Some(Paging::Keyset {
                offset_param: None,
                ..
            })
        );
        if seeks_alone && !self.mentions("cursor.tie") {
            let label = if cursor.tie.is_some() {
                "rows of equal value that do not fit a page are passed over"
            } else {
                "without `tie`, rows of equal value that do not fit a page are passed over"
            };
            site.fault_key(
                Code::KeysetWithoutTie,
                "pages cannot go on inside rows of equal value",
            )
            .label(label)
            .help("seek by `{{ cursor.tie }}` as well, or give the paging an `offset_param`")
            .report();
        }
    }

    /// A watermark is right only over rows that come in its order (S14). The request says so by naming the member
    /// beside a word of order; where it names an order at all it must be this one.
    fn check_order(&self, site: &Site<'_>, cursor: &config::Cursor, style: Option<&Paging>) {
        let pages = match style {
            Some(Paging::Keyset { .. } | Paging::Offset { .. }) => true,
            Some(Paging::Page { .. } | Paging::Next { .. } | Paging::Token { .. }) | None => false,
        };
        let member = last_member(cursor.path.as_str());
        let ordered = self
            .config
            .request
            .query
            .into_iter()
            .flatten()
            .any(|(name, value)| {
                let (name, value) = (
                    name.to_lowercase(),
                    super::words::text_of(&value.0).unwrap_or_default(),
                );
                let sorts = ["sort", "order"].iter().any(|word| name.contains(word));
                let value = value.to_lowercase();
                (sorts || value.contains(" asc") || value.contains("+asc"))
                    && value.contains(&member.to_lowercase())
            });
        if pages && !ordered {
            site.key("path")
                .fault(
                    Code::CursorWithoutOrder,
                    format!("nothing asks for rows in the order of `{member}`"),
                )
                .label("rises from row to row only when the API sorts by it")
                .help(format!(
                    "ask for the order in the query, for example `$orderby: {member} asc`"
                ))
                .report();
        }
    }

    fn check_without_cursor(&self, style: Option<&Paging>) {
        if let Some(Paging::Keyset { .. }) = style {
            self.site
                .key("paging")
                .fault(Code::PagingEndless, "keyset paging needs a `cursor`")
                .label("each page starts after the last row of the one before")
                .help("say with `cursor` which member rises, and seek by it in the query")
                .report();
        }
    }

    fn check_token(&self, style: Option<&Paging>) {
        let is_token = matches!(style, Some(Paging::Token { .. }));
        if self.config.from.is_some()
            && !is_token
            && self.config.paging.is_none_or(|_| style.is_some())
        {
            self.site
                .key("from")
                .fault_key(
                    Code::PagingStyleIncomplete,
                    "`from` is the first token of a token feed",
                )
                .label("the paging of this fetch has no tokens")
                .help("leave it away; a cursor has its own `start`")
                .report();
        }
    }
}

fn sweep(site: &Site<'_>, written: Option<&str>) -> Option<Sweep> {
    match written {
        None | Some("none") => Some(Sweep::None),
        Some(text) => {
            let window = durations::read(text);
            if window.is_none() {
                site.fault(Code::BadDuration, format!("`{text}` is not a duration"))
                    .label("must be a duration such as `24h`, or `none`")
                    .report();
            }
            window.map(Sweep::Window)
        }
    }
}

/// The last name of a path: `UpdatedDate` of `$.UpdatedDate`, `path` of `$['a']['path']`.
fn last_member(path: &str) -> &str {
    let end = path.trim_end_matches(['\'', '"', ']']);
    end.rsplit(['.', '\'', '"', '[']).next().unwrap_or(end)
}

/// What a step's or a find's paging may be: pages after the last row need a cursor, which only a fetch has.
#[expect(
    clippy::option_option,
    reason = "whether it was written, and whether it could be made"
)]
pub(super) fn list_paging(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    name: Option<&String>,
    connector: &config::text::Name,
) -> Option<Option<Paging>> {
    let api = realm.apis.get(connector.as_str()).and_then(Option::as_ref);
    let style = paging::named(site, name, api)?;
    if let Some(Paging::Keyset { .. }) = style {
        site.key("paging")
            .fault(Code::PagingEndless, "keyset paging needs a `cursor`")
            .label("only the `fetch` of a pipeline has one")
            .help("name a style with `offset`, `page`, `next` or `token`")
            .report();
    }
    Some(style)
}

#[cfg(test)]
mod tests {
    use super::last_member;

    #[test]
    fn the_last_name_of_a_path() {
        assert_eq!(last_member("$.UpdatedDate"), "UpdatedDate");
        assert_eq!(last_member("$.a.b"), "b");
        assert_eq!(last_member("$['a']['b c']"), "b c");
    }
}
