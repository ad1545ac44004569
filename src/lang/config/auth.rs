//! How a connector proves who it is.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connector::ErrorRule;
use super::text::{DurationText, Template};

/// How requests are authorised: exactly one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Auth {
    /// OAuth 2.0: a token is fetched, cached and renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Oauth2", example = serde_json::json!({ "grant": "client_credentials", "token_url": "https://auth.example/connect/token", "client": { "id": "{{ params.client_id }}", "secret": "{{ params.client_secret }}", "send": "body" } }))]
    pub oauth2: Option<Oauth2>,
    /// HTTP Basic with user name and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Basic", example = serde_json::json!({ "username": "{{ params.user }}", "password": "{{ params.password }}" }))]
    pub basic: Option<Basic>,
    /// A fixed bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Bearer", example = serde_json::json!({ "token": "{{ params.token }}" }))]
    pub bearer: Option<Bearer>,
    /// A key in a header or in the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ApiKey", example = serde_json::json!({ "name": "X-Api-Key", "value": "{{ params.key }}" }))]
    pub api_key: Option<ApiKey>,
    /// No credentials: `none: {}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NoAuth", example = serde_json::json!({}))]
    pub none: Option<NoAuth>,
}

/// No credentials are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoAuth {}

/// OAuth 2.0 (RFC 6749).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oauth2 {
    /// The grant that a first token is asked with.
    #[schemars(example = &"client_credentials")]
    pub grant: Grant,
    /// The token endpoint.
    #[schemars(example = &"{{ params.login_url }}/oauth/token")]
    pub token_url: Template,
    /// The client and how it identifies itself.
    #[schemars(example = serde_json::json!({ "id": "{{ params.client_id }}", "secret": "{{ params.client_secret }}", "send": "basic" }))]
    pub client: Client,
    /// User name of the password grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ params.username }}")]
    pub username: Option<Template>,
    /// Password of the password grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ params.password }}")]
    pub password: Option<Template>,
    /// The first refresh token of the `refresh_token` grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ params.refresh_token }}")]
    pub refresh_token: Option<Template>,
    /// Scopes to ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = ["read"])]
    pub scopes: Vec<String>,
    /// Further parameters of the token request.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schemars(example = serde_json::json!({ "audience": "https://api.example" }))]
    pub extra: IndexMap<String, Template>,
    /// Least time between two token requests of one account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"5s")]
    pub min_interval: Option<DurationText>,
    /// Whether a redirect of the token endpoint is followed. Off by default: a redirect to a login page is an answer.
    #[serde(default)]
    #[schemars(example = false)]
    pub follow_redirects: bool,
    /// Error rules of the token endpoint, before the connector's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(example = serde_json::json!([{ "when": "status == 302", "class": "unauthorized", "blame": "client_id", "message": "the client id is not registered" }]))]
    pub errors: Vec<ErrorRule>,
}

/// An OAuth 2.0 grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// User name and password of an API user; a refresh token in the reply is used while it works.
    Password,
    /// The client alone.
    ClientCredentials,
    /// A refresh token, possibly rotated at every use.
    RefreshToken,
}

/// The OAuth 2.0 client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Its id.
    #[schemars(example = &"{{ params.client_id }}")]
    pub id: Template,
    /// Its secret.
    #[schemars(example = &"{{ params.client_secret }}")]
    pub secret: Template,
    /// Where id and secret are sent.
    #[serde(default)]
    #[schemars(example = &"basic")]
    pub send: ClientSend,
}

/// Where an OAuth 2.0 client sends its id and secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientSend {
    /// In the `Authorization: Basic` header.
    #[default]
    Basic,
    /// In the form body.
    Body,
}

/// HTTP Basic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// The user name.
    #[schemars(example = &"{{ params.user }}")]
    pub username: Template,
    /// The password.
    #[schemars(example = &"{{ params.password }}")]
    pub password: Template,
}

/// A fixed bearer token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bearer {
    /// The token.
    #[schemars(example = &"{{ params.token }}")]
    pub token: Template,
}

/// A key sent with every request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Name of the header or query parameter.
    #[schemars(example = &"X-Api-Key")]
    pub name: String,
    /// The key.
    #[schemars(example = &"{{ params.key }}")]
    pub value: Template,
    /// Where it is sent.
    #[serde(default)]
    #[schemars(example = &"header")]
    pub place: ApiKeyPlace,
}

/// Where an API key is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyPlace {
    /// As a header.
    #[default]
    Header,
    /// As a query parameter.
    Query,
}
