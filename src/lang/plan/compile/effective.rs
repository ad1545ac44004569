//! The settings that hold: an override's, else the tenant's, else the default, key by key.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::realm::Realm;
use super::site::Site;
use super::{field, settings};
use crate::lang::config::{self, Field, FieldType, text::Literal};
use crate::lang::diag::Code;
use crate::lang::expr::{Condition, Datum, ExprEnv, Scope};
use crate::lang::plan::{Row, Settings, Table};

/// What a tenant or an override says, by group.
pub(super) type Chosen = IndexMap<String, IndexMap<String, Literal>>;

/// One who chooses: a tenant, or a subject of it.
pub(super) struct Chooser<'c, 'p> {
    /// Where its settings stand.
    pub(super) site: Site<'p>,
    pub(super) chosen: &'c Chosen,
}

/// Checks what one chooses: that it exists, has the right type, and may be changed.
pub(super) fn check(realm: &Realm<'_, '_>, chooser: &Chooser<'_, '_>) {
    for (group_name, chosen) in chooser.chosen {
        let site = chooser.site.key(group_name.as_str());
        let Some(group) = realm.config.settings.get(group_name) else {
            let groups = realm.config.settings.keys().map(String::as_str);
            settings::unknown(&site, "group of setting", group_name, groups);
            continue;
        };
        for (name, value) in chosen {
            let place = site.key(name.as_str());
            let Some(field) = group.fields.get(name) else {
                settings::unknown(
                    &place,
                    "setting",
                    name,
                    group.fields.keys().map(String::as_str),
                );
                continue;
            };
            if let Some(reason) = &field.locked {
                place
                    .fault_key(Code::SettingLocked, format!("`{name}` cannot be changed"))
                    .label(reason.clone())
                    .help("leave it away")
                    .report();
                continue;
            }
            field::chosen(&place, name, field, &value.0);
        }
    }
}

/// The settings that hold for the innermost of `choosers`, the tenant being first.
pub(super) fn settings(realm: &Realm<'_, '_>, choosers: &[Chooser<'_, '_>]) -> Option<Settings> {
    let mut groups = Vec::new();
    let mut tables = HashMap::new();
    let mut sound = true;
    for (group_name, group) in &realm.config.settings {
        let value = |name: &str, field: &Field| {
            field::datum(field, effective(choosers, group_name, name, field))
        };
        let members: Vec<(&str, Datum)> = group
            .fields
            .iter()
            .map(|(name, field)| (name.as_str(), value(name, field)))
            .collect();
        check_required(realm, choosers, group_name, group, &members);
        for (name, field) in group
            .fields
            .iter()
            .filter(|(_, field)| field.type_ == FieldType::Map)
        {
            match table(realm, choosers, group_name, name, field) {
                Some(table) => {
                    tables.insert(Arc::from(format!("{group_name}.{name}")), table);
                }
                None => sound = false,
            }
        }
        groups.push((group_name.as_str(), Datum::map(members)));
    }
    sound.then(|| Settings {
        values: Datum::map(groups),
        tables,
    })
}

fn said<'c>(chooser: &'c Chooser<'_, '_>, group: &str, name: &str) -> Option<&'c Json> {
    chooser
        .chosen
        .get(group)?
        .get(name)
        .map(|literal| &literal.0)
}

fn effective<'c>(
    choosers: &'c [Chooser<'_, '_>],
    group: &str,
    name: &str,
    field: &'c Field,
) -> Option<&'c Json> {
    let chosen = choosers
        .iter()
        .rev()
        .find_map(|chooser| said(chooser, group, name));
    let open = chosen.filter(|_| field.locked.is_none());
    open.or_else(|| field.default.as_ref().map(|default| &default.0))
}

/// A setting that another one makes necessary must be there.
fn check_required(
    realm: &Realm<'_, '_>,
    choosers: &[Chooser<'_, '_>],
    group_name: &str,
    group: &config::Group,
    members: &[(&str, Datum)],
) {
    let missing = group.fields.iter().filter(|(name, field)| {
        let given = members
            .iter()
            .any(|(known, datum)| known == name && !datum.is_null());
        field.required_when.is_some() && !given
    });
    for (name, field) in missing {
        let Some(condition) = field
            .required_when
            .as_ref()
            .and_then(|when| Condition::compile(&ExprEnv::default(), when.as_str()).ok())
        else {
            continue;
        };
        let scope = members.iter().fold(Scope::new(), |scope, (name, datum)| {
            scope.with(*name, datum.clone())
        });
        if condition.holds(&scope) != Ok(true) {
            continue;
        }
        let Some(innermost) = choosers.last() else {
            continue;
        };
        // Only who gives the condition its value is told; an override that says nothing of it inherits the mistake.
        let uses = condition.uses();
        let giver = uses
            .paths
            .iter()
            .filter_map(|used| used.path.first())
            .find_map(|name| {
                said(innermost, group_name, name)
                    .map(|_| innermost.site.key(group_name).key(name.as_str()))
            });
        let draft = match giver {
            Some(place) => place.fault(
                Code::SettingMissingRequired,
                format!("`{group_name}.{name}` is needed and is not set"),
            ),
            None if choosers.len() > 1 => continue,
            None => innermost.site.fault_key(
                Code::SettingMissingRequired,
                format!("`{group_name}.{name}` is needed and is not set"),
            ),
        };
        let title = field
            .title
            .as_deref()
            .map(|title| format!(" ({title})"))
            .unwrap_or_default();
        let declared = realm
            .site
            .key("settings")
            .key(group_name)
            .key("fields")
            .key(name.as_str());
        draft
            .label(format!("makes `{name}` necessary"))
            .also(declared.key("required_when").span(), "says so")
            .help(format!("set `{name}`{title} under `{group_name}`"))
            .report();
    }
}

/// The map's rows with those of every chooser put over them, the innermost last.
fn table(
    realm: &Realm<'_, '_>,
    choosers: &[Chooser<'_, '_>],
    group: &str,
    name: &str,
    field: &Field,
) -> Option<Arc<Table>> {
    let mapping = realm.maps.get(field.map.as_ref()?.as_str())?.as_ref()?;
    let mut rows: IndexMap<Arc<str>, Row> = IndexMap::new();
    for chooser in choosers {
        let Some(Json::Object(written)) = said(chooser, group, name) else {
            continue;
        };
        let site = chooser.site.key(group).key(name);
        rows.extend(mapping.rows(realm.cx, &site, written)?);
    }
    mapping.with_rows(rows)
}
