//! The rule of the marker (S4): a create sends what its find looks for. Without it, a create whose reply was lost
//! is not found again, and would be sent twice.
//!
//! Values are compared by the names they are made of: `$.Id`, `{{ record.Id }}` and `sc-{{ record.Id | string }}`
//! all say `record.Id`. What was known before the create, such as the id of a parent or a param of the account,
//! says nothing about this one record and does not count; neither do constants, unless the record is one per tenant.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use super::request;
use super::site::Site;
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::{Condition, ExprEnv, Query, Step, Template, TextForm, Uses};

/// What `vars`, `inputs` and `key` are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    vars: HashMap<String, BTreeSet<String>>,
    inputs: HashMap<String, BTreeSet<String>>,
    key: BTreeSet<String>,
}

impl Origins {
    /// Over records whose key is this value.
    pub(super) fn of_records(key: &Json) -> Self {
        let mut origins = Self::default();
        origins.key = origins.of_value(key);
        origins
    }

    /// An entry of a `transform`.
    pub(super) fn define(&mut self, name: &str, value: &Json) {
        let made_of = self.of_value(value);
        self.vars
            .entry(name.to_owned())
            .or_default()
            .extend(made_of);
    }

    /// What the steps of a routine see that is given these inputs; none are known where nobody calls it.
    pub(super) fn called<'v>(
        &self,
        inputs: impl IntoIterator<Item = (&'v str, Option<&'v Json>)>,
    ) -> Self {
        let made_of = |(name, given): (&str, Option<&Json>)| {
            let of = match given {
                Some(value) => self.of_value(value),
                None => BTreeSet::from([format!("record.{name}")]),
            };
            (name.to_owned(), of)
        };
        Self {
            vars: HashMap::new(),
            inputs: inputs.into_iter().map(made_of).collect(),
            key: self.key.clone(),
        }
    }

    fn of_value(&self, value: &Json) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        each_text(value, &mut |text| found.extend(self.of_text(text)));
        found
    }

    /// The names that a scalar is made of.
    fn of_text(&self, text: &str) -> BTreeSet<String> {
        match TextForm::of(text) {
            TextForm::Literal => BTreeSet::new(),
            TextForm::Path => path_name(text).into_iter().collect(),
            TextForm::Template => {
                let template = Template::compile(&ExprEnv::default(), text);
                template
                    .map(|template| self.of_uses(&template.uses()))
                    .unwrap_or_default()
            }
        }
    }

    fn of_uses(&self, uses: &Uses) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for used in &uses.paths {
            match used.path.as_slice() {
                [vars, name, ..] if vars == "vars" => {
                    found.extend(self.vars.get(name).into_iter().flatten().cloned());
                }
                [inputs, name, ..] if inputs == "inputs" => {
                    found.extend(self.inputs.get(name).into_iter().flatten().cloned());
                }
                [key] if key == "key" => found.extend(self.key.iter().cloned()),
                _ => {}
            }
            found.insert(used.path.join("."));
        }
        found
    }
}

/// `$.Subscriber.Id` as `record.Subscriber.Id`.
fn path_name(text: &str) -> Option<String> {
    let query = Query::compile(text).ok()?;
    let Some(segments) = query.segments() else {
        return Some(format!("record{}", text.get(1..)?));
    };
    let mut name = String::from("record");
    for segment in segments {
        name.push('.');
        match &segment.step {
            Step::Name(member) => name.push_str(member),
            Step::Index(index) => name.push_str(&index.to_string()),
        }
    }
    Some(name)
}

fn each_text<'j>(value: &'j Json, visit: &mut impl FnMut(&'j str)) {
    match value {
        Json::String(text) => visit(text),
        Json::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Json::Object(members) => members.values().for_each(|member| each_text(member, visit)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// What the rule needs to know of the place of a write.
pub(super) struct Place<'a> {
    pub(super) origins: &'a Origins,
    /// Whether there is one such record per tenant, so that constants tell it apart.
    pub(super) one_per_tenant: bool,
}

/// Complains when nothing that `find` looks for is sent by `create`.
pub(super) fn check(place: &Place<'_>, site: &Site<'_>, write: &config::Write) {
    let (Some(find), Some(create)) = (&write.find, &write.create) else {
        return;
    };
    let own = write.key.as_ref().map(|key| Origins {
        key: place.origins.of_value(&key.0),
        ..place.origins.clone()
    });
    let place = Place {
        origins: own.as_ref().unwrap_or(place.origins),
        ..*place
    };
    let mut looked_for = BTreeSet::new();
    place.find(site, find, &mut looked_for);
    let sent = place.said(request::scalars(&site.key("create"), &create.request()));
    if looked_for.intersection(&sent).next().is_some() {
        return;
    }
    let known: Vec<&str> = looked_for
        .iter()
        .map(|name| name.trim_start_matches("= "))
        .collect();
    let label = match known.as_slice() {
        [] => "looks for nothing that tells this record from others".to_owned(),
        names => format!(
            "looks for {}",
            crate::lang::diag::suggest::list(names.iter().copied())
        ),
    };
    site.key("find")
        .fault_key(Code::FindWithoutMarker, "`find` looks for nothing that `create` sends")
        .label(label)
        .also(site.key("create").key_span(), "sends none of it")
        .help("send in `create` what `find` looks for: a number of ours, an external id, a mark in a text")
        .help("or say `on_unknown: hold`: a create whose reply is lost then waits for a person")
        .report();
}

impl Place<'_> {
    fn find(&self, site: &Site<'_>, find: &config::Find, found: &mut BTreeSet<String>) {
        let site = site.key("find");
        found.extend(self.said(request::scalars(&site, &find.request())));
        if let Some(condition) = &find.where_ {
            let compiled = Condition::compile(&ExprEnv::default(), condition.as_str());
            if let Ok(compiled) = compiled {
                let names = self.origins.of_uses(&compiled.uses());
                found.extend(names.into_iter().filter(|name| self.counts(name)));
            }
        }
        find.otherwise
            .iter()
            .for_each(|further| self.find(&site, further, found));
    }

    fn said(&self, scalars: Vec<(Site<'_>, &str)>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (_, text) in scalars {
            let names = self.origins.of_text(text);
            if names.is_empty() && self.one_per_tenant {
                found.insert(format!("= {text}"));
            }
            found.extend(names.into_iter().filter(|name| self.counts(name)));
        }
        found
    }

    /// Whether a name tells one record from another of its kind.
    fn counts(&self, name: &str) -> bool {
        let mut parts = name.split('.');
        let root = parts.next().unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or_default();
        match root {
            "link" | "account" | "activation" | "now" | "run" | "candidate" | "id" | "found"
            | "omit" | "vars" | "inputs" | "key" => false,
            "tenant" | "settings" => self.one_per_tenant,
            // Ids of what earlier steps wrote are ids of parents.
            "steps" => last != "id" && last != "key",
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_value_has_one_name_however_it_is_written() {
        let mut origins = Origins::of_records(&json!("$.Id"));
        origins.define("mark", &json!("[SC {{ record.Id }}]"));
        for text in [
            "$.Id",
            "{{ record.Id }}",
            "sc-{{ record['Id'] | string }}",
            "{{ key }}",
            "{{ vars.mark }}",
        ] {
            assert!(origins.of_text(text).contains("record.Id"), "{text}");
        }
        assert_eq!(origins.of_text("constant"), BTreeSet::new());
    }

    #[test]
    fn ids_of_parents_do_not_count() {
        let origins = Origins::default();
        let place = Place {
            origins: &origins,
            one_per_tenant: false,
        };
        for name in [
            "link.job.id",
            "account.st.guid",
            "steps.customer.id",
            "now",
            "settings.a.b",
        ] {
            assert!(!place.counts(name), "{name}");
        }
        for name in ["record.Id", "note.Id", "steps.site.Address2"] {
            assert!(place.counts(name), "{name}");
        }
    }
}
