//! What answers in place of the network: the replies that a case gives. Every request is written down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::Value as Json;

use super::compare::{Extent, differences, text};
use crate::engine::connect::{Answer, Asked, Connection, Script};
use crate::lang::config::{Exchange, Reply, Trouble};
use crate::lang::diag::suggest;

/// A request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The ways in which its path may be written.
    pub(super) paths: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Json,
}

impl Request {
    /// As a person would write it.
    pub(super) fn line(&self) -> String {
        let path = self.paths.first().map_or("", String::as_str);
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {path}{mark}{}", self.method, query.join("&"))
    }

    /// Where it is otherwise than a case says, in words; nothing when it is as said.
    pub(super) fn differs(
        &self,
        query: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<Json>)>,
        body: Option<&Json>,
        extent: Extent,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        for (name, value) in query {
            let (name, wanted) = (name.as_ref(), text(value.as_ref()));
            let given: Vec<&str> = self
                .query
                .iter()
                .filter(|(own, _)| own == name)
                .map(|(_, value)| value.as_str())
                .collect();
            if given.is_empty() {
                wrong.push(format!("query.{name} is missing, expected `{wanted}`"));
            } else if !given.contains(&wanted.as_str()) {
                let given = given.join("`, `");
                wrong.push(format!("query.{name} is `{given}`, expected `{wanted}`"));
            }
        }
        if let Some(body) = body {
            wrong.extend(differences("body", body, &self.body, extent));
        }
        wrong
    }
}

/// The replies of a case, and what was asked.
#[derive(Debug, Default)]
pub(super) struct Replies(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    exchanges: Vec<(Exchange, usize)>,
    accounts: Vec<Arc<Connection>>,
    /// While a feed is read: its pages that are still to come.
    feed: Option<VecDeque<Json>>,
    requests: Vec<Request>,
    unanswered: Vec<String>,
}

impl Replies {
    /// With what is answered, first match first.
    pub(super) fn new(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        Self(Mutex::new(State {
            exchanges: exchanges.into_iter().map(|one| (one, 0)).collect(),
            ..State::default()
        }))
    }

    /// The accounts whose requests come, so that their paths can be written as pipelines do.
    pub(super) fn know(&self, accounts: impl IntoIterator<Item = Arc<Connection>>) {
        self.state().accounts.extend(accounts);
    }

    /// From now on requests are for the pages of a feed.
    pub(super) fn begin_feed(&self, pages: impl IntoIterator<Item = Json>) {
        self.state().feed = Some(pages.into_iter().collect());
    }

    /// The feed was read; says what is wrong with how.
    pub(super) fn end_feed(&self) -> Option<String> {
        let left = self.state().feed.take().unwrap_or_default().len();
        (left > 0).then(|| format!("pages that were given and not asked for: {left}"))
    }

    /// What was sent, in order, without the pages of feeds.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// What nothing was given for.
    pub(super) fn unanswered(&self) -> Vec<String> {
        self.state().unanswered.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script for Replies {
    fn answer(&self, asked: Asked) -> Answer {
        let mut state = self.state();
        let request = state.read(asked);
        if let Some(pages) = &mut state.feed {
            let page = pages.pop_front();
            return match page {
                Some(body) => reply(200, &[], Some(&body)),
                None => {
                    let said = format!("no page is given for {}", request.line());
                    state.unanswered.push(said);
                    Answer::NotSent
                }
            };
        }
        let found = state
            .exchanges
            .iter()
            .position(|(one, _)| fits(one, &request));
        let Some(at) = found else {
            let said = state.unmatched(&request);
            state.unanswered.push(said);
            return Answer::NotSent;
        };
        state.requests.push(request);
        let (exchange, times) = &mut state.exchanges[at];
        let answered = match times.checked_sub(1) {
            None => &exchange.reply,
            Some(later) => exchange
                .then
                .get(later)
                .or(exchange.then.last())
                .unwrap_or(&exchange.reply),
        };
        *times += 1;
        answer(answered)
    }
}

impl State {
    fn read(&self, asked: Asked) -> Request {
        let known = self
            .accounts
            .iter()
            .map(|account| account.spellings(&asked.url));
        let paths = known
            .into_iter()
            .find(|paths| !paths.is_empty())
            .unwrap_or_else(|| vec![asked.url.path().to_owned()]);
        let query = asked.url.query_pairs();
        let query = query
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let body = match serde_json::from_slice(&asked.body) {
            Ok(body) => body,
            Err(_) if asked.body.is_empty() => Json::Null,
            Err(_) => Json::String(String::from_utf8_lossy(&asked.body).into_owned()),
        };
        Request {
            method: asked.method,
            paths,
            query,
            body,
        }
    }

    /// A request that no reply fits, with the nearest there is.
    fn unmatched(&self, request: &Request) -> String {
        let mut said = format!("no reply is given for {}", request.line());
        let same_place = self
            .exchanges
            .iter()
            .find(|(one, _)| at_place(one, request));
        if let Some((one, _)) = same_place {
            let (method, path) = one.asked();
            let wrong = request.differs(
                literal(&one.query),
                one.body.as_ref().map(|body| &body.0),
                Extent::Part,
            );
            said.push_str(&format!(
                "\n  nearest: {} {path}, but {}",
                method.http(),
                wrong.join("; ")
            ));
            return said;
        }
        let lines: Vec<String> = self
            .exchanges
            .iter()
            .map(|(one, _)| {
                let (method, path) = one.asked();
                format!("{} {path}", method.http())
            })
            .collect();
        let path = request.paths.first().map_or("", String::as_str);
        let wanted = format!("{} {path}", request.method);
        let near = suggest::nearest(&wanted, lines.iter().map(String::as_str));
        let same_path = lines
            .iter()
            .find(|line| line.ends_with(&format!(" {path}")));
        if let Some(near) = same_path.map(String::as_str).or(near) {
            said.push_str(&format!("\n  nearest: {near}"));
        }
        said
    }
}

pub(super) fn literal(
    query: &indexmap::IndexMap<String, crate::lang::config::text::Literal>,
) -> impl Iterator<Item = (&String, LiteralRef<'_>)> {
    query
        .iter()
        .map(|(name, value)| (name, LiteralRef(&value.0)))
}

/// A literal of the YAML, as JSON.
pub(super) struct LiteralRef<'l>(&'l Json);

impl AsRef<Json> for LiteralRef<'_> {
    fn as_ref(&self) -> &Json {
        self.0
    }
}

fn at_place(exchange: &Exchange, request: &Request) -> bool {
    let (method, path) = exchange.asked();
    method.http() == request.method.as_str() && request.paths.iter().any(|own| own == path)
}

fn fits(exchange: &Exchange, request: &Request) -> bool {
    let body = exchange.body.as_ref().map(|body| &body.0);
    at_place(exchange, request)
        && request
            .differs(literal(&exchange.query), body, Extent::Part)
            .is_empty()
}

fn answer(said: &Reply) -> Answer {
    match said.trouble {
        Some(Trouble::Lost) => Answer::Lost,
        Some(Trouble::NotSent) => Answer::NotSent,
        None => {
            let headers: Vec<(&str, &str)> = said
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let body = said.body.as_ref().map(|body| &body.0);
            reply(said.status.unwrap_or(200), &headers, body)
        }
    }
}

fn reply(status: u16, given: &[(&str, &str)], body: Option<&Json>) -> Answer {
    let mut headers = HeaderMap::new();
    if body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in given {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    Answer::Reply {
        status,
        headers,
        body,
    }
}
