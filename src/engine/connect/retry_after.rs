//! `Retry-After`: seconds or a date (RFC 9110, 10.2.3).

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use crate::engine::clock::Timestamp;

/// Nobody is waited for longer than this at once.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// How long the server asks to wait, at most an hour. A date is measured against the server's own clock where the
/// reply tells it, so that a clock that is off does no harm.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() => {
            Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST)
        }
        Ok(_) => return None,
        Err(_) => http_date(text)?.since(date(headers).unwrap_or(now)),
    };
    Some(wait.min(LONGEST))
}

/// The server's clock when it answered.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text).ok()?;
    Some(Timestamp::from_chrono(DateTime::<Utc>::from(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after_text: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, retry_after_text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers, Timestamp::parse("2026-04-13T14:00:00Z").unwrap())
    }

    #[test]
    fn seconds_and_dates_are_read_and_capped() {
        assert_eq!(wait("12", None), Some(Duration::from_secs(12)));
        assert_eq!(wait("0.5", None), Some(Duration::from_millis(500)));
        assert_eq!(wait("-3", None), Some(Duration::ZERO));
        assert_eq!(wait("86400", None), Some(LONGEST));
        assert_eq!(wait("1e300", None), Some(LONGEST));
        assert_eq!(
            wait("Mon, 13 Apr 2026 14:00:30 GMT", None),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            wait(
                "Mon, 13 Apr 2026 14:00:30 GMT",
                Some("Mon, 13 Apr 2026 14:00:20 GMT")
            ),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            wait("Mon, 13 Apr 2026 13:00:00 GMT", None),
            Some(Duration::ZERO)
        );
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("NaN", None), None);
    }
}
