//! What a run of cases came to, for people and for programs.

use serde_json::{Value as Json, json};

use super::{CaseResult, Report};

/// For people: every case that failed with what was wrong, and a last line. With the parts that no case met when
/// they are asked for.
pub fn human(report: &Report) -> String {
    let mut text = String::new();
    for case in &report.cases {
        let mark = if case.passed() { "ok  " } else { "FAIL" };
        text.push_str(&format!("{mark} {} / {}\n", case.test, case.name));
        for wrong in &case.wrong {
            text.push_str(&format!("     {}\n", wrong.replace('\n', "\n     ")));
        }
    }
    let failed = report.failed();
    let passed = report.cases.len() - failed;
    text.push_str(&match failed {
        0 => format!("{passed} passed\n"),
        failed => format!("{passed} passed, {failed} failed\n"),
    });
    text
}

/// The parts that no case met, for people.
pub fn coverage(report: &Report) -> String {
    let mut text = String::new();
    for part in &report.unmet {
        text.push_str(&format!("{part}\n"));
    }
    text.push_str(&format!(
        "{} of {} steps, rows and handlers were met\n",
        report.parts - report.unmet.len(),
        report.parts
    ));
    text
}

/// For programs.
pub fn json(report: &Report) -> Json {
    let case = |case: &CaseResult| json!({ "test": case.test, "file": case.file, "case": case.name, "passed": case.passed(), "wrong": case.wrong });
    let unmet: Vec<String> = report.unmet.iter().map(ToString::to_string).collect();
    json!({
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
        "passed": report.cases.len() - report.failed(),
        "failed": report.failed(),
        "coverage": { "parts": report.parts, "unmet": unmet },
    })
}

/// As `JUnit` XML, which build servers read.
pub fn junit(report: &Report) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let mut at = 0;
    while let Some(first) = report.cases.get(at) {
        let cases: Vec<&CaseResult> = report.cases[at..]
            .iter()
            .take_while(|case| case.test == first.test && case.file == first.file)
            .collect();
        let failed = cases.iter().filter(|case| !case.passed()).count();
        text.push_str(&format!(
            "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{failed}\">\n",
            xml(&first.test),
            xml(&first.file),
            cases.len()
        ));
        for case in &cases {
            let name = xml(&case.name);
            let class = xml(&case.test);
            if case.passed() {
                text.push_str(&format!(
                    "    <testcase classname=\"{class}\" name=\"{name}\"/>\n"
                ));
            } else {
                text.push_str(&format!(
                    "    <testcase classname=\"{class}\" name=\"{name}\">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    xml(case.wrong.first().map_or("", String::as_str)),
                    xml(&case.wrong.join("\n"))
                ));
            }
        }
        text.push_str("  </testsuite>\n");
        at += cases.len();
    }
    text.push_str("</testsuites>\n");
    text
}

/// Text as XML holds it; what XML cannot hold is left out.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            char if char.is_control() => {}
            char => safe.push(char),
        }
    }
    safe
}
