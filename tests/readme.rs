//! The README's commands run and print what it says: every `console` block, in its order, in one folder.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;

/// A command of the README with what it is said to print.
struct Shown {
    command: String,
    printed: Vec<String>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The commands behind a `$` in the `console` blocks.
fn commands(readme: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    for block in readme.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => shown.push(Shown {
                    command: command.to_owned(),
                    printed: Vec::new(),
                }),
                None => shown
                    .last_mut()
                    .expect("a block begins with a command")
                    .printed
                    .push(line.to_owned()),
            }
        }
    }
    shown
}

/// What differs from run to run: numbers of any kind, and so ids, times and ports.
fn scrub(line: &str) -> String {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+(\.\d+)?").unwrap());
    // One of a thing or many: which, depends on how much there was.
    static MANY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(#,? [a-z]+?)(ies|y|s)?\b").unwrap());
    let line = NUMBER.replace_all(line.trim_end(), "#");
    MANY.replace_all(&line, "$1").into_owned()
}

/// Whether lines were printed as shown; a line `…` stands for any.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.trim() == "…" => {
            (0..=printed.len()).any(|skip| fits(rest, &printed[skip..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, more)| scrub(line) == scrub(first) && fits(rest, more)),
    }
}

/// A clone as a newcomer has it after the first build, with the binary under test in its place.
fn clone_into(dir: &Path) {
    for folder in ["pipelines", "schemas"] {
        copy(&root().join(folder), &dir.join(folder));
    }
    fs::create_dir_all(dir.join("target/release")).unwrap();
    std::os::unix::fs::symlink(
        env!("CARGO_BIN_EXE_syncline"),
        dir.join("target/release/syncline"),
    )
    .unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        // A developer's own secrets and stores stay where they are.
        if name == "secrets" || name.to_string_lossy().contains(".db") {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the README's commands are looked up where the developer's are"
)]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// Runs a command as typed; stdout and stderr together, as on a terminal.
fn run(command: &str, dir: &Path) -> Vec<String> {
    let command = command.replace("cargo run --release -- ", "syncline ");
    // The first work order that arrives: of 500 the fifth part is there before, of these few as well.
    let command = command.replace("310000101", "310000005");
    let ran = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(dir)
        .env_clear()
        .env(
            "PATH",
            format!("{}/target/release:{}", dir.display(), path()),
        )
        .env("SYNCLINE_DEMO_WORK_ORDERS", "20")
        .output()
        .unwrap();
    String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn commands_print_what_the_readme_shows() {
    let dir = tempfile::tempdir().unwrap();
    clone_into(dir.path());
    let mut wrong = String::new();
    for Shown { command, printed } in commands(&readme()) {
        let first = command.split_whitespace().next().unwrap();
        match first {
            // Getting the sources, and running the tests: both were done by whoever runs this one.
            "git" | "export" => continue,
            "cargo" if command == "cargo test" => continue,
            // A convenience that not every machine has.
            "sqlite3" if run("command -v sqlite3", dir.path()).is_empty() => continue,
            "cargo" | "syncline" | "sed" | "sqlite3" => {}
            other => panic!("this test does not know what to do with `{other}`"),
        }
        let actual = run(&command, dir.path());
        if !fits(&printed, &actual) {
            write!(wrong, "$ {command}\n{}\n\n", actual.join("\n"))
                .expect("text can be written to a String");
        }
    }
    assert!(
        wrong.is_empty(),
        "these commands print something else than README.md shows:\n{wrong}"
    );
}

#[test]
fn ci_runs_the_tests_as_the_readme_does() {
    let ci = fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(
        commands(&readme())
            .iter()
            .any(|shown| shown.command == "cargo test")
    );
    assert!(ci.contains("step tests cargo test\n"));
}

#[test]
fn links_lead_to_files() {
    for page in [
        "README.md",
        "CHANGELOG.md",
        "docs/architecture.md",
        "docs/operations.md",
    ] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let folder = root().join(page).parent().unwrap().to_owned();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap();
            assert!(
                link.starts_with("http") || folder.join(file).exists(),
                "{page} links to {link}"
            );
        }
    }
}

#[test]
fn what_differs_is_a_number() {
    let shown = [
        "1 page, 12 retries at 127.0.0.1:80".to_owned(),
        "…".to_owned(),
        "end".to_owned(),
    ];
    let printed = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| (*line).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(fits(
        &shown,
        &printed(&[
            "3 pages, 1 retry at 127.0.0.1:4711",
            "anything",
            "at all",
            "end"
        ])
    ));
    assert!(!fits(
        &shown,
        &printed(&["3 rows, 1 retry at 127.0.0.1:4711", "end"])
    ));
    assert!(!fits(
        &shown,
        &printed(&["1 page, 12 retries at 127.0.0.1:80"])
    ));
}
