//! `kind: pipeline`: one flow of records.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::with_request;
use super::step::Steps;
use super::text::{DurationText, Name, PathText, Value};

/// One flow of records: where they come from, which links they are an end of, and what happens to each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// What this document is: `pipeline`.
    #[schemars(example = &"pipeline")]
    pub kind: super::schema::PipelineKind,
    /// Its name inside the integration.
    #[schemars(example = &"work-orders")]
    pub name: Name,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"A new work order becomes a job.")]
    pub description: Option<String>,
    /// When it runs. Only by hand when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Trigger", example = serde_json::json!({ "every": "2m" }))]
    pub trigger: Option<Trigger>,
    /// Where records come from.
    #[schemars(example = serde_json::json!({ "connector": "helpdesk", "get": "/odata/workorders", "records": "$.value[*]", "record": "work_order", "key": "$.Id" }))]
    pub fetch: Fetch,
    /// Further feeds whose rows only name a record to read again, by a name that their position is kept under.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "visits": { "connector": "dispatch", "get": "jpm:/export/visits", "records": "$.data[*]", "key": "$.jobId", "paging": "feed", "from": "{{ activation.at }}" } }))]
    pub signals: IndexMap<String, Signal>,
    /// Which end of which entity a record is: `key` for the source end, `id` for the made end.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "job": { "key": "$.Id" } }))]
    pub links: IndexMap<String, LinkEnd>,
    /// Whose settings apply: the subject's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Subscriber.Id")]
    pub overrides_for: Option<Value>,
    /// What happens to each record, in order.
    #[schemars(example = serde_json::json!([{ "skip": { "reason": "nothing to do yet" } }]))]
    pub steps: Steps,
}

/// When a pipeline runs: `every`, or `cron`; and `webhook`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Time between the starts of two runs, counted from the first one at start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"2m")]
    pub every: Option<DurationText>,
    /// A crontab line of five fields. A time that the clock skips runs right after the gap, one that comes twice runs
    /// once; lines with a `*` or a step in minute or hour count on through both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"*/15 8-18 * * 1-5")]
    pub cron: Option<String>,
    /// The IANA zone of `cron`. UTC by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"America/New_York")]
    pub zone: Option<String>,
    /// Deliveries that name a record to read again, as `connector.webhook`; `fetch.one` reads it. What is not delivered
    /// is found by `every` or `cron`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!(["helpdesk.work_order"]))]
    pub webhook: Vec<String>,
    /// What happens to a time that comes while a run is going on. `coalesce` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IfRunning", example = &"coalesce")]
    pub if_running: Option<IfRunning>,
    /// What happens to times of `cron` that passed while nothing ran: the process was down, the tenant off or paused,
    /// the machine asleep. `one` by default. `every` reads at start whatever it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Missed", example = &"one")]
    pub missed: Option<Missed>,
}

/// What happens to a time that comes while a run is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfRunning {
    /// One more run follows it at once, however many times came.
    #[default]
    Coalesce,
    /// Nothing: the next time is waited for.
    Skip,
}

/// What happens to times of `cron` that passed while nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// One run at start, however many times passed.
    #[default]
    One,
    /// Nothing: the next time is waited for.
    Skip,
}

with_request! {
    /// Where records come from: a request whose reply holds them, page by page.
    pub struct Fetch {
        /// The connector that is asked.
        #[schemars(example = &"helpdesk")]
        pub connector: Name,
        /// Where the reply holds the records.
        #[schemars(example = &"$.value[*]")]
        pub records: PathText,
        /// The connector's record schema for one of them.
        #[schemars(example = &"work_order")]
        pub record: String,
        /// The record's key. Numbers and text compare as text: 1 is "1".
        #[schemars(example = &"$.Id")]
        pub key: Value,
        /// What orders versions of a record; the cursor's path by default (S9).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Value", example = &"$.UpdatedDate")]
        pub version: Option<Value>,
        /// The connector's style of paging.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"odata")]
        pub paging: Option<String>,
        /// What moves forward from run to run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Cursor", example = serde_json::json!({ "path": "$.UpdatedDate", "tie": "$.Id", "start": "{{ activation.at }}", "overlap": "5m" }))]
        pub cursor: Option<Cursor>,
        /// The first token of a token feed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Value", example = &"{{ activation.at | date('%Y-%m-%d') }}")]
        pub from: Option<Value>,
        /// How to read one record by `{{ key }}`; required where a record may be held, and with
        /// `webhook` or `signals`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "One", example = serde_json::json!({ "get": "/workorders/{{ key }}" }))]
        pub one: Option<One>,
    }
}

with_request! {
    /// A feed whose rows only name a record to read again: `fetch.one` of the pipeline reads it.
    pub struct Signal {
        /// The connector that is asked.
        #[schemars(example = &"dispatch")]
        pub connector: Name,
        /// Where the reply holds the rows.
        #[schemars(example = &"$.data[*]")]
        pub records: PathText,
        /// The connector's record schema for a row.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"appointment")]
        pub record: Option<String>,
        /// The key of the pipeline's record that a row names. A row whose key is null names none.
        #[schemars(example = &"$.jobId")]
        pub key: Value,
        /// The connector's style of paging.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"feed")]
        pub paging: Option<String>,
        /// What moves forward from run to run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Cursor", example = serde_json::json!({ "path": "$.modifiedOn", "start": "{{ activation.at }}" }))]
        pub cursor: Option<Cursor>,
        /// The first token of a feed that has tokens (`token` paging with `keep`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Value", example = &"{{ activation.at }}")]
        pub from: Option<Value>,
    }
}

/// What moves forward from run to run: the highest value seen, never our clock (S14).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// The member that rises with every change; `cursor.value` in the request.
    #[schemars(example = &"$.UpdatedDate")]
    pub path: PathText,
    /// The member that orders rows of equal value; `cursor.tie` in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathText", example = &"$.Id")]
    pub tie: Option<PathText>,
    /// Where the first run starts.
    #[schemars(example = &"{{ activation.at }}")]
    pub start: Value,
    /// How far before the watermark a run starts, for rows that become visible late (S15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"5m")]
    pub overlap: Option<DurationText>,
    /// A window that is read again from time to time for rows that were missed; `none` declines (S15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"24h")]
    pub sweep: Option<String>,
    /// What the API can compare: values are sent back floored to it. Verbatim when absent (S36).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"1s")]
    pub precision: Option<DurationText>,
}

with_request! {
    /// How to read a single record by `{{ key }}`.
    pub struct One {
        /// Where the record stands in the reply, when the reply is a list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "PathText", example = &"$.data[0]")]
        pub found: Option<PathText>,
    }
}

/// One end of an entity: exactly one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct LinkEnd {
    /// The record is (or names) the source end, with this key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Id")]
    pub key: Option<Value>,
    /// The record is (or names) the made end, with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.id")]
    pub id: Option<Value>,
}
