//! The ten histories that every build of the engine must survive, each a test with the numbers of its rules.

mod outages;
mod people;
mod reading;
mod unknown;
mod versions;

use syncline::sandbox::kit::faults::{Action, Rule};

use crate::harness::World;

/// Where jobs are made and listed.
pub(crate) const JOBS: &str = "/jpm/v2/tenant/1000/jobs";
/// Where locations are made and listed.
const LOCATIONS: &str = "/crm/v2/tenant/1000/locations";

/// A fault of requests that make something in a collection of the target.
pub(crate) fn making(collection: &str, action: Action) -> Rule {
    Rule::under(collection, action).method("POST")
}

impl World {
    /// From now on these things go wrong at the target.
    pub(crate) fn target_suffers(&self, rules: Vec<Rule>) {
        self.sandbox.servicetitan().kit().faults.set(rules).unwrap();
    }

    /// From now on these things go wrong at the source.
    pub(crate) fn source_suffers(&self, rules: Vec<Rule>) {
        self.sandbox
            .servicechannel()
            .kit()
            .faults
            .set(rules)
            .unwrap();
    }

    /// How often each rule of the target struck.
    fn struck(&self) -> Vec<u64> {
        self.sandbox
            .servicetitan()
            .kit()
            .faults
            .rules()
            .iter()
            .map(|rule| rule.struck)
            .collect()
    }
}
