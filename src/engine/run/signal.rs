//! Signals: feeds whose rows only name records to read again.

use std::collections::HashSet;

use tracing::debug;

use super::tenant::TenantRun;
use crate::engine::record::{PipelineName, RecordKey};
use crate::engine::store::{self, Hint, Item, Store as _};
use crate::lang::plan::Pipeline;

/// What of a page enters the inbox: its rows; of a signal's page none, for they only mark what they name (T1h). And
/// how many it marked.
///
/// The marks are stored before the page is taken and the position moves. A crash between the two reads the page
/// again and marks again, which costs a re-read that finds nothing new (S11).
pub(super) async fn handed_on(
    tenant: &TenantRun,
    source: &Pipeline,
    items: Vec<Item>,
) -> store::Result<(Vec<Item>, u64)> {
    let Some(pipeline) = source.names.as_ref().and_then(|name| tenant.pipeline(name)) else {
        return Ok((items, 0));
    };
    let rows = items.len();
    let mut named: HashSet<RecordKey> = HashSet::new();
    // A row without a key names no record; one without a cursor value still names one.
    let keys: Vec<_> = items
        .into_iter()
        .filter(|item| item.bad.as_ref().is_none_or(|bad| bad.cause != NO_KEY))
        .filter(|item| named.insert(item.key.clone()))
        .map(|item| (item.key, None))
        .collect();
    if keys.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let hinted = tenant
        .store
        .hint(Hint {
            fence: tenant.fence(),
            identity: tenant.identity(&pipeline.fetch.request.connector).clone(),
            pipeline: PipelineName::from(&*pipeline.name),
            keys,
            at: tenant.clock.now(),
        })
        .await?;
    debug!(signal = %source.name, rows, marked = hinted.marked, "A signal named records to read again.");
    Ok((Vec::new(), hinted.marked))
}

/// The cause of death of a row without a key.
pub(super) const NO_KEY: &str = "no-key";
