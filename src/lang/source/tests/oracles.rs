//! Two other readers of YAML agree with ours where they are known to be right.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::*;
use super::{one, source, value};

/// A small pipeline with the notations that real ones use.
const PIPELINE: &str = r#"# yaml-language-server: $schema=../schemas/pipeline.json
kind: pipeline
name: orders
trigger: { every: 2m, webhook: [alpha.order] }
fetch:
  connector: alpha
  get: /orders
  query:
    $filter: >-
      (Changed gt {{ cursor.value }}
      and Id gt {{ cursor.tie }})
    $top: "50"
  records: $.value[*]
  key: $.Id
links: { job: { key: $.Id }, site: { key: $.Site.Id } }
steps:
  - when: record.Status in ['CLOSED', 'VOID'] and not link.job
    skip: { reason: "the order is {{ record.Status | lower }}", forever: true }
  - name: site
    fetch: { connector: alpha, get: "/sites/{{ record.Site.Id }}", cache: 1h }
  - transform:
      text: |
        {% for line in record.Lines %}{{ line.Text }}
        {% endfor %}
      empty:
      flag: no
      zip: '01234'
      limit: 850.0
  - write:
      entity: job
      create:
        post: beta:/jobs
        body: &body { name: $.Name, address: &address { street: "1 Main St", unit: ~ } }
      update: { patch: "beta:/jobs/{{ id }}", body: *body, same: *address }
"#;

fn yaml_serde(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn saphyr(text: &str) -> Result<Value, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(text, serde_saphyr::options! { strict_booleans: true })
}

#[test]
fn a_real_file_reads_as_others_read_it() {
    let ours = value(PIPELINE);
    assert_eq!(ours, yaml_serde(PIPELINE));
    assert_eq!(ours, saphyr(PIPELINE).unwrap());
}

#[test]
fn merges_read_as_saphyr_reads_them() {
    let base = "a: &a { x: 1, y: 2 }\nb: &b { y: 3, z: { w: 4 } }\n";
    for use_of_it in [
        "c:\n  <<: *a\n",
        "c:\n  <<: *a\n  y: 5\n",
        "c:\n  y: 5\n  <<: *a\n",
        "c: { <<: [*a, *b], w: 6 }\n",
        "c: { <<: [*b, *a] }\n",
        "c:\n  <<: { q: 1, x: 2 }\n  x: 3\n",
        "c: &c { <<: *a }\nd: { <<: *c, z: 1 }\n",
    ] {
        let text = format!("{base}{use_of_it}");
        assert_eq!(value(&text), saphyr(&text).unwrap(), "{text}");
    }
}

#[test]
fn duplicates_are_errors_to_saphyr_too() {
    for text in [
        "a: 1\na: 2\n",
        "b: { a: 1, 'a': 2 }\n",
        "- a: 1\n  b: 2\n  a: 3\n",
    ] {
        assert!(saphyr(text).is_err(), "{text}");
        let (_, document) = one(text);
        assert!(
            matches!(document.issues[0].kind, YamlIssueKind::DuplicateKey { .. }),
            "{text}"
        );
    }
}

/// JSON of every kind, with the texts that writers of YAML get wrong.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        // Both writers leave `<<` without quotes, which makes it a merge key.
        "[ -~é漢\n\t]{0,12}".prop_filter("a merge key", |text| text != "<<"),
        prop::sample::select(vec![
            "no",
            "null",
            "~",
            "true",
            "1e3",
            "0x10",
            "0024",
            ".inf",
            "-",
            "- a",
            "a: b",
            "a #b",
            "{{ x }}",
            "$.data[*]",
            "",
            " ",
            "\n",
            "'",
            "\"",
            "*x",
            "&x",
            "!x",
            "%",
            "@",
            "`",
            "|",
            ">",
            "2026-01-01",
            "...",
            "---",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5)
                .prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_yaml_serde_writes_we_read(json in any_json()) {
        let text = serde_yaml::to_string(&json).unwrap();
        let source = source(&text);
        let document = read(&source).remove(0);
        if json.is_null() {
            // A document that is null alone counts as written.
            prop_assert_eq!(document.value, Some(Value::Null));
        } else {
            prop_assert_eq!(&document.issues, &[], "{}", text);
            prop_assert_eq!(document.value, Some(json), "{}", text);
        }
    }

    #[test]
    fn json_is_yaml(json in any_json()) {
        let text = serde_json::to_string_pretty(&json).unwrap();
        let source = source(&text);
        let document = read(&source).remove(0);
        prop_assert_eq!(document.value, Some(json), "{}", text);
    }

    #[test]
    fn plain_scalars_mean_what_they_mean_to_yaml_serde(text in "[-+]?[0-9.eExo]{1,6}|[nultrefaso~NULTRF]{1,5}") {
        let theirs: Value = serde_yaml::from_str(&text).unwrap_or(Value::Null);
        let (_, ours) = one(&format!("- {text}\n"));
        // To theirs, alone on a line, `...` is the end of the document.
        prop_assume!(ours.issues.is_empty() && text != "...");
        let ours = ours.value.unwrap_or_default();
        // Ours keeps codes like `00.5` and `+0x1` as text; theirs makes some of them numbers.
        let code = text.trim_start_matches(['-', '+']).starts_with('0') || text.starts_with('+');
        prop_assume!(!code);
        prop_assert_eq!(ours, json!([theirs]), "{}", text);
    }
}
