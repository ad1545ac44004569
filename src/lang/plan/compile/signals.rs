//! Signals: further feeds of a pipeline, compiled as sources of their own.

use std::sync::Arc;

use indexmap::IndexMap;

use super::fetch::{self, Feed};
use super::realm::Realm;
use super::site::Site;
use super::values::all;
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::plan::{Paging, Pipeline, Trigger};

/// Compiles the signals of a pipeline. They run on its trigger.
pub(super) fn compile<'p>(
    realm: &Realm<'_, 'p>,
    site: &Site<'p>,
    config: &'p config::Pipeline,
    trigger: Option<&Trigger>,
) -> Option<Vec<Arc<Pipeline>>> {
    if !config.signals.is_empty() && config.fetch.one.is_none() {
        site.key("signals")
            .fault_key(
                Code::SignalWithoutOne,
                "what a signal names cannot be read again",
            )
            .label("the pipeline's `fetch` has no `one`")
            .help("say under `fetch` how to read one record: `one: { get: \"/…/{{ key }}\" }`")
            .report();
    }
    all(config.signals.iter().map(|(name, written)| {
        let place = site.key("signals").key(name.as_str());
        if !super::words::is_identifier(name) {
            place
                .fault_key(
                    Code::BadName,
                    format!("`{name}` is not a name for a signal"),
                )
                .label("a small letter, then small letters, digits or `_`")
                .report();
        }
        let feed = Feed::from(written);
        let compiled = fetch::compile(realm, &place, feed);
        let fetch = compiled.plan?;
        check_moves(&place, written, fetch.paging.as_ref());
        Some(Arc::new(Pipeline {
            name: format!("{}/{name}", config.name.as_str()).into(),
            trigger: trigger.cloned(),
            fetch,
            signals: Vec::new(),
            names: Some(config.name.as_str().into()),
            links: IndexMap::new(),
            overrides_for: None,
            steps: Vec::new(),
        }))
    }))
}

/// A feed that is read from its beginning by every run would make every record it names be read again by every run.
fn check_moves(site: &Site<'_>, written: &config::Signal, paging: Option<&Paging>) {
    let keeps = matches!(paging, Some(Paging::Token { keep: true, .. }));
    if written.cursor.is_none() && !keeps {
        site.fault_key(
            Code::SignalWithoutCursor,
            "every run would read again whatever this signal ever named",
        )
        .label("has no `cursor`, and no paging that keeps its token")
        .help("say with `cursor` which member rises, or name a style of paging with `keep: true`")
        .report();
    }
}
