//! What a request says: JSON, a form, or parts of several media types.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::text::{Texts, json, texts};
use super::{Place, RenderError};
use crate::lang::expr::{Datum, EvalError, Scope};
use crate::lang::plan::{Body, Content, Origin, Part, Request};

/// What a request says.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::connect) struct Said {
    /// All of it, with a word in the place of each file.
    pub(in crate::engine::connect) body: Bytes,
    /// Where files are passed on, what comes before, between and after them; else nothing.
    pub(in crate::engine::connect) pieces: Vec<Bytes>,
}

/// Renders what a request says, and notes its media type.
pub(in crate::engine::connect) fn body(
    request: &Request,
    scope: &Scope<'_>,
    headers: &mut HeaderMap,
) -> Result<Said, RenderError> {
    let origin = &request.origin;
    let mut pieces = Vec::new();
    let (content_type, bytes) = match &request.body {
        Body::Empty => return Ok(Said::default()),
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
        Body::Multipart(parts) => {
            let (content_type, shown, around) = multipart(parts, scope, origin)?;
            pieces = around;
            (content_type, shown)
        }
    };
    headers.entry(CONTENT_TYPE).or_insert(content_type);
    Ok(Said {
        body: bytes.into(),
        pieces,
    })
}

/// multipart/form-data (RFC 7578). The boundary is made from the parts, so that the same request is the same bytes.
/// Where a file is passed on, its own bytes are not among them: a piece ends where they belong, and what stands for
/// them in the text of the request says so.
fn multipart(
    parts: &[Part],
    scope: &Scope<'_>,
    origin: &Origin,
) -> Result<(HeaderValue, Vec<u8>, Vec<Bytes>), RenderError> {
    let mut rendered = Vec::with_capacity(parts.len());
    for part in parts {
        let eval = |error: EvalError| RenderError::Eval {
            origin: origin.clone(),
            place: Place::Part(Arc::clone(&part.name)),
            error: error.into(),
        };
        let content = match &part.content {
            Content::File(_) => None,
            Content::Value(value) => {
                let datum = value.eval_datum(scope).map_err(|error| eval(error.error))?;
                if matches!(datum.resolved(), Datum::Omit) {
                    continue;
                }
                let value = json(&datum, origin, &|| Place::Part(Arc::clone(&part.name)))?;
                Some(match value {
                    Value::String(text) => text,
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::Array(_)
                    | Value::Object(_) => value.to_string(),
                })
            }
        };
        let name = quoted(&part.name);
        let mut head = format!("Content-Disposition: form-data; name=\"{name}\"");
        if let Some(template) = &part.filename {
            let mut filename = String::new();
            template.render(scope, &mut filename).map_err(eval)?;
            head.push_str("; filename=\"");
            head.push_str(&quoted(&filename));
            head.push('"');
        }
        if let Some(content_type) = &part.content_type {
            head.push_str("\r\nContent-Type: ");
            head.push_str(&quoted(content_type));
        }
        rendered.push((head, content));
    }
    let boundary = boundary(&rendered);
    let mut pieces = vec![Vec::new()];
    for (head, content) in &rendered {
        let last = pieces.last_mut().expect("there is one from the start");
        for text in ["--", &boundary, "\r\n", head, "\r\n\r\n"] {
            last.extend_from_slice(text.as_bytes());
        }
        match content {
            Some(content) => last.extend_from_slice(content.as_bytes()),
            None => pieces.push(Vec::new()),
        }
        let last = pieces.last_mut().expect("there is one from the start");
        last.extend_from_slice(b"\r\n");
    }
    let last = pieces.last_mut().expect("there is one from the start");
    for text in ["--", &boundary, "--\r\n"] {
        last.extend_from_slice(text.as_bytes());
    }
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let content_type = HeaderValue::try_from(content_type).expect("a boundary is plain ASCII");
    let shown = pieces.join(&b"(a file that is passed on)"[..]);
    let pieces = match pieces.len() {
        1 => Vec::new(),
        _ => pieces.into_iter().map(Bytes::from).collect(),
    };
    Ok((content_type, shown, pieces))
}

/// A line that no text among the parts contains. A file is as likely to contain a hash of them as to be guessed.
fn boundary(parts: &[(String, Option<String>)]) -> String {
    let mut hasher = blake3::Hasher::new();
    for (head, content) in parts {
        hasher.update(head.as_bytes());
        hasher.update(content.as_deref().unwrap_or_default().as_bytes());
    }
    let mut boundary = format!("syncline-{}", hasher.finalize().to_hex());
    let texts = || parts.iter().filter_map(|(_, content)| content.as_deref());
    while texts().any(|content| content.contains(&boundary)) {
        boundary.push('-');
    }
    boundary
}

/// Inside a quoted name of a part, as browsers write it.
fn quoted(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}
