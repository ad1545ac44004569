//! Compiled expressions as a tree. Every node knows its bytes in the scalar.

use std::ops::Range;

use super::datum::Datum;
use super::filters::Filter;
use super::predicates::Predicate;

/// An expression.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) range: Range<usize>,
    pub(crate) op: Op,
}

/// What a [`Node`] does.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Const(Datum),
    Name(Box<str>),
    Member(Box<Node>, Ident),
    Item(Box<Node>, Box<Node>),
    Slice(Box<Slice>),
    Not(Box<Node>),
    Neg(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Compare(Box<Node>, Vec<(CompareOp, Node)>),
    Math(MathOp, Box<Node>, Box<Node>),
    If(Box<Choice>),
    Filter(Box<FilterCall>),
    Test(Box<TestCall>),
    Call(Box<FunctionCall>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// A name as written.
#[derive(Clone, Debug)]
pub(crate) struct Ident {
    pub(crate) text: Box<str>,
    pub(crate) range: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Slice {
    pub(crate) of: Node,
    pub(crate) start: Option<Node>,
    pub(crate) stop: Option<Node>,
    pub(crate) step: Option<Node>,
}

/// `then if when else otherwise`.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(crate) when: Node,
    pub(crate) then: Node,
    pub(crate) otherwise: Option<Node>,
}

/// `input | name(args)`; `filter` is none when there is no such filter.
#[derive(Clone, Debug)]
pub(crate) struct FilterCall {
    pub(crate) name: Ident,
    pub(crate) filter: Option<&'static Filter>,
    pub(crate) input: Node,
    pub(crate) args: Vec<Option<Node>>,
}

/// `input is name(args)`; `test` is none when there is no such test.
#[derive(Clone, Debug)]
pub(crate) struct TestCall {
    pub(crate) name: Ident,
    pub(crate) test: Option<&'static Predicate>,
    pub(crate) input: Node,
    pub(crate) args: Vec<Option<Node>>,
}

/// `callee(positional, name=named)`.
#[derive(Clone, Debug)]
pub(crate) struct FunctionCall {
    pub(crate) callee: Node,
    pub(crate) positional: Vec<Node>,
    pub(crate) named: Vec<(Ident, Node)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MathOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    Pow,
    Concat,
}

impl MathOp {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Rem => "%",
            Self::Pow => "**",
            Self::Concat => "~",
        }
    }
}

/// A piece of a template that makes text.
#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    Raw(Box<str>),
    Emit(Node),
    For(Box<For>),
    If(If),
    Set(Target, Node),
    SetText(Target, Vec<Stmt>),
    With(Vec<(Target, Node)>, Vec<Stmt>),
}

#[derive(Clone, Debug)]
pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) items: Node,
    pub(crate) only_if: Option<Node>,
    pub(crate) body: Vec<Stmt>,
    pub(crate) otherwise: Vec<Stmt>,
}

#[derive(Clone, Debug)]
pub(crate) struct If {
    pub(crate) when: Node,
    pub(crate) then: Vec<Stmt>,
    pub(crate) otherwise: Vec<Stmt>,
}

/// The names a `for` or `set` gives: one, or several that an item is taken apart into.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    One(Ident),
    Several(Vec<Ident>),
}
