//! A map of a closed vocabulary is total: `validate` names the value whose row is gone.

use std::path::Path;

use serde_json::Value;
use syncline::lang::config::Kind;
use syncline::lang::load::{self, Project};
use syncline::lang::plan;

/// The values of a vocabulary that a connector closes; none of one that customers extend.
fn closed(project: &Project, vocabulary: &str) -> Option<Vec<String>> {
    let (connector, name) = vocabulary.split_once('.').unwrap();
    let is_it = |doc: &&load::Document| doc.kind == Kind::Connector && &*doc.name == connector;
    let connector = project.documents.iter().find(is_it).unwrap();
    let said = &connector.json["vocabularies"][name];
    let values = said["values"].as_array().unwrap();
    let values = values
        .iter()
        .map(|value| value.as_str().unwrap().to_owned());
    said["open"].is_null().then(|| values.collect())
}

/// The values that a map must have rows for, as its rows write them.
fn demanded(project: &Project, map: &Value) -> Vec<String> {
    match &map["from"] {
        Value::String(vocabulary) => closed(project, vocabulary).unwrap_or_default(),
        Value::Object(prefixes) => prefixes
            .iter()
            .filter_map(|(prefix, vocabulary)| {
                let values = closed(project, vocabulary.as_str().unwrap())?;
                Some(
                    values
                        .into_iter()
                        .map(move |value| format!("{prefix}.{value}")),
                )
            })
            .flatten()
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Vec::new(),
    }
}

#[test]
fn without_any_row_of_a_closed_map_validate_names_the_value() {
    let project = load::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")).unwrap();
    let mut removed = 0;
    for map in project.documents.iter().filter(|doc| doc.kind == Kind::Map) {
        if !map.json["else"].is_null() {
            continue;
        }
        let file = map.source.name();
        let demanded = demanded(&project, &map.json);
        let mut rows: Vec<&String> = map.json["rows"].as_object().unwrap().keys().collect();
        rows.sort();
        let mut all: Vec<&String> = demanded.iter().collect();
        all.sort();
        assert_eq!(rows, all, "{file} has a row for every value");
        for value in &demanded {
            let mut less = map.json.clone();
            less["rows"].as_object_mut().unwrap().shift_remove(value);
            let mut project = project.clone();
            project.documents.retain(|doc| doc.source.name() != file);
            project.add(file, less.to_string());
            let (_, found) = plan::compile(&project);
            let missing: Vec<_> = found
                .iter()
                .filter(|found| found.code.name() == "map-missing-value")
                .collect();
            assert_eq!(missing.len(), 1, "{file} without `{value}`: {found:#?}");
            assert!(missing[0].is_error());
            let headline = &missing[0].headline;
            assert!(
                headline.contains(&format!("`{value}`")),
                "{file} without `{value}`: {headline}"
            );
            removed += 1;
        }
    }
    assert!(removed >= 16, "{removed} rows were removed");
}
