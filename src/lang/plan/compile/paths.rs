//! Paths, compiled and checked against the type of their document.

use super::issues::{self, Form};
use super::scope::Scope;
use super::site::Site;
use crate::lang::config::text;
use crate::lang::diag::Code;
use crate::lang::expr::{Query, Type};

/// A JSONPath into a document of a type; with the type of what it finds.
pub(super) fn query(site: &Site<'_>, path: &text::PathText, root: &Type) -> Option<(Query, Type)> {
    let query = Query::compile(path.as_str())
        .map_err(|error| issues::uncompilable(site, &error, 0, Form::Path))
        .ok()?;
    let checked = query.check(root);
    let scope = Scope::default();
    checked
        .issues
        .iter()
        .for_each(|issue| issues::report(site, issue, 0, &scope));
    Some((query, checked.ty))
}

/// A JSONPath that finds one node at most.
pub(super) fn single(site: &Site<'_>, path: &text::PathText, root: &Type) -> Option<(Query, Type)> {
    let (query, ty) = query(site, path, root)?;
    if !query.is_singular() {
        site.fault(
            Code::PathNotSingle,
            format!("`{}` can find several nodes", path.as_str()),
        )
        .label("one node is needed here")
        .help("name the way down: `$.member`, `$.list[0]`, without `*`, `..`, slices and filters")
        .report();
    }
    Some((query, ty))
}

/// A JSONPath that finds a list.
pub(super) fn listed(site: &Site<'_>, path: &text::PathText, root: &Type) -> Option<(Query, Type)> {
    let (query, ty) = query(site, path, root)?;
    if query.is_singular() {
        let text = path.as_str();
        site.fault(
            Code::RecordsNotList,
            format!("`{text}` finds one node, not a list"),
        )
        .label("the records are the items of a list")
        .help(format!(
            "write `{text}[*]` for the items of the list at `{text}`"
        ))
        .instead(format!("{text}[*]"))
        .report();
        return Some((query, Type::Any));
    }
    let item = if let Type::List(item) = ty {
        item.as_ref().clone()
    } else {
        Type::Any
    };
    Some((query, item))
}
