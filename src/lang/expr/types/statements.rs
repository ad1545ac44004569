//! Checks the pieces of a template that make text.

use super::{Checker, IssueKind, Type};
use crate::lang::expr::containers::LoopState;
use crate::lang::expr::ir::{Stmt, Target};

impl<'a> Checker<'a> {
    pub(crate) fn statements(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::Raw(_) => {}
                Stmt::Emit(node) => self.emitted(node),
                Stmt::For(looped) => {
                    let list = self.node(&looped.items);
                    let item = list.item().unwrap_or_else(|| {
                        self.report(IssueKind::NotAList(list), looped.items.range.clone());
                        Type::Any
                    });
                    let depth = self.locals.len();
                    self.locals.push(("loop", loop_type()));
                    self.assign(&looped.target, item);
                    if let Some(condition) = &looped.only_if {
                        self.node(condition);
                    }
                    self.statements(&looped.body);
                    self.locals.truncate(depth);
                    self.statements(&looped.otherwise);
                    self.locals.truncate(depth);
                }
                Stmt::If(branch) => {
                    self.node(&branch.when);
                    let depth = self.locals.len();
                    self.statements(&branch.then);
                    let then = self.locals.split_off(depth);
                    self.statements(&branch.otherwise);
                    // A name that either branch sets may be asked for after it; its type is open.
                    let set = then.into_iter().chain(self.locals.split_off(depth));
                    self.locals.extend(set.map(|(name, _)| (name, Type::Any)));
                }
                Stmt::Set(target, node) => {
                    let ty = self.node(node);
                    self.assign(target, ty);
                }
                Stmt::SetText(target, body) => {
                    let depth = self.locals.len();
                    self.statements(body);
                    self.locals.truncate(depth);
                    self.assign(target, Type::Text);
                }
                Stmt::With(given, body) => {
                    let depth = self.locals.len();
                    for (target, node) in given {
                        let ty = self.node(node);
                        self.assign(target, ty);
                    }
                    self.statements(body);
                    self.locals.truncate(depth);
                }
            }
        }
    }

    fn assign(&mut self, target: &'a Target, ty: Type) {
        match target {
            Target::One(name) => self.locals.push((&name.text, ty)),
            Target::Several(names) => {
                let item = ty.item().unwrap_or_default();
                self.locals
                    .extend(names.iter().map(|name| (name.text.as_ref(), item.clone())));
            }
        }
    }
}

fn loop_type() -> Type {
    Type::object(LoopState::MEMBERS.map(|name| {
        (
            name,
            if matches!(name, "first" | "last") {
                Type::Bool
            } else {
                Type::Int
            },
        )
    }))
}
