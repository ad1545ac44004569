//! `map select reject selectattr rejectattr`: what to do with each item is named by text.

use super::{
    ArgType, Args, Cx, Filter, Run, Typing, attribute, filter_names, named, optional, required,
    rest,
};
use crate::lang::expr::error::Problem;
use crate::lang::expr::predicates::{self, predicate_names};
use crate::lang::expr::types::{IssueKind, Type};
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "map",
        params: &[
            optional("filter"),
            named("attribute"),
            named("default"),
            rest("args"),
        ],
        run: map,
        ty: mapped,
    },
    Filter {
        name: "select",
        params: &[optional("test"), rest("args")],
        run: select,
        ty: selected,
    },
    Filter {
        name: "reject",
        params: &[optional("test"), rest("args")],
        run: reject,
        ty: selected,
    },
    Filter {
        name: "selectattr",
        params: &[required("attribute"), optional("test"), rest("args")],
        run: selectattr,
        ty: selected_by,
    },
    Filter {
        name: "rejectattr",
        params: &[required("attribute"), optional("test"), rest("args")],
        run: rejectattr,
        ty: selected_by,
    },
];

fn check_test(typing: &mut Typing<'_>, index: usize) {
    if let Some(ArgType {
        text: Some(name),
        range,
        ..
    }) = typing.arg(index).cloned()
        && predicates::find(name).is_none()
    {
        let kind = IssueKind::UnknownTest {
            name: name.to_owned(),
            known: predicate_names(),
        };
        typing.report(kind, range);
    }
}

fn mapped(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    if typing.arg(1).is_some() {
        let attribute = typing.attribute(&item, 1);
        let default = typing.arg(2).map_or(Type::Null, |arg| arg.ty.clone());
        return Type::list(Type::union([attribute, default]));
    }
    let Some(ArgType {
        text: Some(name),
        range,
        ..
    }) = typing.arg(0).cloned()
    else {
        return Type::list(Type::Any);
    };
    let Some(filter) = super::find(name) else {
        let kind = IssueKind::UnknownFilter {
            name: name.to_owned(),
            known: filter_names(),
        };
        typing.report(kind, range);
        return Type::list(Type::Any);
    };
    let args = typing.args.get(3..).unwrap_or_default().to_vec();
    let mut each = Typing {
        callee: name,
        input: item,
        input_range: typing.input_range.clone(),
        input_text: typing.input_text,
        args,
        issues: typing.issues,
    };
    Type::list((filter.ty)(&mut each))
}

fn selected(typing: &mut Typing<'_>) -> Type {
    check_test(typing, 0);
    Type::list(typing.item())
}

fn selected_by(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    typing.attribute(&item, 0);
    check_test(typing, 1);
    Type::list(item)
}

/// Each item's attribute (or `default` where it is null), or each item through a filter.
fn map<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let items = cx.items(&input)?;
    if let Some(path) = args.text(1, "map")? {
        let default = args.need(2);
        let pick = |item: &Val<'v>| {
            let found = attribute(item, path);
            if found.is_null() {
                default.clone()
            } else {
                found
            }
        };
        return Ok(Val::from(items.iter().map(pick).collect::<Vec<_>>()));
    }
    let Some(name) = args.text(0, "map")? else {
        return Err(Problem::Input {
            filter: "map",
            needs: "a filter or `attribute=`",
            got: args.need(0).kind(),
        });
    };
    let run: Run = match super::find(name) {
        Some(filter) => filter.run,
        None => {
            return Err(Problem::UnknownCallee {
                what: "filter",
                name: name.to_owned(),
            });
        }
    };
    let further = args.rest(3);
    let mut mapped = Vec::with_capacity(items.len());
    for item in items {
        cx.spend(1)?;
        mapped.push(run(cx, item, &further)?);
    }
    Ok(Val::from(mapped))
}

fn select<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    pick(cx, &input, None, args.get(0), &args.rest(1), Keep::Passing)
}

fn reject<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    pick(cx, &input, None, args.get(0), &args.rest(1), Keep::Failing)
}

fn selectattr<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let path = args.text(0, "selectattr")?;
    pick(cx, &input, path, args.get(1), &args.rest(2), Keep::Passing)
}

fn rejectattr<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let path = args.text(0, "rejectattr")?;
    pick(cx, &input, path, args.get(1), &args.rest(2), Keep::Failing)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Passing,
    Failing,
}

/// The items that pass a test (being true, when none is named), or those that fail it.
fn pick<'v>(
    cx: &mut Cx<'v>,
    input: &Val<'v>,
    path: Option<&str>,
    test: Option<&Val<'v>>,
    args: &Args<'v>,
    keep: Keep,
) -> Result<Val<'v>, Problem> {
    let test = match test {
        None => None,
        Some(name) => {
            let name = name.to_text()?;
            Some(
                predicates::find(&name).ok_or_else(|| Problem::UnknownCallee {
                    what: "test",
                    name: name.into_owned(),
                })?,
            )
        }
    };
    let mut picked = Vec::new();
    for item in cx.items(input)? {
        let value = path.map_or(item.clone(), |path| attribute(&item, path));
        let passes = match test {
            Some(test) => (test.run)(&value, args)?,
            None => value.is_true(),
        };
        if passes == (keep == Keep::Passing) {
            picked.push(item);
        }
    }
    Ok(Val::from(picked))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn map_takes_an_attribute_or_a_filter() {
        let visits = json!([{ "status": "Done", "n": { "id": 1 } }, { "status": null, "n": null }]);
        assert_eq!(
            eval("x | map(attribute='status')", visits.clone()),
            json!(["Done", null])
        );
        assert_eq!(
            eval("x | map(attribute='status', default='?')", visits.clone()),
            json!(["Done", "?"])
        );
        assert_eq!(eval("x | map(attribute='n.id')", visits), json!([1, null]));
        assert_eq!(
            eval("x | map('upper')", json!(["a", "b"])),
            json!(["A", "B"])
        );
        assert_eq!(
            eval("x | map('replace', 'a', 'b')", json!(["aa"])),
            json!(["bb"])
        );
        assert_eq!(
            error("x | map('nope')", json!([1])),
            "there is no filter `nope`"
        );
    }

    #[test]
    fn select_and_reject_take_a_test() {
        assert_eq!(
            eval("x | select", json!([0, 1, "", "a", null])),
            json!([1, "a"])
        );
        assert_eq!(eval("x | reject('none')", json!([0, null])), json!([0]));
        assert_eq!(eval("x | select('in', [1, 2])", json!([1, 3])), json!([1]));
        let visits = json!([{ "s": "Done" }, { "s": "Hold" }]);
        assert_eq!(
            eval("x | selectattr('s', 'equalto', 'Hold')", visits.clone()),
            json!([{ "s": "Hold" }])
        );
        assert_eq!(
            eval(
                "x | rejectattr('s', 'in', ['Done', 'Canceled'])",
                visits.clone()
            ),
            json!([{ "s": "Hold" }])
        );
        assert_eq!(eval("x | selectattr('t') | list", visits), json!([]));
        assert_eq!(
            error("x | select('nope')", json!([1])),
            "there is no test `nope`"
        );
    }
}
