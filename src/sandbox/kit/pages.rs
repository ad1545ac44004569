//! Which requests are pages of one list, and what was answered last for each list: so that a page
//! can come twice without one query ever getting the answer to another.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use regex::Regex;

/// The last good page of every list.
#[derive(Debug, Default)]
pub(super) struct Pages(Mutex<HashMap<String, Page>>);

/// A page that was answered.
#[derive(Clone, Debug)]
pub(super) struct Page {
    uri: Uri,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

impl Pages {
    /// Keeps what was answered.
    pub(super) fn keep(&self, uri: Uri, content_type: Option<HeaderValue>, body: Bytes) {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert(
            list_of(&uri),
            Page {
                uri,
                content_type,
                body,
            },
        );
    }

    /// The page before this one. The same page asked again has none: it is answered as it stands.
    pub(super) fn before(&self, uri: &Uri) -> Option<Page> {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pages
            .get(&list_of(uri))
            .filter(|page| page.uri != *uri)
            .cloned()
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        if let Some(content_type) = self.content_type {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, content_type);
        }
        response
    }
}

/// Parameters that only say which page is meant.
const PLACES: &[&str] = &["$skip", "$top", "page", "from"];

/// The instants a keyset moves on.
static INSTANT: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:\d{2})"));

/// The tie a keyset moves on.
static TIE: LazyLock<Regex> = LazyLock::new(|| fixed(r"\bgt \d+"));

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are fixed and covered by a test")
}

/// The request without what says which page is meant.
fn list_of(uri: &Uri) -> String {
    let mut list = uri.path().to_owned();
    for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if !PLACES.contains(&name.as_ref()) {
            list.push('&');
            list.push_str(&name);
            list.push('=');
            list.push_str(&TIE.replace_all(&INSTANT.replace_all(&value, "*"), "*"));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same_list(one: &str, other: &str) -> bool {
        list_of(&one.parse().unwrap()) == list_of(&other.parse().unwrap())
    }

    #[test]
    fn pages_of_one_list_are_told_from_other_queries() {
        assert!(same_list(
            "/l?$skip=50&$orderby=Id",
            "/l?$orderby=Id&$skip=100"
        ));
        assert!(same_list("/l?page=1&name=a", "/l?page=2&name=a"));
        let keyset = |at: &str, id: u32| {
            format!(
                "/l?$filter=(Updated%20gt%20{at}%20or%20(Updated%20eq%20{at}%20and%20Id%20gt%20{id}))"
            )
        };
        let one = keyset("2026-11-02T08:00:00.1Z", 5);
        assert!(same_list(&one, &keyset("2026-11-02T10:00:00%2B00:00", 77)));
        assert!(!same_list(
            "/l?$filter=Id%20eq%205",
            "/l?$filter=Id%20eq%206"
        ));
        assert!(!same_list("/l?externalId=sc-1", "/l?externalId=sc-2"));
        assert!(!same_list("/l/1", "/l/2"));
    }

    #[test]
    fn the_same_page_asked_again_is_not_repeated() {
        let pages = Pages::default();
        let first: Uri = "/l?$skip=0".parse().unwrap();
        pages.keep(first.clone(), None, Bytes::from_static(b"1"));
        assert!(pages.before(&first).is_none());
        let second = "/l?$skip=50".parse().unwrap();
        assert_eq!(pages.before(&second).unwrap().body, "1");
    }
}
