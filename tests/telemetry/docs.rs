//! The list of metrics in `docs/operations.md`, the dashboard and the alert rules: they name what there is.

#![expect(clippy::string_slice, reason = "names are ASCII")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;
use syncline::engine::telemetry::names::{Field, Kind, Metric};

use crate::schemas::{assert_fresh, root};

const FILE: &str = "docs/operations.md";
const BEGIN: &str = "<!-- made from the names of metrics: begin -->\n";
const END: &str = "<!-- made from the names of metrics: end -->\n";
const BEGIN_FIELDS: &str = "<!-- made from the names of fields: begin -->\n";
const END_FIELDS: &str = "<!-- made from the names of fields: end -->\n";

#[test]
fn the_lists_of_metrics_and_fields_are_fresh() {
    let text = std::fs::read_to_string(root().join(FILE)).unwrap();
    let text = between(&text, BEGIN, END, &metrics());
    let text = between(&text, BEGIN_FIELDS, END_FIELDS, &fields());
    assert_fresh(FILE, &text);
}

fn between(text: &str, begin: &str, end: &str, list: &str) -> String {
    let (before, rest) = text.split_once(begin).expect("the page has the marker");
    let (_, after) = rest.split_once(end).expect("the page has the other one");
    format!("{before}{begin}\n{list}\n{end}{after}")
}

fn fields() -> String {
    let mut list = String::from("| field | holds |\n| --- | --- |\n");
    for field in Field::ALL {
        writeln!(list, "| `{}` | {} |", field.name(), field.help()).unwrap();
    }
    list
}

fn metrics() -> String {
    let mut list = String::from(
        "| metric | type | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n",
    );
    for metric in Metric::ALL {
        let labels: Vec<String> = metric
            .labels()
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        writeln!(
            list,
            "| `{}` | {} | {} | {} | {} |",
            metric.name(),
            metric.kind().as_str(),
            metric.unit().as_str(),
            labels.join(", "),
            metric.help().replace('|', "\\|"),
        )
        .unwrap();
    }
    list
}

/// Every series there is, by name.
fn series() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for metric in Metric::ALL {
        match metric.kind() {
            Kind::Counter | Kind::Gauge => all.insert(metric.name().to_owned()),
            Kind::Histogram => ["_bucket", "_sum", "_count"]
                .iter()
                .all(|part| all.insert(format!("{}{part}", metric.name()))),
        };
    }
    all
}

/// The series that an expression names, each with the labels it asks for.
fn named(expression: &str) -> Vec<(String, Vec<String>)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = expression
        .match_indices(|c: char| c.is_ascii_alphabetic())
        .filter(|(at, _)| !expression[..*at].ends_with(is_part));
    let mut found = Vec::new();
    for (at, _) in begins {
        let rest = &expression[at..];
        let name: String = rest.chars().take_while(|c| is_part(*c)).collect();
        if !name.starts_with("syncline_") && !name.starts_with("process_") {
            continue;
        }
        let labels = match rest[name.len()..].strip_prefix('{') {
            Some(rest) => rest
                .split('}')
                .next()
                .unwrap()
                .split(',')
                .map(|one| one.split(['=', '!']).next().unwrap().trim().to_owned())
                .collect(),
            None => Vec::new(),
        };
        found.push((name, labels));
    }
    found
}

#[track_caller]
fn names_what_there_is(expression: &str) {
    let series = series();
    let found = named(expression);
    assert!(!found.is_empty(), "`{expression}` names no metric of ours");
    for (name, labels) in found {
        assert!(series.contains(&name), "`{expression}`: there is no {name}");
        let metric = Metric::ALL
            .iter()
            .filter(|metric| name.starts_with(metric.name()))
            .max_by_key(|metric| metric.name().len())
            .unwrap();
        for label in labels {
            let known =
                metric.labels().contains(&&*label) || ["le", "job", "instance"].contains(&&*label);
            assert!(known, "`{expression}`: {name} has no label {label}");
        }
    }
    let opened = expression.matches(['(', '{', '[']).count();
    let closed = expression.matches([')', '}', ']']).count();
    assert_eq!(opened, closed, "`{expression}` is closed");
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_dashboard_shows_metrics_that_exist() {
    let dashboard: Value = serde_json::from_str(&text("docs/grafana-dashboard.json")).unwrap();
    let mut ids = BTreeSet::new();
    let mut targets = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty());
        let place = &panel["gridPos"];
        let right = place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap();
        assert!(right <= 24, "{}: a row is 24 wide", panel["title"]);
        for target in panel["targets"].as_array().into_iter().flatten() {
            names_what_there_is(target["expr"].as_str().unwrap());
            targets += 1;
        }
    }
    assert!(targets > 15);
}

#[test]
fn the_alerts_speak_of_metrics_that_exist_and_say_what_to_do() {
    let rules: Value = serde_saphyr::from_str(&text("docs/alerts.yaml")).unwrap();
    let mut names = BTreeSet::new();
    for group in rules["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let name = rule["alert"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            let expression = rule["expr"].as_str().unwrap();
            // Whether it is there at all is asked of Prometheus itself.
            if expression != "up{job=\"syncline\"} == 0" {
                names_what_there_is(expression);
            }
            let severity = rule["labels"]["severity"].as_str().unwrap();
            assert!(["page", "ticket"].contains(&severity), "{name}");
            for said in ["summary", "description"] {
                let said = rule["annotations"][said].as_str().unwrap();
                assert!(said.len() > 20, "{name} says it");
            }
        }
    }
    assert!(names.len() >= 10, "{names:?}");
}

#[test]
fn names_are_found_in_expressions() {
    let found = named(
        "sum by (cause) (syncline_dead_records{cause=\"x\", job!=\"y\"}) > 0 and process_open_fds",
    );
    let expected = [
        ("syncline_dead_records", vec!["cause", "job"]),
        ("process_open_fds", vec![]),
    ];
    let expected: Vec<(String, Vec<String>)> = expected
        .into_iter()
        .map(|(name, labels)| {
            (
                name.to_owned(),
                labels.into_iter().map(ToOwned::to_owned).collect(),
            )
        })
        .collect();
    assert_eq!(found, expected);
}
