//! A token once, a session from then on.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

use super::pages;
use super::visit::{Problem, Reading};
use crate::server::admin::Admin;
use crate::server::admin::auth::{clear_cookie, set_cookie};

#[derive(Debug, Deserialize)]
pub(super) struct Given {
    token: Option<String>,
    next: Option<String>,
}

/// A link with a token begins a session, so that a terminal can offer one.
pub(super) async fn form(
    State(admin): State<Arc<Admin>>,
    Query(given): Query<Given>,
) -> Result<Response, Problem> {
    let next = local(given.next.as_deref());
    match given.token {
        Some(token) => begin(&admin, &token, next),
        None => Ok(Html(shown(next, "")?).into_response()),
    }
}

pub(super) async fn enter(
    State(admin): State<Arc<Admin>>,
    Form(given): Form<Given>,
) -> Result<Response, Problem> {
    let token = given.token.unwrap_or_default();
    begin(&admin, token.trim(), local(given.next.as_deref()))
}

fn begin(admin: &Admin, token: &str, next: &str) -> Result<Response, Problem> {
    Ok(match admin.access.begin(token) {
        Some(secret) => (
            [(header::SET_COOKIE, set_cookie(&secret))],
            Redirect::to(next),
        )
            .into_response(),
        None => (
            StatusCode::UNAUTHORIZED,
            Html(shown(next, "There is no such token.")?),
        )
            .into_response(),
    })
}

fn shown(next: &str, wrong: &str) -> Result<String, Problem> {
    let facts = json!({ "title": "Log in", "next": next, "wrong": wrong });
    Ok(pages::fill("login.html", facts)?)
}

pub(super) async fn leave(
    State(admin): State<Arc<Admin>>,
    headers: HeaderMap,
    Reading(sent): Reading,
) -> Response {
    if let Some(session) = &sent.caller.csrf {
        drop(admin.console.notices.take(session));
    }
    admin.access.end(&headers);
    (
        [(header::SET_COOKIE, clear_cookie())],
        Redirect::to("/login"),
    )
        .into_response()
}

/// Where to go after the login: a path of ours. Browsers take `//` and `/\` for another host.
fn local(next: Option<&str>) -> &str {
    let is_local = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && !path.contains(char::is_control)
    };
    next.filter(is_local).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_to() {
        assert_eq!(local(Some("/dead?cause=x")), "/dead?cause=x");
        for elsewhere in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\nb",
            "",
        ] {
            assert_eq!(local(Some(elsewhere)), "/", "{elsewhere}");
        }
        assert_eq!(local(None), "/");
    }
}
