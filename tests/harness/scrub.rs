//! What differs from run to run, to names: for snapshots.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

static NAMES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?", "[time]"),
        (r"127\.0\.0\.1:\d+", "[address]"),
        (
            r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b",
            "[id]",
        ),
        (r"\b31\d{7}\b", "[work order]"),
        (r"\b\d+\.\d s\b", "[took]"),
        (r"\b\d+ records per second", "[rate]"),
        (r"process id \d+", "process id [pid]"),
    ]
    .into_iter()
    .map(|(pattern, name)| (Regex::new(pattern).expect("the patterns are good"), name))
    .collect()
});

/// `text` without paths, ids, times and ports.
pub(crate) fn scrub(text: &str, dir: &Path) -> String {
    let text = text.replace(&*dir.to_string_lossy(), "[dir]");
    NAMES.iter().fold(text, |text, (pattern, name)| {
        pattern.replace_all(&text, *name).into_owned()
    })
}

#[test]
fn what_differs_from_run_to_run_gets_a_name() {
    let text = "error: /tmp/x1/syncline.db: 310000001 at 2026-11-02T08:00:00.1234567Z from http://127.0.0.1:4711/v3 took 1.5 s";
    assert_eq!(
        scrub(text, Path::new("/tmp/x1")),
        "error: [dir]/syncline.db: [work order] at [time] from http://[address]/v3 took [took]"
    );
}
