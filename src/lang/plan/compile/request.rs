//! Requests: one method, a path in pieces, and values for query, headers and body.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::context::Context;
use super::scope::Scope;
use super::site::Site;
use super::values::{all, optional};
use crate::lang::config::{self, Method, RequestParts, text};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::ValueForm;
use crate::lang::plan::{
    Body, Content, FileSource, Part, PassedOn, PathPiece, PathTemplate, Request,
};

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) connector: &'a str,
    /// The roots of its paths; none when they are not known because the connector is broken.
    pub(super) roots: Option<&'a IndexMap<String, text::Template>>,
}

impl<'a> Target<'a> {
    /// A connector by name, with what is known of it.
    pub(super) fn of(name: &'a text::Name, api: Option<&super::connector::Api<'a>>) -> Self {
        Self {
            connector: name.as_str(),
            roots: api.map(|api| &api.config.roots),
        }
    }
}

/// Compiles the request written at `site`.
pub(super) fn compile(
    cx: &Context<'_>,
    site: &Site<'_>,
    target: Target<'_>,
    parts: &RequestParts<'_>,
    scope: &Scope,
) -> Option<Request> {
    let (method, path) = method(site, parts)?;
    let origin = site.key(method.key()).origin();
    let path = self::path(cx, &site.key(method.key()), target, path.as_str(), scope);
    let query = values(cx, &site.key("query"), parts.query, scope);
    let headers = values(cx, &site.key("headers"), parts.headers, scope);
    let body = body(cx, site, parts, scope);
    Some(Request {
        connector: target.connector.into(),
        method,
        path: path?,
        query: query?,
        headers: headers?,
        body: body?,
        origin,
    })
}

/// Exactly one method is written.
fn method<'a>(
    site: &Site<'_>,
    parts: &RequestParts<'a>,
) -> Option<(Method, &'a text::RequestPath)> {
    match parts.methods.as_slice() {
        [one] => Some(*one),
        [] => {
            site.fault_key(Code::MissingKey, "there is no request here")
                .label("needs one of `get`, `post`, `put`, `patch` and `delete`")
                .help("for example `get: /workorders/{{ key }}`")
                .report();
            None
        }
        [first, second, ..] => {
            site.key(second.0.key())
                .fault_key(
                    Code::TooManyChoices,
                    format!(
                        "a request has both `{}` and `{}`",
                        first.0.key(),
                        second.0.key()
                    ),
                )
                .label("only one method may stand here")
                .also(site.key(first.0.key()).key_span(), "the first one")
                .report();
            None
        }
    }
}

fn values(
    cx: &Context<'_>,
    site: &Site<'_>,
    written: Option<&IndexMap<String, text::Value>>,
    scope: &Scope,
) -> Option<Vec<(Arc<str>, ValueForm)>> {
    all(written.into_iter().flatten().map(|(name, value)| {
        let (form, _) = cx.values.value(&site.key(name.as_str()), &value.0, scope)?;
        Some((Arc::from(name.as_str()), form))
    }))
}

fn body(
    cx: &Context<'_>,
    site: &Site<'_>,
    parts: &RequestParts<'_>,
    scope: &Scope,
) -> Option<Body> {
    let written: Vec<&str> = [
        ("body", parts.body.is_some()),
        ("form", parts.form.is_some()),
        ("multipart", parts.multipart.is_some()),
    ]
    .into_iter()
    .filter_map(|(key, there)| there.then_some(key))
    .collect();
    if let [first, second, ..] = written.as_slice() {
        site.key(*second)
            .fault_key(
                Code::TooManyChoices,
                format!("a request has both `{first}` and `{second}`"),
            )
            .label("only one kind of body may stand here")
            .also(site.key(*first).key_span(), "the first one")
            .report();
    }
    let json = optional(parts.body, |body| {
        cx.values
            .value(&site.key("body"), &body.0, scope)
            .map(|(form, _)| form)
    });
    let form = parts
        .form
        .map(|form| values(cx, &site.key("form"), Some(form), scope));
    let multipart = parts.multipart.map(|written| {
        let list = site.key("multipart");
        all(written
            .iter()
            .enumerate()
            .map(|(index, part)| self::part(cx, &list.index(index), part, scope)))
    });
    match (json?, form, multipart) {
        (Some(json), ..) => Some(Body::Json(json)),
        (None, Some(form), _) => form.map(Body::Form),
        (None, None, Some(parts)) => parts.map(Body::Multipart),
        (None, None, None) => Some(Body::Empty),
    }
}

fn part(cx: &Context<'_>, site: &Site<'_>, part: &config::Part, scope: &Scope) -> Option<Part> {
    let filename = optional(part.filename.as_ref(), |name| {
        cx.values.text(&site.key("filename"), name.as_str(), scope)
    });
    let content = match (&part.value, &part.from) {
        (Some(value), None) => cx
            .values
            .value(&site.key("value"), &value.0, scope)
            .map(|(form, _)| Content::Value(form)),
        (None, Some(from)) => passed_on(cx, &site.key("from"), from, scope),
        (Some(_), Some(_)) => {
            site.key("from")
                .fault_key(Code::TooManyChoices, "a part has both `value` and `from`")
                .label("only one of them may stand here")
                .also(site.key("value").key_span(), "the first one")
                .report();
            None
        }
        (None, None) => {
            site.fault_key(Code::MissingKey, "this part has no content")
                .label("needs `value` or `from`")
                .report();
            None
        }
    };
    Some(Part {
        name: part.name.as_str().into(),
        filename: filename?,
        content_type: part.content_type.as_deref().map(Arc::from),
        content: content?,
    })
}

/// A file that is passed on: its connector must say where links may lead.
fn passed_on(
    cx: &Context<'_>,
    site: &Site<'_>,
    from: &config::PassedOn,
    scope: &Scope,
) -> Option<Content> {
    const MEGABYTE: u64 = 1 << 20;
    let name = from.connector.as_str();
    let Some(connector) = cx.connector(name) else {
        super::values::Unknown {
            code: Code::UnknownConnector,
            what: "connector",
            of: None,
            several: "connectors",
        }
        .at(&site.key("connector"), name, cx.connector_names());
        return None;
    };
    if connector.download_hosts.is_empty() {
        site.key("connector")
            .fault(
                Code::DownloadNotAllowed,
                format!("`{name}` does not say where its links may lead"),
            )
            .label("has no `download_hosts`")
            .help("say under `download_hosts` of the connector which hosts its files are on")
            .report();
    }
    let source = match (&from.link, &from.get) {
        (Some(link), None) => cx
            .values
            .text(&site.key("link"), link.as_str(), scope)
            .map(FileSource::Link),
        (None, Some(path)) => {
            let target = Target {
                connector: name,
                roots: Some(&connector.roots),
            };
            let parts = RequestParts {
                methods: vec![(Method::Get, path)],
                query: None,
                headers: None,
                body: None,
                form: None,
                multipart: None,
            };
            compile(cx, site, target, &parts, scope).map(FileSource::Call)
        }
        (Some(_), Some(_)) | (None, None) => {
            site.fault_key(Code::MissingKey, "where the file is must be said once")
                .label("needs `link` or `get`")
                .report();
            None
        }
    };
    Some(Content::File(Box::new(PassedOn {
        connector: name.into(),
        source: source?,
        max: u64::from(from.max_mb.unwrap_or(100)) * MEGABYTE,
    })))
}

/// A path: a root, literal text, and expressions that are each encoded for their place.
fn path(
    cx: &Context<'_>,
    site: &Site<'_>,
    target: Target<'_>,
    text: &str,
    scope: &Scope,
) -> Option<PathTemplate> {
    let (root, rest) = split_root(text);
    let offset = text.len() - rest.len();
    if let (Some(root), Some(roots)) = (root, target.roots) {
        unknown_root(site, root, roots, target.connector);
    }
    if !rest.starts_with('/') {
        let draft = site.fault_within(
            offset..text.len(),
            Code::BadUrl,
            format!("the path `{rest}` does not begin with `/`"),
        );
        let draft = if rest.starts_with("http") {
            draft.help("the address stands in the connector's `base_url`; here is only what comes after it")
        } else if root.is_none() && rest.contains(":/") {
            draft.help("a root is a small letter, then small letters, digits or `_`")
        } else {
            draft.help(format!("write `/{rest}`"))
        };
        draft.report();
    }
    if let Some(at) = rest.find('?').filter(|at| !in_expression(rest, *at)) {
        site.fault_within(
            offset + at..text.len(),
            Code::BadUrl,
            "a path with a query in it",
        )
        .label("is not encoded here")
        .help("write parameters under `query`; they are encoded there")
        .report();
    }
    if rest.contains("{%") {
        let template = cx.values.text_at(site, rest, offset, scope)?;
        return Some(PathTemplate {
            root: root.map(Arc::from),
            pieces: vec![PathPiece::Value(template)],
        });
    }
    let pieces = all(pieces(rest).into_iter().map(|piece| match piece {
        Piece::Text(range) => Some(PathPiece::Text(rest.get(range)?.into())),
        Piece::Expression(range) => {
            let start = offset + range.start;
            cx.values
                .text_at(site, rest.get(range)?, start, scope)
                .map(PathPiece::Value)
        }
    }));
    Some(PathTemplate {
        root: root.map(Arc::from),
        pieces: pieces?,
    })
}

fn unknown_root(
    site: &Site<'_>,
    root: &str,
    roots: &IndexMap<String, text::Template>,
    connector: &str,
) {
    if roots.contains_key(root) {
        return;
    }
    let known = || roots.keys().map(String::as_str);
    let draft = site
        .fault_within(
            0..root.len(),
            Code::UnknownRoot,
            format!("there is no root `{root}` in `{connector}`"),
        )
        .help_opt(suggest::help(root, "roots", known()));
    match suggest::nearest(root, known()) {
        Some(near) => draft.instead(near).report(),
        None => draft.report(),
    }
}

/// `crm:/customers` as its root and what comes after it.
fn split_root(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((root, rest)) if super::words::is_identifier(root) && !rest.starts_with("//") => {
            (Some(root), rest)
        }
        _ => (None, text),
    }
}

#[derive(Debug, PartialEq)]
enum Piece {
    Text(Range<usize>),
    Expression(Range<usize>),
}

/// A text cut at its expressions. One that is not closed is left to the compiler to complain about.
fn pieces(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find("{{")) {
        let open = from + open;
        let end = expression_end(text, open);
        if open > from {
            found.push(Piece::Text(from..open));
        }
        found.push(Piece::Expression(open..end));
        from = end;
    }
    if from < text.len() {
        found.push(Piece::Text(from..text.len()));
    }
    found
}

/// Where the expression that begins at `open` ends; quotes may hold braces.
fn expression_end(text: &str, open: usize) -> usize {
    let mut quote = None;
    let mut last = ' ';
    for (at, char) in text.char_indices().skip_while(|(at, _)| *at < open + 2) {
        match quote {
            Some(mark) if char == mark => quote = None,
            None if char == '\'' || char == '"' => quote = Some(char),
            None if char == '}' && last == '}' => return at + 1,
            Some(_) | None => {}
        }
        last = char;
    }
    text.len()
}

fn in_expression(text: &str, at: usize) -> bool {
    pieces(text)
        .iter()
        .any(|piece| matches!(piece, Piece::Expression(range) if range.contains(&at)))
}

/// The scalars of everything that a request sends, with where they stand: for rules about what is said there.
pub(super) fn scalars<'a, 'p>(
    site: &Site<'p>,
    parts: &RequestParts<'a>,
) -> Vec<(Site<'p>, &'a str)> {
    let mut found = Vec::new();
    for (method, path) in &parts.methods {
        found.push((site.key(method.key()), path.as_str()));
    }
    for (key, values) in [
        ("query", parts.query),
        ("headers", parts.headers),
        ("form", parts.form),
    ] {
        for (name, value) in values.into_iter().flatten() {
            strings(&site.key(key).key(name.as_str()), &value.0, &mut found);
        }
    }
    if let Some(body) = parts.body {
        strings(&site.key("body"), &body.0, &mut found);
    }
    for (index, part) in parts.multipart.into_iter().flatten().enumerate() {
        let site = site.key("multipart").index(index);
        if let Some(name) = &part.filename {
            found.push((site.key("filename"), name.as_str()));
        }
        if let Some(value) = &part.value {
            strings(&site.key("value"), &value.0, &mut found);
        }
        let link = part.from.as_ref().and_then(|from| from.link.as_ref());
        if let Some(link) = link {
            found.push((site.key("from").key("link"), link.as_str()));
        }
    }
    found
}

/// The scalars of a value that are text.
pub(super) fn strings<'a, 'p>(
    site: &Site<'p>,
    json: &'a Json,
    found: &mut Vec<(Site<'p>, &'a str)>,
) {
    match json {
        Json::String(text) => found.push((site.clone(), text)),
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                strings(&site.index(index), item, found);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                strings(&site.key(key.as_str()), member, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        pieces(text)
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(range) | Piece::Expression(range) => text.get(range).unwrap(),
            })
            .collect()
    }

    #[test]
    fn a_path_is_cut_at_its_expressions() {
        assert_eq!(cut("/a/{{ x }}/b"), ["/a/", "{{ x }}", "/b"]);
        assert_eq!(cut("{{ a }}{{ b }}"), ["{{ a }}", "{{ b }}"]);
        assert_eq!(
            cut("/{{ {'k': '}}'}['k'] }}"),
            ["/", "{{ {'k': '}}'}['k'] }}"]
        );
        assert_eq!(cut("/{{ open"), ["/", "{{ open"]);
        assert_eq!(cut(""), Vec::<&str>::new());
    }

    #[test]
    fn roots_are_words_before_a_colon() {
        assert_eq!(split_root("crm:/customers"), (Some("crm"), "/customers"));
        assert_eq!(split_root("/a:b"), (None, "/a:b"));
        assert_eq!(split_root("https://x"), (None, "https://x"));
    }
}
