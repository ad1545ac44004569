//! Evaluates a tree against a scope.

use std::borrow::Cow;
use std::ops::Range;

use super::containers::Items;
use super::datum::Call;
use super::env::ExprEnv;
use super::error::{EvalError, Kind, Problem};
use super::filters::{Args, Cx};
use super::ir::{FilterCall, FunctionCall, Node, Op, Slice, TestCall};
use super::ops;
use super::scope::Scope;
use super::val::Val;

/// A problem and the bytes it comes from.
#[derive(Debug)]
pub(crate) struct Fail {
    pub(crate) problem: Problem,
    pub(crate) range: Range<usize>,
}

impl Fail {
    pub(crate) fn at(node: &Node) -> impl FnOnce(Problem) -> Fail {
        let range = node.range.clone();
        move |problem| Fail { problem, range }
    }

    /// With the text of the expression, widened until its parentheses match.
    pub(crate) fn in_source(self, source: &str) -> EvalError {
        let range = balanced(source, self.range);
        let expression = source
            .get(range.clone())
            .unwrap_or_default()
            .trim()
            .to_owned();
        EvalError {
            problem: self.problem,
            expression,
            range,
        }
    }
}

fn balanced(source: &str, range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    let (mut open, mut missing) = (0_usize, 0_usize);
    for char in source.get(start..end).unwrap_or_default().chars() {
        match char {
            '(' => open += 1,
            ')' if open > 0 => open -= 1,
            ')' => missing += 1,
            _ => {}
        }
    }
    for _ in 0..missing {
        start = source
            .get(..start)
            .and_then(|before| before.rfind('('))
            .unwrap_or(start);
    }
    for _ in 0..open {
        let after = source.get(end..).and_then(|after| after.find(')'));
        end = after.map_or(end, |at| end + at + 1);
    }
    start..end
}

/// One evaluation: the scope, the names set on the way, and the work done.
#[derive(Debug)]
pub(crate) struct Run<'v> {
    pub(crate) scope: &'v Scope<'v>,
    pub(crate) locals: Vec<(&'v str, Val<'v>)>,
    pub(crate) cx: Cx<'v>,
}

/// What `range()` may make.
const MAX_RANGE: i128 = 10_000;

impl<'v> Run<'v> {
    pub(crate) fn new(env: &'v ExprEnv, scope: &'v Scope<'v>) -> Self {
        Self {
            scope,
            locals: Vec::new(),
            cx: Cx::new(env),
        }
    }

    pub(crate) fn eval(&mut self, node: &'v Node) -> Result<Val<'v>, Fail> {
        self.cx.spend(1).map_err(Fail::at(node))?;
        match &node.op {
            Op::Const(datum) => Ok(Val::datum(datum)),
            Op::Name(name) => self.name(name).map_err(Fail::at(node)),
            Op::Member(of, name) => Ok(self.eval(of)?.member(&name.text)),
            Op::Item(of, key) => {
                let of = self.eval(of)?;
                Ok(of.item(&self.eval(key)?))
            }
            Op::Slice(slice) => self.slice(slice, node),
            Op::Not(inner) => Ok(Val::Bool(!self.eval(inner)?.is_true())),
            Op::Neg(inner) => ops::negate(&self.eval(inner)?).map_err(Fail::at(node)),
            Op::And(left, right) => {
                let left = self.eval(left)?;
                if left.is_true() {
                    self.eval(right)
                } else {
                    Ok(left)
                }
            }
            Op::Or(left, right) => {
                let left = self.eval(left)?;
                if left.is_true() {
                    Ok(left)
                } else {
                    self.eval(right)
                }
            }
            Op::Compare(first, further) => {
                let mut left = self.eval(first)?;
                for (op, right) in further {
                    let right = self.eval(right)?;
                    if !ops::compare(*op, &left, &right).map_err(Fail::at(node))? {
                        return Ok(Val::Bool(false));
                    }
                    left = right;
                }
                Ok(Val::Bool(true))
            }
            Op::Math(op, left, right) => {
                let (left_node, right_node) = (left, right);
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                let result = ops::math(*op, &left, &right).map_err(|problem| {
                    // Null in text is the operand's mistake: that is the one to name.
                    let null = |value: &Val<'_>| problem == Problem::NullInText && value.is_null();
                    let range = match () {
                        () if null(&left) => left_node.range.clone(),
                        () if null(&right) => right_node.range.clone(),
                        () => node.range.clone(),
                    };
                    Fail { problem, range }
                })?;
                self.charge(&result).map_err(Fail::at(node))?;
                Ok(result)
            }
            Op::If(choice) => {
                if self.eval(&choice.when)?.is_true() {
                    self.eval(&choice.then)
                } else {
                    choice
                        .otherwise
                        .as_ref()
                        .map_or(Ok(Val::Null), |other| self.eval(other))
                }
            }
            Op::Filter(call) => self.filter(call, node),
            Op::Test(call) => self.test(call, node),
            Op::Call(call) => self.call(call, node),
            Op::List(items) => {
                let items = items
                    .iter()
                    .map(|item| self.eval(item))
                    .collect::<Result<Vec<_>, _>>();
                Ok(Val::from(items?))
            }
            Op::Map(pairs) => {
                let mut members = Vec::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let name = self.eval(key)?.to_text().map_err(Fail::at(key))?;
                    members.push((name, self.eval(value)?));
                }
                Ok(Val::map(members))
            }
        }
    }

    /// Text and lists that grow are paid for by their size.
    fn charge(&mut self, value: &Val<'_>) -> Result<(), Problem> {
        if let Val::Text(text) = value {
            return self.cx.fits(text.len());
        }
        if let Val::List(Items::Own(items)) = value {
            return self.cx.spend(items.len());
        }
        Ok(())
    }

    fn name(&self, name: &'v str) -> Result<Val<'v>, Problem> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(known, _)| *known == name) {
            return Ok(value.clone());
        }
        match self.scope.get(name) {
            Some(datum) => Ok(Val::datum(datum)),
            None => Err(Problem::UnknownName(name.to_owned())),
        }
    }

    fn args(&mut self, args: &'v [Option<Node>]) -> Result<Args<'v>, Fail> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(arg.as_ref().map(|arg| self.eval(arg)).transpose()?);
        }
        Ok(Args::new(values))
    }

    fn filter(&mut self, call: &'v FilterCall, node: &'v Node) -> Result<Val<'v>, Fail> {
        let input = self.eval(&call.input)?;
        let args = self.args(&call.args)?;
        let Some(filter) = call.filter else {
            let name = call.name.text.clone().into_string();
            return Err(Fail::at(node)(Problem::UnknownCallee {
                what: "filter",
                name,
            }));
        };
        (filter.run)(&mut self.cx, input, &args).map_err(Fail::at(node))
    }

    fn test(&mut self, call: &'v TestCall, node: &'v Node) -> Result<Val<'v>, Fail> {
        let input = self.eval(&call.input)?;
        let args = self.args(&call.args)?;
        let Some(test) = call.test else {
            let name = call.name.text.clone().into_string();
            return Err(Fail::at(node)(Problem::UnknownCallee {
                what: "test",
                name,
            }));
        };
        (test.run)(&input, &args)
            .map(Val::Bool)
            .map_err(Fail::at(node))
    }

    fn call(&mut self, call: &'v FunctionCall, node: &'v Node) -> Result<Val<'v>, Fail> {
        if let Op::Name(name) = &call.callee.op
            && name.as_ref() == "range"
            && self.scope.get(name).is_none()
        {
            return self.range(call, node);
        }
        let callee = self.eval(&call.callee)?;
        let Val::Function(function) = callee else {
            return Err(Fail::at(node)(Problem::NotCallable(callee.kind())));
        };
        let mut given = Call::default();
        for arg in &call.positional {
            given.positional.push(self.eval(arg)?.to_datum());
        }
        for (name, arg) in &call.named {
            given
                .named
                .push((name.text.clone().into_string(), self.eval(arg)?.to_datum()));
        }
        let result = function
            .call(&given)
            .map_err(|error| Fail::at(node)(Problem::Function(error.message)))?;
        Ok(Val::owned(&result))
    }

    /// `range(stop)`, `range(start, stop)`, `range(start, stop, step)`.
    fn range(&mut self, call: &'v FunctionCall, node: &'v Node) -> Result<Val<'v>, Fail> {
        let mut numbers = Vec::with_capacity(3);
        for arg in &call.positional {
            let value = self.eval(arg)?;
            let Val::Int(number) = value else {
                let got = value.kind();
                let problem = Problem::Input {
                    filter: "range",
                    needs: "whole numbers",
                    got,
                };
                return Err(Fail::at(arg)(problem));
            };
            numbers.push(number);
        }
        let (start, stop, step) = match (numbers.as_slice(), call.named.is_empty()) {
            ([stop], true) => (0, *stop, 1),
            ([start, stop], true) => (*start, *stop, 1),
            ([start, stop, step], true) if *step != 0 => (*start, *stop, *step),
            _ => {
                let problem = Problem::Input {
                    filter: "range",
                    needs: "one to three numbers",
                    got: Kind::List,
                };
                return Err(Fail::at(node)(problem));
            }
        };
        let mut items = Vec::new();
        let mut next = start;
        while (step > 0 && next < stop) || (step < 0 && next > stop) {
            if items.len() as i128 >= MAX_RANGE {
                return Err(Fail::at(node)(Problem::OutOfRange));
            }
            items.push(Val::Int(next));
            next = next.saturating_add(step);
        }
        self.cx.spend(items.len()).map_err(Fail::at(node))?;
        Ok(Val::from(items))
    }

    /// `list[start:stop:step]`, of lists and of the characters of text; null stays null.
    fn slice(&mut self, slice: &'v Slice, node: &'v Node) -> Result<Val<'v>, Fail> {
        let of = self.eval(&slice.of)?;
        let start = self.bound(slice.start.as_ref())?;
        let stop = self.bound(slice.stop.as_ref())?;
        let step = self.bound(slice.step.as_ref())?.unwrap_or(1);
        if of.is_null() {
            return Ok(Val::Null);
        }
        if step == 0 {
            return Err(Fail::at(node)(Problem::DivisionByZero));
        }
        if let Val::Text(text) = &of {
            let chars: Vec<char> = text.chars().collect();
            self.cx.spend(chars.len()).map_err(Fail::at(node))?;
            let picked = places(chars.len(), start, stop, step);
            let text: String = picked.into_iter().filter_map(|at| chars.get(at)).collect();
            return Ok(Val::Text(Cow::Owned(text)));
        }
        let items = self.cx.items(&of).map_err(Fail::at(node))?;
        let picked = places(items.len(), start, stop, step);
        let items = picked.into_iter().filter_map(|at| items.get(at).cloned());
        Ok(Val::from(items.collect::<Vec<_>>()))
    }

    fn bound(&mut self, node: Option<&'v Node>) -> Result<Option<i128>, Fail> {
        let Some(node) = node else { return Ok(None) };
        let value = self.eval(node)?;
        if let Val::Int(bound) = value {
            return Ok(Some(bound));
        }
        let problem = Problem::Input {
            filter: "[:]",
            needs: "whole numbers",
            got: value.kind(),
        };
        Err(Fail::at(node)(problem))
    }
}

/// The places a slice picks, with negative bounds counted from the end.
fn places(length: usize, start: Option<i128>, stop: Option<i128>, step: i128) -> Vec<usize> {
    let length = i128::try_from(length).unwrap_or(i128::MAX);
    let (lowest, highest) = if step > 0 {
        (0, length)
    } else {
        (-1, length - 1)
    };
    let clamp = |bound: i128| {
        let bound = if bound < 0 {
            bound.saturating_add(length)
        } else {
            bound
        };
        bound.clamp(lowest, highest)
    };
    let (first, last) = if step > 0 {
        (lowest, highest)
    } else {
        (highest, lowest)
    };
    let (mut at, stop) = (start.map_or(first, clamp), stop.map_or(last, clamp));
    let mut picked = Vec::new();
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        picked.extend(usize::try_from(at).ok());
        at = at.saturating_add(step);
    }
    picked
}
