//! `kind: connector`: how to talk to one API.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::auth::Auth;
use super::paging::Paging;
use super::request::with_request;
use super::text::{Condition, DurationText, FileName, Literal, Name, Template};
use super::webhook::Webhook;

/// How to talk to one API: where it is, how one proves who one is, its limits, errors, paging and vocabularies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connector {
    /// What this document is: `connector`.
    #[schemars(example = &"connector")]
    pub kind: super::schema::ConnectorKind,
    /// The name that pipelines use.
    #[schemars(example = &"helpdesk")]
    pub name: Name,
    /// What the API is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Provider API, version 3.")]
    pub description: Option<String>,
    /// What an account must give: `params.<name>` in this file, `account.<connector>.<name>` in pipelines.
    #[serde(default)]
    #[schemars(example = serde_json::json!({ "client_secret": { "type": "text", "secret": true } }))]
    pub params: IndexMap<String, Param>,
    /// The params that say whose data an account sees. State is kept under their values; changing one is refused (S30).
    #[schemars(example = serde_json::json!(["provider_id"]))]
    pub identity: Vec<String>,
    /// Address that paths are put behind.
    #[schemars(example = &"{{ params.api_url }}")]
    pub base_url: Template,
    /// Short names for the beginnings of paths: `crm:/customers`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "crm": "/crm/v2/tenant/{{ params.tenant }}" }))]
    pub roots: IndexMap<String, Template>,
    /// Headers of every request.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "Accept": "application/json" }))]
    pub headers: IndexMap<String, Template>,
    /// How a list is written in a query.
    #[serde(default)]
    #[schemars(example = &"comma")]
    pub query_lists: QueryLists,
    /// How requests are authorised.
    #[schemars(example = serde_json::json!({ "bearer": { "token": "{{ params.token }}" } }))]
    pub auth: Auth,
    /// Rate windows; a request spends one of each (S39).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "requests": 300, "per": "1m", "by": "{{ params.client_id }}" }]))]
    pub limits: Vec<Limit>,
    /// Requests on the wire at once. 8 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 1024), example = 8)]
    pub concurrency: Option<u32>,
    /// Time after which a request is given up. 60s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"60s")]
    pub timeout: Option<DurationText>,
    /// How a failed record is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Retry", example = serde_json::json!({ "attempts": 6, "first": "2s", "max": "5m" }))]
    pub retry: Option<Retry>,
    /// After how long an unknown create can be settled by not finding it (S1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Settle", example = serde_json::json!({ "in_flight": "100s", "lag": "60s" }))]
    pub settle: Option<Settle>,
    /// What replies mean, first match wins, over `status`, `headers` and `body` (null when it is not JSON).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "when": "status == 404", "class": "missing" }]))]
    pub errors: Vec<ErrorRule>,
    /// Styles of paging, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "pages": { "page": { "param": "page", "page_size": 50 } } }))]
    pub paging: IndexMap<String, Paging>,
    /// Lists of values that maps translate.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "job_priority": { "values": ["Low", "Normal", "High", "Urgent"] } }))]
    pub vocabularies: IndexMap<String, Vocabulary>,
    /// JSON Schemas of the records it returns.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "work_order": "../../schemas/records/helpdesk/work_order.json" }))]
    pub records: IndexMap<String, FileName>,
    /// Deliveries that it sends by itself, by name: `/hooks/TENANT/CONNECTOR/NAME` is where each is awaited.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "work_order": { "verify": { "hmac": { "header": "X-Signature", "keys": ["{{ params.signing_key }}"] } }, "key": "$.Object.Id" } }))]
    pub webhooks: IndexMap<String, Webhook>,
    /// The request that proves the credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Check", example = serde_json::json!({ "get": "/me", "says": "{{ body.name }}" }))]
    pub check: Option<Check>,
    /// Hosts that links in replies may lead to, `files.example` or `*.example`, over the account's params. Without
    /// any, no link is followed. Several stand in one text with commas between them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!(["*.files.example"]))]
    pub download_hosts: Vec<Template>,
    /// Markdown that a person follows to obtain the credentials; `setup` shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Sign in as an administrator and make an API user.")]
    pub guide: Option<String>,
}

/// One value that an account gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its type.
    #[serde(rename = "type")]
    #[schemars(example = &"text")]
    pub type_: ParamType,
    /// Value when the account gives none; a param without default is required unless `required: false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Literal", example = &"https://api.example")]
    pub default: Option<Literal>,
    /// What it is and where to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"E-mail address of the API user")]
    pub description: Option<String>,
    /// A secret is written `{ secret: name }` in the account and never shown.
    #[serde(default)]
    #[schemars(example = true)]
    pub secret: bool,
    /// `app` for values that all tenants share, set in `syncline.yaml`.
    #[serde(default)]
    #[schemars(example = &"app")]
    pub per: ParamScope,
    /// False when the account may leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool", example = false)]
    pub required: Option<bool>,
}

/// The type of an account's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParamType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
}

/// Who gives a param.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParamScope {
    /// Each tenant's account.
    #[default]
    Tenant,
    /// The app: one value for all tenants, in `syncline.yaml`.
    App,
}

/// How a list is written in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueryLists {
    /// `ids=1,2`
    #[default]
    Comma,
    /// `ids=1&ids=2`
    Repeat,
}

/// One rate window (S39).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Requests in one window.
    #[schemars(range(min = 1), example = 300)]
    pub requests: u32,
    /// Length of the window.
    #[schemars(example = &"1m")]
    pub per: DurationText,
    /// Who shares it: accounts for which this has the same value. The account alone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ params.client_id }}")]
    pub by: Option<Template>,
}

/// How a failed record is tried again: exponential backoff with jitter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Attempts before the record is dead. 6 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 100), example = 6)]
    pub attempts: Option<u32>,
    /// Wait before the second attempt; it doubles. 2s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"2s")]
    pub first: Option<DurationText>,
    /// Longest wait. 5m by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"5m")]
    pub max: Option<DurationText>,
}

/// The bound within which a lost create shows (S1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settle {
    /// How long after it was sent a request may still take effect.
    #[schemars(example = &"100s")]
    pub in_flight: DurationText,
    /// How long after it took effect a find may still not see it.
    #[schemars(example = &"60s")]
    pub lag: DurationText,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Over `status`, `headers` and `body`.
    #[schemars(example = &"status == 401 and body.ErrorCode == 504")]
    pub when: Condition,
    /// What kind of failure it is.
    #[schemars(example = &"rejected")]
    pub class: ErrorClass,
    /// The API's own code, for `catch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ body.ErrorCode }}")]
    pub code: Option<Template>,
    /// The API's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ body.ErrorMessage }}")]
    pub message: Option<Template>,
    /// `no` when this reply proves that a create did not happen (S2). By default 400, 401, 403, 422 and 429
    /// with a JSON body do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Applied", example = &"no")]
    pub applied: Option<Applied>,
    /// The param that is wrong, shown by `check`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"client_id")]
    pub blame: Option<String>,
}

/// Whether a refused request may have taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// It did not.
    No,
    /// It may have: find before sending again.
    Unknown,
}

/// A kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// Too many requests: the window stops until `Retry-After`.
    Throttled,
    /// May work later by itself.
    Transient,
    /// The credentials are not accepted.
    Unauthorized,
    /// Refused; the same request will be refused again.
    Rejected,
    /// What the request names is not there.
    Missing,
    /// The wanted state already holds.
    Done,
}

/// A list of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// What the values are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Primary and extended status as PRIMARY/EXTENDED")]
    pub description: Option<String>,
    /// The values that are known.
    #[schemars(example = serde_json::json!(["Low", "Normal", "High", "Urgent"]))]
    pub values: Vec<Literal>,
    /// Regular expression of further legal values, for lists that a customer may extend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"^(OPEN|COMPLETED)(/.+)?$")]
    pub open: Option<String>,
    /// Differences that do not matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!(["case", "spaces"]))]
    pub fold: Vec<Fold>,
}

/// A difference between two spellings that does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// Capitals.
    Case,
    /// Spaces: `In Progress` is `InProgress`.
    Spaces,
}

with_request! {
    /// The request that proves the credentials.
    pub struct Check {
        /// The sentence `check` prints, over `status`, `headers`, `body` and `params`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Template", example = &"{{ body.totalCount }} business units")]
        pub says: Option<Template>,
    }
}
