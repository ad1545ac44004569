//! Whether one error rule hides another. Only what is certain counts: conditions of the form `status >= 400`,
//! `status == 404` and `status in [400, 401]`, alone or first of several joined by `and`.

use crate::lang::config::text::Condition;

/// Whether the earlier condition holds whenever the later one does.
pub(super) fn hides(earlier: &Condition, later: &Condition) -> bool {
    if earlier == later {
        return true;
    }
    let (Some(wide), Some(narrow)) = (whole(earlier.as_str()), first(later.as_str())) else {
        return false;
    };
    match narrow {
        Statuses::From(low) => matches!(wide, Statuses::From(from) if from <= low),
        Statuses::These(these) => these.iter().all(|status| wide.contains(*status)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Statuses {
    From(u16),
    These(Vec<u16>),
}

impl Statuses {
    fn contains(&self, status: u16) -> bool {
        match self {
            Self::From(low) => *low <= status,
            Self::These(these) => these.contains(&status),
        }
    }
}

fn whole(condition: &str) -> Option<Statuses> {
    if condition.contains(" and ") || condition.contains(" or ") {
        return None;
    }
    statuses(condition)
}

fn first(condition: &str) -> Option<Statuses> {
    if condition.contains(" or ") {
        return None;
    }
    statuses(condition.split(" and ").next()?)
}

fn statuses(condition: &str) -> Option<Statuses> {
    let rest = condition.trim().strip_prefix("status")?.trim_start();
    if let Some(low) = rest.strip_prefix(">=") {
        return low.trim().parse().ok().map(Statuses::From);
    }
    if let Some(one) = rest.strip_prefix("==") {
        return one
            .trim()
            .parse()
            .ok()
            .map(|status| Statuses::These(vec![status]));
    }
    let list = rest
        .strip_prefix("in")?
        .trim()
        .strip_prefix('[')?
        .strip_suffix(']')?;
    let these: Option<Vec<u16>> = list.split(',').map(|one| one.trim().parse().ok()).collect();
    these.map(Statuses::These)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(earlier: &str, later: &str) -> bool {
        hides(&Condition(earlier.into()), &Condition(later.into()))
    }

    #[test]
    fn the_broader_hides_the_narrower() {
        assert!(hidden("status >= 400", "status == 404"));
        assert!(hidden("status >= 400", "status == 400 and body.code == 5"));
        assert!(hidden("status in [400, 401]", "status == 401"));
        assert!(hidden("status >= 400", "status >= 500"));
        assert!(hidden("body.x", "body.x"));
    }

    #[test]
    fn what_is_not_certain_is_not_said() {
        assert!(!hidden("status == 404", "status >= 400"));
        assert!(!hidden(
            "status == 401 and body.code == 504",
            "status == 401"
        ));
        assert!(!hidden("status >= 500", "status == 408 or status >= 500"));
        assert!(!hidden("body.x", "status == 404"));
    }
}
