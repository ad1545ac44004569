//! The value of one setting: checked against its type, and made into what expressions see.

use std::str::FromStr as _;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime};
use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::durations;
use super::site::{Draft, Site};
use crate::lang::config::{Choice, Field, FieldType};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::Datum;

/// Who gives a value: the integration as its default, or a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Default,
    Tenant,
}

/// Checks a default.
pub(super) fn default(site: &Site<'_>, name: &str, field: &Field, value: &Json) {
    Reader {
        field,
        name,
        by: By::Default,
    }
    .read(site, value);
}

/// Checks what a tenant or an override says.
pub(super) fn chosen(site: &Site<'_>, name: &str, field: &Field, value: &Json) {
    Reader {
        field,
        name,
        by: By::Tenant,
    }
    .read(site, value);
}

struct Reader<'f> {
    field: &'f Field,
    name: &'f str,
    by: By,
}

impl Reader<'_> {
    fn read(&self, site: &Site<'_>, value: &Json) {
        // Null says that nobody chose.
        if value.is_null() {
            return;
        }
        match self.field.type_ {
            FieldType::Choice => self.choice(site, self.field.values.as_ref(), value),
            FieldType::List => self.list(site, value),
            // Rows are checked with their map.
            FieldType::Map if value.is_object() => {}
            FieldType::Boolean
            | FieldType::Integer
            | FieldType::Decimal
            | FieldType::Text
            | FieldType::Date
            | FieldType::Duration
            | FieldType::Map => self.scalar(site, self.field.type_, value),
        }
    }

    fn list(&self, site: &Site<'_>, value: &Json) {
        if self.field.all && value.as_str() == Some("all") {
            return;
        }
        let Some(items) = value.as_array() else {
            let also = if self.field.all { ", or `all`" } else { "" };
            self.wrong(site, &format!("a list{also}")).report();
            return;
        };
        let Some(of) = &self.field.items else { return };
        let mut seen: Vec<&Json> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = site.index(index);
            if of.type_ == FieldType::Choice {
                self.choice(&place, of.values.as_ref(), item);
                if let Some(first) = seen.iter().position(|known| *known == item) {
                    place
                        .fault(Code::SettingBadChoice, "chosen twice")
                        .label("stands here already")
                        .also(site.index(first).span(), "the first one")
                        .report();
                }
            } else {
                self.scalar(&place, of.type_, item);
            }
            seen.push(item);
        }
    }

    fn choice(&self, site: &Site<'_>, values: Option<&IndexMap<String, Choice>>, value: &Json) {
        let Some(values) = values else { return };
        let text = super::words::text_of(value);
        if text.as_ref().is_some_and(|text| values.contains_key(text)) {
            return;
        }
        let Some(text) = text else {
            self.wrong(site, "one of its values").report();
            return;
        };
        let names = || values.keys().map(String::as_str);
        let code = match self.by {
            By::Default => Code::DefaultWrongType,
            By::Tenant => Code::SettingBadChoice,
        };
        let draft = site
            .fault(code, format!("`{text}` is not a choice of `{}`", self.name))
            .label("is not offered")
            .help_opt(suggest::help(&text, "choices", names()));
        match suggest::nearest(&text, names()) {
            Some(near) => draft.instead(near).report(),
            None => draft.report(),
        }
    }

    fn scalar(&self, site: &Site<'_>, ty: FieldType, value: &Json) {
        let (fits, what) = match ty {
            FieldType::Boolean => (value.is_boolean(), "`true` or `false`"),
            FieldType::Integer => (value.is_i64() || value.is_u64(), "a whole number"),
            FieldType::Decimal => (decimal(value).is_some(), "a decimal number"),
            FieldType::Text => (value.is_string(), "text"),
            FieldType::Date => (
                date(value).is_some(),
                "a date such as `2026-04-01`, or an instant",
            ),
            FieldType::Duration => (
                value.as_str().and_then(durations::read).is_some(),
                "a duration such as `15m`",
            ),
            FieldType::Choice => (value.is_string(), "one of its values"),
            FieldType::List => (value.is_array(), "a list"),
            FieldType::Map => (value.is_object(), "rows: a mapping from value to target"),
        };
        if fits {
            return;
        }
        let draft = if ty == FieldType::Date && value.is_string() {
            site.fault(Code::BadDate, format!("`{}` is not {what}", self.name))
                .label("is no date")
        } else {
            self.wrong(site, what)
        };
        match (ty, value) {
            (FieldType::Boolean, Json::String(text)) => {
                let meant = match text.to_lowercase().as_str() {
                    "yes" | "on" | "true" => "true",
                    "no" | "off" | "false" => "false",
                    _ => return draft.report(),
                };
                draft
                    .help(format!("YAML 1.2 reads `{text}` as text; write `{meant}`"))
                    .instead(meant)
            }
            (FieldType::Text, Json::Number(number)) => {
                draft.help(format!("put it in quotes to make it text: `\"{number}\"`"))
            }
            _ => draft,
        }
        .report();
    }

    fn wrong<'p>(&self, site: &Site<'p>, what: &str) -> Draft<'p> {
        let (code, subject) = match self.by {
            By::Default => (Code::DefaultWrongType, "the default of "),
            By::Tenant => (Code::SettingWrongType, ""),
        };
        site.fault(code, format!("{subject}`{}` is not {what}", self.name))
            .label(format!("must be {what}"))
    }
}

/// A sound value as expressions see it; null for what nobody chose.
pub(super) fn datum(field: &Field, value: Option<&Json>) -> Datum {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Datum::Null;
    };
    match (field.type_, &field.items) {
        (FieldType::List, Some(items)) => match (&items.values, items.type_) {
            (Some(values), FieldType::Choice) => chosen_of(values, value),
            _ => Datum::list(
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|item| of(items.type_, item)),
            ),
        },
        (FieldType::Map, _) => Datum::Null,
        (ty, _) => of(ty, value),
    }
}

fn of(ty: FieldType, value: &Json) -> Datum {
    match ty {
        FieldType::Decimal => decimal(value).map(Datum::Decimal).unwrap_or_default(),
        FieldType::Date => date(value).map(Datum::Date).unwrap_or_default(),
        FieldType::Choice => super::words::text_of(value)
            .map(Datum::from)
            .unwrap_or_default(),
        FieldType::Boolean
        | FieldType::Integer
        | FieldType::Text
        | FieldType::Duration
        | FieldType::List
        | FieldType::Map => Datum::from(value.clone()),
    }
}

/// A list of choices, each with what it stands for; `all` is every one in the order of the integration.
fn chosen_of(values: &IndexMap<String, Choice>, value: &Json) -> Datum {
    let one = |name: &str| {
        let choice = values.get(name)?;
        let text = |text: Option<&str>| text.map_or(Datum::Null, Datum::from);
        Some(Datum::map([
            ("name", Datum::from(name)),
            ("title", Datum::from(choice.title.as_str())),
            (
                "path",
                text(
                    choice
                        .path
                        .as_ref()
                        .map(crate::lang::config::text::PathText::as_str),
                ),
            ),
            ("show", text(choice.show.as_deref())),
        ]))
    };
    match value.as_array() {
        Some(items) => Datum::list(items.iter().filter_map(|item| one(item.as_str()?))),
        None => Datum::list(values.keys().filter_map(|name| one(name))),
    }
}

fn decimal(value: &Json) -> Option<Decimal> {
    match value {
        Json::Number(number) => Decimal::from_str(&number.to_string()).ok(),
        Json::String(text) => Decimal::from_str(text).ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A date is the first instant of the day in UTC.
fn date(value: &Json) -> Option<DateTime<FixedOffset>> {
    let text = value.as_str()?;
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant);
    }
    let day: NaiveDate = text.parse().ok()?;
    Some(day.and_time(NaiveTime::MIN).and_utc().fixed_offset())
}
