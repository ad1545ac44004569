//! What a check of an expression finds. Kinds and places; others make diagnostics of them.

use std::fmt;
use std::ops::Range;

use super::Type;

/// What a check finds: the type of the result, and what is wrong on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// The type of the result.
    pub ty: Type,
    /// What is wrong, in the order of the text.
    pub issues: Vec<Issue>,
}

/// Something wrong in an expression that compiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Issue {
    /// What.
    pub kind: IssueKind,
    /// The offending bytes of the scalar.
    pub range: Range<usize>,
}

/// The kinds of [`Issue`]. Their text is a lower-case sentence without a full stop.
#[derive(Clone, Debug, PartialEq)]
pub enum IssueKind {
    /// A name that is not in scope.
    UnknownName {
        /// As written.
        name: String,
        /// The names in scope.
        known: Vec<String>,
        /// Where the name would be known, such as `inside update`.
        elsewhere: Option<String>,
    },
    /// A member that the schema does not declare.
    UnknownMember {
        /// The expression it is looked up on.
        parent: String,
        /// As written.
        name: String,
        /// The declared members.
        known: Vec<String>,
    },
    /// A member of something that has none.
    NoMembers {
        /// The expression it is looked up on.
        parent: String,
        /// As written.
        name: String,
        /// What the expression is.
        ty: Type,
    },
    /// No such filter.
    UnknownFilter {
        /// As written.
        name: String,
        /// All filters.
        known: Vec<&'static str>,
    },
    /// No such test.
    UnknownTest {
        /// As written.
        name: String,
        /// All tests.
        known: Vec<&'static str>,
    },
    /// A call of a name that is no function.
    UnknownFunction {
        /// As written.
        name: String,
        /// The functions in scope.
        known: Vec<String>,
        /// Where it is known.
        elsewhere: Option<String>,
    },
    /// A function does not take these arguments.
    Arguments {
        /// The function.
        name: String,
        /// What is wrong with them.
        problem: String,
    },
    /// A comparison across types, which fails or is always the same.
    Compare {
        /// The type on the left.
        left: Type,
        /// The type on the right.
        right: Type,
    },
    /// An operator on values it is not for.
    Operator {
        /// As written.
        op: &'static str,
        /// The type on the left.
        left: Type,
        /// The type on the right.
        right: Type,
    },
    /// A filter or test on a value it is not for.
    Input {
        /// The filter or test.
        callee: String,
        /// What it works on.
        needs: &'static str,
        /// What it is given.
        got: Type,
    },
    /// A constant argument that cannot be read, such as a time zone that does not exist.
    Unreadable {
        /// The filter.
        callee: String,
        /// What it makes of the text.
        needs: &'static str,
        /// The text.
        text: String,
    },
    /// Something gone through item by item that is no list.
    NotAList(Type),
    /// Something put into text that has no text.
    NotText(Type),
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName {
                name,
                elsewhere: Some(place),
                ..
            } => {
                write!(f, "`{name}` is known only {place}")
            }
            Self::UnknownName {
                name,
                elsewhere: None,
                ..
            } => {
                write!(f, "there is no `{name}` here")
            }
            Self::UnknownMember { parent, name, .. } => {
                write!(f, "`{parent}` has no member `{name}`")
            }
            Self::NoMembers { parent, name, ty } => {
                write!(f, "`{parent}` is {ty} and has no member `{name}`")
            }
            Self::UnknownFilter { name, .. } => write!(f, "there is no filter `{name}`"),
            Self::UnknownTest { name, .. } => write!(f, "there is no test `{name}`"),
            Self::UnknownFunction { name, .. } => write!(f, "there is no function `{name}`"),
            Self::Arguments { name, problem } => write!(f, "`{name}` {problem}"),
            Self::Compare { left, right } => {
                write!(f, "{left} cannot be compared with {right}")
            }
            Self::Operator { op, left, right } => {
                write!(f, "`{op}` is not for {left} and {right}")
            }
            Self::Input { callee, needs, got } => write!(f, "`{callee}` needs {needs}, not {got}"),
            Self::Unreadable {
                callee,
                needs,
                text,
            } => {
                write!(f, "`{callee}` cannot read `{text}` as {needs}")
            }
            Self::NotAList(ty) => write!(f, "{ty} is not a list"),
            Self::NotText(ty) => write!(f, "{ty} cannot be put into text"),
        }
    }
}
