//! A cursor value: what the source wrote, and where that stands in its order (S36).

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::engine::clock::Timestamp;

/// A cursor value, verbatim and in order. Instants are compared in ticks of 100 ns, numbers as exact decimals;
/// what is sent back is the text the source gave.
#[derive(Clone, Debug)]
pub struct CursorValue {
    text: Arc<str>,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Number(Decimal),
    Instant(Timestamp),
}

impl CursorValue {
    /// Reads an instant (RFC 3339; without an offset it is UTC), a date or a number. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let order = match text.parse::<Decimal>() {
            Ok(number) if !text.starts_with('+') => Order::Number(number),
            Ok(_) | Err(_) => Order::Instant(instant(text)?),
        };
        Some(Self {
            text: text.into(),
            order,
        })
    }

    /// Reads a member of a row: text or a number.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The text the source gave, to be kept and sent back.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instant it stands for; none for numbers.
    pub fn instant(&self) -> Option<Timestamp> {
        match self.order {
            Order::Instant(at) => Some(at),
            Order::Number(_) => None,
        }
    }

    /// This value less `duration`, written like this value and never later than exact. A number has no
    /// duration: it stays.
    #[must_use]
    pub fn minus(&self, duration: Duration) -> Self {
        match self.order {
            Order::Instant(at) if !duration.is_zero() => self.like(at.minus(duration)),
            Order::Instant(_) | Order::Number(_) => self.clone(),
        }
    }

    /// This value floored to what the source can compare. A number stays.
    #[must_use]
    pub fn floored(&self, precision: Option<Duration>) -> Self {
        let (Some(precision), Order::Instant(at)) = (precision, self.order) else {
            return self.clone();
        };
        let step = i64::try_from(precision.as_nanos() / 100)
            .unwrap_or(i64::MAX)
            .max(1);
        let floor = Timestamp::from_ticks(at.ticks() - at.ticks().rem_euclid(step));
        let shape = Shape::of(&self.text);
        let shape = Shape {
            digits: shape.digits.min(digits_of(step)),
            ..shape
        };
        shape.value(floor)
    }

    /// The greatest value below this one that can be written like it: a strict comparison with it holds for
    /// every row at this value.
    #[must_use]
    pub fn just_below(&self) -> Self {
        match self.order {
            Order::Instant(at) => {
                let unit = Shape::of(&self.text).unit();
                self.like(Timestamp::from_ticks(at.ticks().saturating_sub(unit)))
            }
            Order::Number(number) => {
                let unit = Decimal::new(1, number.scale());
                number
                    .checked_sub(unit)
                    .and_then(|below| Self::parse(&below.to_string()))
                    .unwrap_or_else(|| self.clone())
            }
        }
    }

    /// Whether this value lies below `bound` by more than a source may round.
    pub(super) fn clearly_below(&self, bound: &Self) -> bool {
        const ROUNDING: Duration = Duration::from_secs(1);
        match (self.order, bound.order) {
            (Order::Instant(own), Order::Instant(bound)) => bound.since(own) > ROUNDING,
            (Order::Number(own), Order::Number(bound)) => own < bound,
            (Order::Instant(_), Order::Number(_)) | (Order::Number(_), Order::Instant(_)) => false,
        }
    }

    /// Whether both are instants or both are numbers.
    pub(super) fn comparable(&self, other: &Self) -> bool {
        matches!(
            (self.order, other.order),
            (Order::Instant(_), Order::Instant(_)) | (Order::Number(_), Order::Number(_))
        )
    }

    fn like(&self, at: Timestamp) -> Self {
        Shape::of(&self.text).value(at)
    }
}

impl From<Timestamp> for CursorValue {
    fn from(at: Timestamp) -> Self {
        Self {
            text: at.to_string().into(),
            order: Order::Instant(at),
        }
    }
}

impl fmt::Display for CursorValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for CursorValue {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for CursorValue {}

impl PartialOrd for CursorValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CursorValue {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.cmp(&other.order)
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp::from_chrono(at.to_utc()));
    }
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|_| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .map(|date| date.and_time(chrono::NaiveTime::MIN))
        })
        .ok()?;
    Some(Timestamp::from_chrono(local.and_utc()))
}

/// How a source writes its instants.
#[derive(Clone, Debug)]
struct Shape {
    date_only: bool,
    digits: u32,
    /// `Z`, an offset, or nothing.
    suffix: String,
}

impl Shape {
    /// Where the fraction of an instant begins: after `YYYY-MM-DDTHH:MM:SS`.
    const SECONDS_END: usize = 19;

    fn of(text: &str) -> Self {
        let Some(rest) = text.get(Self::SECONDS_END..) else {
            return Self {
                date_only: true,
                digits: 0,
                suffix: String::new(),
            };
        };
        let fraction = rest.strip_prefix('.').unwrap_or("");
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let suffix = if digits == 0 {
            rest
        } else {
            fraction.get(digits..).unwrap_or("")
        };
        Self {
            date_only: false,
            digits: u32::try_from(digits).unwrap_or(7).min(7),
            suffix: suffix.to_owned(),
        }
    }

    /// Ticks of its last digit.
    fn unit(&self) -> i64 {
        if self.date_only {
            86_400 * 10_000_000
        } else {
            10_i64.pow(7 - self.digits)
        }
    }

    fn offset_ticks(&self) -> i64 {
        let minutes = |text: &str| -> Option<i64> {
            let (hours, minutes) = text.split_once(':')?;
            Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
        };
        let minutes = match self.suffix.split_at_checked(1) {
            Some(("+", rest)) => minutes(rest),
            Some(("-", rest)) => minutes(rest).map(|minutes| -minutes),
            Some(_) | None => None,
        };
        minutes.unwrap_or(0) * 60 * 10_000_000
    }

    /// `at`, floored to what this shape can write.
    fn value(&self, at: Timestamp) -> CursorValue {
        let offset = self.offset_ticks();
        let local = at.ticks().saturating_add(offset);
        let floored = local - local.rem_euclid(self.unit());
        let shown = Timestamp::from_ticks(floored).to_chrono();
        let text = if self.date_only {
            shown.format("%Y-%m-%d").to_string()
        } else {
            let mut text = shown.format("%Y-%m-%dT%H:%M:%S").to_string();
            if self.digits > 0 {
                let ticks = format!("{:07}", floored.rem_euclid(10_000_000));
                text.push('.');
                text.extend(ticks.chars().take(self.digits as usize));
            }
            text.push_str(&self.suffix);
            text
        };
        CursorValue {
            text: text.into(),
            order: Order::Instant(Timestamp::from_ticks(floored.saturating_sub(offset))),
        }
    }
}

/// Digits of the second that a step of so many ticks needs.
fn digits_of(step: i64) -> u32 {
    (0..7)
        .find(|digits| step % 10_i64.pow(7 - digits) == 0)
        .unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> CursorValue {
        CursorValue::parse(text).unwrap()
    }

    #[test]
    fn values_stay_verbatim_and_order_by_ticks() {
        let utc = value("2026-04-13T14:27:38.9437189Z");
        let eastern = value("2026-04-13T10:27:38.9437190-04:00");
        assert_eq!(utc.as_str(), "2026-04-13T14:27:38.9437189Z");
        assert!(utc < eastern);
        assert!(value("9") < value("10"));
        assert!(value("9007199254740993") > value("9007199254740992"));
        assert!(value("2026-04-13") < value("2026-04-13T00:00:00.1"));
        assert!(CursorValue::parse("soon").is_none());
        assert!(CursorValue::from_json(&Value::Bool(true)).is_none());
    }

    #[test]
    fn a_computed_value_is_written_like_its_model() {
        let minus = |text: &str| {
            value(text)
                .minus(Duration::from_secs(300))
                .as_str()
                .to_owned()
        };
        assert_eq!(
            minus("2026-04-13T14:27:38.9437189Z"),
            "2026-04-13T14:22:38.9437189Z"
        );
        assert_eq!(
            minus("2026-04-13T00:02:38.530-04:00"),
            "2026-04-12T23:57:38.530-04:00"
        );
        assert_eq!(minus("2026-04-13T14:27:38"), "2026-04-13T14:22:38");
        assert_eq!(minus("2026-04-13"), "2026-04-12");
        assert_eq!(minus("4711"), "4711");
    }

    #[test]
    fn a_floor_drops_digits_that_cannot_be_compared() {
        let floor = |text: &str, millis| {
            value(text)
                .floored(Some(Duration::from_millis(millis)))
                .as_str()
                .to_owned()
        };
        assert_eq!(
            floor("2026-04-13T14:27:38.9437189Z", 1000),
            "2026-04-13T14:27:38Z"
        );
        assert_eq!(
            floor("2026-04-13T14:27:38.9437189Z", 1),
            "2026-04-13T14:27:38.943Z"
        );
        assert_eq!(
            floor("2026-04-13T14:27:38.9437189Z", 60_000),
            "2026-04-13T14:27:00Z"
        );
        assert_eq!(floor("4711", 1000), "4711");
    }

    #[test]
    fn just_below_moves_the_last_digit() {
        assert_eq!(
            value("2026-04-13T00:00:00Z").just_below().as_str(),
            "2026-04-12T23:59:59Z"
        );
        assert_eq!(
            value("2026-04-13T14:27:38.9437189Z").just_below().as_str(),
            "2026-04-13T14:27:38.9437188Z"
        );
        assert_eq!(value("10").just_below().as_str(), "9");
        assert_eq!(value("1.50").just_below().as_str(), "1.49");
    }
}
