//! Writes JSON straight into the reply: only what is asked for, without a tree in between.

use std::collections::BTreeSet;
use std::io::Write as _;

use chrono::{DateTime, Datelike as _, FixedOffset, Offset as _, Timelike as _, Utc};
use serde::Serialize;

use super::settings::NullMembers;

/// The members a client selected.
pub(super) type Members = BTreeSet<String>;

/// An object that is being written.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
    only: Option<&'a Members>,
    nulls: NullMembers,
}

impl<'a> Object<'a> {
    /// Writes one object; with `only`, no other members are written.
    pub(super) fn write(
        out: &'a mut Vec<u8>,
        only: Option<&'a Members>,
        nulls: NullMembers,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        out.push(b'{');
        let mut object = Object {
            out,
            empty: true,
            only,
            nulls,
        };
        fill(&mut object);
        object.out.push(b'}');
    }

    /// A member of any kind; none is `null` or no member at all.
    pub(super) fn value(&mut self, name: &str, value: Option<impl Serialize>) {
        if let Some(value) = value {
            if self.begin(name) {
                serde_json::to_writer(&mut *self.out, &value).expect("a plain value is JSON");
            }
        } else {
            self.null(name);
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.value(name, Some(value));
    }

    /// A text that may be missing.
    pub(super) fn maybe(&mut self, name: &str, value: Option<&str>) {
        self.value(name, value);
    }

    /// A whole number.
    pub(super) fn int(&mut self, name: &str, value: i64) {
        self.value(name, Some(value));
    }

    /// `name` as UTC, and its twin `name_DTO` with the offset of `zone`.
    pub(super) fn time(&mut self, name: &str, value: Option<DateTime<Utc>>, zone: Zone) {
        let twin = format!("{name}_DTO");
        let Some(at) = value else {
            self.null(name);
            self.null(&twin);
            return;
        };
        if self.begin(name) {
            write_time(self.out, at.fixed_offset(), "Z");
        }
        if self.begin(&twin) {
            let there = zone.at(at);
            write_time(self.out, there, &there.offset().to_string());
        }
    }

    /// `name` as one instant in UTC.
    pub(super) fn utc(&mut self, name: &str, at: DateTime<Utc>) {
        if self.begin(name) {
            write_time(self.out, at.fixed_offset(), "Z");
        }
    }

    /// `name` as one instant in UTC that may be missing.
    pub(super) fn maybe_utc(&mut self, name: &str, at: Option<DateTime<Utc>>) {
        match at {
            Some(at) => self.utc(name, at),
            None => self.null(name),
        }
    }

    /// An object inside, with all its members.
    pub(super) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.object_of(name, None, fill);
    }

    /// An object inside, of which a client selected members.
    pub(super) fn object_of(
        &mut self,
        name: &str,
        only: Option<&Members>,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        if self.begin(name) {
            Object::write(self.out, only, self.nulls, fill);
        }
    }

    /// A list of objects.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        fill: impl Fn(&mut Object<'_>, T),
    ) {
        if self.begin(name) {
            write_list(self.out, items, self.nulls, None, fill);
        }
    }

    fn null(&mut self, name: &str) {
        match self.nulls {
            NullMembers::Omitted => {}
            NullMembers::Written => {
                if self.begin(name) {
                    self.out.extend_from_slice(b"null");
                }
            }
        }
    }

    /// Writes the name; false when the client did not select it.
    fn begin(&mut self, name: &str) -> bool {
        if self.only.is_some_and(|only| !only.contains(name)) {
            return false;
        }
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        true
    }
}

/// Writes a list of objects.
pub(super) fn write_list<T>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = T>,
    nulls: NullMembers,
    only: Option<&Members>,
    fill: impl Fn(&mut Object<'_>, T),
) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        Object::write(out, only, nulls, |object| fill(object, item));
    }
    out.push(b']');
}

/// Whose wall clock the twin of a date shows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Zone {
    /// Stamps the system makes.
    Eastern,
    /// Dates people set.
    Utc,
}

impl Zone {
    /// An instant as this zone's wall clock shows it.
    pub(super) fn written(self, at: DateTime<Utc>) -> String {
        let mut out = Vec::new();
        let there = self.at(at);
        write_time(&mut out, there, &there.offset().to_string());
        String::from_utf8_lossy(&out).trim_matches('"').to_owned()
    }

    fn at(self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self {
            Self::Utc => at.fixed_offset(),
            Self::Eastern => {
                let there = at.with_timezone(&chrono_tz::America::New_York);
                let offset = there.offset().fix();
                at.with_timezone(&offset)
            }
        }
    }
}

/// Up to seven digits of a second, without zeros at the end.
fn write_time(out: &mut Vec<u8>, at: DateTime<FixedOffset>, suffix: &str) {
    let mut write = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text)
            .expect("a vector takes all that is written");
    };
    let (year, month, day) = (at.year(), at.month(), at.day());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    write(format_args!(
        "\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    ));
    let mut ticks = at.nanosecond() / 100;
    if ticks > 0 {
        let mut digits = 7;
        while ticks.is_multiple_of(10) {
            ticks /= 10;
            digits -= 1;
        }
        write(format_args!(".{ticks:0digits$}"));
    }
    write(format_args!("{suffix}\""));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(at: &str, zone: Zone) -> String {
        let mut out = Vec::new();
        let at = at.parse().unwrap();
        Object::write(&mut out, None, NullMembers::Omitted, |object| {
            object.time("At", Some(at), zone);
        });
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_have_up_to_seven_digits_and_a_twin() {
        assert_eq!(
            written("2026-04-13T14:27:38.9437189Z", Zone::Eastern),
            r#"{"At":"2026-04-13T14:27:38.9437189Z","At_DTO":"2026-04-13T10:27:38.9437189-04:00"}"#
        );
        assert_eq!(
            written("2026-01-02T03:04:05.0530000Z", Zone::Eastern),
            r#"{"At":"2026-01-02T03:04:05.053Z","At_DTO":"2026-01-01T22:04:05.053-05:00"}"#
        );
        assert_eq!(
            written("2026-04-09T12:00:00Z", Zone::Utc),
            r#"{"At":"2026-04-09T12:00:00Z","At_DTO":"2026-04-09T12:00:00+00:00"}"#
        );
    }

    #[test]
    fn what_is_not_selected_or_has_no_value_is_not_written() {
        let members = Members::from(["Id".to_owned(), "Nte".to_owned()]);
        let write = |nulls| {
            let mut out = Vec::new();
            Object::write(&mut out, Some(&members), nulls, |object| {
                object.int("Id", 7);
                object.text("Trade", "HVAC");
                object.value("Nte", None::<f64>);
            });
            String::from_utf8(out).unwrap()
        };
        assert_eq!(write(NullMembers::Omitted), r#"{"Id":7}"#);
        assert_eq!(write(NullMembers::Written), r#"{"Id":7,"Nte":null}"#);
    }
}
