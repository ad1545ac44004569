//! How late polls are, as the simulators saw them come.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use syncline::sandbox::fleet::Customer;
use syncline::sandbox::kit::audit::Entry;

/// Between two polls of one source.
pub(crate) const EVERY: Duration = Duration::from_secs(120);
/// Requests of one source closer together than this are one poll: its pages, or tries of a page.
const ONE_POLL: Duration = Duration::from_secs(60);

/// The polls of every source of every customer since an instant.
#[derive(Debug, Default)]
pub(crate) struct Polls {
    /// How many.
    pub(crate) count: usize,
    /// By how much each came later than it should, in seconds, sorted.
    pub(crate) late: Vec<f64>,
    /// Sources that were never read.
    pub(crate) missing: usize,
}

/// What the simulators saw.
pub(crate) fn seen(customers: &[Customer], sources: usize, since: DateTime<Utc>) -> Polls {
    let mut seen = Polls::default();
    for customer in customers {
        let mut times: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
        let kits = [customer.servicechannel.kit(), customer.servicetitan.kit()];
        for entry in kits.into_iter().flat_map(|kit| kit.audit.log(usize::MAX)) {
            if entry.at >= since
                && let Some(source) = polled(&entry)
            {
                times.entry(source).or_default().push(entry.at);
            }
        }
        seen.missing += sources.saturating_sub(times.len());
        for mut times in times.into_values() {
            times.sort();
            let mut before: Option<DateTime<Utc>> = None;
            for at in times {
                let gap = before.map(|before| (at - before).to_std().unwrap_or_default());
                match gap {
                    Some(gap) if gap < ONE_POLL => continue,
                    Some(gap) => seen.late.push(gap.as_secs_f64() - EVERY.as_secs_f64()),
                    None => {}
                }
                seen.count += 1;
                before = Some(at);
            }
        }
    }
    seen.late.sort_by(f64::total_cmp);
    seen
}

/// Which source a request polls, if it is a poll: lists of work orders by their date, and feeds of changes.
fn polled(entry: &Entry) -> Option<String> {
    let (path, query) = entry.path.split_once('?').unwrap_or((&entry.path, ""));
    let is_list = path.ends_with("/odata/workorders") && query.contains("UpdatedDate");
    let feed = path.split_once("/export/").map(|(_, feed)| feed);
    if entry.method != "GET" {
        return None;
    }
    if is_list {
        return Some("work orders".to_owned());
    }
    // Two pipelines read the feed of appointments, so its gaps tell nothing.
    feed.filter(|feed| *feed != "appointments")
        .map(str::to_owned)
}
