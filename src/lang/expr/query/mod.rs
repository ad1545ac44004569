//! JSONPath (RFC 9535), compiled once. A path that can match one node at most is walked directly.

use std::fmt;

use serde_json::Value;

use super::error::ExprError;

mod check;
mod general;
mod singular;

pub use singular::{Segment, Step};

use general::General;

/// A compiled JSONPath.
#[derive(Clone)]
pub struct Query {
    source: Box<str>,
    plan: Plan,
}

#[derive(Clone)]
enum Plan {
    Singular(Vec<Segment>),
    /// `$.a.b[*]`, as lists of records are named: walked directly too.
    Children(Vec<Segment>, General),
    General(General),
}

impl Query {
    /// Compiles a path that begins with `$`.
    ///
    /// # Errors
    /// What is wrong with it, and where; also a regular expression in it that does not compile.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        let plan = match singular::parse(text) {
            Some(segments) => Plan::Singular(segments),
            None => {
                let general = General::compile(text)?;
                match text.strip_suffix("[*]").and_then(singular::parse) {
                    Some(segments) => Plan::Children(segments, general),
                    None => Plan::General(general),
                }
            }
        };
        Ok(Self {
            source: text.into(),
            plan,
        })
    }

    /// Whether it can match one node at most.
    pub fn is_singular(&self) -> bool {
        matches!(self.plan, Plan::Singular(_))
    }

    /// The steps of a singular path.
    pub fn segments(&self) -> Option<&[Segment]> {
        match &self.plan {
            Plan::Singular(segments) => Some(segments),
            Plan::Children(..) | Plan::General(_) => None,
        }
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The nodes it matches, in document order.
    pub fn all<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        match &self.plan {
            Plan::Singular(segments) => walk(segments, root).into_iter().collect(),
            Plan::Children(segments, _) => children(walk(segments, root)),
            Plan::General(general) => general.nodes(root),
        }
    }

    /// The nodes it matches, in document order, taken out of a document that nobody needs any more.
    pub fn into_all(&self, mut root: Value) -> Vec<Value> {
        if let Plan::Children(segments, _) = &self.plan
            && let Some(Value::Array(items)) = walk_mut(segments, &mut root)
        {
            return std::mem::take(items);
        }
        self.all(&root).into_iter().cloned().collect()
    }

    /// The first node it matches.
    pub fn first<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        match &self.plan {
            Plan::Singular(segments) => walk(segments, root),
            Plan::Children(..) => self.all(root).into_iter().next(),
            Plan::General(general) => general.nodes(root).into_iter().next(),
        }
    }

    /// The node of a singular path, or null; the list of the nodes of any other.
    pub fn value(&self, root: &Value) -> Value {
        match &self.plan {
            Plan::Singular(segments) => walk(segments, root).cloned().unwrap_or_default(),
            Plan::Children(..) => self.all(root).into_iter().cloned().collect(),
            Plan::General(general) => general.nodes(root).into_iter().cloned().collect(),
        }
    }
}

fn children(node: Option<&Value>) -> Vec<&Value> {
    match node {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(Value::Object(members)) => members.values().collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Vec::new()
        }
    }
}

fn walk_mut<'v>(segments: &[Segment], root: &'v mut Value) -> Option<&'v mut Value> {
    segments
        .iter()
        .try_fold(root, |node, segment| match &segment.step {
            Step::Name(name) => node.as_object_mut()?.get_mut(name),
            Step::Index(_) => None,
        })
}

fn walk<'v>(segments: &[Segment], root: &'v Value) -> Option<&'v Value> {
    segments
        .iter()
        .try_fold(root, |node, segment| segment.step.of(node))
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.source).finish()
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[cfg(test)]
mod tests;
