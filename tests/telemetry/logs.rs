//! Log lines: their fields are those of the list, wherever they are written, and hold no secret.

#![expect(clippy::string_slice, reason = "places come from the text itself")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use syncline::engine::telemetry::names::{Field, span};
use syncline::sandbox::secrets;

use crate::harness::world::TENANT;
use crate::harness::{Ran, World};
use crate::schemas::root;

/// The log lines among what was said.
fn lines(ran: &Ran) -> Vec<Map<String, Value>> {
    let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn names(line: &Map<String, Value>) -> Vec<&str> {
    line.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn json_lines_have_the_documented_fields_and_no_secret() {
    let world = World::start().await;
    world.on().await;
    let order = world.arrive(1)[0].to_string();
    let args = ["run", TENANT, "--log", "debug", "--log-format", "json"];
    let ran = world.cmd(args).run().await.fine();
    let lines = lines(&ran);
    let known: BTreeSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    for line in &lines {
        for name in names(line) {
            assert!(known.contains(name), "{name} is not in the list: {line:?}");
        }
        assert_eq!(names(line)[..3], ["time", "level", "message"], "{line:?}");
        let at = line["time"].as_str().unwrap();
        assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");
        let is_ours = !line.contains_key("target");
        assert!(!is_ours || !line.contains_key("more"), "{line:?}");
    }
    let said = |message: &str| {
        let of = lines.iter().filter(|line| line["message"] == *message);
        of.collect::<Vec<_>>()
    };
    let ended = said("An attempt ended.");
    let written = ended.iter().find(|line| line["outcome"] == "written");
    let written = written.expect("the work order was written");
    assert_eq!(
        names(written),
        [
            "time", "level", "message", "tenant", "pipeline", "key", "root", "outcome", "reason"
        ]
    );
    assert_eq!(written["tenant"], TENANT);
    assert_eq!(written["pipeline"], "work-orders");
    assert_eq!(written["key"], *order);
    assert_eq!(written["level"], "debug");

    let requests = said("A request ended.");
    let made = requests.iter().find(|line| {
        line["method"] == "POST"
            && line["path"]
                .as_str()
                .is_some_and(|path| path.ends_with("/jobs"))
    });
    let made = made.expect("a job was made");
    assert_eq!(
        names(made),
        [
            "time",
            "level",
            "message",
            "tenant",
            "pipeline",
            "key",
            "root",
            "step",
            "connector",
            "method",
            "path",
            "status",
            "class",
            "took_ms"
        ]
    );
    assert_eq!(made["connector"], "servicetitan");
    assert_eq!(made["class"], "ok");
    assert_eq!(made["key"], *order);
    assert!(
        made["status"].is_u64() && made["took_ms"].is_u64(),
        "{made:?}"
    );
    let read = requests
        .iter()
        .find(|line| !line.contains_key("key") && line.contains_key("pipeline"));
    let read = read.expect("the source was read");
    assert!(read["pipeline"].is_string(), "{read:?}");

    for (name, secret) in secrets() {
        assert!(!ran.stderr.contains(&*secret), "{name} is in the log");
    }
    assert!(!ran.stderr.contains("Bearer "), "no token is in the log");
}

#[tokio::test]
async fn log_lines_are_json_where_results_are_unless_it_is_said_otherwise() {
    let world = World::start().await;
    let run = async |args: &[&str]| {
        let all = ["run", TENANT, "--log", "info"].iter().chain(args);
        world.cmd(all).run().await.fine()
    };
    let off = "The integration is off: nothing is read or written.";
    let json = run(&["--format", "json"]).await;
    assert_eq!(lines(&json)[0]["message"], off);
    let text = run(&["--format", "json", "--log-format", "text"]).await;
    assert!(
        lines(&text).is_empty() && text.stderr.contains(off),
        "{text:?}"
    );
    let text = run(&[]).await;
    assert!(
        lines(&text).is_empty() && text.stderr.contains(off),
        "{text:?}"
    );
}

#[cfg(not(feature = "otlp"))]
#[tokio::test]
async fn a_build_without_traces_says_so() {
    let ran = crate::harness::Cmd::new(["explain"])
        .env("SYNCLINE_OTLP", "http://127.0.0.1:4318")
        .run()
        .await
        .exits(2);
    assert_eq!(
        ran.stderr,
        "error: SYNCLINE_OTLP is set, but this build sends no traces: build it with `--features otlp`\n"
    );
}

/// What is written between the brackets of every macro that logs or begins a span, by file.
fn logged() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("src/sandbox") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for name in [
                "error!(",
                "warn!(",
                "info!(",
                "debug!(",
                "trace!(",
                "error_span!(",
                "warn_span!(",
                "info_span!(",
                "debug_span!(",
                "trace_span!(",
            ] {
                for (at, _) in text.match_indices(name) {
                    let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    if begins {
                        let inside = bracketed(&text[at + name.len()..]);
                        let file = path.display().to_string();
                        found.entry(file).or_insert_with(Vec::new).push(inside);
                    }
                }
            }
        }
    }
    found
}

/// Up to the bracket that closes, without texts.
fn bracketed(text: &str) -> String {
    let (mut depth, mut inside, mut kept) = (1, false, String::new());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' if inside => {
                chars.next();
            }
            '"' => inside = !inside,
            _ if inside => {}
            '(' | '[' | '{' => {
                depth += 1;
                kept.push('(');
            }
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return kept;
                }
                kept.push(')');
            }
            plain => kept.push(plain),
        }
    }
    panic!("a macro is closed");
}

/// The fields that a macro names.
fn fields(inside: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for char in inside.chars() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            plain if depth == 0 => parts.last_mut().unwrap().push(plain),
            _ => {}
        }
    }
    let named = parts.iter().filter_map(|part| {
        let part = part.split('=').next().unwrap().trim();
        let part = part.trim_start_matches(['%', '?']);
        // What is left of a text is nothing; a span has its name as `span::NAME`.
        (!part.is_empty() && !part.contains("::")).then(|| part.to_owned())
    });
    named.collect()
}

#[test]
fn every_field_that_is_logged_is_in_the_list_and_every_one_of_the_list_is_logged() {
    let own = [
        // The ones that every line has, or gets from where it comes from.
        Field::Time,
        Field::Level,
        Field::Message,
        Field::Target,
        Field::More,
    ];
    let known: BTreeSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    let mut used: BTreeSet<String> = own.iter().map(|field| field.name().to_owned()).collect();
    let logged = logged();
    assert!(logged.values().map(Vec::len).sum::<usize>() > 30);
    for (file, all) in logged {
        for inside in all {
            for field in fields(&inside) {
                assert!(known.contains(&*field), "{file} logs `{field}`: {inside}");
                used.insert(field);
            }
        }
    }
    let unused: Vec<_> = known.iter().filter(|name| !used.contains(**name)).collect();
    assert!(unused.is_empty(), "nothing logs {unused:?}");
    assert_eq!(
        span::ALL.iter().collect::<BTreeSet<_>>().len(),
        span::ALL.len()
    );
}
