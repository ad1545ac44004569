//! Small values of the wire: ids, instants, GUIDs and closed lists of words, and how each is read
//! from a JSON member ([`FromField`]) and from a query parameter ([`FromText`]).

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, Value};
use uuid::Uuid;

/// The id of a row: an int64 that is unique over all tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(pub i64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An instant, always UTC on the wire.
pub(crate) type Instant = DateTime<Utc>;

/// A value that a JSON member can hold. No conversions: a number in quotes is not a number.
pub(crate) trait FromField: Sized {
    /// What a message calls this type.
    const WANTED: &'static str;
    /// The value, or nothing when the member has another type.
    fn from_field(value: &Value) -> Option<Self>;
}

/// A value that a query parameter can hold.
pub(crate) trait FromText: Sized {
    /// What a message calls this type.
    const WANTED: &'static str;
    /// The value, or nothing when the text does not read as one.
    fn from_text(text: &str) -> Option<Self>;
}

impl FromField for String {
    const WANTED: &'static str = "a string";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromField for bool {
    const WANTED: &'static str = "a boolean";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromField for Id {
    const WANTED: &'static str = "an int64";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_i64().map(Id)
    }
}

impl FromField for Number {
    const WANTED: &'static str = "a number";
    fn from_field(value: &Value) -> Option<Self> {
        if let Value::Number(number) = value {
            Some(number.clone())
        } else {
            None
        }
    }
}

impl FromField for Decimal {
    const WANTED: &'static str = "a number";
    fn from_field(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else {
            return None;
        };
        Self::from_text(&number.to_string())
    }
}

impl FromText for Decimal {
    const WANTED: &'static str = "a number";
    fn from_text(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .or_else(|| Self::from_scientific(text).ok())
    }
}

impl FromField for Instant {
    const WANTED: &'static str = "a date-time";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_str().and_then(Instant::from_text)
    }
}

impl FromField for Uuid {
    const WANTED: &'static str = "a GUID";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_str().and_then(Uuid::from_text)
    }
}

impl<T: FromField> FromField for Vec<T> {
    const WANTED: &'static str = "an array";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_field).collect()
    }
}

impl FromText for Id {
    const WANTED: &'static str = "an int64";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Id)
    }
}

impl FromText for i32 {
    const WANTED: &'static str = "an int32";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for f64 {
    const WANTED: &'static str = "a number";
    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl FromText for bool {
    const WANTED: &'static str = "a boolean";
    fn from_text(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

impl FromText for Uuid {
    const WANTED: &'static str = "a GUID";
    fn from_text(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok()
    }
}

/// An instant with an offset, or a plain date or date-time, which is meant in UTC.
impl FromText for Instant {
    const WANTED: &'static str = "a date-time";
    fn from_text(text: &str) -> Option<Self> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Some(at.to_utc());
        }
        if let Ok(at) = text.parse::<NaiveDateTime>() {
            return Some(at.and_utc());
        }
        let day = text.parse::<NaiveDate>().ok()?;
        day.and_hms_opt(0, 0, 0).map(|at| at.and_utc())
    }
}

/// A comma separated list; spaces around its parts do not count.
impl<T: FromText> FromText for Vec<T> {
    const WANTED: &'static str = "a comma separated list";
    fn from_text(text: &str) -> Option<Self> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(T::from_text)
            .collect()
    }
}

/// A closed list of words. Both directions use the words of the reference; reading ignores case.
pub(crate) trait Word: Copy + 'static {
    /// Every word with its value.
    const WORDS: &'static [(&'static str, Self)];
    /// The word.
    fn word(self) -> &'static str;
}

/// Makes an enum whose variants are words of the wire.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum $name { $($variant),+ }

        impl $crate::sandbox::servicetitan::value::Word for $name {
            const WORDS: &'static [(&'static str, Self)] =
                &[$((stringify!($variant), Self::$variant)),+];
            fn word(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),+ }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                $crate::sandbox::servicetitan::value::write_word(*self, to)
            }
        }
    };
}
pub(crate) use words;

/// Serializes a word as its text.
pub(crate) fn write_word<W: Word, S: Serializer>(word: W, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(word.word())
}

impl<W: Word> FromText for W {
    const WANTED: &'static str = "one of the listed values";
    fn from_text(text: &str) -> Option<Self> {
        W::WORDS
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text))
            .map(|(_, value)| *value)
    }
}

impl<W: Word> FromField for W {
    const WANTED: &'static str = "one of the listed values";
    fn from_field(value: &Value) -> Option<Self> {
        value.as_str().and_then(W::from_text)
    }
}

words! {
    /// Priority of jobs and bookings.
    Priority { Low, Normal, High, Urgent }
}

words! {
    /// Kind of customer.
    CustomerType { Residential, Commercial }
}

words! {
    /// Filter of lists over active and inactive rows.
    Active { True, Any, False }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_date_without_time_is_midnight_utc() {
        let day = Instant::from_text("2020-01-01").unwrap();
        assert_eq!(day.to_rfc3339(), "2020-01-01T00:00:00+00:00");
        assert_eq!(Instant::from_text("2020-01-01T02:00:00+02:00"), Some(day));
        assert_eq!(Instant::from_text("2020-01-01T00:00:00"), Some(day));
        assert_eq!(Instant::from_text("yesterday"), None);
    }

    #[test]
    fn json_types_are_not_converted() {
        assert_eq!(Id::from_field(&json!("12")), None);
        assert_eq!(Id::from_field(&json!(12)), Some(Id(12)));
        assert_eq!(String::from_field(&json!(12)), None);
        assert_eq!(bool::from_field(&json!("true")), None);
        assert_eq!(Vec::<Id>::from_field(&json!([1, "2"])), None);
    }

    #[test]
    fn words_read_in_any_case_and_write_as_listed() {
        assert_eq!(Priority::from_text("hIGH"), Some(Priority::High));
        assert_eq!(serde_json::to_string(&Priority::High).unwrap(), "\"High\"");
        assert_eq!(Priority::from_text("Urgentest"), None);
    }

    #[test]
    fn lists_are_split_at_commas() {
        assert_eq!(
            Vec::<Id>::from_text("1, 2,3"),
            Some(vec![Id(1), Id(2), Id(3)])
        );
        assert_eq!(Vec::<Id>::from_text("1,x"), None);
    }
}
