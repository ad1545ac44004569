//! Text to a tree of our own: the one file that knows the parser of MiniJinja.
//!
//! MiniJinja gives the grammar. What a tree means is ours, because the language is stricter than
//! MiniJinja's virtual machine can be made: null in text, comparisons across types and operators
//! on decimals are errors, and values stay borrowed from the record they come from.

use std::ops::Range;

use minijinja::Value;
use minijinja::machinery::{Span, ast, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;

use super::datum::Datum;
use super::error::{ExprError, ExprErrorKind};
use super::filters::{self, bind};
use super::ir::{
    Choice, CompareOp, FilterCall, For, FunctionCall, Ident, If, MathOp, Node, Op, Slice, Stmt,
    Target, TestCall,
};
use super::predicates;

type Compiled<T> = Result<T, ExprError>;

/// Compiles a template into its pieces.
pub(crate) fn template(text: &str) -> Compiled<Vec<Stmt>> {
    let syntax = SyntaxConfig::builder()
        .keep_trailing_newline(true)
        .build()
        .expect("the standard delimiters do not collide");
    let parsed = parse(text, "<template>", syntax).map_err(|error| syntax_error(text, &error))?;
    let ast::Stmt::Template(template) = parsed else {
        return Ok(Vec::new());
    };
    statements(&template.children)
}

/// Compiles a bare expression.
pub(crate) fn expression(text: &str) -> Compiled<Node> {
    let parsed = parse_expr(text).map_err(|error| syntax_error(text, &error))?;
    node(&parsed)
}

fn syntax_error(text: &str, error: &minijinja::Error) -> ExprError {
    let range = error
        .range()
        .filter(|range| range.end <= text.len())
        .unwrap_or(0..text.len());
    let message = error.detail().unwrap_or("cannot be read").to_owned();
    ExprError {
        kind: ExprErrorKind::Syntax,
        message,
        range,
    }
}

fn unsupported(what: &str, instead: &str, span: Span) -> ExprError {
    let message = format!("{what} is not part of the language; {instead}");
    ExprError {
        kind: ExprErrorKind::Unsupported,
        message,
        range: range(span),
    }
}

fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

fn statements(children: &[ast::Stmt<'_>]) -> Compiled<Vec<Stmt>> {
    children.iter().map(statement).collect()
}

fn statement(stmt: &ast::Stmt<'_>) -> Compiled<Stmt> {
    const VALUES: &str = "build values with `transform`";
    Ok(match stmt {
        ast::Stmt::EmitRaw(raw) => Stmt::Raw(raw.raw.into()),
        ast::Stmt::EmitExpr(emit) => {
            // The statement's span covers all tokens of the expression, parentheses included.
            let inner = node(&emit.expr)?;
            Stmt::Emit(Node {
                range: range(emit.span()),
                op: inner.op,
            })
        }
        ast::Stmt::ForLoop(looped) if looped.recursive => {
            return Err(unsupported("a recursive loop", VALUES, looped.span()));
        }
        ast::Stmt::ForLoop(looped) => Stmt::For(Box::new(For {
            target: target(&looped.target)?,
            items: node(&looped.iter)?,
            only_if: looped.filter_expr.as_ref().map(node).transpose()?,
            body: statements(&looped.body)?,
            otherwise: statements(&looped.else_body)?,
        })),
        ast::Stmt::IfCond(cond) => Stmt::If(If {
            when: node(&cond.expr)?,
            then: statements(&cond.true_body)?,
            otherwise: statements(&cond.false_body)?,
        }),
        ast::Stmt::WithBlock(with) => {
            let given = with
                .assignments
                .iter()
                .map(|(name, value)| Ok((target(name)?, node(value)?)))
                .collect::<Compiled<_>>()?;
            Stmt::With(given, statements(&with.body)?)
        }
        ast::Stmt::Set(set) => Stmt::Set(target(&set.target)?, node(&set.expr)?),
        ast::Stmt::SetBlock(set) => match &set.filter {
            Some(filter) => {
                return Err(unsupported(
                    "a filter on `{% set %}`",
                    VALUES,
                    filter.span(),
                ));
            }
            None => Stmt::SetText(target(&set.target)?, statements(&set.body)?),
        },
        ast::Stmt::Template(node) => {
            return Err(unsupported(
                "a template inside a template",
                VALUES,
                node.span(),
            ));
        }
        ast::Stmt::AutoEscape(node) => {
            return Err(unsupported(
                "`{% autoescape %}`",
                "use the filter `html`",
                node.span(),
            ));
        }
        ast::Stmt::FilterBlock(node) => {
            return Err(unsupported(
                "`{% filter %}`",
                "use `|` on the value",
                node.span(),
            ));
        }
        ast::Stmt::Block(node) => return Err(unsupported("`{% block %}`", VALUES, node.span())),
        ast::Stmt::Import(node) => return Err(unsupported("`{% import %}`", VALUES, node.span())),
        ast::Stmt::FromImport(node) => {
            return Err(unsupported("`{% from %}`", VALUES, node.span()));
        }
        ast::Stmt::Extends(node) => {
            return Err(unsupported("`{% extends %}`", VALUES, node.span()));
        }
        ast::Stmt::Include(node) => {
            return Err(unsupported("`{% include %}`", VALUES, node.span()));
        }
        ast::Stmt::Macro(node) => return Err(unsupported("`{% macro %}`", VALUES, node.span())),
        ast::Stmt::CallBlock(node) => {
            return Err(unsupported("`{% call %}`", VALUES, node.span()));
        }
        ast::Stmt::Do(node) => return Err(unsupported("`{% do %}`", VALUES, node.span())),
    })
}

fn target(expr: &ast::Expr<'_>) -> Compiled<Target> {
    let ident = |expr: &ast::Expr<'_>| match expr {
        ast::Expr::Var(var) => Ok(Ident {
            text: var.id.into(),
            range: range(var.span()),
        }),
        other => Err(unsupported(
            "setting a member",
            "set a name of its own",
            other.span(),
        )),
    };
    match expr {
        ast::Expr::Tuple(tuple) => tuple
            .items
            .iter()
            .map(ident)
            .collect::<Compiled<_>>()
            .map(Target::Several),
        ast::Expr::List(list) => list
            .items
            .iter()
            .map(ident)
            .collect::<Compiled<_>>()
            .map(Target::Several),
        other => ident(other).map(Target::One),
    }
}

fn boxed(expr: &ast::Expr<'_>) -> Compiled<Box<Node>> {
    node(expr).map(Box::new)
}

fn nodes(exprs: &[ast::Expr<'_>]) -> Compiled<Vec<Node>> {
    exprs.iter().map(node).collect()
}

/// An expression. The parser's spans of operators begin at odd places, so the range of a node is
/// that of its first operand up to the end of the span.
fn node(expr: &ast::Expr<'_>) -> Compiled<Node> {
    let span = range(expr.span());
    let end = span.end;
    let (start, op) = match expr {
        ast::Expr::Var(var) => (span.start, name(var.id)),
        ast::Expr::Const(constant) => (span.start, Op::Const(datum(&constant.value))),
        ast::Expr::GetAttr(attr) => {
            let of = boxed(&attr.expr)?;
            let ident = Ident {
                text: attr.name.into(),
                range: end - attr.name.len()..end,
            };
            (of.range.start, Op::Member(of, ident))
        }
        ast::Expr::GetItem(item) => {
            let of = boxed(&item.expr)?;
            (of.range.start, Op::Item(of, boxed(&item.subscript_expr)?))
        }
        ast::Expr::Slice(slice) => {
            let part = |expr: &Option<ast::Expr<'_>>| expr.as_ref().map(node).transpose();
            let slice = Slice {
                of: node(&slice.expr)?,
                start: part(&slice.start)?,
                stop: part(&slice.stop)?,
                step: part(&slice.step)?,
            };
            (slice.of.range.start, Op::Slice(Box::new(slice)))
        }
        ast::Expr::UnaryOp(unary) => return negation(unary, span),
        ast::Expr::BinOp(binary) => {
            let (left, right) = (boxed(&binary.left)?, boxed(&binary.right)?);
            (left.range.start, operation(binary.op, left, right))
        }
        ast::Expr::Compare(compare) => {
            let first = boxed(&compare.expr)?;
            let further = compare
                .ops
                .iter()
                .map(|step| Ok((comparison(step.op), node(&step.expr)?)))
                .collect::<Compiled<_>>()?;
            (first.range.start, Op::Compare(first, further))
        }
        ast::Expr::IfExpr(choice) => {
            let choice = Choice {
                when: node(&choice.test_expr)?,
                then: node(&choice.true_expr)?,
                otherwise: choice.false_expr.as_ref().map(node).transpose()?,
            };
            (choice.then.range.start, Op::If(Box::new(choice)))
        }
        ast::Expr::Filter(filter) => {
            let Some(input) = &filter.expr else {
                return Err(unsupported(
                    "a filter without a value",
                    "use `|`",
                    expr.span(),
                ));
            };
            let input = node(input)?;
            (
                input.range.start,
                Op::Filter(Box::new(filter_call(filter, input, span.start)?)),
            )
        }
        ast::Expr::Test(test) => {
            let input = node(&test.expr)?;
            (
                input.range.start,
                Op::Test(Box::new(test_call(test, input, span.start)?)),
            )
        }
        ast::Expr::Call(call) => {
            let callee = node(&call.expr)?;
            let mut positional = Vec::new();
            let mut named = Vec::new();
            for (name, value) in arguments(&call.args)? {
                match name {
                    Some(name) => named.push((name, value)),
                    None => positional.push(value),
                }
            }
            let start = callee.range.start;
            (
                start,
                Op::Call(Box::new(FunctionCall {
                    callee,
                    positional,
                    named,
                })),
            )
        }
        ast::Expr::List(list) => (span.start, Op::List(nodes(&list.items)?)),
        ast::Expr::Tuple(tuple) => (span.start, Op::List(nodes(&tuple.items)?)),
        ast::Expr::Map(map) => {
            let keys = nodes(&map.keys)?;
            let values = nodes(&map.values)?;
            (span.start, Op::Map(keys.into_iter().zip(values).collect()))
        }
    };
    Ok(Node {
        range: start.min(end)..end,
        op,
    })
}

/// `omit` and `keep` are words of the language, not names that could be hidden.
fn name(id: &str) -> Op {
    match id {
        "omit" => Op::Const(Datum::Omit),
        "keep" => Op::Const(Datum::Keep),
        other => Op::Name(other.into()),
    }
}

fn negation(unary: &ast::UnaryOp<'_>, span: Range<usize>) -> Compiled<Node> {
    let mut inner = node(&unary.expr)?;
    // The parser writes `a not in b` as `not (a in b)`.
    if let (ast::UnaryOpKind::Not, Op::Compare(_, further)) = (&unary.op, &mut inner.op)
        && let [(op @ CompareOp::In, _)] = further.as_mut_slice()
    {
        *op = CompareOp::NotIn;
        return Ok(inner);
    }
    let inner = Box::new(inner);
    let start = span.start.min(inner.range.start);
    let op = match unary.op {
        ast::UnaryOpKind::Not => Op::Not(inner),
        ast::UnaryOpKind::Neg => Op::Neg(inner),
    };
    Ok(Node {
        range: start..span.end,
        op,
    })
}

fn operation(op: ast::BinOpKind, left: Box<Node>, right: Box<Node>) -> Op {
    let compared = |op, left, right: Box<Node>| Op::Compare(left, vec![(op, *right)]);
    match op {
        ast::BinOpKind::Eq => compared(CompareOp::Eq, left, right),
        ast::BinOpKind::Ne => compared(CompareOp::Ne, left, right),
        ast::BinOpKind::Lt => compared(CompareOp::Lt, left, right),
        ast::BinOpKind::Lte => compared(CompareOp::Le, left, right),
        ast::BinOpKind::Gt => compared(CompareOp::Gt, left, right),
        ast::BinOpKind::Gte => compared(CompareOp::Ge, left, right),
        ast::BinOpKind::In => compared(CompareOp::In, left, right),
        ast::BinOpKind::ScAnd => Op::And(left, right),
        ast::BinOpKind::ScOr => Op::Or(left, right),
        ast::BinOpKind::Add => Op::Math(MathOp::Add, left, right),
        ast::BinOpKind::Sub => Op::Math(MathOp::Sub, left, right),
        ast::BinOpKind::Mul => Op::Math(MathOp::Mul, left, right),
        ast::BinOpKind::Div => Op::Math(MathOp::Div, left, right),
        ast::BinOpKind::FloorDiv => Op::Math(MathOp::FloorDiv, left, right),
        ast::BinOpKind::Rem => Op::Math(MathOp::Rem, left, right),
        ast::BinOpKind::Pow => Op::Math(MathOp::Pow, left, right),
        ast::BinOpKind::Concat => Op::Math(MathOp::Concat, left, right),
    }
}

fn comparison(op: ast::CompareOpKind) -> CompareOp {
    match op {
        ast::CompareOpKind::Eq => CompareOp::Eq,
        ast::CompareOpKind::Ne => CompareOp::Ne,
        ast::CompareOpKind::Lt => CompareOp::Lt,
        ast::CompareOpKind::Lte => CompareOp::Le,
        ast::CompareOpKind::Gt => CompareOp::Gt,
        ast::CompareOpKind::Gte => CompareOp::Ge,
        ast::CompareOpKind::In => CompareOp::In,
        ast::CompareOpKind::NotIn => CompareOp::NotIn,
    }
}

fn arguments(args: &[ast::CallArg<'_>]) -> Compiled<Vec<(Option<Ident>, Node)>> {
    args.iter()
        .map(|arg| match arg {
            ast::CallArg::Pos(value) => Ok((None, node(value)?)),
            ast::CallArg::Kwarg(name, value) => {
                let value = node(value)?;
                // The parser gives no place for the name; it stands before the value and `=`.
                let end = value.range.start.saturating_sub(1);
                let ident = Ident {
                    text: (*name).into(),
                    range: end.saturating_sub(name.len())..end,
                };
                Ok((Some(ident), value))
            }
            ast::CallArg::PosSplat(value) | ast::CallArg::KwargSplat(value) => Err(unsupported(
                "`*` before an argument",
                "write the arguments out",
                value.span(),
            )),
        })
        .collect()
}

fn filter_call(filter: &ast::Filter<'_>, input: Node, start: usize) -> Compiled<FilterCall> {
    let name = Ident {
        text: filter.name.into(),
        range: start..start + filter.name.len(),
    };
    let given = arguments(&filter.args)?;
    let found = filters::find(filter.name);
    let args = match found {
        Some(found) => bound(bind(found.params, given), &name)?,
        None => given.into_iter().map(|(_, value)| Some(value)).collect(),
    };
    Ok(FilterCall {
        name,
        filter: found,
        input,
        args,
    })
}

fn test_call(test: &ast::Test<'_>, input: Node, start: usize) -> Compiled<TestCall> {
    let name = Ident {
        text: test.name.into(),
        range: start..start + test.name.len(),
    };
    let given = arguments(&test.args)?;
    let found = predicates::find(test.name);
    let args = match found {
        Some(found) => bound(bind(found.params, given), &name)?,
        None => given.into_iter().map(|(_, value)| Some(value)).collect(),
    };
    Ok(TestCall {
        name,
        test: found,
        input,
        args,
    })
}

fn bound(
    bound: Result<Vec<Option<Node>>, (String, Range<usize>)>,
    callee: &Ident,
) -> Compiled<Vec<Option<Node>>> {
    bound.map_err(|(problem, range)| ExprError {
        kind: ExprErrorKind::Arguments,
        message: format!("`{}` {problem}", callee.text),
        range: if range.is_empty() {
            callee.range.clone()
        } else {
            range
        },
    })
}

fn datum(value: &Value) -> Datum {
    match value.kind() {
        ValueKind::Bool => Datum::Bool(value.is_true()),
        ValueKind::String => value.as_str().map_or(Datum::Null, Datum::from),
        ValueKind::Number => match i128::try_from(value.clone()) {
            Ok(int) if value.is_integer() => Datum::Int(int),
            _ => f64::try_from(value.clone()).map_or(Datum::Null, Datum::Float),
        },
        // The parser makes no other constants.
        _ => Datum::Null,
    }
}
