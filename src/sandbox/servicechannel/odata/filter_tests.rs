//! Filters are read, judged, and narrowed to ids and spans.

use proptest::prelude::*;

use super::*;

/// Stands for a row: every property has the value it is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum P {
    Id,
    Nte,
    Primary,
    Extended,
    Updated,
    Called,
    Invoiced,
}

impl Property for P {
    const MEMBERS: &'static [&'static str] = &["Id", "Nte"];
    const NAVIGATION: &'static [(&'static str, &'static [&'static str])] =
        &[("Location", &["Id", "Name"])];
    const BROKEN: &'static [&'static str] = &["Notes"];

    fn named(path: &str) -> Option<Self> {
        Some(match path {
            "Id" => Self::Id,
            "Nte" => Self::Nte,
            "Status/Primary" => Self::Primary,
            "Status/Extended" => Self::Extended,
            "UpdatedDate" => Self::Updated,
            "CallDate" => Self::Called,
            "IsInvoiced" => Self::Invoiced,
            _ => return None,
        })
    }

    fn kind(self) -> Kind {
        match self {
            Self::Id => Kind::Int,
            Self::Nte => Kind::Number,
            Self::Primary | Self::Extended => Kind::Text,
            Self::Updated | Self::Called => Kind::Time,
            Self::Invoiced => Kind::Bool,
        }
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn value(property: P) -> Value<'static> {
    match property {
        P::Id => Value::Int(7),
        P::Nte => Value::Number(850.0),
        P::Primary => Value::Text("IN PROGRESS"),
        P::Extended => Value::Null,
        P::Updated => Value::Time(at("2026-06-01T12:00:00.1234567Z")),
        P::Called => Value::Time(at("2026-05-01T00:00:00Z")),
        P::Invoiced => Value::Bool(false),
    }
}

fn holds(filter: &str) -> bool {
    Expr::<P>::parse(filter)
        .unwrap_or_else(|error| panic!("{filter}: {error}"))
        .holds(&value)
}

fn refused(filter: &str) -> String {
    Expr::<P>::parse(filter).unwrap_err().to_string()
}

#[test]
fn comparisons_of_every_kind() {
    for filter in [
        "Id eq 7",
        "Id ne 8",
        "Id gt 6",
        "Id ge 7",
        "Id lt 8",
        "Id le 7",
        "Nte eq 850",
        "Nte le 850.00",
        "Status/Primary eq 'IN PROGRESS'",
        "Status/Primary eq 'In Progress'",
        "Status/Primary ne 'OPEN'",
        "IsInvoiced eq false",
        "UpdatedDate ge 2026-06-01T12:00:00.1234567Z",
        "UpdatedDate eq 2026-06-01T14:00:00.1234567+02:00",
        "UpdatedDate gt 2026-06-01T12:00:00.1234566Z",
        "UpdatedDate lt 2026-06-01T12:00:00.1234568+00:00",
    ] {
        assert!(holds(filter), "{filter}");
    }
    for filter in ["Id eq 8", "Id lt 7", "Nte gt 850.0", "IsInvoiced eq true"] {
        assert!(!holds(filter), "{filter}");
    }
}

#[test]
fn null_equals_null_only_and_has_no_order() {
    assert!(holds("Status/Extended eq null"));
    assert!(!holds("Status/Extended ne null"));
    assert!(holds("Status/Extended ne 'DECLINED'"));
    assert!(!holds("Status/Extended eq ''"));
    assert!(!holds("Status/Extended gt 'A'"));
    assert!(!holds("Status/Extended lt 'A'"));
    assert!(holds("Id ne null"));
    assert!(!holds("contains(Status/Extended,'A')"));
}

#[test]
fn functions_ignore_case() {
    assert!(holds("contains(Status/Primary,'prog')"));
    assert!(holds("startswith(Status/Primary, 'in ')"));
    assert!(!holds("startswith(Status/Primary,'prog')"));
    assert!(!holds(
        "contains(Status/Primary,'OPEN') or contains(Status/Primary,'DONE')"
    ));
}

#[test]
fn and_binds_closer_than_or() {
    assert!(holds("Id eq 7 or Id eq 8 and Id eq 9"));
    assert!(!holds("(Id eq 7 or Id eq 8) and Id eq 9"));
    assert!(holds("((Id eq 7))"));
}

#[test]
fn quotes_are_doubled_inside_a_text() {
    let expr = Expr::<P>::parse("Status/Primary eq 'O''NEILL'").unwrap();
    let Expr::Compare { literal, .. } = expr else {
        panic!("a comparison")
    };
    assert_eq!(literal, Literal::Text("O'NEILL".to_owned()));
}

#[test]
fn what_is_not_known_to_work_is_refused() {
    assert_eq!(
        refused("not (Id eq 7)"),
        "Syntax error at position 0 in '$filter': 'not' is not supported"
    );
    assert_eq!(
        refused("Id in (1,2)"),
        "Syntax error at position 3 in '$filter': 'in' is not supported"
    );
    assert_eq!(
        refused("endswith(Status/Primary,'N')"),
        "Syntax error at position 0 in '$filter': 'endswith' is not supported"
    );
    assert_eq!(
        refused("Color eq 'red'"),
        "Could not find a property named 'Color'"
    );
    assert_eq!(refused("id eq 7"), "Could not find a property named 'id'");
    assert_eq!(
        refused("Id eq '7'"),
        "Syntax error at position 6 in '$filter': '7' is no value for 'Id'"
    );
    // A `+` that was not encoded arrives as a space.
    assert_eq!(
        refused("UpdatedDate ge 2026-06-01T12:00:00 00:00"),
        "Syntax error at position 15 in '$filter': '2026-06-01T12:00:00' is no value for \
         'UpdatedDate'"
    );
    assert_eq!(
        refused("UpdatedDate ge '2026-06-01T12:00:00Z'"),
        "Syntax error at position 15 in '$filter': '2026-06-01T12:00:00Z' is no value for \
         'UpdatedDate'"
    );
    assert_eq!(
        refused("(Id eq 7"),
        "Syntax error at position 8 in '$filter': the end where ')' was expected"
    );
    assert_eq!(
        refused("Id eq 7 Id eq 8"),
        "Syntax error at position 8 in '$filter': 'Id' where the end, 'and' or 'or' was expected"
    );
    assert_eq!(
        refused("Status/Primary eq 'OPEN"),
        "Syntax error at position 23 in '$filter': the end where a closing quote was expected"
    );
    assert_eq!(
        refused(""),
        "Syntax error at position 0 in '$filter': the end where a property or a function was \
         expected"
    );
    let deep = format!("{}Id eq 7{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(refused(&deep), "The filter is nested too deeply");
}

#[test]
fn a_keyset_filter_bounds_the_index() {
    let expr = Expr::<P>::parse(
        "(UpdatedDate gt 2026-06-01T00:00:00Z or (UpdatedDate eq 2026-06-01T00:00:00Z and \
         Id gt 5)) and CallDate ge 2025-06-01T00:00:00Z",
    )
    .unwrap();
    let span = expr.span(P::Updated);
    assert_eq!(
        span,
        Span {
            from: Some(at("2026-06-01T00:00:00Z")),
            to: None
        }
    );
    assert_eq!(expr.span(P::Called).from, Some(at("2025-06-01T00:00:00Z")));
    assert_eq!(expr.only(P::Id), None);
    assert!(expr.mentions(&|property| property == P::Called));
    assert!(!expr.mentions(&|property| property == P::Nte));
}

#[test]
fn named_ids_are_found() {
    let only = |filter| Expr::<P>::parse(filter).unwrap().only(P::Id);
    assert_eq!(only("Id eq 1 or Id eq 2"), Some(BTreeSet::from([1, 2])));
    assert_eq!(only("Id eq 1 and Nte gt 5"), Some(BTreeSet::from([1])));
    assert_eq!(only("Id eq 1 or Nte gt 5"), None);
    assert_eq!(only("Id eq 1 and Id eq 2"), Some(BTreeSet::new()));
}

fn filters() -> impl Strategy<Value = String> {
    let time = (0_i64..40).prop_map(|minutes| {
        let at = at("2026-06-01T12:00:00.1234567Z") + chrono::TimeDelta::minutes(minutes - 20);
        at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
    });
    let operator = prop_oneof!["eq", "ne", "gt", "ge", "lt", "le"];
    let leaf = prop_oneof![
        (operator.clone(), 0_i64..14).prop_map(|(operator, id)| format!("Id {operator} {id}")),
        (operator, time).prop_map(|(operator, time)| format!("UpdatedDate {operator} {time}")),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        (inner.clone(), prop_oneof!["and", "or"], inner)
            .prop_map(|(left, operator, right)| format!("({left} {operator} {right})"))
    })
}

proptest! {
    /// The indexes may only leave out rows that the filter would leave out.
    #[test]
    fn a_row_that_fulfils_a_filter_is_within_its_bounds(filter in filters(), id in 0_i64..14, minutes in 0_i64..40) {
        let updated = at("2026-06-01T12:00:00.1234567Z") + chrono::TimeDelta::minutes(minutes - 20);
        let row = |property: P| match property {
            P::Id => Value::Int(id),
            P::Updated => Value::Time(updated),
            P::Nte | P::Primary | P::Extended | P::Called | P::Invoiced => value(property),
        };
        let expr = Expr::<P>::parse(&filter).unwrap();
        if expr.holds(&row) {
            let span = expr.span(P::Updated);
            prop_assert!(span.from.is_none_or(|from| from <= updated), "{span:?}");
            prop_assert!(span.to.is_none_or(|to| updated <= to), "{span:?}");
            if let Some(ids) = expr.only(P::Id) {
                prop_assert!(ids.contains(&id));
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(filter in "\\PC{0,60}") {
        let _parsed = Expr::<P>::parse(&filter);
    }
}
