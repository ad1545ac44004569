//! `list first last length count join reverse unique sort min max batch slice`.

use std::cmp::Ordering;

use super::{Args, Cx, Filter, TEXTUAL, Typing, attribute, optional, required};
use crate::lang::expr::error::{Kind, Problem};
use crate::lang::expr::ops;
use crate::lang::expr::types::{IssueKind, Type};
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "list",
        params: &[],
        run: list,
        ty: to_list,
    },
    Filter {
        name: "first",
        params: &[],
        run: first,
        ty: to_item,
    },
    Filter {
        name: "last",
        params: &[],
        run: last,
        ty: to_item,
    },
    Filter {
        name: "length",
        params: &[],
        run: length,
        ty: to_length,
    },
    Filter {
        name: "count",
        params: &[],
        run: length,
        ty: to_length,
    },
    Filter {
        name: "join",
        params: &[optional("sep"), optional("attribute")],
        run: join,
        ty: to_joined,
    },
    Filter {
        name: "reverse",
        params: &[],
        run: reverse,
        ty: to_list,
    },
    Filter {
        name: "unique",
        params: &[optional("attribute")],
        run: unique,
        ty: by_attribute,
    },
    Filter {
        name: "sort",
        params: &[optional("attribute"), optional("reverse")],
        run: sort,
        ty: by_attribute,
    },
    Filter {
        name: "min",
        params: &[optional("attribute")],
        run: min,
        ty: to_extreme,
    },
    Filter {
        name: "max",
        params: &[optional("attribute")],
        run: max,
        ty: to_extreme,
    },
    Filter {
        name: "batch",
        params: &[required("count"), optional("fill")],
        run: batch,
        ty: to_lists,
    },
    Filter {
        name: "slice",
        params: &[required("count"), optional("fill")],
        run: slice,
        ty: to_lists,
    },
];

fn to_list(typing: &mut Typing<'_>) -> Type {
    Type::list(typing.item())
}

fn to_item(typing: &mut Typing<'_>) -> Type {
    typing.item()
}

fn to_lists(typing: &mut Typing<'_>) -> Type {
    Type::list(Type::list(typing.item()))
}

fn to_length(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::List, Kind::Map, Kind::Text], "a list or text");
    Type::Int
}

fn by_attribute(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    typing.attribute(&item, 0);
    Type::list(item)
}

fn to_extreme(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    typing.attribute(&item, 0);
    item
}

fn to_joined(typing: &mut Typing<'_>) -> Type {
    let mut item = typing.item();
    if typing.arg(1).is_some() {
        item = typing.attribute(&item, 1);
    }
    if !item.may_be(TEXTUAL) {
        typing.report(IssueKind::NotText(item), typing.input_range.clone());
    }
    Type::Text
}

fn list<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    Ok(Val::from(cx.items(&input)?))
}

fn first<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    Ok(input.items()?.into_iter().next().unwrap_or(Val::Null))
}

fn last<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    Ok(input.items()?.pop().unwrap_or(Val::Null))
}

/// Items of a list, members of a mapping, characters of text, 0 of null.
fn length<'v>(_: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    if let Val::Text(text) = &input {
        return Ok(Val::from(text.chars().count()));
    }
    Ok(Val::from(input.items()?.len()))
}

fn join<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let separator = args.text(0, "join")?.unwrap_or_default();
    let path = args.text(1, "join")?;
    let mut out = String::new();
    for (index, item) in cx.items(&input)?.into_iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        path.map_or(item.clone(), |path| attribute(&item, path))
            .write(&mut out)?;
        cx.fits(out.len())?;
    }
    Ok(Val::from(out))
}

fn reverse<'v>(cx: &mut Cx<'v>, input: Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    let mut items = cx.items(&input)?;
    items.reverse();
    Ok(Val::from(items))
}

/// The first of each: of items that are equal, or whose attribute is.
fn unique<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let path = args.text(0, "unique")?;
    let mut seen: Vec<Val<'v>> = Vec::new();
    let mut kept = Vec::new();
    for item in cx.items(&input)? {
        let key = path.map_or(item.clone(), |path| attribute(&item, path));
        cx.spend(seen.len())?;
        let mut known = false;
        for other in &seen {
            known = known || ops::equal(other, &key)?;
        }
        if !known {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Val::from(kept))
}

/// The order of two keys; null before everything.
fn key_order(left: &Val<'_>, right: &Val<'_>) -> Result<Ordering, Problem> {
    match (left.is_null(), right.is_null()) {
        (false, false) => ops::order(left, right),
        (left, right) => Ok(right.cmp(&left)),
    }
}

/// Stable, by the items or an attribute of them; text by its code points.
fn sort<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let path = args.text(0, "sort")?;
    let backwards = args.flag(1);
    let mut keyed: Vec<(Val<'v>, Val<'v>)> = cx
        .items(&input)?
        .into_iter()
        .map(|item| {
            (
                path.map_or(item.clone(), |path| attribute(&item, path)),
                item,
            )
        })
        .collect();
    cx.spend(keyed.len().saturating_mul(8))?;
    let mut failed = None;
    keyed.sort_by(|(left, _), (right, _)| {
        let order = key_order(left, right).unwrap_or_else(|problem| {
            failed.get_or_insert(problem);
            Ordering::Equal
        });
        if backwards { order.reverse() } else { order }
    });
    match failed {
        Some(problem) => Err(problem),
        None => Ok(Val::from(
            keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>(),
        )),
    }
}

fn min<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    extreme(cx, &input, args.text(0, "min")?, Ordering::Less)
}

fn max<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    extreme(cx, &input, args.text(0, "max")?, Ordering::Greater)
}

/// The first item before or after all others; null items do not count, and null of no items.
fn extreme<'v>(
    cx: &mut Cx<'v>,
    input: &Val<'v>,
    path: Option<&str>,
    wanted: Ordering,
) -> Result<Val<'v>, Problem> {
    let mut best: Option<(Val<'v>, Val<'v>)> = None;
    for item in cx.items(input)? {
        let key = path.map_or(item.clone(), |path| attribute(&item, path));
        if key.is_null() {
            continue;
        }
        let better = match &best {
            Some((held, _)) => ops::order(&key, held)? == wanted,
            None => true,
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or(Val::Null, |(_, item)| item))
}

fn need_count(args: &Args<'_>, filter: &'static str) -> Result<usize, Problem> {
    match args.count(0, filter)? {
        Some(count) if count > 0 => Ok(count),
        _ => Err(Problem::Input {
            filter,
            needs: "a count above 0",
            got: args.need(0).kind(),
        }),
    }
}

/// Lists of `count` items; the last is filled up with `fill` when that is given.
fn batch<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let count = need_count(args, "batch")?;
    let items = cx.items(&input)?;
    let mut batches: Vec<Vec<Val<'v>>> = items.chunks(count).map(<[Val<'v>]>::to_vec).collect();
    if let (Some(fill), Some(last)) = (args.get(1), batches.last_mut()) {
        cx.spend(count)?;
        last.resize(count, fill.clone());
    }
    Ok(Val::from(
        batches.into_iter().map(Val::from).collect::<Vec<_>>(),
    ))
}

/// `count` lists of nearly the same length, the longer ones first; shorter ones are filled up
/// with `fill` when that is given.
fn slice<'v>(cx: &mut Cx<'v>, input: Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let count = need_count(args, "slice")?;
    cx.spend(count)?;
    let items = cx.items(&input)?;
    let (each, longer) = (items.len() / count, items.len() % count);
    let mut items = items.into_iter();
    let slices = (0..count).map(|index| {
        let long = index < longer;
        let mut part: Vec<Val<'v>> = items.by_ref().take(each + usize::from(long)).collect();
        if let (Some(fill), false, true) = (args.get(1), long, longer > 0) {
            part.push(fill.clone());
        }
        Val::from(part)
    });
    Ok(Val::from(slices.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn null_is_an_empty_list() {
        assert_eq!(eval("x | list", Value::Null), json!([]));
        assert_eq!(eval("x | first", Value::Null), Value::Null);
        assert_eq!(eval("x | length", Value::Null), json!(0));
        assert_eq!(eval("x | join(',')", Value::Null), "");
        assert_eq!(error("x | list", json!(5)), "a whole number is not a list");
    }

    #[test]
    fn first_last_length_reverse() {
        assert_eq!(
            eval("[x | first, x | last, x | length]", json!([1, 2, 3])),
            json!([1, 3, 3])
        );
        assert_eq!(eval("x | reverse", json!([1, 2])), json!([2, 1]));
        assert_eq!(eval("x | length", json!("äö")), json!(2));
        assert_eq!(
            eval("x | list", json!({ "b": 1, "a": 2 })),
            json!(["b", "a"])
        );
    }

    #[test]
    fn join_refuses_null() {
        assert_eq!(eval("x | join(', ')", json!(["a", 1, true])), "a, 1, true");
        assert_eq!(
            eval(
                "x | join('+', attribute='n')",
                json!([{ "n": 1 }, { "n": 2 }])
            ),
            "1+2"
        );
        assert!(error("x | join", json!(["a", null])).starts_with("is null inside text"));
    }

    #[test]
    fn sort_is_stable_and_strict() {
        assert_eq!(eval("x | sort", json!([3, 1.5, 2])), json!([1.5, 2, 3]));
        assert_eq!(
            eval(
                "x | sort(attribute='n', reverse=true)",
                json!([{ "n": 1 }, { "n": 2 }, {}])
            ),
            json!([{ "n": 2 }, { "n": 1 }, {}])
        );
        assert_eq!(
            error("x | sort", json!([1, "a"])),
            "text cannot be compared with a whole number"
        );
    }

    #[test]
    fn unique_min_max() {
        assert_eq!(
            eval("x | unique", json!([1, "1", 1.0, 2])),
            json!([1, "1", 2])
        );
        assert_eq!(
            eval("x | unique('k')", json!([{ "k": 1 }, { "k": 1 }])),
            json!([{ "k": 1 }])
        );
        assert_eq!(
            eval("[x | min, x | max]", json!([2, null, 3, 1])),
            json!([1, 3])
        );
        assert_eq!(
            eval("x | max(attribute='n')", json!([{ "n": 1 }, { "n": 5 }])),
            json!({ "n": 5 })
        );
        assert_eq!(eval("[] | min", Value::Null), Value::Null);
    }

    #[test]
    fn batch_and_slice_fill() {
        assert_eq!(eval("x | batch(2)", json!([1, 2, 3])), json!([[1, 2], [3]]));
        assert_eq!(
            eval("x | batch(2, 0)", json!([1, 2, 3])),
            json!([[1, 2], [3, 0]])
        );
        assert_eq!(eval("x | slice(2)", json!([1, 2, 3])), json!([[1, 2], [3]]));
        assert_eq!(
            eval("x | slice(2, 0)", json!([1, 2, 3])),
            json!([[1, 2], [3, 0]])
        );
        assert_eq!(eval("x | slice(2, 0)", json!([1, 2])), json!([[1], [2]]));
        assert_eq!(
            error("x | batch(0)", json!([1])),
            "`batch` needs a count above 0, not a whole number"
        );
    }

    proptest! {
        #[test]
        fn sorting_orders_and_keeps_all(numbers in proptest::collection::vec(-50_i64..50, 0..20)) {
            let mut expected = numbers.clone();
            expected.sort_unstable();
            prop_assert_eq!(eval("x | sort", json!(numbers)), json!(expected));
        }
    }
}
