//! How cases go over a small workspace: what passes, and how one that fails says every difference with its place.

use std::path::Path;

use syncline::cases::{Report, Select, Stop, Suite, report};
use syncline::lang::diag;
use syncline::lang::load::{self, Project};

/// The sound workspace of the diagnostics, with signals, a routine and a catch in its pipeline, and one test.
fn project(cases: &str) -> Project {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/base");
    let mut project = load::read(&base).unwrap();
    let file = "shop/orders.yaml";
    let text = std::fs::read_to_string(base.join(file)).unwrap();
    let text = text.replace(
        "links:\n  site:",
        "signals:\n  notes:\n    connector: alpha\n    get: /notes\n    query: { after: \"{{ cursor.value }}\", \
         sort: Changed asc }\n    records: $.notes[*]\n    key: $.OrderId\n    cursor: { path: $.Changed, start: 0, \
         overlap: 10s }\nlinks:\n  site:",
    );
    let text = text.replace(
        "  - transform:\n      title: \"{{ record.Name }} of {{ record.Shop.Name }}\"\n",
        "  - name: named\n    call: { routine: title, inputs: { name: $.Name } }\n  - transform: { title: \"{{ \
         steps.named.title }}\" }\n",
    );
    assert!(text.contains("signals:") && text.contains("routine: title"));
    project.documents.retain(|doc| doc.source.name() != file);
    project.add(file, text);
    project.add(
        "shop/title.yaml",
        "kind: routine\nname: title\ninputs: { name: {}, of: { default: ' of ' } }\nsteps:\n  - transform: { title: \
         \"{{ inputs.name ~ inputs.of ~ record.Shop.Name }}\" }\n",
    );
    project.add("shop/orders.test.yaml", format!("{HEAD}{cases}"));
    project
}

const HEAD: &str = "kind: test
name: orders
pipeline: orders
given:
  now: 2026-04-03T00:00:00Z
  accounts: { alpha: { account: 7 }, beta: { site: acme } }
  links: { site: 5 }
  records: [&order { Id: 1, Name: Chairs, Status: open, Changed: 2026-04-02T00:00:00Z, Total: 9.5, Shop: { Id: 12, Name: Corner } }]
  replies:
    - { get: core:/jobs, query: { number: o-1 }, reply: { body: { items: [], more: false } } }
    - { post: core:/jobs, reply: { body: { id: 40 } } }
cases:
";

async fn run(cases: &str) -> Report {
    let suite = Suite::prepare(&project(cases), &Select::default());
    let found = diag::render(
        &suite.project.sources,
        &suite.diagnostics,
        diag::Style::default(),
    );
    assert_eq!(found, "");
    suite.run(Stop::AtTheEnd).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_case_that_is_as_expected_passes() {
    let report = run("
  - name: an order becomes a job, named by a routine
    expect:
      outcome: written
      requests: [{ post: core:/jobs, exactly: true, body: { number: o-1, name: Chairs of Corner, state: new } }]
      links: { job: { '1': { id: 40, shop: 12 } }, site: 5 }
  - name: what a signal names is read and becomes a job
    given:
      records: [&none { Id: 9, Status: closed, Changed: 2026-04-02T00:00:00Z }]
      signals: { notes: [{ notes: [{ OrderId: 1, Changed: 7 }, { OrderId: null, Changed: 8 }] }] }
      replies: [{ get: /orders/1, reply: { body: *order } }]
    expect:
      records: { '1': { outcome: written } }
      outcome: skipped
      reason: the order was closed before it was seen
      requests: [{ post: /core/acme/jobs }]
  - name: a refusal is held and comes through when it is mended
    given:
      records: [*order, { <<: *order, Changed: 2026-04-02T01:00:00Z }]
      replies: [{ post: core:/jobs, reply: { status: 422, body: { code: 17, message: no } }, then: [{ body: { id: 41 } }] }]
    expect: { outcome: written, requests: [{ post: core:/jobs }, { post: core:/jobs }], links: { job: { '1': 41 } } }
  - name: a source that is away for a while is waited for
    given:
      replies: [{ post: core:/jobs, reply: { trouble: not_sent }, then: [{ body: { id: 42 } }] }]
    expect: { outcome: written, requests: [{ post: core:/jobs }, { post: core:/jobs }], links: { job: { '1': 42 } } }
")
    .await;
    insta::assert_snapshot!("pass", report::human(&report));
    insta::assert_snapshot!("coverage", report::coverage(&report));
}

#[tokio::test]
async fn a_case_that_fails_says_every_difference() {
    let report = run("
  - name: everything is otherwise
    expect:
      outcome: held
      reason: refused
      records: { '2': { outcome: written } }
      requests:
        - { post: core:/jobs, exactly: true, body: { number: 1, state: new, items: [] } }
        - { patch: core:/jobs/40 }
      links: { job: { '1': 41 }, site: null }
  - name: another reason
    given: { records: [{ <<: *order, Status: closed }] }
    expect: { outcome: skipped, reason: it is closed }
  - name: nothing is expected
    expect: { outcome: written }
  - name: in any order
    expect:
      in_any_order: true
      requests: [{ post: core:/jobs, body: { number: o-2 } }]
  - name: a reply that does not fit
    given:
      records: [{ <<: *order, Id: 2 }]
    expect: { outcome: written }
  - name: a reply that is not there
    given:
      signals: { notes: [{ notes: [{ OrderId: 1, Changed: 7 }] }] }
      replies: [{ get: /orders/2, reply: { body: *order } }]
    expect: { outcome: written }
  - name: more pages than are asked for
    given:
      pages: [{ items: [] }, { items: [] }]
    expect: {}
  - name: no such signal
    given: { signals: { visits: [] } }
    expect: {}
")
    .await;
    insta::assert_snapshot!("fail", report::human(&report));
    insta::assert_snapshot!("junit", report::junit(&report));
}

#[test]
fn what_a_case_gives_is_checked_as_a_tenant_is() {
    let project = project(
        "  - { name: wrong, given: { settings: { general: { mode: nothing } } }, expect: {} }\n",
    );
    let suite = Suite::prepare(&project, &Select::default());
    let codes: Vec<&str> = suite
        .diagnostics
        .iter()
        .map(|found| found.code.name())
        .collect();
    assert_eq!(codes, ["setting-bad-choice"]);
}

#[test]
fn a_test_must_speak_of_what_is_there() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics/base");
    let mut project = load::read(&base).unwrap();
    project.add(
        "shop/x.yaml",
        "kind: test\nname: x\npipeline: order\ngiven: { links: { jobs: 1 } }\ncases: []\n",
    );
    let (_, found) = syncline::lang::plan::compile(&project);
    let said: Vec<&str> = found.iter().map(|found| found.headline.as_str()).collect();
    assert_eq!(
        said,
        ["there is no pipeline `order`", "there is no entity `jobs`"]
    );
}

#[test]
fn cases_are_chosen_by_file_and_by_name() {
    let project = project("  - { name: one, expect: {} }\n  - { name: two, expect: {} }\n");
    let count = |paths: &[&str], run: Option<&str>| {
        let select = Select {
            paths: paths.iter().map(ToString::to_string).collect(),
            run: run.map(|run| regex::Regex::new(run).unwrap()),
        };
        Suite::prepare(&project, &select).len()
    };
    assert_eq!(count(&[], None), 2);
    assert_eq!(count(&["shop"], None), 2);
    assert_eq!(count(&["./shop/orders.test.yaml"], None), 2);
    assert_eq!(count(&["sho"], None), 0);
    assert_eq!(count(&[], Some("^orders / two$")), 1);
}
