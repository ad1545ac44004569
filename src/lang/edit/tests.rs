//! Examples of every style, and a property over files that chance makes.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn source(text: &str) -> Source {
    SourceMap::new().add("a.yaml", text)
}

#[track_caller]
fn sets(text: &str, at: &str, value: Json, wanted: &str) {
    let done = set(&source(text), 0, &Pointer::parse(at), &value);
    assert_eq!(done.as_deref(), Ok(wanted));
}

#[track_caller]
fn unsets(text: &str, at: &str, wanted: &str) {
    let done = unset(&source(text), 0, &Pointer::parse(at));
    assert_eq!(done.as_deref(), Ok(wanted));
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    sets(
        "a: 1 # one\nb: 2\n",
        "/a",
        json!(true),
        "a: true # one\nb: 2\n",
    );
    sets("a: 'x'\n", "/a", json!("y"), "a: 'y'\n");
    sets("a: \"x\"\n", "/a", json!("yes: no"), "a: \"yes: no\"\n");
    sets("a: x\n", "/a", json!("12"), "a: \"12\"\n");
    sets("a:\nb: 2\n", "/a", json!([1, "x"]), "a: [1, x]\nb: 2\n");
    sets(
        "{a: 1, b: 2}\n",
        "/a",
        json!({ "c": 3 }),
        "{a: {c: 3}, b: 2}\n",
    );
    sets(
        "a: 1\r\nb: 2\r\n",
        "/c",
        json!(3),
        "a: 1\r\nb: 2\r\nc: 3\r\n",
    );
}

#[test]
fn missing_parents_are_made_in_the_style_of_the_file() {
    sets(
        "a: 1\n",
        "/b/c/d",
        json!(true),
        "a: 1\nb:\n  c:\n    d: true\n",
    );
    sets(
        "a:\n    b: 1\n",
        "/c/d",
        json!(2),
        "a:\n    b: 1\nc:\n    d: 2\n",
    );
    sets(
        "a:\n  b: 1 # why\n\nz: 2\n",
        "/a/c",
        json!(2),
        "a:\n  b: 1 # why\n  c: 2\n\nz: 2\n",
    );
    sets(
        "a: 1\n\nb:\n  c: 1\n",
        "/d/e",
        json!(1),
        "a: 1\n\nb:\n  c: 1\n\nd:\n  e: 1\n",
    );
    sets("a: {}\n", "/a/b/c", json!(1), "a: { b: { c: 1 } }\n");
    sets("a: {b: 1}\n", "/a/c", json!(2), "a: {b: 1, c: 2}\n");
    sets(
        "a: {\n  b: 1,\n  }\n",
        "/a/c",
        json!(2),
        "a: {\n  b: 1, c: 2,\n  }\n",
    );
    sets(
        "a: {\n  b: 1\n  }\n",
        "/a/c",
        json!(2),
        "a: {\n  b: 1,\n  c: 2\n  }\n",
    );
    sets(
        "a: # why\nb: 1\n",
        "/a/c",
        json!(2),
        "a: # why\n  c: 2\nb: 1\n",
    );
    sets("a: ~\n", "/a/c", json!(2), "a: { c: 2 }\n");
    sets("a: 1", "/b", json!(2), "a: 1\nb: 2");
    sets("'1': x\n", "/2", json!(2), "'1': x\n'2': 2\n");
}

#[test]
fn comments_inside_what_is_replaced_stay() {
    sets(
        "a: # head\n  - x # one\n  # two\n  - y\nb: 1\n",
        "/a",
        json!(["y"]),
        "a: # head\n  # one\n  # two\n  - y\nb: 1\n",
    );
    sets(
        "a:\n  b: 1 # one\nc: 1\n",
        "/a",
        json!(7),
        "a: 7\n# one\nc: 1\n",
    );
    sets(
        "a: [x, # one\n  y] # two\n",
        "/a",
        json!([]),
        "a: [] # two\n# one\n",
    );
    sets(
        "a: { b: [x, # one\n  y], c: 1 }\n",
        "/a/b",
        json!(1),
        "a: { b: 1 # one\n     , c: 1 }\n",
    );
    sets(
        "a: | # one\n  text # no comment\nb: 1\n",
        "/a",
        json!(1),
        "a: 1 # one\nb: 1\n",
    );
}

#[test]
fn what_is_taken_away_leaves_its_comments() {
    unsets("a: 1\nb: 2 # two\nc: 3\n", "/b", "a: 1\n# two\nc: 3\n");
    unsets("a: 1\n\nb:\n  c: 1\n\nd: 1\n", "/b", "a: 1\n\nd: 1\n");
    unsets("a: 1\n\nb:\n  c: 1\n", "/b", "a: 1\n");
    unsets(
        "a:\n  b: 1 # one\n  # two\nc: 1\n",
        "/a/b",
        "a: {}\n# one\n  # two\nc: 1\n",
    );
    unsets("a: { b: 1, c: 2 }\n", "/a/b", "a: { c: 2 }\n");
    unsets("a: { b: 1, c: 2 }\n", "/a/c", "a: { b: 1 }\n");
    unsets("a: { b: 1 }\n", "/a/b", "a: {}\n");
    unsets(
        "a: {b: 1, # one\n  c: 2}\n",
        "/a/b",
        "a: { # one\n    c: 2}\n",
    );
}

#[test]
fn what_cannot_be_changed_alone_is_refused() {
    let shared = "a: &x { b: 1 }\nc: *x\nd: { <<: *x, e: 1 }\n";
    let refused = |at: &str| set(&source(shared), 0, &Pointer::parse(at), &json!(2)).unwrap_err();
    assert_eq!(
        refused("/c/b").to_string(),
        "a.yaml:2: `/c` stands behind an alias and is shared; change it by hand"
    );
    assert_eq!(
        refused("/a/b").to_string(),
        "a.yaml:1: `/a/b` is written in a way that cannot be changed alone; change it by hand"
    );
    assert_eq!(
        refused("/d/e/f").to_string(),
        "a.yaml:3: `/d/e` is no mapping, so nothing can be put under it"
    );
    let unset = |at: &str| {
        unset(&source(shared), 0, &Pointer::parse(at))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        unset("/d/b"),
        "a.yaml:1: `/d/b` stands behind an alias and is shared; change it by hand"
    );
    assert_eq!(unset("/z"), "a.yaml has no `/z`");
    let broken = set(&source("a: [1\n"), 0, &Pointer::parse("/a"), &json!(2)).unwrap_err();
    assert_eq!(
        broken.to_string(),
        "a.yaml has mistakes as YAML; `syncline validate` shows them"
    );
    // An alias itself gives way to a value, and a key of its own stands before an inherited one.
    sets(
        shared,
        "/c",
        json!(2),
        "a: &x { b: 1 }\nc: 2\nd: { <<: *x, e: 1 }\n",
    );
    sets(
        shared,
        "/d/b",
        json!(2),
        "a: &x { b: 1 }\nc: *x\nd: { <<: *x, e: 1, b: 2 }\n",
    );
}

#[test]
fn the_document_that_is_meant_is_changed() {
    let text = "a: 1\n---\na: 1 # second\n";
    let done = set(&source(text), 1, &Pointer::parse("/a"), &json!(2));
    assert_eq!(done.as_deref(), Ok("a: 1\n---\na: 2 # second\n"));
}

/// A value and how it is written.
#[derive(Clone, Debug)]
enum Written {
    Absent,
    Scalar(&'static str),
    Flow(Vec<(&'static str, &'static str)>, Spacing),
    FlowList(Vec<&'static str>, Spacing),
    Block(Vec<Line>),
    List(Vec<(&'static str, bool)>),
}

#[derive(Clone, Copy, Debug)]
enum Spacing {
    Tight,
    Wide,
    Lines,
}

/// A member with the comments around it.
#[derive(Clone, Debug)]
struct Line {
    key: &'static str,
    before: bool,
    beside: bool,
    blank: bool,
    value: Written,
}

const KEYS: [&str; 7] = [
    "a",
    "b",
    "group",
    "\"2010000001\"",
    "'x y'",
    "P1 - EMERGENCY",
    "café",
];
const SCALARS: [&str; 12] = [
    "1",
    "true",
    "text",
    "two words",
    "\"quoted # no\"",
    "'it''s'",
    "~",
    "0012",
    "1.50",
    "a#b",
    "|\n@literal # text\n@\n@more",
    ">-\n@folded\n@text",
];

fn spacing() -> impl Strategy<Value = Spacing> {
    prop_oneof![
        Just(Spacing::Tight),
        Just(Spacing::Wide),
        Just(Spacing::Lines)
    ]
}

fn inline() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&SCALARS[..10])
}

fn written() -> BoxedStrategy<Written> {
    let leaf = prop_oneof![
        1 => Just(Written::Absent),
        6 => prop::sample::select(&SCALARS[..]).prop_map(Written::Scalar),
        2 => (prop::collection::hash_map(prop::sample::select(&KEYS[..]), inline(), 0..3), spacing())
            .prop_map(|(members, spacing)| Written::Flow(members.into_iter().collect(), spacing)),
        1 => (prop::collection::vec(inline(), 0..4), spacing())
            .prop_map(|(items, spacing)| Written::FlowList(items, spacing)),
        1 => prop::collection::vec((inline(), any::<bool>()), 1..4).prop_map(Written::List),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| lines(inner).prop_map(Written::Block))
        .boxed()
}

fn lines(value: impl Strategy<Value = Written> + Clone) -> impl Strategy<Value = Vec<Line>> {
    let line = (any::<bool>(), any::<bool>(), any::<bool>(), value);
    prop::collection::hash_map(prop::sample::select(&KEYS[..]), line, 1..4).prop_map(|members| {
        members
            .into_iter()
            .map(|(key, (before, beside, blank, value))| Line {
                key,
                before,
                beside,
                blank,
                value,
            })
            .collect()
    })
}

/// Writes a document; every comment has a number of its own.
struct Writer {
    text: String,
    comments: usize,
    step: usize,
}

impl Writer {
    fn comment(&mut self) -> String {
        self.comments += 1;
        format!("# c{}.", self.comments)
    }

    fn lines(&mut self, indent: usize, lines: &[Line]) {
        let space = " ".repeat(indent);
        for line in lines {
            if line.blank {
                self.text.push('\n');
            }
            if line.before {
                let comment = self.comment();
                self.text.push_str(&format!("{space}{comment}\n"));
            }
            self.text.push_str(&format!("{space}{}:", line.key));
            let beside = if line.beside {
                format!(" {}", self.comment())
            } else {
                String::new()
            };
            let below = " ".repeat(indent + self.step);
            match &line.value {
                Written::Absent => self.text.push_str(&format!("{beside}\n")),
                Written::Scalar(text) if text.contains('\n') => {
                    // The comment of a block scalar stands in its first line.
                    let (head, rest) = text.split_once('\n').unwrap();
                    let rest = rest.replace('@', &below);
                    self.text.push_str(&format!(" {head}{beside}\n{rest}\n"));
                }
                Written::Scalar(text) => self.text.push_str(&format!(" {text}{beside}\n")),
                Written::Flow(members, spacing) => {
                    let members = members.iter().map(|(key, value)| format!("{key}: {value}"));
                    let text = self.flow(('{', '}'), members.collect(), *spacing, &below);
                    self.text.push_str(&format!(" {text}{beside}\n"));
                }
                Written::FlowList(items, spacing) => {
                    let items = items.iter().map(ToString::to_string).collect();
                    let text = self.flow(('[', ']'), items, *spacing, &below);
                    self.text.push_str(&format!(" {text}{beside}\n"));
                }
                Written::Block(inner) => {
                    self.text.push_str(&format!("{beside}\n"));
                    self.lines(indent + self.step, inner);
                }
                Written::List(items) => {
                    self.text.push_str(&format!("{beside}\n"));
                    for (item, comment) in items {
                        let comment = if *comment {
                            self.comment()
                        } else {
                            String::new()
                        };
                        self.text.push_str(&format!("{below}- {item} {comment}\n"));
                    }
                }
            }
        }
    }

    fn flow(
        &mut self,
        (open, close): (char, char),
        items: Vec<String>,
        spacing: Spacing,
        below: &str,
    ) -> String {
        match spacing {
            Spacing::Tight => format!("{open}{}{close}", items.join(", ")),
            Spacing::Wide => format!("{open} {} {close}", items.join(", ")),
            Spacing::Lines => {
                let mut text = open.to_string();
                let last = items.len();
                for (at, item) in items.into_iter().enumerate() {
                    let comma = if at + 1 < last { "," } else { "" };
                    let comment = self.comment();
                    text.push_str(&format!("\n{below}{item}{comma} {comment}"));
                }
                text.push_str(&format!("\n{below}{close}"));
                text
            }
        }
    }
}

fn document() -> impl Strategy<Value = (String, usize)> {
    (lines(written()), prop::sample::select(vec![2usize, 4])).prop_map(|(lines, step)| {
        let mut writer = Writer {
            text: String::new(),
            comments: 0,
            step,
        };
        writer.lines(0, &lines);
        (writer.text, writer.comments)
    })
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(47)),
        Just(json!("plain")),
        Just(json!("47")),
        Just(json!("a: b # c")),
        Just(json!("it's \"both\"")),
        Just(json!("two\nlines")),
        Just(json!("")),
        Just(json!("{{ x }}")),
        Just(json!([])),
        Just(json!(["a", "b, c", 1])),
        Just(json!({})),
        Just(json!({ "k": { "l": [1] }, "12": "x" })),
        "[ -~]{0,12}".prop_map(Json::from),
    ]
}

/// Every route of a value through mappings.
fn routes(value: &Json, at: &Pointer, found: &mut Vec<Pointer>) {
    if let Json::Object(members) = value {
        for (key, value) in members {
            let at = at.key(key.as_str());
            found.push(at.clone());
            routes(value, &at, found);
        }
    }
}

/// The keys of every mapping in their order, without one.
fn order(value: &Json, at: &Pointer, without: &Pointer, found: &mut Vec<String>) {
    if let Json::Object(members) = value {
        for (key, value) in members {
            let at = at.key(key.as_str());
            if !at.starts_with(without) {
                found.push(at.to_string());
                order(value, &at, without, found);
            }
        }
    }
}

fn parsed(text: &str) -> Json {
    let documents = source::read(&source(text));
    assert_eq!(documents.len(), 1, "{text}");
    assert!(
        documents[0].issues.is_empty(),
        "{text}\n{:?}",
        documents[0].issues
    );
    documents[0].value.clone().unwrap()
}

/// What must hold after any change: the one value is other, everything else as it was, comments and order included.
fn holds(before: &str, comments: usize, at: &Pointer, new: Option<&Json>) {
    let done = match new {
        Some(value) => set(&source(before), 0, at, value),
        None => unset(&source(before), 0, at),
    };
    let after = done.unwrap_or_else(|error| panic!("{error}\n{at}: {new:?}\n{before}"));
    let (mut wanted, said) = (parsed(before), parsed(&after));
    put(&mut wanted, at, new);
    assert_eq!(said, wanted, "{at}: {new:?}\n{before}\n->\n{after}");
    for number in 1..=comments {
        let comment = format!("# c{number}.");
        let times = after.matches(&comment).count();
        assert_eq!(
            times, 1,
            "{comment} at {at}: {new:?}\n{before}\n->\n{after}"
        );
    }
    let (mut then, mut now) = (Vec::new(), Vec::new());
    order(&parsed(before), &Pointer::root(), at, &mut then);
    order(&said, &Pointer::root(), at, &mut now);
    now.retain(|route| then.contains(route));
    assert_eq!(now, then, "the order of the keys");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_set_changes_one_value_and_keeps_every_comment(
        (text, comments) in document(),
        new in value(),
        which in any::<prop::sample::Index>(),
        below in prop::collection::vec(prop::sample::select(vec!["a", "new", "2010000002"]), 0..3),
    ) {
        let mut places = vec![Pointer::root()];
        routes(&parsed(&text), &Pointer::root(), &mut places);
        let mut at = which.get(&places).clone();
        for key in below {
            let json = parsed(&text);
            let holder = json.pointer(&at.to_string());
            if holder.is_none_or(|holder| holder.is_object() || holder.is_null()) {
                at.push_key(key);
            }
        }
        prop_assume!(!at.is_root());
        holds(&text, comments, &at, Some(&new));
    }

    #[test]
    fn an_unset_takes_one_key_away_and_keeps_every_comment(
        (text, comments) in document(),
        which in any::<prop::sample::Index>(),
    ) {
        let mut places = Vec::new();
        let json = parsed(&text);
        routes(&json, &Pointer::root(), &mut places);
        let at = which.get(&places).clone();
        // A document without any key is no document of ours.
        prop_assume!(at.depth() > 1 || json.as_object().unwrap().len() > 1);
        holds(&text, comments, &at, None);
    }
}
