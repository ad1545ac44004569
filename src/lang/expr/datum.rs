//! What a name holds, and how it becomes JSON.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, FixedOffset, TimeZone, Timelike};
use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde_json::{Number, Value};
use thiserror::Error;

use super::error::{Kind, Problem};

/// The members of a mapping of [`Datum`]s, in order.
pub type Members = IndexMap<String, Datum>;

/// A value that a name holds in a [`Scope`](super::Scope). Cheap to clone, shared between threads.
#[derive(Clone, Debug, Default)]
pub enum Datum {
    /// Absent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number; never turned into a float.
    Int(i128),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// An instant, with the offset it is shown in.
    Date(DateTime<FixedOffset>),
    /// A decimal, with the digits it is shown with.
    Decimal(Decimal),
    /// JSON of any shape: a record, a reply.
    Json(Arc<Value>),
    /// A list whose items may be dates and decimals.
    List(Arc<[Datum]>),
    /// A mapping whose members may be dates, decimals and functions.
    Map(Arc<Members>),
    /// Null that says why: `steps.target` is null and `steps.target.refused` is text.
    Absent(Arc<Members>),
    /// Made when first asked for, once.
    Lazy(Lazy),
    /// Something to call, such as `linked`.
    Function(Function),
    /// Drops the key or item it stands for.
    Omit,
    /// The target of a map row that says: write nothing.
    Keep,
}

impl Datum {
    /// A mapping from its members.
    pub fn map<K: Into<String>>(members: impl IntoIterator<Item = (K, Datum)>) -> Self {
        Self::Map(Arc::new(
            members
                .into_iter()
                .map(|(name, datum)| (name.into(), datum))
                .collect(),
        ))
    }

    /// A list from its items.
    pub fn list(items: impl IntoIterator<Item = Datum>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Null whose members say why.
    pub fn absent<K: Into<String>>(members: impl IntoIterator<Item = (K, Datum)>) -> Self {
        let members = members
            .into_iter()
            .map(|(name, datum)| (name.into(), datum))
            .collect();
        Self::Absent(Arc::new(members))
    }

    /// An instant in any zone.
    pub fn date<Z: TimeZone>(at: &DateTime<Z>) -> Self {
        Self::Date(at.fixed_offset())
    }

    /// A value made when an expression first asks for it, at most once.
    pub fn lazy(make: impl Fn() -> Datum + Send + Sync + 'static) -> Self {
        Self::Lazy(Lazy(Arc::new((OnceLock::new(), Box::new(make)))))
    }

    /// Something that expressions can call.
    pub fn function(
        run: impl Fn(&Call) -> Result<Datum, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        Self::Function(Function(Arc::new(run)))
    }

    /// Whether it stands for nothing.
    pub fn is_null(&self) -> bool {
        match self.resolved() {
            Self::Null | Self::Absent(_) => true,
            Self::Json(value) => value.is_null(),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Date(_)
            | Self::Decimal(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Lazy(_)
            | Self::Function(_)
            | Self::Omit
            | Self::Keep => false,
        }
    }

    /// Its text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self.resolved() {
            Self::Text(text) => Some(text),
            Self::Json(value) => value.as_str(),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Date(_)
            | Self::Decimal(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Absent(_)
            | Self::Lazy(_)
            | Self::Function(_)
            | Self::Omit
            | Self::Keep => None,
        }
    }

    /// Itself, with laziness gone.
    pub fn resolved(&self) -> &Datum {
        let mut datum = self;
        while let Self::Lazy(lazy) = datum {
            datum = lazy.get();
        }
        datum
    }

    /// As JSON. Dates become RFC 3339 with the digits they need and `Z` (or their offset);
    /// decimals become numbers where a JSON number holds them exactly, else text; members and
    /// items that are `omit` are dropped.
    ///
    /// # Errors
    /// [`Problem::NotAValue`] for `omit` itself, `keep` and functions, [`Problem::OutOfRange`]
    /// for whole numbers beyond 64 bits and for infinite floats.
    pub fn to_json(&self) -> Result<Value, Problem> {
        Ok(match self {
            Self::Null | Self::Absent(_) => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => int_to_json(*value)?,
            Self::Float(value) => float_to_json(*value)?,
            Self::Text(text) => Value::String(text.as_ref().to_owned()),
            Self::Date(at) => Value::String(date_to_text(at)),
            Self::Decimal(value) => decimal_to_json(*value),
            Self::Json(value) => value.as_ref().clone(),
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .filter(|item| !matches!(item, Self::Omit))
                    .map(Self::to_json)
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(members) => Value::Object(
                members
                    .iter()
                    .filter(|(_, member)| !matches!(member, Self::Omit))
                    .map(|(name, member)| Ok((name.clone(), member.to_json()?)))
                    .collect::<Result<_, Problem>>()?,
            ),
            Self::Lazy(lazy) => lazy.get().to_json()?,
            Self::Function(_) => return Err(Problem::NotAValue(Kind::Function)),
            Self::Omit => return Err(Problem::NotAValue(Kind::Omit)),
            Self::Keep => return Err(Problem::NotAValue(Kind::Keep)),
        })
    }
}

impl From<Value> for Datum {
    fn from(value: Value) -> Self {
        Self::Json(Arc::new(value))
    }
}

impl From<Arc<Value>> for Datum {
    fn from(value: Arc<Value>) -> Self {
        Self::Json(value)
    }
}

impl From<&str> for Datum {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Datum {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Datum {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Datum {
    fn from(value: i64) -> Self {
        Self::Int(value.into())
    }
}

impl From<Decimal> for Datum {
    fn from(value: Decimal) -> Self {
        Self::Decimal(value)
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Datum {
    fn from(at: DateTime<Z>) -> Self {
        Self::date(&at)
    }
}

impl<T: Into<Datum>> From<Option<T>> for Datum {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A value made when first asked for.
#[derive(Clone)]
pub struct Lazy(Arc<(OnceLock<Datum>, Box<dyn Fn() -> Datum + Send + Sync>)>);

impl Lazy {
    pub(crate) fn get(&self) -> &Datum {
        self.0.0.get_or_init(|| (self.0.1)())
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lazy").field(&self.0.0.get()).finish()
    }
}

/// A function that the engine puts into scope.
#[derive(Clone)]
pub struct Function(Arc<dyn Fn(&Call) -> Result<Datum, FunctionError> + Send + Sync>);

impl Function {
    pub(crate) fn call(&self, call: &Call) -> Result<Datum, FunctionError> {
        (self.0)(call)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Function")
    }
}

/// What a [`Function`] is called with.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// Arguments without a name, in order.
    pub positional: Vec<Datum>,
    /// Arguments with a name, in order.
    pub named: Vec<(String, Datum)>,
}

impl Call {
    /// The argument with this name.
    pub fn named(&self, name: &str) -> Option<&Datum> {
        self.named
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, datum)| datum)
    }
}

/// Why a [`Function`] of the engine could not answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FunctionError {
    /// One lower-case sentence without a full stop.
    pub message: String,
}

/// RFC 3339 with as many digits of the second as the instant has, `Z` for UTC.
pub(crate) fn date_to_text(at: &DateTime<FixedOffset>) -> String {
    use std::fmt::Write as _;

    let mut text = at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let nanos = at.nanosecond() % 1_000_000_000;
    if nanos > 0 {
        let digits = format!("{nanos:09}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    let offset = at.offset().local_minus_utc();
    if offset == 0 {
        text.push('Z');
    } else {
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            .expect("writing to a String does not fail");
    }
    text
}

pub(crate) fn int_to_json(value: i128) -> Result<Value, Problem> {
    Number::from_i128(value)
        .map(Value::Number)
        .ok_or(Problem::OutOfRange)
}

pub(crate) fn float_to_json(value: f64) -> Result<Value, Problem> {
    Number::from_f64(value)
        .map(Value::Number)
        .ok_or(Problem::OutOfRange)
}

/// A JSON number where reading it back as the nearest double and writing that in its shortest
/// form gives the same decimal; text otherwise, so that no digit is lost.
pub(crate) fn decimal_to_json(value: Decimal) -> Value {
    let shortest = value.normalize();
    let text = shortest.to_string();
    if shortest.scale() == 0 {
        return match text.parse::<i128>().ok().and_then(Number::from_i128) {
            Some(number) => Value::Number(number),
            None => Value::String(text),
        };
    }
    let exact = text
        .parse::<f64>()
        .ok()
        .filter(|double| double.to_string().parse() == Ok(shortest))
        .and_then(Number::from_f64);
    exact.map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn date(text: &str) -> Datum {
        Datum::from(DateTime::parse_from_rfc3339(text).unwrap())
    }

    fn decimal(text: &str) -> Value {
        decimal_to_json(text.parse().unwrap())
    }

    #[test]
    fn dates_keep_the_digits_they_have() {
        assert_eq!(
            date("2026-04-02T23:40:16.530Z").to_json(),
            Ok(json!("2026-04-02T23:40:16.53Z"))
        );
        assert_eq!(
            date("2026-04-13T14:27:38.9437189Z").to_json(),
            Ok(json!("2026-04-13T14:27:38.9437189Z"))
        );
        assert_eq!(
            date("2026-04-02T00:00:00Z").to_json(),
            Ok(json!("2026-04-02T00:00:00Z"))
        );
        assert_eq!(
            date("2026-04-02T00:00:00-04:30").to_json(),
            Ok(json!("2026-04-02T00:00:00-04:30"))
        );
    }

    #[test]
    fn decimals_become_numbers_only_where_no_digit_is_lost() {
        assert_eq!(decimal("12.50"), json!(12.5));
        assert_eq!(decimal("0.1"), json!(0.1));
        assert_eq!(decimal("850.00"), json!(850));
        assert_eq!(
            decimal("9007199254740993"),
            json!(9_007_199_254_740_993_i64)
        );
        assert_eq!(decimal("-0.07"), json!(-0.07));
        assert_eq!(
            decimal("12345678901234567.89"),
            json!("12345678901234567.89")
        );
        assert_eq!(
            decimal("99999999999999999999"),
            json!("99999999999999999999")
        );
    }

    #[test]
    fn omitted_members_and_items_are_dropped() {
        let datum = Datum::map([
            ("a", Datum::Omit),
            ("b", Datum::list([Datum::Omit, Datum::from(1)])),
        ]);
        assert_eq!(datum.to_json(), Ok(json!({ "b": [1] })));
        assert_eq!(Datum::Keep.to_json(), Err(Problem::NotAValue(Kind::Keep)));
    }

    #[test]
    fn laziness_runs_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let datum = Datum::lazy(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Datum::from(7)
        });
        assert_eq!(datum.to_json(), Ok(json!(7)));
        assert_eq!(datum.clone().to_json(), Ok(json!(7)));
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
