//! The workspace as text: without a mistake, and with the schemas that editors need.

use std::fs;
use std::path::PathBuf;

use super::world::{Ran, command, workspace};

#[tokio::test]
async fn it_is_without_a_mistake() {
    let ran = Ran::of(command(&workspace()).args(["--format", "json", "validate"]))
        .await
        .ok();
    let diagnostics: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = diagnostics.to_string();
    assert!(!text.contains("\"code\""), "{text}");
    assert_eq!(ran.stderr, "");
}

#[tokio::test]
async fn the_schema_of_its_tenants_is_fresh() {
    let ran = Ran::of(command(&workspace()).args(["schema", "parcels"]))
        .await
        .ok();
    crate::schemas::assert_fresh(
        "tests/other/workspace/parcels/tenant.schema.json",
        &ran.stdout,
    );
}

#[test]
fn every_document_names_the_schema_of_its_kind() {
    let mut folders = vec![workspace()];
    let mut documents = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                documents += 1;
                assert_names_its_schema(&folder.join(path));
            }
        }
    }
    assert_eq!(documents, 10);
}

fn assert_names_its_schema(path: &PathBuf) {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let modeline = lines.next().unwrap();
    let kind = lines.find_map(|line| line.strip_prefix("kind: ")).unwrap();
    let schema = modeline
        .strip_prefix("# yaml-language-server: $schema=")
        .unwrap();
    let file = path.parent().unwrap().join(schema);
    assert!(file.is_file(), "{} names {schema}", path.display());
    let meant = if kind == "tenant" {
        "tenant.schema.json".to_owned()
    } else {
        format!("{kind}.json")
    };
    assert!(schema.ends_with(&meant), "{} is a {kind}", path.display());
}
