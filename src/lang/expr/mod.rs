//! Compiled expressions: templates, conditions, JSONPath, the three value forms; and what can be
//! known of them before anything runs.
//!
//! The grammar of templates is MiniJinja's, read by its parser (`syntax`). The meaning is ours:
//! absent members are null and a chain through null is null, but null inside text, comparisons of
//! dates and decimals with other types, and arithmetic on decimals are errors; whole numbers never
//! become floats. Values are borrowed from the scope, so a record is never copied to be asked.
//!
//! | type | what it is |
//! | --- | --- |
//! | [`ExprEnv`] | built once, given to everything that compiles |
//! | [`Template`] | a scalar with `{{ }}`; exactly one `{{ expression }}` keeps its type |
//! | [`Condition`] | a bare expression in `when`, `where`, `that` |
//! | [`Query`] | a JSONPath |
//! | [`ValueForm`] | a value in YAML: path, template or itself, in lists and mappings |
//! | [`Scope`], [`Datum`] | the names an evaluation sees, and what they hold |
//! | [`ScopeTypes`], [`Type`] | the same before anything runs |
//! | [`Checked`], [`Issue`] | what a check finds, with its bytes in the scalar |

mod condition;
mod containers;
mod datum;
mod env;
mod error;
mod eval;
mod filters;
mod form;
mod ir;
mod ops;
mod predicates;
mod query;
mod render;
mod scope;
mod syntax;
mod template;
mod types;
mod uses;
mod val;

#[cfg(test)]
mod tests;

pub use condition::Condition;
pub use datum::{Call, Datum, Function, FunctionError, Lazy, Members};
pub use env::{ExprEnv, Limits};
pub use error::{EvalError, ExprError, ExprErrorKind, Kind, Problem};
pub use filters::filter_names;
pub use form::{FormError, FormPath, FormStep, TextForm, ValueForm};
pub use predicates::predicate_names;
pub use query::{Query, Segment, Step};
pub use render::Encode;
pub use scope::Scope;
pub use template::Template;
pub use types::{Checked, FunctionType, Issue, IssueKind, ObjectType, ScopeTypes, Type};
pub use uses::{NameUse, PathUse, Uses};
