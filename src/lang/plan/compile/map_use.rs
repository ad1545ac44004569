//! `map` steps: a value through a map of the integration.

use std::sync::Arc;

use super::maps;
use super::scope::Scope;
use super::site::Site;
use super::steps::Walk;
use super::values::{Unknown, all, optional};
use crate::lang::config::{self, FieldType, text};
use crate::lang::diag::{Code, suggest};
use crate::lang::plan::MapUse;

impl<'p> Walk<'_, 'p> {
    /// Compiles the use of a map.
    pub(super) fn map_use(
        &self,
        site: &Site<'p>,
        written: &'p config::MapUse,
        scope: &Scope,
    ) -> Option<MapUse> {
        let realm = self.realm;
        let values = &realm.cx.values;
        let value = values.value(&site.key("value"), &written.value.0, scope);
        let with = all(written.with.iter().map(|(name, value)| {
            let (form, _) = values.value(&site.key("with").key(name.as_str()), &value.0, scope)?;
            Some((Arc::from(name.as_str()), form))
        }));
        let among = optional(written.among.as_ref(), |among| {
            values
                .value(&site.key("among"), &among.0, scope)
                .map(|(form, _)| form)
        });
        let setting = optional(written.table.as_ref(), |path| {
            self.table(&site.key("table"), path, written)
        });
        let name = written.use_.as_str();
        let Some(mapping) = realm.maps.get(name) else {
            maps::unknown(&site.key("use"), name, realm.maps.keys().copied());
            return None;
        };
        let mapping = mapping.as_ref()?;
        mapping.check_use(site, written);
        Some(MapUse {
            map: name.into(),
            table: mapping.table.clone()?,
            setting: setting?,
            value: value?.0,
            with: with?,
            among: among?,
            none: written.none.as_ref().map(|none| none.0.clone()),
        })
    }

    /// `settings.<group>.<field>` of type `map`.
    fn table(&self, site: &Site<'_>, path: &str, written: &config::MapUse) -> Option<Arc<str>> {
        let settings = &self.realm.config.settings;
        let mut parts = path
            .strip_prefix("settings.")
            .unwrap_or(path)
            .splitn(2, '.');
        let (group, field) = (parts.next()?, parts.next().unwrap_or_default());
        let found = settings
            .get(group)
            .and_then(|group| group.fields.get(field));
        let tables = || {
            let groups = settings.iter().flat_map(|(group, fields)| {
                fields
                    .fields
                    .iter()
                    .map(move |(name, field)| (group, name, field))
            });
            let maps = groups.filter(|(.., field)| field.type_ == FieldType::Map);
            maps.map(|(group, name, _)| format!("settings.{group}.{name}"))
                .collect::<Vec<_>>()
        };
        let known = tables();
        match found {
            Some(field) if field.type_ != FieldType::Map => {
                site.fault(
                    Code::UnknownSetting,
                    format!("`{path}` is not a setting of type `map`"),
                )
                .label("holds no rows")
                .help_opt(suggest::help(
                    path,
                    "settings of type `map`",
                    known.iter().map(String::as_str),
                ))
                .report();
                None
            }
            Some(field) => {
                if field.map.as_ref().is_some_and(|map| *map != written.use_) {
                    let other = field
                        .map
                        .as_ref()
                        .map(text::Name::as_str)
                        .unwrap_or_default();
                    site.fault(
                        Code::UnknownSetting,
                        format!("`{path}` holds rows of another map"),
                    )
                    .label(format!("its rows are for the map `{other}`"))
                    .report();
                }
                Some(
                    format!(
                        "{group}.{field_name}",
                        field_name = path.rsplit('.').next()?
                    )
                    .into(),
                )
            }
            None => {
                Unknown {
                    code: Code::UnknownSetting,
                    what: "setting",
                    of: None,
                    several: "settings of type `map`",
                }
                .at(site, path, known.iter().map(String::as_str));
                None
            }
        }
    }
}
