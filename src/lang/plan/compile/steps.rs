//! Steps, compiled in order: each sees the results of those above it.

use std::sync::Arc;

use indexmap::IndexMap;

use super::durations::duration;
use super::marker::Origins;
use super::named::Named;
use super::realm::{self, Realm};
use super::request::{self, Target};
use super::scope::{self, Hints, Scope};
use super::site::Site;
use super::values::{all, optional};
use super::{catch, fetch, paths, routines, write};
use crate::lang::config::{self, Step as Written, Steps};
use crate::lang::diag::Code;
use crate::lang::expr::{ObjectType, Type, ValueForm};
use crate::lang::plan::{Step, StepFetch, Verb};

/// Names that the language gives; no item may be called like one.
const TAKEN: &[&str] = &[
    "account",
    "settings",
    "tenant",
    "activation",
    "now",
    "run",
    "record",
    "vars",
    "steps",
    "link",
    "linked",
    "error",
    "found",
    "candidate",
    "key",
    "id",
    "cursor",
    "omit",
    "keep",
    "inputs",
    "index",
];

/// Where a list of steps stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a pipeline, over its records.
    Record,
    /// In `on_activate`.
    Activation,
    /// In a requirement.
    Requirement,
}

/// Goes through a list of steps and remembers what the next one may see.
pub(super) struct Walk<'w, 'p> {
    pub(super) realm: &'w Realm<'w, 'p>,
    pub(super) place: Place,
    /// Whether the pipeline can read one record by its key.
    pub(super) has_one: bool,
    /// The names of the place, without what steps add.
    pub(super) base: Scope,
    /// The names of the place without what `each` and `catch` add: what a routine sees beside its inputs.
    pub(super) outside: Scope,
    /// Shared with the scopes that were made of them, and copied only when one of those still lives.
    vars: Arc<ObjectType>,
    results: Arc<ObjectType>,
    /// What the entries of transforms are made of, for the rule of markers (S4).
    pub(super) origins: Origins,
}

impl<'w, 'p> Walk<'w, 'p> {
    /// Over the records of a pipeline.
    pub(super) fn over_records(
        realm: &'w Realm<'w, 'p>,
        site: &Site<'p>,
        config: &'p config::Pipeline,
        record: Type,
        link: Type,
    ) -> Self {
        let base = realm
            .base
            .rooted(record.clone())
            .with("record", record)
            .with("link", link)
            .with("linked", realm.linked());
        let origins = Origins::of_records(&config.fetch.key.0);
        Self::new(
            realm,
            Place::Record,
            config.fetch.one.is_some(),
            site,
            &config.steps,
            base,
            origins,
        )
    }

    /// Without a record: the links are those of the tenant itself.
    pub(super) fn without_record(
        realm: &'w Realm<'w, 'p>,
        place: Place,
        site: &Site<'p>,
        steps: &Steps,
    ) -> Self {
        let link = realm.link(realm.of_tenant());
        let base = realm
            .base
            .with("link", link)
            .with("linked", realm.linked())
            .elsewhere(
                "record",
                "in the steps of a pipeline; here there is no record",
            );
        Self::new(realm, place, false, site, steps, base, Origins::default())
    }

    pub(super) fn new(
        realm: &'w Realm<'w, 'p>,
        place: Place,
        has_one: bool,
        site: &Site<'p>,
        steps: &Steps,
        base: Scope,
        origins: Origins,
    ) -> Self {
        let mut named = Named::default();
        named.list(site, steps);
        let hints = Hints {
            steps: named.steps,
            vars: named.vars,
            ..Hints::clone(&base.hints)
        };
        let base = base.hinted(hints);
        let (vars, results) = <(Arc<ObjectType>, Arc<ObjectType>)>::default();
        Self {
            realm,
            place,
            has_one,
            outside: base.clone(),
            base,
            vars,
            results,
            origins,
        }
    }

    /// What the transforms named.
    pub(super) fn named(&self) -> Type {
        Type::Object(Arc::clone(&self.vars))
    }

    /// What the next step sees.
    pub(super) fn scope(&self) -> Scope {
        let mut scope = self.base.clone();
        scope
            .types
            .set("vars", Type::Object(Arc::clone(&self.vars)));
        scope
            .types
            .set("steps", Type::Object(Arc::clone(&self.results)));
        scope
    }

    /// Compiles a list of steps.
    pub(super) fn list(&mut self, site: &Site<'p>, steps: &'p Steps) -> Option<Vec<Step>> {
        let mut ended: Option<usize> = None;
        let mut compiled = Vec::new();
        for (index, step) in steps.0.iter().enumerate() {
            let place = site.index(index);
            if let Some(end) = ended.take_if(|end| *end + 1 == index) {
                place
                    .fault(Code::UnreachableStep, "no record comes as far as this step")
                    .label("is never run")
                    .also(
                        site.index(end).span(),
                        "this step ends every record: it has no `when`",
                    )
                    .help("give the step above a `when`, or remove what comes after it")
                    .report();
            }
            compiled.push(self.step(&place, step));
            if ends(step) {
                ended = Some(index);
            }
        }
        compiled.into_iter().collect()
    }

    fn step(&mut self, site: &Site<'p>, step: &'p Written) -> Option<Step> {
        self.check_place(site, step);
        let values = &self.realm.cx.values;
        let item: Arc<str> = step.as_.as_deref().unwrap_or("item").into();
        let mut scope = self.scope();
        let each = optional(step.each.as_ref(), |each| {
            self.each(&site.key("each"), &each.0, &scope)
        });
        let outer = step.each.is_some().then(|| self.base.clone());
        if outer.is_some() {
            check_item(site, step, &scope);
            let made = each.as_ref().and_then(Option::as_ref);
            let ty = made.map(|(_, ty)| ty.clone()).unwrap_or_default();
            self.base = self.base.with("index", Type::Int).with(&item, ty);
            scope = self.scope();
        } else if step.as_.is_some() {
            site.key("as")
                .fault_key(Code::UnknownKey, "`as` names the item of `each`")
                .label("this step has no `each`")
                .report();
        }
        let when = optional(step.when.as_ref(), |when| {
            values.condition(&site.key("when"), when, &scope)
        });
        let before = (Arc::clone(&self.vars), Arc::clone(&self.results));
        let done = self.verb(site, step, &scope);
        let catch = catch::compile(self, site, step);
        if let Some(outer) = outer {
            self.base = outer;
            // What was made for one item is not there for the next step.
            (self.vars, self.results) = before;
        }
        let result = match (done.result, step.each.is_some()) {
            (Some(ty), true) => Some(Type::list(ty)),
            (result, _) => result,
        };
        if let (Some(name), Some(ty)) = (&step.name, result) {
            Arc::make_mut(&mut self.results)
                .members
                .insert(name.clone(), ty);
        }
        Some(Step {
            name: step.name.as_deref().map(Arc::from),
            when: when?,
            each: each?.map(|(form, _)| form),
            item,
            catch: catch?,
            verb: done.verb?,
            origin: site.origin(),
        })
    }

    fn each(
        &self,
        site: &Site<'_>,
        each: &serde_json::Value,
        scope: &Scope,
    ) -> Option<(ValueForm, Type)> {
        let (form, ty) = self.realm.cx.values.value(site, each, scope)?;
        // The items of a mapping are its keys, which is never meant here.
        let item = ty.item().filter(|_| !matches!(ty, Type::Object(_)));
        let Some(item) = item else {
            site.fault(
                Code::TypeMismatch,
                format!("`each` goes through a list, and this is {ty}"),
            )
            .label("is not a list")
            .report();
            return Some((form, Type::Any));
        };
        Some((form, item))
    }

    /// Before there are records there is nothing to skip or hold, and a requirement only reads.
    fn check_place(&self, site: &Site<'_>, step: &Written) {
        let verb = verb_of(step);
        let allowed: &[&str] = match self.place {
            Place::Record => return,
            Place::Activation => &["fetch", "transform", "map", "write", "do", "call", "fail"],
            Place::Requirement => &["fetch", "transform", "call"],
        };
        if allowed.contains(&verb) || verb.is_empty() {
            return;
        }
        let (place, why) = match self.place {
            Place::Requirement => (
                "a requirement",
                "it only reads, and is looked at again and again",
            ),
            Place::Activation | Place::Record => ("`on_activate`", "it has no record"),
        };
        let words: Vec<_> = allowed.iter().map(|verb| format!("`{verb}`")).collect();
        site.key(verb)
            .fault_key(Code::MisplacedStep, format!("a `{verb}` step in {place}"))
            .label(why)
            .help(format!("verbs of {place}: {}", words.join(", ")))
            .report();
    }

    fn verb(&mut self, site: &Site<'p>, step: &'p Written, scope: &Scope) -> Done {
        // A link is read between expressions, never while a request is made of them.
        let linked = scope;
        let scope = &scope.without("linked");
        if let Some(written) = &step.fetch {
            return self.fetch(&site.key("fetch"), written, scope);
        }
        if let Some(written) = &step.transform {
            return self.transform(&site.key("transform"), step, written);
        }
        if let Some(written) = &step.map {
            let verb = self.map_use(&site.key("map"), written, scope);
            return Done {
                verb: verb.map(|map| Verb::Map(Box::new(map))),
                result: Some(Type::Any),
            };
        }
        if let Some(written) = &step.write {
            let (write, found) = write::compile(self, &site.key("write"), written, scope);
            let verb = write.map(|write| Verb::Write(Box::new(write)));
            return Done {
                verb,
                result: Some(scope::written(found)),
            };
        }
        if let Some(written) = &step.do_ {
            let verb = self.list(&site.key("do"), written).map(Verb::Do);
            return Done { verb, result: None };
        }
        if let Some(written) = &step.call {
            let (call, result) = routines::call(self, &site.key("call"), written, linked);
            return Done {
                verb: call.map(|call| Verb::Call(Box::new(call))),
                result: Some(result),
            };
        }
        Done {
            verb: self.end(site, step, scope),
            result: None,
        }
    }

    fn end(&self, site: &Site<'p>, step: &Written, scope: &Scope) -> Option<Verb> {
        let values = &self.realm.cx.values;
        let reason = |verb: &str, text: &config::text::Template| {
            values.text(&site.key(verb).key("reason"), text.as_str(), scope)
        };
        if let Some(skip) = &step.skip {
            let reason = reason("skip", &skip.reason)?;
            return Some(Verb::Skip {
                reason,
                forever: skip.forever,
                echo: skip.echo,
            });
        }
        if let Some(hold) = &step.hold {
            let place = site.key("hold");
            if self.place == Place::Record && !self.has_one {
                place
                    .fault_key(Code::HoldWithoutOne, "a held record cannot be read again")
                    .label("the pipeline's `fetch` has no `one`")
                    .help("say under `fetch` how to read one record: `one: { get: \"/…/{{ key }}\" }`")
                    .report();
            }
            let recheck = optional(hold.recheck.as_ref(), |text| {
                duration(&place.key("recheck"), text)
            });
            return Some(Verb::Hold {
                reason: reason("hold", &hold.reason)?,
                recheck: recheck?,
            });
        }
        let fail = step.fail.as_ref()?;
        let reason = reason("fail", &fail.reason)?;
        Some(Verb::Fail {
            code: fail.code.as_str().into(),
            reason,
        })
    }

    fn fetch(&self, site: &Site<'p>, written: &'p config::StepFetch, scope: &Scope) -> Done {
        let realm = self.realm;
        let api = realm.api(&site.key("connector"), written.connector.as_str());
        let record = realm::record(site, api, written.record.as_ref());
        let target = Target::of(&written.connector, api);
        let request = request::compile(realm.cx, site, target, &written.request(), scope);
        let records = optional(written.records.as_ref(), |path| {
            paths::listed(&site.key("records"), path, &Type::Any).map(|(query, _)| query)
        });
        let paging = fetch::list_paging(realm, site, written.paging.as_ref(), &written.connector);
        if written.paging.is_some() && written.records.is_none() {
            site.key("paging")
                .fault_key(
                    Code::RecordsNotList,
                    "pages are read for the records on them",
                )
                .label("this fetch has no `records`")
                .help("say where a page holds the list: `records: $.data[*]`")
                .report();
        }
        let cache = optional(written.cache.as_ref(), |text| {
            duration(&site.key("cache"), text)
        });
        let result = if written.records.is_some() {
            Type::list(record)
        } else {
            record
        };
        let verb = (|| {
            Some(Verb::Fetch(Box::new(StepFetch {
                request: request?,
                records: records?,
                paging: paging?,
                cache: cache?,
            })))
        })();
        Done {
            verb,
            result: Some(result),
        }
    }

    fn transform(
        &mut self,
        site: &Site<'p>,
        step: &Written,
        entries: &'p IndexMap<String, config::text::Value>,
    ) -> Done {
        let mut made = IndexMap::new();
        let mut compiled = Vec::new();
        for (name, value) in entries {
            let place = site.key(name.as_str());
            if !super::words::is_identifier(name) && step.each.is_none() {
                place
                    .fault_key(
                        Code::BadName,
                        format!("`{name}` is not a name that expressions can use"),
                    )
                    .label("a small letter, then small letters, digits or `_`")
                    .report();
            }
            let done = self.realm.cx.values.value(&place, &value.0, &self.scope());
            let ty = done.as_ref().map(|(_, ty)| ty.clone()).unwrap_or_default();
            self.origins.define(name, &value.0);
            Arc::make_mut(&mut self.vars)
                .members
                .insert(name.clone(), ty.clone());
            made.insert(name.clone(), ty);
            compiled.push(done.map(|(form, _)| (Arc::from(name.as_str()), form)));
        }
        let verb = all(compiled).map(Verb::Transform);
        // Only with `each` is it a value of its own: a list of what was made for each item.
        let result = step.each.is_some().then(|| Type::object(made));
        Done { verb, result }
    }
}

/// What became of a verb, and the type of the step's result if it has one.
struct Done {
    verb: Option<Verb>,
    result: Option<Type>,
}

fn check_item(site: &Site<'_>, step: &Written, scope: &Scope) {
    let Some(name) = &step.as_ else { return };
    if TAKEN.contains(&name.as_str()) || scope.types.get(name).is_some() {
        site.key("as")
            .fault(Code::BadName, format!("the name `{name}` is taken"))
            .label("is something else here already")
            .help("give the item a name of its own")
            .report();
    }
}

/// Whether every record that comes to this step goes no further.
fn ends(step: &Written) -> bool {
    step.when.is_none()
        && step.each.is_none()
        && (step.skip.is_some()
            || step.hold.is_some()
            || (step.fail.is_some() && step.catch.is_empty()))
}

fn verb_of(step: &Written) -> &'static str {
    [
        ("fetch", step.fetch.is_some()),
        ("transform", step.transform.is_some()),
        ("map", step.map.is_some()),
        ("write", step.write.is_some()),
        ("do", step.do_.is_some()),
        ("call", step.call.is_some()),
        ("skip", step.skip.is_some()),
        ("hold", step.hold.is_some()),
        ("fail", step.fail.is_some()),
    ]
    .into_iter()
    .find_map(|(verb, written)| written.then_some(verb))
    .unwrap_or_default()
}
