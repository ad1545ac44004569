//! The shipped workspace without a word, and one small wrong workspace for every code with its exact rendering.
//!
//! `diagnostics/base` is a sound workspace of two made-up APIs. Every other file of `diagnostics/` is named for a
//! code and holds files that are put over it, each after a line `# file: <route>`. It yields its own code alone,
//! unless a line `# also: <code>, <code>` says that others cannot be avoided. A line `# pad: <bytes>` lengthens the
//! last of them with comments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syncline::lang::diag::{self, Code, Diagnostic};
use syncline::lang::load::Project;
use syncline::lang::{load, plan};

type Files = BTreeMap<String, String>;

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

fn base() -> Files {
    let mut files = Files::new();
    collect(&here().join("base"), "", &mut files);
    files
}

fn collect(folder: &Path, route: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{route}{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read_to_string(entry.path()).unwrap());
        }
    }
}

/// The files that a wrong workspace puts over the base.
fn overlay(text: &str) -> Files {
    let mut files = Files::new();
    let mut name = None;
    for line in text.split_inclusive('\n') {
        if let Some(route) = line.strip_prefix("# file: ") {
            name = Some(route.trim().to_owned());
            files.insert(route.trim().to_owned(), String::new());
        } else if let Some(name) = &name {
            files.get_mut(name).unwrap().push_str(line);
        }
    }
    let pad = text
        .lines()
        .find_map(|line| line.strip_prefix("# pad: ")?.parse().ok())
        .unwrap_or(0);
    if let Some(text) = name.and_then(|name| files.get_mut(&name)) {
        text.push_str(&"#".repeat(pad));
    }
    for text in files.values_mut() {
        if let Some(cut) = text.strip_suffix("---\n") {
            *text = cut.to_owned();
        }
    }
    files
}

fn compile(files: Files) -> (Project, Option<plan::Plan>, Vec<Diagnostic>) {
    let project = Project::from_files(files);
    let (plan, found) = plan::compile(&project);
    (project, plan, found)
}

fn wrong(over: &str) -> (Project, Option<plan::Plan>, Vec<Diagnostic>) {
    let mut files = base();
    files.extend(overlay(over));
    compile(files)
}

fn rendered(project: &Project, found: &[Diagnostic]) -> String {
    diag::render(&project.sources, found, diag::Style::default())
}

fn within_snapshots(assert: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("diagnostics/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(assert);
}

#[test]
fn the_shipped_workspace_is_sound() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let project = load::read(&workspace).unwrap();
    let (plan, found) = plan::compile(&project);
    assert_eq!(rendered(&project, &found), "");
    assert!(plan.is_some());
}

#[test]
fn the_base_workspace_is_sound() {
    let (project, plan, found) = compile(base());
    assert_eq!(rendered(&project, &found), "");
    let plan = plan.unwrap();
    let acme = &plan.tenants["acme"];
    let settings = |subject| acme.settings_for(subject).values.to_json().unwrap();
    assert_eq!(settings(None)["general"]["mode"], "all");
    assert_eq!(settings(Some("12"))["general"]["mode"], "open");
    assert_eq!(settings(Some("12"))["general"]["queue"], 3);
    assert_eq!(settings(None)["general"]["columns"][0]["path"], "$.Total");
    let closed = |subject| {
        &acme.settings_for(subject).tables["general.states"]
            .row("closed")
            .unwrap()
            .cases[0]
            .to
    };
    assert_eq!(*closed(None), plan::Target::Values(vec!["done".into()]));
    assert_eq!(
        *closed(Some("12")),
        plan::Target::Values(vec!["done".into(), "active".into()])
    );
    let orders = &plan.integrations["shop"].pipelines["orders"];
    assert_eq!(orders.steps[3].origin.to_string(), "shop/orders.yaml:25");
}

#[test]
fn every_code_has_a_workspace_and_every_workspace_a_code() {
    let named = fs::read_dir(here())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = named
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let codes: BTreeSet<String> = Code::ALL
        .iter()
        .map(|code| code.name().to_owned())
        .collect();
    assert_eq!(
        files.symmetric_difference(&codes).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn every_workspace_says_what_it_is_for() {
    let mut unexpected = Vec::new();
    for code in Code::ALL {
        let Ok(over) = fs::read_to_string(here().join(format!("{code}.yaml"))) else {
            continue;
        };
        let (project, plan, found) = wrong(&over);
        let also = over
            .lines()
            .find_map(|line| line.strip_prefix("# also: "))
            .unwrap_or_default();
        let mut expected: BTreeSet<&str> =
            also.split(", ").filter(|name| !name.is_empty()).collect();
        expected.insert(code.name());
        let got: BTreeSet<&str> = found.iter().map(|found| found.code.name()).collect();
        if got != expected {
            unexpected.push(format!("{code}: got {got:?}, expected {expected:?}"));
        }
        let fails = found.iter().any(Diagnostic::is_error);
        assert_eq!(
            plan.is_none(),
            fails,
            "{code}: a plan is made when nothing is wrong"
        );
        let text = rendered(&project, &found);
        within_snapshots(|| insta::assert_snapshot!(code.name(), text));
    }
    assert_eq!(
        unexpected,
        Vec::<String>::new(),
        "\n{}",
        unexpected.join("\n")
    );
}

#[test]
fn several_mistakes_are_all_said() {
    let over = "# file: shop/a.yaml\nkind: pipeline\nname: a\nfetch:\n  connector: alfa\n  get: /x\n  records: $.items[*]\n  \
                record: order\n  key: $.Id\nsteps:\n  - skip: { reason: \"{{ recrd.Id }}\" }\n---\n\
                # file: shop/b.yaml\nkind: pipeline\nname: b\nfech: {}\nsteps: []\n---\n\
                # file: tenants/c.yaml\nkind: tenant\nname: c\ntitle: C\nintegration: shopp\n";
    let (_, plan, found) = wrong(over);
    let codes: Vec<&str> = found.iter().map(|found| found.code.name()).collect();
    assert_eq!(
        codes,
        [
            "unknown-connector",
            "unknown-name",
            "unknown-key",
            "unknown-integration"
        ]
    );
    assert!(plan.is_none());
}

#[test]
fn what_is_wrong_in_a_routine_is_said_once_with_the_call_beside_it() {
    let (project, plan, found) = wrong(
        "# file: shop/a.yaml\nkind: pipeline\nname: a\nfetch:\n  connector: alpha\n  get: /orders\n  \
         records: $.items[*]\n  record: order\n  key: $.Id\nsteps:\n  - transform: { outside: 1 }\n  \
         - call: { routine: outer, inputs: { name: $.Name } }\n  \
         - call: { routine: outer, inputs: { name: $.Total } }\n---\n\
         # file: shop/outer.yaml\nkind: routine\nname: outer\ninputs: { name: {} }\nsteps:\n  \
         - call: { routine: inner }\n---\n\
         # file: shop/inner.yaml\nkind: routine\nname: inner\nsteps:\n  \
         - transform: { a: \"{{ record.Nmae }}\", b: \"{{ vars.outside }}\", c: \"{{ inputs.name }}\" }\n",
    );
    assert!(plan.is_none());
    within_snapshots(|| insta::assert_snapshot!("routine-two-places", rendered(&project, &found)));
}

#[test]
fn a_signal_is_checked_as_a_fetch_is() {
    let (project, _, found) = wrong(
        "# file: shop/a.yaml\nkind: pipeline\nname: a\nfetch:\n  connector: alpha\n  get: /orders\n  \
         records: $.items[*]\n  record: order\n  key: $.Id\n  one: { get: \"/orders/{{ key }}\" }\nsignals:\n  \
         by-number: { connector: alpha, get: /a, records: \"$.items[*]\", key: one, paging: kees, from: x }\n  \
         unasked: { connector: alpha, get: /b, records: \"$.items[*]\", record: order, key: $.Idd, \
         cursor: { path: $.Changed, start: 0 } }\nsteps:\n  - skip: { reason: nothing }\n",
    );
    within_snapshots(|| {
        insta::assert_snapshot!("signal-checked-as-a-fetch", rendered(&project, &found));
    });
}

#[test]
fn a_routine_is_checked_with_the_types_of_each_call() {
    let (project, _, found) = wrong(
        "# file: shop/a.yaml\nkind: pipeline\nname: a\nfetch:\n  connector: alpha\n  get: /orders\n  \
         records: $.items[*]\n  record: order\n  key: $.Id\nsteps:\n  \
         - call: { routine: each-of, inputs: { list: [1] } }\n  \
         - call: { routine: each-of, inputs: { list: 1 } }\n---\n\
         # file: shop/each-of.yaml\nkind: routine\nname: each-of\ninputs: { list: {} }\nsteps:\n  \
         - each: \"{{ inputs.list }}\"\n    fail: { code: x, reason: y }\n",
    );
    within_snapshots(|| {
        insta::assert_snapshot!("routine-types-of-a-call", rendered(&project, &found))
    });
}

#[test]
fn a_broken_document_is_not_said_twice() {
    for broken in [
        "kind: connector\nname: alpha\nbase_urll: x\n",
        "kind: connector\nname: alpha\nparams: { a: [\n",
        "kind: connector\nname: alpha\n\tbase_url: x\n",
    ] {
        let (project, _, found) = wrong(&format!("# file: connectors/alpha.yaml\n{broken}"));
        let files: BTreeSet<&str> = found
            .iter()
            .filter_map(|found| project.sources.get(found.primary.span.source))
            .map(syncline::lang::source::Source::name)
            .collect();
        assert_eq!(
            files,
            BTreeSet::from(["connectors/alpha.yaml"]),
            "{}",
            rendered(&project, &found)
        );
    }
}
