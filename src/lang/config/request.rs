//! Requests. The five methods are keys of whatever sends one (`fetch`, `find`, `create`, …), so that a person
//! writes `get: /workorders` and an editor can say what belongs beside it; the structs that hold them share
//! the macro below.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::{Name, RequestPath, Template, Value};

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The name of the part.
    #[schemars(example = &"file")]
    pub name: String,
    /// The file name given with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"photo.jpg")]
    pub filename: Option<Template>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"application/json")]
    pub content_type: Option<String>,
    /// Its content: text as it is, anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value", example = &"$.Description")]
    pub value: Option<Value>,
    /// Its content is a file of an API, passed on as it comes and never held whole. Only a `create` passes files on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PassedOn", example = serde_json::json!({ "connector": "helpdesk", "link": "{{ file.Uri }}" }))]
    pub from: Option<PassedOn>,
}

/// A file that is passed on: by `link`, or by the path of a call that answers with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassedOn {
    /// The connector it comes from.
    #[schemars(example = &"helpdesk")]
    pub connector: Name,
    /// A link that a reply gave. It is followed to `download_hosts` of the connector only, and without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Template", example = &"{{ file.Uri }}")]
    pub link: Option<Template>,
    /// A call of the API, which is authorised. Where it answers with a link, that is followed as `link` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RequestPath", example = &"/files/{{ file.id }}")]
    pub get: Option<RequestPath>,
    /// The most megabytes it may have. 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1, max = 10_000), example = 100)]
    pub max_mb: Option<u32>,
}

/// Declares a config struct that carries a request: the five methods, `query`, `headers` and the bodies beside
/// the struct's own fields. serde's `flatten` would lose the place of an error and the editor's completion.
macro_rules! with_request {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident : $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
            /// Sends a GET to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::RequestPath", example = &"/workorders/{{ key }}")]
            pub get: Option<super::text::RequestPath>,
            /// Sends a POST to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::RequestPath", example = &"crm:/customers")]
            pub post: Option<super::text::RequestPath>,
            /// Sends a PUT to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::RequestPath", example = &"/workorders/{{ id }}/status")]
            pub put: Option<super::text::RequestPath>,
            /// Sends a PATCH to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::RequestPath", example = &"jpm:/jobs/{{ id }}")]
            pub patch: Option<super::text::RequestPath>,
            /// Sends a DELETE to this path.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::RequestPath", example = &"jpm:/appointments/{{ id }}/hold")]
            pub delete: Option<super::text::RequestPath>,
            /// Query parameters. Values are encoded; a null drops nothing and is an error, `omit` drops the key.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "indexmap::IndexMap<String, super::text::Value>", example = serde_json::json!({ "active": "Any" }))]
            pub query: Option<indexmap::IndexMap<String, super::text::Value>>,
            /// Headers of this request, beside the connector's.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "indexmap::IndexMap<String, super::text::Value>", example = serde_json::json!({ "Accept-Language": "en" }))]
            pub headers: Option<indexmap::IndexMap<String, super::text::Value>>,
            /// The JSON body: a tree of values.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "super::text::Value", example = serde_json::json!({ "name": "$.Subscriber.Name" }))]
            pub body: Option<super::text::Value>,
            /// The body as an HTML form.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "indexmap::IndexMap<String, super::text::Value>", example = serde_json::json!({ "note": "$.Note" }))]
            pub form: Option<indexmap::IndexMap<String, super::text::Value>>,
            /// The body as multipart/form-data.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Vec<super::request::Part>", example = serde_json::json!([{ "name": "file", "value": "$.Text" }]))]
            pub multipart: Option<Vec<super::request::Part>>,
        }

        impl $name {
            /// The methods that were written, with their paths: exactly one, or none where a request is optional.
            pub fn methods(&self) -> Vec<(super::request::Method, &super::text::RequestPath)> {
                use super::request::Method;
                [
                    (Method::Get, &self.get),
                    (Method::Post, &self.post),
                    (Method::Put, &self.put),
                    (Method::Patch, &self.patch),
                    (Method::Delete, &self.delete),
                ]
                .into_iter()
                .filter_map(|(method, path)| path.as_ref().map(|path| (method, path)))
                .collect()
            }

            /// The request without the fields around it.
            pub fn request(&self) -> super::request::RequestParts<'_> {
                super::request::RequestParts {
                    methods: self.methods(),
                    query: self.query.as_ref(),
                    headers: self.headers.as_ref(),
                    body: self.body.as_ref(),
                    form: self.form.as_ref(),
                    multipart: self.multipart.as_deref(),
                }
            }
        }
    };
}
pub(super) use with_request;

/// A request method, by the key it is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// `get:`
    Get,
    /// `post:`
    Post,
    /// `put:`
    Put,
    /// `patch:`
    Patch,
    /// `delete:`
    Delete,
}

impl Method {
    /// The key it is written with.
    pub fn key(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Patch => "patch",
            Method::Delete => "delete",
        }
    }

    /// As HTTP writes it.
    pub fn http(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// The request part of whatever carries one.
#[derive(Clone, Debug)]
pub struct RequestParts<'a> {
    /// The methods written, with their paths.
    pub methods: Vec<(Method, &'a super::text::RequestPath)>,
    /// `query:`
    pub query: Option<&'a indexmap::IndexMap<String, Value>>,
    /// `headers:`
    pub headers: Option<&'a indexmap::IndexMap<String, Value>>,
    /// `body:`
    pub body: Option<&'a Value>,
    /// `form:`
    pub form: Option<&'a indexmap::IndexMap<String, Value>>,
    /// `multipart:`
    pub multipart: Option<&'a [Part]>,
}
