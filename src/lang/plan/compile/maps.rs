//! Maps: rows compiled, and proven total both ways.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::context::{Apis, Context};
use super::names::Folder;
use super::scope::Scope;
use super::site::Site;
use super::values::{Unknown, all};
use super::vocabulary::{Member, Values, Verdict};
use super::words::text_of;
use crate::lang::config;
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{ScopeTypes, Type};
use crate::lang::load::Config;
use crate::lang::plan::{Row, Table, TableCase, Target};

/// A map, and what it takes to check the rows of tenants against it.
pub(super) struct Mapping<'p> {
    pub(super) config: &'p config::Map,
    pub(super) site: Site<'p>,
    /// Its table; none when something in the map is wrong.
    pub(super) table: Option<Arc<Table>>,
    source: Option<Values>,
    targets: Option<Values>,
    scope: Scope,
}

/// The maps in the folder of an integration.
pub(super) fn compile<'p>(
    cx: &Context<'p>,
    apis: &Apis<'p>,
    folder: &Folder<'p>,
) -> IndexMap<&'p str, Option<Mapping<'p>>> {
    let maps = folder.maps.iter().map(|(name, doc)| {
        let Some(Config::Map(config)) = &doc.config else {
            return (*name, None);
        };
        (
            *name,
            Some(mapping(cx, apis, &Site::root(doc, cx.sink), config)),
        )
    });
    maps.collect()
}

fn mapping<'p>(
    cx: &Context<'p>,
    apis: &Apis<'p>,
    site: &Site<'p>,
    config: &'p config::Map,
) -> Mapping<'p> {
    let before = cx.errors();
    let source = Values::source(apis, &site.key("from"), &config.from.0);
    let targets = Values::targets(apis, &site.key("to"), &config.to.0);
    let types = config
        .with
        .iter()
        .fold(ScopeTypes::new(), |types, name| types.with(name, Type::Any));
    let scope = Scope {
        types,
        ..Scope::default()
    };
    let scope = ["record", "vars", "steps", "link", "settings", "item", "now"]
        .into_iter()
        .filter(|name| !config.with.iter().any(|with| with == name))
        .fold(scope, |scope, name| {
            scope.elsewhere(name, "in the step, which gives it under `with`")
        });
    let mut mapping = Mapping {
        config,
        site: site.clone(),
        table: None,
        source,
        targets,
        scope,
    };
    let written = config.rows.iter().map(|(value, target)| (value, &target.0));
    let rows = mapping.rows(cx, &site.key("rows"), written);
    let else_ = config
        .else_
        .as_ref()
        .map(|target| mapping.row(cx, &site.key("else"), &target.0));
    mapping.check_total();
    let compiled = rows.and_then(|rows| {
        let else_ = match else_ {
            None => None,
            Some(row) => Some(row?),
        };
        let fold = mapping
            .source
            .as_ref()
            .map(|source| source.fold.clone())
            .unwrap_or_default();
        Some(Table {
            name: config.name.as_str().into(),
            rows,
            else_,
            fold,
        })
    });
    mapping.table = compiled.filter(|_| cx.errors() == before).map(Arc::new);
    mapping
}

impl Mapping<'_> {
    /// Rows by folded value. Each key is checked against the source, each target against the other side.
    pub(super) fn rows<'j>(
        &self,
        cx: &Context<'_>,
        site: &Site<'_>,
        rows: impl IntoIterator<Item = (&'j String, &'j Json)>,
    ) -> Option<IndexMap<Arc<str>, Row>> {
        let mut seen: IndexMap<String, &str> = IndexMap::new();
        let rows = all(rows.into_iter().map(|(value, target)| {
            let place = site.key(value.as_str());
            let key = self.fold(value);
            if let Some(first) = seen.get(&key) {
                place
                    .fault_key(
                        Code::DuplicateKey,
                        format!("`{value}` and `{first}` are the same value"),
                    )
                    .label("the second row of one value")
                    .also(site.key(*first).key_span(), "the first one")
                    .report();
            }
            self.check_value(&place, value);
            seen.insert(key.clone(), value);
            Some((Arc::from(key), self.row(cx, &place, target)?))
        }))?;
        Some(rows.into_iter().collect())
    }

    /// The map's table with rows of a tenant put over its own.
    pub(super) fn with_rows(&self, rows: IndexMap<Arc<str>, Row>) -> Option<Arc<Table>> {
        let mut table = self.table.as_ref()?.as_ref().clone();
        table.rows.extend(rows);
        Some(Arc::new(table))
    }

    /// A step gives the names that conditional rows read, and no others.
    pub(super) fn check_use(&self, site: &Site<'_>, written: &config::MapUse) {
        for name in written
            .with
            .keys()
            .filter(|name| !self.config.with.contains(name))
        {
            Unknown {
                code: Code::UnknownName,
                what: "name to read",
                of: Some(self.config.name.as_str()),
                several: "names that it reads",
            }
            .at_key(
                &site.key("with").key(name.as_str()),
                name,
                self.config.with.iter().map(String::as_str),
            );
        }
        for name in self
            .config
            .with
            .iter()
            .filter(|name| !written.with.contains_key(*name))
        {
            let place = if written.with.is_empty() {
                site.key("use")
            } else {
                site.key("with")
            };
            place
                .fault(
                    Code::MissingKey,
                    format!("the map reads `{name}`, which is not given"),
                )
                .label(format!("`{name}` is needed under `with`"))
                .also(self.site.key("with").span(), "what the map reads")
                .report();
        }
    }

    fn fold(&self, value: &str) -> String {
        self.source
            .as_ref()
            .map_or_else(|| value.to_owned(), |source| source.folded(value))
    }

    fn check_value(&self, site: &Site<'_>, value: &str) {
        let Some(source) = &self.source else { return };
        if source.verdict(value) == Verdict::Unknown {
            let known = || source.members.iter().map(|member| member.text.as_str());
            let draft = site
                .fault_key(
                    Code::MapUnknownValue,
                    format!("`{value}` is not a value of the source"),
                )
                .label("no value will ever take this row")
                .also(self.site.key("from").span(), "the source")
                .help_opt(suggest::help(value, "values of the source", known()));
            match suggest::nearest(value, known()) {
                Some(near) => draft.instead(near).report(),
                None => draft.report(),
            }
        }
    }

    /// One row: a target, a list of them, or cases.
    fn row(&self, cx: &Context<'_>, site: &Site<'_>, written: &Json) -> Option<Row> {
        let Some(cases) = written.get("cases").and_then(Json::as_array) else {
            let to = self.target(site, written)?;
            return Some(Row {
                cases: vec![TableCase { when: None, to }],
            });
        };
        let list = site.key("cases");
        let mut open = None;
        let compiled = all(cases.iter().enumerate().map(|(index, case)| {
            let place = list.index(index);
            if let Some(first) = open {
                place
                    .fault(Code::MapUnreachableCase, "this case is never reached")
                    .label("no value comes this far")
                    .also(
                        list.index(first).span(),
                        "this case has no condition and takes every value",
                    )
                    .report();
            }
            let condition = case.get("when").and_then(Json::as_str);
            if condition.is_none() && open.is_none() {
                open = Some(index);
            }
            let when = condition.map(|condition| {
                let condition = config::text::Condition(condition.to_owned());
                cx.values
                    .condition(&place.key("when"), &condition, &self.scope)
            });
            let to = self.target(&place.key("to"), case.get("to").unwrap_or(&Json::Null));
            let when = match when {
                None => None,
                Some(when) => Some(when?),
            };
            Some(TableCase { when, to: to? })
        }));
        if open.is_none() {
            let at = cases.len().saturating_sub(1);
            list.index(at)
                .fault(Code::MapCaseNotFinal, "the last case has a condition")
                .label("a value for which it does not hold has no target")
                .help("end the cases with one without `when`: `- { to: … }`")
                .report();
        }
        Some(Row { cases: compiled? })
    }

    fn target(&self, site: &Site<'_>, written: &Json) -> Option<Target> {
        if written.as_str() == Some("keep") {
            return Some(Target::Keep);
        }
        if let Some(list) = written.as_array() {
            let values = all(list.iter().enumerate().map(|(index, value)| {
                let site = site.index(index);
                self.scalar(&site, value)
            }))?;
            if values.is_empty() {
                site.fault(Code::EmptyList, "a list of preference without values")
                    .label("needs at least one target, or `keep`")
                    .report();
                return None;
            }
            return Some(Target::Values(values));
        }
        self.scalar(site, written)
            .map(|value| Target::Values(vec![value]))
    }

    fn scalar(&self, site: &Site<'_>, value: &Json) -> Option<Json> {
        let Some(text) = text_of(value) else {
            site.fault(Code::WrongType, "a target is text, a number or true/false")
                .label("must be a value, `keep`, a list of preference, or `cases`")
                .report();
            return None;
        };
        if text == "keep" {
            site.fault(Code::MapUnknownTarget, "`keep` inside a list of preference")
                .label("is no value of the other side")
                .help("`keep` stands alone: the row then writes nothing")
                .report();
            return None;
        }
        self.check_target(site, &text);
        Some(value.clone())
    }

    fn check_target(&self, site: &Site<'_>, text: &str) {
        let Some(targets) = &self.targets else { return };
        let known = || targets.members.iter().map(|member| member.text.as_str());
        let to = self.site.key("to").span();
        match targets.verdict(text) {
            Verdict::Known => {}
            Verdict::Open if targets.members.is_empty() => {}
            Verdict::Open => site
                .fault(
                    Code::MapTargetOpen,
                    format!("`{text}` is not a known value of the target"),
                )
                .label(
                    "legal by the form of `open`; whether it is offered shows when it is written",
                )
                .also(to, "the target")
                .help_opt(
                    suggest::nearest(text, known()).map(|near| format!("did you mean `{near}`?")),
                )
                .report(),
            Verdict::Unknown => {
                let draft = site
                    .fault(
                        Code::MapUnknownTarget,
                        format!("`{text}` is not a value of the target"),
                    )
                    .label("cannot be written")
                    .also(to, "the target")
                    .help_opt(suggest::help(text, "values of the target", known()));
                match suggest::nearest(text, known()) {
                    Some(near) => draft.instead(near).report(),
                    None => draft.report(),
                }
            }
        }
    }

    /// Every value of a closed source has a row; an open one has `else`.
    fn check_total(&self) {
        let Some(source) = &self.source else { return };
        let rows: HashSet<String> = self
            .config
            .rows
            .keys()
            .map(|key| source.folded(key))
            .collect();
        let covered = |member: &&Member| rows.contains(&source.folded(&member.text));
        let missing: Vec<_> = source
            .members
            .iter()
            .filter(|member| !covered(member))
            .collect();
        let has_else = self.config.else_.is_some();
        if source.is_open() && !has_else {
            self.site
                .key("rows")
                .fault_key(Code::MapMissingElse, "an open source needs an `else`")
                .label("has no row for values that are not known yet")
                .also(self.site.key("from").span(), "may have further values")
                .help("add `else:` with a target, or `else: keep`")
                .report();
        } else if !has_else && !missing.is_empty() {
            let names = missing.iter().map(|member| member.text.as_str());
            let headline = if missing.len() == 1 {
                format!("the value {} has no row", suggest::list(names.clone()))
            } else {
                format!("the values {} have no row", suggest::list(names.clone()))
            };
            self.site
                .key("rows")
                .fault_key(Code::MapMissingValue, headline)
                .label("not every value of the source has a row")
                .also(self.site.key("from").span(), "the source")
                .help(format!(
                    "add a row for each, for example `{}: keep`",
                    names.clone().next().unwrap_or_default()
                ))
                .report();
        } else if has_else && missing.is_empty() && !source.is_open() {
            self.site
                .key("else")
                .fault_key(Code::MapNeedlessElse, "`else` is never used")
                .label("every value of the source has a row")
                .help("leave it away: a value that is added to the source later is then noticed")
                .report();
        }
    }
}

/// The map that a step or a setting names.
pub(super) fn unknown<'k>(site: &Site<'_>, name: &str, known: impl Iterator<Item = &'k str>) {
    Unknown {
        code: Code::UnknownMap,
        what: "map",
        of: None,
        several: "maps of this integration",
    }
    .at(site, name, known);
}
