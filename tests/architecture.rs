//! The rules of `docs/architecture.md` that a compiler does not hold: imports point down, each outside thing has one
//! door, nothing outside the simulators knows a vendor, files stay small.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use source::{code_only, paths};

/// A file with more lines than this, its tests not counted, is split.
const CAP: usize = 600;

/// Who may name a crate: files, or folders when they end in `/`.
const DOORS: &[(&str, &[&str])] = &[
    ("annotate_snippets", &["lang/diag/render.rs"]),
    ("anyhow", &["cli/"]),
    ("axum", &["sandbox/", "server/"]),
    ("clap", &["cli/args.rs", "cli/args/", "cli/mod.rs"]),
    ("console", &["cli/setup_ask.rs"]),
    ("cron", &["lang/plan/crontab.rs"]),
    ("granit_parser", &["lang/source/yaml.rs"]),
    ("hyper", &["cli/remote.rs", "sandbox/kit/"]),
    ("include_dir", &["cli/init.rs"]),
    ("indicatif", &["cli/live.rs"]),
    ("jsonpath_rust", &["lang/expr/query/"]),
    (
        "minijinja",
        &["lang/expr/syntax.rs", "server/admin/console/pages.rs"],
    ),
    ("opentelemetry", &["engine/telemetry/otlp.rs"]),
    ("opentelemetry_http", &["engine/telemetry/otlp.rs"]),
    ("opentelemetry_otlp", &["engine/telemetry/otlp.rs"]),
    ("opentelemetry_sdk", &["engine/telemetry/otlp.rs"]),
    ("prometheus_client", &["engine/telemetry/"]),
    ("reqwest", &["engine/connect/client.rs"]),
    ("rustls", &["engine/connect/client.rs"]),
    (
        "schemars",
        &[
            "daemon/",
            "engine/store/text.rs",
            "lang/config/",
            "server/admin/",
        ],
    ),
    ("sqlx", &["engine/store/"]),
    ("tracing_opentelemetry", &["engine/telemetry/otlp.rs"]),
    (
        "tracing_subscriber",
        &[
            "cli/env.rs",
            "cli/log.rs",
            "cli/otlp.rs",
            "engine/telemetry/otlp.rs",
        ],
    ),
];

/// What may be written nowhere in `src/`, and what to write in its place.
const NEVER: &[(&str, &str)] = &[
    ("allow(", "`#[expect(lint, reason = \"…\")]`"),
    ("println!", "`cli::out`"),
    ("print!", "`cli::out`"),
    ("tokio::spawn", "a `JoinSet` or `TaskTracker`"),
    ("task::spawn(", "a `JoinSet` or `TaskTracker`"),
    ("thread::spawn", "a `JoinSet` or `TaskTracker`"),
    ("unbounded_channel", "a channel with a bound"),
];

/// Parts that see less of the others than their level lets them, with the prefixes they may name.
const BORDERS: &[(&str, &[&str])] = &[
    ("lang", &["lang"]),
    ("engine", &["engine", "lang::plan", "lang::expr"]),
    ("sandbox", &["sandbox"]),
];

/// A source file of the crate.
struct File {
    /// From `src/`, with slashes.
    name: String,
    text: String,
    /// Without comments and texts.
    code: String,
}

impl File {
    /// Where it stands in the tree of modules.
    fn module(&self) -> Vec<String> {
        let stem = self.name.trim_end_matches(".rs").trim_end_matches("/mod");
        stem.split('/').map(str::to_owned).collect()
    }

    /// The modules declared in it that are compiled for tests only.
    fn test_modules(&self) -> impl Iterator<Item = String> {
        let parent = self.module().join("::");
        self.code
            .split("#[cfg(test)]")
            .skip(1)
            .filter_map(move |after| {
                let declared = after.trim_start().strip_prefix("mod ")?;
                let (name, _) = declared.split_once(';')?;
                (!name.contains('{')).then(|| format!("{parent}::{name}"))
            })
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder, in order, from the crate's root.
fn below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn rust(folder: &str) -> Vec<File> {
    let base = root().join(folder);
    below(folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let name = path
                .strip_prefix(&base)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            File {
                name,
                code: code_only(&text),
                text,
            }
        })
        .collect()
}

/// Fails with every finding at once.
fn none(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n  {}", findings.join("\n  "));
}

/// The table of levels in `docs/architecture.md`: modules and how high they stand.
fn levels() -> Vec<(String, u8)> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut levels = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("| ")) {
        let Some((level, modules)) = line.split_once(" | ") else {
            continue;
        };
        let Ok(level) = level.parse() else { continue };
        let modules = modules.split(" | ").next().unwrap_or_default();
        levels.extend(
            modules
                .split('`')
                .skip(1)
                .step_by(2)
                .map(|module| (module.to_owned(), level)),
        );
    }
    levels
}

/// The entry of the table that a path belongs to.
fn part<'l>(levels: &'l [(String, u8)], path: &[String]) -> Option<&'l (String, u8)> {
    let path = path.join("::");
    levels.iter().find(|(module, _)| inside(&path, module))
}

fn inside(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn every_module_has_a_level_and_every_level_a_module() {
    let levels = levels();
    let mut empty: BTreeSet<&str> = levels.iter().map(|(module, _)| module.as_str()).collect();
    let mut findings = Vec::new();
    for file in rust("src") {
        match part(&levels, &file.module()) {
            Some((module, _)) => {
                empty.remove(module.as_str());
            }
            // The roots of a wing hold `mod` lines and name nothing.
            None if paths(&file.code, &file.module()).is_empty() => {}
            None => findings.push(format!("src/{} is in no row of the table", file.name)),
        }
    }
    findings.extend(
        empty
            .into_iter()
            .map(|module| format!("{module} is in the table, and nowhere else")),
    );
    none(
        "the table of docs/architecture.md names the modules there are",
        &findings,
    );
}

#[test]
fn imports_point_down() {
    let levels = levels();
    let mut findings = Vec::new();
    for file in rust("src") {
        let module = file.module();
        let Some((from, height)) = part(&levels, &module) else {
            continue;
        };
        for (line, path) in paths(&file.code, &module) {
            let Some((to, depth)) = part(&levels, &path) else {
                continue;
            };
            let border = BORDERS.iter().find(|(part, _)| inside(from, part));
            let refused = border.is_some_and(|(_, seen)| !seen.iter().any(|seen| inside(to, seen)));
            if from != to && (depth >= height || refused) {
                findings.push(format!(
                    "src/{}:{line}: {from} ({height}) names {to} ({depth})",
                    file.name
                ));
            }
        }
    }
    none(
        "a module names lower ones only, and those its border lets it see",
        &findings,
    );
}

#[test]
fn each_outside_thing_has_one_door() {
    let mut findings = Vec::new();
    for file in rust("src") {
        for (name, doors) in DOORS {
            let at_home = doors.iter().any(|door| {
                file.name == *door || (door.ends_with('/') && file.name.starts_with(door))
            });
            if !at_home && names(&file.code, name) {
                findings.push(format!(
                    "src/{} names {name}, whose door is {}",
                    file.name,
                    doors.join(", ")
                ));
            }
        }
    }
    none("a crate is named by the files that own it", &findings);
}

/// Whether `code` has a path that begins with the crate `name`.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).unwrap_or_default();
        let after = code.get(at + name.len()..).unwrap_or_default();
        let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        begins && (after.starts_with("::") || (after.starts_with(';') && before.ends_with("use ")))
    })
}

#[test]
fn every_dependency_is_used() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest
        .split("\n[dependencies]\n")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let mut code = String::new();
    for file in rust("src") {
        code.push_str(&file.code);
    }
    let unused: Vec<String> = section
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .filter(|name| !names(&code, name))
        .collect();
    none(
        "a dependency that nothing names is removed from Cargo.toml",
        &unused,
    );
}

#[test]
fn some_things_are_never_written() {
    let mut findings = Vec::new();
    for file in rust("src") {
        for (number, line) in file.code.lines().enumerate() {
            if line.contains("Result<") && line.contains(", String>") {
                findings.push(format!(
                    "src/{}:{}: a text for an error, write a type",
                    file.name,
                    number + 1
                ));
            }
            for (never, instead) in NEVER {
                if line.contains(never) {
                    findings.push(format!(
                        "src/{}:{}: {never}, write {instead}",
                        file.name,
                        number + 1
                    ));
                }
            }
        }
    }
    for folder in ["tests", "benches"] {
        for file in rust(folder)
            .iter()
            .filter(|file| file.code.contains("allow("))
        {
            findings.push(format!(
                "{folder}/{}: allow, write expect with a reason",
                file.name
            ));
        }
    }
    none("some things are never written", &findings);
}

#[test]
fn files_stay_small() {
    let mut findings = Vec::new();
    let files = rust("src");
    let tests: BTreeSet<String> = files.iter().flat_map(File::test_modules).collect();
    for file in &files {
        let module = file.module().join("::");
        if tests.iter().any(|tests| inside(&module, tests)) {
            continue;
        }
        let lines = file
            .text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .count();
        if lines > CAP {
            findings.push(format!("src/{} has {lines} lines", file.name));
        }
    }
    none(
        "a file of more than 600 lines, its tests not counted, is split",
        &findings,
    );
}

#[test]
fn every_file_says_what_lives_there() {
    let silent: Vec<String> = rust("src")
        .into_iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("src/{}", file.name))
        .collect();
    none("a file begins with `//!` and what lives there", &silent);
}

#[test]
fn only_the_simulators_know_a_vendor() {
    let vendors = ["servicechannel", "servicetitan"];
    let mut findings = Vec::new();
    for path in below("src") {
        if path.starts_with(root().join("src/sandbox")) {
            continue;
        }
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            let plain: String = line
                .to_lowercase()
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .collect();
            if vendors.iter().any(|vendor| plain.contains(vendor)) {
                let path = path.strip_prefix(root()).unwrap();
                findings.push(format!(
                    "{}:{}: {}",
                    path.display(),
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    none(
        "what an integration needs is said in YAML: Rust knows no vendor",
        &findings,
    );
}

#[test]
fn nothing_is_left_for_later_and_nothing_names_a_machine() {
    let here = format!("{}/", root().display());
    // Taken apart, so that this file does not find itself.
    let later = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let homes = ["home", "root", "Users"].map(|folder| format!("/{folder}/"));
    let mut findings = Vec::new();
    for folder in ["src", "tests", "benches", "docs", "pipelines", "schemas"] {
        for path in below(folder) {
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            for (number, line) in text.lines().enumerate() {
                let unfinished = later.iter().any(|mark| line.contains(mark));
                let machine = line.contains(&here)
                    || homes.iter().any(|home| {
                        line.match_indices(home)
                            .any(|(at, _)| starts_a_path(line, at))
                    });
                if unfinished || machine {
                    let path = path.strip_prefix(root()).unwrap();
                    findings.push(format!(
                        "{}:{}: {}",
                        path.display(),
                        number + 1,
                        line.trim()
                    ));
                }
            }
        }
    }
    none(
        "what is to be done is done or filed, and no path is a machine's own",
        &findings,
    );
}

/// Whether the slash at `at` is the first of a path.
fn starts_a_path(line: &str, at: usize) -> bool {
    !line
        .get(..at)
        .unwrap_or_default()
        .ends_with(|c: char| c.is_alphanumeric() || "_-.}/".contains(c))
}
