//! "Did you mean": the known name nearest to what was typed.

/// Up to this many known names are listed when none is near.
const LIST_AT_MOST: usize = 10;

/// How many near names are worth showing.
const SHOW_AT_MOST: usize = 3;

/// The known name nearest to `typed`, if one is near enough to be what was meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    ranked(typed, known).first().copied()
}

/// A line of help for an unknown name: the nearest known one, else all of them when they are few.
/// `what` names the known things in the plural: `settings of this group`.
pub fn help<'a>(
    typed: &str,
    what: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(typed, known.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        0 => Some(format!("there are no {what}")),
        1..=LIST_AT_MOST => Some(format!("{what}: {}", list(known))),
        _ => None,
    }
}

/// Names in backticks with commas between them.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Those of `known` that are like `typed`, the most similar first, three at most.
pub(super) fn ranked<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let folded = fold(typed);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| Some((distance(&folded, name)?, name)))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.dedup_by_key(|(_, name)| *name);
    near.into_iter()
        .take(SHOW_AT_MOST)
        .map(|(_, name)| name)
        .collect()
}

/// How far a known name is from what was typed; `None` when it cannot be what was meant. A third
/// of the letters may differ, and at least one; swapped neighbours count once.
fn distance(typed: &str, name: &str) -> Option<usize> {
    let name = fold(name);
    let letters = typed.chars().count().max(name.chars().count());
    let edits = strsim::osa_distance(typed, &name);
    if edits <= (letters / 3).max(1) && edits < letters {
        return Some(edits);
    }
    // Half a name, or a name with something added, is meant too.
    let shorter = typed.chars().count().min(name.chars().count());
    let begins = shorter >= 4 && (name.starts_with(typed) || typed.starts_with(&name));
    begins.then_some(letters)
}

/// Case and the choice between `-` and `_` do not make a name another one.
fn fold(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = [
        "servicechannel",
        "servicetitan",
        "work_order",
        "note",
        "invoice_item_type",
    ];

    #[test]
    fn slips_of_the_finger_are_understood() {
        let cases = [
            ("servicetitn", Some("servicetitan")),
            ("ServiceTitan", Some("servicetitan")),
            ("work-order", Some("work_order")),
            ("workorder", Some("work_order")),
            ("noet", Some("note")),
            ("invoice", Some("invoice_item_type")),
            ("campaign", None),
            ("x", None),
            ("", None),
        ];
        for (typed, expected) in cases {
            assert_eq!(nearest(typed, NAMES), expected, "{typed:?}");
        }
    }

    #[test]
    fn the_nearest_comes_first() {
        assert_eq!(nearest("bid", ["bad", "bids", "bid"]), Some("bid"));
        assert_eq!(
            ranked("note_i", ["notes_in", "note_in"]),
            ["note_in", "notes_in"]
        );
    }

    #[test]
    fn help_names_what_there_is_when_nothing_is_near() {
        assert_eq!(
            help("noet", "entities", NAMES),
            Some("did you mean `note`?".into())
        );
        assert_eq!(
            help("zzz", "roots", ["jpm", "crm"]),
            Some("roots: `jpm`, `crm`".into())
        );
        assert_eq!(
            help("zzz", "maps in this folder", []),
            Some("there are no maps in this folder".into())
        );
        let many: Vec<String> = (0..11).map(|n| format!("status number {n}")).collect();
        assert_eq!(help("zzz", "values", many.iter().map(String::as_str)), None);
    }
}
