//! What is printed: figures beside what they should be.

use std::ops::{Bound, RangeBounds};

/// A line with a figure and what it should be.
pub(crate) fn verdict(what: &str, figure: f64, unit: &str, wanted: impl RangeBounds<f64>) {
    let met = if wanted.contains(&figure) {
        "met"
    } else {
        "MISSED"
    };
    let bound = match (wanted.start_bound(), wanted.end_bound()) {
        (Bound::Included(least), _) => format!("≥ {}", number(*least)),
        (_, Bound::Included(most)) => format!("≤ {}", number(*most)),
        (Bound::Excluded(_) | Bound::Unbounded, Bound::Excluded(_) | Bound::Unbounded) => {
            String::new()
        }
    };
    line(&format!(
        "{what:<58} {:>9} {unit:<5} {bound:<9} {met}",
        number(figure)
    ));
}

/// A number with as many digits as it deserves.
pub(crate) fn number(figure: f64) -> String {
    let digits = match figure.abs() {
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{figure:.digits$}")
}

/// Prints a line.
#[expect(
    clippy::print_stdout,
    reason = "a measurement is read by the one who runs it"
)]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// When and where this was measured: figures are compared only with figures of the same machine.
pub(crate) fn heading(title: &str) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    line(&format!(
        "\n{title}   ({cores} cores, load before: {})",
        load.join(" ")
    ));
}
