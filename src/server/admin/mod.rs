//! The admin listener: health and metrics for programs, `/v1` for both, the console for people.
//!
//! Whoever gives a token may do what the token is for; see [`auth`]. Health and metrics are open, because they name
//! nobody and hold no ids.

mod api;
mod auth;
mod console;
mod health;

use std::future::IntoFuture as _;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use api::{Endpoint, Needs, document as openapi, endpoints};
pub use auth::{Access, COMMAND_LINE, Scope, random as random_token};

use super::Ingress;
use crate::daemon::Engine;

/// Longest body that is read.
const MOST_BYTES: usize = 1 << 20;

/// What the admin listener answers from.
#[derive(Debug)]
pub struct Admin {
    engine: Arc<Engine>,
    ingress: Arc<Ingress>,
    access: Access,
    /// How everything was when somebody asked last.
    looked: health::Looked,
    console: self::console::Console,
    /// Ends long replies, such as live updates, when the process stops.
    stop: CancellationToken,
}

impl Admin {
    /// For an engine that serves.
    pub fn new(
        engine: Arc<Engine>,
        ingress: Arc<Ingress>,
        access: Access,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine,
            ingress,
            access,
            looked: health::Looked::default(),
            console: self::console::Console::default(),
            stop,
        })
    }

    /// Serves until the process stops.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> io::Result<()> {
        let stop = self.stop.clone();
        let router = Router::new()
            .merge(health::router())
            .merge(self::console::router())
            .nest("/v1", api::router())
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .layer(middleware::from_fn(guarded))
            .with_state(self.clone());
        let serves = axum::serve(listener, router)
            .with_graceful_shutdown(stop.cancelled_owned())
            .into_future();
        tokio::select! {
            served = serves => served,
            never = self.follow() => match never {},
        }
    }

    /// Lets those in whom the files name, as they are reloaded.
    async fn follow(&self) -> std::convert::Infallible {
        let mut reloads = self.engine.generations();
        while reloads.changed().await.is_ok() {
            reloads.borrow_and_update();
            for (name, error) in self.access.follow(&self.engine).await {
                warn!(error, "The token of {name} cannot be used.");
            }
        }
        std::future::pending().await
    }
}

/// Nothing of the admin listener is kept by browsers or shown inside other pages, and its pages load nothing from
/// elsewhere.
async fn guarded(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
