//! What a request says: JSON, a form, or parts of several media types.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::text::{Texts, json, texts};
use super::{Place, RenderError};
use crate::lang::expr::{Datum, EvalError, Scope, ValueForm};
use crate::lang::plan::{Body, Origin, Request};

/// Renders what a request says, and notes its media type.
pub(in crate::engine::connect) fn body(
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
