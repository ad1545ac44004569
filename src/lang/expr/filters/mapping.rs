//! `items dictsort members merge_by`.

use std::borrow::Cow;

use super::{Args, Cx, Filter, Typing, required};
use crate::lang::expr::error::{Kind, Problem};
use crate::lang::expr::ops;
use crate::lang::expr::types::Type;
use crate::lang::expr::val::Val;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "items",
        params: &[],
        run: items,
        ty: to_pairs,
    },
    Filter {
        name: "dictsort",
        params: &[],
        run: dictsort,
        ty: to_pairs,
    },
    Filter {
        name: "members",
        params: &[required("names")],
        run: members,
        ty: same_items,
    },
    Filter {
        name: "merge_by",
        params: &[required("key"), required("list")],
        run: merge_by,
        ty: merged,
    },
];

fn to_pairs(typing: &mut Typing<'_>) -> Type {
    typing.need(&[Kind::Map], "a mapping");
    Type::list(Type::list(Type::Any))
}

fn same_items(typing: &mut Typing<'_>) -> Type {
    Type::list(typing.item())
}

fn merged(typing: &mut Typing<'_>) -> Type {
    let item = typing.item();
    typing.attribute(&item, 0);
    let others = typing
        .arg(1)
        .and_then(|arg| arg.ty.item())
        .unwrap_or_default();
    Type::list(Type::union([item, others]))
}

fn pairs<'v>(
    cx: &mut Cx<'v>,
    input: &Val<'v>,
    filter: &'static str,
) -> Result<Vec<(Val<'v>, Val<'v>)>, Problem> {
    if input.is_null() {
        return Ok(Vec::new());
    }
    let Val::Map(members) = input else {
        return Err(Problem::Input {
            filter,
            needs: "a mapping",
            got: input.kind(),
        });
    };
    cx.spend(members.len())?;
    Ok(members
        .pairs()
        .into_iter()
        .map(|(name, member)| (Val::Text(name), member))
        .collect())
}

fn listed<'v>(pairs: Vec<(Val<'v>, Val<'v>)>) -> Val<'v> {
    let pairs = pairs
        .into_iter()
        .map(|(name, member)| Val::from(vec![name, member]));
    Val::from(pairs.collect::<Vec<_>>())
}

/// The members as `[name, value]`, in their order.
fn items<'v>(cx: &mut Cx<'v>, input: &Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    Ok(listed(pairs(cx, input, "items")?))
}

/// The members as `[name, value]`, by name.
fn dictsort<'v>(cx: &mut Cx<'v>, input: &Val<'v>, _: &Args<'v>) -> Result<Val<'v>, Problem> {
    let mut pairs = pairs(cx, input, "dictsort")?;
    pairs.sort_by(|(left, _), (right, _)| match (left, right) {
        (Val::Text(left), Val::Text(right)) => left.cmp(right),
        _ => std::cmp::Ordering::Equal,
    });
    Ok(listed(pairs))
}

/// A list of mappings with these members alone: an API takes less than it shows.
fn members<'v>(cx: &mut Cx<'v>, input: &Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let mut names = Vec::new();
    for name in cx.items(&args.need(0))? {
        let Val::Text(name) = name else {
            return Err(Problem::Input {
                filter: "members",
                needs: "names of members",
                got: name.kind(),
            });
        };
        names.push(name);
    }
    let mut kept = Vec::new();
    for item in cx.items(input)? {
        let Val::Map(of_item) = &item else {
            return Err(Problem::Input {
                filter: "members",
                needs: "mappings",
                got: item.kind(),
            });
        };
        let pairs = of_item.pairs();
        cx.spend(pairs.len())?;
        let keep = |(name, _): &(Cow<'v, str>, Val<'v>)| names.contains(name);
        kept.push(Val::map(pairs.into_iter().filter(keep)));
    }
    Ok(Val::from(kept))
}

/// A list of mappings with those of another list laid over it: members of an item with the same
/// `key` replace its members, items without a counterpart are appended.
fn merge_by<'v>(cx: &mut Cx<'v>, input: &Val<'v>, args: &Args<'v>) -> Result<Val<'v>, Problem> {
    let key = args.text(0, "merge_by")?.unwrap_or_default();
    let mut merged = cx.items(input)?;
    for over in cx.items(&args.need(1))? {
        cx.spend(merged.len())?;
        let wanted = over.member(key);
        if wanted.is_null() {
            return Err(Problem::Input {
                filter: "merge_by",
                needs: "items that have the key",
                got: over.kind(),
            });
        }
        let mut place = None;
        for (index, item) in merged.iter().enumerate() {
            if ops::equal(&item.member(key), &wanted)? {
                place = Some(index);
                break;
            }
        }
        match place.and_then(|index| merged.get_mut(index)) {
            Some(item) => *item = laid_over(item, &over),
            None => merged.push(over),
        }
    }
    Ok(Val::from(merged))
}

fn laid_over<'v>(under: &Val<'v>, over: &Val<'v>) -> Val<'v> {
    let members = |value: &Val<'v>| {
        if let Val::Map(members) = value {
            members.pairs()
        } else {
            Vec::new()
        }
    };
    Val::map(members(under).into_iter().chain(members(over)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::lang::expr::filters::testing::{error, eval};

    #[test]
    fn members_become_pairs() {
        assert_eq!(
            eval("x | items", json!({ "b": 1, "a": 2 })),
            json!([["b", 1], ["a", 2]])
        );
        assert_eq!(
            eval("x | dictsort", json!({ "b": 1, "a": 2 })),
            json!([["a", 2], ["b", 1]])
        );
        assert_eq!(eval("x | items", Value::Null), json!([]));
        assert_eq!(
            error("x | items", json!([1])),
            "`items` needs a mapping, not a list"
        );
    }

    #[test]
    fn members_keeps_these_alone() {
        let fields = json!([{ "typeId": 1, "name": "a", "value": "x" }, { "typeId": 2 }]);
        assert_eq!(
            eval("x | members(['typeId', 'value'])", fields),
            json!([{ "typeId": 1, "value": "x" }, { "typeId": 2 }])
        );
        assert_eq!(eval("x | members(['a'])", json!([])), json!([]));
        assert_eq!(
            error("x | members(['a'])", json!([1])),
            "`members` needs mappings, not a whole number"
        );
    }

    #[test]
    fn merge_by_replaces_appends_and_keeps() {
        assert_eq!(
            eval(
                "x | merge_by('typeId', [{'typeId': 2, 'value': 'new'}, {'typeId': 3, 'value': 'c'}])",
                json!([{ "typeId": 1, "value": "a" }, { "typeId": 2, "value": "b", "name": "N" }])
            ),
            json!([
                { "typeId": 1, "value": "a" },
                { "typeId": 2, "value": "new", "name": "N" },
                { "typeId": 3, "value": "c" }
            ])
        );
        assert_eq!(
            eval("x | merge_by('k', [{'k': 1}])", Value::Null),
            json!([{ "k": 1 }])
        );
        assert_eq!(
            error("x | merge_by('k', [{'v': 1}])", json!([])),
            "`merge_by` needs items that have the key, not a mapping"
        );
    }
}
