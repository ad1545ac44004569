//! What can be wrong with an expression: when it is compiled, and when it is evaluated.

use std::fmt;
use std::ops::Range;

use thiserror::Error;

/// An expression that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct ExprError {
    /// What is wrong, for the code of the diagnostic.
    pub kind: ExprErrorKind,
    /// One lower-case sentence without a full stop.
    pub message: String,
    /// The offending bytes of the scalar.
    pub range: Range<usize>,
}

/// The kinds of [`ExprError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprErrorKind {
    /// The text is no MiniJinja.
    Syntax,
    /// `{{ }}` or `{% %}` in a condition; `fix` is the condition without it.
    TemplateInCondition {
        /// What to write instead.
        fix: String,
    },
    /// A JSONPath inside an expression.
    PathInExpression,
    /// A construct of MiniJinja that this language leaves out, such as `{% include %}`.
    Unsupported,
    /// A filter, test or function is given too many, too few or unknown arguments.
    Arguments,
    /// The text is no JSONPath (RFC 9535).
    Path,
    /// The regular expression of a `match()` or `search()` in a path.
    Regex,
}

/// An expression that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("`{expression}`: {problem}")]
pub struct EvalError {
    /// What happened.
    pub problem: Problem,
    /// The smallest expression that failed, as written.
    pub expression: String,
    /// Its bytes in the scalar.
    pub range: Range<usize>,
}

/// The shapes a value can have, for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Null.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// A number with a fraction.
    Float,
    /// Text.
    Text,
    /// An instant.
    Date,
    /// A decimal.
    Decimal,
    /// A list.
    List,
    /// A mapping.
    Map,
    /// A function.
    Function,
    /// `omit`.
    Omit,
    /// `keep`.
    Keep,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "true/false",
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Text => "text",
            Self::Date => "a date",
            Self::Decimal => "a decimal",
            Self::List => "a list",
            Self::Map => "a mapping",
            Self::Function => "a function",
            Self::Omit => "`omit`",
            Self::Keep => "`keep`",
        })
    }
}

/// Why an evaluation failed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Problem {
    /// Null where text is made.
    #[error("is null inside text; give it a `default('…')`, or ask for it in `when`")]
    NullInText,
    /// A list or mapping where text is made.
    #[error("is {0} inside text; use `join` or `tojson`")]
    NotText(Kind),
    /// A comparison across types.
    #[error("{left} cannot be compared with {right}{}", convert_hint(*.left, *.right))]
    Compare {
        /// The kind on the left.
        left: Kind,
        /// The kind on the right.
        right: Kind,
    },
    /// An operator on values it is not for.
    #[error("`{op}` is not for {left} and {right}{}", operator_hint(*.left, *.right))]
    Operator {
        /// As written.
        op: &'static str,
        /// The kind on the left.
        left: Kind,
        /// The kind on the right.
        right: Kind,
    },
    /// The result of a calculation has no place in a number.
    #[error("the result is out of range")]
    OutOfRange,
    /// Division by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// A filter got a value it is not for.
    #[error("`{filter}` needs {needs}, not {got}")]
    Input {
        /// The filter, test or function.
        filter: &'static str,
        /// What it works on.
        needs: &'static str,
        /// What it was given.
        got: Kind,
    },
    /// A filter got text that does not read as what it needs.
    #[error("`{filter}` cannot read `{text}` as {needs}")]
    Unreadable {
        /// The filter.
        filter: &'static str,
        /// What it makes of text.
        needs: &'static str,
        /// The text, shortened.
        text: String,
    },
    /// A name that is not in scope; `validate` finds these.
    #[error("there is no `{0}` here")]
    UnknownName(String),
    /// A filter, test or function that does not exist; `validate` finds these.
    #[error("there is no {what} `{name}`")]
    UnknownCallee {
        /// `filter`, `test` or `function`.
        what: &'static str,
        /// As written.
        name: String,
    },
    /// A value that is called and is no function.
    #[error("{0} cannot be called")]
    NotCallable(Kind),
    /// Something that is gone through item by item and is no list.
    #[error("{0} is not a list")]
    NotAList(Kind),
    /// A function of the engine failed.
    #[error("{0}")]
    Function(String),
    /// `omit`, `keep` or a function where a value is needed.
    #[error("{0} is not a value that can be sent or kept here")]
    NotAValue(Kind),
    /// More work than an expression may do.
    #[error("takes too many steps; the limit is {0}")]
    Fuel(u64),
    /// More text or items than an expression may make.
    #[error("makes more than {0} bytes of text")]
    TooLong(usize),
    /// A path given as text at run time that cannot be read.
    #[error("`{path}` is no JSONPath: {message}")]
    Path {
        /// As given.
        path: String,
        /// From the parser.
        message: String,
    },
}

fn convert_hint(left: Kind, right: Kind) -> &'static str {
    let either = |kind| left == kind || right == kind;
    if either(Kind::Null) {
        "; give it a `default`, or ask `is none` first"
    } else if either(Kind::Date) {
        "; make both dates with `utc`"
    } else if either(Kind::Decimal) {
        "; make both decimals with `decimal`"
    } else {
        ""
    }
}

fn operator_hint(left: Kind, right: Kind) -> &'static str {
    let either = |kind| left == kind || right == kind;
    if either(Kind::Decimal) {
        "; use `add`, `sub` or `mul`"
    } else if either(Kind::Date) {
        "; use `plus('2h')`"
    } else {
        ""
    }
}

/// Shortens text that goes into a message.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
