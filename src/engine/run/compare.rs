//! Whether what is wanted stands already: a body's members against the same members of what was read (S17).

use std::sync::Arc;

use serde_json::{Map, Number, Value as Json};

use crate::lang::expr::Query;

/// Whether every member of `body` stands in `found` with an equal value. Members of `found` that the body does not
/// name do not count; a list must equal in length and order.
pub(crate) fn stands(body: &Json, found: &Json, same: &[(Arc<str>, Query)]) -> bool {
    let (Some(body), Some(_)) = (body.as_object(), found.as_object()) else {
        return equal(body, found);
    };
    body.iter().all(|(name, wanted)| {
        let there = match same.iter().find(|(member, _)| **member == **name) {
            Some((_, path)) => path.first(found),
            None => found.get(name),
        };
        match there {
            Some(there) => equal(wanted, there),
            None => wanted.is_null(),
        }
    })
}

fn equal(wanted: &Json, there: &Json) -> bool {
    match (wanted, there) {
        (Json::Object(wanted), Json::Object(there)) => contained(wanted, there),
        (Json::Array(wanted), Json::Array(there)) => {
            wanted.len() == there.len()
                && wanted
                    .iter()
                    .zip(there)
                    .all(|(wanted, there)| equal(wanted, there))
        }
        (Json::Number(wanted), Json::Number(there)) => same_number(wanted, there),
        (Json::String(wanted), Json::String(there)) => {
            wanted == there || same_instant(wanted, there)
        }
        (wanted, there) => wanted == there,
    }
}

fn contained(wanted: &Map<String, Json>, there: &Map<String, Json>) -> bool {
    wanted.iter().all(|(name, wanted)| match there.get(name) {
        Some(there) => equal(wanted, there),
        None => wanted.is_null(),
    })
}

/// 850 and 850.0 are one amount.
fn same_number(a: &Number, b: &Number) -> bool {
    a == b || (!(a.is_i64() && b.is_i64()) && a.as_f64() == b.as_f64())
}

/// One instant written in two ways.
fn same_instant(a: &str, b: &str) -> bool {
    use crate::engine::clock::Timestamp;
    match (Timestamp::parse(a), Timestamp::parse(b)) {
        (Some(a), Some(b)) => a == b,
        (Some(_) | None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_body_names_counts() {
        let found = json!({ "summary": "a", "nte": 850.0, "start": "2026-04-01T00:00:00.0Z", "tags": [1, 2], "x": { "y": 1, "z": 2 } });
        let stands = |body| stands(&body, &found, &[]);
        assert!(stands(json!({ "summary": "a" })));
        assert!(stands(json!({ "nte": 850 })));
        assert!(stands(json!({ "start": "2026-03-31T20:00:00-04:00" })));
        assert!(stands(json!({ "x": { "y": 1 } })));
        assert!(stands(json!({ "absent": null })));
        assert!(!stands(json!({ "absent": 1 })));
        assert!(!stands(json!({ "tags": [1] })));
        assert!(!stands(json!({ "summary": "b" })));
        assert!(!stands(json!({ "x": { "y": 2 } })));
    }

    #[test]
    fn another_name_is_followed() {
        let found = json!({ "CurrentStatus": { "Primary": "OPEN" } });
        let path = Query::compile("$.CurrentStatus").unwrap();
        let same = [(Arc::from("Status"), path)];
        assert!(stands(
            &json!({ "Status": { "Primary": "OPEN" } }),
            &found,
            &same
        ));
        assert!(!stands(
            &json!({ "Status": { "Primary": "DONE" } }),
            &found,
            &same
        ));
    }
}
