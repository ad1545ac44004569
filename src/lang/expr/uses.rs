//! What an expression refers to, for passes that look for `vars.x`, `steps.y`, settings, maps.

use std::ops::Range;

use super::ir::{Node, Op, Stmt, Target};

/// What an expression refers to, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Names with the members asked of them: `["record", "Status", "Primary"]`, also where a
    /// member is written in brackets. Names that the template itself sets are left out.
    pub paths: Vec<PathUse>,
    /// Filters, as written.
    pub filters: Vec<NameUse>,
    /// Tests, as written.
    pub tests: Vec<NameUse>,
    /// Functions called by name.
    pub functions: Vec<NameUse>,
    locals: Vec<Box<str>>,
}

/// A name with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathUse {
    /// The name, then the members.
    pub path: Vec<String>,
    /// Its bytes in the scalar.
    pub range: Range<usize>,
}

/// A filter, test or function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// As written.
    pub name: String,
    /// Its bytes in the scalar.
    pub range: Range<usize>,
}

impl Uses {
    pub(crate) fn node(&mut self, node: &Node) {
        if let Some(path) = self.path(node) {
            if !self
                .locals
                .iter()
                .any(|local| Some(local.as_ref()) == path.first().map(|s| &**s))
            {
                self.paths.push(PathUse {
                    path,
                    range: node.range.clone(),
                });
            }
            return;
        }
        match &node.op {
            Op::Const(_) | Op::Name(_) => {}
            Op::Member(of, _) => self.node(of),
            Op::Item(of, key) => self.nodes([of.as_ref(), key]),
            Op::Slice(slice) => {
                self.node(&slice.of);
                self.nodes(
                    [&slice.start, &slice.stop, &slice.step]
                        .into_iter()
                        .flatten(),
                );
            }
            Op::Not(inner) | Op::Neg(inner) => self.node(inner),
            Op::And(left, right) | Op::Or(left, right) | Op::Math(_, left, right) => {
                self.nodes([left.as_ref(), right]);
            }
            Op::Compare(first, further) => {
                self.node(first);
                self.nodes(further.iter().map(|(_, right)| right));
            }
            Op::If(choice) => {
                self.nodes([&choice.then, &choice.when]);
                self.nodes(&choice.otherwise);
            }
            Op::Filter(call) => {
                self.node(&call.input);
                let range = call.name.range.clone();
                self.filters.push(NameUse {
                    name: call.name.text.to_string(),
                    range,
                });
                self.nodes(call.args.iter().flatten());
            }
            Op::Test(call) => {
                self.node(&call.input);
                let range = call.name.range.clone();
                self.tests.push(NameUse {
                    name: call.name.text.to_string(),
                    range,
                });
                self.nodes(call.args.iter().flatten());
            }
            Op::Call(call) => {
                if let Op::Name(name) = &call.callee.op {
                    let range = call.callee.range.clone();
                    self.functions.push(NameUse {
                        name: name.to_string(),
                        range,
                    });
                } else {
                    self.node(&call.callee);
                }
                self.nodes(&call.positional);
                self.nodes(call.named.iter().map(|(_, value)| value));
            }
            Op::List(items) => self.nodes(items),
            Op::Map(pairs) => {
                for (key, value) in pairs {
                    self.nodes([key, value]);
                }
            }
        }
    }

    fn nodes<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) {
        nodes.into_iter().for_each(|node| self.node(node));
    }

    /// `a.b['c']` as `[a, b, c]`; an item ends the path, and what is in its brackets is looked at.
    fn path(&mut self, node: &Node) -> Option<Vec<String>> {
        let (of, name) = match &node.op {
            Op::Name(name) => return Some(vec![name.to_string()]),
            Op::Member(of, name) => (of, name.text.to_string()),
            Op::Item(of, key) => match &key.op {
                Op::Const(datum) => (of, datum.as_str()?.to_owned()),
                Op::Name(_)
                | Op::Member(..)
                | Op::Item(..)
                | Op::Slice(_)
                | Op::Not(_)
                | Op::Neg(_)
                | Op::And(..)
                | Op::Or(..)
                | Op::Compare(..)
                | Op::Math(..)
                | Op::If(_)
                | Op::Filter(_)
                | Op::Test(_)
                | Op::Call(_)
                | Op::List(_)
                | Op::Map(_) => return None,
            },
            Op::Const(_)
            | Op::Slice(_)
            | Op::Not(_)
            | Op::Neg(_)
            | Op::And(..)
            | Op::Or(..)
            | Op::Compare(..)
            | Op::Math(..)
            | Op::If(_)
            | Op::Filter(_)
            | Op::Test(_)
            | Op::Call(_)
            | Op::List(_)
            | Op::Map(_) => return None,
        };
        let mut path = self.path(of)?;
        path.push(name);
        Some(path)
    }

    pub(crate) fn statements(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::Raw(_) => {}
                Stmt::Emit(node) => self.node(node),
                Stmt::For(looped) => {
                    self.node(&looped.items);
                    let depth = self.locals.len();
                    self.locals.push("loop".into());
                    self.local(&looped.target);
                    self.nodes(&looped.only_if);
                    self.statements(&looped.body);
                    self.locals.truncate(depth);
                    self.statements(&looped.otherwise);
                }
                Stmt::If(branch) => {
                    self.node(&branch.when);
                    self.statements(&branch.then);
                    self.statements(&branch.otherwise);
                }
                Stmt::Set(target, node) => {
                    self.node(node);
                    self.local(target);
                }
                Stmt::SetText(target, body) => {
                    self.statements(body);
                    self.local(target);
                }
                Stmt::With(given, body) => {
                    let depth = self.locals.len();
                    for (target, node) in given {
                        self.node(node);
                        self.local(target);
                    }
                    self.statements(body);
                    self.locals.truncate(depth);
                }
            }
        }
    }

    fn local(&mut self, target: &Target) {
        match target {
            Target::One(name) => self.locals.push(name.text.clone()),
            Target::Several(names) => {
                self.locals
                    .extend(names.iter().map(|name| name.text.clone()));
            }
        }
    }
}
