//! `docs/operations.md` against the product: every endpoint, signal and exit code that there is, and no other.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use syncline::server::{Needs, Scope, endpoints};

use crate::schemas::{assert_fresh, root};

const FILE: &str = "docs/operations.md";
const BEGIN: &str = "<!-- made from the table of endpoints: begin -->\n";
const END: &str = "<!-- made from the table of endpoints: end -->\n";

fn page() -> String {
    fs::read_to_string(root().join(FILE)).unwrap()
}

/// The rows of the table after a heading: the first cell of each, without its quotes.
fn rows(heading: &str) -> BTreeSet<String> {
    let page = page();
    let (_, section) = page
        .split_once(&format!("## {heading}\n"))
        .unwrap_or_else(|| panic!("the page has a section {heading}"));
    let section = section.split("\n##").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `"));
    cells
        .filter_map(|line| Some(line.split_once('`')?.0.to_owned()))
        .collect()
}

#[test]
fn every_endpoint_of_the_api_is_in_the_page() {
    let page = page();
    let (before, rest) = page
        .split_once(BEGIN)
        .expect("the page has the first marker");
    let (_, after) = rest
        .split_once(END)
        .expect("the page has the second marker");
    let mut table = String::from("| endpoint | scope | does |\n| --- | --- | --- |\n");
    for endpoint in endpoints() {
        let scope = match endpoint.needs {
            Needs::Nothing => "none",
            Needs::Scope(Scope::Read) => "read",
            Needs::Scope(Scope::Operate) => "operate",
            Needs::Scope(Scope::Admin) => "admin",
        };
        let (method, path, summary) = (&endpoint.method, endpoint.path, endpoint.summary);
        writeln!(table, "| `{method} /v1{path}` | {scope} | {summary} |").unwrap();
    }
    assert_fresh(FILE, &format!("{before}{BEGIN}\n{table}\n{END}{after}"));
}

/// The addresses that a listener has beside those of the table.
fn routes(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.extend(in_file(&path));
            }
        }
    }
    found
}

fn in_file(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let written = text.split(".route(").skip(1);
    written
        .filter_map(|rest| {
            let rest = rest.trim_start().strip_prefix('"')?;
            Some(rest.split_once('"')?.0.to_owned())
        })
        .collect()
}

#[test]
fn every_other_address_is_in_the_page_and_no_other() {
    let mut known = rows("Addresses");
    known.retain(|address| !address.starts_with("/v1"));
    assert_eq!(known, routes("src/server"));
}

#[test]
fn every_exit_code_is_in_the_page() {
    let code = fs::read_to_string(root().join("src/cli/exit.rs")).unwrap();
    let (_, codes) = code.split_once("pub fn code(self) -> u8 {").unwrap();
    let codes = codes.split_once("\n    }\n}").unwrap().0;
    let known: BTreeSet<u8> = codes
        .split("=> ")
        .skip(1)
        .map(|rest| rest.split(',').next().unwrap().parse().unwrap())
        .collect();
    let page = page();
    let (_, section) = page.split_once("## Exit codes\n").unwrap();
    let section = section.split("\n##").next().unwrap();
    let written: BTreeSet<u8> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok())
        .collect();
    assert_eq!(written, known);
}

#[test]
fn every_signal_is_in_the_page() {
    let mut known = BTreeSet::new();
    for file in ["src/cli/live.rs", "src/cli/watch.rs"] {
        let code = fs::read_to_string(root().join(file)).unwrap();
        for rest in code.split("SignalKind::").skip(1) {
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
            known.insert(match name.as_str() {
                "hangup" => "SIGHUP".to_owned(),
                "interrupt" => "SIGINT".to_owned(),
                "terminate" => "SIGTERM".to_owned(),
                other => panic!("{other} is a signal that the page does not know"),
            });
        }
    }
    assert_eq!(rows("Signals"), known);
}
