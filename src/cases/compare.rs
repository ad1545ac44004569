//! Whether a value has what is expected of it, and where it has not.

use serde_json::Value as Json;

/// How much of a value is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// It may have other members.
    Part,
    /// It has nothing else.
    Whole,
}

/// The places at which a value is otherwise than expected. Lists have the same length; numbers are equal by value.
pub(super) fn differences(at: &str, expected: &Json, found: &Json, extent: Extent) -> Vec<String> {
    let mut wrong = Vec::new();
    walk(at, expected, found, extent, &mut wrong);
    wrong
}

fn walk(at: &str, expected: &Json, found: &Json, extent: Extent, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Json::Object(wanted), Json::Object(members)) => {
            for (name, value) in wanted {
                let place = format!("{at}.{name}");
                match members.get(name) {
                    Some(member) => walk(&place, value, member, extent, wrong),
                    None => wrong.push(format!("{place} is missing, expected {value}")),
                }
            }
            let more = members
                .iter()
                .filter(|(name, _)| !wanted.contains_key(*name));
            if extent == Extent::Whole {
                wrong.extend(
                    more.map(|(name, value)| format!("{at}.{name} is {value}, expected none")),
                );
            }
        }
        (Json::Array(wanted), Json::Array(items)) if wanted.len() == items.len() => {
            for (index, (value, item)) in wanted.iter().zip(items).enumerate() {
                walk(&format!("{at}[{index}]"), value, item, extent, wrong);
            }
        }
        (Json::Number(wanted), Json::Number(number))
            if wanted == number || wanted.as_f64() == number.as_f64() => {}
        (expected, found) if expected == found => {}
        (expected, found) => wrong.push(format!("{at} is {found}, expected {expected}")),
    }
}

/// A scalar as the text it is compared as: 1 is "1".
pub(super) fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_may_have_more_and_a_whole_may_not() {
        let found = json!({ "a": 1, "b": [{ "c": 2, "d": 3 }] });
        let part = json!({ "a": 1.0, "b": [{ "c": 2 }] });
        assert_eq!(differences("body", &part, &found, Extent::Part), [""; 0]);
        assert_eq!(
            differences("body", &part, &found, Extent::Whole),
            ["body.b[0].d is 3, expected none"]
        );
    }

    #[test]
    fn every_difference_is_said_with_its_place() {
        let found = json!({ "a": 1, "b": [1, 2], "c": "x" });
        let wanted = json!({ "a": "1", "b": [1], "d": null });
        assert_eq!(
            differences("body", &wanted, &found, Extent::Part),
            [
                "body.a is 1, expected \"1\"",
                "body.b is [1,2], expected [1]",
                "body.d is missing, expected null",
            ]
        );
    }
}
