//! Words with units, made into what they mean. Their form was checked with the schema.

use std::time::Duration;

use super::site::Site;
use crate::lang::config::text::DurationText;
use crate::lang::diag::Code;

/// The duration that a text such as `2m` means; none for a number too large to be meant.
pub(super) fn duration(site: &Site<'_>, text: &DurationText) -> Option<Duration> {
    let found = read(text.as_str());
    if found.is_none() {
        site.fault(
            Code::BadDuration,
            format!("`{}` is not a duration", text.as_str()),
        )
        .label("must be a number and `ms`, `s`, `m`, `h` or `d`")
        .help("for example `500ms`, `2m`, `1h`")
        .report();
    }
    found
}

/// Reads a duration; none when the text is none.
pub(super) fn read(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        assert_eq!(read("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(read("2m"), Some(Duration::from_secs(120)));
        assert_eq!(read("1d"), Some(Duration::from_secs(86400)));
        for wrong in [
            "",
            "m",
            "2",
            "2 m",
            "-2m",
            "2w",
            "99999999999999999999s",
            "9999999999999999999d",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
