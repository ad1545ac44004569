//! What several pages say alike: times, states, how everything stands.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::Mutex;

use super::visit::Problem;
use crate::engine::clock::Timestamp;
use crate::engine::store::{Overview, Store as _};
use crate::lang::plan::{Pipeline, Step, Verb, Write};
use crate::server::admin::Admin;

/// How long what was counted over all tenants is shown again: many may look at once.
const KEPT: Duration = Duration::from_secs(2);

/// How everything stood when it was counted last, and when that was.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Option<(Duration, Arc<Overview>)>>);

impl Kept {
    /// Something was ordered: the next page counts anew.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// How everything stands.
pub(super) async fn standing(admin: &Admin) -> Result<Arc<Overview>, Problem> {
    let now = admin.engine.clock().monotonic();
    let mut kept = admin.console.standing.0.lock().await;
    if let Some((at, known)) = &*kept
        && now.saturating_sub(*at) < KEPT
    {
        return Ok(known.clone());
    }
    let read = Arc::new(admin.engine.store().overview().await?);
    *kept = Some((now, read.clone()));
    Ok(read)
}

/// An instant for people and programs, and how long ago it is or how soon.
pub(super) fn when(now: Timestamp, at: Timestamp) -> Json {
    let utc = at.to_chrono();
    let ago = if at <= now {
        format!("{} ago", span(now.since(at)))
    } else {
        format!("in {}", span(at.since(now)))
    };
    json!({
        "iso": at.to_string(),
        "text": utc.format("%Y-%m-%d %H:%M:%S").to_string(),
        "ago": ago,
        "age": span(now.since(at)),
    })
}

/// The same of what may never have been.
pub(super) fn when_known(now: Timestamp, at: Option<Timestamp>) -> Json {
    at.map_or(Json::Null, |at| when(now, at))
}

/// A length of time in its largest unit, or two.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// The connectors that a pipeline writes to, each once, by name.
pub(super) fn targets(pipeline: &Pipeline) -> Vec<String> {
    let mut found = BTreeSet::new();
    writes(&pipeline.steps, &mut |write| {
        found.insert(write.connector.to_string());
    });
    found.into_iter().collect()
}

/// The entities that a pipeline writes, each once, in the order of its steps.
pub(super) fn entities(pipeline: &Pipeline) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    writes(&pipeline.steps, &mut |write| {
        if let Some(entity) = &write.entity
            && !found.contains(entity)
        {
            found.push(entity.clone());
        }
    });
    found
}

fn writes(steps: &[Step], see: &mut dyn FnMut(&Write)) {
    for step in steps {
        match &step.verb {
            Verb::Write(write) => see(write),
            Verb::Do(steps) => writes(steps, see),
            Verb::Call(call) => writes(&call.steps, see),
            Verb::Fetch(_)
            | Verb::Transform(_)
            | Verb::Map(_)
            | Verb::Skip { .. }
            | Verb::Hold { .. }
            | Verb::Fail { .. } => {}
        }
        for catch in &step.catch {
            writes(&catch.steps, see);
        }
    }
}

/// JSON as people read it; other text as it is.
pub(super) fn pretty(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Some(serde_json::to_string_pretty(value).unwrap_or_default())
        }
    }
}

/// A place in the YAML as `file:line`, taken apart for a link.
pub(super) fn place(text: &str) -> Json {
    match text.rsplit_once(':') {
        Some((file, line)) if line.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!({ "text": text, "file": file, "line": line })
        }
        Some(_) | None => json!({ "text": text, "file": null, "line": null }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_unit() {
        let said = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(said(0), "0 s");
        assert_eq!(said(59), "59 s");
        assert_eq!(said(61), "1 min");
        assert_eq!(said(3_600), "1 h");
        assert_eq!(said(5_400), "1 h 30 min");
        assert_eq!(said(90_000), "1 d 1 h");
    }

    #[test]
    fn places_are_taken_apart() {
        assert_eq!(place("a/b.yaml:12")["line"], "12");
        assert_eq!(place("a/b.yaml")["file"], Json::Null);
    }
}
