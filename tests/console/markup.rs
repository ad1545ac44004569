//! Whether a page is well formed: every tag is closed in its order, ids are there once, labels and links lead
//! somewhere, nothing is said inline that the content security policy would drop.

use std::collections::BTreeSet;

use regex::Regex;

/// Tags that have no end.
const VOID: &[&str] = &["br", "hr", "img", "input", "link", "meta"];

/// Fails with the first thing that is wrong.
#[track_caller]
pub(crate) fn check(path: &str, page: &str) {
    let tag = Regex::new(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>\x22]|\x22[^\x22]*\x22)*)>").unwrap();
    let body = page.trim_start().strip_prefix("<!DOCTYPE html>");
    let body = body.unwrap_or_else(|| panic!("{path} has no doctype: {page}"));
    let mut open: Vec<&str> = Vec::new();
    let mut ids = BTreeSet::new();
    let mut named = Vec::new();
    for found in tag.captures_iter(body) {
        let (name, rest) = (found.get(2).unwrap().as_str(), &found[3]);
        if &found[1] == "/" {
            assert_eq!(
                open.pop(),
                Some(name),
                "{path}: </{name}> closes another: {page}"
            );
            continue;
        }
        for never in [" style=", " onclick=", " onload=", "javascript:"] {
            assert!(!rest.contains(never), "{path}: <{name}{rest}>");
        }
        if let Some(id) = value(rest, "id") {
            assert!(ids.insert(id.clone()), "{path}: the id {id} is there twice");
        }
        for reference in ["for", "aria-labelledby", "aria-describedby"] {
            let ids = value(rest, reference).unwrap_or_default();
            named.extend(
                ids.split(' ')
                    .filter(|id| !id.is_empty())
                    .map(str::to_owned),
            );
        }
        if !VOID.contains(&name) && !rest.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{path}: {open:?} are not closed");
    for id in named {
        assert!(ids.contains(&id), "{path}: nothing has the id {id}");
    }
    let outside = tag.replace_all(body, "");
    assert!(!outside.contains('<'), "{path}: a bare < in {outside}");
    assert!(
        !page.contains("<script>") && !page.contains("<style"),
        "{path}: something inline"
    );
}

fn value(tag: &str, name: &str) -> Option<String> {
    let found = Regex::new(&format!(r#"\s{name}="([^"]*)""#)).unwrap();
    Some(found.captures(tag)?[1].to_owned())
}
