//! Options of a request are read, and the next page asks for the same.

use super::*;
use crate::sandbox::servicechannel::properties::WorkOrderProperty;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn parsed(list: &[(&str, &str)]) -> Options<WorkOrderProperty> {
    Options::parse(&pairs(list)).unwrap_or_else(|error| panic!("{list:?}: {error}"))
}

fn refused(list: &[(&str, &str)]) -> Error {
    Options::<WorkOrderProperty>::parse(&pairs(list)).unwrap_err()
}

#[test]
fn all_options_together() {
    let options = parsed(&[
        ("$filter", "Id gt 5"),
        ("$orderby", "UpdatedDate desc, Id"),
        ("$select", "Id,Status"),
        ("$expand", "Location($select=Id,StoreId),Subscriber"),
        ("$top", "20"),
        ("$skip", "40"),
        ("$count", "true"),
        ("api-version", "ignored"),
    ]);
    assert_eq!(
        options.order,
        [
            (WorkOrderProperty::UpdatedDate, Direction::Descending),
            (WorkOrderProperty::Id, Direction::Ascending)
        ]
    );
    let select = options.select.as_ref().unwrap();
    assert!(
        select.contains("Location"),
        "what is expanded is shown: {select:?}"
    );
    let location = options
        .expanded("Location")
        .unwrap()
        .select
        .as_ref()
        .unwrap();
    assert_eq!(location.iter().collect::<Vec<_>>(), ["Id", "StoreId"]);
    assert_eq!(options.expanded("Subscriber").unwrap().select, None);
    assert_eq!(
        (options.page(), options.skip, options.count),
        (20, 40, Count::Wanted)
    );
    assert!(!options.links(), "a client that says $top gets no link");
}

#[test]
fn a_page_is_never_longer_than_50() {
    assert_eq!(parsed(&[]).page(), 50);
    assert_eq!(parsed(&[("$top", "0")]).page(), 0);
    let capped = parsed(&[("$top", "120")]);
    assert_eq!((capped.page(), capped.links()), (50, true));
}

#[test]
fn what_is_not_known_is_refused() {
    assert_eq!(
        refused(&[("$apply", "x")]),
        Error::Option("$apply".to_owned())
    );
    assert_eq!(
        refused(&[("$top", "1"), ("$top", "2")]),
        Error::Twice("$top".to_owned())
    );
    assert_eq!(
        refused(&[("$select", "Color")]),
        Error::Property("Color".to_owned())
    );
    assert_eq!(
        refused(&[("$orderby", "Color")]),
        Error::Property("Color".to_owned())
    );
    assert_eq!(
        refused(&[("$expand", "Invoices")]),
        Error::Expand("Invoices".to_owned())
    );
    assert_eq!(
        refused(&[("$expand", "notes")]),
        Error::BrokenExpand("notes".to_owned())
    );
    for (name, value) in [
        ("$top", "-1"),
        ("$skip", "x"),
        ("$count", "yes"),
        ("$orderby", "Id up"),
        ("$expand", "Location($top=1)"),
        ("$expand", "Location($select=Id"),
    ] {
        assert!(
            matches!(refused(&[(name, value)]), Error::Value { .. }),
            "{name}={value}"
        );
    }
}

#[test]
fn the_next_query_repeats_what_was_asked() {
    let query = next_query(
        &pairs(&[
            ("$select", "Id"),
            ("$filter", "Status/Primary eq 'OPEN'"),
            ("$skip", "50"),
            ("$top", "120"),
        ]),
        100,
    );
    assert_eq!(
        query,
        "$select=Id&$filter=Status%2FPrimary%20eq%20'OPEN'&$top=70&$skip=100"
    );
}
