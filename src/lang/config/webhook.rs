//! What a connector says about deliveries that its API sends by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{Condition, DurationText, PathText, Template, Value};

/// A delivery that the API sends by itself: how it is proven to be theirs, and which record it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// How a delivery is proven to come from the API. That nothing proves it has to be written.
    #[schemars(example = serde_json::json!({ "hmac": { "header": "X-Signature", "keys": ["{{ params.signing_key }}"] } }))]
    pub verify: Verify,
    /// The key of the record that it names, over `payload`.
    #[schemars(example = &"$.Object.Id")]
    pub key: Value,
    /// The version of the record that it speaks of: a re-read that shows an older one is read again. Of the same
    /// kind as the version of the pipelines that use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Object.UpdatedDate")]
    pub version: Option<Value>,
    /// Which deliveries count, over `payload`, `headers` and `params`; the others are answered and dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Condition", example = &"payload.Object.UpdatedBy.UserName | default('') != params.username")]
    pub when: Option<Condition>,
    /// Whose data it speaks of. Needed by senders with one address for all tenants; at an address of one tenant
    /// what speaks of another's data is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WebhookTenant", example = serde_json::json!({ "path": "$.Object.ProviderId", "equals": "provider_id" }))]
    pub tenant: Option<WebhookTenant>,
}

/// Whose data a delivery speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookTenant {
    /// Where the payload says it.
    #[schemars(example = &"$.data.tenantId")]
    pub path: PathText,
    /// The param of the account that it equals.
    #[schemars(example = &"tenant")]
    pub equals: String,
}

/// How a delivery is proven to come from the API: exactly one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Verify {
    /// A header holds the HMAC of the body, byte by byte as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Hmac", example = serde_json::json!({ "algorithm": "sha256", "header": "X-Signature", "encoding": "hex", "keys": ["{{ params.signing_key }}"] }))]
    pub hmac: Option<Hmac>,
    /// Nothing proves it: whoever knows the address can make a record be read again. `none: {}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NoVerify", example = serde_json::json!({}))]
    pub none: Option<NoVerify>,
}

/// Deliveries are believed as they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoVerify {}

/// A signature in a header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hmac {
    /// The hash. `sha256` by default.
    #[serde(default)]
    #[schemars(example = &"sha256")]
    pub algorithm: HmacAlgorithm,
    /// The header that holds the signature. A delivery that has it twice is refused.
    #[schemars(example = &"X-Signature")]
    pub header: String,
    /// How the signature is written. `hex` by default.
    #[serde(default)]
    #[schemars(example = &"base64")]
    pub encoding: SignatureEncoding,
    /// What stands in the header before the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"sha256=")]
    pub prefix: Option<String>,
    /// The keys that sign, any of them: while a key is changed both the old and the new one do. One that the account
    /// does not give is left out; without any nothing is accepted.
    #[schemars(length(min = 1), example = serde_json::json!(["{{ params.signing_key }}", "{{ params.old_signing_key }}"]))]
    pub keys: Vec<Template>,
    /// What is signed, over `timestamp` and `headers`; it ends with `{{ body }}`, which is all of it by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ timestamp }}.{{ body }}")]
    pub signed: Option<Template>,
    /// The header that says when it was signed, and how long it is good for. `signed` must speak of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SignedAt", example = serde_json::json!({ "header": "X-Timestamp", "tolerance": "5m" }))]
    pub timestamp: Option<SignedAt>,
}

/// When a delivery was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedAt {
    /// The header: seconds or milliseconds since 1970, or an RFC 3339 date.
    #[schemars(example = &"X-Timestamp")]
    pub header: String,
    /// How far it may lie from now, to either side.
    #[schemars(example = &"5m")]
    pub tolerance: DurationText,
}

/// The hash of an HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HmacAlgorithm {
    /// SHA-1, for senders that have nothing better.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureEncoding {
    /// Hexadecimal, in small or capital letters.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}
