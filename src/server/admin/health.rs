//! `/livez`: the process answers. `/readyz`: it does its work, or why not. `/metrics`: what is counted. They are for
//! anybody and name nobody; who has a token is told which tenants are in trouble.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::sync::Mutex;

use super::Admin;
use crate::daemon::view::{self, Health, Trouble};
use crate::engine::clock::Clock;
use crate::engine::telemetry::CONTENT_TYPE;

/// How long an answer is given again: whoever asks often does not keep the store busy. Of the machine's time.
const KEPT: Duration = Duration::from_secs(1);

/// What was found last.
#[derive(Debug)]
pub(super) struct Looked {
    last: Mutex<Option<(Duration, Arc<Health>)>>,
    clock: Clock,
}

impl Default for Looked {
    fn default() -> Self {
        Self {
            last: Mutex::default(),
            clock: Clock::real(),
        }
    }
}

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    let text = admin.engine.metrics_text().await;
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

async fn ready(
    State(admin): State<Arc<Admin>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let health = admin.looked.at(&admin).await;
    let status = if health.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let query = query.unwrap_or_default();
    let verbose = query
        .split('&')
        .any(|part| part == "verbose" || part.starts_with("verbose="));
    let named = admin.access.caller(&headers).is_some();
    let mut text = if health.ready {
        "ready\n"
    } else {
        "not ready\n"
    }
    .to_owned();
    if verbose {
        text.push_str(&reasons(
            &health,
            if named { Names::Said } else { Names::Kept },
        ));
    }
    (status, text).into_response()
}

impl Looked {
    async fn at(&self, admin: &Admin) -> Arc<Health> {
        let mut last = self.last.lock().await;
        let now = self.clock.monotonic();
        if let Some((at, health)) = &*last
            && now < *at + KEPT
        {
            return health.clone();
        }
        let health = Arc::new(view::health(&admin.engine).await);
        *last = Some((self.clock.monotonic(), health.clone()));
        health
    }
}

/// Whether tenants are named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Said,
    Kept,
}

fn reasons(health: &Health, names: Names) -> String {
    let mut text = String::new();
    let mut say = |line: std::fmt::Arguments<'_>| {
        writeln!(text, "{line}").expect("text can be written to a String");
    };
    match &health.store {
        None => say(format_args!("ok      store")),
        // It says where the store is.
        Some(_) if names == Names::Kept => say(format_args!("FAILED  store: it cannot be written")),
        Some(why) => say(format_args!("FAILED  store: {why}")),
    }
    let generation = health.generation;
    match health.refused {
        None => say(format_args!("ok      plan {generation}")),
        Some(at) => say(format_args!(
            "ok      plan {generation}: the files were refused at {at}, the plan of before holds"
        )),
    }
    let listed = |troubles: &[Trouble]| match names {
        Names::Kept => String::new(),
        Names::Said => troubles.iter().fold(String::new(), |text, trouble| {
            let Trouble { tenant, reason } = trouble;
            text + &format!("\n        {tenant}: {reason}")
        }),
    };
    for connector in &health.connectors {
        let (name, all) = (&connector.connector, connector.accounts);
        let troubles = &connector.troubles;
        if troubles.is_empty() {
            say(format_args!("ok      {name}: {all} of {all} accounts work"));
        } else {
            let work = all - troubles.len();
            let listed = listed(troubles);
            say(format_args!(
                "FAILED  {name}: {work} of {all} accounts work{listed}"
            ));
        }
    }
    if !health.unusable.is_empty() {
        let (count, listed) = (health.unusable.len(), listed(&health.unusable));
        say(format_args!(
            "FAILED  tenants that cannot be opened: {count}{listed}"
        ));
    }
    text
}
