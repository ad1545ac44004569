//! What Depot answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::depot::{AUDIENCE, CLIENT, Kind, Loss, REST, Row, SECRET, SITE, Site};
use super::serve::lost;

type Shared = State<Arc<Mutex<Site>>>;

/// The most rows on a page.
const ROWS: usize = 2;

pub(super) fn router(site: Arc<Mutex<Site>>) -> Router {
    let api = Router::new()
        .route("/about", get(about))
        .route("/carriers", get(carriers))
        .route("/feed", get(feed))
        .route("/scans", get(scans))
        .route("/{table}", post(create))
        .route("/{table}/search", post(search))
        .route("/{table}/{id}", get(read).patch(patch))
        .layer(from_fn_with_state(site.clone(), guard))
        .with_state(site.clone());
    let login = Router::new()
        .route("/oauth/token", post(token))
        .with_state(site);
    Router::new().nest(&format!("/v1/{SITE}"), api).merge(login)
}

/// A code in a header is all that Depot says of a refusal.
fn refusal(code: &'static str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, [("x-code", code)]).into_response()
}

async fn guard(State(site): Shared, request: Request, next: Next) -> Response {
    let token = request
        .headers()
        .get("authorization")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    {
        let mut site = site.lock().unwrap();
        if site.is_too_many() {
            let rest = REST.as_secs().to_string();
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", rest)]).into_response();
        }
        if !site.accepts(&token) {
            return (StatusCode::UNAUTHORIZED, [("x-code", "TOKEN")]).into_response();
        }
    }
    next.run(request).await
}

#[derive(Debug, Deserialize)]
struct TokenAsked {
    grant_type: String,
    client_id: String,
    client_secret: String,
    audience: String,
}

async fn token(State(site): Shared, Form(asked): Form<TokenAsked>) -> Response {
    let refused = |error: &str| {
        let body = json!({ "error": error });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    if asked.grant_type != "client_credentials" {
        return refused("unsupported_grant_type");
    }
    if asked.audience != AUDIENCE {
        return refused("invalid_target");
    }
    if asked.client_id != CLIENT || asked.client_secret != SECRET {
        return refused("invalid_client");
    }
    let token = site.lock().unwrap().new_token();
    let reply = json!({ "access_token": token, "token_type": "bearer", "expires_in": 3600 });
    Json(reply).into_response()
}

async fn about(State(site): Shared) -> Json<Value> {
    let open = site.lock().unwrap().open;
    Json(json!({ "name": "Site North", "open": open }))
}

#[derive(Debug, Deserialize)]
struct Slice {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl Slice {
    fn of<T>(&self, rows: impl Iterator<Item = T>) -> Vec<T> {
        let limit = self.limit.unwrap_or(ROWS).min(ROWS);
        rows.skip(self.offset).take(limit).collect()
    }
}

async fn carriers(State(site): Shared, Query(slice): Query<Slice>) -> Json<Value> {
    let site = site.lock().unwrap();
    Json(json!({ "items": slice.of(site.carriers.iter()) }))
}

/// Shipments by their last change. It never passes over one that does not show yet.
async fn feed(State(site): Shared, Query(asked): Query<HashMap<String, String>>) -> Response {
    let since = asked.get("since").map_or("f-0", String::as_str);
    let Some(since) = since.strip_prefix("f-").and_then(|n| n.parse::<u64>().ok()) else {
        return refusal("TOKEN_OF_FEED");
    };
    let site = site.lock().unwrap();
    let mut rows: Vec<&Row> = site
        .rows
        .iter()
        .filter(|row| row.kind == Kind::Shipment && row.seq > since)
        .collect();
    rows.sort_by_key(|row| row.seq);
    let shown: Vec<&Row> = rows.into_iter().take_while(|row| row.shows()).collect();
    let page = &shown[..shown.len().min(ROWS)];
    let next = page.last().map_or(since, |row| row.seq);
    let events: Vec<Value> = page.iter().map(|row| row.json()).collect();
    let more = shown.len() > page.len();
    Json(json!({ "events": events, "next": format!("f-{next}"), "more": more })).into_response()
}

/// What carriers scanned, oldest first; a scan of nothing names no shipment.
async fn scans(State(site): Shared, Query(asked): Query<HashMap<String, String>>) -> Response {
    let since = asked.get("since").map_or("s-0", String::as_str);
    let Some(since) = since
        .strip_prefix("s-")
        .and_then(|n| n.parse::<usize>().ok())
    else {
        return refusal("TOKEN_OF_SCANS");
    };
    let site = site.lock().unwrap();
    let page = site.scans.iter().enumerate().skip(since).take(ROWS);
    let scans: Vec<Value> = page
        .map(|(n, shipment)| json!({ "n": n, "shipment": shipment }))
        .collect();
    let next = since + scans.len();
    let more = next < site.scans.len();
    Json(json!({ "scans": scans, "next": format!("s-{next}"), "more": more })).into_response()
}

fn kind_of(table: &str) -> Option<Kind> {
    match table {
        "parties" => Some(Kind::Party),
        "shipments" => Some(Kind::Shipment),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
struct Search {
    #[serde(rename = "where")]
    equals: Map<String, Value>,
}

async fn search(
    State(site): Shared,
    Path(table): Path<String>,
    Query(slice): Query<Slice>,
    Json(search): Json<Search>,
) -> Response {
    let Some(kind) = kind_of(&table) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let site = site.lock().unwrap();
    let meant = |row: &&Row| {
        let all = search.equals.iter();
        row.kind == kind && row.shows() && { all }
            .all(|(name, value)| row.fields.get(name) == Some(value))
    };
    let hits = slice.of(site.rows.iter().filter(meant).map(Row::json));
    Json(json!({ "hits": hits })).into_response()
}

async fn read(State(site): Shared, Path((table, id)): Path<(String, String)>) -> Response {
    let site = site.lock().unwrap();
    let row = site
        .rows
        .iter()
        .find(|row| Some(row.kind) == kind_of(&table) && row.id == id && row.shows());
    match row {
        Some(row) => Json(row.json()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a new row, or a changed one, must keep to.
fn objection(kind: Kind, fields: &Map<String, Value>) -> Option<&'static str> {
    let is_text = |name: &str| fields.get(name).is_none_or(Value::is_string);
    if !["externalRef", "surchargeRef", "declaredValue", "dueBy"]
        .iter()
        .all(|name| is_text(name))
    {
        return Some("TYPE");
    }
    (kind == Kind::Shipment && fields.get("country") == Some(&json!("XX"))).then_some("ADDRESS")
}

async fn create(
    State(site): Shared,
    Path(table): Path<String>,
    Json(fields): Json<Map<String, Value>>,
) -> Response {
    let Some(kind) = kind_of(&table) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Some(code) = objection(kind, &fields) {
        return refusal(code);
    }
    let mut site = site.lock().unwrap();
    match site.next_loss() {
        Some(Loss::Request) => lost(),
        Some(Loss::Reply) => {
            site.insert(kind, fields);
            lost()
        }
        None => {
            let row = site.insert(kind, fields);
            (StatusCode::CREATED, Json(json!({ "id": row.id }))).into_response()
        }
    }
}

async fn patch(
    State(site): Shared,
    Path((table, id)): Path<(String, String)>,
    Json(fields): Json<Map<String, Value>>,
) -> Response {
    let Some(kind) = kind_of(&table) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if let Some(code) = objection(kind, &fields) {
        return refusal(code);
    }
    let mut site = site.lock().unwrap();
    let closed = site
        .rows
        .iter()
        .any(|row| row.id == id && row.fields.get("status") == Some(&json!("HANDED_OVER")));
    if closed {
        return refusal("CLOSED");
    }
    match site.change(kind, &id, fields) {
        Some(row) => Json(row.json()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
