//! Templates: scalars with `{{ }}` or `{% %}` in them.

use std::sync::Arc;

use serde_json::Value;

use super::datum::Datum;
use super::env::ExprEnv;
use super::error::{EvalError, ExprError, Problem};
use super::eval::{Fail, Run};
use super::ir::{Node, Stmt};
use super::render::Encode;
use super::scope::Scope;
use super::syntax;
use super::types::{Checked, Checker, ScopeTypes, Type};
use super::uses::Uses;
use super::val::Val;

/// A compiled template. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Template(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    env: ExprEnv,
    source: Box<str>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// The whole scalar is one `{{ expression }}`: its value keeps its type.
    Native(Node),
    Text(Vec<Stmt>),
}

impl Template {
    /// Compiles a scalar. One that is exactly one `{{ expression }}` keeps the type of its value
    /// (line ends after it, as block scalars have them, do not count); any other makes text.
    ///
    /// # Errors
    /// The first thing that is wrong with its syntax. Names, filters and types are checked by
    /// [`check`](Self::check).
    pub fn compile(env: &ExprEnv, text: &str) -> Result<Self, ExprError> {
        let stmts = syntax::template(text)?;
        let only_line_ends = |stmt: &Stmt| match stmt {
            Stmt::Raw(raw) => raw.chars().all(|char| char == '\n'),
            Stmt::Emit(_)
            | Stmt::For(_)
            | Stmt::If(_)
            | Stmt::Set(..)
            | Stmt::SetText(..)
            | Stmt::With(..) => false,
        };
        let body = match stmts.as_slice() {
            [Stmt::Emit(node), rest @ ..] if rest.iter().all(only_line_ends) => {
                Body::Native(node.clone())
            }
            _ => Body::Text(stmts),
        };
        Ok(Self(Arc::new(Compiled {
            env: env.clone(),
            source: text.into(),
            body,
        })))
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether it is exactly one expression, so that its value keeps its type.
    pub fn is_native(&self) -> bool {
        matches!(self.0.body, Body::Native(_))
    }

    /// Its value.
    ///
    /// # Errors
    /// What failed, with the smallest expression it failed in.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Datum, EvalError> {
        self.with_value(scope, |value| Ok(value.to_datum()))
    }

    /// Its value as JSON, by the rules of [`Datum::to_json`].
    ///
    /// # Errors
    /// As [`eval`](Self::eval); also for values that JSON has not, such as `omit`.
    pub fn eval_json(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        self.with_value(scope, to_json)
    }

    pub(crate) fn with_value<T>(
        &self,
        scope: &Scope<'_>,
        finish: impl FnOnce(&Val<'_>) -> Result<T, Problem>,
    ) -> Result<T, EvalError> {
        let mut run = Run::new(&self.0.env, scope);
        let result = match &self.0.body {
            Body::Native(node) => run
                .eval(node)
                .and_then(|value| finish(&value).map_err(Fail::at(node))),
            Body::Text(stmts) => {
                let mut out = String::with_capacity(self.0.source.len());
                run.render(stmts, &mut out, None).and_then(|()| {
                    let range = 0..self.0.source.len();
                    finish(&Val::from(out)).map_err(|problem| Fail { problem, range })
                })
            }
        };
        result.map_err(|fail| fail.in_source(&self.0.source))
    }

    /// Its value as text, appended to `out`.
    ///
    /// # Errors
    /// As [`eval`](Self::eval); null, lists and mappings have no text.
    pub fn text(&self, scope: &Scope<'_>) -> Result<String, EvalError> {
        let mut text = String::new();
        self.render(scope, &mut text)?;
        Ok(text)
    }

    /// Appends its text to `out`.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn render(&self, scope: &Scope<'_>, out: &mut String) -> Result<(), EvalError> {
        self.render_with(scope, out, None)
    }

    /// Its text appended to `out`, with the values put into it encoded for their place.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn render_encoded(
        &self,
        scope: &Scope<'_>,
        out: &mut String,
        encode: Encode,
    ) -> Result<(), EvalError> {
        self.render_with(scope, out, Some(encode))
    }

    fn render_with(
        &self,
        scope: &Scope<'_>,
        out: &mut String,
        encode: Option<Encode>,
    ) -> Result<(), EvalError> {
        let mut run = Run::new(&self.0.env, scope);
        let result = match &self.0.body {
            Body::Native(node) => run.emit(node, out, encode),
            Body::Text(stmts) => run.render(stmts, out, encode),
        };
        result.map_err(|fail| fail.in_source(&self.0.source))
    }

    /// Checks names, members, filters and types, and tells the type of the result.
    pub fn check(&self, scope: &ScopeTypes) -> Checked {
        let mut checker = Checker::new(&self.0.source, scope);
        let ty = match &self.0.body {
            Body::Native(node) => checker.node(node),
            Body::Text(stmts) => {
                checker.statements(stmts);
                Type::Text
            }
        };
        checker.finish(ty)
    }

    /// Checks it as [`check`](Self::check) does, where its value becomes text in any case.
    pub fn check_text(&self, scope: &ScopeTypes) -> Checked {
        let mut checker = Checker::new(&self.0.source, scope);
        match &self.0.body {
            Body::Native(node) => checker.emitted(node),
            Body::Text(stmts) => checker.statements(stmts),
        }
        checker.finish(Type::Text)
    }

    /// The names it reads, and the filters, tests and functions it calls.
    pub fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        match &self.0.body {
            Body::Native(node) => uses.node(node),
            Body::Text(stmts) => uses.statements(stmts),
        }
        uses
    }
}

fn to_json(value: &Val<'_>) -> Result<Value, Problem> {
    value.to_json()
}
