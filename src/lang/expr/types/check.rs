//! Infers the type of an expression and reports what cannot be right. Unsure means silent.

use std::ops::Range;

use super::{Checked, FunctionType, Issue, IssueKind, Lookup, ScopeTypes, Type};
use crate::lang::expr::datum::Datum;
use crate::lang::expr::error::Kind;
use crate::lang::expr::filters::{ArgType, TEXTUAL, Typing, filter_names};
use crate::lang::expr::ir::{
    CompareOp, FilterCall, FunctionCall, Ident, MathOp, Node, Op, TestCall,
};
use crate::lang::expr::predicates::predicate_names;

const NUMERIC: &[Kind] = &[Kind::Int, Kind::Float];

/// Goes through one expression or template.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    source: &'a str,
    scope: &'a ScopeTypes,
    pub(super) locals: Vec<(&'a str, Type)>,
    pub(super) issues: Vec<Issue>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(source: &'a str, scope: &'a ScopeTypes) -> Self {
        Self {
            source,
            scope,
            locals: Vec::new(),
            issues: Vec::new(),
        }
    }

    pub(crate) fn finish(self, ty: Type) -> Checked {
        Checked {
            ty,
            issues: self.issues,
        }
    }

    pub(super) fn report(&mut self, kind: IssueKind, range: Range<usize>) {
        self.issues.push(Issue { kind, range });
    }

    fn text_of(&self, range: &Range<usize>) -> &'a str {
        self.source.get(range.clone()).unwrap_or_default().trim()
    }

    /// An expression whose value becomes text.
    pub(crate) fn emitted(&mut self, node: &'a Node) {
        let ty = self.node(node);
        if !ty.may_be(TEXTUAL) {
            self.report(IssueKind::NotText(ty), node.range.clone());
        }
    }

    pub(crate) fn node(&mut self, node: &'a Node) -> Type {
        match &node.op {
            Op::Const(datum) => constant(datum),
            Op::Name(name) => self.name(name, &node.range),
            Op::Member(of, name) => {
                let parent = self.node(of);
                self.member(&parent, of, &name.text, &name.range)
            }
            Op::Item(of, key) => self.item(of, key),
            Op::Slice(slice) => {
                for bound in [&slice.start, &slice.stop, &slice.step]
                    .into_iter()
                    .flatten()
                {
                    self.node(bound);
                }
                let of = self.node(&slice.of);
                if !of.may_be(&[Kind::List, Kind::Text]) {
                    self.report(IssueKind::NotAList(of), slice.of.range.clone());
                    return Type::Any;
                }
                of
            }
            Op::Not(inner) => {
                self.node(inner);
                Type::Bool
            }
            Op::Neg(inner) => {
                let ty = self.node(inner);
                if !ty.may_be(NUMERIC) {
                    let kind = IssueKind::Operator {
                        op: "-",
                        left: ty.clone(),
                        right: ty.clone(),
                    };
                    self.report(kind, node.range.clone());
                }
                ty
            }
            Op::And(left, right) | Op::Or(left, right) => {
                Type::union([self.node(left), self.node(right)])
            }
            Op::Compare(first, further) => {
                let mut left = self.node(first);
                let mut start = first.range.start;
                for (op, right) in further {
                    let ty = self.node(right);
                    self.compare(*op, &left, &ty, start..right.range.end);
                    start = right.range.start;
                    left = ty;
                }
                Type::Bool
            }
            Op::Math(op, left, right) => self.math(*op, left, right, &node.range),
            Op::If(choice) => {
                let then = self.node(&choice.then);
                self.node(&choice.when);
                let other = choice
                    .otherwise
                    .as_ref()
                    .map_or(Type::Null, |other| self.node(other));
                Type::union([then, other])
            }
            Op::Filter(call) => self.filter(call),
            Op::Test(call) => self.test(call),
            Op::Call(call) => self.call(call),
            Op::List(items) => {
                let items: Vec<_> = items.iter().map(|item| self.node(item)).collect();
                Type::list(Type::union(items))
            }
            Op::Map(pairs) => self.map(pairs),
        }
    }

    fn name(&mut self, name: &str, range: &Range<usize>) -> Type {
        if let Some((_, ty)) = self.locals.iter().rev().find(|(known, _)| *known == name) {
            return ty.clone();
        }
        if let Some(ty) = self.scope.get(name) {
            return ty.clone();
        }
        let mut known: Vec<String> = self.scope.names().map(str::to_owned).collect();
        known.extend(self.locals.iter().map(|(local, _)| (*local).to_owned()));
        let elsewhere = self.scope.place_of(name).map(str::to_owned);
        let kind = IssueKind::UnknownName {
            name: name.to_owned(),
            known,
            elsewhere,
        };
        self.report(kind, range.clone());
        Type::Any
    }

    fn member(&mut self, of: &Type, node: &Node, name: &str, range: &Range<usize>) -> Type {
        let parent = || self.text_of(&node.range).to_owned();
        let kind = match of.member(name) {
            Lookup::Found(ty) => return ty,
            Lookup::Unknown(known) => IssueKind::UnknownMember {
                parent: parent(),
                name: name.to_owned(),
                known,
            },
            Lookup::NoMembers => IssueKind::NoMembers {
                parent: parent(),
                name: name.to_owned(),
                ty: of.clone(),
            },
        };
        self.report(kind, range.clone());
        Type::Any
    }

    fn item(&mut self, of: &'a Node, key: &'a Node) -> Type {
        let ty = self.node(of);
        if let Some(name) = key.as_text() {
            return self.member(&ty, of, name, &key.range);
        }
        let key_type = self.node(key);
        if let (Type::List(item), true) = (&ty, key_type.may_be(&[Kind::Int])) {
            return item.as_ref().clone();
        }
        if !ty.may_be(&[Kind::List, Kind::Map]) {
            self.report(IssueKind::NotAList(ty), of.range.clone());
        }
        Type::Any
    }

    fn map(&mut self, pairs: &'a [(Node, Node)]) -> Type {
        let mut members = Vec::with_capacity(pairs.len());
        let mut open = false;
        for (key, value) in pairs {
            self.node(key);
            let ty = self.node(value);
            match key.as_text() {
                Some(name) => members.push((name.to_owned(), ty)),
                None => open = true,
            }
        }
        if open {
            Type::mapping(Type::Any)
        } else {
            Type::object(members)
        }
    }

    fn compare(&mut self, op: CompareOp, left: &Type, right: &Type, range: Range<usize>) {
        let possible = match op {
            CompareOp::Eq | CompareOp::Ne => comparable(left, right, Ordered::No),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {
                comparable(left, right, Ordered::Yes)
            }
            CompareOp::In | CompareOp::NotIn => may_contain(right, left),
        };
        if !possible {
            let kind = IssueKind::Compare {
                left: left.clone(),
                right: right.clone(),
            };
            self.report(kind, range);
        }
    }

    fn math(&mut self, op: MathOp, left: &'a Node, right: &'a Node, range: &Range<usize>) -> Type {
        if op == MathOp::Concat {
            self.emitted(left);
            self.emitted(right);
            return Type::Text;
        }
        let (left, right) = (self.node(left), self.node(right));
        let both = |kinds: &[Kind]| left.may_be(kinds) && right.may_be(kinds);
        let adds = op == MathOp::Add;
        let possible = both(NUMERIC) || (adds && (both(&[Kind::Text]) || both(&[Kind::List])));
        if !possible {
            self.report(
                IssueKind::Operator {
                    op: op.symbol(),
                    left,
                    right,
                },
                range.clone(),
            );
            return Type::Any;
        }
        match (&left, &right) {
            (Type::Int, Type::Int) if op != MathOp::Div => Type::Int,
            (Type::Int | Type::Number, Type::Int | Type::Number) => Type::Number,
            (Type::Text, Type::Text) => Type::Text,
            (Type::List(left), Type::List(right)) => {
                Type::list(Type::union([left.as_ref().clone(), right.as_ref().clone()]))
            }
            _ => Type::Any,
        }
    }

    fn args(&mut self, args: &'a [Option<Node>]) -> Vec<Option<ArgType<'a>>> {
        args.iter()
            .map(|arg| {
                let node = arg.as_ref()?;
                let ty = self.node(node);
                Some(ArgType {
                    ty,
                    text: node.as_text(),
                    range: node.range.clone(),
                })
            })
            .collect()
    }

    fn filter(&mut self, call: &'a FilterCall) -> Type {
        let input = self.node(&call.input);
        let args = self.args(&call.args);
        let Some(filter) = call.filter else {
            let name = call.name.text.to_string();
            let kind = IssueKind::UnknownFilter {
                name,
                known: filter_names(),
            };
            self.report(kind, call.name.range.clone());
            return Type::Any;
        };
        let input_text = self.text_of(&call.input.range);
        (filter.ty)(&mut Typing {
            callee: filter.name,
            input,
            input_range: call.input.range.clone(),
            input_text,
            args,
            issues: &mut self.issues,
        })
    }

    fn test(&mut self, call: &'a TestCall) -> Type {
        let input = self.node(&call.input);
        let args = self.args(&call.args);
        let Some(test) = call.test else {
            let name = call.name.text.to_string();
            let kind = IssueKind::UnknownTest {
                name,
                known: predicate_names(),
            };
            self.report(kind, call.name.range.clone());
            return Type::Bool;
        };
        if let Some(Some(arg)) = args.first()
            && let Some(op) = test.compares()
        {
            self.compare(op, &input, &arg.ty, call.input.range.start..arg.range.end);
        }
        Type::Bool
    }

    fn call(&mut self, call: &'a FunctionCall) -> Type {
        for arg in &call.positional {
            self.node(arg);
        }
        for (_, arg) in &call.named {
            self.node(arg);
        }
        if let Op::Name(name) = &call.callee.op {
            match self.scope.get(name) {
                None if name.as_ref() == "range" => return Type::list(Type::Int),
                Some(Type::Function(_) | Type::Any) => {}
                None if self.locals.iter().any(|(local, _)| **local == **name) => {}
                None | Some(_) => {
                    let mut known: Vec<String> =
                        self.scope.functions().map(str::to_owned).collect();
                    known.push("range".to_owned());
                    let kind = IssueKind::UnknownFunction {
                        name: name.to_string(),
                        known,
                        elsewhere: self.scope.place_of(name).map(str::to_owned),
                    };
                    self.report(kind, call.callee.range.clone());
                    return Type::Any;
                }
            }
        }
        let callee = self.node(&call.callee);
        let Type::Function(function) = callee else {
            return Type::Any;
        };
        self.arguments(call, &function);
        if function.by_word.is_empty() {
            return function.returns.clone();
        }
        self.by_word(call, &function)
    }

    /// What a function returns for the word that is its first argument.
    fn by_word(&mut self, call: &FunctionCall, function: &FunctionType) -> Type {
        let name = self.text_of(&call.callee.range).to_owned();
        let mut report = |problem: String, range: &Range<usize>| {
            let name = name.clone();
            self.report(IssueKind::Arguments { name, problem }, range.clone());
        };
        if call.named.len() != 1 {
            let names: Vec<_> = function
                .named
                .iter()
                .map(|name| format!("`{name}=`"))
                .collect();
            report(
                format!("takes one of {}", names.join(", ")),
                &call.callee.range,
            );
        }
        let words = || {
            let words: Vec<_> = function
                .by_word
                .iter()
                .map(|(word, _)| format!("`'{word}'`"))
                .collect();
            words.join(", ")
        };
        let Some((first, word)) = call
            .positional
            .first()
            .and_then(|first| Some((first, first.as_text()?)))
        else {
            let at = call.positional.first().unwrap_or(&call.callee);
            report(format!("begins with a word, one of {}", words()), &at.range);
            return Type::Any;
        };
        match function.by_word.iter().find(|(known, _)| known == word) {
            Some((_, ty)) => ty.clone(),
            None => {
                report(
                    format!("knows no `{word}`; there is {}", words()),
                    &first.range,
                );
                Type::Any
            }
        }
    }

    fn arguments(&mut self, call: &FunctionCall, function: &FunctionType) {
        let name = self.text_of(&call.callee.range).to_owned();
        if call.positional.len() > function.positional {
            let problem = match function.positional {
                1 => "takes at most 1 argument without a name".to_owned(),
                most => format!("takes at most {most} arguments without a name"),
            };
            let kind = IssueKind::Arguments {
                name: name.clone(),
                problem,
            };
            self.report(kind, call.callee.range.clone());
        }
        for (Ident { text, range }, _) in &call.named {
            if !function.named.iter().any(|known| **known == **text) {
                let problem = format!("has no argument `{text}`");
                self.report(
                    IssueKind::Arguments {
                        name: name.clone(),
                        problem,
                    },
                    range.clone(),
                );
            }
        }
    }
}

fn constant(datum: &Datum) -> Type {
    match datum {
        Datum::Null | Datum::Absent(_) => Type::Null,
        Datum::Bool(_) => Type::Bool,
        Datum::Int(_) => Type::Int,
        Datum::Float(_) => Type::Number,
        Datum::Text(_) => Type::Text,
        Datum::Date(_) => Type::Date,
        Datum::Decimal(_) => Type::Decimal,
        Datum::Omit => Type::Omit,
        Datum::Keep => Type::Keep,
        Datum::Json(value) => Type::of_json(value),
        Datum::List(_) | Datum::Map(_) | Datum::Lazy(_) | Datum::Function(_) => Type::Any,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ordered {
    Yes,
    No,
}

/// Whether a comparison can have more than one answer.
fn comparable(left: &Type, right: &Type, ordered: Ordered) -> bool {
    let any_of =
        |types: &[Type], other: &Type| types.iter().any(|ty| comparable(ty, other, ordered));
    match (left, right) {
        (Type::Union(types), other) | (other, Type::Union(types)) => any_of(types, other),
        // `steps.target == keep`, `x == none`: what these stand beside may be anything.
        (Type::Any | Type::Null | Type::Keep | Type::Omit, _)
        | (_, Type::Any | Type::Null | Type::Keep | Type::Omit)
        | (Type::Int | Type::Number, Type::Int | Type::Number)
        | (Type::Bool, Type::Bool)
        | (Type::Text, Type::Text)
        | (Type::Date, Type::Date)
        | (Type::Decimal, Type::Decimal) => true,
        (Type::List(_), Type::List(_)) | (Type::Object(_), Type::Object(_)) => {
            ordered == Ordered::No
        }
        _ => false,
    }
}

fn may_contain(container: &Type, item: &Type) -> bool {
    match container {
        Type::Any | Type::Null => true,
        Type::Text | Type::Object(_) => item.may_be(&[Kind::Text]),
        Type::List(items) => comparable(items, item, Ordered::No),
        Type::Union(types) => types.iter().any(|ty| may_contain(ty, item)),
        Type::Bool
        | Type::Int
        | Type::Number
        | Type::Date
        | Type::Decimal
        | Type::Function(_)
        | Type::Omit
        | Type::Keep => false,
    }
}
