//! `catch`: what is done when a step fails.

use std::collections::HashSet;
use std::sync::Arc;

use super::scope;
use super::site::Site;
use super::steps::Walk;
use super::values::{all, optional};
use crate::lang::config::{self, Step as Written};
use crate::lang::diag::{Code, suggest};
use crate::lang::plan::Catch;

/// The classes that can be caught.
const CLASSES: &[&str] = &["rejected", "missing"];

/// Failures of the account or of the moment, which are waited out; they end no record and cannot be caught (S21).
const WAITED_OUT: &[&str] = &["throttled", "transient", "unauthorized"];

/// Compiles the handlers of a step.
pub(super) fn compile<'p>(
    walk: &mut Walk<'_, 'p>,
    site: &Site<'p>,
    step: &'p Written,
) -> Option<Vec<Catch>> {
    if step.catch.is_empty() {
        return Some(Vec::new());
    }
    let mut known = Known::default();
    known.step(walk, step);
    let list = site.key("catch");
    check_reachable(&list, &step.catch);
    let outer = walk.base.clone();
    walk.base = walk.base.with("error", scope::error());
    let handlers = step.catch.iter().enumerate().map(|(index, written)| {
        let place = list.index(index);
        known.check(&place.key("errors"), written);
        let scope = walk.scope();
        let when = optional(written.when.as_ref(), |when| {
            walk.realm
                .cx
                .values
                .condition(&place.key("when"), when, &scope)
        });
        let steps = walk.list(&place.key("steps"), &written.steps);
        Some(Catch {
            errors: written
                .errors
                .iter()
                .map(|error| Arc::from(error.as_str()))
                .collect(),
            when: when?,
            steps: steps?,
        })
    });
    let handlers = all(handlers.collect::<Vec<_>>());
    walk.base = outer;
    handlers
}

/// A handler whose errors are all caught above it, without a condition, is never reached.
fn check_reachable(site: &Site<'_>, catch: &[config::Catch]) {
    let mut caught: Vec<(&str, usize)> = Vec::new();
    for (index, written) in catch.iter().enumerate() {
        let above = |error: &String| caught.iter().find(|(known, _)| known == error);
        let firsts: Option<Vec<_>> = written.errors.iter().map(above).collect();
        if let Some([(_, first), ..]) = firsts.as_deref() {
            site.index(index)
                .key("errors")
                .fault(Code::CatchUnreachable, "this handler is never reached")
                .label("all of these are caught above")
                .also(
                    site.index(*first).key("errors").span(),
                    "here, without `when`",
                )
                .help("put the handler with a `when` first, or remove this one")
                .report();
        }
        if written.when.is_none() {
            caught.extend(written.errors.iter().map(|error| (error.as_str(), index)));
        }
        if written.errors.is_empty() {
            site.index(index)
                .key("errors")
                .fault(Code::EmptyList, "a handler that catches nothing")
                .label("names no class and no code")
                .report();
        }
    }
}

/// The codes that a step can fail with.
#[derive(Default)]
struct Known {
    codes: HashSet<String>,
    /// A connector computes codes, so that any text may be one.
    computed: bool,
    /// The routines that were looked at.
    routines: HashSet<String>,
    /// A connector is broken, so that nothing is known of its codes.
    unknown: bool,
}

impl Known {
    fn step(&mut self, walk: &Walk<'_, '_>, step: &Written) {
        if let Some(fetch) = &step.fetch {
            self.connector(walk, fetch.connector.as_str());
        }
        if let Some(write) = &step.write {
            self.connector(walk, write.connector.as_str());
        }
        if let Some(fail) = &step.fail {
            self.codes.insert(fail.code.as_str().to_owned());
        }
        let called = step.call.as_ref().and_then(|call| {
            let new = self.routines.insert(call.routine.as_str().to_owned());
            walk.realm
                .routines
                .config(call.routine.as_str())
                .filter(|_| new)
        });
        let group = step.do_.iter();
        for inner in group
            .chain(called.map(|routine| &routine.steps))
            .flat_map(|steps| &steps.0)
        {
            self.step(walk, inner);
            // A handler inside may fail with a code of its own.
            for caught in inner.catch.iter().flat_map(|catch| &catch.steps.0) {
                self.step(walk, caught);
            }
        }
    }

    fn connector(&mut self, walk: &Walk<'_, '_>, name: &str) {
        match walk.realm.apis.get(name) {
            Some(Some(api)) => {
                self.codes.extend(api.codes.fixed.iter().cloned());
                self.computed |= api.codes.computed;
            }
            Some(None) | None => self.unknown = true,
        }
    }

    fn check(&self, site: &Site<'_>, catch: &config::Catch) {
        for (index, error) in catch.errors.iter().enumerate() {
            let place = site.index(index);
            let mut codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
            codes.sort_unstable();
            let names = || CLASSES.iter().copied().chain(codes.iter().copied());
            let near = suggest::nearest(error, names());
            let number = !error.is_empty() && error.bytes().all(|byte| byte.is_ascii_digit());
            // A computed code may be any text; what looks like a known word misspelled is taken for that.
            let computed = self.computed
                && (number || (near.is_none() && !["", "unknown"].contains(&error.as_str())));
            if names().any(|name| name == error) || computed || self.unknown {
                continue;
            }
            let draft = place.fault(
                Code::CatchUnknownError,
                format!("nothing here fails with `{error}`"),
            );
            if error == "unknown" {
                draft
                    .label("an unknown outcome cannot be caught")
                    .help("it is settled by `find` before anything else is sent")
                    .report();
                continue;
            }
            if WAITED_OUT.contains(&error.as_str()) {
                draft
                    .label("is waited out, and tried again")
                    .help("classes that can be caught: `rejected`, `missing`")
                    .report();
                continue;
            }
            let draft = draft
                .label("is no class, and no code that this step can give")
                .help_opt(suggest::help(error, "classes and codes here", names()));
            match near {
                Some(near) => draft.instead(near).report(),
                None => draft.report(),
            }
        }
    }
}
