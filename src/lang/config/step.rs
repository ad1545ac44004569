//! Steps: one verb each, with `name`, `when`, `each`, `as` and `catch` around it.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::request::with_request;
use super::routine::Call;
use super::text::{Condition, DurationText, Literal, Name, PathText, Template, Value};
use super::write::Write;

/// An ordered list of steps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Steps(pub Vec<Step>);

impl JsonSchema for Steps {
    fn schema_name() -> Cow<'static, str> {
        "Steps".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let step = generator.subschema_for::<Step>();
        json_schema!({ "type": "array", "items": step, "description": "Steps, in order." })
    }
}

/// One step: exactly one verb (`fetch`, `transform`, `map`, `write`, `do`, `call`, `skip`, `hold`, `fail`), and what stands around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = one_verb()))]
pub struct Step {
    /// Its name: later steps read its result as `steps.<name>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[a-z][a-z0-9_]*$"), example = &"customer")]
    pub name: Option<String>,
    /// The step runs only when this is true. With `each` it is asked for every item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Condition", example = &"record.Status.Primary == 'OPEN'")]
    pub when: Option<Condition>,
    /// The step runs once for every item of this list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"{{ steps.notes }}")]
    pub each: Option<Value>,
    /// What the item of `each` is called; `item` by default.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[a-z][a-z0-9_]*$"), example = &"note")]
    pub as_: Option<String>,
    /// What is done when the step fails; the first that matches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "errors": ["rejected"], "steps": [{ "hold": { "reason": "refused" } }] }]))]
    pub catch: Vec<Catch>,
    /// Reads something more from a connector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StepFetch", example = serde_json::json!({ "connector": "helpdesk", "get": "/locations/{{ record.Location.Id }}", "record": "location" }))]
    pub fetch: Option<StepFetch>,
    /// Names values: `vars.<name>`. Entries see the ones above them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "IndexMap<String, Value>", example = serde_json::json!({ "store": "$.Location.StoreId" }))]
    pub transform: Option<IndexMap<String, Value>>,
    /// A value through a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MapUse", example = serde_json::json!({ "use": "priority", "value": "$.Priority" }))]
    pub map: Option<MapUse>,
    /// Finds what is there, creates it if not, updates it if it differs, and remembers the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Write", example = serde_json::json!({ "entity": "job", "connector": "dispatch" }))]
    pub write: Option<Write>,
    /// A group of steps under one `when`, `each` and `catch`.
    #[serde(default, rename = "do", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Steps", example = serde_json::json!([{ "skip": { "reason": "nothing to do" } }]))]
    pub do_: Option<Steps>,
    /// The steps of a routine, with what they are given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Call", example = serde_json::json!({ "routine": "contact-of", "inputs": { "store": "$.Location.StoreId" } }))]
    pub call: Option<Call>,
    /// This version of the record leads to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Skip", example = serde_json::json!({ "reason": "the work order is cancelled" }))]
    pub skip: Option<Skip>,
    /// The record waits and is looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Hold", example = serde_json::json!({ "reason": "the customer is marked Do Not Service", "recheck": "15m" }))]
    pub hold: Option<Hold>,
    /// The record fails with a code of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Fail", example = serde_json::json!({ "code": "not-offered", "reason": "{{ steps.target.refused }} is not offered" }))]
    pub fail: Option<Fail>,
}

/// The verbs of a step, in the order in which a newcomer meets them.
pub const VERBS: &[&str] = &[
    "fetch",
    "transform",
    "map",
    "write",
    "do",
    "call",
    "skip",
    "hold",
    "fail",
];

/// Exactly one of the verbs must be there. The text is for language servers that read `errorMessage`; without it
/// they say that the first verb is missing.
fn one_verb() -> serde_json::Value {
    let message = format!("A step has exactly one verb: {}.", VERBS.join(", "));
    VERBS
        .iter()
        .map(|verb| serde_json::json!({ "required": [verb], "errorMessage": message }))
        .collect()
}

/// What is done when a step fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catch {
    /// Classes (`rejected`), codes of the connector (`"904"`) or our own; unknown outcomes cannot be caught.
    #[schemars(example = serde_json::json!(["rejected", "904"]))]
    pub errors: Vec<String>,
    /// Only when this is true, over `error` as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Condition", example = &"error.status == 400")]
    pub when: Option<Condition>,
    /// The steps that run instead.
    #[schemars(example = serde_json::json!([{ "hold": { "reason": "refused: {{ error.message }}", "recheck": "1h" } }]))]
    pub steps: Steps,
}

with_request! {
    /// Reads something more. Never used for find, settle or requires (S42).
    pub struct StepFetch {
        /// The connector that is asked.
        #[schemars(example = &"helpdesk")]
        pub connector: Name,
        /// Where the reply holds a list; without it the result is the reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "PathText", example = &"$.data[*]")]
        pub records: Option<PathText>,
        /// The connector's record schema for the reply, or for one item of the list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"location")]
        pub record: Option<String>,
        /// The connector's style of paging.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"pages")]
        pub paging: Option<String>,
        /// How long an answer may be used again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "DurationText", example = &"1h")]
        pub cache: Option<DurationText>,
    }
}

/// A value through a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapUse {
    /// The map's name.
    #[serde(rename = "use")]
    #[schemars(example = &"priority")]
    pub use_: Name,
    /// The value to map.
    #[schemars(example = &"$.Priority")]
    pub value: Value,
    /// What conditional rows may read.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "hold_reason": "{{ vars.hold_reason }}" }))]
    pub with: IndexMap<String, Value>,
    /// A setting of type `map` whose rows go before the map's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"settings.job_status.table")]
    pub table: Option<String>,
    /// What is offered: of a list of targets the first that is in it wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"{{ vars.offered }}")]
    pub among: Option<Value>,
    /// The result when nothing of the row is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Literal", example = &"Normal")]
    pub none: Option<Literal>,
}

/// This version of the record leads to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// Why, for people.
    #[schemars(example = &"the work order is {{ record.Status.Extended | lower }}")]
    pub reason: Template,
    /// The verdict holds for every later version too (S23).
    #[serde(default)]
    #[schemars(example = true)]
    pub forever: bool,
    /// Counted as our own echo, not as skipped (S16).
    #[serde(default)]
    #[schemars(example = true)]
    pub echo: bool,
}

/// The record waits: for a new version, changed settings, or the next recheck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// Why, for people.
    #[schemars(example = &"the customer is marked Do Not Service")]
    pub reason: Template,
    /// First wait before it is looked at again; doubles to 1h (S33).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"15m")]
    pub recheck: Option<DurationText>,
}

/// The record fails with a code of our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fail {
    /// The code, for `catch` and for `dead list`.
    #[schemars(example = &"not-offered")]
    pub code: Name,
    /// Why, for people.
    #[schemars(example = &"{{ steps.target.refused }} is not offered for this work order")]
    pub reason: Template,
}
