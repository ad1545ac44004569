//! Reads: one reply, one record, or a list to its end.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use url::Url;

use super::attempt::key_text;
use super::failure::{Class, Failure};
use super::progress::Tick;
use super::tenant::TenantRun;
use super::trace;
use crate::engine::connect::paging::{
    Page, PageRequest, PagingError, Purpose, Row, Scan, ScanStart, Style, Then, content_hash,
    page_number, reply_facts,
};
use crate::engine::connect::{Connection, HttpRequest, NoHooks, Priority, Reply, ReplyBody};
use crate::engine::record::{PipelineName, RecordKey};
use crate::lang::expr::{Datum, Query, Scope};
use crate::lang::plan::{Origin, Paging, Request};

/// A list that was read.
pub(crate) struct List {
    /// Its rows, in order.
    pub(crate) items: Vec<Arc<Json>>,
    /// It did not end within its page cap.
    pub(crate) capped: bool,
}

/// A request as it would be sent, without credentials.
pub(crate) fn render(
    tenant: &TenantRun,
    request: &Request,
    scope: &Scope<'_>,
) -> Result<HttpRequest, Failure> {
    tenant
        .connection(&request.connector)
        .render(request, scope)
        .map_err(|error| Failure::broken(error.to_string(), &request.origin))
}

/// Sends a request that changes nothing.
pub(crate) async fn send(
    tenant: &TenantRun,
    request: &Request,
    rendered: &HttpRequest,
    asker: Asker<'_>,
) -> Result<Reply, Failure> {
    let connection = tenant.connection(&request.connector);
    let admission = connection
        .admit(asker.priority, asker.pipeline)
        .await
        .map_err(|pause| Failure::paused(&pause, &request.connector, &request.origin))?;
    tenant.progress.tick(Tick::Request);
    connection
        .send(admission, rendered, &NoHooks)
        .await
        .map_err(|failure| {
            let shown = trace::exchange(rendered, failure.reply.as_deref());
            Failure::from_reply(*failure, &request.connector, &request.origin).with_exchange(shown)
        })
}

/// Who asks: decides the order in which requests are sent (S39).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// What it is for.
    pub(crate) priority: Priority,
    /// For which pipeline.
    pub(crate) pipeline: &'a PipelineName,
}

/// The reply of a request as expressions see it.
pub(crate) async fn read_reply(
    tenant: &TenantRun,
    request: &Request,
    scope: &Scope<'_>,
    asker: Asker<'_>,
) -> Result<Datum, Failure> {
    let rendered = render(tenant, request, scope)?;
    let reply = send(tenant, request, &rendered, asker).await?;
    Ok(Datum::Json(body(&reply)))
}

/// One record; none when the reply is a list that does not hold it.
pub(crate) async fn read_one(
    tenant: &TenantRun,
    request: &Request,
    scope: &Scope<'_>,
    found: Option<&Query>,
    asker: Asker<'_>,
) -> Result<Option<Arc<Json>>, Failure> {
    let rendered = render(tenant, request, scope)?;
    let reply = send(tenant, request, &rendered, asker).await?;
    let body = body(&reply);
    Ok(match found {
        None if body.is_null() => None,
        None => Some(body),
        Some(path) => path
            .first(&body)
            .cloned()
            .filter(|found| !found.is_null())
            .map(Arc::new),
    })
}

/// A list to its end. `records` none: the reply itself is the one row.
pub(crate) async fn read_all(
    tenant: &TenantRun,
    request: &Request,
    scope: &Scope<'_>,
    paging: Option<&Paging>,
    records: Option<&Query>,
    asker: Asker<'_>,
) -> Result<List, Failure> {
    let rendered = render(tenant, request, scope)?;
    read_rendered(tenant, request, rendered, paging, records, asker).await
}

/// A list to its end, from a request that was rendered before.
pub(crate) async fn read_rendered(
    tenant: &TenantRun,
    request: &Request,
    rendered: HttpRequest,
    paging: Option<&Paging>,
    records: Option<&Query>,
    asker: Asker<'_>,
) -> Result<List, Failure> {
    let connection = tenant.connection(&request.connector);
    let paging_failed = |error: PagingError| {
        let mut failure = Failure::of(
            Class::Paging,
            error.to_string(),
            Some(request.origin.clone()),
        );
        failure.connector = Some(request.connector.clone());
        failure
    };
    let mut scan = Scan::start(ScanStart {
        style: Style::new(paging, connection.link_rules(), None),
        cursor: None,
        watermark: None,
        position: None,
        started: tenant.clock.now(),
        purpose: Purpose::Poll,
    })
    .map_err(paging_failed)?;
    let mut list = List {
        items: Vec::new(),
        capped: false,
    };
    let mut known = std::collections::HashSet::new();
    loop {
        let page = match scan.next() {
            Ok(page) => page,
            Err(PagingError::PageCap { .. }) => {
                list.capped = true;
                return Ok(list);
            }
            Err(error) => return Err(paging_failed(error)),
        };
        let asked = tenant.clock.now();
        let rendered = with_page(rendered.clone(), &page, paging, &request.origin)?;
        let reply = send(tenant, request, &rendered, asker).await?;
        let body = into_body(reply);
        let facts = reply_facts(paging, &body);
        let rows: Vec<Arc<Json>> = match (records, Arc::try_unwrap(body)) {
            (Some(path), Ok(body)) => path.into_all(body).into_iter().map(Arc::new).collect(),
            (Some(path), Err(body)) => path.all(&body).into_iter().cloned().map(Arc::new).collect(),
            (None, Ok(body)) if body.is_null() => Vec::new(),
            (None, Ok(body)) => vec![Arc::new(body)],
            (None, Err(body)) => vec![body],
        };
        let marks: Vec<Row> = rows.iter().map(|row| mark(row)).collect();
        // A page may be given out twice when rows move; the list holds each row once.
        list.items.extend(
            rows.into_iter()
                .zip(&marks)
                .filter(|(_, mark)| known.insert(mark.content))
                .map(|(row, _)| row),
        );
        let verdict = scan
            .accept(&Page {
                rows: marks,
                facts,
                asked,
            })
            .map_err(paging_failed)?;
        if let Then::Finished { .. } = verdict.then {
            return Ok(list);
        }
    }
}

/// The body of a reply as JSON; null when it is none.
pub(crate) fn body(reply: &Reply) -> Arc<Json> {
    reply.json().cloned().unwrap_or_default()
}

/// The same of a reply that is not needed any more.
pub(crate) fn into_body(reply: Reply) -> Arc<Json> {
    match reply.body {
        ReplyBody::Json(body) => body,
        ReplyBody::Text(_) | ReplyBody::Empty => Arc::default(),
    }
}

/// A row of a list that has no declared key: its content stands for it.
fn mark(row: &Json) -> Row {
    let text = row.to_string();
    let content = content_hash(text.as_bytes());
    let id = row
        .get("id")
        .or_else(|| row.get("Id"))
        .and_then(|id| key_text(&Datum::from(id.clone())));
    Row {
        key: RecordKey::from(id.unwrap_or_else(|| content.to_string())),
        cursor: None,
        tie: None,
        content,
    }
}

/// A request that was rendered before, for one page.
fn with_page(
    mut rendered: HttpRequest,
    page: &PageRequest,
    paging: Option<&Paging>,
    origin: &Origin,
) -> Result<HttpRequest, Failure> {
    if let Some(url) = &page.url {
        rendered.url = url.clone();
        return Ok(rendered);
    }
    for (name, value) in &page.query {
        set_query(&mut rendered.url, name, value);
    }
    if let Some(number) = &page.number {
        let text = page_number(paging, number)
            .map_err(|error| Failure::broken(error.to_string(), origin))?;
        set_query(&mut rendered.url, &number.param, &text);
    }
    Ok(rendered)
}

/// Gives a query parameter a value, in place of the one it has.
fn set_query(url: &mut Url, name: &str, value: &str) {
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(known, _)| known != name)
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    url.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair(name, value);
}

/// A request as the journal keeps it: without credentials, and without the address of the API, which may move.
pub(crate) fn request_json(request: &HttpRequest) -> Json {
    json!({
        "method": request.method.as_str(),
        "path": path_and_query(request),
        "body": String::from_utf8_lossy(&request.body),
    })
}

/// A request that the journal kept.
pub(crate) fn request_from_json(
    connection: &Connection,
    kept: &Json,
    origin: &Origin,
) -> Option<HttpRequest> {
    let text = |name: &str| kept.get(name).and_then(Json::as_str);
    let body = text("body").unwrap_or_default();
    let mut headers = http::HeaderMap::new();
    if !body.is_empty() {
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
    }
    let url = connection.link_rules().base.join(text("path")?).ok()?;
    let method = text("method")?.parse().ok()?;
    Some(HttpRequest::plain(
        method,
        url,
        headers,
        body.to_owned(),
        origin.clone(),
    ))
}

/// The address without its host.
pub(crate) fn path_and_query(request: &HttpRequest) -> String {
    match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    }
}

/// What a cached answer is known by: the account and the whole request (S42).
pub(crate) fn cache_key(
    tenant: &TenantRun,
    request: &Request,
    scope: &Scope<'_>,
) -> Result<String, Failure> {
    let signature = tenant
        .connection(&request.connector)
        .signature(request, scope)
        .map_err(|error| Failure::broken(error.to_string(), &request.origin))?;
    let identity = tenant.identity(&request.connector);
    Ok(format!("{identity} {signature}"))
}
