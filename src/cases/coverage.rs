//! Which parts of the tested pipelines no case met: steps, rows of maps, handlers.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::engine::run::Coverage;
use crate::lang::plan::{Origin, Pipeline, Row, Step, Table, Verb};

/// A part of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// A step, by where it stands.
    Step(Origin, Option<Arc<str>>),
    /// A case of a map's row: the map, the value (none for `else`), which case.
    Row(String, Option<String>, usize),
    /// A handler of a step: where the step stands, which handler, what it catches.
    Catch(Origin, usize, String),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Step(origin, Some(name)) => write!(f, "{origin}: the step `{name}` never ran"),
            Part::Step(origin, None) => write!(f, "{origin}: the step never ran"),
            Part::Row(map, value, case) => {
                let row = value
                    .as_ref()
                    .map_or("`else`".to_owned(), |value| format!("the row `{value}`"));
                match case {
                    0 => write!(f, "map {map}: {row} was never chosen"),
                    case => write!(f, "map {map}: case {} of {row} was never chosen", case + 1),
                }
            }
            Part::Catch(origin, _, errors) => {
                write!(f, "{origin}: the handler of {errors} never ran")
            }
        }
    }
}

impl Part {
    /// Whether a case met it.
    pub(super) fn is_met(&self, met: &Coverage) -> bool {
        match self {
            Part::Step(origin, _) => met.steps.contains(origin),
            Part::Row(map, value, case) => met.rows.contains(&(map.clone(), value.clone(), *case)),
            Part::Catch(origin, index, _) => met.catches.contains(&(origin.clone(), *index)),
        }
    }
}

/// Every part of some pipelines, each once, in order.
pub(super) fn parts(pipelines: &[Arc<Pipeline>]) -> Vec<Part> {
    let mut found = Vec::new();
    for pipeline in pipelines {
        steps(&pipeline.steps, &mut found);
    }
    let mut seen = HashSet::new();
    found.retain(|part| seen.insert(part.clone()));
    found
}

fn steps(list: &[Step], found: &mut Vec<Part>) {
    for step in list {
        found.push(Part::Step(step.origin.clone(), step.name.clone()));
        match &step.verb {
            Verb::Do(inner) => steps(inner, found),
            Verb::Call(call) => steps(&call.steps, found),
            Verb::Map(map) => table(&map.table, found),
            Verb::Fetch(_)
            | Verb::Transform(_)
            | Verb::Write(_)
            | Verb::Skip { .. }
            | Verb::Hold { .. }
            | Verb::Fail { .. } => {}
        }
        for (index, catch) in step.catch.iter().enumerate() {
            let errors: Vec<String> = catch
                .errors
                .iter()
                .map(|error| format!("`{error}`"))
                .collect();
            found.push(Part::Catch(step.origin.clone(), index, errors.join(", ")));
            steps(&catch.steps, found);
        }
    }
}

fn table(table: &Table, found: &mut Vec<Part>) {
    let mut cases = |value: Option<&Arc<str>>, row: &Row| {
        for index in 0..row.cases.len() {
            let value = value.map(ToString::to_string);
            found.push(Part::Row(table.name.to_string(), value, index));
        }
    };
    for (value, row) in &table.rows {
        cases(Some(value), row);
    }
    if let Some(row) = &table.else_ {
        cases(None, row);
    }
}
