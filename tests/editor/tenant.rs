//! A tenant file in an editor: every group, field, choice and row of its integration is shown and offered, and so are
//! the params of its accounts. What is shown is read from `integration.yaml` and the connectors, not from the schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use syncline::lang::config::Kind;
use syncline::lang::load::{self, Project};

use super::{Document, Editor, labels, root};

/// What every tenant file begins with. The schema stands beside the files that the trials open.
const HEAD: &str = "\
# yaml-language-server: $schema=./tenant.schema.json
kind: tenant
name: trial
title: Trial
integration: servicechannel
";

fn project() -> Project {
    load::read(&root().join("pipelines")).unwrap()
}

fn document(project: &Project, kind: Kind, name: &str) -> Value {
    let mut all = project.documents.iter();
    let found = all.find(|doc| doc.kind == kind && &*doc.name == name);
    found
        .unwrap_or_else(|| panic!("there is no {name}"))
        .json
        .clone()
}

fn members<'v>(value: &'v Value, name: &str) -> &'v Map<String, Value> {
    value[name]
        .as_object()
        .unwrap_or_else(|| panic!("{name} is a mapping"))
}

/// The keys that a tenant may write for the rows of a map: those the map has.
fn rows(project: &Project, map: &str) -> Vec<String> {
    let map = document(project, Kind::Map, map);
    members(&map, "rows").keys().cloned().collect()
}

/// A value that a field may have, as YAML.
fn sample(project: &Project, field: &Value) -> String {
    match field["type"].as_str().unwrap() {
        "boolean" => "true".to_owned(),
        "integer" => "12".to_owned(),
        "decimal" => "\"1.5\"".to_owned(),
        "date" => "2026-04-01".to_owned(),
        "duration" => "1h".to_owned(),
        "choice" => members(field, "values").keys().next().unwrap().clone(),
        "list" => "all".to_owned(),
        "map" => {
            let rows = rows(project, field["map"].as_str().unwrap());
            rows.first()
                .map_or("{}".to_owned(), |row| format!("{{ {row}: keep }}"))
        }
        "text" => "word".to_owned(),
        other => panic!("no sample of a {other}"),
    }
}

/// A name and what the integration says of it.
type Said = (String, Value);

/// Each group, with the fields that a tenant may write.
fn groups(project: &Project) -> Vec<(String, Value, Vec<Said>)> {
    let integration = document(project, Kind::Integration, "servicechannel");
    let groups = members(&integration, "settings")
        .iter()
        .map(|(name, group)| {
            let fields = members(group, "fields").iter();
            let fields = fields.filter(|(_, field)| field["locked"].is_null());
            let fields = fields
                .map(|(name, field)| (name.clone(), field.clone()))
                .collect();
            (name.clone(), group.clone(), fields)
        });
    groups.collect()
}

/// A text that grows line by line, and what is looked at in it later.
struct Text {
    text: String,
    lines: usize,
}

impl Text {
    fn new() -> Self {
        Self {
            text: HEAD.to_owned(),
            lines: HEAD.lines().count(),
        }
    }

    /// Adds a line; gives its number.
    fn line(&mut self, line: &str) -> usize {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
        self.lines - 1
    }

    /// Adds the way to the settings of the tenant, or of one subscriber; gives how far they are indented.
    fn settings(&mut self, of_a_subscriber: bool) -> usize {
        if of_a_subscriber {
            self.line("overrides:");
            self.line("  \"2010000001\":");
            self.line("    settings:");
            6
        } else {
            self.line("settings:");
            2
        }
    }
}

/// What an editor shows in the place of Markdown marks, so that texts can be compared.
fn plain(text: &str) -> String {
    let kept = text
        .chars()
        .filter(|char| !matches!(char, '`' | '\\' | '*' | '_'));
    kept.collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn shows(editor: &mut Editor, document: &Document, at: (usize, usize), what: &str, said: &Value) {
    let said = said
        .as_str()
        .unwrap_or_else(|| panic!("{what} is described"));
    let shown = editor.hover(document, at.0, at.1 + 1);
    assert!(plain(&shown).contains(&plain(said)), "{what}: {shown}");
}

fn offers(editor: &mut Editor, document: &Document, at: (usize, usize)) -> BTreeSet<String> {
    let items = editor.complete(document, at.0, at.1);
    labels(&items).into_iter().map(ToOwned::to_owned).collect()
}

fn assert_offers<'w>(
    found: &BTreeSet<String>,
    wanted: impl IntoIterator<Item = &'w str>,
    what: &str,
) {
    let wanted: BTreeSet<String> = wanted.into_iter().map(ToOwned::to_owned).collect();
    let missing: Vec<_> = wanted.difference(found).collect();
    assert!(
        missing.is_empty(),
        "{what}: {missing:?} are not offered, but {found:?}"
    );
}

#[test]
fn every_setting_is_explained_for_the_tenant_and_for_one_subscriber() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let project = project();
    for of_a_subscriber in [false, true] {
        let mut text = Text::new();
        let depth = text.settings(of_a_subscriber);
        let mut places = Vec::new();
        for (name, group, fields) in groups(&project) {
            let line = text.line(&format!("{:depth$}{name}:", ""));
            places.push(((line, depth), name.clone(), group["description"].clone()));
            for (field, said) in fields {
                let line = text.line(&format!(
                    "{:depth$}  {field}: {}",
                    "",
                    sample(&project, &said)
                ));
                let about = if said["description"].is_null() {
                    "title"
                } else {
                    "description"
                };
                places.push((
                    (line, depth + 2),
                    format!("{name}.{field}"),
                    said[about].clone(),
                ));
            }
        }
        let document = editor.open(&format!("explained-{of_a_subscriber}.yaml"), &text.text);
        // Only what a whole file must have is missing: every setting is one.
        let marks: Vec<_> = document
            .marks
            .iter()
            .filter(|mark| mark["range"]["start"]["line"] != 1)
            .collect();
        assert!(marks.is_empty(), "{marks:#?}");
        for (at, what, said) in places {
            shows(&mut editor, &document, at, &what, &said);
        }
    }
}

#[test]
fn every_setting_is_offered_for_the_tenant_and_for_one_subscriber() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let project = project();
    for of_a_subscriber in [false, true] {
        let mut text = Text::new();
        let depth = text.settings(of_a_subscriber);
        let line = text.line(&" ".repeat(depth));
        let document = editor.open(&format!("groups-{of_a_subscriber}.yaml"), &text.text);
        let found = offers(&mut editor, &document, (line, depth));
        let groups = groups(&project);
        assert_offers(
            &found,
            groups.iter().map(|(name, ..)| name.as_str()),
            "settings",
        );
        for (name, _, fields) in groups {
            let mut text = Text::new();
            let depth = text.settings(of_a_subscriber);
            text.line(&format!("{:depth$}{name}:", ""));
            let line = text.line(&" ".repeat(depth + 2));
            let document = editor.open(&format!("{name}-{of_a_subscriber}.yaml"), &text.text);
            let found = offers(&mut editor, &document, (line, depth + 2));
            assert_offers(&found, fields.iter().map(|(name, _)| name.as_str()), &name);
        }
    }
}

#[test]
fn every_choice_and_every_row_is_offered() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let project = project();
    for (group, _, fields) in groups(&project) {
        for (name, field) in fields {
            let what = format!("{group}.{name}");
            let mut text = Text::new();
            text.line("settings:");
            text.line(&format!("  {group}:"));
            let (line, column, wanted): (_, _, Vec<String>) = match field["type"].as_str().unwrap()
            {
                "boolean" => (
                    text.line(&format!("    {name}: ")),
                    name.len() + 6,
                    vec!["true".into(), "false".into()],
                ),
                "choice" => {
                    let values = members(&field, "values").keys().cloned();
                    (
                        text.line(&format!("    {name}: ")),
                        name.len() + 6,
                        values.collect(),
                    )
                }
                "list" => {
                    text.line(&format!("    {name}:"));
                    let values = members(&field["items"], "values").keys().cloned();
                    (text.line("      - "), 8, values.collect())
                }
                "map" => {
                    text.line(&format!("    {name}:"));
                    (
                        text.line("      "),
                        6,
                        rows(&project, field["map"].as_str().unwrap()),
                    )
                }
                _ => continue,
            };
            let document = editor.open(&format!("choice-{group}-{name}.yaml"), &text.text);
            let found = offers(&mut editor, &document, (line, column));
            assert_offers(&found, wanted.iter().map(String::as_str), &what);
        }
    }
}

#[test]
fn every_status_is_offered_as_the_target_of_a_row() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let project = project();
    let connector = document(&project, Kind::Connector, "servicechannel");
    let statuses = &connector["vocabularies"]["work_order_status"]["values"];
    let mut text = Text::new();
    text.line("settings:");
    text.line("  job_status:");
    text.line("    table:");
    let line = text.line("      job.Completed: ");
    let document = editor.open("target.yaml", &text.text);
    let found = offers(&mut editor, &document, (line, 21));
    let statuses = statuses
        .as_array()
        .unwrap()
        .iter()
        .map(|status| status.as_str().unwrap());
    assert_offers(&found, statuses.chain(["keep"]), "job.Completed");
}

#[test]
fn every_param_of_the_accounts_is_offered_and_explained() {
    let Some(mut editor) = Editor::start() else {
        return;
    };
    let project = project();
    for connector in ["servicechannel", "servicetitan"] {
        let params = document(&project, Kind::Connector, connector)["params"].clone();
        let params = params.as_object().unwrap().iter();
        // Those of the app stand in `syncline.yaml`.
        let params: Vec<_> = params
            .filter(|(_, param)| param["per"] != json!("app"))
            .collect();
        let mut empty = Text::new();
        empty.line("accounts:");
        empty.line(&format!("  {connector}:"));
        let line = empty.line("    ");
        let document = editor.open(&format!("account-{connector}.yaml"), &empty.text);
        let found = offers(&mut editor, &document, (line, 4));
        assert_offers(
            &found,
            params.iter().map(|(name, _)| name.as_str()),
            connector,
        );

        let mut text = Text::new();
        text.line("accounts:");
        text.line(&format!("  {connector}:"));
        let mut places = Vec::new();
        for (name, param) in params {
            let value = match (param["secret"].as_bool(), param["type"].as_str()) {
                (Some(true), _) => "{ secret: a/b }",
                (_, Some("integer")) => "12",
                _ => "word",
            };
            places.push((
                text.line(&format!("    {name}: {value}")),
                name,
                &param["description"],
            ));
        }
        let document = editor.open(&format!("explained-{connector}.yaml"), &text.text);
        for (line, name, said) in places {
            shows(&mut editor, &document, (line, 4), name, said);
        }
    }
}
