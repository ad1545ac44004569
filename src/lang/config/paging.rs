//! How lists come in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{DurationText, PathText, Template};

/// One style of paging: exactly one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Paging {
    /// Each page starts after the last row of the one before, by the fetch's `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Keyset", example = serde_json::json!({ "page_size": 50 }))]
    pub keyset: Option<Keyset>,
    /// A number of rows to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Offset", example = serde_json::json!({ "param": "$skip", "page_size": 50 }))]
    pub offset: Option<Offset>,
    /// Numbered pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Pages", example = serde_json::json!({ "param": "page", "size_param": "pageSize", "page_size": 50, "more": "$.hasMore" }))]
    pub page: Option<Pages>,
    /// The reply carries the address of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NextLink", example = serde_json::json!({ "path": "$['@odata.nextLink']" }))]
    pub next: Option<NextLink>,
    /// The reply carries a token for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TokenFeed", example = serde_json::json!({ "param": "from", "next": "$.continueFrom", "more": "$.hasMore", "keep": true }))]
    pub token: Option<TokenFeed>,
}

/// Pages that start after the last row of the one before (S13). Where the API can seek by cursor and tie the
/// fetch's query says so with `cursor.value` and `cursor.tie`; else `offset_param` steps through a tie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keyset {
    /// Rows on a full page; a shorter page is the last.
    #[schemars(example = 50)]
    pub page_size: u32,
    /// Parameter that asks for the page size, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"limit")]
    pub size_param: Option<String>,
    /// Parameter that passes over rows, used inside a tie when the query cannot seek by `cursor.tie`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"$skip")]
    pub offset_param: Option<String>,
    /// Pages after which a fetch ends with an error. 100000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 10_000)]
    pub max_pages: Option<u32>,
}

/// Pages by a number of rows to pass over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// The parameter.
    #[schemars(example = &"$skip")]
    pub param: String,
    /// Rows on a full page; a shorter page is the last.
    #[schemars(example = 50)]
    pub page_size: u32,
    /// Parameter that asks for the page size, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"limit")]
    pub size_param: Option<String>,
    /// Pages after which a fetch ends with an error. 100000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 10_000)]
    pub max_pages: Option<u32>,
}

/// Numbered pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// The parameter.
    #[schemars(example = &"page")]
    pub param: String,
    /// How the parameter is written, over `page` and `size`; the bare number by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ page }}:{{ size }}")]
    pub format: Option<Template>,
    /// The number of the first page. 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 1)]
    pub first: Option<u32>,
    /// Rows on a full page; without `more` a shorter page is the last.
    #[schemars(example = 50)]
    pub page_size: u32,
    /// Parameter that asks for the page size, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"pageSize")]
    pub size_param: Option<String>,
    /// Where the reply says that there are more pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathText", example = &"$.hasMore")]
    pub more: Option<PathText>,
    /// Pages after which a fetch ends with an error. 100000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 10_000)]
    pub max_pages: Option<u32>,
}

/// Pages by a link in the reply. A link to another origin is refused unless it differs in scheme alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextLink {
    /// Where the link stands; absent on the last page.
    #[schemars(example = &"$['@odata.nextLink']")]
    pub path: PathText,
    /// Pages after which a fetch ends with an error. 100000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 10_000)]
    pub max_pages: Option<u32>,
}

/// Pages by a token in the reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenFeed {
    /// The parameter that takes the token.
    #[schemars(example = &"from")]
    pub param: String,
    /// Where the reply gives the next token.
    #[schemars(example = &"$.continueFrom")]
    pub next: PathText,
    /// Where the reply says that there are more pages; without it the absence of `next` ends the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathText", example = &"$.hasMore")]
    pub more: Option<PathText>,
    /// The token is the cursor: it is kept when the feed is at its end, and the next run goes on from it.
    #[serde(default)]
    #[schemars(example = true)]
    pub keep: bool,
    /// Least time between reaching the end of the feed and asking again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"5m")]
    pub idle: Option<DurationText>,
    /// Pages after which a fetch ends with an error. 100000 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", example = 10_000)]
    pub max_pages: Option<u32>,
}
