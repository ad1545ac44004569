//! `kind: integration` compiled, with everything in its folder.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::context::{self, Apis, Context, not_found};
use super::durations::duration;
use super::names::Folder;
use super::realm::{self, Realm};
use super::routines::{self, Routines};
use super::scope;
use super::site::Site;
use super::steps::{Place, Walk};
use super::values::{Unknown, all, optional};
use super::{maps, pipeline, settings};
use crate::lang::config::{self, text};
use crate::lang::diag::Code;
use crate::lang::expr::{Type, ValueForm};
use crate::lang::load::Config;
use crate::lang::plan::{self, Agreement, Entity, EntityFrom, Requirement, Subjects};

/// A requirement is never older than this before a write (S22).
const REQUIREMENT_EVERY: Duration = Duration::from_secs(60);

/// An integration, compiled as far as it goes.
pub(super) struct Compiled<'a, 'p> {
    pub(super) realm: Realm<'a, 'p>,
    /// None when something in it or in its folder is wrong.
    pub(super) plan: Option<Arc<plan::Integration>>,
}

/// Compiles an integration with its pipelines and maps.
pub(super) fn compile<'a, 'p>(
    cx: &'a Context<'p>,
    apis: &'a Apis<'p>,
    folder: &'a Folder<'p>,
    config: &'p config::Integration,
) -> Compiled<'a, 'p> {
    let before = cx.errors();
    let site = Site::root(folder.doc, cx.sink);
    check_connectors(apis, &site, config);
    let entities = entities(apis, &site, config);
    let maps = maps::compile(cx, apis, folder);
    let account = realm::account(apis, config);
    let settings = settings::types(config);
    let base = scope::constant(account, settings, realm::hints(apis, config));
    let pipelines = folder.pipelines.keys().copied().collect();
    let routines = Routines::of(folder);
    let subject_row = subject_row(apis, folder, config);
    let realm = Realm {
        cx,
        apis,
        config,
        site,
        entities,
        maps,
        routines,
        pipelines,
        subject_row,
        base,
    };
    settings::check(&realm);
    let plan = integration(&realm, folder);
    let sound = cx.errors() == before;
    Compiled {
        realm,
        plan: plan.filter(|_| sound).map(Arc::new),
    }
}

fn integration(realm: &Realm<'_, '_>, folder: &Folder<'_>) -> Option<plan::Integration> {
    let (config, site) = (realm.config, &realm.site);
    let pipelines = all(folder.pipelines.values().map(|doc| {
        let Some(Config::Pipeline(config)) = &doc.config else {
            return None;
        };
        let compiled = pipeline::compile(realm, &Site::root(doc, realm.cx.sink), config)?;
        Some((Arc::clone(&compiled.name), Arc::new(compiled)))
    }));
    let root = optional(config.root.as_ref(), |root| self::root(realm, root));
    let agreement = optional(config.agreement.as_ref(), |written| {
        agreement(realm, written)
    });
    let subjects = optional(config.subjects.as_ref(), |written| {
        subjects(realm, folder, written)
    });
    let on_activate = {
        let mut walk = Walk::without_record(
            realm,
            Place::Activation,
            &site.key("on_activate"),
            &config.on_activate,
        );
        walk.list(&site.key("on_activate"), &config.on_activate)
    };
    let requires =
        all(config.requires.iter().enumerate().map(|(index, written)| {
            requirement(realm, &site.key("requires").index(index), written)
        }));
    routines::check(realm, folder);
    check_tests(realm, folder);
    super::unused::check(site);
    let maps = realm
        .maps
        .iter()
        .map(|(name, mapping)| Some((Arc::from(*name), mapping.as_ref()?.table.clone()?)))
        .collect::<Option<IndexMap<_, _>>>();
    Some(plan::Integration {
        name: config.name.as_str().into(),
        title: config.title.as_str().into(),
        connectors: config
            .connectors
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
        agreement: agreement?,
        root: root?,
        subjects: subjects?,
        entities: realm.entities.clone(),
        on_activate: on_activate?,
        requires: requires?,
        pipelines: pipelines?.into_iter().collect(),
        maps: maps?,
    })
}

fn check_connectors(apis: &Apis<'_>, site: &Site<'_>, config: &config::Integration) {
    for (index, name) in config.connectors.iter().enumerate() {
        let place = site.key("connectors").index(index);
        context::connector(apis, &place, name.as_str());
        if let Some(first) = config
            .connectors
            .iter()
            .take(index)
            .position(|one| one == name)
        {
            place
                .fault(
                    Code::DuplicateName,
                    format!("`{}` is listed twice", name.as_str()),
                )
                .label("this name is taken")
                .also(site.key("connectors").index(first).span(), "by this one")
                .report();
        }
    }
}

fn entities(
    apis: &Apis<'_>,
    site: &Site<'_>,
    config: &config::Integration,
) -> IndexMap<Arc<str>, Entity> {
    let mut found = IndexMap::new();
    for (name, ends) in &config.entities {
        let site = site.key("entities").key(name.as_str());
        if !super::words::is_identifier(name) {
            site.fault_key(
                Code::BadName,
                format!("`{name}` is not a name that expressions can use"),
            )
            .label("a small letter, then small letters, digits or `_`")
            .report();
        }
        let from = if ends.from == "tenant" {
            Some(EntityFrom::Tenant)
        } else {
            end(apis, &site.key("from"), config, &ends.from)
                .map(|(connector, record)| EntityFrom::Record(connector, record))
        };
        let to = end(apis, &site.key("to"), config, &ends.to);
        for (index, word) in ends.remember.iter().enumerate() {
            let place = site.key("remember").index(index);
            if word == "key" || word == "id" {
                place
                    .fault(Code::BadName, format!("`{word}` is what every link has"))
                    .label("choose another name")
                    .report();
            } else if !super::words::is_identifier(word) {
                place
                    .fault(
                        Code::BadName,
                        format!("`{word}` is not a name that expressions can use"),
                    )
                    .label("a small letter, then small letters, digits or `_`")
                    .report();
            }
        }
        if let (Some(from), Some(to)) = (from, to) {
            let remember = ends
                .remember
                .iter()
                .map(|name| name.as_str().into())
                .collect();
            found.insert(name.as_str().into(), Entity { from, to, remember });
        }
    }
    found
}

/// `connector.record`. The record need not have a schema: nothing is read of it here.
fn end(
    apis: &Apis<'_>,
    site: &Site<'_>,
    config: &config::Integration,
    written: &str,
) -> Option<(Arc<str>, Arc<str>)> {
    let Some((connector, record)) = written
        .split_once('.')
        .filter(|(_, record)| !record.is_empty())
    else {
        site.fault(
            Code::BadValue,
            format!("`{written}` is not an end of a link"),
        )
        .label("must be `connector.record`")
        .help("the source end may also be `tenant`")
        .report();
        return None;
    };
    if !config
        .connectors
        .iter()
        .any(|name| name.as_str() == connector)
    {
        let known = config.connectors.iter().map(text::Name::as_str);
        let several = "connectors of the integration";
        let what = if apis.contains_key(connector) {
            "connector of this integration named"
        } else {
            "connector"
        };
        Unknown {
            code: Code::UnknownConnector,
            what,
            of: None,
            several,
        }
        .within(site, 0..connector.len(), connector, known);
        return None;
    }
    Some((connector.into(), record.into()))
}

fn root(realm: &Realm<'_, '_>, root: &text::Value) -> Option<ValueForm> {
    let link = realm.link(realm.config.entities.keys().map(String::as_str));
    let scope = realm
        .base
        .rooted(Type::Any)
        .with("record", Type::Any)
        .with("link", link)
        .with("key", Type::Text);
    realm
        .cx
        .values
        .value(&realm.site.key("root"), &root.0, &scope)
        .map(|(form, _)| form)
}

fn agreement(realm: &Realm<'_, '_>, written: &config::Agreement) -> Option<Agreement> {
    let place = realm.site.key("agreement").key("text");
    let Some(text) = realm.cx.project.file(place.doc, written.text.as_str()) else {
        not_found(&place, written.text.as_str());
        return None;
    };
    Some(Agreement {
        text: Arc::clone(text),
        version: written.version.as_str().into(),
    })
}

fn subjects(
    realm: &Realm<'_, '_>,
    folder: &Folder<'_>,
    written: &config::Subjects,
) -> Option<Subjects> {
    let site = realm.site.key("subjects");
    let unknown = |name: &&text::Name| !folder.pipelines.contains_key(name.as_str());
    if let Some(name) = written.from.as_ref().filter(unknown) {
        unknown_pipeline(&site.key("from"), name.as_str(), realm);
    }
    let scope = realm.base.rooted(realm.subject_row.clone());
    let value = |key: &str, written: &Option<text::Value>| {
        optional(written.as_ref(), |value| {
            realm
                .cx
                .values
                .value(&site.key(key), &value.0, &scope)
                .map(|(form, _)| form)
        })
    };
    let (key, label) = (value("key", &written.key), value("label", &written.label));
    Some(Subjects {
        title: written.title.as_str().into(),
        from: written.from.as_ref().map(|name| name.as_str().into()),
        key: key?,
        label: label?,
    })
}

/// The type of the records that name the subjects, without saying again what is wrong with their pipeline.
fn subject_row(apis: &Apis<'_>, folder: &Folder<'_>, config: &config::Integration) -> Type {
    let from = config
        .subjects
        .as_ref()
        .and_then(|subjects| subjects.from.as_ref());
    let doc = from.and_then(|name| folder.pipelines.get(name.as_str()));
    let Some(Config::Pipeline(pipeline)) = doc.and_then(|doc| doc.config.as_ref()) else {
        return Type::Any;
    };
    let api = apis
        .get(pipeline.fetch.connector.as_str())
        .and_then(Option::as_ref);
    let record = api.and_then(|api| api.records.get(pipeline.fetch.record.as_str()));
    record.map(|ty| ty.as_ref().clone()).unwrap_or_default()
}

fn unknown_pipeline(site: &Site<'_>, name: &str, realm: &Realm<'_, '_>) {
    Unknown {
        code: Code::UnknownPipeline,
        what: "pipeline",
        of: None,
        several: "pipelines in this integration",
    }
    .at(site, name, realm.pipelines.iter().copied());
}

/// What a test speaks of must be there; what it says of it is looked at when it is run.
fn check_tests(realm: &Realm<'_, '_>, folder: &Folder<'_>) {
    for doc in folder.tests.values() {
        let Some(Config::Test(test)) = &doc.config else {
            continue;
        };
        let site = Site::root(doc, realm.cx.sink);
        if !realm.pipelines.contains(&test.pipeline.as_str()) {
            unknown_pipeline(&site.key("pipeline"), test.pipeline.as_str(), realm);
        }
        check_links(realm, &site.key("given").key("links"), &test.given.links);
        for (index, case) in test.cases.iter().enumerate() {
            let place = site.key("cases").index(index);
            check_links(realm, &place.key("given").key("links"), &case.given.links);
            check_links(realm, &place.key("expect").key("links"), &case.expect.links);
        }
    }
}

fn check_links(realm: &Realm<'_, '_>, site: &Site<'_>, links: &IndexMap<String, text::Literal>) {
    for name in links.keys() {
        if !realm.config.entities.contains_key(name) {
            realm.unknown_entity(&site.key(name.as_str()), name, true);
        }
    }
}

fn requirement(
    realm: &Realm<'_, '_>,
    site: &Site<'_>,
    written: &config::Requirement,
) -> Option<Requirement> {
    let mut walk = Walk::without_record(
        realm,
        Place::Requirement,
        &site.key("steps"),
        &written.steps,
    );
    let steps = walk.list(&site.key("steps"), &written.steps);
    let scope = walk.scope();
    let values = &realm.cx.values;
    let that = values.condition(&site.key("that"), &written.that, &scope);
    let otherwise = values.text(&site.key("otherwise"), written.otherwise.as_str(), &scope);
    let every = optional(written.every.as_ref(), |text| {
        duration(&site.key("every"), text)
    });
    for (index, name) in written.pipelines.iter().enumerate() {
        if !realm.pipelines.contains(&name.as_str()) {
            unknown_pipeline(&site.key("pipelines").index(index), name.as_str(), realm);
        }
    }
    Some(Requirement {
        name: written.name.as_str().into(),
        steps: steps?,
        that: that?,
        otherwise: otherwise?,
        every: every?.map_or(REQUIREMENT_EVERY, |every| every.min(REQUIREMENT_EVERY)),
        pipelines: written
            .pipelines
            .iter()
            .map(|name| name.as_str().into())
            .collect(),
    })
}
