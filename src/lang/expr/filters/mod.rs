//! The filters: what stands behind `|`. One table says of each what it takes, what it does and
//! which type it gives. Filters on text pass null through, so that `default` can follow them.

use std::ops::Range;

use super::env::ExprEnv;
use super::error::{Kind, Problem};
use super::ir::{Ident, Node};
use super::types::{Issue, IssueKind, Lookup, Type};
use super::val::Val;

mod date;
mod decimal;
mod encode;
mod html;
mod list;
mod mapping;
mod number;
mod pick;
mod text;
mod value;

/// A filter of the language.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    pub(crate) run: Run,
    pub(crate) ty: fn(&mut Typing<'_>) -> Type,
}

pub(crate) type Run = for<'v> fn(&mut Cx<'v>, Val<'v>, &Args<'v>) -> Result<Val<'v>, Problem>;

/// A parameter of a filter or test.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) need: Need,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
    /// Given by its name only.
    Named,
    /// Takes all further arguments.
    Rest,
}

pub(crate) const fn required(name: &'static str) -> Param {
    Param {
        name,
        need: Need::Required,
    }
}

pub(crate) const fn optional(name: &'static str) -> Param {
    Param {
        name,
        need: Need::Optional,
    }
}

pub(crate) const fn named(name: &'static str) -> Param {
    Param {
        name,
        need: Need::Named,
    }
}

pub(crate) const fn rest(name: &'static str) -> Param {
    Param {
        name,
        need: Need::Rest,
    }
}

const FAMILIES: [&[Filter]; 10] = [
    date::FILTERS,
    decimal::FILTERS,
    encode::FILTERS,
    html::FILTERS,
    list::FILTERS,
    mapping::FILTERS,
    number::FILTERS,
    pick::FILTERS,
    text::FILTERS,
    value::FILTERS,
];

/// The filter with this name.
pub(crate) fn find(name: &str) -> Option<&'static Filter> {
    FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|filter| filter.name == name)
}

/// The names of all filters, sorted.
pub fn filter_names() -> Vec<&'static str> {
    let mut names: Vec<_> = FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .map(|filter| filter.name)
        .collect();
    names.sort_unstable();
    names
}

/// What filters need beside their input: shared caches, and a count of the work done.
#[derive(Debug)]
pub(crate) struct Cx<'v> {
    pub(crate) env: &'v ExprEnv,
    steps: u64,
}

impl<'v> Cx<'v> {
    pub(crate) fn new(env: &'v ExprEnv) -> Self {
        Self { env, steps: 0 }
    }

    /// Counts work; fails when an evaluation does too much.
    #[inline]
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Problem> {
        self.steps = self.steps.saturating_add(steps as u64);
        let limit = self.env.limits().steps;
        if self.steps > limit {
            Err(Problem::Fuel(limit))
        } else {
            Ok(())
        }
    }

    /// Fails when a text is longer than an evaluation may make.
    #[inline]
    pub(crate) fn fits(&self, length: usize) -> Result<(), Problem> {
        let limit = self.env.limits().text;
        if length > limit {
            Err(Problem::TooLong(limit))
        } else {
            Ok(())
        }
    }

    /// The items of a list, counted as work.
    pub(crate) fn items(&mut self, list: &Val<'v>) -> Result<Vec<Val<'v>>, Problem> {
        let items = list.items()?;
        self.spend(items.len())?;
        Ok(items)
    }
}

/// The arguments of a call, by the place of their parameter.
#[derive(Debug)]
pub(crate) struct Args<'v>(Vec<Option<Val<'v>>>);

impl<'v> Args<'v> {
    pub(crate) fn new(values: Vec<Option<Val<'v>>>) -> Self {
        Self(values)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Val<'v>> {
        self.0.get(index).and_then(Option::as_ref)
    }

    /// An argument that binding has made sure of.
    pub(crate) fn need(&self, index: usize) -> Val<'v> {
        self.get(index).cloned().unwrap_or(Val::Null)
    }

    /// The arguments from `index` on.
    pub(crate) fn rest(&self, index: usize) -> Args<'v> {
        Self(self.0.get(index..).unwrap_or_default().to_vec())
    }

    pub(crate) fn flag(&self, index: usize) -> bool {
        self.get(index).is_some_and(Val::is_true)
    }

    /// A text argument.
    pub(crate) fn text(&self, index: usize, filter: &'static str) -> Result<Option<&str>, Problem> {
        match self.get(index) {
            None => Ok(None),
            Some(Val::Text(text)) => Ok(Some(text)),
            Some(other) => Err(Problem::Input {
                filter,
                needs: "text",
                got: other.kind(),
            }),
        }
    }

    /// A count: a whole number that is not negative.
    pub(crate) fn count(
        &self,
        index: usize,
        filter: &'static str,
    ) -> Result<Option<usize>, Problem> {
        let Some(value) = self.get(index) else {
            return Ok(None);
        };
        if let Val::Int(number) = value
            && let Ok(count) = usize::try_from(*number)
        {
            return Ok(Some(count));
        }
        Err(Problem::Input {
            filter,
            needs: "a count",
            got: value.kind(),
        })
    }
}

/// Puts arguments at the places of their parameters.
pub(crate) fn bind(
    params: &[Param],
    given: Vec<(Option<Ident>, Node)>,
) -> Result<Vec<Option<Node>>, (String, Range<usize>)> {
    let mut bound: Vec<Option<Node>> = params
        .iter()
        .filter(|param| param.need != Need::Rest)
        .map(|_| None)
        .collect();
    let takes_rest = params.len() > bound.len();
    let places: Vec<usize> = params
        .iter()
        .enumerate()
        .filter(|(_, param)| matches!(param.need, Need::Required | Need::Optional))
        .map(|(index, _)| index)
        .collect();
    let mut next = 0;
    for (name, node) in given {
        let Some(name) = name else {
            if let Some(place) = places.get(next).and_then(|index| bound.get_mut(*index)) {
                *place = Some(node);
            } else if takes_rest {
                bound.push(Some(node));
            } else {
                let most = match places.len() {
                    1 => "1 argument".to_owned(),
                    most => format!("{most} arguments"),
                };
                return Err((format!("takes at most {most}"), node.range));
            }
            next += 1;
            continue;
        };
        let place = params
            .iter()
            .position(|param| param.name == name.text.as_ref() && param.need != Need::Rest)
            .and_then(|index| bound.get_mut(index));
        match place {
            Some(place @ None) => *place = Some(node),
            Some(Some(_)) => {
                return Err((format!("is given `{}` twice", name.text), name.range));
            }
            None => return Err((format!("has no argument `{}`", name.text), name.range)),
        }
    }
    for (param, value) in params.iter().zip(&bound) {
        if param.need == Need::Required && value.is_none() {
            return Err((format!("needs `{}`", param.name), 0..0));
        }
    }
    Ok(bound)
}

/// What is known of a call when it is checked.
#[derive(Debug)]
pub(crate) struct Typing<'a> {
    pub(crate) callee: &'a str,
    pub(crate) input: Type,
    pub(crate) input_range: Range<usize>,
    /// The input as written.
    pub(crate) input_text: &'a str,
    pub(crate) args: Vec<Option<ArgType<'a>>>,
    pub(crate) issues: &'a mut Vec<Issue>,
}

/// What is known of an argument.
#[derive(Clone, Debug)]
pub(crate) struct ArgType<'a> {
    pub(crate) ty: Type,
    /// Its text, when it is written out.
    pub(crate) text: Option<&'a str>,
    pub(crate) range: Range<usize>,
}

/// What can be put into text.
pub(crate) const TEXTUAL: &[Kind] = &[
    Kind::Text,
    Kind::Int,
    Kind::Float,
    Kind::Bool,
    Kind::Date,
    Kind::Decimal,
];

impl<'a> Typing<'a> {
    /// Reports an input that is surely none of `kinds`.
    pub(crate) fn need(&mut self, kinds: &[Kind], needs: &'static str) {
        if !self.input.may_be(kinds) {
            let got = self.input.clone();
            let kind = IssueKind::Input {
                callee: self.callee.to_owned(),
                needs,
                got,
            };
            self.report(kind, self.input_range.clone());
        }
    }

    /// The type of the items of the input; reports an input that is surely no list.
    pub(crate) fn item(&mut self) -> Type {
        if let Some(item) = self.input.item() {
            return item;
        }
        self.report(
            IssueKind::NotAList(self.input.clone()),
            self.input_range.clone(),
        );
        Type::Any
    }

    pub(crate) fn arg(&self, index: usize) -> Option<&ArgType<'a>> {
        self.args.get(index).and_then(Option::as_ref)
    }

    pub(crate) fn report(&mut self, kind: IssueKind, range: Range<usize>) {
        self.issues.push(Issue { kind, range });
    }

    /// The type of `item.attribute`, where the attribute is an argument that is written out.
    pub(crate) fn attribute(&mut self, item: &Type, index: usize) -> Type {
        let Some(ArgType {
            text: Some(path),
            range,
            ..
        }) = self.arg(index).cloned()
        else {
            return Type::Any;
        };
        let mut ty = item.clone();
        let mut parent = format!("each item of {}", self.input_text);
        for name in path.split('.') {
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                ty = ty.item().unwrap_or_default();
                continue;
            }
            match ty.member(name) {
                Lookup::Found(found) => ty = found,
                Lookup::Unknown(known) => {
                    let name = name.to_owned();
                    self.report(
                        IssueKind::UnknownMember {
                            parent,
                            name,
                            known,
                        },
                        range,
                    );
                    return Type::Any;
                }
                Lookup::NoMembers => {
                    let name = name.to_owned();
                    self.report(IssueKind::NoMembers { parent, name, ty }, range);
                    return Type::Any;
                }
            }
            parent = format!("{parent}.{name}");
        }
        ty
    }

    /// Reports a constant argument that cannot be read.
    pub(crate) fn readable(
        &mut self,
        index: usize,
        needs: &'static str,
        readable: impl Fn(&str) -> bool,
    ) {
        if let Some(ArgType {
            text: Some(text),
            range,
            ..
        }) = self.arg(index).cloned()
            && !readable(text)
        {
            let kind = IssueKind::Unreadable {
                callee: self.callee.to_owned(),
                needs,
                text: text.into(),
            };
            self.report(kind, range);
        }
    }
}

/// The member of an item that `attribute='a.b'` names.
pub(crate) fn attribute<'v>(item: &Val<'v>, path: &str) -> Val<'v> {
    path.split('.')
        .fold(item.clone(), |value, name| match name.parse::<i128>() {
            Ok(index) => value.item(&Val::Int(index)),
            Err(_) => value.member(name),
        })
}

#[cfg(test)]
pub(super) mod testing {
    use serde_json::{Value, json};

    use crate::lang::expr::{ExprEnv, Scope, Template};

    /// What an expression over the name `x` gives, as JSON; or its error as text.
    pub(crate) fn eval(expression: &str, x: Value) -> Value {
        let source = format!("{{{{ {expression} }}}}");
        let template = Template::compile(&ExprEnv::new(), &source).unwrap();
        match template.eval_json(&Scope::new().with("x", x)) {
            Ok(value) => value,
            Err(error) => json!({ "error": error.problem.to_string() }),
        }
    }

    pub(crate) fn error(expression: &str, x: Value) -> String {
        eval(expression, x)["error"]
            .as_str()
            .expect("an error")
            .to_owned()
    }
}
