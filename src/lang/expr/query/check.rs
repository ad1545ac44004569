//! The type of what a path finds, and the members on it that no schema declares.

use std::ops::Range;

use super::general::Selects;
use super::singular::Step;
use super::{Plan, Query};
use crate::lang::expr::types::{Checked, Issue, IssueKind, Lookup, Type};

impl Query {
    /// Checks the path against the type of its document.
    pub fn check(&self, root: &Type) -> Checked {
        let mut walk = Walk {
            source: &self.source,
            issues: Vec::new(),
        };
        let ty = match &self.plan {
            Plan::Singular(segments) => {
                let mut ty = root.clone();
                for segment in segments {
                    ty = match &segment.step {
                        Step::Name(name) => walk.member(&ty, name, segment.range.clone()),
                        Step::Index(_) => walk.item(&ty, segment.range.clone()),
                    };
                }
                ty
            }
            Plan::Children(_, general) | Plan::General(general) => {
                let mut ty = root.clone();
                let mut from = 0;
                for selects in general.segments() {
                    ty = match selects {
                        Selects::Names(names) => {
                            let found = names.iter().map(|name| {
                                let range = walk.place_of(name, from);
                                from = range.end;
                                walk.member(&ty, name, range)
                            });
                            Type::union(found.collect::<Vec<_>>())
                        }
                        Selects::Items => walk.item(&ty, 0..self.source.len()),
                        Selects::Everything => everything(&ty),
                        Selects::Anything => Type::Any,
                    };
                }
                Type::list(ty)
            }
        };
        Checked {
            ty,
            issues: walk.issues,
        }
    }
}

struct Walk<'a> {
    source: &'a str,
    issues: Vec<Issue>,
}

impl Walk<'_> {
    /// Where a name stands; the library does not say, so it is looked for in order.
    fn place_of(&self, name: &str, from: usize) -> Range<usize> {
        match self.source.get(from..).and_then(|rest| rest.find(name)) {
            Some(at) => from + at..from + at + name.len(),
            None => 0..self.source.len(),
        }
    }

    fn member(&mut self, ty: &Type, name: &str, range: Range<usize>) -> Type {
        // A name selects nothing from a list, and a path that finds nothing is null.
        let parent = self.source.get(..range.start).unwrap_or_default();
        let parent = parent.trim_end_matches(['.', '[', '\'', '"']).to_owned();
        match ty.member(name) {
            Lookup::Found(ty) => ty,
            Lookup::Unknown(known) => {
                let kind = IssueKind::UnknownMember {
                    parent,
                    name: name.to_owned(),
                    known,
                };
                self.issues.push(Issue { kind, range });
                Type::Any
            }
            Lookup::NoMembers => {
                let kind = IssueKind::NoMembers {
                    parent,
                    name: name.to_owned(),
                    ty: ty.clone(),
                };
                self.issues.push(Issue { kind, range });
                Type::Any
            }
        }
    }

    fn item(&mut self, ty: &Type, range: Range<usize>) -> Type {
        match ty {
            Type::List(item) => item.as_ref().clone(),
            Type::Any | Type::Null | Type::Union(_) => Type::Any,
            Type::Bool
            | Type::Int
            | Type::Number
            | Type::Text
            | Type::Date
            | Type::Decimal
            | Type::Object(_)
            | Type::Function(_)
            | Type::Omit
            | Type::Keep => {
                self.issues.push(Issue {
                    kind: IssueKind::NotAList(ty.clone()),
                    range,
                });
                Type::Any
            }
        }
    }
}

/// What a wildcard or filter goes through: items of a list, members of a mapping.
fn everything(ty: &Type) -> Type {
    match ty {
        Type::List(item) => item.as_ref().clone(),
        Type::Object(object) => Type::union(
            object
                .members
                .values()
                .cloned()
                .chain(object.others.clone()),
        ),
        Type::Any
        | Type::Null
        | Type::Bool
        | Type::Int
        | Type::Number
        | Type::Text
        | Type::Date
        | Type::Decimal
        | Type::Union(_)
        | Type::Function(_)
        | Type::Omit
        | Type::Keep => Type::Any,
    }
}
