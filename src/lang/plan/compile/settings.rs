//! What an integration offers to choose: its types, and that what it says of itself is right.

use indexmap::IndexMap;

use super::field;
use super::maps;
use super::paths;
use super::realm::{Realm, record_of};
use super::request::{self, Target};
use super::scope::Scope;
use super::site::Site;
use super::values::Unknown;
use crate::lang::config::{self, Choice, Field, FieldType, Integration};
use crate::lang::diag::Code;
use crate::lang::expr::{ScopeTypes, Type};

/// The type of `settings`.
pub(super) fn types(config: &Integration) -> Type {
    Type::object(
        config
            .settings
            .iter()
            .map(|(name, group)| (name.as_str(), of_group(group))),
    )
}

fn of_group(group: &config::Group) -> Type {
    Type::object(
        group
            .fields
            .iter()
            .map(|(name, field)| (name.as_str(), of_field(field))),
    )
}

fn of_field(field: &Field) -> Type {
    match (field.type_, &field.items) {
        (FieldType::List, Some(items)) => Type::list(of_item(items)),
        (FieldType::List, None) => Type::Any,
        (FieldType::Choice, _) if field.values.is_none() => Type::Any,
        (other, _) => of_type(other),
    }
}

fn of_item(items: &config::Items) -> Type {
    if items.type_ == FieldType::Choice {
        let members = ["name", "title", "path", "show"];
        return Type::object(members.map(|name| (name, Type::Text)));
    }
    of_type(items.type_)
}

fn of_type(ty: FieldType) -> Type {
    match ty {
        FieldType::Boolean => Type::Bool,
        FieldType::Integer => Type::Int,
        FieldType::Decimal => Type::Decimal,
        FieldType::Text | FieldType::Duration | FieldType::Choice => Type::Text,
        FieldType::Date => Type::Date,
        FieldType::List | FieldType::Map => Type::Any,
    }
}

/// The names that `required_when` sees: the settings of its group.
pub(super) fn group_scope(group: &config::Group) -> Scope {
    let names = group.fields.iter();
    let types = names.fold(ScopeTypes::new(), |types, (name, field)| {
        types.with(name, of_field(field))
    });
    Scope {
        types,
        ..Scope::default()
    }
    .elsewhere(
        "settings",
        "in pipelines; here the settings of the same group are named alone",
    )
}

/// Checks every setting that the integration declares.
pub(super) fn check(realm: &Realm<'_, '_>) {
    let root = realm.site.key("settings");
    for (name, group) in &realm.config.settings {
        let site = root.key(name.as_str());
        identifier(&site, name);
        let scope = group_scope(group);
        for (name, field) in &group.fields {
            let site = site.key("fields").key(name.as_str());
            identifier(&site, name);
            check_parts(realm, &site, field);
            if let Some(condition) = &field.required_when {
                realm
                    .cx
                    .values
                    .condition(&site.key("required_when"), condition, &scope);
            }
            if let Some(default) = &field.default {
                field::default(&site.key("default"), name, field, &default.0);
            }
        }
    }
}

fn identifier(site: &Site<'_>, name: &str) {
    if !super::words::is_identifier(name) {
        site.fault_key(
            Code::BadName,
            format!("`{name}` is not a name that expressions can use"),
        )
        .label("a small letter, then small letters, digits or `_`")
        .report();
    }
}

/// Each type has parts of its own.
fn check_parts(realm: &Realm<'_, '_>, site: &Site<'_>, field: &Field) {
    let has_values = field.values.is_some() || field.from.is_some();
    match field.type_ {
        FieldType::Choice if !has_values => needs(site, "a `choice`", "`values` or `from`"),
        FieldType::List if field.items.is_none() => needs(site, "a `list`", "`items`"),
        FieldType::Map if field.map.is_none() => needs(site, "a setting of type `map`", "`map`"),
        FieldType::Boolean
        | FieldType::Integer
        | FieldType::Decimal
        | FieldType::Text
        | FieldType::Date
        | FieldType::Duration
        | FieldType::Choice
        | FieldType::List
        | FieldType::Map => {}
    }
    let misplaced = [
        (
            "values",
            field.values.is_some() && field.type_ != FieldType::Choice,
            "a `choice`",
        ),
        (
            "items",
            field.items.is_some() && field.type_ != FieldType::List,
            "a `list`",
        ),
        (
            "map",
            field.map.is_some() && field.type_ != FieldType::Map,
            "a setting of type `map`",
        ),
    ];
    for (key, _, owner) in misplaced.into_iter().filter(|(_, wrong, _)| *wrong) {
        site.key(key)
            .fault_key(Code::UnknownKey, format!("`{key}` is a key of {owner}"))
            .label("says nothing here")
            .also(site.key("type").span(), "the type of this setting")
            .report();
    }
    if let Some(name) = field
        .map
        .as_ref()
        .filter(|name| !realm.maps.contains_key(name.as_str()))
    {
        maps::unknown(&site.key("map"), name.as_str(), realm.maps.keys().copied());
    }
    let record = field
        .record
        .as_ref()
        .map(|name| self::record(realm, &site.key("record"), name));
    let record = record.unwrap_or_default();
    if let Some(values) = &field.values {
        choices(&site.key("values"), values, &record);
    }
    if let Some(values) = field.items.as_ref().and_then(|items| items.values.as_ref()) {
        choices(&site.key("items").key("values"), values, &record);
    }
    if let Some(from) = &field.from {
        offered(realm, &site.key("from"), from);
    }
}

fn needs(site: &Site<'_>, what: &str, parts: &str) {
    site.key("type")
        .fault(Code::MissingKey, format!("{what} without {parts}"))
        .label(format!("needs {parts}"))
        .report();
}

/// `connector.record`.
fn record(realm: &Realm<'_, '_>, site: &Site<'_>, name: &str) -> Type {
    let Some((connector, record)) = name.split_once('.') else {
        site.fault(Code::BadValue, format!("`{name}` does not name a record"))
            .label("must be `connector.record`")
            .report();
        return Type::Any;
    };
    match super::context::connector(realm.apis, site, connector) {
        Some(api) => record_of(site, api, record),
        None => Type::Any,
    }
}

fn choices(site: &Site<'_>, values: &IndexMap<String, Choice>, record: &Type) {
    for (name, choice) in values {
        if let Some(path) = &choice.path {
            paths::single(&site.key(name.as_str()).key("path"), path, record);
        }
    }
}

/// The request that offers values sees the account alone: it is asked before anything is chosen.
fn offered(realm: &Realm<'_, '_>, site: &Site<'_>, from: &config::ChoicesFrom) {
    let api = realm.api(&site.key("connector"), from.connector.as_str());
    let target = Target {
        connector: from.connector.as_str(),
        roots: api.map(|api| &api.config.roots),
    };
    request::compile(
        realm.cx,
        site,
        target,
        &from.request(),
        &realm.base.rooted(Type::Any),
    );
    paths::listed(&site.key("records"), &from.records, &Type::Any);
    paths::single(&site.key("value"), &from.value, &Type::Any);
    paths::single(&site.key("label"), &from.label, &Type::Any);
    super::fetch::list_paging(realm, site, from.paging.as_ref(), &from.connector);
}

/// A setting that a tenant or an override names and that is not there.
pub(super) fn unknown<'k>(
    site: &Site<'_>,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'k str>,
) {
    Unknown {
        code: Code::SettingUnknownKey,
        what,
        of: None,
        several: &format!("{what}s here"),
    }
    .at_key(site, name, known);
}
