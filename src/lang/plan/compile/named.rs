//! The names that a list of steps gives, found before any step is compiled: a name that is used too early can then
//! be told from one that does not exist.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::site::Site;
use crate::lang::config::Steps;
use crate::lang::diag::Code;
use crate::lang::source::Span;

/// The names of all steps and entries of a list, with what stands inside them.
#[derive(Default)]
pub(super) struct Named {
    pub(super) steps: HashMap<String, Span>,
    pub(super) vars: HashMap<String, Span>,
}

impl Named {
    /// Takes in the names of a list and of what stands inside it. Two steps of one name are a mistake.
    pub(super) fn list(&mut self, site: &Site<'_>, steps: &Steps) {
        for (index, step) in steps.0.iter().enumerate() {
            let place = site.index(index);
            if let Some(name) = &step.name {
                let here = place.key("name");
                if let Some(first) = self.steps.get(name) {
                    here.fault(Code::DuplicateStep, format!("a second step named `{name}`"))
                        .label("this name is taken")
                        .also(*first, "by this step")
                        .help("give one of them another name")
                        .report();
                } else {
                    self.steps.insert(name.clone(), here.span());
                }
            }
            for name in step.transform.iter().flat_map(IndexMap::keys) {
                let here = place.key("transform").key(name.as_str()).key_span();
                self.vars.entry(name.clone()).or_insert(here);
            }
            if let Some(inner) = &step.do_ {
                self.list(&place.key("do"), inner);
            }
            for (at, catch) in step.catch.iter().enumerate() {
                self.list(&place.key("catch").index(at).key("steps"), &catch.steps);
            }
        }
    }
}
