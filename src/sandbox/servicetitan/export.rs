//! Export feeds: rows in the order of their last change, with an opaque token to go on from
//! (reference section 3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::reply::Reply;
use super::table::{Change, Row, Table};
use super::value::{FromText as _, Instant};
use super::world::World;
use crate::sandbox::kit::time::earlier;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportPage<V> {
    has_more: bool,
    continue_from: String,
    data: Vec<V>,
}

/// What a feed has rows for, and until when.
struct Horizon {
    /// Rows changed after this are not given.
    given: Instant,
    /// Rows changed after this are given again by the next call.
    kept: Instant,
}

/// One page of the feed called `name`.
pub(crate) fn feed<'a, R: Row, V: Serialize>(
    world: &World,
    name: &str,
    rows: &'a Table<R>,
    params: &Params<'_>,
    show: impl Fn(&'a R) -> V,
) -> Result<Reply, Refusal> {
    feed_of(world, name, rows, params, |_| true, show)
}

/// One page of a feed of only the rows that `keep` keeps.
pub(crate) fn feed_of<'a, R: Row, V: Serialize>(
    world: &World,
    name: &str,
    rows: &'a Table<R>,
    params: &Params<'_>,
    keep: impl Fn(&R) -> bool,
    show: impl Fn(&'a R) -> V,
) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let recent = params
        .read("includeRecentChanges", &problems)
        .unwrap_or(false);
    problems.settle()?;
    let start = start(name, rows, params.text("from"))?;
    let settled = earlier(world.now, world.switches.recent_changes);
    let newest = world.newest.unwrap_or(world.now);
    let given = if recent { newest } else { newest.min(settled) };
    let page = cut(
        rows,
        start,
        &Horizon {
            given,
            kept: settled,
        },
        world.switches.export_page,
        keep,
    );
    Ok(Reply::json(&ExportPage {
        has_more: page.has_more,
        continue_from: token(name, page.next),
        data: page.rows.into_iter().map(show).collect(),
    }))
}

struct Cut<'a, R> {
    rows: Vec<&'a R>,
    next: Change,
    has_more: bool,
}

fn cut<'a, R: Row>(
    rows: &'a Table<R>,
    start: Change,
    horizon: &Horizon,
    size: usize,
    keep: impl Fn(&R) -> bool,
) -> Cut<'a, R> {
    let mut page = Cut {
        rows: Vec::new(),
        next: start,
        has_more: false,
    };
    let mut last = start;
    let mut kept_from = None;
    for (change, row) in rows.changed_after(start) {
        if row.modified_on() > horizon.given {
            break;
        }
        if page.rows.len() >= size {
            // In the middle of the feed the token must move on, or the reader never would.
            page.has_more = true;
            page.next = last;
            return page;
        }
        if row.modified_on() > horizon.kept && kept_from.is_none() {
            kept_from = Some(last);
        }
        last = change;
        if keep(row) {
            page.rows.push(row);
        }
    }
    page.next = kept_from.unwrap_or(last);
    page
}

fn token(name: &str, change: Change) -> String {
    URL_SAFE_NO_PAD.encode(format!("{name}:{}", change.0))
}

fn start<R: Row>(name: &str, rows: &Table<R>, from: Option<&str>) -> Result<Change, Refusal> {
    let Some(text) = from else {
        return Ok(Change(0));
    };
    if let Some(change) = read_token(name, text) {
        return Ok(change);
    }
    let Some(date) = Instant::from_text(text) else {
        let message = format!("The value '{text}' is neither a token of this feed nor a date.");
        return Err(Refusal::invalid("from", message));
    };
    let mut start = Change(0);
    for (change, row) in rows.changed_after(start) {
        if row.modified_on() >= date {
            break;
        }
        start = change;
    }
    Ok(start)
}

fn read_token(name: &str, text: &str) -> Option<Change> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (feed, change) = text.split_once(':')?;
    (feed == name).then_some(())?;
    change.parse().ok().map(Change)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::table::row;
    use super::super::value::Id;
    use super::*;

    #[derive(Debug)]
    struct Thing {
        id: Id,
        created_on: Instant,
        modified_on: Instant,
    }
    row!(Thing);

    fn at(seconds: u64) -> Instant {
        Instant::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// Rows 1 to 5, row n changed at second n.
    fn things() -> Table<Thing> {
        let mut table = Table::default();
        for n in 1..=5_u8 {
            let (id, on) = (Id(n.into()), at(n.into()));
            table.insert(
                Thing {
                    id,
                    created_on: on,
                    modified_on: on,
                },
                None,
            );
        }
        table
    }

    fn read(from: u64, given: u64, kept: u64, size: usize) -> (Vec<i64>, u64, bool) {
        let table = things();
        let horizon = Horizon {
            given: at(given),
            kept: at(kept),
        };
        let page = cut(&table, Change(from), &horizon, size, |_| true);
        (
            page.rows.iter().map(|row| row.id.0).collect(),
            page.next.0,
            page.has_more,
        )
    }

    #[test]
    fn settled_rows_come_once() {
        assert_eq!(read(0, 9, 9, 2), (vec![1, 2], 2, true));
        assert_eq!(read(2, 9, 9, 2), (vec![3, 4], 4, true));
        assert_eq!(read(4, 9, 9, 2), (vec![5], 5, false));
        assert_eq!(read(5, 9, 9, 2), (vec![], 5, false));
    }

    #[test]
    fn rows_beyond_the_horizon_wait() {
        assert_eq!(read(0, 3, 3, 9), (vec![1, 2, 3], 3, false));
    }

    #[test]
    fn recent_rows_repeat_until_they_are_settled() {
        assert_eq!(read(0, 9, 3, 9), (vec![1, 2, 3, 4, 5], 3, false));
        assert_eq!(read(3, 9, 3, 9), (vec![4, 5], 3, false));
        assert_eq!(read(3, 9, 3, 1), (vec![4], 4, true), "a full page moves on");
        assert_eq!(read(4, 9, 3, 1), (vec![5], 4, false));
    }

    #[test]
    fn a_feed_starts_at_a_date_or_a_token_of_its_own() {
        let table = things();
        let from = |text: &str| start("jobs", &table, Some(text)).map(|change| change.0);
        assert_eq!(from("1970-01-01T00:00:03Z"), Ok(2));
        assert_eq!(from("1970-01-01"), Ok(0));
        assert_eq!(from("2030-01-01"), Ok(5));
        assert_eq!(from(&token("jobs", Change(4))), Ok(4));
        let error = from(&token("bookings", Change(4))).unwrap_err().to_string();
        assert!(
            error.contains("neither a token of this feed nor a date"),
            "{error}"
        );
    }
}
