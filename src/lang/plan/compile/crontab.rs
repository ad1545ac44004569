//! Crontab lines of five fields and their zones. When a line fires is worked out by [`Crontab`]; here it is only
//! made sure that it can be read, and that it fires at all.

use std::sync::Arc;

use super::site::Site;
use crate::lang::diag::{Code, suggest};
use crate::lang::plan::Crontab;

/// A crontab line as it is written.
pub(super) fn line(site: &Site<'_>, written: &str) -> Option<Arc<str>> {
    let fields: Vec<&str> = written.split_whitespace().collect();
    if fields.len() != 5 {
        site.fault(Code::BadCron, format!("`{written}` is not a crontab line"))
            .label(format!("has {} fields, not 5", fields.len()))
            .help("minute, hour, day of the month, month, day of the week: `*/15 8-18 * * 1-5`")
            .report();
        return None;
    }
    for (field, range) in fields.iter().zip(RANGES) {
        if !fits(field, *range) {
            let (name, low, high) = range;
            site.fault(Code::BadCron, format!("`{field}` is not {name}"))
                .label(format!("{name} is from {low} to {high}"))
                .help("a field is `*`, a number, a range `1-5`, a step `*/15`, or a list of them")
                .report();
            return None;
        }
    }
    let Some(crontab) = Crontab::parse(written, chrono_tz::UTC) else {
        site.fault(Code::BadCron, format!("`{written}` is not a crontab line"))
            .label("cannot be read")
            .help("a field is `*`, a number, a range `1-5`, a step `*/15`, or a list of them")
            .report();
        return None;
    };
    if crontab.next(chrono::DateTime::UNIX_EPOCH).is_none() {
        site.fault(Code::BadCron, format!("`{written}` never fires"))
            .label("there is no such day")
            .report();
        return None;
    }
    Some(written.into())
}

type Range = (&'static str, u32, u32);

const RANGES: &[Range] = &[
    ("a minute", 0, 59),
    ("an hour", 0, 23),
    ("a day of the month", 1, 31),
    ("a month", 1, 12),
    ("a day of the week", 0, 7),
];

const WORDS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "sun",
    "mon", "tue", "wed", "thu", "fri", "sat",
];

fn fits(field: &str, range: Range) -> bool {
    field.split(',').all(|part| {
        let (span, step) = part
            .split_once('/')
            .map_or((part, None), |(span, step)| (span, Some(step)));
        let step_fits = step.is_none_or(|step| {
            step.parse::<u32>()
                .is_ok_and(|step| (1..=range.2).contains(&step))
        });
        step_fits && span_fits(span, range)
    })
}

fn span_fits(span: &str, range: Range) -> bool {
    if span == "*" {
        return true;
    }
    let number = |text: &str| {
        let found = text
            .parse::<u32>()
            .ok()
            .filter(|n| (range.1..=range.2).contains(n));
        found.or_else(|| WORDS.contains(&text.to_lowercase().as_str()).then_some(0))
    };
    match span.split_once('-') {
        Some((low, high)) => match (number(low), number(high)) {
            (Some(low), Some(high)) => low <= high || high == 0,
            _ => false,
        },
        None => number(span).is_some(),
    }
}

/// An IANA time zone.
pub(super) fn zone(site: &Site<'_>, written: &str) -> Option<chrono_tz::Tz> {
    let found = written.parse::<chrono_tz::Tz>();
    if found.is_err() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let near = suggest::nearest(written, names);
        let help = near.map(|near| format!("did you mean `{near}`?"));
        site.fault(
            Code::UnknownZone,
            format!("there is no time zone `{written}`"),
        )
        .label("must be a name of the IANA list")
        .help(help.unwrap_or_else(|| "for example `America/New_York`".into()))
        .report();
    }
    found.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_hold_numbers_ranges_steps_and_lists() {
        let minute = RANGES[0];
        for good in ["*", "0", "59", "*/15", "1,2,30-45/5"] {
            assert!(fits(good, minute), "{good}");
        }
        for bad in ["60", "-1", "", "5-1", "*/0", "a", "1,,2"] {
            assert!(!fits(bad, minute), "{bad}");
        }
        assert!(fits("mon-fri", RANGES[4]));
    }
}
