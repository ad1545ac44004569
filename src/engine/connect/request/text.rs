//! Values as text: where a parameter, a header or a form field stands.

use serde_json::Value;

use super::{Place, RenderError};
use crate::lang::expr::{Datum, EvalError, Scope, ValueForm};
use crate::lang::plan::Origin;

const OMIT_HELP: &str = "give it a `default('…')`, or drop it with `default(omit)`";

/// What a value is where only text can stand.
pub(super) enum Texts {
    None,
    One(String),
    Several(Vec<String>),
}

/// The one text of a value; none when it is `omit`.
pub(super) fn scalar(
    form: &ValueForm,
    scope: &Scope<'_>,
    origin: &Origin,
    place: &dyn Fn() -> Place,
) -> Result<Option<String>, RenderError> {
    match texts(form, scope, origin, place)? {
        Texts::None => Ok(None),
        Texts::One(text) => Ok(Some(text)),
        Texts::Several(_) => Err(RenderError::Value {
            origin: origin.clone(),
            place: place(),
            what: "a list",
            help: "use `join`",
        }),
    }
}

/// The text of a value, or of each item of a list.
pub(super) fn texts(
    form: &ValueForm,
    scope: &Scope<'_>,
    origin: &Origin,
    place: &dyn Fn() -> Place,
) -> Result<Texts, RenderError> {
    let value = |what, help| RenderError::Value {
        origin: origin.clone(),
        place: place(),
        what,
        help,
    };
    let datum = form.eval_datum(scope).map_err(|error| RenderError::Eval {
        origin: origin.clone(),
        place: place(),
        error: error.error.into(),
    })?;
    if matches!(datum.resolved(), Datum::Omit) {
        return Ok(Texts::None);
    }
    let text = |item: Value| match item {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        Value::Null => Err(value("null", OMIT_HELP)),
        Value::Object(_) => Err(value("a mapping", "use `tojson`")),
        Value::Array(_) => Err(value("a list inside a list", "use `join`")),
    };
    match json(&datum, origin, place)? {
        Value::Array(items) if items.is_empty() => {
            // A filter without a value would ask for everything.
            Err(value(
                "an empty list",
                "ask for it in `when`, or drop it with `omit`",
            ))
        }
        Value::Array(items) => Ok(Texts::Several(
            items.into_iter().map(text).collect::<Result<_, _>>()?,
        )),
        one @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => Ok(Texts::One(text(one)?)),
    }
}

/// A value as JSON.
pub(super) fn json(
    datum: &Datum,
    origin: &Origin,
    place: &dyn Fn() -> Place,
) -> Result<Value, RenderError> {
    datum.to_json().map_err(|problem| RenderError::Eval {
        origin: origin.clone(),
        place: place(),
        error: EvalError {
            problem,
            expression: String::new(),
            range: 0..0,
        }
        .into(),
    })
}
