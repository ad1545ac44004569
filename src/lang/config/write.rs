//! `write`: find what is there, create it if not, update it if it differs, remember the link.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::request::with_request;
use super::text::{Condition, DurationText, Name, PathText, Template, Value};

/// One verb for every change: find what is there, create it if not, update it if it differs, remember the link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// The kind of link. Without it, `id` names a record that is only changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"job")]
    pub entity: Option<String>,
    /// The connector that is written to.
    #[schemars(example = &"dispatch")]
    pub connector: Name,
    /// The source end's key; the record's key by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Location.Id")]
    pub key: Option<Value>,
    /// The id of the record to change, where there is no entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"{{ link.job.key }}")]
    pub id: Option<Value>,
    /// What the link keeps for the other side.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "subscriber": "$.Subscriber.Id" }))]
    pub remember: IndexMap<String, Value>,
    /// How to find what may be there already, when no id is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Find", example = serde_json::json!({ "get": "crm:/customers", "query": { "name": "$.Name" }, "found": "$.data[*]", "id": "$.id" }))]
    pub find: Option<Find>,
    /// How to read what is linked; gives `found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Read", example = serde_json::json!({ "get": "crm:/customers/{{ id }}" }))]
    pub read: Option<Read>,
    /// How to make it when nothing is found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Create", example = serde_json::json!({ "post": "crm:/customers", "body": { "name": "$.Name" }, "id": "$.id" }))]
    pub create: Option<Create>,
    /// How to change it when it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Update", example = serde_json::json!({ "patch": "jpm:/jobs/{{ id }}", "body": { "summary": "{{ vars.summary }}" } }))]
    pub update: Option<Update>,
    /// What becomes of a create whose outcome is unknown.
    #[serde(default)]
    #[schemars(example = &"settle")]
    pub on_unknown: OnUnknown,
    /// What becomes of a link whose record is gone (S6).
    #[serde(default)]
    #[schemars(example = &"dead")]
    pub on_missing: OnMissing,
}

/// What becomes of a create whose outcome is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// It is looked for until the connector's `settle` bound has passed, and only then sent again (S1).
    #[default]
    Settle,
    /// A person looks and resolves it.
    Hold,
}

/// What becomes of a link whose record is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMissing {
    /// The record is dead with cause `target_missing`.
    #[default]
    Dead,
    /// It is created again.
    Recreate,
}

with_request! {
    /// A search. None found: create. One: link. Several: held, unless `choose` orders them (S5).
    pub struct Find {
        /// Where the reply holds candidates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "PathText", example = &"$.data[*]")]
        pub found: Option<PathText>,
        /// Keeps a candidate, over `candidate`.
        #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Condition", example = &"candidate.name == record.Name")]
        pub where_: Option<Condition>,
        /// The connector's record schema for one candidate.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"customer")]
        pub record: Option<String>,
        /// The candidate's id: a path into it, or a value.
        #[schemars(example = &"$.id")]
        pub id: Value,
        /// The connector's style of paging; a search that ends at its page cap never licenses a create.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"pages")]
        pub paging: Option<String>,
        /// Orders several candidates by this value, lowest first, and takes the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Value", example = &"{{ candidate.createdOn }}")]
        pub choose: Option<Value>,
        /// Further searches, when this one finds nothing.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(example = serde_json::json!([{ "get": "crm:/locations", "query": { "street": "{{ steps.site.Address2 }}" }, "found": "$.data[*]", "id": "$.id" }]))]
        pub otherwise: Vec<Find>,
    }
}

with_request! {
    /// Reads the linked record by `{{ id }}`; gives `found`.
    pub struct Read {
        /// Where the record stands in the reply, when the reply is a list.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "PathText", example = &"$.data[0]")]
        pub found: Option<PathText>,
        /// The connector's record schema for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String", example = &"customer")]
        pub record: Option<String>,
        /// Where it says that it was merged into another; the link moves there (R67).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "PathText", example = &"$.mergedToId")]
        pub merged_into: Option<PathText>,
        /// How long an answer may be used again, for records that many others share. Never for a record that is
        /// looked at again, and not beside an `update`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "DurationText", example = &"1m")]
        pub cache: Option<DurationText>,
    }
}

with_request! {
    /// Makes the record.
    pub struct Create {
        /// Its id: a path into the reply, or any value where the API returns none.
        #[schemars(example = &"$.id")]
        pub id: Value,
    }
}

with_request! {
    /// Changes the record.
    pub struct Update {
        /// Only when this is true, over `found` as well.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Condition", example = &"found.status == 'New'")]
        pub when: Option<Condition>,
        /// The reason shown when it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Template", example = &"the booking was already answered")]
        pub reason: Option<Template>,
        /// What the body is compared with. `target` where the record is read, else `written` (S17).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Compare", example = &"target")]
        pub compare: Option<Compare>,
        /// What a record that was found, and not made here, is taken to say.
        #[serde(default)]
        #[schemars(example = &"assume")]
        pub first: First,
        /// Where a body member stands in the record under another name.
        #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
        #[schemars(example = serde_json::json!({ "Status": "$.CurrentStatus" }))]
        pub same: IndexMap<String, PathText>,
    }
}

/// What an update is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// The record as it stands: a person's change is put back.
    Target,
    /// What was written last: a person's change stands until the source changes.
    Written,
}

/// What a record that was found, and not made here, is taken to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum First {
    /// Nothing that is known: it is brought up to date at once.
    #[default]
    Send,
    /// What would be written: it stays as it is until that changes. For `compare: written`.
    Assume,
}
