//! One endpoint: what it is called, who may ask, what it takes and gives, and the function that does it. The types of
//! the function are the types of the document.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Query, RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::Admin;
use super::super::auth::{Caller, Denied, Scope};
use super::problem::Problem;

/// Says for whom the command line asks.
pub(super) const BY: &str = "syncline-by";
/// Proves that a request of a session comes from our own pages.
const CSRF: &str = "x-csrf-token";

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever has a token with this scope, or more.
    Scope(Scope),
}

/// What is told of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its address, below `/v1`.
    pub path: &'static str,
    /// Its name, for programs that are made from the document.
    pub name: &'static str,
    /// Who may ask.
    pub needs: Needs,
    /// What it does.
    pub summary: &'static str,
}

/// An endpoint.
pub(super) struct Operation {
    pub(super) endpoint: Endpoint,
    /// The type of its query.
    pub(super) query: fn(&mut SchemaGenerator) -> Schema,
    /// The type of its body; none where it takes none.
    pub(super) body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The type of its reply.
    pub(super) reply: fn(&mut SchemaGenerator) -> Schema,
    handler: Handler,
}

type Handled = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;
type Handler = Arc<dyn Fn(Raw) -> Handled + Send + Sync>;

/// A request whose types are not known yet.
struct Raw {
    admin: Arc<Admin>,
    caller: Caller,
    path: HashMap<String, String>,
    uri: axum::http::Uri,
    body: Bytes,
}

/// A request.
pub(super) struct Call<Q = Nothing, B = Nothing> {
    pub(super) admin: Arc<Admin>,
    pub(super) caller: Caller,
    pub(super) query: Q,
    pub(super) body: B,
    path: HashMap<String, String>,
}

impl<Q, B> Call<Q, B> {
    /// A part of the address.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path
            .get(name)
            .expect("the address in the table names its parts as its function does")
    }

    pub(super) fn tenant(&self) -> &str {
        self.part("tenant")
    }
}

/// No query, or no body.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl Operation {
    /// Something that is looked at.
    pub(super) fn get<Q, R, F>(
        path: &'static str,
        name: &'static str,
        summary: &'static str,
        does: fn(Call<Q>) -> F,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema,
        F: Future<Output = Result<R, Problem>> + Send + 'static,
    {
        let endpoint = Endpoint {
            method: Method::GET,
            path,
            name,
            needs: Needs::Scope(Scope::Read),
            summary,
        };
        Self::of(endpoint, None, does)
    }

    /// Something that is done. It is done to its end, also when whoever asked goes away.
    pub(super) fn post<B, R, F>(
        scope: Scope,
        path: &'static str,
        name: &'static str,
        summary: &'static str,
        does: fn(Call<Nothing, B>) -> F,
    ) -> Self
    where
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema,
        F: Future<Output = Result<R, Problem>> + Send + 'static,
    {
        let endpoint = Endpoint {
            method: Method::POST,
            path,
            name,
            needs: Needs::Scope(scope),
            summary,
        };
        let body: fn(&mut SchemaGenerator) -> Schema = SchemaGenerator::subschema_for::<B>;
        Self::of(endpoint, Some(body), does)
    }

    fn of<Q, B, R, F>(
        endpoint: Endpoint,
        body: Option<fn(&mut SchemaGenerator) -> Schema>,
        does: fn(Call<Q, B>) -> F,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + JsonSchema,
        F: Future<Output = Result<R, Problem>> + Send + 'static,
    {
        let handler = move |raw: Raw| -> Handled {
            Box::pin(async move {
                let query: Query<Q> = Query::try_from_uri(&raw.uri)
                    .map_err(|error| Problem::bad_query(&error.body_text()))?;
                let body = read_body(&raw.body)?;
                let reply = does(Call {
                    admin: raw.admin,
                    caller: raw.caller,
                    query: query.0,
                    body,
                    path: raw.path,
                });
                Ok(Json(reply.await?).into_response())
            })
        };
        Self {
            endpoint,
            query: <Q as JsonSchema>::json_schema,
            body,
            reply: SchemaGenerator::subschema_for::<R>,
            handler: Arc::new(handler),
        }
    }

    /// For anybody.
    pub(super) fn open(mut self) -> Self {
        self.endpoint.needs = Needs::Nothing;
        self
    }

    /// As the listener knows it.
    pub(super) fn route(self) -> MethodRouter<Arc<Admin>> {
        let filter = MethodFilter::try_from(self.endpoint.method.clone())
            .expect("the table has common methods only");
        let (endpoint, handler) = (self.endpoint, self.handler);
        let answer =
            move |State(admin): State<Arc<Admin>>, path: RawPathParams, request: Request| {
                let (endpoint, handler) = (endpoint.clone(), handler.clone());
                async move {
                    match answer(&endpoint, &handler, admin, &path, request).await {
                        Ok(response) => response,
                        Err(problem) => problem.into_response(),
                    }
                }
            };
        on(filter, answer)
    }
}

async fn answer(
    endpoint: &Endpoint,
    handler: &Handler,
    admin: Arc<Admin>,
    path: &RawPathParams,
    request: Request,
) -> Result<Response, Problem> {
    let caller = caller(endpoint, &admin, request.headers())?;
    let path = path
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let uri = request.uri().clone();
    let writes = endpoint.method != Method::GET;
    if writes && !is_json(request.headers()) {
        return Err(Problem::not_json());
    }
    let body = if writes {
        Bytes::from_request(request, &admin)
            .await
            .map_err(|refused| Problem::unread_body(refused.status(), &refused.body_text()))?
    } else {
        Bytes::new()
    };
    let engine = admin.engine.clone();
    let done = handler(Raw {
        admin,
        caller,
        path,
        uri,
        body,
    });
    if writes {
        engine.to_its_end(done).await
    } else {
        done.await
    }
}

/// Who asks, if whoever asks may.
fn caller(endpoint: &Endpoint, admin: &Admin, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Needs::Scope(scope) = endpoint.needs else {
        return Ok(Caller::nobody());
    };
    let mut caller = admin.access.caller(headers).ok_or(Denied::Unknown)?;
    if caller.scope < scope {
        return Err(Denied::Needs(scope).into());
    }
    if endpoint.method != Method::GET
        && let Some(known) = &caller.csrf
        && headers.get(CSRF).map(HeaderValue::as_bytes) != Some(known.as_bytes())
    {
        return Err(Problem::not_from_our_pages());
    }
    if caller.is_command_line()
        && let Some(by) = headers.get(BY).and_then(|by| by.to_str().ok())
    {
        by.clone_into(&mut caller.name);
    }
    Ok(caller)
}

/// A request without a body needs not say what it is.
fn is_json(headers: &HeaderMap) -> bool {
    let empty = headers
        .get(header::CONTENT_LENGTH)
        .is_none_or(|length| length.as_bytes() == b"0")
        && !headers.contains_key(header::TRANSFER_ENCODING);
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return empty;
    };
    let given = given.to_str().unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    empty || essence.eq_ignore_ascii_case("application/json")
}

/// Nothing stands for an object without members. A list of their values, which serde would take too, is none.
fn read_body<B: DeserializeOwned>(body: &Bytes) -> Result<B, Problem> {
    let refused = |why: &str| Problem::unread_body(StatusCode::BAD_REQUEST, why);
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(refused("a list is given where an object is wanted"));
    }
    serde_json::from_slice(body).map_err(|error| refused(&error.to_string()))
}
