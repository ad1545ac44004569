//! Conditions: bare expressions in `when`, `where`, `that`, `required_when`.

use std::sync::Arc;

use super::datum::Datum;
use super::env::ExprEnv;
use super::error::{EvalError, ExprError, ExprErrorKind};
use super::eval::Run;
use super::ir::{Node, Op};
use super::scope::Scope;
use super::syntax;
use super::types::{Checked, Checker, ScopeTypes};
use super::uses::Uses;

/// A compiled condition. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Condition(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    env: ExprEnv,
    source: Box<str>,
    node: Node,
}

impl Condition {
    /// Compiles a bare expression.
    ///
    /// # Errors
    /// What is wrong with it; `{{ }}` around or in it comes with the condition to write instead.
    pub fn compile(env: &ExprEnv, text: &str) -> Result<Self, ExprError> {
        let node = syntax::expression(text).map_err(|error| explained(text, error))?;
        Ok(Self::new(env, text, node))
    }

    /// A condition that YAML wrote as `true` or `false`.
    pub fn constant(env: &ExprEnv, value: bool) -> Self {
        let text = if value { "true" } else { "false" };
        Self::new(
            env,
            text,
            Node {
                range: 0..text.len(),
                op: Op::Const(Datum::Bool(value)),
            },
        )
    }

    fn new(env: &ExprEnv, text: &str, node: Node) -> Self {
        Self(Arc::new(Compiled {
            env: env.clone(),
            source: text.into(),
            node,
        }))
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Whether it holds. Null, false, zero and what is empty do not.
    ///
    /// # Errors
    /// What failed, with the smallest expression it failed in.
    pub fn holds(&self, scope: &Scope<'_>) -> Result<bool, EvalError> {
        Run::new(&self.0.env, scope)
            .eval(&self.0.node)
            .map(|value| value.is_true())
            .map_err(|fail| fail.in_source(&self.0.source))
    }

    /// Checks names, members, filters and types.
    pub fn check(&self, scope: &ScopeTypes) -> Checked {
        let mut checker = Checker::new(&self.0.source, scope);
        let ty = checker.node(&self.0.node);
        checker.finish(ty)
    }

    /// The names it reads, and the filters, tests and functions it calls.
    pub fn uses(&self) -> Uses {
        let mut uses = Uses::default();
        uses.node(&self.0.node);
        uses
    }
}

/// Tells the usual mistakes from others.
fn explained(text: &str, error: ExprError) -> ExprError {
    for (open, close) in [("{{", "}}"), ("{%", "%}")] {
        if let Some(start) = text.find(open) {
            let end = text
                .rfind(close)
                .map_or(text.len(), |end| end + close.len());
            let fix = text.replace(open, "").replace(close, "");
            let fix = fix.split_whitespace().collect::<Vec<_>>().join(" ");
            return ExprError {
                message: format!("a condition is a bare expression: `{fix}`"),
                kind: ExprErrorKind::TemplateInCondition { fix },
                range: start..end.max(start),
            };
        }
    }
    if let Some(start) = text.find("$.").or_else(|| text.find("$[")) {
        let message = "an expression has no JSONPath; write `record.Name` for `$.Name`".to_owned();
        return ExprError {
            kind: ExprErrorKind::PathInExpression,
            message,
            range: start..start + 2,
        };
    }
    error
}
