//! What is logged to stderr: text for people, or one JSON object per line for programs.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field as Given, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

use crate::engine::telemetry::names::Field;

/// The crate whose lines have documented fields.
const OURS: &str = "syncline";

/// One JSON object per line. Fields of the spans around an event stand beside its own; what the list of fields does
/// not name, as libraries log it, stands under `more`.
#[derive(Clone, Copy, Debug)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let meta = event.metadata();
        let mut line = Line::default();
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        line.put(Field::Time.name(), Value::from(time));
        let level = meta.level().as_str().to_ascii_lowercase();
        line.put(Field::Level.name(), Value::from(level));
        if !is_ours(meta.target()) {
            line.put(Field::Target.name(), Value::from(meta.target()));
        }
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<FormattedFields<JsonFields>>() else {
                continue;
            };
            // Of a span that recorded a field twice it is the last that counts.
            let fields: Map<String, Value> = serde_json::from_str(fields).unwrap_or_default();
            for (name, value) in fields {
                line.put(&name, value);
            }
        }
        event.record(&mut line);
        if !line.more.is_empty() {
            let more = std::mem::take(&mut line.more);
            line.put(Field::More.name(), Value::Object(more));
        }
        let text = serde_json::to_string(&line.in_order()).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

fn is_ours(target: &str) -> bool {
    target
        .strip_prefix(OURS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A line while it is put together.
#[derive(Default)]
struct Line {
    known: Map<String, Value>,
    more: Map<String, Value>,
}

impl Line {
    fn put(&mut self, name: &str, value: Value) {
        let is_known = Field::ALL.iter().any(|field| field.name() == name);
        let of = if is_known {
            &mut self.known
        } else {
            &mut self.more
        };
        of.insert(name.to_owned(), value);
    }

    /// The known fields, in the order of their list.
    fn in_order(mut self) -> Map<String, Value> {
        let names = Field::ALL.iter().map(|field| field.name());
        let given = names.filter_map(|name| self.known.remove_entry(name));
        given.collect()
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Given, value: &dyn fmt::Debug) {
        self.put(field.name(), Value::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Given, value: &str) {
        self.put(field.name(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Given, value: i64) {
        self.put(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Given, value: u64) {
        self.put(field.name(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Given, value: f64) {
        self.put(field.name(), Value::from(value));
    }

    fn record_bool(&mut self, field: &Given, value: bool) {
        self.put(field.name(), Value::from(value));
    }
}
