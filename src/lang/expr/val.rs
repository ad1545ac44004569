//! Values while an expression is evaluated: borrowed from the scope wherever possible.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde_json::{Number, Value};

use super::containers::{Fields, Items};
use super::datum::{
    Datum, Function, Members, date_to_text, decimal_to_json, float_to_json, int_to_json,
};
use super::error::{Kind, Problem};

/// A value that may borrow from the scope and the compiled expression.
#[derive(Clone, Debug)]
pub(crate) enum Val<'v> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(Cow<'v, str>),
    Date(DateTime<FixedOffset>),
    Decimal(Decimal),
    List(Items<'v>),
    Map(Fields<'v>),
    /// Null with members.
    Absent(&'v Members),
    Function(&'v Function),
    Omit,
    Keep,
}

impl From<usize> for Val<'_> {
    fn from(number: usize) -> Self {
        Self::Int(i128::try_from(number).unwrap_or(i128::MAX))
    }
}

impl From<String> for Val<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'v> From<Vec<Val<'v>>> for Val<'v> {
    fn from(items: Vec<Val<'v>>) -> Self {
        Self::List(Items::Own(Rc::new(items)))
    }
}

impl<'v> Val<'v> {
    /// A mapping made by an expression.
    pub(crate) fn map(members: impl IntoIterator<Item = (Cow<'v, str>, Val<'v>)>) -> Self {
        Self::Map(Fields::Own(Rc::new(members.into_iter().collect())))
    }

    #[inline]
    pub(crate) fn json(value: &'v Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::number(number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(items) => Self::List(Items::Json(items)),
            Value::Object(members) => Self::Map(Fields::Json(members)),
        }
    }

    fn number(number: &Number) -> Self {
        match number.as_i128() {
            Some(int) => Self::Int(int),
            None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
        }
    }

    #[inline]
    pub(crate) fn datum(datum: &'v Datum) -> Self {
        match datum {
            Datum::Null => Self::Null,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Float(value) => Self::Float(*value),
            Datum::Text(text) => Self::Text(Cow::Borrowed(text)),
            Datum::Date(at) => Self::Date(*at),
            Datum::Decimal(value) => Self::Decimal(*value),
            Datum::Json(value) => Self::json(value),
            Datum::List(items) => Self::List(Items::Data(items)),
            Datum::Map(members) => Self::Map(Fields::Data(members)),
            Datum::Absent(members) => Self::Absent(members),
            Datum::Lazy(lazy) => Self::datum(lazy.get()),
            Datum::Function(function) => Self::Function(function),
            Datum::Omit => Self::Omit,
            Datum::Keep => Self::Keep,
        }
    }

    /// From a value that nothing else holds, such as what a function returned.
    pub(crate) fn owned(datum: &Datum) -> Self {
        match datum {
            Datum::Null | Datum::Absent(_) | Datum::Function(_) => Self::Null,
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Float(value) => Self::Float(*value),
            Datum::Text(text) => Self::from(text.as_ref().to_owned()),
            Datum::Date(at) => Self::Date(*at),
            Datum::Decimal(value) => Self::Decimal(*value),
            Datum::Json(value) => Self::owned_json(value),
            Datum::List(items) => Self::from(items.iter().map(Self::owned).collect::<Vec<_>>()),
            Datum::Map(members) => Self::map(
                members
                    .iter()
                    .map(|(name, member)| (Cow::Owned(name.clone()), Self::owned(member))),
            ),
            Datum::Lazy(lazy) => Self::owned(lazy.get()),
            Datum::Omit => Self::Omit,
            Datum::Keep => Self::Keep,
        }
    }

    fn owned_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::number(number),
            Value::String(text) => Self::from(text.clone()),
            Value::Array(items) => {
                Self::from(items.iter().map(Self::owned_json).collect::<Vec<_>>())
            }
            Value::Object(members) => Self::map(
                members
                    .iter()
                    .map(|(name, member)| (Cow::Owned(name.clone()), Self::owned_json(member))),
            ),
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Null | Self::Absent(_) => Kind::Null,
            Self::Bool(_) => Kind::Bool,
            Self::Int(_) => Kind::Int,
            Self::Float(_) => Kind::Float,
            Self::Text(_) => Kind::Text,
            Self::Date(_) => Kind::Date,
            Self::Decimal(_) => Kind::Decimal,
            Self::List(_) => Kind::List,
            Self::Map(_) => Kind::Map,
            Self::Function(_) => Kind::Function,
            Self::Omit => Kind::Omit,
            Self::Keep => Kind::Keep,
        }
    }

    #[inline]
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Absent(_))
    }

    /// Null, false, zero and what is empty are false.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Null | Self::Absent(_) => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Decimal(value) => !value.is_zero(),
            Self::List(items) => items.len() > 0,
            Self::Map(members) => members.len() > 0,
            Self::Date(_) | Self::Function(_) | Self::Omit | Self::Keep => true,
        }
    }

    /// The member of a mapping. Null for what has no such member: a chain through null is null,
    /// and names that a schema does not declare are found by `validate`.
    #[inline]
    pub(crate) fn member(&self, name: &str) -> Val<'v> {
        if let Self::Map(members) = self {
            members.get(name).unwrap_or(Self::Null)
        } else if let Self::Absent(members) = self {
            members.get(name).map_or(Self::Null, Self::datum)
        } else {
            Self::Null
        }
    }

    /// `self[key]`: a member by its name, an item by its place (from the end when negative).
    pub(crate) fn item(&self, key: &Val<'_>) -> Val<'v> {
        if let Val::Text(name) = key {
            return self.member(name);
        }
        let (Self::List(items), Val::Int(index)) = (self, key) else {
            return Self::Null;
        };
        let length = i128::try_from(items.len()).unwrap_or(i128::MAX);
        let index = if *index < 0 { index + length } else { *index };
        usize::try_from(index)
            .ok()
            .and_then(|index| items.get(index))
            .unwrap_or(Self::Null)
    }

    /// The items of a list, the keys of a mapping, nothing of null.
    pub(crate) fn items(&self) -> Result<Vec<Val<'v>>, Problem> {
        match self {
            Self::List(Items::Own(items)) => Ok(items.as_ref().clone()),
            Self::List(items) => Ok(items.iter().collect()),
            Self::Map(members) => Ok(members
                .pairs()
                .into_iter()
                .map(|(name, _)| Self::Text(name))
                .collect()),
            Self::Null | Self::Absent(_) => Ok(Vec::new()),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Date(_)
            | Self::Decimal(_)
            | Self::Function(_)
            | Self::Omit
            | Self::Keep => Err(Problem::NotAList(self.kind())),
        }
    }

    /// Appends it to text. Null, lists and mappings have no text.
    pub(crate) fn write(&self, out: &mut String) -> Result<(), Problem> {
        match self {
            Self::Null | Self::Absent(_) => return Err(Problem::NullInText),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => write!(out, "{value}").expect("writing to a String does not fail"),
            Self::Float(value) => out.push_str(&float_to_json(*value)?.to_string()),
            Self::Text(text) => out.push_str(text),
            Self::Date(at) => out.push_str(&date_to_text(at)),
            Self::Decimal(value) => {
                write!(out, "{value}").expect("writing to a String does not fail");
            }
            Self::List(_) | Self::Map(_) | Self::Function(_) | Self::Omit | Self::Keep => {
                return Err(Problem::NotText(self.kind()));
            }
        }
        Ok(())
    }

    /// As text, by the rules of [`Val::write`].
    pub(crate) fn to_text(&self) -> Result<Cow<'v, str>, Problem> {
        if let Self::Text(text) = self {
            return Ok(text.clone());
        }
        let mut out = String::new();
        self.write(&mut out)?;
        Ok(Cow::Owned(out))
    }

    /// As JSON, by the rules of [`Datum::to_json`].
    pub(crate) fn to_json(&self) -> Result<Value, Problem> {
        Ok(match self {
            Self::Null | Self::Absent(_) => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => int_to_json(*value)?,
            Self::Float(value) => float_to_json(*value)?,
            Self::Text(text) => Value::String(text.as_ref().to_owned()),
            Self::Date(at) => Value::String(date_to_text(at)),
            Self::Decimal(value) => decimal_to_json(*value),
            Self::List(Items::Json(items)) => Value::Array(items.to_vec()),
            Self::Map(Fields::Json(members)) => Value::Object((*members).clone()),
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .filter(|item| !matches!(item, Self::Omit))
                    .map(|item| item.to_json())
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(members) => Value::Object(
                members
                    .pairs()
                    .into_iter()
                    .filter(|(_, member)| !matches!(member, Self::Omit))
                    .map(|(name, member)| Ok((name.into_owned(), member.to_json()?)))
                    .collect::<Result<_, Problem>>()?,
            ),
            Self::Function(_) | Self::Omit | Self::Keep => {
                return Err(Problem::NotAValue(self.kind()));
            }
        })
    }

    /// As a value that outlives the evaluation. Members and items that are `omit` are dropped.
    pub(crate) fn to_datum(&self) -> Datum {
        match self {
            Self::Null => Datum::Null,
            Self::Bool(value) => Datum::Bool(*value),
            Self::Int(value) => Datum::Int(*value),
            Self::Float(value) => Datum::Float(*value),
            Self::Text(text) => Datum::from(text.as_ref()),
            Self::Date(at) => Datum::Date(*at),
            Self::Decimal(value) => Datum::Decimal(*value),
            Self::List(Items::Json(items)) => Datum::from(Value::Array(items.to_vec())),
            Self::Map(Fields::Json(members)) => Datum::from(Value::Object((*members).clone())),
            Self::List(items) => Datum::list(
                items
                    .iter()
                    .filter(|item| !matches!(item, Self::Omit))
                    .map(|item| item.to_datum()),
            ),
            Self::Map(members) => Datum::map(
                members
                    .pairs()
                    .into_iter()
                    .filter(|(_, member)| !matches!(member, Self::Omit))
                    .map(|(name, member)| (name.into_owned(), member.to_datum())),
            ),
            Self::Absent(members) => Datum::Absent(Arc::new((*members).clone())),
            Self::Function(function) => Datum::Function((*function).clone()),
            Self::Omit => Datum::Omit,
            Self::Keep => Datum::Keep,
        }
    }
}
