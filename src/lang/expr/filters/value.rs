//! `default`, `d` and `at`.

use super::{ArgType, Args, Cx, Filter, Typing, optional, required};
use crate::lang::expr::error::Problem;
use crate::lang::expr::query::Query;
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "default",
        params: &[optional("value"), optional("boolean")],
        run: default,
        ty: defaulted,
    },
    Filter {
        name: "d",
        params: &[optional("value"), optional("boolean")],
        run: default,
        ty: defaulted,
    },
    Filter {
        name: "at",
        params: &[required("path"), optional("default")],
        run: at,
        ty: reached,
    },
];

fn defaulted(typing: &mut Typing<'_>) -> Type {
    let other = typing.arg(0).map_or(Type::Text, |arg| arg.ty.clone());
    Type::union([typing.input.clone(), other])
}

fn reached(typing: &mut Typing<'_>) -> Type {
    typing.readable(0, "a path", |path| Query::compile(path).is_ok());
    let Some(ArgType {
        text: Some(path), ..
    }) = typing.arg(0).cloned()
    else {
        return Type::Any;
    };
    let found = Query::compile(path).map(|query| query.check(&typing.input).ty);
    let default = typing.arg(1).map_or(Type::Null, |arg| arg.ty.clone());
    Type::union([found.unwrap_or_default(), default])
}

/// Another value in place of null; with `boolean=true`, in place of everything false.
fn default<'v>(_: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let replace = if args.flag(1) {
        !input.is_true()
    } else {
        input.is_null()
    };
    if !replace {
        return Ok(input);
    }
    Ok(args
        .get(0)
        .cloned()
        .unwrap_or_else(|| Val::from(String::new())))
}

/// What a path given as text finds: `$.Location.StoreId`.
fn at<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let text = args.text(0, "at")?.unwrap_or_default();
    let query = cx.env.path(text).map_err(|error| Problem::Path {
        path: text.to_owned(),
        message: error.message,
    })?;
    let found = match query.segments() {
        Some(segments) => segments
            .iter()
            .fold(input, |value, segment| segment.of(&value)),
        None => {
            let document = input.to_json()?;
            Val::owned(&query.value(&document).into())
        }
    };
    if found.is_null() {
        Ok(args.need(1))
    } else {
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn default_replaces_null_and_only_null() {
        assert_eq!(eval("x.a.b | default('none')", json!({})), "none");
        assert_eq!(eval("x | default('none')", json!("")), "");
        assert_eq!(eval("x | default('none', true)", json!("")), "none");
        assert_eq!(eval("x | d", Value::Null), "");
        assert_eq!(
            eval("{'a': x | default(omit), 'b': 1}", Value::Null),
            json!({ "b": 1 })
        );
    }

    #[test]
    fn at_follows_a_path_given_as_text() {
        let record = json!({ "Location": { "StoreId": "0024" }, "a": [{ "n": 1 }, { "n": 2 }] });
        assert_eq!(eval("x | at('$.Location.StoreId')", record.clone()), "0024");
        assert_eq!(eval("x | at('$.a[-1].n')", record.clone()), json!(2));
        assert_eq!(eval("x | at('$.a[*].n')", record.clone()), json!([1, 2]));
        assert_eq!(eval("x | at('$.No.Such', 'none')", record.clone()), "none");
        assert_eq!(
            eval("x | at('$.No.Such', none) is not none", record.clone()),
            json!(false)
        );
        assert!(error("x | at('Location')", record).starts_with("`Location` is no JSONPath: "));
    }
}
