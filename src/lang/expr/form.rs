//! The three forms of a value: a path, a template, or itself; in lists and mappings of any depth.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value};

use super::datum::{Datum, Members};
use super::env::ExprEnv;
use super::error::{EvalError, ExprError, Kind, Problem};
use super::query::Query;
use super::scope::Scope;
use super::template::Template;
use super::types::{Checked, Issue, ObjectType, ScopeTypes, Type};
use super::uses::Uses;

/// A compiled value as it stands in YAML.
#[derive(Clone, Debug)]
pub struct ValueForm(Form);

#[derive(Clone, Debug)]
enum Form {
    /// No expression anywhere in it.
    Constant(Value),
    Query(Query),
    Template(Template),
    List(Vec<Form>),
    Map(Vec<(String, Form)>),
}

/// A place inside a value: the keys and indexes that lead to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormPath(pub Vec<FormStep>);

/// A step of a [`FormPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormStep {
    /// To a member.
    Key(String),
    /// To an item.
    Index(usize),
}

/// As a JSON pointer.
impl fmt::Display for FormPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                FormStep::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1"))?,
                FormStep::Index(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

/// What an evaluation of a [`ValueForm`] met, and where in the value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{error}")]
pub struct FormError {
    /// Where.
    pub path: FormPath,
    /// What.
    pub error: EvalError,
}

/// The form that a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextForm {
    /// Begins with `$.` or `$[`.
    Path,
    /// Has `{{` or `{%` in it.
    Template,
    /// Itself.
    Literal,
}

impl TextForm {
    /// The form of a text.
    pub fn of(text: &str) -> Self {
        if text.starts_with("$.") || text.starts_with("$[") {
            Self::Path
        } else if text.contains("{{") || text.contains("{%") {
            Self::Template
        } else {
            Self::Literal
        }
    }
}

impl ValueForm {
    /// Compiles a value. What cannot be compiled stands as null and is reported.
    pub fn compile(env: &ExprEnv, value: &Value) -> (Self, Vec<(FormPath, ExprError)>) {
        let mut compiler = Compiler {
            env,
            at: Vec::new(),
            errors: Vec::new(),
        };
        let form = compiler.form(value);
        (Self(form), compiler.errors)
    }

    /// A value that is taken as it is, whatever it looks like.
    pub fn constant(value: Value) -> Self {
        Self(Form::Constant(value))
    }

    /// Whether it is the same in every scope.
    pub fn is_constant(&self) -> bool {
        matches!(self.0, Form::Constant(_))
    }

    /// The path, when the whole value is one.
    pub fn as_query(&self) -> Option<&Query> {
        match &self.0 {
            Form::Query(query) => Some(query),
            Form::Constant(_) | Form::Template(_) | Form::List(_) | Form::Map(_) => None,
        }
    }

    /// The template, when the whole value is one.
    pub fn as_template(&self) -> Option<&Template> {
        match &self.0 {
            Form::Template(template) => Some(template),
            Form::Constant(_) | Form::Query(_) | Form::List(_) | Form::Map(_) => None,
        }
    }

    /// Its value as JSON. Keys and items whose value is `omit` are dropped.
    ///
    /// # Errors
    /// The first failure, with its place; also when the whole value is `omit`.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, FormError> {
        let mut at = Vec::new();
        match json(&self.0, scope, &mut at) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(FormError {
                path: FormPath::default(),
                error: EvalError {
                    problem: Problem::NotAValue(Kind::Omit),
                    expression: self
                        .as_template()
                        .map(Template::source)
                        .unwrap_or_default()
                        .into(),
                    range: 0..self
                        .as_template()
                        .map_or(0, |template| template.source().len()),
                },
            }),
            Err(error) => {
                at.reverse();
                Err(FormError {
                    path: FormPath(at),
                    error,
                })
            }
        }
    }

    /// Its value with dates and decimals as they are, for names; `omit` is [`Datum::Omit`].
    ///
    /// # Errors
    /// The first failure, with its place.
    pub fn eval_datum(&self, scope: &Scope<'_>) -> Result<Datum, FormError> {
        let mut at = Vec::new();
        datum(&self.0, scope, &mut at).map_err(|error| {
            at.reverse();
            FormError {
                path: FormPath(at),
                error,
            }
        })
    }

    /// Checks every expression in it, and tells the type of the whole.
    pub fn check(&self, scope: &ScopeTypes) -> (Type, Vec<(FormPath, Issue)>) {
        let mut at = Vec::new();
        let mut issues = Vec::new();
        let ty = check(&self.0, scope, &mut at, &mut issues);
        (ty, issues)
    }

    /// What its templates refer to.
    pub fn uses(&self) -> Vec<(FormPath, Uses)> {
        let mut at = Vec::new();
        let mut found = Vec::new();
        uses(&self.0, &mut at, &mut found);
        found
    }

    /// Its paths.
    pub fn queries(&self) -> Vec<(FormPath, &Query)> {
        let mut at = Vec::new();
        let mut found = Vec::new();
        queries(&self.0, &mut at, &mut found);
        found
    }
}

struct Compiler<'e> {
    env: &'e ExprEnv,
    at: Vec<FormStep>,
    errors: Vec<(FormPath, ExprError)>,
}

impl Compiler<'_> {
    fn form(&mut self, value: &Value) -> Form {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Form::Constant(value.clone()),
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(index, item)| {
                    self.at.push(FormStep::Index(index));
                    let form = self.form(item);
                    self.at.pop();
                    form
                });
                folded_list(items.collect())
            }
            Value::Object(members) => {
                let members = members.iter().map(|(key, member)| {
                    self.at.push(FormStep::Key(key.clone()));
                    let form = self.form(member);
                    self.at.pop();
                    (key.clone(), form)
                });
                folded_map(members.collect())
            }
        }
    }

    fn text(&mut self, text: &str) -> Form {
        let compiled = match TextForm::of(text) {
            TextForm::Path => Query::compile(text).map(Form::Query),
            TextForm::Template => Template::compile(self.env, text).map(Form::Template),
            TextForm::Literal => Ok(Form::Constant(Value::String(unescaped(text).into_owned()))),
        };
        compiled.unwrap_or_else(|error| {
            self.errors.push((FormPath(self.at.clone()), error));
            Form::Constant(Value::Null)
        })
    }
}

/// `$$.` and `$$[` write a literal `$.` and `$[`.
fn unescaped(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('$') {
        Some(rest) if rest.starts_with("$.") || rest.starts_with("$[") => Cow::Borrowed(rest),
        _ => Cow::Borrowed(text),
    }
}

fn constant(form: &Form) -> Option<&Value> {
    match form {
        Form::Constant(value) => Some(value),
        Form::Query(_) | Form::Template(_) | Form::List(_) | Form::Map(_) => None,
    }
}

fn folded_list(items: Vec<Form>) -> Form {
    let values: Option<Vec<Value>> = items.iter().map(|item| constant(item).cloned()).collect();
    values.map_or(Form::List(items), |values| {
        Form::Constant(Value::Array(values))
    })
}

fn folded_map(members: Vec<(String, Form)>) -> Form {
    let values: Option<Map<String, Value>> = members
        .iter()
        .map(|(key, form)| Some((key.clone(), constant(form)?.clone())))
        .collect();
    values.map_or(Form::Map(members), |values| {
        Form::Constant(Value::Object(values))
    })
}

/// The value, or nothing for `omit`. On failure `at` is the path to it, innermost step first.
fn json(
    form: &Form,
    scope: &Scope<'_>,
    at: &mut Vec<FormStep>,
) -> Result<Option<Value>, EvalError> {
    Ok(Some(match form {
        Form::Constant(value) => value.clone(),
        Form::Query(query) => scope
            .root()
            .map(|root| query.value(root))
            .unwrap_or_default(),
        Form::Template(template) => {
            return template.with_value(scope, |value| {
                if value.kind() == Kind::Omit {
                    Ok(None)
                } else {
                    value.to_json().map(Some)
                }
            });
        }
        Form::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let value =
                    json(item, scope, at).inspect_err(|_| at.push(FormStep::Index(index)))?;
                list.extend(value);
            }
            Value::Array(list)
        }
        Form::Map(members) => {
            let mut map = Map::with_capacity(members.len());
            for (key, member) in members {
                let value =
                    json(member, scope, at).inspect_err(|_| at.push(FormStep::Key(key.clone())))?;
                if let Some(value) = value {
                    map.insert(key.clone(), value);
                }
            }
            Value::Object(map)
        }
    }))
}

fn datum(form: &Form, scope: &Scope<'_>, at: &mut Vec<FormStep>) -> Result<Datum, EvalError> {
    Ok(match form {
        Form::Constant(value) => Datum::from(value.clone()),
        Form::Query(query) => Datum::from(
            scope
                .root()
                .map(|root| query.value(root))
                .unwrap_or_default(),
        ),
        Form::Template(template) => return template.eval(scope),
        Form::List(items) => {
            let mut list = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let value =
                    datum(item, scope, at).inspect_err(|_| at.push(FormStep::Index(index)))?;
                if !matches!(value, Datum::Omit) {
                    list.push(value);
                }
            }
            Datum::list(list)
        }
        Form::Map(members) => {
            let mut map = Members::with_capacity(members.len());
            for (key, member) in members {
                let value = datum(member, scope, at)
                    .inspect_err(|_| at.push(FormStep::Key(key.clone())))?;
                if !matches!(value, Datum::Omit) {
                    map.insert(key.clone(), value);
                }
            }
            Datum::Map(map.into())
        }
    })
}

fn check(
    form: &Form,
    scope: &ScopeTypes,
    at: &mut Vec<FormStep>,
    issues: &mut Vec<(FormPath, Issue)>,
) -> Type {
    let mut checked = |checked: Checked| {
        let path = FormPath(at.clone());
        issues.extend(
            checked
                .issues
                .into_iter()
                .map(|issue| (path.clone(), issue)),
        );
        checked.ty
    };
    match form {
        Form::Constant(value) => Type::of_json(value),
        Form::Query(query) => checked(query.check(scope.root())),
        Form::Template(template) => checked(template.check(scope)),
        Form::List(items) => {
            let types: Vec<Type> = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    at.push(FormStep::Index(index));
                    let ty = check(item, scope, at, issues);
                    at.pop();
                    ty
                })
                .collect();
            Type::list(Type::union(types))
        }
        Form::Map(members) => {
            let members = members
                .iter()
                .map(|(key, member)| {
                    at.push(FormStep::Key(key.clone()));
                    let ty = check(member, scope, at, issues);
                    at.pop();
                    (key.clone(), ty)
                })
                .collect();
            Type::Object(
                ObjectType {
                    members,
                    others: None,
                }
                .into(),
            )
        }
    }
}

fn uses(form: &Form, at: &mut Vec<FormStep>, found: &mut Vec<(FormPath, Uses)>) {
    walk(form, at, &mut |form, at| {
        if let Form::Template(template) = form {
            found.push((FormPath(at.to_vec()), template.uses()));
        }
    });
}

fn queries<'f>(form: &'f Form, at: &mut Vec<FormStep>, found: &mut Vec<(FormPath, &'f Query)>) {
    walk(form, at, &mut |form, at| {
        if let Form::Query(query) = form {
            found.push((FormPath(at.to_vec()), query));
        }
    });
}

fn walk<'f>(form: &'f Form, at: &mut Vec<FormStep>, visit: &mut impl FnMut(&'f Form, &[FormStep])) {
    visit(form, at);
    match form {
        Form::Constant(_) | Form::Query(_) | Form::Template(_) => {}
        Form::List(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(FormStep::Index(index));
                walk(item, at, visit);
                at.pop();
            }
        }
        Form::Map(members) => {
            for (key, member) in members {
                at.push(FormStep::Key(key.clone()));
                walk(member, at, visit);
                at.pop();
            }
        }
    }
}
