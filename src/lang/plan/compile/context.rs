//! What every pass has at hand.

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::connector::Api;
use super::names::Names;
use super::site::{Sink, Site};
use super::values::{Unknown, Values};
use crate::lang::config;
use crate::lang::diag::Code;
use crate::lang::expr::Type;
use crate::lang::load::{Config, Project};

/// What every pass has at hand.
pub(super) struct Context<'p> {
    pub(super) project: &'p Project,
    pub(super) names: &'p Names<'p>,
    pub(super) sink: &'p Sink,
    pub(super) values: Values,
}

/// The connectors of the workspace; none for one whose document is broken.
pub(super) type Apis<'p> = IndexMap<&'p str, Option<Api<'p>>>;

impl<'p> Context<'p> {
    /// A connector as it is written; none when there is no such name, or its document is broken.
    pub(super) fn connector(&self, name: &str) -> Option<&'p config::Connector> {
        match &self.names.connectors.get(name)?.config {
            Some(Config::Connector(connector)) => Some(connector),
            Some(_) | None => None,
        }
    }

    pub(super) fn connector_names(&self) -> impl Iterator<Item = &str> {
        self.names.connectors.keys().copied()
    }
}

impl Context<'_> {
    /// How many errors there are so far.
    pub(super) fn errors(&self) -> usize {
        self.sink.errors()
    }

    /// The type that a file with a JSON Schema describes.
    pub(super) fn record_type(&self, site: &Site<'_>, file: &str) -> Option<Type> {
        let Some(text) = self.project.file(site.doc, file) else {
            not_found(site, file);
            return None;
        };
        let schema: Json = serde_json::from_str(text)
            .map_err(|error| {
                site.fault(Code::BadRecordSchema, format!("`{file}` is not JSON"))
                    .label(error.to_string())
                    .report();
            })
            .ok()?;
        if !schema.is_object() {
            site.fault(
                Code::BadRecordSchema,
                format!("`{file}` is not a JSON Schema"),
            )
            .label("must hold a mapping with `type` and `properties`")
            .report();
            return None;
        }
        Some(Type::from_json_schema(&schema, &schema))
    }
}

/// A file that a document names is not there.
pub(super) fn not_found(site: &Site<'_>, file: &str) {
    site.fault(Code::FileNotFound, format!("there is no file `{file}`"))
        .label("is looked for relative to this document")
        .help(format!("looked for it at `{}`", site.doc.beside(file)))
        .report();
}

/// The connector that a document names. Says so when there is none; says nothing when its document is broken.
pub(super) fn connector<'a, 'p>(
    apis: &'a Apis<'p>,
    site: &Site<'_>,
    name: &str,
) -> Option<&'a Api<'p>> {
    if let Some(found) = apis.get(name) {
        return found.as_ref();
    }
    Unknown {
        code: Code::UnknownConnector,
        what: "connector",
        of: None,
        several: "connectors",
    }
    .at(site, name, apis.keys().copied());
    None
}
