//! The shipped cases prove something: a pipeline, routine or map with a step, a row, a condition or a part of a
//! request less does not pass them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::Regex;
use serde_json::Value;
use syncline::cases::{Report, Select, Stop, Suite};
use syncline::lang::config::Kind;
use syncline::lang::diag::Diagnostic;
use syncline::lang::load::{self, Project};

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
    "among",
    "table",
    "else",
];

/// Mappings whose members are each a part.
const MEMBERS: &[&str] = &[
    "body",
    "form",
    "transform",
    "rows",
    "links",
    "signals",
    "inputs",
    "with",
];

/// Lists whose items are each a part. Not the parts of a `multipart` body: a case does not see the bytes of a file, the
/// end-to-end tests of R70 do.
const LISTS: &[&str] = &["steps", "do", "catch", "otherwise", "cases"];

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

/// How the cases go whose `test / case` fits; nothing when the workspace does not compile.
fn run(project: &Project, cases: Option<Regex>, stop: Stop) -> Option<Report> {
    let select = Select {
        run: cases,
        ..Select::default()
    };
    let suite = Suite::prepare(project, &select);
    if suite.diagnostics.iter().any(Diagnostic::is_error) {
        return None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(suite.run(stop)).unwrap()
}

/// A shipped file that has cases, and a workspace with only the cases that can meet it.
struct Tested {
    file: String,
    json: Value,
    project: Project,
    /// The cases that failed last. What is taken out next is near to what was taken out last, and each case that is
    /// not tried saves compiling its tenant.
    failed_last: Mutex<VecDeque<String>>,
}

impl Tested {
    /// Whether a case fails with something taken out of the file; nothing when `validate` refuses it.
    fn fails_without(&self, place: &[String]) -> Option<bool> {
        let mut project = self.project.clone();
        project
            .documents
            .retain(|doc| doc.source.name() != self.file);
        project.add(&self.file, without(&self.json, place).to_string());
        let first = self
            .failed_last
            .lock()
            .unwrap()
            .iter()
            .fold(String::from("^$"), |all, case| {
                format!("{all}|^{}$", regex::escape(case))
            });
        let first = Regex::new(&first).unwrap();
        if run(&project, Some(first), Stop::AtTheFirst)?.failed() > 0 {
            return Some(true);
        }
        let report = run(&project, None, Stop::AtTheFirst)?;
        let failed = report.cases.iter().find(|case| !case.passed());
        if let Some(case) = failed {
            let mut last = self.failed_last.lock().unwrap();
            last.push_front(format!("{} / {}", case.test, case.name));
            last.truncate(3);
        }
        Some(failed.is_some())
    }
}

/// The routines and maps that the steps of a document name.
fn named<'v>(node: &'v Value, found: &mut BTreeSet<(Kind, &'v str)>) {
    match node {
        Value::Object(members) => {
            for (key, verb) in members {
                let name = match key.as_str() {
                    "call" => verb["routine"].as_str().map(|name| (Kind::Routine, name)),
                    "map" => verb["use"].as_str().map(|name| (Kind::Map, name)),
                    _ => None,
                };
                found.extend(name);
                named(verb, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The pipelines that integrations name: without them there is none.
fn named_by_integrations(project: &Project) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for doc in project
        .documents
        .iter()
        .filter(|doc| doc.kind == Kind::Integration)
    {
        found.extend(doc.json["subjects"]["from"].as_str());
        let gates = doc.json["requires"].as_array().into_iter().flatten();
        let pipelines = gates
            .filter_map(|gate| gate["pipelines"].as_array())
            .flatten();
        found.extend(pipelines.filter_map(Value::as_str));
    }
    found
}

/// Every pipeline, routine and map that is shipped. A routine and a map are met by the cases of the pipelines that
/// use them.
fn shipped() -> Vec<Tested> {
    let project = project();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut known: BTreeMap<(Kind, String), (String, Value)> = BTreeMap::new();
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for doc in &project.documents {
        let file = doc.source.name().to_owned();
        match doc.kind {
            Kind::Test => {
                tests
                    .entry(text(&doc.json["pipeline"]))
                    .or_default()
                    .insert(file);
            }
            Kind::Pipeline | Kind::Routine | Kind::Map => {
                known.insert(
                    (doc.kind, text(&doc.json["name"])),
                    (file, doc.json.clone()),
                );
            }
            Kind::Runtime | Kind::Connector | Kind::Integration | Kind::Tenant => {}
        }
    }
    let mut met: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for ((kind, name), (_, json)) in &known {
        if *kind != Kind::Pipeline {
            continue;
        }
        let own = tests.get(name);
        let own = own.unwrap_or_else(|| panic!("the pipeline `{name}` has no cases"));
        let mut to_look_at = vec![(*kind, name.as_str(), json)];
        while let Some((kind, name, json)) = to_look_at.pop() {
            let (file, _) = &known[&(kind, name.to_owned())];
            let cases = met.entry(file).or_default();
            if own.is_subset(cases) {
                continue;
            }
            cases.extend(own.iter().cloned());
            let mut uses = BTreeSet::new();
            named(json, &mut uses);
            to_look_at.extend(
                uses.into_iter()
                    .map(|(kind, name)| (kind, name, &known[&(kind, name.to_owned())].1)),
            );
        }
    }
    let always = named_by_integrations(&project);
    let tested = known.values().map(|(file, json)| {
        let cases = met.get(file.as_str());
        let cases = cases.unwrap_or_else(|| panic!("no case meets {file}"));
        let is_met = |name: &str| {
            let own = tests.get(name);
            own.is_some_and(|own| !own.is_disjoint(cases))
        };
        let mut project = project.clone();
        project.documents.retain(|doc| match doc.kind {
            Kind::Test => cases.contains(doc.source.name()),
            // Each pipeline is compiled for each case.
            Kind::Pipeline => is_met(&doc.name) || always.contains(&*doc.name),
            Kind::Tenant => false,
            Kind::Runtime | Kind::Connector | Kind::Integration | Kind::Map | Kind::Routine => true,
        });
        Tested {
            file: file.clone(),
            json: json.clone(),
            project,
            failed_last: Mutex::default(),
        }
    });
    tested.collect()
}

#[test]
fn the_shipped_cases_pass_and_meet_every_step_row_and_handler() {
    let report = run(&project(), None, Stop::AtTheEnd).unwrap();
    assert_eq!(
        syncline::cases::report::human(&report)
            .matches("FAIL")
            .count(),
        0,
        "{report:#?}"
    );
    assert!(report.cases.len() >= 100, "{} cases", report.cases.len());
    assert_eq!(report.unmet, [], "no case meets these");
}

/// What became of the mutants of a file.
#[derive(Default)]
struct Count {
    killed: usize,
    alive: Vec<String>,
    /// `validate` refuses them.
    refused: usize,
}

impl Count {
    fn is_enough(&self) -> bool {
        self.killed * 10 >= (self.killed + self.alive.len()) * 9
    }
}

#[test]
fn a_pipeline_routine_or_map_with_a_part_less_fails_a_case() {
    let shipped = shipped();
    let mut mutants: Vec<(&Tested, Place)> = Vec::new();
    for tested in &shipped {
        let whole = run(&tested.project, None, Stop::AtTheFirst);
        let sound = whole.is_some_and(|report| report.failed() == 0 && !report.cases.is_empty());
        assert!(sound, "the cases that meet {} pass", tested.file);
        let mut found = Vec::new();
        places(&tested.json, &mut Place::new(), &mut found);
        mutants.extend(found.into_iter().map(|place| (tested, place)));
    }
    let next = AtomicUsize::new(0);
    let counts: Mutex<BTreeMap<&str, Count>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((tested, place)) = mutants.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let fails = tested.fails_without(place);
                    let mut counts = counts.lock().unwrap();
                    let count = counts.entry(&tested.file).or_default();
                    match fails {
                        None => count.refused += 1,
                        Some(true) => count.killed += 1,
                        Some(false) => count.alive.push(place.join(".")),
                    }
                }
            });
        }
    });
    let mut all = Count::default();
    let mut holes = String::new();
    for (file, count) in counts.into_inner().unwrap() {
        println!(
            "{file}: {} found, {} not, {} refused by `validate`",
            count.killed,
            count.alive.len(),
            count.refused
        );
        for place in &count.alive {
            println!("  {place}");
        }
        if !count.is_enough() {
            holes.push_str(&format!("{file}: {:#?}\n", count.alive));
        }
        all.killed += count.killed;
        all.alive.extend(count.alive);
    }
    let run = all.killed + all.alive.len();
    println!("{} of {run} are found", all.killed);
    assert!(run >= 300, "only {run} of {} can be run", mutants.len());
    assert!(holes.is_empty(), "these are missed too often:\n{holes}");
    assert!(all.is_enough(), "{} of {run} are found", all.killed);
}
