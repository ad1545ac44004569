//! The console: pages made here, that work without scripts for reading.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Admin;
use super::auth::{Reader, clear_cookie, set_cookie};

pub(super) fn router() -> Router<Arc<Admin>> {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login).post(enter))
        .route("/logout", post(leave))
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
}

async fn home(Reader(caller): Reader) -> Html<String> {
    Html(format!("<p>{}</p>", caller.name))
}

/// A link with a token begins a session, so that a terminal can offer one.
async fn login(State(admin): State<Arc<Admin>>, Query(given): Query<Token>) -> Response {
    match given.token {
        Some(token) => begin(&admin, &token),
        None => {
            Html("<form method=post><input name=token type=password><button>Enter</button></form>")
                .into_response()
        }
    }
}

async fn enter(State(admin): State<Arc<Admin>>, Form(given): Form<Token>) -> Response {
    begin(&admin, &given.token.unwrap_or_default())
}

fn begin(admin: &Admin, token: &str) -> Response {
    match admin.access.begin(token) {
        Some(secret) => (
            [(header::SET_COOKIE, set_cookie(&secret))],
            Redirect::to("/"),
        )
            .into_response(),
        None => (StatusCode::UNAUTHORIZED, "there is no such token").into_response(),
    }
}

async fn leave(State(admin): State<Arc<Admin>>, headers: axum::http::HeaderMap) -> Response {
    admin.access.end(&headers);
    (
        [(header::SET_COOKIE, clear_cookie())],
        Redirect::to("/login"),
    )
        .into_response()
}
