//! Requests before they are authorised: rendered from the plan, every value encoded for its place.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value;
use thiserror::Error;
use url::Url;

use super::encode;
use super::paging::PageRequest;
use super::redact::Redactor;

use crate::lang::expr::{Datum, EvalError, Problem, Scope, ValueForm};
use crate::lang::plan::{self, Body, Origin, PathPiece, PathTemplate, QueryLists, Request};

/// A request without credentials: what the journal and letters may hold (S25).
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Headers of this request, beside the connector's.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Where it was said.
    pub origin: Origin,
}

impl HttpRequest {
    /// The same for requests that would do the same: method, address, media type and body.
    pub fn fingerprint(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        let content_type = self
            .headers
            .get(CONTENT_TYPE)
            .map_or(&[][..], HeaderValue::as_bytes);
        for part in [
            self.method.as_str().as_bytes(),
            self.url.as_str().as_bytes(),
            content_type,
        ] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.update(&self.body);
        hasher.finalize()
    }
}

/// Why a request could not be rendered. Nothing was sent; the same values fail again.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RenderError {
    /// An expression failed.
    #[error("{origin}: {place}: {error}")]
    Eval {
        /// Of the request.
        origin: Origin,
        /// In which part of it.
        place: Place,
        /// What failed.
        error: Box<EvalError>,
    },
    /// A value that has no text.
    #[error("{origin}: {place} is {what}; {help}")]
    Value {
        /// Of the request.
        origin: Origin,
        /// In which part of it.
        place: Place,
        /// What the value is.
        what: &'static str,
        /// What to do.
        help: &'static str,
    },
}

impl RenderError {
    /// The same, with secrets taken out of the texts that values left in it.
    pub(super) fn without_secrets(self, redactor: &Redactor) -> Self {
        match self {
            Self::Eval {
                origin,
                place,
                error,
            } => {
                let said = error.problem.to_string();
                let clean = redactor.clean(&said);
                let problem = if clean == said {
                    error.problem
                } else {
                    Problem::Function(clean)
                };
                Self::Eval {
                    origin,
                    place,
                    error: EvalError { problem, ..*error }.into(),
                }
            }
            Self::Value { .. } => self,
        }
    }
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A value in the path.
    Path,
    /// A query parameter.
    Query(Arc<str>),
    /// A header.
    Header(Arc<str>),
    /// The JSON body, with the place in it as a JSON pointer.
    Body(String),
    /// A field of a form.
    Form(Arc<str>),
    /// A part of a multipart body.
    Part(Arc<str>),
    /// The number of a page.
    PageNumber,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path => f.write_str("a value in the path"),
            Self::Query(name) => write!(f, "query parameter `{name}`"),
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Body(pointer) if pointer.is_empty() => f.write_str("the body"),
            Self::Body(pointer) => write!(f, "`{pointer}` of the body"),
            Self::Form(name) => write!(f, "form field `{name}`"),
            Self::Part(name) => write!(f, "part `{name}`"),
            Self::PageNumber => f.write_str("the page number"),
        }
    }
}

const OMIT_HELP: &str = "give it a `default('…')`, or drop it with `default(omit)`";

/// What a connector's requests have in common.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// Address that paths without a root are put behind, without a slash at its end.
    pub(super) plain: String,
    /// The same with each root behind it.
    pub(super) roots: Vec<(Arc<str>, String)>,
    query_lists: QueryLists,
    /// Scheme and host, parsed once for all requests.
    origin: Url,
    /// Bytes of scheme and host in the addresses above.
    origin_end: usize,
}

impl Base {
    /// All addresses begin with `plain`, which is `base_url` without a slash at its end.
    pub(super) fn new(
        base_url: &Url,
        plain: String,
        roots: Vec<(Arc<str>, String)>,
        query_lists: QueryLists,
    ) -> Self {
        let mut origin = base_url.clone();
        origin.set_path("");
        origin.set_query(None);
        let host = plain.find("://").map_or(0, |scheme| scheme + 3);
        let path = plain.get(host..).and_then(|rest| rest.find('/'));
        Self {
            origin_end: path.map_or(plain.len(), |path| host + path),
            plain,
            roots,
            query_lists,
            origin,
        }
    }

    /// The address that [`address`](Self::address) and [`query`](Self::query) wrote.
    fn url(&self, address: &str) -> Url {
        let rest = address.get(self.origin_end..).unwrap_or_default();
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let mut url = self.origin.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// What tells a request from another one: method, address and body, without headers.
    pub(super) fn signature(
        &self,
        request: &Request,
        scope: &Scope<'_>,
    ) -> Result<String, RenderError> {
        let mut address = self.address(&request.path, &request.origin, scope)?;
        self.query(request, scope, None, None, &mut address)?;
        let body = body(request, scope, &mut HeaderMap::new())?;
        let method = method(request.method);
        Ok(format!(
            "{method} {address} {}",
            String::from_utf8_lossy(&body)
        ))
    }

    /// Renders a request; `page` adds to it or replaces its address.
    pub(super) fn render(
        &self,
        request: &Request,
        scope: &Scope<'_>,
        page: Option<&PageRequest>,
        page_number: Option<(&Arc<str>, String)>,
    ) -> Result<HttpRequest, RenderError> {
        let origin = &request.origin;
        let url = match page.and_then(|page| page.url.clone()) {
            Some(url) => url,
            None => {
                let mut address = self.address(&request.path, origin, scope)?;
                self.query(request, scope, page, page_number, &mut address)?;
                self.url(&address)
            }
        };
        let mut headers = HeaderMap::new();
        for (name, form) in &request.headers {
            let place = || Place::Header(Arc::clone(name));
            if let Some(text) = scalar(form, scope, origin, &place)? {
                let (name, value) = header(name, &text).ok_or_else(|| RenderError::Value {
                    origin: origin.clone(),
                    place: place(),
                    what: "no legal header",
                    help: "a header has no line ends and no control characters",
                })?;
                headers.insert(name, value);
            }
        }
        let body = body(request, scope, &mut headers)?;
        Ok(HttpRequest {
            method: method(request.method),
            url,
            headers,
            body,
            origin: origin.clone(),
        })
    }

    fn address(
        &self,
        path: &PathTemplate,
        origin: &Origin,
        scope: &Scope<'_>,
    ) -> Result<String, RenderError> {
        let base = match &path.root {
            None => &self.plain,
            Some(root) => {
                let found = self.roots.iter().find(|(name, _)| name == root);
                &found.expect("the plan knows every root").1
            }
        };
        let mut address = String::with_capacity(base.len() + 64);
        address.push_str(base);
        let base_end = address.len();
        for piece in &path.pieces {
            match piece {
                PathPiece::Text(text) => address.push_str(text),
                PathPiece::Value(template) => {
                    let before = address.len();
                    template
                        .render_encoded(scope, &mut address, encode::segment)
                        .map_err(|error| RenderError::Eval {
                            origin: origin.clone(),
                            place: Place::Path,
                            error: error.into(),
                        })?;
                    if address.len() == before {
                        return Err(RenderError::Value {
                            origin: origin.clone(),
                            place: Place::Path,
                            what: "empty",
                            help: "it would address another resource",
                        });
                    }
                }
            }
        }
        let written = address.get(base_end..).unwrap_or_default();
        if !written.is_empty() && !written.starts_with('/') {
            address.insert(base_end, '/');
        }
        // A URL parser takes these for steps between folders, encoded or not.
        let steps = address.get(base_end..).unwrap_or_default().split('/');
        if steps.clone().any(|segment| matches!(segment, "." | "..")) {
            return Err(RenderError::Value {
                origin: origin.clone(),
                place: Place::Path,
                what: "`.` or `..`",
                help: "it would address another resource",
            });
        }
        Ok(address)
    }

    fn query(
        &self,
        request: &Request,
        scope: &Scope<'_>,
        page: Option<&PageRequest>,
        page_number: Option<(&Arc<str>, String)>,
        address: &mut String,
    ) -> Result<(), RenderError> {
        let paged = page.map_or(&[][..], |page| &page.query);
        let number = page_number
            .as_ref()
            .map(|(name, text)| (*name, text.as_str()));
        let added = || {
            paged
                .iter()
                .map(|(name, text)| (name, text.as_str()))
                .chain(number)
        };
        let mut separator = if address.contains('?') { '&' } else { '?' };
        let mut parameter = |name: &str, address: &mut String| {
            address.push(separator);
            separator = '&';
            encode::query_name(name, address);
            address.push('=');
        };
        for (name, form) in &request.query {
            if added().any(|(paged, _)| paged == name) {
                continue;
            }
            let place = || Place::Query(Arc::clone(name));
            match texts(form, scope, &request.origin, &place)? {
                Texts::None => {}
                Texts::One(text) => {
                    parameter(name, address);
                    encode::query_value(&text, address);
                }
                Texts::Several(items) => match self.query_lists {
                    QueryLists::Comma => {
                        parameter(name, address);
                        for (index, item) in items.iter().enumerate() {
                            if index > 0 {
                                address.push(',');
                            }
                            encode::query_value(item, address);
                        }
                    }
                    QueryLists::Repeat => {
                        for item in &items {
                            parameter(name, address);
                            encode::query_value(item, address);
                        }
                    }
                },
            }
        }
        for (name, text) in added() {
            parameter(name, address);
            encode::query_value(text, address);
        }
        Ok(())
    }
}

/// A header, if name and value are legal: no line ends, no control characters.
pub(super) fn header(name: &str, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((
        HeaderName::try_from(name).ok()?,
        HeaderValue::from_str(value).ok()?,
    ))
}

fn method(method: plan::Method) -> Method {
    match method {
        plan::Method::Get => Method::GET,
        plan::Method::Post => Method::POST,
        plan::Method::Put => Method::PUT,
        plan::Method::Patch => Method::PATCH,
        plan::Method::Delete => Method::DELETE,
    }
}

/// Renders what a request says, and notes its media type.
pub(super) fn body(
    request: &Request,
    scope: &Scope<'_>,
    headers: &mut HeaderMap,
) -> Result<Bytes, RenderError> {
    let origin = &request.origin;
    let (content_type, bytes) = match &request.body {
        Body::Empty => return Ok(Bytes::new()),
        Body::Json(form) => {
            let value = form.eval(scope).map_err(|error| RenderError::Eval {
                origin: origin.clone(),
                place: Place::Body(error.path.to_string()),
                error: error.error.into(),
            })?;
            let bytes = serde_json::to_vec(&value).expect("JSON values can be written");
            (HeaderValue::from_static("application/json"), bytes)
        }
        Body::Form(fields) => {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in fields {
                let place = || Place::Form(Arc::clone(name));
                match texts(value, scope, origin, &place)? {
                    Texts::None => {}
                    Texts::One(text) => {
                        form.append_pair(name, &text);
                    }
                    Texts::Several(items) => {
                        form.extend_pairs(items.iter().map(|item| (name.as_ref(), item)));
                    }
                }
            }
            let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            (content_type, form.finish().into_bytes())
        }
        Body::Multipart(parts) => multipart(parts, scope, origin)?,
    };
    headers.entry(CONTENT_TYPE).or_insert(content_type);
    Ok(bytes.into())
}

type Part = (
    Arc<str>,
    Option<crate::lang::expr::Template>,
    Option<Arc<str>>,
    ValueForm,
);

/// multipart/form-data (RFC 7578). The boundary is made from the parts, so that the same request is the same bytes.
fn multipart(
    parts: &[Part],
    scope: &Scope<'_>,
    origin: &Origin,
) -> Result<(HeaderValue, Vec<u8>), RenderError> {
    let mut rendered = Vec::with_capacity(parts.len());
    for (name, filename, content_type, value) in parts {
        let eval = |error: EvalError| RenderError::Eval {
            origin: origin.clone(),
            place: Place::Part(Arc::clone(name)),
            error: error.into(),
        };
        let datum = value.eval_datum(scope).map_err(|error| eval(error.error))?;
        if matches!(datum.resolved(), Datum::Omit) {
            continue;
        }
        let value = json(&datum, origin, &|| Place::Part(Arc::clone(name)))?;
        let content = match value {
            Value::String(text) => text,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => value.to_string(),
        };
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        if let Some(template) = filename {
            let mut filename = String::new();
            template.render(scope, &mut filename).map_err(eval)?;
            head.push_str("; filename=\"");
            head.push_str(&quoted(&filename));
            head.push('"');
        }
        if let Some(content_type) = content_type {
            head.push_str("\r\nContent-Type: ");
            head.push_str(&quoted(content_type));
        }
        rendered.push((head, content));
    }
    let mut hasher = blake3::Hasher::new();
    for (head, content) in &rendered {
        hasher.update(head.as_bytes());
        hasher.update(content.as_bytes());
    }
    let mut boundary = format!("syncline-{}", hasher.finalize().to_hex());
    while rendered
        .iter()
        .any(|(_, content)| content.contains(&boundary))
    {
        boundary.push('-');
    }
    let mut bytes = Vec::new();
    for (head, content) in &rendered {
        for piece in ["--", &boundary, "\r\n", head, "\r\n\r\n", content, "\r\n"] {
            bytes.extend_from_slice(piece.as_bytes());
        }
    }
    for piece in ["--", &boundary, "--\r\n"] {
        bytes.extend_from_slice(piece.as_bytes());
    }
    let content_type = format!("multipart/form-data; boundary={boundary}");
    Ok((
        HeaderValue::try_from(content_type).expect("a boundary is plain ASCII"),
        bytes,
    ))
}

/// Inside a quoted name of a part, as browsers write it.
fn quoted(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

enum Texts {
    None,
    One(String),
    Several(Vec<String>),
}

fn scalar(
    form: &ValueForm,
    scope: &Scope<'_>,
    origin: &Origin,
    place: &dyn Fn() -> Place,
) -> Result<Option<String>, RenderError> {
    match texts(form, scope, origin, place)? {
        Texts::None => Ok(None),
        Texts::One(text) => Ok(Some(text)),
        Texts::Several(_) => Err(RenderError::Value {
            origin: origin.clone(),
            place: place(),
            what: "a list",
            help: "use `join`",
        }),
    }
}

fn texts(
    form: &ValueForm,
    scope: &Scope<'_>,
    origin: &Origin,
    place: &dyn Fn() -> Place,
) -> Result<Texts, RenderError> {
    let value = |what, help| RenderError::Value {
        origin: origin.clone(),
        place: place(),
        what,
        help,
    };
    let datum = form.eval_datum(scope).map_err(|error| RenderError::Eval {
        origin: origin.clone(),
        place: place(),
        error: error.error.into(),
    })?;
    if matches!(datum.resolved(), Datum::Omit) {
        return Ok(Texts::None);
    }
    let text = |item: Value| match item {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Null => Err(value("null", OMIT_HELP)),
        Value::Object(_) => Err(value("a mapping", "use `tojson`")),
        Value::Array(_) => Err(value("a list inside a list", "use `join`")),
    };
    match json(&datum, origin, place)? {
        Value::Array(items) if items.is_empty() => {
            // A filter without a value would ask for everything.
            Err(value(
                "an empty list",
                "ask for it in `when`, or drop it with `omit`",
            ))
        }
        Value::Array(items) => Ok(Texts::Several(
            items.into_iter().map(text).collect::<Result<_, _>>()?,
        )),
        one @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => Ok(Texts::One(text(one)?)),
    }
}

fn json(datum: &Datum, origin: &Origin, place: &dyn Fn() -> Place) -> Result<Value, RenderError> {
    datum.to_json().map_err(|problem| RenderError::Eval {
        origin: origin.clone(),
        place: place(),
        error: EvalError {
            problem,
            expression: String::new(),
            range: 0..0,
        }
        .into(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lang::expr::{ExprEnv, Template};

    fn form(value: Value) -> ValueForm {
        let (form, errors) = ValueForm::compile(&ExprEnv::new(), &value);
        assert!(errors.is_empty(), "{errors:?}");
        form
    }

    fn pieces(text: &str) -> PathTemplate {
        let env = ExprEnv::new();
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (inside, behind) = after.split_once("}}").unwrap();
            pieces.push(PathPiece::Text(before.into()));
            let template = Template::compile(&env, &format!("{{{{{inside}}}}}")).unwrap();
            pieces.push(PathPiece::Value(template));
            rest = behind;
        }
        pieces.push(PathPiece::Text(rest.into()));
        PathTemplate { root: None, pieces }
    }

    fn request(path: &str, query: Value) -> Request {
        let Value::Object(query) = query else {
            panic!("a mapping")
        };
        Request {
            connector: "api".into(),
            method: plan::Method::Get,
            path: pieces(path),
            query: query
                .into_iter()
                .map(|(name, value)| (name.into(), form(value)))
                .collect(),
            headers: Vec::new(),
            body: Body::Empty,
            origin: Origin {
                file: "p.yaml".into(),
                line: 7,
            },
        }
    }

    fn base() -> Base {
        let root = "https://api.example/v3/crm/v2/tenant/1000";
        Base::new(
            &"https://api.example/v3/".parse().unwrap(),
            "https://api.example/v3".into(),
            vec![("crm".into(), root.into())],
            QueryLists::Comma,
        )
    }

    fn render(request: &Request, record: Value) -> Result<HttpRequest, RenderError> {
        let scope = Scope::new().with("record", Datum::from(record));
        base().render(request, &scope, None, None)
    }

    fn url(path: &str, query: Value, record: Value) -> String {
        render(&request(path, query), record)
            .unwrap()
            .url
            .to_string()
    }

    fn error(path: &str, query: Value, record: Value) -> String {
        render(&request(path, query), record)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn values_are_encoded_for_path_and_query() {
        assert_eq!(
            url(
                "/locations/{{ record.id }}/x",
                json!({}),
                json!({ "id": "a/b?c d" })
            ),
            "https://api.example/v3/locations/a%2Fb%3Fc%20d/x"
        );
        assert_eq!(
            url(
                "/odata/workorders",
                json!({
                    "$filter": "Name eq {{ record.name }} and Id gt {{ record.id }}",
                    "ids": "{{ record.ids }}",
                    "active": true,
                    "page": 1,
                    "gone": "{{ record.none | default(omit) }}",
                }),
                json!({ "name": "A&B+C", "id": 9_007_199_254_740_993_i64, "ids": [1, "x,y"] })
            ),
            "https://api.example/v3/odata/workorders?$filter=Name%20eq%20A%26B%2BC%20and%20Id%20gt%209007199254740993&ids=1,x%2Cy&active=true&page=1"
        );
    }

    #[test]
    fn lists_repeat_where_the_connector_says_so() {
        let base = Base {
            query_lists: QueryLists::Repeat,
            ..base()
        };
        let request = request("/x", json!({ "ids": [1, 2] }));
        let rendered = base.render(&request, &Scope::new(), None, None).unwrap();
        assert_eq!(rendered.url.query(), Some("ids=1&ids=2"));
    }

    #[test]
    fn a_root_stands_before_the_path() {
        let mut request = request("/customers", json!({}));
        request.path.root = Some("crm".into());
        assert_eq!(
            render(&request, json!({})).unwrap().url.as_str(),
            "https://api.example/v3/crm/v2/tenant/1000/customers"
        );
    }

    #[test]
    fn what_has_no_place_in_a_request_is_named_with_its_line() {
        let errors = [
            error("/x", json!({ "q": "{{ record.none }}" }), json!({})),
            error(
                "/x",
                json!({ "q": "{{ record.list }}" }),
                json!({ "list": [] }),
            ),
            error(
                "/x",
                json!({ "q": "{{ record.list }}" }),
                json!({ "list": [null] }),
            ),
            error("/x", json!({ "q": "{{ record }}" }), json!({ "a": 1 })),
            error("/x/{{ record.id }}", json!({}), json!({ "id": "" })),
            error("/x/{{ record.id }}", json!({}), json!({ "id": ".." })),
            error("/x/{{ record.id }}", json!({}), json!({})),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        p.yaml:7: query parameter `q` is null; give it a `default('…')`, or drop it with `default(omit)`
        p.yaml:7: query parameter `q` is an empty list; ask for it in `when`, or drop it with `omit`
        p.yaml:7: query parameter `q` is null; give it a `default('…')`, or drop it with `default(omit)`
        p.yaml:7: query parameter `q` is a mapping; use `tojson`
        p.yaml:7: a value in the path is empty; it would address another resource
        p.yaml:7: a value in the path is `.` or `..`; it would address another resource
        p.yaml:7: a value in the path: `record.id`: is null inside text; give it a `default('…')`, or ask for it in `when`
        ");
    }

    #[test]
    fn a_header_cannot_carry_another() {
        let mut request = request("/x", json!({}));
        request.headers = vec![("X-Note".into(), form(json!("{{ record.note }}")))];
        let error = render(&request, json!({ "note": "a\r\nX-Evil: 1" })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p.yaml:7: header `X-Note` is no legal header; a header has no line ends and no control characters"
        );
        let fine = render(&request, json!({ "note": 5 })).unwrap();
        assert_eq!(fine.headers["x-note"], "5");
    }

    #[test]
    fn bodies_are_json_forms_and_parts() {
        let mut request = request("/x", json!({}));
        request.body = Body::Json(form(
            json!({ "a": "{{ record.a }}", "b": ["{{ record.none | default(omit) }}"] }),
        ));
        let rendered = render(&request, json!({ "a": 1 })).unwrap();
        assert_eq!(&rendered.body[..], br#"{"a":1,"b":[]}"#);
        assert_eq!(rendered.headers[CONTENT_TYPE], "application/json");
        let failed = render(&request, json!({ "a": { "b": 1 } }));
        assert!(failed.is_ok(), "a mapping is a value of a body");

        request.body = Body::Form(vec![("note".into(), form(json!("{{ record.note }}")))]);
        let rendered = render(&request, json!({ "note": "a b&c=ü" })).unwrap();
        assert_eq!(&rendered.body[..], b"note=a+b%26c%3D%C3%BC");

        let filename = Template::compile(&ExprEnv::new(), "{{ record.file }}").unwrap();
        request.body = Body::Multipart(vec![
            (
                "meta".into(),
                None,
                Some("application/json".into()),
                form(json!({ "id": "{{ record.id }}" })),
            ),
            ("file".into(), Some(filename), None, form(json!("text"))),
        ]);
        let rendered = render(&request, json!({ "id": 5, "file": "a\"\r\n.txt" })).unwrap();
        let boundary = rendered.headers[CONTENT_TYPE]
            .to_str()
            .unwrap()
            .split_once('=')
            .unwrap()
            .1;
        let text = String::from_utf8(rendered.body.to_vec()).unwrap();
        insta::assert_snapshot!(text.replace(boundary, "BOUNDARY").replace('\r', ""), @r#"
        --BOUNDARY
        Content-Disposition: form-data; name="meta"
        Content-Type: application/json

        {"id":5}
        --BOUNDARY
        Content-Disposition: form-data; name="file"; filename="a%22%0D%0A.txt"

        text
        --BOUNDARY--
        "#);
    }

    #[test]
    fn the_fingerprint_tells_requests_apart() {
        let one = render(&request("/a", json!({ "x": 1 })), json!({})).unwrap();
        let same = render(&request("/a", json!({ "x": 1 })), json!({})).unwrap();
        let other = render(&request("/a", json!({ "x": 2 })), json!({})).unwrap();
        assert_eq!(one.fingerprint(), same.fingerprint());
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_page_adds_parameters_or_replaces_the_address() {
        let request = request("/x", json!({ "$skip": 3, "a": 1 }));
        let scope = Scope::new();
        let page = PageRequest {
            query: vec![("$skip".into(), "49".into())],
            ..PageRequest::default()
        };
        let name: Arc<str> = "page".into();
        let number = Some((&name, "2:50".to_owned()));
        let rendered = base()
            .render(&request, &scope, Some(&page), number)
            .unwrap();
        assert_eq!(rendered.url.query(), Some("a=1&$skip=49&page=2:50"));
        let next = Url::parse("https://api.example/v3/x?$skip=50").unwrap();
        let page = PageRequest {
            url: Some(next.clone()),
            ..PageRequest::default()
        };
        assert_eq!(
            base()
                .render(&request, &scope, Some(&page), None)
                .unwrap()
                .url,
            next
        );
    }
}
