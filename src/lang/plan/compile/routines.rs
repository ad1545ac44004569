//! Routines: their steps are compiled anew for every call, with the record of the pipeline that calls and the types
//! of what it gives. What is wrong in them is said in the routine, with the call beside it.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::names::Folder;
use super::realm::Realm;
use super::scope::Scope;
use super::site::Site;
use super::steps::{Place, Walk};
use super::values::{Unknown, all};
use crate::lang::config::{self, Steps};
use crate::lang::diag::{Code, suggest};
use crate::lang::expr::{Type, ValueForm};
use crate::lang::load::{Config, Document};
use crate::lang::plan::Call;
use crate::lang::source::{Pointer, PointerTarget, Span};

/// The routines of an integration by name, broken ones too.
pub(super) struct Routines<'p> {
    docs: IndexMap<&'p str, &'p Document>,
    /// Those that lead back to themselves. That is said once, and nothing else of them.
    endless: HashSet<&'p str>,
}

impl<'p> Routines<'p> {
    /// The routines in a folder.
    pub(super) fn of(folder: &Folder<'p>) -> Self {
        let mut routines = Self {
            docs: folder.routines.clone(),
            endless: HashSet::new(),
        };
        let names: Vec<_> = routines.docs.keys().copied().collect();
        for name in names {
            let mut reached = HashSet::new();
            let mut wanted = routines.callees(name);
            while let Some(next) = wanted.pop() {
                if reached.insert(next) {
                    wanted.extend(routines.callees(next));
                }
            }
            if reached.contains(name) {
                routines.endless.insert(name);
            }
        }
        routines
    }

    /// What a routine says; none when there is none of that name, or its document is broken.
    pub(super) fn config(&self, name: &str) -> Option<&'p config::Routine> {
        match self.docs.get(name)?.config.as_ref() {
            Some(Config::Routine(routine)) => Some(routine),
            _ => None,
        }
    }

    fn callees(&self, name: &str) -> Vec<&'p str> {
        let mut called = Vec::new();
        if let Some(routine) = self.config(name) {
            names_in(&routine.steps, &mut called);
        }
        called
    }
}

/// The routines that a list of steps calls.
fn names_in<'p>(steps: &'p Steps, found: &mut Vec<&'p str>) {
    for step in &steps.0 {
        found.extend(step.call.as_ref().map(|call| call.routine.as_str()));
        let caught = step.catch.iter().map(|catch| &catch.steps);
        for inner in step.do_.iter().chain(caught) {
            names_in(inner, found);
        }
    }
}

/// Compiles a call: what it gives, and the routine's steps as this place sees them. The type is of its result.
pub(super) fn call<'p>(
    walk: &mut Walk<'_, 'p>,
    site: &Site<'p>,
    written: &'p config::Call,
    scope: &Scope,
) -> (Option<Call>, Type) {
    let realm = walk.realm;
    let name = written.routine.as_str();
    let given = given(realm, site, written, scope);
    let Some(doc) = realm.routines.docs.get(name) else {
        Unknown {
            code: Code::UnknownRoutine,
            what: "routine",
            of: None,
            several: "routines of this integration",
        }
        .at(
            &site.key("routine"),
            name,
            realm.routines.docs.keys().copied(),
        );
        return (None, Type::Any);
    };
    let Some(routine) = realm.routines.config(name) else {
        return (None, Type::Any);
    };
    check_inputs(site, written, doc, routine);
    if realm.routines.endless.contains(name) {
        return (None, Type::Any);
    }
    let inputs: Vec<_> = routine
        .inputs
        .iter()
        .map(|(name, input)| {
            let (form, ty) = match (given.get(name.as_str()), &input.default) {
                (Some(made), _) => made.clone(),
                (None, Some(default)) => (
                    Some(ValueForm::constant(default.0.clone())),
                    Type::of_json(&default.0),
                ),
                (None, None) => (None, Type::Any),
            };
            (name.as_str(), form, ty)
        })
        .collect();
    let types = inputs.iter().map(|(name, _, ty)| (*name, ty.clone()));
    let base = walk.outside.with("inputs", Type::object(types));
    let origins = walk
        .origins
        .called(routine.inputs.iter().map(|(name, input)| {
            let default = input.default.as_ref().map(|default| &default.0);
            let value = written.inputs.get(name).map(|value| &value.0).or(default);
            (
                name.as_str(),
                Some(value.unwrap_or(&serde_json::Value::Null)),
            )
        }));
    let list = site.routine(doc).key("steps");
    let mut inner = Walk::new(
        realm,
        walk.place,
        walk.has_one,
        &list,
        &routine.steps,
        base,
        origins,
    );
    let steps = inner.list(&list, &routine.steps);
    let inputs = all(inputs
        .into_iter()
        .map(|(name, form, _)| Some((Arc::from(name), form?))));
    let result = inner.named();
    let call = (|| {
        Some(Call {
            routine: name.into(),
            inputs: inputs?,
            steps: steps?,
        })
    })();
    (call, result)
}

/// What a call gives, compiled where it stands.
fn given<'p>(
    realm: &Realm<'_, 'p>,
    site: &Site<'p>,
    written: &'p config::Call,
    scope: &Scope,
) -> IndexMap<&'p str, (Option<ValueForm>, Type)> {
    let list = site.key("inputs");
    let compiled = written.inputs.iter().map(|(name, value)| {
        let made = realm
            .cx
            .values
            .value(&list.key(name.as_str()), &value.0, scope);
        let (form, ty) = made.unzip();
        (name.as_str(), (form, ty.unwrap_or_default()))
    });
    compiled.collect()
}

fn check_inputs(
    site: &Site<'_>,
    written: &config::Call,
    doc: &Document,
    routine: &config::Routine,
) {
    let name = routine.name.as_str();
    for given in written.inputs.keys() {
        if !routine.inputs.contains_key(given) {
            Unknown {
                code: Code::UnknownInput,
                what: "input",
                of: Some(name),
                several: &format!("inputs of `{name}`"),
            }
            .at_key(
                &site.key("inputs").key(given.as_str()),
                given,
                routine.inputs.keys().map(String::as_str),
            );
        }
    }
    let missing: Vec<&str> = routine
        .inputs
        .iter()
        .filter(|(name, input)| input.default.is_none() && !written.inputs.contains_key(*name))
        .map(|(name, _)| name.as_str())
        .collect();
    if let [first, ..] = missing.as_slice() {
        let known = suggest::list(missing.iter().copied());
        site.key("routine")
            .fault(
                Code::MissingInput,
                format!("the routine `{name}` is not given {known}"),
            )
            .label("needs more than this call gives")
            .also(input_span(doc, first), "asked for here")
            .help(format!(
                "give it under `inputs` of the call, or give `{first}` a `default` in the routine"
            ))
            .report();
    }
}

/// Where a routine declares an input.
fn input_span(doc: &Document, name: &str) -> Span {
    let at = Pointer::root().key("inputs").key(name);
    doc.index.span(&at, PointerTarget::Key)
}

/// What is said of routines apart from their calls: names of inputs, circles, those that nobody calls.
pub(super) fn check<'p>(realm: &Realm<'_, 'p>, folder: &Folder<'p>) {
    let mut called = HashSet::new();
    let mut wanted = Vec::new();
    let mut broken = false;
    for doc in folder.pipelines.values() {
        match &doc.config {
            Some(Config::Pipeline(pipeline)) => names_in(&pipeline.steps, &mut wanted),
            _ => broken = true,
        }
    }
    names_in(&realm.config.on_activate, &mut wanted);
    let requires = realm.config.requires.iter();
    requires.for_each(|one| names_in(&one.steps, &mut wanted));
    while let Some(name) = wanted.pop() {
        if called.insert(name) {
            // A name that is not known may be this or that routine, misspelt.
            broken |= realm.routines.config(name).is_none();
            wanted.extend(realm.routines.callees(name));
        }
    }
    check_circles(realm);
    for (name, doc) in &realm.routines.docs {
        let Some(routine) = realm.routines.config(name) else {
            continue;
        };
        let site = Site::root(doc, realm.cx.sink);
        check_names(&site, routine);
        super::unused::check(&site);
        if called.contains(name) {
            continue;
        }
        if !broken {
            site.key("name")
                .fault(
                    Code::RoutineNeverCalled,
                    format!("nobody calls the routine `{name}`"),
                )
                .label("does nothing")
                .help(format!(
                    "call it, `call: {{ routine: {name} }}`, or remove the file"
                ))
                .report();
        }
        if !realm.routines.endless.contains(name) {
            alone(realm, &site.key("steps"), routine);
        }
    }
}

fn check_names(site: &Site<'_>, routine: &config::Routine) {
    for input in routine.inputs.keys() {
        if !super::words::is_identifier(input) {
            site.key("inputs")
                .key(input.as_str())
                .fault_key(
                    Code::BadName,
                    format!("`{input}` is not a name that expressions can use"),
                )
                .label("a small letter, then small letters, digits or `_`")
                .report();
        }
    }
}

/// What nobody calls is looked at as well, with inputs and a record that may be anything.
fn alone<'p>(realm: &Realm<'_, 'p>, list: &Site<'p>, routine: &'p config::Routine) {
    let inputs = routine.inputs.keys().map(|name| (name.as_str(), Type::Any));
    let entities = realm.config.entities.keys().map(String::as_str);
    let base = realm
        .base
        .rooted(Type::Any)
        .with("record", Type::Any)
        .with("link", realm.link(entities))
        .with("linked", realm.linked())
        .with("inputs", Type::object(inputs));
    let origins = super::marker::Origins::default();
    let origins = origins.called(routine.inputs.keys().map(|name| (name.as_str(), None)));
    let mut walk = Walk::new(
        realm,
        Place::Record,
        true,
        list,
        &routine.steps,
        base,
        origins,
    );
    walk.list(list, &routine.steps);
}

/// Every circle of calls is said once, at the call that closes it.
fn check_circles(realm: &Realm<'_, '_>) {
    let mut said: HashSet<&str> = HashSet::new();
    for name in realm.routines.docs.keys() {
        if !realm.routines.endless.contains(name) || said.contains(name) {
            continue;
        }
        let mut path = Vec::new();
        if let Some(circle) = circle(realm, name, name, &mut path, &mut HashSet::new()) {
            said.extend(circle.iter().map(|(name, _)| *name));
            report_circle(realm, &circle);
        }
    }
}

/// The calls that lead from a routine back to `goal`, each with the routine it stands in.
fn circle<'p>(
    realm: &Realm<'_, 'p>,
    name: &'p str,
    goal: &str,
    path: &mut Vec<(&'p str, Span)>,
    seen: &mut HashSet<&'p str>,
) -> Option<Vec<(&'p str, Span)>> {
    let (doc, routine) = (realm.routines.docs.get(name)?, realm.routines.config(name)?);
    let mut calls = Vec::new();
    calls_in(
        &Site::root(doc, realm.cx.sink).key("steps"),
        &routine.steps,
        &mut calls,
    );
    for (callee, span) in calls {
        path.push((name, span));
        if callee == goal {
            return Some(path.clone());
        }
        if seen.insert(callee)
            && let Some(found) = circle(realm, callee, goal, path, seen)
        {
            return Some(found);
        }
        path.pop();
    }
    None
}

fn calls_in<'p>(site: &Site<'p>, steps: &'p Steps, found: &mut Vec<(&'p str, Span)>) {
    for (index, step) in steps.0.iter().enumerate() {
        let place = site.index(index);
        if let Some(call) = &step.call {
            let span = place.key("call").key("routine").span();
            found.push((call.routine.as_str(), span));
        }
        if let Some(inner) = &step.do_ {
            calls_in(&place.key("do"), inner, found);
        }
        for (at, catch) in step.catch.iter().enumerate() {
            calls_in(
                &place.key("catch").index(at).key("steps"),
                &catch.steps,
                found,
            );
        }
    }
}

fn report_circle(realm: &Realm<'_, '_>, circle: &[(&str, Span)]) {
    let [(first, start), further @ ..] = circle else {
        return;
    };
    let headline = match further.last() {
        Some((last, _)) => format!("the routine `{first}` leads back to itself, through `{last}`"),
        None => format!("the routine `{first}` calls itself"),
    };
    let mut draft = realm
        .site
        .fault_at(*start, Code::RoutineCallsItself, headline)
        .label("the steps would never end");
    for (name, span) in further {
        draft = draft.also(*span, format!("and `{name}` calls this one"));
    }
    draft
        .help("a list is gone through with `each`; a routine cannot come back to itself")
        .report();
}
