//! What the passes over one integration share: its connectors, entities, settings and maps, and the names that
//! every expression in it sees.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::connector::Api;
use super::context::{self, Apis, Context};
use super::maps::Mapping;
use super::routines::Routines;
use super::scope::{self, Hints, Scope};
use super::site::Site;
use super::values::Unknown;
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::{Query, Type};
use crate::lang::plan::{Entity, EntityFrom};

/// One integration, while it is compiled.
pub(super) struct Realm<'a, 'p> {
    pub(super) cx: &'a Context<'p>,
    pub(super) apis: &'a Apis<'p>,
    pub(super) config: &'p config::Integration,
    pub(super) site: Site<'p>,
    pub(super) entities: IndexMap<Arc<str>, Entity>,
    /// The maps of its folder; none for one whose document is broken.
    pub(super) maps: IndexMap<&'p str, Option<Mapping<'p>>>,
    /// The routines of its folder.
    pub(super) routines: Routines<'p>,
    /// The names of its pipelines, broken ones too.
    pub(super) pipelines: Vec<&'p str>,
    /// The type of the records that name the subjects.
    pub(super) subject_row: Type,
    /// What every expression of it sees.
    pub(super) base: Scope,
}

impl<'a, 'p> Realm<'a, 'p> {
    /// The connector that a document of this integration names.
    pub(super) fn api(&self, site: &Site<'_>, name: &str) -> Option<&'a Api<'p>> {
        let api = context::connector(self.apis, site, name)?;
        let listed = &self.config.connectors;
        // A name in that list that is not known was said there; it may be this one, misspelt.
        let sound = listed
            .iter()
            .all(|one| self.apis.contains_key(one.as_str()));
        if sound && !listed.iter().any(|one| one.as_str() == name) {
            site.fault(
                Code::UnknownConnector,
                format!("`{name}` is not a connector of this integration"),
            )
            .label("a tenant has no account for it")
            .also(
                self.site.key("connectors").span(),
                "the connectors of the integration",
            )
            .help(format!("add `{name}` to `connectors` of the integration"))
            .report();
        }
        Some(api)
    }

    /// `link` for the entities that a pipeline declares; for none in particular, those of the tenant itself.
    pub(super) fn link<'n>(&self, declared: impl IntoIterator<Item = &'n str>) -> Type {
        let remember = |name: &str| {
            self.config
                .entities
                .get(name)
                .map(|ends| ends.remember.as_slice())
        };
        let known: Vec<_> = declared
            .into_iter()
            .filter_map(|name| Some((name, remember(name)?)))
            .collect();
        scope::link(known)
    }

    /// The function `linked`, for every entity of the integration.
    pub(super) fn linked(&self) -> Type {
        scope::linked(&self.link(self.config.entities.keys().map(String::as_str)))
    }

    /// The entities whose source end is the tenant: they are linked before there is any record.
    pub(super) fn of_tenant(&self) -> impl Iterator<Item = &str> {
        let of_tenant = |entity: &Entity| entity.from == EntityFrom::Tenant;
        self.entities
            .iter()
            .filter(move |(_, entity)| of_tenant(entity))
            .map(|(name, _)| &**name)
    }

    /// The type of a subject's key, as far as it can be known.
    pub(super) fn subject_key(&self) -> Type {
        let subjects = self.config.subjects.as_ref();
        let Some(key) = subjects.and_then(|subjects| subjects.key.as_ref()) else {
            return Type::Any;
        };
        let Some(path) = key.0.as_str().and_then(|path| Query::compile(path).ok()) else {
            return Type::Any;
        };
        path.check(&self.subject_row).ty
    }

    /// The kind of link that a document names.
    pub(super) fn unknown_entity(&self, site: &Site<'_>, name: &str, at_key: bool) {
        let unknown = Unknown {
            code: Code::UnknownEntity,
            what: "entity",
            of: None,
            several: "entities",
        };
        let known = self.config.entities.keys().map(String::as_str);
        if at_key {
            unknown.at_key(site, name, known);
        } else {
            unknown.at(site, name, known);
        }
    }
}

/// The type of a connector's record; anything when nothing is named or known.
pub(super) fn record(site: &Site<'_>, api: Option<&Api<'_>>, name: Option<&String>) -> Type {
    let (Some(api), Some(name)) = (api, name) else {
        return Type::Any;
    };
    record_of(&site.key("record"), api, name)
}

/// The type of a record by its name in the connector.
pub(super) fn record_of(site: &Site<'_>, api: &Api<'_>, name: &str) -> Type {
    if let Some(ty) = api.records.get(name) {
        return ty.as_ref().clone();
    }
    let connector = api.config.name.as_str();
    Unknown {
        code: Code::UnknownRecordSchema,
        what: "record",
        of: Some(connector),
        several: &format!("records of `{connector}`"),
    }
    .at(site, name, api.records.keys().map(|name| &**name));
    Type::Any
}

/// What is known beside the names in scope, before any step.
pub(super) fn hints(apis: &Apis<'_>, config: &config::Integration) -> Hints {
    let mut secrets = HashMap::new();
    for api in apis.values().flatten() {
        let of_api = api.config.params.iter().filter(|(_, param)| param.secret);
        let names: Vec<_> = of_api.map(|(name, _)| name.clone()).collect();
        secrets.insert(api.config.name.as_str().to_owned(), names);
    }
    Hints {
        entities: config.entities.keys().cloned().collect(),
        secrets,
        ..Hints::default()
    }
}

/// `account`: for each connector of the integration its params without secrets. A broken connector may have any.
pub(super) fn account(apis: &Apis<'_>, config: &config::Integration) -> Type {
    Type::object(config.connectors.iter().map(|name| {
        let api = apis.get(name.as_str()).and_then(Option::as_ref);
        (
            name.as_str(),
            api.map_or(Type::Any, |api| api.account.clone()),
        )
    }))
}
