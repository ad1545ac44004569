//! What happens to one request before and after the simulator's routes see it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hyper::body::Incoming;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Kit;
use super::audit::{Answer, ClientId, Entry, RequestSeq};
use super::control;
use super::faults::{Action, FailBody};
use super::limits::Throttled;
use super::recorder::Exchange;
use super::server::{Replies, call};
use super::time;

/// The connection is to be closed without (the rest of) a reply.
#[derive(Debug, thiserror::Error)]
#[error("a fault closes this connection")]
pub(super) struct Closed;

/// The largest body taken or made; nothing here comes near it.
const BODY_CAP: usize = 64 << 20;

pub(super) struct Front {
    api: Router,
    control: Router,
    kit: Kit,
    replies: Replies,
    tasks: TaskTracker,
    stopping: CancellationToken,
    /// The last good reply per path, kept only while a rule may repeat it.
    pages: Mutex<HashMap<String, Page>>,
}

#[derive(Clone)]
struct Page {
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Front {
    pub(super) fn new(
        api: Router,
        control: Router,
        kit: Kit,
        replies: Replies,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            api,
            control,
            kit,
            replies,
            tasks,
            stopping,
            pages: Mutex::default(),
        }
    }

    /// The reply to one request, or that there is none.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<Response, Closed> {
        let request = request.map(Body::new);
        if request.uri().path().starts_with(control::PREFIX) {
            return Ok(call(&self.control, request).await);
        }
        let now = self.kit.clock.now();
        let mut entry = Entry {
            seq: self.kit.audit.next_seq(),
            at: now,
            method: request.method().to_string(),
            path: path_and_query(request.uri()).to_owned(),
            client: None,
            work: None,
            answer: Answer::Dropped,
        };
        let mut answered = Arc::clone(&self).suffer(request, &mut entry).await;
        if let Ok(response) = &mut answered {
            entry.answer = Answer::Status(response.status().as_u16());
            response
                .headers_mut()
                .entry(header::DATE)
                .or_insert_with(|| http_date(now));
        }
        self.kit.audit.ended(entry);
        answered
    }

    /// Does to the request what the faults say.
    async fn suffer(
        self: Arc<Self>,
        mut request: Request,
        entry: &mut Entry,
    ) -> Result<Response, Closed> {
        let verdict = self.kit.faults.judge(&entry.method, &entry.path);
        request.extensions_mut().insert(entry.seq);
        request.extensions_mut().insert(verdict.sight);
        if !verdict.latency.is_zero() {
            tokio::time::sleep(verdict.latency).await;
        }
        match verdict.fate {
            None
            | Some(Action::Latency { .. } | Action::ReadLag { .. } | Action::LateRow { .. }) => {
                self.work(request, entry).await
            }
            Some(Action::Throttle { wait, form }) => {
                let until = time::later(entry.at, wait);
                let throttled = Throttled {
                    breach: None,
                    at: entry.at,
                    until,
                };
                Ok((self.replies.throttled)(&throttled, form))
            }
            Some(Action::Fail { status, body }) => Ok(match body {
                FailBody::Empty => status_of(status).into_response(),
                FailBody::Html => html(status),
                FailBody::Json => (self.replies.failed)(status_of(status)),
            }),
            Some(Action::HtmlError { status }) => Ok(html(status)),
            Some(Action::Unauthorized) => Ok((self.replies.unauthorized)()),
            Some(Action::DropBefore) => Err(Closed),
            Some(Action::CommitThenDrop) => {
                self.work(request, entry).await?;
                Err(Closed)
            }
            Some(Action::CommitThenFail { status }) => {
                self.work(request, entry).await?;
                Ok((self.replies.failed)(status_of(status)))
            }
            Some(Action::LateCommit { after }) => {
                let request = whole(request).await?;
                self.work_late(request, entry.seq, after);
                Err(Closed)
            }
            Some(Action::TruncateBody) => truncated(self.work(request, entry).await?).await,
            Some(Action::RepeatPage) => {
                let page = self.page(request.uri().path());
                match page {
                    Some(page) if request.method() == Method::GET => Ok(page.into_response()),
                    Some(_) | None => self.work(request, entry).await,
                }
            }
            Some(Action::SelfNextLink) => {
                let uri = request.uri().clone();
                let (parts, body) = self.work(request, entry).await?.into_parts();
                let bytes = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
                let Ok(mut value) = serde_json::from_slice::<Value>(&bytes) else {
                    return Ok(Response::from_parts(parts, Body::from(bytes)));
                };
                (self.replies.self_next_link)(&mut value, &uri);
                let mut response = Response::from_parts(parts, Body::from(value.to_string()));
                response.headers_mut().remove(header::CONTENT_LENGTH);
                Ok(response)
            }
        }
    }

    /// Lets the simulator's routes answer, and writes down that they did.
    async fn work(&self, request: Request, entry: &mut Entry) -> Result<Response, Closed> {
        let path = (request.method() == Method::GET && self.kit.faults.repeats_pages())
            .then(|| request.uri().path().to_owned());
        let mut response = self.recorded(request).await?;
        entry.work = Some(response.status().as_u16());
        entry.client = response
            .extensions()
            .get::<ClientId>()
            .map(|ClientId(client)| client.to_string());
        if let Some(path) = path
            && response.status().is_success()
        {
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
            let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
            let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            pages.insert(
                path,
                Page {
                    content_type,
                    body: body.clone(),
                },
            );
            response = Response::from_parts(parts, Body::from(body));
        }
        Ok(response)
    }

    /// The reply of the routes, shown to the recorder if there is one.
    async fn recorded(&self, request: Request) -> Result<Response, Closed> {
        let Some(sink) = self.kit.recorder.sink() else {
            return Ok(call(&self.api, request).await);
        };
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
        let mut exchange = Exchange {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers.clone(),
            body: body.clone(),
            status: StatusCode::OK,
            reply_headers: HeaderMap::new(),
            reply_body: Bytes::new(),
        };
        let response = call(&self.api, Request::from_parts(parts, Body::from(body))).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
        exchange.status = parts.status;
        exchange.reply_headers = parts.headers.clone();
        exchange.reply_body = body.clone();
        sink(exchange);
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    /// Does the work of a request whose connection is closed already. Work that is not due when
    /// the simulator stops is never done.
    fn work_late(self: Arc<Self>, request: Request, seq: RequestSeq, after: Duration) {
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = self.kit.clock.sleep(after) => {}
                () = self.stopping.cancelled() => return,
            }
            if let Ok(response) = self.recorded(request).await {
                self.kit.audit.worked_late(seq, response.status().as_u16());
            }
        });
    }

    fn page(&self, path: &str) -> Option<Page> {
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(path)
            .cloned()
    }
}

impl axum::response::IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        if let Some(content_type) = self.content_type {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, content_type);
        }
        response
    }
}

fn path_and_query(uri: &Uri) -> &str {
    uri.path_and_query()
        .map_or_else(|| uri.path(), |both| both.as_str())
}

/// Reads the request to its end, so that it can outlive its connection.
async fn whole(request: Request) -> Result<Request, Closed> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// The first half of the reply under a length that promises all of it; then the connection closes.
async fn truncated(response: Response) -> Result<Response, Closed> {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_CAP).await.map_err(|_| Closed)?;
    if body.is_empty() {
        return Err(Closed);
    }
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let half = body.slice(..body.len() / 2);
    let halves = futures::stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // The server sends what it has when it must wait; without a wait the half would be
        // thrown away together with the connection.
        tokio::time::sleep(Duration::from_millis(2)).await;
        Some((Err(Closed), None))
    });
    Ok(Response::from_parts(parts, Body::from_stream(halves)))
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("rules are checked when they are set")
}

fn html(status: u16) -> Response {
    let status = status_of(status);
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head>\n\
         <body><h1>{reason}</h1><hr>gateway</body></html>\n"
    );
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

fn http_date(at: DateTime<Utc>) -> HeaderValue {
    HeaderValue::from_str(&httpdate::fmt_http_date(at.into())).expect("an HTTP date is ASCII")
}
