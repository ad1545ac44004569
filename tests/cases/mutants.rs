//! The shipped cases prove something: a work order pipeline with a step, a row, a condition or a part of a request
//! less does not pass them.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use syncline::cases::{Report, Select, Stop, Suite};
use syncline::lang::diag::Diagnostic;
use syncline::lang::load::{self, Project};

const PIPELINE: &str = "servicechannel/work-orders.yaml";
const MAP: &str = "servicechannel/maps/priority.yaml";

/// Keys whose absence is another pipeline.
const PARTS: &[&str] = &[
    "when",
    "where",
    "choose",
    "otherwise",
    "read",
    "update",
    "remember",
    "merged_into",
    "forever",
    "catch",
    "overrides_for",
];

/// Mappings whose members are each a part.
const MEMBERS: &[&str] = &["body", "transform", "rows", "links"];

/// Lists whose items are each a part.
const LISTS: &[&str] = &["steps", "do", "catch", "otherwise"];

/// Where something is taken out.
type Place = Vec<String>;

/// Every place of a document where something can be taken out.
fn places(node: &Value, at: &mut Place, found: &mut Vec<Place>) {
    let here = at
        .iter()
        .rev()
        .find(|step| step.parse::<usize>().is_err())
        .cloned();
    let here = here.unwrap_or_default();
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                at.push(name.clone());
                let part = PARTS.contains(&name.as_str());
                if part || MEMBERS.contains(&here.as_str()) {
                    found.push(at.clone());
                }
                places(member, at, found);
                at.pop();
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(index.to_string());
                // Without its only item a list is gone, which is a part already.
                let alone = items.len() == 1 && PARTS.contains(&here.as_str());
                if LISTS.contains(&here.as_str()) && !alone {
                    found.push(at.clone());
                }
                places(item, at, found);
                at.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without(document: &Value, place: &[String]) -> Value {
    let mut document = document.clone();
    let (last, way) = place.split_last().unwrap();
    let mut pointer = String::new();
    for step in way {
        pointer.push('/');
        pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
    }
    let node = document.pointer_mut(&pointer).unwrap();
    if let Some(items) = node.as_array_mut() {
        items.remove(last.parse().unwrap());
    } else {
        node.as_object_mut().unwrap().shift_remove(last);
    }
    document
}

fn project() -> Project {
    load::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")).unwrap()
}

fn document(project: &Project, file: &str) -> Value {
    let mut all = project.documents.iter();
    all.find(|doc| doc.source.name() == file)
        .unwrap()
        .json
        .clone()
}

fn with(project: &Project, file: &str, text: &str) -> Project {
    let mut project = project.clone();
    project.documents.retain(|doc| doc.source.name() != file);
    project.add(file, text);
    project
}

/// Nothing when the workspace does not compile.
fn run(project: &Project) -> Option<Report> {
    let suite = Suite::prepare(project, &Select::default());
    if suite.diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(suite.run(Stop::AtTheFirst)).unwrap()
}

#[test]
fn the_shipped_cases_pass() {
    let report = run(&project()).unwrap();
    assert_eq!(
        syncline::cases::report::human(&report)
            .matches("FAIL")
            .count(),
        0,
        "{report:#?}"
    );
    assert!(report.cases.len() >= 40, "{} cases", report.cases.len());
    assert_eq!(report.unmet, [], "no case meets these");
}

#[test]
fn a_pipeline_with_a_part_less_fails_a_case() {
    let project = project();
    let mut mutants: Vec<(&str, Place)> = Vec::new();
    for file in [PIPELINE, MAP] {
        let mut found = Vec::new();
        places(&document(&project, file), &mut Place::new(), &mut found);
        mutants.extend(found.into_iter().map(|place| (file, place)));
    }
    let next = AtomicUsize::new(0);
    let survivors = Mutex::new(Vec::new());
    let killed = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((file, place)) = mutants.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let text = without(&document(&project, file), place).to_string();
                    match run(&with(&project, file, &text)) {
                        // `validate` finds it.
                        None => {}
                        Some(report) if report.failed() > 0 => {
                            killed.fetch_add(1, Ordering::SeqCst);
                        }
                        Some(_) => survivors
                            .lock()
                            .unwrap()
                            .push(format!("{file} {}", place.join("."))),
                    }
                }
            });
        }
    });
    let (survivors, killed) = (survivors.into_inner().unwrap(), killed.into_inner());
    let all = killed + survivors.len();
    assert!(all >= 80, "only {all} of {} can be run", mutants.len());
    assert!(
        killed * 100 >= all * 90,
        "{killed} of {all} are found; these are not: {survivors:#?}"
    );
}
