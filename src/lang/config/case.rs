//! `kind: test`: what a pipeline does in cases, without a network.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::Method;
use super::tenant::Override;
use super::text::{DateText, Literal, Name};

/// Cases of one pipeline, run by `syncline test`: what is there, which record comes, and what must be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What this document is: `test`.
    #[schemars(example = &"test")]
    pub kind: super::schema::TestKind,
    /// Its name inside the integration.
    #[schemars(example = &"work-orders")]
    pub name: Name,
    /// What it is about, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"What becomes of a work order.")]
    pub description: Option<String>,
    /// The pipeline whose cases these are.
    #[schemars(example = &"work-orders")]
    pub pipeline: Name,
    /// What all cases have; what a case says itself goes before it.
    #[serde(default, skip_serializing_if = "Given::is_empty")]
    #[schemars(example = serde_json::json!({ "now": "2026-04-03T00:00:00Z" }))]
    pub given: Given,
    /// The cases.
    #[schemars(example = serde_json::json!([{ "name": "a closed order is left out", "expect": { "outcome": "skipped" } }]))]
    pub cases: Vec<TestCase>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// What it shows, in a sentence.
    #[schemars(example = &"an open order becomes a job")]
    pub name: String,
    /// What is there, beside what all cases have.
    #[serde(default, skip_serializing_if = "Given::is_empty")]
    #[schemars(example = serde_json::json!({ "records": [{ "Id": 1 }] }))]
    pub given: Given,
    /// What must happen, and nothing else.
    #[schemars(example = serde_json::json!({ "outcome": "skipped", "reason": "the order is closed" }))]
    pub expect: Expect,
}

/// What is there before a case, and what is answered in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What time it is. It passes only where something waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateText", example = &"2026-04-03T00:00:00Z")]
    pub now: Option<DateText>,
    /// `activation.at`: when the integration was first turned on. `now` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DateText", example = &"2026-04-01T00:00:00Z")]
    pub activated: Option<DateText>,
    /// Params of the accounts, by connector. Secrets need not be given.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "dispatch": { "tenant": 1000 } }))]
    pub accounts: IndexMap<String, IndexMap<String, Literal>>,
    /// What the tenant chose, by group.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "preferences": { "dispatch_board": true } }))]
    pub settings: IndexMap<String, IndexMap<String, Literal>>,
    /// What one subject has otherwise, by the subject's key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "12": { "settings": { "preferences": { "dispatch_board": false } } } }))]
    pub overrides: IndexMap<String, Override>,
    /// Links by entity and key: the id, or `{ id, … }` with what the link remembers. Of an entity whose source end is the tenant, the id alone.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "campaign": 9, "customer": { "2010000001": 77 } }))]
    pub links: IndexMap<String, Literal>,
    /// Records that come in, one after the other; each is worked until it rests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "Id": 31 }]))]
    pub records: Vec<Literal>,
    /// In place of records: the replies to `fetch`, page by page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "value": [{ "Id": 31 }] }]))]
    pub pages: Vec<Literal>,
    /// The replies to each signal, page by page. They are read before the records come.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "visits": [{ "data": [{ "jobId": 4 }] }] }))]
    pub signals: IndexMap<String, Vec<Literal>>,
    /// What the APIs answer. The first that fits is taken, those of the case before the shared ones; a request that none fits fails the case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "get": "/locations/7", "reply": { "body": { "Id": 7 } } }]))]
    pub replies: Vec<Exchange>,
}

impl Given {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Declares a struct that speaks of a request: the five methods, `query` and `body` beside its own fields.
macro_rules! about_request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident : $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[schemars(extend("oneOf" = one_method()))]
        pub struct $name {
            /// A GET of this path: `root:/path` as pipelines write it, or the whole path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "String", example = &"/locations/7")]
            pub get: Option<String>,
            /// A POST to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "String", example = &"crm:/customers")]
            pub post: Option<String>,
            /// A PUT to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "String", example = &"/workorders/7/status")]
            pub put: Option<String>,
            /// A PATCH of this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "String", example = &"jpm:/jobs/9")]
            pub patch: Option<String>,
            /// A DELETE of this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "String", example = &"jpm:/appointments/9")]
            pub delete: Option<String>,
            /// Query parameters that it has, among others. They are compared as text.
            #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
            #[schemars(example = serde_json::json!({ "active": "Any" }))]
            pub query: IndexMap<String, Literal>,
            /// What its body has, among other members. Lists have as many items, each with at least what is said.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Literal", example = serde_json::json!({ "name": "Acme Retail" }))]
            pub body: Option<Literal>,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $name {
            /// The method and the path; the schema proved that there is one.
            pub fn asked(&self) -> (Method, &str) {
                let methods = [
                    (Method::Get, &self.get),
                    (Method::Post, &self.post),
                    (Method::Put, &self.put),
                    (Method::Patch, &self.patch),
                    (Method::Delete, &self.delete),
                ];
                methods
                    .into_iter()
                    .find_map(|(method, path)| Some((method, path.as_deref()?)))
                    .unwrap_or((Method::Get, ""))
            }
        }
    };
}

/// Exactly one of the methods must be there.
fn one_method() -> serde_json::Value {
    ["get", "post", "put", "patch", "delete"]
        .iter()
        .map(|method| serde_json::json!({ "required": [method] }))
        .collect()
}

about_request! {
    /// A request and what is answered.
    pub struct Exchange {
        /// What is answered.
        #[schemars(example = serde_json::json!({ "body": { "data": [] } }))]
        pub reply: Reply,
        /// What is answered the next times, one after the other; the last goes on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(example = serde_json::json!([{ "body": { "data": [{ "id": 9001 }] } }]))]
        pub then: Vec<Reply>,
    }
}

about_request! {
    /// A request that must be sent.
    pub struct Sent {
        /// The body has what is said and nothing else.
        #[serde(default)]
        #[schemars(example = true)]
        pub exactly: bool,
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Its status; 200 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u16", range(min = 100, max = 599), example = 404)]
    pub status: Option<u16>,
    /// Its headers.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "Retry-After": "5" }))]
    pub headers: IndexMap<String, String>,
    /// Its body, as JSON; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Literal", example = serde_json::json!({ "id": 9001 }))]
    pub body: Option<Literal>,
    /// There is no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Trouble", example = &"lost")]
    pub trouble: Option<Trouble>,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The connection broke after the request had left: nobody knows whether it took effect.
    Lost,
    /// There was no connection: nothing left.
    NotSent,
}

/// What must happen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How the last record ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Outcome", example = &"written")]
    pub outcome: Option<Outcome>,
    /// Why: the reason of a `skip` or `hold`, or the cause of a record that is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"the order is closed")]
    pub reason: Option<String>,
    /// How other records end, by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "310000124": { "outcome": "held" } }))]
    pub records: IndexMap<String, RecordEnd>,
    /// The requests that may change something (all but GET), every one of them. None when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "post": "jpm:/jobs", "body": { "customerId": 77 } }]))]
    pub requests: Vec<Sent>,
    /// The requests may come in any order.
    #[serde(default)]
    #[schemars(example = true)]
    pub in_any_order: bool,
    /// Links afterwards, by entity and key: the id, `{ id, … }` with what is remembered, or null for none.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "job": { "310000123": 9001 } }))]
    pub links: IndexMap<String, Literal>,
}

/// How a record ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordEnd {
    /// The outcome.
    #[schemars(example = &"held")]
    pub outcome: Outcome,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"the order is not paid yet")]
    pub reason: Option<String>,
}

/// How the work on a record ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something was sent and confirmed.
    Written,
    /// What would be sent stands already.
    Unchanged,
    /// It is what we wrote ourselves.
    Echo,
    /// A `skip` said so.
    Skipped,
    /// A `hold` said so, or several were found.
    Held,
    /// A failure that is still tried again after an hour.
    Retry,
    /// It was given up.
    Dead,
}

impl Outcome {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Written => "written",
            Outcome::Unchanged => "unchanged",
            Outcome::Echo => "echo",
            Outcome::Skipped => "skipped",
            Outcome::Held => "held",
            Outcome::Retry => "retry",
            Outcome::Dead => "dead",
        }
    }
}
