//! What is printed: figures beside what they should be.

/// Whether a figure is what it should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Want {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Want {
    fn is_met(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(least) => figure >= least,
            Self::AtMost(most) => figure <= most,
        }
    }
}

/// A line that compares a figure with what it should be.
pub(crate) fn verdict(what: &str, figure: f64, unit: &str, want: Want) {
    let (sign, bound) = match want {
        Want::AtLeast(least) => ("≥", least),
        Want::AtMost(most) => ("≤", most),
    };
    let met = if want.is_met(figure) { "met" } else { "MISSED" };
    let (figure, bound) = (number(figure), number(bound));
    line(&format!("{what:<58} {figure:>9} {unit:<5} {sign} {bound:<7} {met}"));
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
#[expect(clippy::print_stdout, reason = "a measurement is read by the one who runs it")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// When and where this was measured: figures are compared only with figures of the same machine.
pub(crate) fn heading(title: &str) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    line(&format!("\n{title}   ({cores} cores, load before: {})", load.join(" ")));
}
