//! Diagnostics in the order they are shown, and how many of which.

use std::collections::BTreeSet;
use std::fmt;

use super::diagnostic::{Diagnostic, Severity};
use crate::lang::source::{SourceId, SourceMap};

/// Sorts by file name and position, and keeps one of those that say the same about the same
/// bytes: a mistake behind an anchor is met once per alias.
pub fn sort(sources: &SourceMap, diagnostics: &mut Vec<Diagnostic>) {
    let name = |id: SourceId| sources.get(id).map(|source| source.name().to_owned());
    diagnostics.sort_by_cached_key(|one| {
        let span = one.primary.span;
        (
            name(span.source),
            span.start,
            span.end,
            one.code,
            one.headline.clone(),
        )
    });
    diagnostics.dedup_by(|next, kept| {
        next.primary.span == kept.primary.span
            && next.code == kept.code
            && next.headline == kept.headline
    });
}

/// `3 errors, 1 warning in 2 files`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub files: usize,
}

impl Summary {
    pub fn of(diagnostics: &[Diagnostic]) -> Self {
        let count = |severity| {
            diagnostics
                .iter()
                .filter(|one| one.severity == severity)
                .count()
        };
        let files: BTreeSet<_> = diagnostics
            .iter()
            .map(|one| one.primary.span.source)
            .collect();
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            files: files.len(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            errors,
            warnings,
            files,
        } = *self;
        match (errors, warnings) {
            (0, 0) => return f.write_str("no errors"),
            (_, 0) => Many(errors, "error").fmt(f)?,
            (0, _) => Many(warnings, "warning").fmt(f)?,
            (_, _) => write!(
                f,
                "{}, {}",
                Many(errors, "error"),
                Many(warnings, "warning")
            )?,
        }
        write!(f, " in {}", Many(files, "file"))
    }
}

struct Many(usize, &'static str);

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} {}{ending}", self.0, self.1)
    }
}
