//! Which documents there are by name, and which belong to which integration.

use indexmap::IndexMap;

use super::site::{Sink, Site};
use crate::lang::config::Kind;
use crate::lang::diag::Code;
use crate::lang::load::{Document, Project};

/// The documents of a workspace by name.
#[derive(Debug, Default)]
pub(super) struct Names<'p> {
    pub(super) runtime: Option<&'p Document>,
    pub(super) connectors: IndexMap<&'p str, &'p Document>,
    pub(super) integrations: IndexMap<&'p str, Folder<'p>>,
    pub(super) tenants: IndexMap<&'p str, &'p Document>,
}

/// An integration and what lies in its folder.
#[derive(Debug)]
pub(super) struct Folder<'p> {
    pub(super) doc: &'p Document,
    pub(super) pipelines: IndexMap<&'p str, &'p Document>,
    pub(super) maps: IndexMap<&'p str, &'p Document>,
    pub(super) routines: IndexMap<&'p str, &'p Document>,
    pub(super) tests: IndexMap<&'p str, &'p Document>,
}

/// Sorts the documents of a project by kind, name and folder.
pub(super) fn collect<'p>(project: &'p Project, sink: &'p Sink) -> Names<'p> {
    let mut names = Names::default();
    for doc in &project.documents {
        match doc.kind {
            Kind::Runtime => match names.runtime {
                None => names.runtime = Some(doc),
                Some(first) => duplicate(first, doc, sink),
            },
            Kind::Connector => insert(&mut names.connectors, doc, sink),
            Kind::Tenant => insert(&mut names.tenants, doc, sink),
            Kind::Integration => {
                if let Some(first) = names.integrations.get(&*doc.name) {
                    duplicate(first.doc, doc, sink);
                } else {
                    let (pipelines, maps, routines, tests) = Default::default();
                    names.integrations.insert(
                        &doc.name,
                        Folder {
                            doc,
                            pipelines,
                            maps,
                            routines,
                            tests,
                        },
                    );
                }
            }
            Kind::Pipeline | Kind::Map | Kind::Routine | Kind::Test => {}
        }
    }
    check_nesting(&names, sink);
    for doc in &project.documents {
        let of_folder: for<'f> fn(&'f mut Folder<'p>) -> &'f mut IndexMap<&'p str, &'p Document> =
            match doc.kind {
                Kind::Pipeline => |folder| &mut folder.pipelines,
                Kind::Map => |folder| &mut folder.maps,
                Kind::Routine => |folder| &mut folder.routines,
                Kind::Test => |folder| &mut folder.tests,
                Kind::Runtime | Kind::Connector | Kind::Integration | Kind::Tenant => continue,
            };
        match owner(&mut names.integrations, doc) {
            Some(folder) => insert(of_folder(folder), doc, sink),
            None => misplaced(doc, sink),
        }
    }
    names
}

/// A folder belongs to one integration, and none lies inside another.
fn check_nesting<'p>(names: &Names<'p>, sink: &'p Sink) {
    for (index, inner) in names.integrations.values().enumerate() {
        let place = inner.doc.folder();
        let outer = names.integrations.values().enumerate().find(|(at, outer)| {
            let folder = outer.doc.folder();
            *at != index && lies_in(place, folder) && (folder != place || *at < index)
        });
        if let Some((_, outer)) = outer {
            Site::root(inner.doc, sink)
                .key("kind")
                .fault(
                    Code::MisplacedFile,
                    format!(
                        "the integration `{}` lies in the folder of another",
                        inner.doc.name
                    ),
                )
                .label("what lies here would belong to both")
                .also(
                    Site::root(outer.doc, sink).key("name").span(),
                    "the other one",
                )
                .help("give each integration a folder of its own, beside the other")
                .report();
        }
    }
}

/// The integration in whose folder a document lies, the nearest if there are several.
fn owner<'n, 'p>(
    integrations: &'n mut IndexMap<&'p str, Folder<'p>>,
    doc: &Document,
) -> Option<&'n mut Folder<'p>> {
    let place = doc.folder();
    integrations
        .values_mut()
        .filter(|folder| lies_in(place, folder.doc.folder()))
        .max_by_key(|folder| folder.doc.folder().len())
}

fn lies_in(place: &str, folder: &str) -> bool {
    folder.is_empty()
        || place
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn insert<'p>(into: &mut IndexMap<&'p str, &'p Document>, doc: &'p Document, sink: &'p Sink) {
    if let Some(first) = into.get(&*doc.name) {
        // A name that cannot be read was already complained about.
        if !doc.name.is_empty() {
            duplicate(first, doc, sink);
        }
    } else {
        into.insert(&doc.name, doc);
    }
}

fn duplicate<'p>(first: &'p Document, second: &'p Document, sink: &'p Sink) {
    let place = Site::root(second, sink).key("name");
    let earlier = Site::root(first, sink).key("name");
    let kind = second.kind.name();
    let (headline, help) = if second.kind == Kind::Runtime {
        (
            "a second `kind: runtime`".to_owned(),
            "a workspace has one; put both into one file",
        )
    } else {
        (
            format!("a second {kind} named `{}`", second.name),
            "give one of them another name",
        )
    };
    place
        .fault(Code::DuplicateName, headline)
        .label("this name is taken")
        .also(earlier.span(), "by this one")
        .help(help)
        .report();
}

fn misplaced<'p>(doc: &'p Document, sink: &'p Sink) {
    let kind = doc.kind.name();
    Site::root(doc, sink)
        .key("kind")
        .fault(
            Code::MisplacedFile,
            format!("the {kind} `{}` belongs to no integration", doc.name),
        )
        .label("no `integration.yaml` in this folder or above it")
        .help("put the file into the folder of the integration it belongs to, or below it")
        .report();
}
